// Moving elements without looking at them, and converting between element types.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "core/dtype.h"

namespace kajo::cpu {

// Moves rows x cols elements; strides count elements.
using MoveFn = void (*)(void* to, int64_t to_row, int64_t to_col, const void* from,
                        int64_t from_row, int64_t from_col, int64_t rows, int64_t cols);
// Converts a contiguous run of n elements.
using ConvertFn = void (*)(void* to, const void* from, int64_t n);

struct MoveKernels {
    MoveFn by_size[5];  // 1, 2, 4, 8, 16 bytes
    void (*copy)(void* to, const void* from, int64_t bytes);
    // Past the caches, for results far larger than them; `to` is 64-byte aligned.
    void (*stream)(void* to, const void* from, int64_t bytes);
    void (*finish_stream)();  // makes streamed bytes visible to other threads
};
struct ConvertKernels {
    ConvertFn table[kCommonDTypes][kCommonDTypes];  // [from][to]; null where they are equal
};

// Those of this machine's instruction set.
const MoveKernels& move_kernels();
const ConvertKernels& convert_kernels();

// A run of bytes. The C library's string instruction takes twelve times as long on some processors
// where the target lies a little behind the source modulo the page size, as parts of rows do.
inline void copy_run(void* to, const void* from, int64_t bytes) {
    constexpr int64_t kShort = 1024;
    if (bytes > kShort) return move_kernels().copy(to, from, bytes);
    // Where the compiler knew the bound, it would write that instruction itself.
    size_t n = static_cast<size_t>(bytes);
    asm("" : "+r"(n));
    std::memcpy(to, from, n);
}

inline MoveFn move_of(DType t) {
    return move_kernels().by_size[std::countr_zero(static_cast<uint64_t>(item_size(t)))];
}
// Where one of the two is not a common type; only of the families kConverted.
ConvertFn rare_convert_of(DType from, DType to);

inline ConvertFn convert_of(DType from, DType to) {
    if (!is_common(from) || !is_common(to)) return rare_convert_of(from, to);
    return convert_kernels().table[static_cast<int>(from)][static_cast<int>(to)];
}

}  // namespace kajo::cpu
