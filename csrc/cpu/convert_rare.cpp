// Conversions from and to the types that are not common: compiled once, element by element.
#include <array>
#include <bit>

#include "cpu/convert_value.h"
#include "cpu/move.h"

namespace kajo::cpu {

namespace {

// What each code of an 8-bit type stands for.
template <class T>
const std::array<float, 256>& meanings() {
    static const std::array<float, 256> all = [] {
        std::array<float, 256> values;
        for (size_t code = 0; code < values.size(); code++)
            values[code] = std::bit_cast<T>(static_cast<uint8_t>(code));
        return values;
    }();
    return all;
}

template <class To, class From>
void convert(void* to_, const void* from_, int64_t n) {
    To* to = static_cast<To*>(to_);
    const From* from = static_cast<const From*>(from_);
    if constexpr (kIsFloat8<From>) {
        const auto& values = meanings<From>();
        for (int64_t i = 0; i < n; i++) to[i] = convert_value<To>(values[from[i].bits]);
        return;
    }
    for (int64_t i = 0; i < n; i++) to[i] = convert_value<To>(from[i]);
}

}  // namespace

ConvertFn rare_convert_of(DType from, DType to) {
    if (from == to) return nullptr;
    return dispatch<kEveryType>(from, "copy_", [&]<class From>() {
        return dispatch<kEveryType>(to, "copy_", []<class To>() -> ConvertFn {
            if constexpr (is_common(DTypeOf<From>::value) && is_common(DTypeOf<To>::value))
                return nullptr;  // another table has them
            else
                return convert<To, From>;
        });
    });
}

}  // namespace kajo::cpu
