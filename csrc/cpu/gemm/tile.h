// The register tile: rows x vectors of C += A * B, one kernel for each height and width.
#pragma once

#include <array>

#include "cpu/gemm/simd.h"

namespace kajo::cpu::KAJO_ISA {

// How packed elements multiply. A packed element may hold several steps of k.
template <class S>
struct Multiply {
    using Scalar = S;
    static Vector<S> add_product(Vector<S> a, Vector<S> b, Vector<S> c) { return fma(a, b, c); }
};

// Two accumulator vectors a row and as many rows as leave registers for operands.
#if defined(__AVX512F__)
inline constexpr int kTileRows = 14;
#elif defined(__aarch64__)
inline constexpr int kTileRows = 12;
#else
inline constexpr int kTileRows = 6;
#endif
inline constexpr int kTileVectors = 2;
template <class S>
inline constexpr int kTileColumns = kTileVectors * kLanes<S>;

enum class Write : uint8_t {
    Overwrite,  // C = alpha * AB
    Update,     // C = alpha * AB + beta * C
    Continue,   // the sums go on from C, as if k were that much longer
    Stream,     // C = AB past the cache; full, aligned vectors only
};

// Steps of k that begin apart in one operand.
struct TileRun {
    int64_t offset, steps;
};

template <class S>
struct TileCall {
    int64_t k;
    const S* a;
    int64_t a_row, a_k;  // packed panels: 1 and the panel's height
    const S* b;
    int64_t b_k;
    S* c;
    int64_t c_row;
    S alpha, beta;
    Write write;
    LaneBits last;                  // lanes of the last vector
    const S* bias = nullptr;        // added to each row; not by Stream
    const TileRun* runs = nullptr;  // that make up k; null: one from the beginning
    int64_t run_count = 1;
    bool runs_of_a = false;         // rather than of b
    int64_t second = kLanes<S>;     // the second vector of a row of B, from the first
    int64_t sum_steps = INT64_MAX;  // so many steps are summed up apart, then added
    // Takes the result in place of c where the type of product writes 16 bits: alpha * AB + bias.
    uint16_t* narrow = nullptr;
    int64_t narrow_row = 0;
    const uint16_t* narrow_bias = nullptr;
};

// Rounding errors grow with the length of a sum: long ones are taken in parts of about this many
// steps.
inline constexpr int64_t kSumSteps = 96;

// The length of the parts that a sum over k is taken in.
inline int64_t sum_steps(int64_t k) {
    const int64_t parts = std::max<int64_t>(1, (k + kSumSteps / 2) / kSumSteps);
    return (k + parts - 1) / parts;
}

// A packed `b` is zero-padded; the last vector of another is read under its mask. In a packed `a`
// a_row is 1.
template <class M, int ROWS, int VECTORS, bool PACKED, bool PACKED_A>
void tile(const TileCall<typename M::Scalar>& call) {
    using S = typename M::Scalar;
    constexpr int W = kLanes<S>;
    const S* a = call.a;
    const S* b = call.b;
    S* const c = call.c;
    const int64_t a_row = PACKED_A ? 1 : call.a_row, a_k = call.a_k, b_k = call.b_k;
    const int64_t c_row = call.c_row, second = PACKED ? call.second : W;
    const Mask<S> last = mask<S>(call.last);
    Vector<S> sum[ROWS][VECTORS];
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; i++) {
#pragma GCC unroll 2
        for (int j = 0; j < VECTORS; j++) {
            __builtin_prefetch(c + i * c_row + j * W, 1);
            sum[i][j] = Vector<S>{};
        }
    }
    if constexpr (requires { &M::store_narrow; })
        if (call.narrow)
            for (int i = 0; i < ROWS; i++) __builtin_prefetch(call.narrow + i * call.narrow_row, 1);
    if (PACKED && call.write == Write::Continue) {
#pragma GCC unroll 16
        for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 2
            for (int j = 0; j < VECTORS; j++)
                sum[i][j] = j < VECTORS - 1 ? load(c + i * c_row + j * W)
                                            : load(last, c + i * c_row + j * W);
    }
    alignas(kVectorBytes) S parts[ROWS * VECTORS * W];  // sums of the steps before
    bool in_parts = false;
    const TileRun whole{0, call.k};
    const TileRun* run = call.runs ? call.runs : &whole;
    for (int64_t left = call.run_count; left > 0; left--, run++) {
        (call.runs_of_a ? a : b) = (call.runs_of_a ? call.a : call.b) + run->offset;
        for (int64_t steps_left = run->steps;;) {
            const int64_t steps = std::min(steps_left, call.sum_steps);
            for (int64_t k = steps; k > 0; k--) {
                Vector<S> row[VECTORS];
#pragma GCC unroll 2
                for (int j = 0; j < VECTORS; j++)
                    row[j] =
                        !PACKED && j == VECTORS - 1 ? load(last, b + j * W) : load(b + j * second);
#pragma GCC unroll 16
                for (int i = 0; i < ROWS; i++) {
                    const Vector<S> x = broadcast(a[i * a_row]);
#pragma GCC unroll 2
                    for (int j = 0; j < VECTORS; j++)
                        sum[i][j] = M::add_product(x, row[j], sum[i][j]);
                }
                a += a_k;
                b += b_k;
            }
            if ((steps_left -= steps) <= 0) break;
#pragma GCC unroll 16
            for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 2
                for (int j = 0; j < VECTORS; j++) {
                    S* const part = parts + (i * VECTORS + j) * W;
                    store(part, in_parts ? load(part) + sum[i][j] : sum[i][j]);
                    sum[i][j] = Vector<S>{};
                }
            in_parts = true;
        }
    }
    if (in_parts)
#pragma GCC unroll 16
        for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 2
            for (int j = 0; j < VECTORS; j++)
                sum[i][j] = load(parts + (i * VECTORS + j) * W) + sum[i][j];
    if constexpr (requires { &M::store_narrow; })
        if (call.narrow) {
            const Vector<S> alpha = broadcast(call.alpha);
#pragma GCC unroll 2
            for (int j = 0; j < VECTORS; j++) {
                const LaneBits lanes = j < VECTORS - 1 ? first_lanes<S>(W) : call.last;
                const Vector<S> bias = call.narrow_bias
                                           ? M::load_narrow(call.narrow_bias + j * W, lanes)
                                           : broadcast(S(-0.0));
#pragma GCC unroll 16
                for (int i = 0; i < ROWS; i++)
                    M::store_narrow(call.narrow + i * call.narrow_row + j * W,
                                    sum[i][j] * alpha + bias, lanes);
            }
            return;
        }
    if (PACKED && call.write == Write::Stream) {
#pragma GCC unroll 16
        for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 2
            for (int j = 0; j < VECTORS; j++) stream(c + i * c_row + j * W, sum[i][j]);
        return;
    }
    const Vector<S> alpha = broadcast(call.alpha), beta = broadcast(call.beta);
    const bool update = call.write == Write::Update;
    Vector<S> bias[VECTORS];
#pragma GCC unroll 2
    for (int j = 0; j < VECTORS; j++)
        bias[j] = !call.bias        ? broadcast(S(-0.0))  // which changes no number
                  : j < VECTORS - 1 ? load(call.bias + j * W)
                                    : load(last, call.bias + j * W);
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; i++) {
#pragma GCC unroll 2
        for (int j = 0; j < VECTORS; j++) {
            S* p = c + i * c_row + j * W;
            Vector<S> v = sum[i][j] * alpha;
            if (j < VECTORS - 1) {
                if (update) v = fma(load(p), beta, v);
                store(p, v + bias[j]);
            } else {
                if (update) v = fma(load(last, p), beta, v);
                store(last, p, v + bias[j]);
            }
        }
    }
}

template <class S>
using TileKernel = void (*)(const TileCall<S>&);

template <class M, int VECTORS, bool PACKED, bool PACKED_A, size_t... I>
constexpr std::array<TileKernel<typename M::Scalar>, kTileRows + 1> tiles_of_width(
    std::index_sequence<I...>) {
    return {nullptr, tile<M, int(I) + 1, VECTORS, PACKED, PACKED_A>...};
}

// kTiles<M, PACKED, PACKED_A>[vectors - 1][rows]
template <class M, bool PACKED, bool PACKED_A = PACKED>
inline constexpr std::array<TileKernel<typename M::Scalar>, kTileRows + 1> kTiles[kTileVectors] = {
    tiles_of_width<M, 1, PACKED, PACKED_A>(std::make_index_sequence<kTileRows>()),
    tiles_of_width<M, 2, PACKED, PACKED_A>(std::make_index_sequence<kTileRows>()),
};

// Height with the fewest padded rows, then the tallest.
inline int tile_rows(int64_t m) {
    if (m <= kTileRows) return int(std::max<int64_t>(m, 1));
    int best = kTileRows;
    int64_t least = INT64_MAX;
    for (int rows = kTileRows; rows >= kTileRows * 4 / 7; rows--) {
        // A tile costs about one row more than its height.
        const int64_t cost = (m + rows - 1) / rows * (rows + 1);
        if (cost < least) {
            least = cost;
            best = rows;
        }
    }
    return best;
}

}  // namespace kajo::cpu::KAJO_ISA
