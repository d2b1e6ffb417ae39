// Conversions from and to the types that are not common: compiled once, element by element.
#include <array>

#include "cpu/convert_value.h"
#include "cpu/move.h"

namespace kajo::cpu {

namespace {

template <class To, class From>
void convert(void* to_, const void* from_, int64_t n) {
    To* to = static_cast<To*>(to_);
    const From* from = static_cast<const From*>(from_);
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
