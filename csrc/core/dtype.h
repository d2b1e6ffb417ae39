// Element types: their names, sizes, classes, and the way from a run-time value to a C++ type.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <ostream>

#include "core/error.h"
#include "core/float8.h"
#include "core/half.h"

namespace kajo {

// The first kCommonDTypes are computed with everywhere. Of the others, kernels take those families
// that they say they take (see `Kernel`), and computing goes through a common type.
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
    UInt16,
    UInt32,
    UInt64,
    Complex32,
    Float8E4M3FN,
    Float8E4M3FNUZ,
    Float8E5M2,
    Float8E5M2FNUZ,
    Float8E8M0FNU,
    Float4E2M1FNx2,
    Bits8,
    Bits16,
    Bits1x8,
    Bits2x4,
    Bits4x2,
    QInt8,
    QUInt8,
    QInt32,
    QUInt4x2,
    QUInt2x4,
    UInt1,
    UInt2,
    UInt3,
    UInt4,
    UInt5,
    UInt6,
    UInt7,
    Int1,
    Int2,
    Int3,
    Int4,
    Int5,
    Int6,
    Int7,
};
constexpr int kCommonDTypes = 12;
constexpr int kDTypes = 46;

// What can be done with the elements; bits, so that sets can be said.
enum Family : uint8_t {
    kCommon = 0,
    kUnsigned = 1,     // whole numbers of 16, 32 and 64 bits without sign
    kComplexHalf = 2,  // complex numbers of two halves
    kFloat8 = 4,       // floating-point numbers of 8 bits
    kExponent = 8,     // powers of two: an exponent and no sign
    kBits = 16,        // opaque: only moved
    kQuantized = 32,   // moved; numbers only together with a scale, which tensors do not know
    kSubByte = 64,     // whole numbers of less than a byte: names without any operation
    kConverted = kUnsigned | kComplexHalf | kFloat8 | kExponent,
    kMoved = kConverted | kBits | kQuantized,
};

enum class Kind : uint8_t { Unsigned, Signed, Float, Complex, Opaque };

struct DTypeInfo {
    const char* name;         // "float32"
    const char* tensor_name;  // "Float", as in error messages of the field
    int8_t size;
    Kind kind;
    Family family;
    const char* format;  // of the buffer protocol; null: it has none
    // Of floating-point types: the largest and the smallest normal number, the distance from 1 to
    // the next one, and the decimal digits that survive, as PyTorch counts them.
    double largest = 0, tiny = 0, epsilon = 0, resolution = 0;
};

constexpr std::array<DTypeInfo, kDTypes> kDTypeInfo = {{
    {"uint8", "Byte", 1, Kind::Unsigned, kCommon, "B"},
    {"int8", "Char", 1, Kind::Signed, kCommon, "b"},
    {"int16", "Short", 2, Kind::Signed, kCommon, "h"},
    {"int32", "Int", 4, Kind::Signed, kCommon, "i"},
    {"int64", "Long", 8, Kind::Signed, kCommon, "q"},
    {"float16", "Half", 2, Kind::Float, kCommon, "e", 65504, 0x1p-14, 0x1p-10, 1e-3},
    {"float32", "Float", 4, Kind::Float, kCommon, "f", 0x1.fffffep127, 0x1p-126, 0x1p-23, 1e-6},
    {"float64", "Double", 8, Kind::Float, kCommon, "d", 0x1.fffffffffffffp1023, 0x1p-1022, 0x1p-52,
     1e-15},
    {"complex64", "ComplexFloat", 8, Kind::Complex, kCommon, "Zf"},
    {"complex128", "ComplexDouble", 16, Kind::Complex, kCommon, "Zd"},
    {"bool", "Bool", 1, Kind::Unsigned, kCommon, "?"},
    {"bfloat16", "BFloat16", 2, Kind::Float, kCommon, nullptr, 0x1.fep127, 0x1p-126, 0x1p-7, 1e-2},
    {"uint16", "UInt16", 2, Kind::Unsigned, kUnsigned, "H"},
    {"uint32", "UInt32", 4, Kind::Unsigned, kUnsigned, "I"},
    {"uint64", "UInt64", 8, Kind::Unsigned, kUnsigned, "Q"},
    {"complex32", "ComplexHalf", 4, Kind::Complex, kComplexHalf, nullptr},
    {"float8_e4m3fn", "Float8_e4m3fn", 1, Kind::Float, kFloat8, nullptr, 448, 0x1p-6, 0.125, 1},
    {"float8_e4m3fnuz", "Float8_e4m3fnuz", 1, Kind::Float, kFloat8, nullptr, 240, 0x1p-7, 0.125, 1},
    {"float8_e5m2", "Float8_e5m2", 1, Kind::Float, kFloat8, nullptr, 57344, 0x1p-14, 0.25, 1},
    {"float8_e5m2fnuz", "Float8_e5m2fnuz", 1, Kind::Float, kFloat8, nullptr, 57344, 0x1p-15, 0.125,
     1},
    {"float8_e8m0fnu", "Float8_e8m0fnu", 1, Kind::Float, kExponent, nullptr, 0x1p127, 0x1p-127, 1,
     1},
    {"float4_e2m1fn_x2", "Float4_e2m1fn_x2", 1, Kind::Float, kBits, nullptr},
    {"bits8", "Bits8", 1, Kind::Opaque, kBits, nullptr},
    {"bits16", "Bits16", 2, Kind::Opaque, kBits, nullptr},
    {"bits1x8", "Bits1x8", 1, Kind::Opaque, kBits, nullptr},
    {"bits2x4", "Bits2x4", 1, Kind::Opaque, kBits, nullptr},
    {"bits4x2", "Bits4x2", 1, Kind::Opaque, kBits, nullptr},
    {"qint8", "QInt8", 1, Kind::Opaque, kQuantized, nullptr},
    {"quint8", "QUInt8", 1, Kind::Opaque, kQuantized, nullptr},
    {"qint32", "QInt32", 4, Kind::Opaque, kQuantized, nullptr},
    {"quint4x2", "QUInt4x2", 1, Kind::Opaque, kQuantized, nullptr},
    {"quint2x4", "QUInt2x4", 1, Kind::Opaque, kQuantized, nullptr},
    {"uint1", "UInt1", 1, Kind::Unsigned, kSubByte, nullptr},
    {"uint2", "UInt2", 1, Kind::Unsigned, kSubByte, nullptr},
    {"uint3", "UInt3", 1, Kind::Unsigned, kSubByte, nullptr},
    {"uint4", "UInt4", 1, Kind::Unsigned, kSubByte, nullptr},
    {"uint5", "UInt5", 1, Kind::Unsigned, kSubByte, nullptr},
    {"uint6", "UInt6", 1, Kind::Unsigned, kSubByte, nullptr},
    {"uint7", "UInt7", 1, Kind::Unsigned, kSubByte, nullptr},
    {"int1", "Int1", 1, Kind::Signed, kSubByte, nullptr},
    {"int2", "Int2", 1, Kind::Signed, kSubByte, nullptr},
    {"int3", "Int3", 1, Kind::Signed, kSubByte, nullptr},
    {"int4", "Int4", 1, Kind::Signed, kSubByte, nullptr},
    {"int5", "Int5", 1, Kind::Signed, kSubByte, nullptr},
    {"int6", "Int6", 1, Kind::Signed, kSubByte, nullptr},
    {"int7", "Int7", 1, Kind::Signed, kSubByte, nullptr},
}};

constexpr const DTypeInfo& info(DType t) { return kDTypeInfo[static_cast<size_t>(t)]; }
constexpr int64_t item_size(DType t) { return info(t).size; }
constexpr bool is_float(DType t) { return info(t).kind == Kind::Float; }
constexpr bool is_complex(DType t) { return info(t).kind == Kind::Complex; }
constexpr bool is_common(DType t) { return static_cast<int>(t) < kCommonDTypes; }
// Numbers that a computer can count with: neither bits, nor quantised, nor parts of a byte.
constexpr bool is_number(DType t) {
    return (info(t).family & (kBits | kQuantized | kSubByte)) == 0;
}
constexpr bool is_signed(DType t) {
    return info(t).family != kExponent && info(t).kind != Kind::Unsigned &&
           info(t).kind != Kind::Opaque;
}
constexpr bool is_differentiable(DType t) { return is_float(t) || is_complex(t); }
constexpr bool is_integral(DType t, bool include_bool) {
    return !is_float(t) && !is_complex(t) && is_number(t) && (include_bool || t != DType::Bool);
}
constexpr DType real_type(DType t) {
    return t == DType::Complex64    ? DType::Float32
           : t == DType::Complex128 ? DType::Float64
           : t == DType::Complex32  ? DType::Float16
                                    : t;
}
constexpr DType complex_type(DType t) {
    return t == DType::Float64 || t == DType::Complex128  ? DType::Complex128
           : t == DType::Float16 || t == DType::Complex32 ? DType::Complex32
                                                          : DType::Complex64;
}
inline std::ostream& operator<<(std::ostream& out, DType t) { return out << info(t).name; }

template <DType t>
struct IsDType {
    static constexpr DType value = t;
};
template <class T>
struct DTypeOf;
template <>
struct DTypeOf<uint8_t> : IsDType<DType::UInt8> {};
template <>
struct DTypeOf<int8_t> : IsDType<DType::Int8> {};
template <>
struct DTypeOf<int16_t> : IsDType<DType::Int16> {};
template <>
struct DTypeOf<int32_t> : IsDType<DType::Int32> {};
template <>
struct DTypeOf<int64_t> : IsDType<DType::Int64> {};
template <>
struct DTypeOf<Half> : IsDType<DType::Float16> {};
template <>
struct DTypeOf<float> : IsDType<DType::Float32> {};
template <>
struct DTypeOf<double> : IsDType<DType::Float64> {};
template <>
struct DTypeOf<std::complex<float>> : IsDType<DType::Complex64> {};
template <>
struct DTypeOf<std::complex<double>> : IsDType<DType::Complex128> {};
template <>
struct DTypeOf<bool> : IsDType<DType::Bool> {};
template <>
struct DTypeOf<BFloat16> : IsDType<DType::BFloat16> {};
template <>
struct DTypeOf<uint16_t> : IsDType<DType::UInt16> {};
template <>
struct DTypeOf<uint32_t> : IsDType<DType::UInt32> {};
template <>
struct DTypeOf<uint64_t> : IsDType<DType::UInt64> {};
template <>
struct DTypeOf<ComplexHalf> : IsDType<DType::Complex32> {};
template <>
struct DTypeOf<Float8E4M3FN> : IsDType<DType::Float8E4M3FN> {};
template <>
struct DTypeOf<Float8E4M3FNUZ> : IsDType<DType::Float8E4M3FNUZ> {};
template <>
struct DTypeOf<Float8E5M2> : IsDType<DType::Float8E5M2> {};
template <>
struct DTypeOf<Float8E5M2FNUZ> : IsDType<DType::Float8E5M2FNUZ> {};
template <>
struct DTypeOf<Float8E8M0FNU> : IsDType<DType::Float8E8M0FNU> {};

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

// The type that sums and products of T are computed in; types that only store differ from it.
template <class T>
struct AccumulatorOf {
    using type = T;
};
template <class T>
    requires(kIsHalf<T> || kIsFloat8<T>)
struct AccumulatorOf<T> {
    using type = float;
};
template <>
struct AccumulatorOf<ComplexHalf> {
    using type = std::complex<float>;
};
template <class T>
using Accumulator = typename AccumulatorOf<T>::type;

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
    kRareTypes = 32,  // those of the families kConverted; not in "all", since kernels are many
    kEveryType = kAllTypes | kRareTypes,
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
    if constexpr ((kSet & kRareTypes) != 0) {
        if (t == DType::UInt16) return f.template operator()<uint16_t>();
        if (t == DType::UInt32) return f.template operator()<uint32_t>();
        if (t == DType::UInt64) return f.template operator()<uint64_t>();
        if (t == DType::Complex32) return f.template operator()<ComplexHalf>();
        if (t == DType::Float8E4M3FN) return f.template operator()<Float8E4M3FN>();
        if (t == DType::Float8E4M3FNUZ) return f.template operator()<Float8E4M3FNUZ>();
        if (t == DType::Float8E5M2) return f.template operator()<Float8E5M2>();
        if (t == DType::Float8E5M2FNUZ) return f.template operator()<Float8E5M2FNUZ>();
        if (t == DType::Float8E8M0FNU) return f.template operator()<Float8E8M0FNU>();
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
