// Element types: their names, sizes, classes, and the way from a run-time value to a C++ type.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <ostream>

#include "core/error.h"
#include "core/half.h"

namespace kajo {

enum class DType : int8_t {
    UInt8,
    Int8,
    Int16,
    Int32,
    Int64,
    Float16,
    Float32,
    Float64,
    Complex64,
    Complex128,
    Bool,
    BFloat16,
};
constexpr int kDTypes = 12;

struct DTypeInfo {
    const char* name;         // "float32"
    const char* tensor_name;  // "Float", as in error messages of the field
    int8_t size;
    bool is_float, is_complex, is_signed;
};

constexpr std::array<DTypeInfo, kDTypes> kDTypeInfo = {{
    {"uint8", "Byte", 1, false, false, false},
    {"int8", "Char", 1, false, false, true},
    {"int16", "Short", 2, false, false, true},
    {"int32", "Int", 4, false, false, true},
    {"int64", "Long", 8, false, false, true},
    {"float16", "Half", 2, true, false, true},
    {"float32", "Float", 4, true, false, true},
    {"float64", "Double", 8, true, false, true},
    {"complex64", "ComplexFloat", 8, false, true, true},
    {"complex128", "ComplexDouble", 16, false, true, true},
    {"bool", "Bool", 1, false, false, false},
    {"bfloat16", "BFloat16", 2, true, false, true},
}};

constexpr const DTypeInfo& info(DType t) { return kDTypeInfo[static_cast<size_t>(t)]; }
constexpr int64_t item_size(DType t) { return info(t).size; }
constexpr bool is_float(DType t) { return info(t).is_float; }
constexpr bool is_complex(DType t) { return info(t).is_complex; }
constexpr bool is_differentiable(DType t) { return is_float(t) || is_complex(t); }
constexpr bool is_integral(DType t, bool include_bool) {
    return !is_float(t) && !is_complex(t) && (include_bool || t != DType::Bool);
}
constexpr DType real_type(DType t) {
    return t == DType::Complex64 ? DType::Float32 : t == DType::Complex128 ? DType::Float64 : t;
}
constexpr DType complex_type(DType t) {
    return t == DType::Float64 || t == DType::Complex128 ? DType::Complex128 : DType::Complex64;
}
inline std::ostream& operator<<(std::ostream& out, DType t) { return out << info(t).name; }

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<uint8_t> {
    static constexpr DType value = DType::UInt8;
};
template <>
struct DTypeOf<int8_t> {
    static constexpr DType value = DType::Int8;
};
template <>
struct DTypeOf<int16_t> {
    static constexpr DType value = DType::Int16;
};
template <>
struct DTypeOf<int32_t> {
    static constexpr DType value = DType::Int32;
};
template <>
struct DTypeOf<int64_t> {
    static constexpr DType value = DType::Int64;
};
template <>
struct DTypeOf<Half> {
    static constexpr DType value = DType::Float16;
};
template <>
struct DTypeOf<float> {
    static constexpr DType value = DType::Float32;
};
template <>
struct DTypeOf<double> {
    static constexpr DType value = DType::Float64;
};
template <>
struct DTypeOf<std::complex<float>> {
    static constexpr DType value = DType::Complex64;
};
template <>
struct DTypeOf<std::complex<double>> {
    static constexpr DType value = DType::Complex128;
};
template <>
struct DTypeOf<bool> {
    static constexpr DType value = DType::Bool;
};
template <>
struct DTypeOf<BFloat16> {
    static constexpr DType value = DType::BFloat16;
};

// The type that sums and products of T are computed in.
template <class T>
struct AccumulatorOf {
    using type = T;
};
template <>
struct AccumulatorOf<Half> {
    using type = float;
};
template <>
struct AccumulatorOf<BFloat16> {
    using type = float;
};
template <class T>
using Accumulator = typename AccumulatorOf<T>::type;

template <class T>
constexpr bool kIsComplex = false;
template <class T>
constexpr bool kIsComplex<std::complex<T>> = true;
template <class T>
constexpr bool kIsHalf = false;
template <>
inline constexpr bool kIsHalf<Half> = true;
template <>
inline constexpr bool kIsHalf<BFloat16> = true;

// Calls f.template operator()<T>() with the C++ type of `t`: dispatch(t, "sort", [&]<class T>()
// {...}). The sets below restrict it; other types raise NotImplementedError naming the operation.
enum TypeSet : uint8_t {
    kIntegers = 1,
    kBool = 2,
    kFloats = 4,
    kHalves = 8,
    kComplexes = 16,
    kReals = kIntegers | kFloats | kHalves,
    kRealsAndBool = kReals | kBool,
    kAllTypes = 31,
    kFloatingAndComplex = kFloats | kHalves | kComplexes,
};

[[noreturn]] inline void raise_unsupported(const char* operation, DType t) {
    raise(ErrorKind::NotImplemented, "\"", operation, "\" not implemented for '",
          info(t).tensor_name, "': convert the tensor with .to(...) first");
}

template <uint8_t kSet = kAllTypes, class F>
inline decltype(auto) dispatch(DType t, const char* operation, F&& f) {
    if constexpr ((kSet & kFloats) != 0) {
        if (t == DType::Float32) return f.template operator()<float>();
        if (t == DType::Float64) return f.template operator()<double>();
    }
    if constexpr ((kSet & kIntegers) != 0) {
        if (t == DType::Int64) return f.template operator()<int64_t>();
        if (t == DType::Int32) return f.template operator()<int32_t>();
        if (t == DType::Int16) return f.template operator()<int16_t>();
        if (t == DType::Int8) return f.template operator()<int8_t>();
        if (t == DType::UInt8) return f.template operator()<uint8_t>();
    }
    if constexpr ((kSet & kBool) != 0) {
        if (t == DType::Bool) return f.template operator()<bool>();
    }
    if constexpr ((kSet & kHalves) != 0) {
        if (t == DType::BFloat16) return f.template operator()<BFloat16>();
        if (t == DType::Float16) return f.template operator()<Half>();
    }
    if constexpr ((kSet & kComplexes) != 0) {
        if (t == DType::Complex64) return f.template operator()<std::complex<float>>();
        if (t == DType::Complex128) return f.template operator()<std::complex<double>>();
    }
    raise_unsupported(operation, t);
}

// By size alone, for operations that only move elements.
template <class F>
inline decltype(auto) dispatch_by_size(int64_t bytes, F&& f) {
    struct Wide {
        uint64_t parts[2];
    };
    if (bytes == 4) return f.template operator()<uint32_t>();
    if (bytes == 8) return f.template operator()<uint64_t>();
    if (bytes == 2) return f.template operator()<uint16_t>();
    if (bytes == 1) return f.template operator()<uint8_t>();
    return f.template operator()<Wide>();
}

}  // namespace kajo
