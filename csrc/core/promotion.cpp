#include "core/promotion.h"

#include <atomic>

namespace kajo {

namespace {

std::atomic<DType> current_default{DType::Float32};

int category(DType t) { return is_complex(t) ? 3 : is_float(t) ? 2 : t == DType::Bool ? 0 : 1; }

DType promote_integers(DType a, DType b) {
    // uint8 with a signed type of its size needs the next larger one.
    if (a == DType::UInt8 || b == DType::UInt8) {
        const DType other = a == DType::UInt8 ? b : a;
        return other == DType::Int8 ? DType::Int16 : other;
    }
    return item_size(a) >= item_size(b) ? a : b;
}

DType promote_floats(DType a, DType b) {
    if (item_size(a) == item_size(b)) return DType::Float32;  // float16 with bfloat16
    return item_size(a) > item_size(b) ? a : b;
}

}  // namespace

DType default_dtype() { return current_default.load(std::memory_order_relaxed); }
void set_default_dtype(DType dtype) {
    check_type(is_float(dtype),
               "set_default_dtype(): only floating-point types are supported, got ", dtype);
    current_default = dtype;
}

DType promote_types(DType a, DType b) {
    if (a == b) return a;
    const int ca = category(a), cb = category(b);
    if (ca < cb) return promote_types(b, a);
    if (ca == 3) {
        const bool wide = a == DType::Complex128 || b == DType::Complex128 || b == DType::Float64;
        return wide ? DType::Complex128 : DType::Complex64;
    }
    if (ca > cb) return a;
    return ca == 2 ? promote_floats(a, b) : promote_integers(a, b);
}

bool can_cast(DType from, DType to) {
    if (is_complex(from) && !is_complex(to)) return false;
    if (is_float(from) && is_integral(to, true)) return false;
    return !(from != DType::Bool && to == DType::Bool);
}

DType dtype_of(const Scalar& s) {
    if (s.is_bool()) return DType::Bool;
    if (s.is_integral()) return DType::Int64;
    return s.is_complex() ? default_complex_dtype() : default_dtype();
}

bool ResultType::is_wrapped(const Tensor& t) { return t.impl()->wrapped_number; }

DType ResultType::get() const {
    auto combine = [](Rank higher, Rank lower) {
        if (!higher.present) return lower;
        if (!lower.present) return higher;
        if (category(lower.dtype) <= category(higher.dtype)) return higher;
        // A lower rank of a higher category: complex keeps the width of a float of higher rank.
        return Rank{true, is_complex(lower.dtype) && is_float(higher.dtype)
                              ? complex_type(higher.dtype)
                              : lower.dtype};
    };
    return combine(dim_, combine(zero_dim_, number_)).dtype;
}

}  // namespace kajo
