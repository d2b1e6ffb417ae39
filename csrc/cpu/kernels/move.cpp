// Moves of strided blocks; transposes go through registers, a square at a time.
#include "cpu/move.h"

#include <algorithm>
#include <cstring>
#if defined(__AVX512F__) || defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#endif

namespace kajo::cpu::KAJO_ISA {
namespace {

struct Wide {
    uint64_t parts[2];
};

// Elements on a side of the square that is transposed in registers: a row fills one register.
#if defined(__AVX512F__)
template <class T>
constexpr int kSide = sizeof(T) == 1   ? 16
                      : sizeof(T) == 2 ? 16
                                       : 64 / sizeof(T);
#elif defined(__AVX2__)
template <class T>
constexpr int kSide = sizeof(T) <= 2 ? 16 / sizeof(T) : 32 / sizeof(T);
#else
template <class T>
constexpr int kSide = 16 / sizeof(T);
#endif

template <class T, int N>
struct Row {
    typedef T type __attribute__((vector_size(sizeof(T) * N)));
};

// Interleaving row i with row i + N/2, log2(N) times over, transposes.
template <class T, int N>
void transpose_square(T* to, int64_t to_row, const T* from, int64_t from_row) {
    using V = typename Row<T, N>::type;
    V low{}, high{};
    for (int i = 0; i < N; i++) {
        low[i] = static_cast<T>(i / 2 + (i % 2) * N);
        high[i] = static_cast<T>(i / 2 + N / 2 + (i % 2) * N);
    }
    V a[N], b[N];
    for (int i = 0; i < N; i++) std::memcpy(&a[i], from + i * from_row, sizeof(V));
#pragma GCC unroll 8
    for (int step = N; step > 1; step /= 2) {
#pragma GCC unroll 16
        for (int i = 0; i < N / 2; i++) {
            b[2 * i] = __builtin_shuffle(a[i], a[i + N / 2], low);
            b[2 * i + 1] = __builtin_shuffle(a[i], a[i + N / 2], high);
        }
#pragma GCC unroll 16
        for (int i = 0; i < N; i++) a[i] = b[i];
    }
#pragma GCC unroll 16
    for (int i = 0; i < N; i++) std::memcpy(to + i * to_row, &a[i], sizeof(V));
}

// to[i * to_row + j] = from[i + j * from_col]
template <class T>
void transpose(T* to, int64_t to_row, const T* from, int64_t from_col, int64_t rows, int64_t cols) {
    if constexpr (std::is_same_v<T, Wide>) {
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < cols; j++) to[i * to_row + j] = from[i + j * from_col];
    } else {
        constexpr int N = kSide<T>;
        const int64_t full_rows = rows / N * N, full_cols = cols / N * N;
        for (int64_t i = 0; i < full_rows; i += N)
            for (int64_t j = 0; j < full_cols; j += N)
                transpose_square<T, N>(to + i * to_row + j, to_row, from + i + j * from_col,
                                       from_col);
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = i < full_rows ? full_cols : 0; j < cols; j++)
                to[i * to_row + j] = from[i + j * from_col];
    }
}

// to[j] = from[2 * j]
template <class T>
void take_every_second(T* to, const T* from, int64_t n) {
    int64_t j = 0;
    if constexpr (!std::is_same_v<T, Wide>) {
        constexpr int N = kSide<T>;
        using V = typename Row<T, N>::type;
        V even{};
        for (int i = 0; i < N; i++) even[i] = static_cast<T>(2 * i);
        // The last vector that is read ends before the last element.
        for (; j + N < n; j += N) {
            V a, b;
            std::memcpy(&a, from + 2 * j, sizeof a);
            std::memcpy(&b, from + 2 * j + N, sizeof b);
            a = __builtin_shuffle(a, b, even);
            std::memcpy(to + j, &a, sizeof a);
        }
    }
    for (; j < n; j++) to[j] = from[2 * j];
}

void copy(void* to_, const void* from_, int64_t bytes) {
    typedef char Line __attribute__((vector_size(64)));
    char* to = static_cast<char*>(to_);
    const char* from = static_cast<const char*>(from_);
    int64_t i = 0;
    for (; i + 128 <= bytes; i += 128) {
        Line a, b;
        std::memcpy(&a, from + i, 64);
        std::memcpy(&b, from + i + 64, 64);
        std::memcpy(to + i, &a, 64);
        std::memcpy(to + i + 64, &b, 64);
    }
    size_t rest = static_cast<size_t>(bytes - i);
    asm("" : "+r"(rest));  // or the compiler would write the string instruction here
    std::memcpy(to + i, from + i, rest);
}

template <class T>
void move(void* to_, int64_t to_row, int64_t to_col, const void* from_, int64_t from_row,
          int64_t from_col, int64_t rows, int64_t cols) {
    T* to = static_cast<T*>(to_);
    const T* from = static_cast<const T*>(from_);
    if (to_col == 1 && from_col == 1) {
        for (int64_t i = 0; i < rows; i++)
            copy(to + i * to_row, from + i * from_row, cols * int64_t{sizeof(T)});
    } else if (to_col == 1 && from_col == 0) {
        for (int64_t i = 0; i < rows; i++) std::fill_n(to + i * to_row, cols, from[i * from_row]);
    } else if (to_col == 1 && from_col == -1) {
        for (int64_t i = 0; i < rows; i++) {
            T* row = to + i * to_row;
            const T* last = from + i * from_row - (cols - 1);
            for (int64_t j = 0; j < cols; j++) row[j] = last[cols - 1 - j];
        }
    } else if (to_col == 1 && from_col == 2) {
        for (int64_t i = 0; i < rows; i++)
            take_every_second(to + i * to_row, from + i * from_row, cols);
    } else if (to_col == 1 && from_row == 1 && rows > 1) {
        transpose(to, to_row, from, from_col, rows, cols);
    } else if (to_row == 1 && from_col == 1 && rows > 1) {
        transpose(to, to_col, from, from_row, cols, rows);
    } else if (from_row < from_col && from_row > 0 && rows > 1) {
        for (int64_t j = 0; j < cols; j++)
            for (int64_t i = 0; i < rows; i++)
                to[i * to_row + j * to_col] = from[i * from_row + j * from_col];
    } else {
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < cols; j++)
                to[i * to_row + j * to_col] = from[i * from_row + j * from_col];
    }
}

void stream(void* to_, const void* from_, int64_t bytes) {
    char* to = static_cast<char*>(to_);
    const char* from = static_cast<const char*>(from_);
    int64_t i = 0;
#if defined(__AVX512F__)
    for (; i + 64 <= bytes; i += 64)
        _mm512_stream_si512(reinterpret_cast<__m512i*>(to + i), _mm512_loadu_si512(from + i));
#elif defined(__AVX2__)
    for (; i + 32 <= bytes; i += 32)
        _mm256_stream_si256(reinterpret_cast<__m256i*>(to + i),
                            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i)));
#elif defined(__SSE2__)
    for (; i + 16 <= bytes; i += 16)
        _mm_stream_si128(reinterpret_cast<__m128i*>(to + i),
                         _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
#endif
    std::memcpy(to + i, from + i, static_cast<size_t>(bytes - i));
}

void finish_stream() {
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

}  // namespace

extern const MoveKernels move_kernels;
const MoveKernels move_kernels = {
    {move<uint8_t>, move<uint16_t>, move<uint32_t>, move<uint64_t>, move<Wide>},
    copy,
    stream,
    finish_stream};

}  // namespace kajo::cpu::KAJO_ISA
