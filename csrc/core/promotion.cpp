#include "core/promotion.h"

#include <atomic>

namespace kajo {

namespace {

std::atomic<DType> current_default{DType::Float32};

// The complex type of the same precision; 8-bit types have none.
DType complex_partner(DType t) {
    check(is_common(t), "Unknown Complex ScalarType for ", info(t).tensor_name);
    return complex_type(t);
}

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

namespace {
// Types outside of the lattice: only with themselves, or with a wider class of number.
DType promote_rare(DType a, DType b) {
    const uint8_t either = info(a).family | info(b).family;
    const auto refuse = [&](const char* what) {
        raise(ErrorKind::Runtime, "Promotion for ", what, " types is not supported, attempted to ",
              "promote ", info(a).tensor_name, " and ", info(b).tensor_name,
              ": convert one of them with .to(...) first");
    };
    if (either & kQuantized) refuse("quantized");
    if (either & kBits && a != DType::Float4E2M1FNx2 && b != DType::Float4E2M1FNx2) refuse("bits");
    if (either & (kFloat8 | kExponent)) refuse("Float8");
    const auto widens = [](DType from, DType to) {
        return info(from).family & (kUnsigned | kSubByte) && info(from).kind == Kind::Unsigned &&
               is_float(to);
    };
    if (widens(a, b)) return b;
    if (!widens(b, a)) refuse("uint16, uint32, uint64");
    return a;
}
}  // namespace

DType promote_types(DType a, DType b) {
    if (a == b) return a;
    const uint8_t either = info(a).family | info(b).family;
    if (either & ~kComplexHalf) [[unlikely]]
        return promote_rare(a, b);
    const int ca = category(a), cb = category(b);
    if (ca < cb) return promote_types(b, a);
    if (ca == 3) {
        // The width of the wider one; an integer has none, and bfloat16 the range of float32.
        const bool has_width = cb >= 2;
        const DType other = has_width ? complex_type(b) : a;
        return item_size(other) > item_size(a) ? other : a;
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
    if (s.is_integral()) return s.is_unsigned() ? DType::UInt64 : DType::Int64;
    return s.is_complex() ? default_complex_dtype() : default_dtype();
}

bool ResultType::is_wrapped(const Tensor& t) { return t.impl()->wrapped_number; }

DType ResultType::get() const {
    auto combine = [](Rank higher, Rank lower) {
        if (!higher.present) return lower;
        if (!lower.present || is_complex(higher.dtype)) return higher;
        // A lower rank of a higher category: complex keeps the width of a float of higher rank.
        if (is_float(higher.dtype))
            return is_complex(lower.dtype) ? Rank{true, complex_partner(higher.dtype)} : higher;
        if (is_complex(lower.dtype)) return lower;
        if (higher.dtype == DType::Bool || is_differentiable(lower.dtype))
            return Rank{true, promote_types(higher.dtype, lower.dtype)};
        return higher;
    };
    return combine(dim_, combine(zero_dim_, number_)).dtype;
}

}  // namespace kajo
