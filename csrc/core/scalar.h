// A Python number on its way into an operation.
#pragma once

#include <complex>
#include <cstdint>
#include <ostream>
#include <type_traits>

#include "core/dtype.h"

namespace kajo {

class Scalar {
  public:
    // Unsigned: whole numbers beyond the largest int64.
    enum class Kind : int8_t { Bool, Int, Unsigned, Float, Complex };

    Scalar() : Scalar(int64_t{0}) {}
    Scalar(bool v) : kind_(Kind::Bool), integer_(v) {}
    Scalar(int64_t v) : kind_(Kind::Int), integer_(v) {}
    Scalar(int v) : Scalar(int64_t{v}) {}
    Scalar(uint64_t v)
        : kind_(v > INT64_MAX ? Kind::Unsigned : Kind::Int), integer_(static_cast<int64_t>(v)) {}
    Scalar(double v) : kind_(Kind::Float), value_(v) {}
    Scalar(float v) : Scalar(double{v}) {}
    Scalar(std::complex<double> v) : kind_(Kind::Complex), value_(v) {}

    Kind kind() const { return kind_; }
    bool is_bool() const { return kind_ == Kind::Bool; }
    bool is_integral() const { return kind_ <= Kind::Unsigned; }
    bool is_unsigned() const { return kind_ == Kind::Unsigned; }
    bool is_float() const { return kind_ == Kind::Float; }
    bool is_complex() const { return kind_ == Kind::Complex; }

    std::complex<double> as_complex() const {
        return is_integral() ? std::complex<double>(as_double()) : value_;
    }
    double as_double() const {
        if (is_unsigned()) return static_cast<double>(static_cast<uint64_t>(integer_));
        return is_integral() ? double(integer_) : value_.real();
    }
    // What is beyond int64 wraps around.
    int64_t as_int() const { return is_integral() ? integer_ : float_to_int(value_.real()); }
    bool as_bool() const { return is_integral() ? integer_ != 0 : value_ != 0.0; }

    template <class T>
    T to() const {
        if constexpr (std::is_same_v<T, bool>)
            return as_bool();
        else if constexpr (kIsComplex<T>)
            return static_cast<T>(as_complex());
        else if constexpr (std::is_same_v<T, ComplexHalf>)
            return T(static_cast<std::complex<float>>(as_complex()));
        else if constexpr (std::is_same_v<T, uint64_t>)
            return is_integral() ? static_cast<T>(integer_) : float_to_unsigned(value_.real());
        else if constexpr (std::is_integral_v<T>)
            return static_cast<T>(as_int());
        else if constexpr (std::is_same_v<T, double>)
            return as_double();
        else
            return T(static_cast<float>(as_double()));
    }

    // Out of range and nan become the smallest integer, as the hardware's conversion does.
    static int64_t float_to_int(double v) {
        return v >= -0x1p63 && v < 0x1p63 ? static_cast<int64_t>(v) : INT64_MIN;
    }
    // Negative numbers wrap around; what is too large becomes 0, and nan 2^63.
    static uint64_t float_to_unsigned(double v) {
        const uint64_t top = uint64_t{1} << 63;
        return v >= 0x1p63 ? static_cast<uint64_t>(float_to_int(v - 0x1p63)) ^ top
                           : static_cast<uint64_t>(float_to_int(v));
    }

    friend std::ostream& operator<<(std::ostream& out, const Scalar& s) {
        if (s.is_bool()) return out << (s.integer_ ? "True" : "False");
        if (s.is_unsigned()) return out << static_cast<uint64_t>(s.integer_);
        if (s.is_integral()) return out << s.integer_;
        if (s.is_float()) return out << s.value_.real();
        return out << "(" << s.value_.real() << (s.value_.imag() < 0 ? "" : "+") << s.value_.imag()
                   << "j)";
    }

  private:
    Kind kind_;
    int64_t integer_ = 0;
    std::complex<double> value_ = 0.0;
};

}  // namespace kajo
