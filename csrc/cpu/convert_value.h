// One number as another type, as PyTorch converts it. Included by kernels of each instruction set,
// hence without linkage.
#pragma once

#include <complex>
#include <limits>
#include <type_traits>

#include "core/dtype.h"

namespace kajo::cpu {
namespace {

// Types that only store; they convert by way of what they are computed in.
template <class T>
constexpr bool kIsStored = !std::is_same_v<T, Accumulator<T>>;

// Out of range and nan become the smallest integer of the width, as the hardware has it.
template <class Int, class Float>
inline Int to_integer(Float x) {
    constexpr Float bound = static_cast<Float>(std::numeric_limits<Int>::max() / 2 + 1) * 2;
    return x >= -bound && x < bound ? static_cast<Int>(x) : std::numeric_limits<Int>::min();
}

// The width of the integer that the hardware converts to, of which the low bits are kept.
template <class To>
using Converted =
    std::conditional_t<sizeof(To) == 8 || std::is_same_v<To, uint32_t>, int64_t, int32_t>;

template <class To, class From>
inline To convert_value(From x) {
    if constexpr (kIsStored<From>) {
        return convert_value<To>(static_cast<Accumulator<From>>(x));
    } else if constexpr (std::is_same_v<To, bool>) {
        return x != From(0);
    } else if constexpr (kIsStored<To>) {
        return To(convert_value<Accumulator<To>>(x));
    } else if constexpr (kIsComplex<From>) {
        if constexpr (kIsComplex<To>)
            return To(static_cast<typename To::value_type>(x.real()),
                      static_cast<typename To::value_type>(x.imag()));
        else
            return convert_value<To>(x.real());
    } else if constexpr (kIsComplex<To>) {
        return To(static_cast<typename To::value_type>(x));
    } else if constexpr (std::is_same_v<To, uint64_t> && std::is_floating_point_v<From>) {
        constexpr From top = From(0x1p63);
        return x >= top ? static_cast<To>(to_integer<int64_t>(x - top)) ^ (To{1} << 63)
                        : static_cast<To>(to_integer<int64_t>(x));
    } else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
        return static_cast<To>(to_integer<Converted<To>>(x));
    } else {
        return static_cast<To>(x);
    }
}

}  // namespace
}  // namespace kajo::cpu
