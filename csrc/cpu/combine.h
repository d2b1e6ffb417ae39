// How a value that is scattered meets the value that is there.
#pragma once

#include <cmath>
#include <complex>
#include <cstdint>

#include "core/dtype.h"

namespace kajo::cpu {

enum class Combine : int8_t { Assign, Add, Multiply, Maximum, Minimum };

// A nan wins over every number, on either side.
template <class T>
bool replaces(T there, T value, bool larger) {
    if constexpr (kIsComplex<T>) {
        return false;
    } else {
        using A = Accumulator<T>;
        const A a = static_cast<A>(there), b = static_cast<A>(value);
        return (a == a) & ((b != b) | (larger ? a < b : b < a));
    }
}

template <Combine kHow, class T>
T combine(T there, T value) {
    if constexpr (kHow == Combine::Assign)
        return value;
    else if constexpr (kHow == Combine::Maximum)
        return replaces(there, value, true) ? value : there;
    else if constexpr (kHow == Combine::Minimum)
        return replaces(there, value, false) ? value : there;
    else if constexpr (std::is_same_v<T, bool>)
        return kHow == Combine::Add ? there || value : there && value;
    else if constexpr (std::is_integral_v<T>) {
        using Wrapping = std::conditional_t<sizeof(T) < 4, uint32_t, std::make_unsigned_t<T>>;
        const auto a = static_cast<Wrapping>(there), b = static_cast<Wrapping>(value);
        return static_cast<T>(kHow == Combine::Add ? a + b : a * b);
    } else {
        using A = Accumulator<T>;
        return static_cast<T>(kHow == Combine::Add ? static_cast<A>(there) + static_cast<A>(value)
                                                   : static_cast<A>(there) * static_cast<A>(value));
    }
}

// Calls f.template operator()<T, kHow>(); assignment needs only the size of the elements.
template <class F>
void dispatch_combine(DType dtype, Combine how, const char* operation, F&& f) {
    if (how == Combine::Assign)
        return dispatch_by_size(item_size(dtype),
                                [&]<class T>() { f.template operator()<T, Combine::Assign>(); });
    if (!is_common(dtype)) {
        if (how != Combine::Add) raise_unsupported(operation, dtype);
        return dispatch<kRareTypes>(dtype, operation,
                                    [&]<class T>() { f.template operator()<T, Combine::Add>(); });
    }
    if (how == Combine::Add || how == Combine::Multiply)
        return dispatch(dtype, operation, [&]<class T>() {
            if (how == Combine::Add)
                f.template operator()<T, Combine::Add>();
            else
                f.template operator()<T, Combine::Multiply>();
        });
    dispatch<kRealsAndBool>(dtype, operation, [&]<class T>() {
        if (how == Combine::Maximum)
            f.template operator()<T, Combine::Maximum>();
        else
            f.template operator()<T, Combine::Minimum>();
    });
}

}  // namespace kajo::cpu
