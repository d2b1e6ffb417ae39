// Fixed-width vectors for the generated kernels: GCC's vector extension and the few operations that
// it lacks. Without AVX2 the portable path is taken, which uses no intrinsics.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "cpu/pointwise_table.h"

namespace kajo::cpu {
namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

typedef float VF __attribute__((vector_size(kVectorBytes)));
typedef double VD __attribute__((vector_size(kVectorBytes)));
typedef int32_t VFI __attribute__((vector_size(kVectorBytes)));
typedef int64_t VDI __attribute__((vector_size(kVectorBytes)));

template <class V>
using Lane = std::remove_cvref_t<decltype(V{}[0])>;
template <class V>
constexpr int kLanes = sizeof(V) / sizeof(Lane<V>);

#define KAJO_INLINE static inline __attribute__((always_inline))

// Broadcasts; minus a positive zero, because plus would lose the sign of a negative zero.
template <class V, class S>
KAJO_INLINE V splat(S x) {
    return static_cast<Lane<V>>(x) - V{};
}

KAJO_INLINE VFI v_bits(VF x) { return (VFI)x; }
KAJO_INLINE VDI v_bits(VD x) { return (VDI)x; }
KAJO_INLINE VF v_from_bits(VFI x) { return (VF)x; }
KAJO_INLINE VD v_from_bits(VDI x) { return (VD)x; }
KAJO_INLINE VF v_abs(VF x) { return (VF)((VFI)x & 0x7fffffff); }
KAJO_INLINE VD v_abs(VD x) { return (VD)((VDI)x & 0x7fffffffffffffff); }
KAJO_INLINE VF v_neg(VF x) { return (VF)((VFI)x ^ INT32_MIN); }
KAJO_INLINE VD v_neg(VD x) { return (VD)((VDI)x ^ INT64_MIN); }
KAJO_INLINE VFI v_to_int(VF x) { return __builtin_convertvector(x, VFI); }
KAJO_INLINE VF v_to_float(VFI x) { return __builtin_convertvector(x, VF); }
// Below 2**51, adding 1.5 * 2**52 leaves the integer in the low bits; AVX2 converts no 64-bit
// integers.
KAJO_INLINE VDI v_to_int(VD x) { return (VDI)(x + 0x1.8p52) - (VDI)splat<VD>(0x1.8p52); }
KAJO_INLINE VD v_to_float(VDI x) { return (VD)(x + (VDI)splat<VD>(0x1.8p52)) - 0x1.8p52; }

#if defined(__AVX512F__)
KAJO_INLINE VF v_fma(VF a, VF b, VF c) { return _mm512_fmadd_ps(a, b, c); }
KAJO_INLINE VD v_fma(VD a, VD b, VD c) { return _mm512_fmadd_pd(a, b, c); }
KAJO_INLINE VF v_min(VF a, VF b) { return _mm512_min_ps(a, b); }
KAJO_INLINE VD v_min(VD a, VD b) { return _mm512_min_pd(a, b); }
KAJO_INLINE VF v_max(VF a, VF b) { return _mm512_max_ps(a, b); }
KAJO_INLINE VD v_max(VD a, VD b) { return _mm512_max_pd(a, b); }
KAJO_INLINE VF v_sqrt(VF x) { return _mm512_sqrt_ps(x); }
KAJO_INLINE VD v_sqrt(VD x) { return _mm512_sqrt_pd(x); }
KAJO_INLINE VF v_rint(VF x) { return _mm512_roundscale_ps(x, 8); }
KAJO_INLINE VD v_rint(VD x) { return _mm512_roundscale_pd(x, 8); }
KAJO_INLINE VF v_floor(VF x) { return _mm512_roundscale_ps(x, 9); }
KAJO_INLINE VD v_floor(VD x) { return _mm512_roundscale_pd(x, 9); }
KAJO_INLINE VF v_trunc(VF x) { return _mm512_roundscale_ps(x, 11); }
KAJO_INLINE VD v_trunc(VD x) { return _mm512_roundscale_pd(x, 11); }
KAJO_INLINE VF v_scale(VF x, VF n) { return _mm512_scalef_ps(x, n); }
KAJO_INLINE VD v_scale(VD x, VD n) { return _mm512_scalef_pd(x, n); }
KAJO_INLINE bool any(VFI m) { return _mm512_movepi32_mask((__m512i)m); }
KAJO_INLINE bool any(VDI m) { return _mm512_movepi64_mask((__m512i)m); }
KAJO_INLINE VD low_half(VF x) { return _mm512_cvtps_pd(_mm512_castps512_ps256(x)); }
KAJO_INLINE VD high_half(VF x) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1)); }
KAJO_INLINE VF join(VD a, VD b) {
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(a)), _mm512_cvtpd_ps(b), 1);
}
#elif defined(__AVX2__)
KAJO_INLINE VF v_fma(VF a, VF b, VF c) { return _mm256_fmadd_ps(a, b, c); }
KAJO_INLINE VD v_fma(VD a, VD b, VD c) { return _mm256_fmadd_pd(a, b, c); }
KAJO_INLINE VF v_min(VF a, VF b) { return _mm256_min_ps(a, b); }
KAJO_INLINE VD v_min(VD a, VD b) { return _mm256_min_pd(a, b); }
KAJO_INLINE VF v_max(VF a, VF b) { return _mm256_max_ps(a, b); }
KAJO_INLINE VD v_max(VD a, VD b) { return _mm256_max_pd(a, b); }
KAJO_INLINE VF v_sqrt(VF x) { return _mm256_sqrt_ps(x); }
KAJO_INLINE VD v_sqrt(VD x) { return _mm256_sqrt_pd(x); }
KAJO_INLINE VF v_rint(VF x) { return _mm256_round_ps(x, 8); }
KAJO_INLINE VD v_rint(VD x) { return _mm256_round_pd(x, 8); }
KAJO_INLINE VF v_floor(VF x) { return _mm256_round_ps(x, 9); }
KAJO_INLINE VD v_floor(VD x) { return _mm256_round_pd(x, 9); }
KAJO_INLINE VF v_trunc(VF x) { return _mm256_round_ps(x, 11); }
KAJO_INLINE VD v_trunc(VD x) { return _mm256_round_pd(x, 11); }
KAJO_INLINE bool any(VFI m) { return _mm256_movemask_ps((__m256)m); }
KAJO_INLINE bool any(VDI m) { return _mm256_movemask_pd((__m256d)m); }
KAJO_INLINE VD low_half(VF x) { return _mm256_cvtps_pd(_mm256_castps256_ps128(x)); }
KAJO_INLINE VD high_half(VF x) { return _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)); }
KAJO_INLINE VF join(VD a, VD b) { return _mm256_set_m128(_mm256_cvtpd_ps(b), _mm256_cvtpd_ps(a)); }
#else
// A library call a lane where the processor has no fused multiply-add: slow, but the same bits.
template <class V>
KAJO_INLINE V v_fma(V a, V b, V c) {
    for (int i = 0; i < kLanes<V>; i++) a[i] = std::fma(a[i], b[i], c[i]);
    return a;
}
template <class V>
KAJO_INLINE V v_min(V a, V b) {
    return a < b ? a : b;
}
template <class V>
KAJO_INLINE V v_max(V a, V b) {
    return a > b ? a : b;
}
template <class V>
KAJO_INLINE V v_sqrt(V x) {
    for (int i = 0; i < kLanes<V>; i++) x[i] = std::sqrt(x[i]);
    return x;
}
KAJO_INLINE VF with_sign_of(VF x, VF s) { return (VF)((VFI)x | ((VFI)s & INT32_MIN)); }
KAJO_INLINE VD with_sign_of(VD x, VD s) { return (VD)((VDI)x | ((VDI)s & INT64_MIN)); }
// Adding and subtracting 2**mantissa rounds what is smaller; what is larger is whole already.
template <class V>
KAJO_INLINE V v_rint(V x) {
    const V whole = splat<V>(sizeof(Lane<V>) == 4 ? 0x1p23 : 0x1p52), a = v_abs(x);
    return a < whole ? with_sign_of((a + whole) - whole, x) : x;
}
template <class V>
KAJO_INLINE V v_floor(V x) {
    const V r = v_rint(x);
    return r > x ? r - 1 : r;
}
template <class V>
KAJO_INLINE V v_trunc(V x) {
    const V a = v_abs(x);
    return x != x ? x : with_sign_of(v_floor(a), x);
}
template <class M>
KAJO_INLINE bool any(M m) {
    M zero{};
    return std::memcmp(&m, &zero, sizeof m) != 0;
}
KAJO_INLINE VD low_half(VF x) { return VD{x[0], x[1]}; }
KAJO_INLINE VD high_half(VF x) { return VD{x[2], x[3]}; }
KAJO_INLINE VF join(VD a, VD b) {
    return VF{static_cast<float>(a[0]), static_cast<float>(a[1]), static_cast<float>(b[0]),
              static_cast<float>(b[1])};
}
#endif

#if !defined(__AVX512F__)
// x * 2**n in two steps, of which only the last can round; |n| < 2 * bias.
KAJO_INLINE VF v_scale(VF x, VF n) {
    const VFI k = (VFI)(n + 0x1.8p23f) - (VFI)splat<VF>(0x1.8p23f), h = k >> 1;
    return x * (VF)((h + 127) << 23) * (VF)((k - h + 127) << 23);
}
KAJO_INLINE VD v_scale(VD x, VD n) {
    const VD m = v_floor(n * 0.5);  // AVX2 has no 64-bit arithmetic shift
    return x * (VD)((v_to_int(m) + 1023) << 52) * (VD)((v_to_int(n - m) + 1023) << 52);
}
#endif

// x * 2**floor(n).
#if defined(__AVX512F__)
KAJO_INLINE VF v_scale_floor(VF x, VF n) { return _mm512_scalef_ps(x, n); }
#else
KAJO_INLINE VF v_scale_floor(VF x, VF n) { return v_scale(x, v_floor(n)); }
#endif

// The numbers at the places that the last bits of the lanes give.
template <size_t PLACES>
KAJO_INLINE VF v_lookup(const float (&table)[PLACES], VFI place) {
    static_assert(PLACES == 16 || PLACES == 32);
#if defined(__AVX512F__)
    const __m512 first = _mm512_load_ps(table);
    if constexpr (PLACES == 16) return _mm512_permutexvar_ps((__m512i)place, first);
    return _mm512_permutex2var_ps(first, (__m512i)place, _mm512_load_ps(table + PLACES - 16));
#elif defined(__AVX2__)
    const auto eight = [&](size_t from) __attribute__((always_inline)) {
        return _mm256_permutevar8x32_ps(_mm256_load_ps(table + from), (__m256i)place);
    };
    const __m256 by_8 = (__m256)(place << 28), by_16 = (__m256)(place << 27);
    const __m256 low = _mm256_blendv_ps(eight(0), eight(8), by_8);
    if constexpr (PLACES == 16) return low;
    const __m256 high = _mm256_blendv_ps(eight(PLACES - 16), eight(PLACES - 8), by_8);
    return _mm256_blendv_ps(low, high, by_16);
#else
    VF x;
    for (int i = 0; i < kLanes<VF>; i++) x[i] = table[place[i] & (PLACES - 1)];
    return x;
#endif
}

// Lanes where the condition holds are computed one by one; hardly ever any are.
template <class V, class M, class Function, class... Args>
KAJO_INLINE V rare(M condition, V fast, Function f, Args... args) {
    if (__builtin_expect(any(condition), 0))
        for (int i = 0; i < kLanes<V>; i++)
            if (condition[i]) fast[i] = f(args[i]...);
    return fast;
}
// All lanes are computed one by one.
template <class V, class Function, class... Args>
KAJO_INLINE V each_lane(Function f, Args... args) {
    V y;
    for (int i = 0; i < kLanes<V>; i++) y[i] = f(args[i]...);
    return y;
}
// A float32 operation computed in float64.
template <class Function, class... Args>
KAJO_INLINE VF widen(Function f, Args... args) {
    return join(f(low_half(args)...), f(high_half(args)...));
}
// What is fast where the condition holds; for vectors with other lanes, these in float64.
template <class Function, class... Args>
KAJO_INLINE VF widen_rest(VFI condition, VF fast, Function f, Args... args) {
    if (__builtin_expect(any(~condition), 0)) return condition ? fast : widen(f, args...);
    return fast;
}

// ---- tiles
// ---------------------------------------------------------------------------------------

template <class V>
using Mask = std::conditional_t<sizeof(Lane<V>) == 4, VFI, VDI>;

// A truth value for each lane from and to bytes. GCC 12 converts between vectors of bytes and wider
// ones element by element, hence the intrinsics.
#if defined(__AVX512F__)
KAJO_INLINE VFI spread(__m128i bytes, VF) { return (VFI)_mm512_cvtepu8_epi32(bytes); }
KAJO_INLINE VDI spread(__m128i bytes, VD) { return (VDI)_mm512_cvtepu8_epi64(bytes); }
KAJO_INLINE __m128i gather_bits(VF x) {
    return _mm_maskz_set1_epi8(_mm512_movepi32_mask((__m512i)x), 1);
}
KAJO_INLINE __m128i gather_bits(VD x) {
    return _mm_maskz_set1_epi8(_mm512_movepi64_mask((__m512i)x), 1);
}
#elif defined(__AVX2__)
KAJO_INLINE VFI spread(__m128i bytes, VF) { return (VFI)_mm256_cvtepu8_epi32(bytes); }
KAJO_INLINE VDI spread(__m128i bytes, VD) { return (VDI)_mm256_cvtepu8_epi64(bytes); }
KAJO_INLINE __m128i gather_bits(VF x) {
    const __m256i m = (__m256i)x;
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
    return _mm_and_si128(_mm_packs_epi16(words, words), _mm_set1_epi8(1));
}
KAJO_INLINE __m128i gather_bits(VD x) {
    const int lanes = _mm256_movemask_pd((__m256d)x);
    return _mm_cvtsi32_si128((lanes & 1) | (lanes & 2) << 7 | (lanes & 4) << 14 |
                             (lanes & 8) << 21);
}
#endif
#if defined(__AVX2__)
template <class V>
KAJO_INLINE V load_mask(const uint8_t* p, int count) {
    if constexpr (kLanes<V> <= 8) {  // through a register: a partly written vector is slow to read
        uint64_t few = 0;
        std::memcpy(&few, p, count);
        return (V)(spread(_mm_cvtsi64_si128(static_cast<int64_t>(few)), V{}) != 0);
    } else {
        __m128i bytes = _mm_setzero_si128();
        std::memcpy(&bytes, p, count);
        return (V)(spread(bytes, V{}) != 0);
    }
}
template <class V>
KAJO_INLINE void store_mask(uint8_t* p, V x, int count) {
    const __m128i bytes = gather_bits(x);
    std::memcpy(p, &bytes, count);
}
#else
template <class V>
KAJO_INLINE V load_mask(const uint8_t* p, int count) {
    Mask<V> m{};
    for (int i = 0; i < count; i++) m[i] = p[i] ? -1 : 0;
    return (V)m;
}
template <class V>
KAJO_INLINE void store_mask(uint8_t* p, V x, int count) {
    for (int i = 0; i < count; i++) p[i] = ((Mask<V>)x)[i] & 1;
}
#endif

// The elements at p, `count` of them; where there are none, lanes hold harmless values.
template <class V, bool mask>
KAJO_INLINE V load(const void* p, int64_t at, int count) {
    typedef Lane<V> Unaligned __attribute__((vector_size(kVectorBytes), aligned(1), may_alias));
    if constexpr (mask) return load_mask<V>(static_cast<const uint8_t*>(p) + at, count);
    const Lane<V>* from = static_cast<const Lane<V>*>(p) + at;
    if (count == kLanes<V>) return *reinterpret_cast<const Unaligned*>(from);
    V x = splat<V>(1);
    if (count) std::memcpy(&x, from, count * sizeof(Lane<V>));
    return x;
}
template <class V, bool mask>
KAJO_INLINE void store(void* p, int64_t at, V x, int count) {
    typedef Lane<V> Unaligned __attribute__((vector_size(kVectorBytes), aligned(1), may_alias));
    if constexpr (mask) return store_mask(static_cast<uint8_t*>(p) + at, x, count);
    Lane<V>* to = static_cast<Lane<V>*>(p) + at;
    if (count == kLanes<V>)
        *reinterpret_cast<Unaligned*>(to) = x;
    else
        std::memcpy(to, &x, count * sizeof(Lane<V>));
}

// How many of the remaining elements a vector holds.
KAJO_INLINE int part(int64_t rest, int lanes) {
    return static_cast<int>(rest < 0 ? 0 : rest < lanes ? rest : lanes);
}

template <class V, unsigned masks, int... k>
KAJO_INLINE void load_all(const void* const* in, const int64_t* start, int64_t at, int count, V* a,
                          std::integer_sequence<int, k...>) {
    ((a[k] = load<V, (masks >> k & 1) != 0>(in[k], start[k] + at, count)), ...);
}
template <class V, unsigned masks, int... k>
KAJO_INLINE void store_all(void* const* out, int64_t at, int count, const V* r,
                           std::integer_sequence<int, k...>) {
    (store<V, (masks >> k & 1) != 0>(out[k], at, r[k], count), ...);
}

// Runs `f(const V* in, V* out)` over contiguous elements, on `copies` vectors of each operand at a
// time: those of the first, then those of the next. Bit i of the masks: that input or output is a
// byte for each element, and in registers a truth value for each lane.
template <class V, int inputs, int outputs, unsigned mask_inputs, unsigned mask_outputs, int copies,
          class Body>
KAJO_INLINE void tile(const void* const* in, void* const* out, int64_t flagged, Body f) {
    constexpr int lanes = kLanes<V>;
    static_assert(lanes * copies <= kRepeatedElements);
    const int64_t n = flagged & ((int64_t{1} << kRepeatedShift) - 1);
    int64_t moves[inputs];  // all bits of what moves on, none of what is one number for all
    for (int k = 0; k < inputs; k++) moves[k] = (flagged >> (kRepeatedShift + k) & 1) - 1;
    constexpr std::make_integer_sequence<int, inputs> each_input;
    constexpr std::make_integer_sequence<int, outputs> each_output;
    // Copies, which no store into a result can change.
    const void* from[inputs];
    void* to[outputs];
    for (int k = 0; k < inputs; k++) from[k] = in[k];
    for (int k = 0; k < outputs; k++) to[k] = out[k];
    for (int64_t i = 0; i < n; i += lanes * copies) {
        V a[copies * inputs], r[copies * outputs];
        int64_t start[inputs];
        for (int k = 0; k < inputs; k++) start[k] = i & moves[k];
        const bool full = n - i >= lanes * copies;
        if (full) [[likely]] {
#pragma GCC unroll 4
            for (int c = 0; c < copies; c++)
                load_all<V, mask_inputs>(from, start, c * lanes, lanes, a + c * inputs, each_input);
        } else {
            for (int c = 0; c < copies; c++)
                load_all<V, mask_inputs>(from, start, c * lanes, part(n - i - c * lanes, lanes),
                                         a + c * inputs, each_input);
        }
        f(a, r);
        if (full) [[likely]] {
#pragma GCC unroll 4
            for (int c = 0; c < copies; c++)
                store_all<V, mask_outputs>(to, i + c * lanes, lanes, r + c * outputs, each_output);
        } else {
            for (int c = 0; c < copies && i + c * lanes < n; c++)
                store_all<V, mask_outputs>(to, i + c * lanes, part(n - i - c * lanes, lanes),
                                           r + c * outputs, each_output);
        }
    }
}

}  // namespace
}  // namespace kajo::cpu
