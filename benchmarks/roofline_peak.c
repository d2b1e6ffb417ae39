// What this machine can do at most: fused multiply-adds on registers, and streams through memory.
// Compiled by roofline.py for the machine at hand.
#include <stddef.h>
#include <string.h>
#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX2__)
#define BYTES 32
#else
#define BYTES 16
#endif
typedef float Vector __attribute__((vector_size(BYTES)));

// As many chains as hide the latency of two units and leave registers for the operands. They have names,
// because an array would live in memory.
#define CHAINS 12
#define EACH_CHAIN(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define USE(i) __asm__ volatile("" : "+x"(sum##i));

// Returns the number of floating point operations done.
double float32_peak(long rounds) {
    Vector a = {0}, b = {0};
#define BEGIN(i) Vector sum##i = {0};
#define MULTIPLY_ADD(i) sum##i = a * b + sum##i;
    EACH_CHAIN(BEGIN)
    for (long r = 0; r < rounds; r++) {
        __asm__ volatile("" : "+x"(a), "+x"(b));  // or the product would be made once
        EACH_CHAIN(MULTIPLY_ADD)
        EACH_CHAIN(USE)
    }
    return 2.0 * CHAINS * (BYTES / 4) * (double)rounds;
}

// 0 where the machine has no instruction for it.
double bfloat16_peak(long rounds) {
#if defined(__AVX512BF16__)
    __m512bh a, b;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
#define BEGIN_WIDE(i) __m512 sum##i = _mm512_setzero_ps();
#define MULTIPLY_ADD_PAIRS(i) sum##i = _mm512_dpbf16_ps(sum##i, a, b);
    EACH_CHAIN(BEGIN_WIDE)
    for (long r = 0; r < rounds; r++) {
        EACH_CHAIN(MULTIPLY_ADD_PAIRS)
        EACH_CHAIN(USE)
    }
    return 4.0 * CHAINS * 16 * (double)rounds;
#else
    return 0 * (double)rounds;
#endif
}

// Reads `count` floats; returns the bytes moved.
double read_stream(const float* p, size_t count) {
    Vector sum[8];
    for (int i = 0; i < 8; i++) sum[i] = (Vector){0};
    const size_t lanes = BYTES / 4;
    for (size_t at = 0; at + 8 * lanes <= count; at += 8 * lanes) {
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; i++) sum[i] += *(const Vector*)(p + at + i * lanes);
    }
    for (int i = 0; i < 8; i++) __asm__ volatile("" : : "x"(sum[i]));
    return 4.0 * (double)count;
}

// out = a + b past the cache; returns the bytes moved.
double add_stream(float* out, const float* a, const float* b, size_t count) {
    const size_t lanes = BYTES / 4;
    for (size_t at = 0; at + lanes <= count; at += lanes) {
        const Vector v = *(const Vector*)(a + at) + *(const Vector*)(b + at);
#if defined(__AVX512F__)
        _mm512_stream_ps(out + at, (__m512)v);
#elif defined(__AVX2__)
        _mm256_stream_ps(out + at, (__m256)v);
#else
        *(Vector*)(out + at) = v;
#endif
    }
    return 12.0 * (double)count;
}
