// Which type the result of mixed types has: categories first, then sizes, dimensions before 0-d.
#pragma once

#include "core/tensor.h"

namespace kajo {

DType default_dtype();
void set_default_dtype(DType dtype);
inline DType default_complex_dtype() { return complex_type(default_dtype()); }

DType promote_types(DType a, DType b);
bool can_cast(DType from, DType to);

constexpr bool has_16_bits(DType t) { return t == DType::Float16 || t == DType::BFloat16; }

// A number with the digits that a type of 16 bits has.
inline Scalar rounded(const Scalar& number, DType type) {
    return type == DType::Float16 ? float(number.to<Half>()) : float(number.to<BFloat16>());
}

// The type of a number on its own: bool, int64, the default float or the default complex type.
DType dtype_of(const Scalar& s);

// Collects operands: tensors with dimensions outrank 0-d ones, and those outrank plain numbers,
// unless the lower rank has the higher category (bool < integer < float < complex).
class ResultType {
  public:
    ResultType& add(const Tensor& t) {
        if (t.dim()) return join(dim_, t.dtype());
        return is_wrapped(t) ? join(number_, type_of_number(t.dtype()))
                             : join(zero_dim_, t.dtype());
    }
    ResultType& add(const Scalar& s) { return join(number_, dtype_of(s)); }
    DType get() const;

    // A number that became a 0-d tensor keeps the rank of a number.
    static bool is_wrapped(const Tensor& t);

  private:
    // However wide a number is held, its type is the default one of its category.
    static DType type_of_number(DType t) {
        return is_complex(t) ? default_complex_dtype() : is_float(t) ? default_dtype() : t;
    }
    struct Rank {
        bool present = false;
        DType dtype = DType::Bool;
    };
    ResultType& join(Rank& r, DType t) {
        r.dtype = r.present ? promote_types(r.dtype, t) : t;
        r.present = true;
        return *this;
    }
    Rank dim_, zero_dim_, number_;
};

inline DType result_type(const Tensor& a, const Tensor& b) {
    return ResultType().add(a).add(b).get();
}
inline DType result_type(const Tensor& a, const Scalar& b) {
    return ResultType().add(a).add(b).get();
}

}  // namespace kajo
