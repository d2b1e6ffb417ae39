// The passes of a Fourier transform, on as many signals side by side as a vector has lanes.
//
// A length is taken apart factor by factor, in place, decimating in frequency: each pass turns
// blocks of `length` points into `radix` blocks whose transforms are every radix-th frequency. At
// the end frequency k lies at `place[k]`, which costs nothing as an element is a whole vector.
#pragma once

#include <complex>
#include <numbers>
#include <vector>

#include "cpu/gemm/half.h"

namespace kajo::cpu::KAJO_ISA {

inline constexpr int kLargestRadix = 127;  // beyond, a convolution costs less

// exp(-2 pi i k / n), as a product of two from short tables, in more digits than the types have.
class Roots {
  public:
    using Value = std::complex<long double>;

    explicit Roots(int64_t n) : n_(n) {
        while (step_ * step_ < n) step_ *= 2;
        for (int64_t k = 0; k < step_ && k < n; k++) fine_.push_back(exact(k));
        for (int64_t k = 0; k < n; k += step_) coarse_.push_back(exact(k));
    }
    Value operator()(int64_t k) const {
        const Value a = fine_[static_cast<size_t>(k % step_)];
        const Value b = coarse_[static_cast<size_t>(k / step_)];
        return {a.real() * b.real() - a.imag() * b.imag(),
                a.real() * b.imag() + a.imag() * b.real()};
    }

  private:
    // By symmetry from the first eighth of the circle, so that mirrored roots have mirrored bits.
    Value exact(int64_t k) const {
        const int64_t eighths = 8 * k;
        if (eighths > 4 * n_) return std::conj(exact(n_ - k));
        if (eighths > 2 * n_) {
            const Value v = quarter(4 * k - n_);  // k is a quarter and this much over 4
            return {v.imag(), -v.real()};
        }
        return quarter(4 * k);
    }
    // exp(-2 pi i k / (4 n)) of the first quarter.
    Value quarter(int64_t k) const {
        constexpr long double kHalfPi = std::numbers::pi_v<long double> / 2;
        const auto angle = [&](int64_t part) {
            return kHalfPi * static_cast<long double>(part) / static_cast<long double>(n_);
        };
        if (2 * k > n_) return {std::sin(angle(n_ - k)), -std::cos(angle(n_ - k))};
        return {std::cos(angle(k)), -std::sin(angle(k))};
    }

    int64_t n_, step_ = 1;
    std::vector<Value> fine_, coarse_;
};

template <class S>
struct Pass {
    int radix;
    int64_t length;           // of the blocks that it takes apart
    std::vector<S> twiddles;  // of point j of part q > 0, both parts of exp(-2 pi i j q / length)
    std::vector<S> roots;     // of an odd radix: cosines, then sines
};

template <class S>
struct Passes {
    int64_t points = 1;
    std::vector<Pass<S>> list;
    std::vector<int32_t> place;  // and one for what is put after the points
};

// Factors in the order of their passes; empty if one is too large.
inline std::vector<int> radices_of(int64_t n) {
    std::vector<int> odd, result;
    int twos = 0;
    for (; n % 2 == 0; n /= 2) twos++;
    for (int p = 3; p <= kLargestRadix && n > 1; p += 2)
        for (; n % p == 0; n /= p) odd.push_back(p);
    if (n > 1) return {};
    if (twos % 3 == 1 && twos > 1) {
        result = {4, 4};
        twos -= 4;
    }
    for (; twos >= 3; twos -= 3) result.push_back(8);
    if (twos) result.push_back(1 << twos);
    result.insert(result.begin(), odd.rbegin(), odd.rend());
    return result;
}

template <class S>
Passes<S> make_passes(int64_t n) {
    Passes<S> made{n, {}, {}};
    made.place.assign(static_cast<size_t>(n + 1), 0);
    made.place.back() = static_cast<int32_t>(n);
    int64_t length = n, before = 1;  // `before`: product of the radices so far
    for (const int radix : radices_of(n)) {
        Pass<S> pass{radix, length, {}, {}};
        const int64_t part = length / radix;
        const Roots roots(length);
        for (int64_t j = 0; part > 1 && j < part; j++)
            for (int q = 1; q < radix; q++) {
                const auto w = roots(j * q % length);
                pass.twiddles.push_back(static_cast<S>(w.real()));
                pass.twiddles.push_back(static_cast<S>(w.imag()));
            }
        const Roots own(radix);
        for (int sine = 0; radix % 2 && sine < 2; sine++)
            for (int i = 0; i < radix; i++)
                pass.roots.push_back(static_cast<S>(sine ? -own(i).imag() : own(i).real()));
        for (int64_t k = 0; k < n; k++)
            made.place[static_cast<size_t>(k)] += static_cast<int32_t>(k / before % radix * part);
        made.list.push_back(std::move(pass));
        length = part;
        before *= radix;
    }
    return made;
}

// A point of every lane's signal.
template <class S>
struct Point {
    Vector<S> re, im;
};
template <class S>
inline Point<S> operator+(Point<S> a, Point<S> b) {
    return {a.re + b.re, a.im + b.im};
}
template <class S>
inline Point<S> operator-(Point<S> a, Point<S> b) {
    return {a.re - b.re, a.im - b.im};
}
template <class S>
inline Point<S> times(Point<S> a, Vector<S> re, Vector<S> im) {
    return {fma(a.re, re, -(a.im * im)), fma(a.re, im, a.im * re)};
}
template <class S>
inline Point<S> times_minus_i(Point<S> a) {
    return {a.im, -a.re};
}

// ---- transforms of few points
// ---------------------------------------------------------------------------------------

template <int R, class S>
inline void transform_few(Point<S>* v, const S* roots) {
    if constexpr (R == 2) {
        const Point<S> a = v[0];
        v[0] = a + v[1];
        v[1] = a - v[1];
    } else if constexpr (R == 4) {
        const Point<S> a = v[0] + v[2], b = v[0] - v[2], c = v[1] + v[3];
        const Point<S> d = times_minus_i<S>(v[1] - v[3]);
        v[0] = a + c;
        v[1] = b + d;
        v[2] = a - c;
        v[3] = b - d;
    } else if constexpr (R == 8) {
        Point<S> even[4] = {v[0], v[2], v[4], v[6]}, odd[4] = {v[1], v[3], v[5], v[7]};
        transform_few<4, S>(even, roots);
        transform_few<4, S>(odd, roots);
        const Vector<S> h = broadcast(S(std::numbers::sqrt2 / 2));
        odd[1] = {(odd[1].re + odd[1].im) * h, (odd[1].im - odd[1].re) * h};
        odd[2] = times_minus_i<S>(odd[2]);
        odd[3] = {(odd[3].im - odd[3].re) * h, -(odd[3].re + odd[3].im) * h};
        for (int k = 0; k < 4; k++) {
            v[k] = even[k] + odd[k];
            v[k + 4] = even[k] - odd[k];
        }
    } else {
        constexpr int H = R / 2;
        Point<S> sum[H], difference[H];
        Point<S> first = v[0];
        for (int i = 1; i <= H; i++) {
            sum[i - 1] = v[i] + v[R - i];
            difference[i - 1] = v[i] - v[R - i];
        }
#pragma GCC unroll 8
        for (int k = 1; k <= H; k++) {
            Point<S> a = v[0], b{};
#pragma GCC unroll 8
            for (int i = 1; i <= H; i++) {
                const Vector<S> c = broadcast(roots[i * k % R]),
                                s = broadcast(roots[R + i * k % R]);
                a = {fma(sum[i - 1].re, c, a.re), fma(sum[i - 1].im, c, a.im)};
                b = {fma(difference[i - 1].re, s, b.re), fma(difference[i - 1].im, s, b.im)};
            }
            b = times_minus_i<S>(b);
            v[k] = a + b;
            v[R - k] = a - b;
            first = first + sum[k - 1];
        }
        v[0] = first;
    }
}

template <int R, class S>
void run_pass(Point<S>* x, int64_t blocks, const Pass<S>& pass) {
    const int64_t part = pass.length / R;
    const S* const roots = pass.roots.data();
    for (int64_t block = 0; block < blocks; block++, x += pass.length) {
        const S* w = pass.twiddles.data();
        for (int64_t j = 0; j < part; j++) {
            Point<S> v[R];
#pragma GCC unroll 16
            for (int q = 0; q < R; q++) v[q] = x[q * part + j];
            transform_few<R, S>(v, roots);
            x[j] = v[0];
            if (part == 1) {
#pragma GCC unroll 16
                for (int q = 1; q < R; q++) x[q + j] = v[q];
            } else {
#pragma GCC unroll 16
                for (int q = 1; q < R; q++, w += 2)
                    x[q * part + j] = times<S>(v[q], broadcast(w[0]), broadcast(w[1]));
            }
        }
    }
}

// Any other odd radix.
template <class S>
void run_odd_pass(Point<S>* x, int64_t blocks, const Pass<S>& pass) {
    const int radix = pass.radix, half = radix / 2;
    const int64_t part = pass.length / radix;
    const S *const cosines = pass.roots.data(), *const sines = cosines + radix;
    Point<S> sum[kLargestRadix / 2], difference[kLargestRadix / 2];
    for (int64_t block = 0; block < blocks; block++, x += pass.length)
        for (int64_t j = 0; j < part; j++) {
            const Point<S> first = x[j];
            Point<S> all = first;
            for (int i = 1; i <= half; i++) {
                const Point<S> a = x[i * part + j], b = x[(radix - i) * part + j];
                sum[i - 1] = a + b;
                difference[i - 1] = a - b;
                all = all + sum[i - 1];
            }
            x[j] = all;
            const S* const w = part > 1 ? pass.twiddles.data() + 2 * j * (radix - 1) : nullptr;
            const auto put = [&](int q, Point<S> v) {
                x[q * part + j] =
                    w ? times<S>(v, broadcast(w[2 * q - 2]), broadcast(w[2 * q - 1])) : v;
            };
            for (int k = 1; k <= half; k++) {
                Point<S> a = first, b{};
                for (int i = 0, at = k; i < half; i++, at = (at + k) % radix) {
                    const Vector<S> c = broadcast(cosines[at]), s = broadcast(sines[at]);
                    a = {fma(sum[i].re, c, a.re), fma(sum[i].im, c, a.im)};
                    b = {fma(difference[i].re, s, b.re), fma(difference[i].im, s, b.im)};
                }
                b = times_minus_i<S>(b);
                put(k, a + b);
                put(radix - k, a - b);
            }
        }
}

template <class S>
void run_any_pass(Point<S>* x, int64_t blocks, const Pass<S>& pass) {
    switch (pass.radix) {
        case 2:
            return run_pass<2, S>(x, blocks, pass);
        case 3:
            return run_pass<3, S>(x, blocks, pass);
        case 4:
            return run_pass<4, S>(x, blocks, pass);
        case 5:
            return run_pass<5, S>(x, blocks, pass);
        case 7:
            return run_pass<7, S>(x, blocks, pass);
        case 8:
            return run_pass<8, S>(x, blocks, pass);
        default:
            return run_odd_pass<S>(x, blocks, pass);
    }
}

// The passes from the given one on, over one of its blocks: what exceeds the L1 cache is taken
// apart first.
template <class S>
void run_passes(Point<S>* x, const Passes<S>& passes, size_t from = 0) {
    constexpr size_t kNear = 24 << 10;
    const size_t count = passes.list.size();
    if (from == count) return;
    const int64_t length = passes.list[from].length;
    if (static_cast<size_t>(length) * sizeof(Point<S>) <= kNear) {
        for (; from < count; from++)
            run_any_pass<S>(x, length / passes.list[from].length, passes.list[from]);
        return;
    }
    const Pass<S>& pass = passes.list[from];
    run_any_pass<S>(x, 1, pass);
    for (int q = 0; q < pass.radix; q++)
        run_passes<S>(x + q * (length / pass.radix), passes, from + 1);
}

}  // namespace kajo::cpu::KAJO_ISA
