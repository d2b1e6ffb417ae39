// The primitives of the element-wise table for one element: integers, bool and complex numbers. The
// compiler vectorises the loops around the integer ones.
#pragma once
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <numbers>
#include <type_traits>

namespace kajo::cpu::scalar {

template <class T>
concept Integer = std::is_integral_v<T> && !std::is_same_v<T, bool>;
template <class T>
concept Bool = std::is_same_v<T, bool>;
template <class T>
concept Real = std::is_floating_point_v<T>;
template <class R>
using Complex = std::complex<R>;

// ---- integers: arithmetic wraps, as unsigned arithmetic does
// ---------------------------------------

template <Integer T>
using Unsigned = std::conditional_t<(sizeof(T) < 4), uint32_t, std::make_unsigned_t<T>>;

template <Integer T>
inline T add(T a, T b) {
    return static_cast<T>(static_cast<Unsigned<T>>(a) + static_cast<Unsigned<T>>(b));
}
template <Integer T>
inline T sub(T a, T b) {
    return static_cast<T>(static_cast<Unsigned<T>>(a) - static_cast<Unsigned<T>>(b));
}
template <Integer T>
inline T mul(T a, T b) {
    return static_cast<T>(static_cast<Unsigned<T>>(a) * static_cast<Unsigned<T>>(b));
}
template <Integer T>
inline T neg(T a) {
    return sub(T(0), a);
}
template <Integer T>
inline T abs(T a) {
    return a < 0 ? neg(a) : a;
}
template <Integer T>
inline T sign(T a) {
    return static_cast<T>((a > 0) - (a < 0));
}
// Division by zero is refused before a kernel runs; the value here only must not trap.
template <Integer T>
inline T trunc_divide(T a, T b) {
    if (b == 0) return 0;
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) return neg(a);  // the smallest by -1
    return static_cast<T>(a / b);
}
// Of 32 bits and fewer the quotient in float64 never rounds up to a whole number, and there are
// vector instructions for it.
template <Integer T>
    requires(sizeof(T) <= 4)
inline T trunc_divide(T a, T b) {
    const double q = static_cast<double>(a) / static_cast<double>(b == 0 ? T(1) : b);
    const int32_t whole = static_cast<int32_t>(q > 0x7fffffff ? -0x1p31 : q);  // the smallest by -1
    return b == 0 ? T(0) : static_cast<T>(whole);
}
template <Integer T>
    requires(sizeof(T) <= 4)
inline T fmod(T a, T b) {
    return b == 0 ? T(0) : sub(a, mul(trunc_divide(a, b), b));
}
template <Integer T>
inline T fmod(T a, T b) {
    return b == 0 || (std::is_signed_v<T> && b == static_cast<T>(-1)) ? T(0)
                                                                      : static_cast<T>(a % b);
}
template <Integer T>
inline T remainder(T a, T b) {
    const T r = fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? static_cast<T>(r + b) : r;
}
template <Integer T>
inline T floor_divide(T a, T b) {
    const T r = fmod(a, b), q = trunc_divide(a, b);
    return r != 0 && (r < 0) != (b < 0) ? static_cast<T>(q - 1) : q;
}
template <Integer T>
inline T power(T base, T exponent) {
    if (exponent < 0) {
        if (base == 1) return 1;
        if (base == static_cast<T>(-1)) return exponent % 2 ? base : T(1);
        return 0;
    }
    T y = 1;
    for (; exponent > 0; exponent = static_cast<T>(exponent >> 1), base = mul(base, base))
        if (exponent & 1) y = mul(y, base);
    return y;
}
template <Integer T>
inline T gcd(T a, T b) {
    a = abs(a), b = abs(b);
    while (b != 0) {
        const T r = fmod(a, b);
        a = b, b = r;
    }
    return a;
}
template <Integer T>
inline T lcm(T a, T b) {
    using Wide = std::conditional_t<(sizeof(T) < 4), int32_t, T>;  // where PyTorch takes the size
    const T divisor = gcd(a, b);
    if (divisor == 0) return 0;
    return static_cast<T>(abs(mul(Wide(trunc_divide(a, divisor)), Wide(b))));
}
template <Integer T>
constexpr int kBits = static_cast<int>(sizeof(T) * 8);
template <Integer T>
inline T shift_left(T a, T b) {
    if (b < 0 || b >= kBits<T>) return 0;
    return static_cast<T>(static_cast<Unsigned<T>>(a) << b);
}
template <Integer T>
inline T shift_right(T a, T b) {
    if (b < 0 || b >= kBits<T>)
        return static_cast<T>(a >> (kBits<T> - 1 + !std::is_signed_v<T>) % 64);
    return static_cast<T>(a >> b);
}
template <Integer T>
inline T max(T a, T b) {
    return a > b ? a : b;
}
template <Integer T>
inline T min(T a, T b) {
    return a < b ? a : b;
}
template <Integer T>
inline T bit_and(T a, T b) {
    return static_cast<T>(a & b);
}
template <Integer T>
inline T bit_or(T a, T b) {
    return static_cast<T>(a | b);
}
template <Integer T>
inline T bit_xor(T a, T b) {
    return static_cast<T>(a ^ b);
}
template <Integer T>
inline T bit_not(T a) {
    return static_cast<T>(~a);
}

// ---- bool
// ----------------------------------------------------------------------------------------

template <Bool T>
inline T add(T a, T b) {
    return a | b;
}
template <Bool T>
inline T mul(T a, T b) {
    return a & b;
}
template <Bool T>
inline T sub(T a, T b) {
    return a ^ b;
}
template <Bool T>
inline T abs(T a) {
    return a;
}
template <Bool T>
inline T max(T a, T b) {
    return a | b;
}
template <Bool T>
inline T min(T a, T b) {
    return a & b;
}
template <Bool T>
inline T bit_and(T a, T b) {
    return a & b;
}
template <Bool T>
inline T bit_or(T a, T b) {
    return a | b;
}
template <Bool T>
inline T bit_xor(T a, T b) {
    return a ^ b;
}
template <Bool T>
inline T bit_not(T a) {
    return !a;
}

// ---- comparison and selection, all types
// -----------------------------------------------------------

template <class A, class B>
inline bool eq(A a, B b) {
    return a == b;
}
template <class T>
inline bool lt(T a, T b) {
    return a < b;
}
template <class T>
inline bool le(T a, T b) {
    return a <= b;
}
template <class T>
inline T where(bool c, T a, T b) {
    return c ? a : b;
}
template <Real R>
inline Complex<R> where(bool c, Complex<R> a, R b) {
    return c ? a : Complex<R>(b);
}
template <Real R>
inline Complex<R> where(bool c, R a, Complex<R> b) {
    return c ? Complex<R>(a) : b;
}

// ---- real numbers beside complex ones
// ----------------------------------------------------------------

template <Real R>
inline R add(R a, R b) {
    return a + b;
}
template <Real R>
inline R sub(R a, R b) {
    return a - b;
}
template <Real R>
inline R mul(R a, R b) {
    return a * b;
}
template <Real R>
inline R div(R a, R b) {
    return a / b;
}
template <Real R>
inline R neg(R a) {
    return -a;
}
template <Real R>
inline R sin(R a) {
    return std::sin(a);
}
template <Real R>
inline R cos(R a) {
    return std::cos(a);
}
template <Real R>
inline Complex<R> complex(R a, R b) {
    return {a, b};
}
template <Real R>
inline Complex<R> polar(R size, R turn) {
    return {size * std::cos(turn), size * std::sin(turn)};
}

// ---- complex numbers
// -------------------------------------------------------------------------------

template <Real R>
inline R real(Complex<R> x) {
    return x.real();
}
template <Real R>
inline R imag(Complex<R> x) {
    return x.imag();
}
template <Real R>
inline R angle(Complex<R> x) {
    return std::atan2(x.imag(), x.real());
}
template <Real R>
inline R abs(Complex<R> x) {
    return std::hypot(x.real(), x.imag());
}
template <Real R>
inline R abs(R x) {
    return std::abs(x);
}
template <Real R>
inline Complex<R> conj(Complex<R> x) {
    return std::conj(x);
}
template <Real R>
inline R conj(R x) {
    return x;
}
template <Real R>
inline Complex<R> add(Complex<R> a, Complex<R> b) {
    return a + b;
}
template <Real R>
inline Complex<R> add(Complex<R> a, R b) {
    return {a.real() + b, a.imag() + R(0)};
}
template <Real R>
inline Complex<R> add(R a, Complex<R> b) {
    return {a + b.real(), R(0) + b.imag()};
}
template <Real R>
inline Complex<R> sub(Complex<R> a, Complex<R> b) {
    return a - b;
}
template <Real R>
inline Complex<R> sub(Complex<R> a, R b) {
    return {a.real() - b, a.imag()};
}
template <Real R>
inline Complex<R> sub(R a, Complex<R> b) {
    return {a - b.real(), R(0) - b.imag()};
}
template <Real R>
inline Complex<R> neg(Complex<R> a) {
    return -a;
}
// The schoolbook product: a product with an infinity may have nan parts, as PyTorch's has.
template <Real R>
inline Complex<R> mul(Complex<R> a, Complex<R> b) {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}
template <Real R>
inline Complex<R> mul(R a, Complex<R> b) {
    return {a * b.real(), a * b.imag()};
}
template <Real R>
inline Complex<R> mul(Complex<R> a, R b) {
    return mul(b, a);
}
template <Real R>
inline Complex<R> div(Complex<R> a, R b) {
    return {a.real() / b, a.imag() / b};
}
// Scaled by the larger part of the divisor, so that its square does not overflow.
template <Real R>
inline Complex<R> div(Complex<R> a, Complex<R> b) {
    const R size = std::max(std::abs(b.real()), std::abs(b.imag()));
    if (size == 0) return {a.real() / size, a.imag() / size};
    const R c = b.real() / size, d = b.imag() / size, square = (c * c + d * d) * size;
    return {(a.real() * c + a.imag() * d) / square, (a.imag() * c - a.real() * d) / square};
}
template <Real R>
inline Complex<R> div(R a, Complex<R> b) {
    return div(Complex<R>(a), b);
}
template <Real R>
inline Complex<R> sgn(Complex<R> x) {
    const R size = std::abs(x);
    return size == 0 ? Complex<R>(0) : x / size;
}

inline Complex<double> exp(Complex<double> x) { return std::exp(x); }
inline Complex<double> log(Complex<double> x) { return std::log(x); }
inline Complex<double> sqrt(Complex<double> x) { return std::sqrt(x); }
inline Complex<double> rsqrt(Complex<double> x) { return div(1.0, std::sqrt(x)); }
inline Complex<double> exp2(Complex<double> x) { return std::exp(x * std::numbers::ln2); }
inline Complex<double> log2(Complex<double> x) { return std::log(x) / std::numbers::ln2; }
inline Complex<double> log10(Complex<double> x) { return std::log(x) / std::numbers::ln10; }
inline Complex<double> expm1(Complex<double> x) {
    // exp(a) cos(b) - 1 = expm1(a) cos(b) + (cos(b) - 1), which keeps the small ones
    const double half = std::sin(x.imag() / 2), e = std::expm1(x.real());
    return {e * std::cos(x.imag()) - 2 * half * half, (e + 1) * std::sin(x.imag())};
}
inline Complex<double> log1p(Complex<double> x) {
    const double a = x.real(), b = x.imag();
    if (std::abs(a) > 0.5 || std::abs(b) > 0.5) return std::log(Complex<double>(1 + a, b));
    return {0.5 * std::log1p(a * (2 + a) + b * b), std::atan2(b, 1 + a)};
}
inline Complex<double> sin(Complex<double> x) { return std::sin(x); }
inline Complex<double> cos(Complex<double> x) { return std::cos(x); }
inline Complex<double> tan(Complex<double> x) { return std::tan(x); }
inline Complex<double> asin(Complex<double> x) { return std::asin(x); }
inline Complex<double> acos(Complex<double> x) { return std::acos(x); }
inline Complex<double> atan(Complex<double> x) { return std::atan(x); }
inline Complex<double> sinh(Complex<double> x) { return std::sinh(x); }
inline Complex<double> cosh(Complex<double> x) { return std::cosh(x); }
inline Complex<double> tanh(Complex<double> x) { return std::tanh(x); }
inline Complex<double> asinh(Complex<double> x) { return std::asinh(x); }
inline Complex<double> acosh(Complex<double> x) { return std::acosh(x); }
inline Complex<double> atanh(Complex<double> x) { return std::atanh(x); }
inline Complex<double> sigmoid(Complex<double> x) { return div(1.0, add(1.0, std::exp(-x))); }
inline Complex<double> sinc(Complex<double> x) {
    const Complex<double> z = mul(std::numbers::pi, x);
    return x == 0.0 ? Complex<double>(1) : div(std::sin(z), z);
}
// float's functions are computed in double and rounded once.
inline Complex<float> exp(Complex<float> x) { return Complex<float>(exp(Complex<double>(x))); }
inline Complex<float> log(Complex<float> x) { return Complex<float>(log(Complex<double>(x))); }
inline Complex<float> sqrt(Complex<float> x) { return Complex<float>(sqrt(Complex<double>(x))); }
inline Complex<float> rsqrt(Complex<float> x) { return Complex<float>(rsqrt(Complex<double>(x))); }
inline Complex<float> exp2(Complex<float> x) { return Complex<float>(exp2(Complex<double>(x))); }
inline Complex<float> log2(Complex<float> x) { return Complex<float>(log2(Complex<double>(x))); }
inline Complex<float> log10(Complex<float> x) { return Complex<float>(log10(Complex<double>(x))); }
inline Complex<float> expm1(Complex<float> x) { return Complex<float>(expm1(Complex<double>(x))); }
inline Complex<float> log1p(Complex<float> x) { return Complex<float>(log1p(Complex<double>(x))); }
inline Complex<float> sin(Complex<float> x) { return Complex<float>(sin(Complex<double>(x))); }
inline Complex<float> cos(Complex<float> x) { return Complex<float>(cos(Complex<double>(x))); }
inline Complex<float> tan(Complex<float> x) { return Complex<float>(tan(Complex<double>(x))); }
inline Complex<float> asin(Complex<float> x) { return Complex<float>(asin(Complex<double>(x))); }
inline Complex<float> acos(Complex<float> x) { return Complex<float>(acos(Complex<double>(x))); }
inline Complex<float> atan(Complex<float> x) { return Complex<float>(atan(Complex<double>(x))); }
inline Complex<float> sinh(Complex<float> x) { return Complex<float>(sinh(Complex<double>(x))); }
inline Complex<float> cosh(Complex<float> x) { return Complex<float>(cosh(Complex<double>(x))); }
inline Complex<float> tanh(Complex<float> x) { return Complex<float>(tanh(Complex<double>(x))); }
inline Complex<float> asinh(Complex<float> x) { return Complex<float>(asinh(Complex<double>(x))); }
inline Complex<float> acosh(Complex<float> x) { return Complex<float>(acosh(Complex<double>(x))); }
inline Complex<float> atanh(Complex<float> x) { return Complex<float>(atanh(Complex<double>(x))); }
inline Complex<float> sigmoid(Complex<float> x) {
    return Complex<float>(sigmoid(Complex<double>(x)));
}
// Where the argument of the sine or exponential is rounded decides about the last digits of large
// results: in float, as in PyTorch.
inline Complex<float> sinc(Complex<float> x) {
    const Complex<float> z = mul(std::numbers::pi_v<float>, x);
    return x == 0.0f ? Complex<float>(1) : div(sin(z), z);
}
template <Real R>
inline Complex<R> power(Complex<R> a, Complex<R> b) {
    return std::pow(a, b);
}
template <Real R>
inline Complex<R> power(Complex<R> a, R b) {
    return power(a, Complex<R>(b));
}

}  // namespace kajo::cpu::scalar
