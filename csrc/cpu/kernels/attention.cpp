// Attention of one entry of a batch: the products of a block of queries with a block of keys.
#include "cpu/attention.h"

#include <cmath>
#include <utility>

#include "cpu/exponentials.h"
#include "cpu/fold.h"
#include "cpu/gemm/pack.h"
#include "cpu/gemm/tile.h"
#include "cpu/scratch.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

// Steps of a product that a tile takes; none where from > to.
struct Steps {
    int64_t from, to;
};
constexpr Steps kNone{1, 0};

template <class T>
struct Attention {
    using S = ComputeType<T>;
    static constexpr int W = kLanes<S>, kColumns = kTileColumns<S>;
    static constexpr int64_t kRows = 112;  // queries at a time
    // Up to so many, laying out the keys takes longer than their products with them.
    static constexpr int64_t kFew = 4;
    static constexpr S kNever = -std::numeric_limits<S>::infinity();

    static int64_t rounded_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }
    // Rows of scores: not a power of two apart, for which the cache has few places.
    static int64_t stride_of(int64_t keys) { return rounded_up(keys, W) + W; }
    static size_t bytes(int64_t elements) { return static_cast<size_t>(elements) * sizeof(S); }
    static const T* row_of(const MatrixPlace& m, int64_t i) {
        return reinterpret_cast<const T*>(m.data) + i * m.row;
    }

    // Rows one after the other in the computing type; as they are where they are that.
    static const S* dense(const MatrixPlace& m, int64_t first, int64_t rows, int64_t columns,
                          S* room) {
        if constexpr (std::is_same_v<S, T>)
            if (m.column == 1 && m.row == columns) return row_of(m, first);
        S* to = room;
        for (int64_t i = 0; i < rows; i++, to += columns) {
            const T* const from = row_of(m, first + i);
            if (m.column == 1)
                for (int64_t j = 0; j < columns; j += W) {
                    const int lanes = static_cast<int>(std::min<int64_t>(W, columns - j));
                    store_first(to + j, load_first(from + j, lanes), lanes);
                }
            else
                for (int64_t j = 0; j < columns; j++) to[j] = static_cast<S>(from[j * m.column]);
        }
        return room;
    }
    // The transpose of so many rows, as panels of columns.
    static void turn(const MatrixPlace& m, int64_t first, int64_t rows, int64_t columns, S* out) {
        for (int64_t j = 0; j < rows; j += kColumns, out += columns * kColumns)
            pack_panel<S>(row_of(m, first + j), m.row, m.column,
                          static_cast<int>(std::min<int64_t>(kColumns, rows - j)), kColumns,
                          columns, out);
    }
    struct Panels {  // of kColumns columns; `next`: from one to the next
        const S* data;
        int64_t row, next;
    };
    static Panels turned(const S* panels, int64_t columns) {
        return {panels, kColumns, columns * kColumns};
    }
    static Panels plain(const S* rows, int64_t columns) { return {rows, columns, kColumns}; }

    // c (rows, columns) = alpha a b, or + c; a(i, k) = a[i * a_row + k * a_step]. steps(i, h, j):
    // those that rows [i, i + h) take at columns from j on.
    template <class F>
    static void multiply(int64_t rows, int64_t columns, const S* a, int64_t a_row, int64_t a_step,
                         Panels b, S* c, int64_t c_row, double alpha, Write write, F&& steps) {
        const int height = tile_rows(rows);
        for (int64_t j = 0; j < columns; j += kColumns, b.data += b.next) {
            const int64_t left = std::min<int64_t>(kColumns, columns - j);
            const int64_t vectors = (left + W - 1) / W;
            for (int64_t i = 0; i < rows; i += height) {
                const int64_t h = std::min<int64_t>(height, rows - i);
                const Steps range = steps(i, h, j);
                if (range.from > range.to) continue;
                kTiles<Multiply<S>, false>[vectors - 1][static_cast<size_t>(h)](
                    {range.to - range.from, a + i * a_row + range.from * a_step, a_row, a_step,
                     b.data + range.from * b.row, b.row, c + i * c_row + j, c_row,
                     static_cast<S>(alpha), S(1), write, first_lanes<S>(left - (vectors - 1) * W)});
            }
        }
    }

    // The queries [first, first + rows) and the keys [key, key + keys), and who sees whom.
    struct Block {
        const AttentionEntry& e;
        int64_t first, rows, key, keys;

        // Keys of the block that its i-th query sees; of several, the last one sees the most.
        int64_t seen(int64_t i) const {
            return e.causal ? std::clamp<int64_t>(first + i + 1 - key, 0, keys) : keys;
        }
        // The first query that sees the block's i-th key.
        int64_t first_to_see(int64_t i) const {
            return e.causal ? std::max<int64_t>(0, key + i - first) : 0;
        }
        // a (rows, n) times the keys' or values' transpose.
        void with_keys(const S* a, const S* panels, int64_t n, double alpha, S* out) const {
            multiply(rows, keys, a, n, 1, turned(panels, n), out, stride_of(keys), alpha,
                     Write::Overwrite, [&](int64_t i, int64_t h, int64_t j) {
                         return j < seen(i + h - 1) ? Steps{0, n} : kNone;
                     });
        }
        // Adds weights (rows, keys) times b (keys, n).
        void along_keys(const S* weights, const S* b, int64_t n, double alpha, S* out) const {
            multiply(rows, n, weights, stride_of(keys), 1, plain(b, n), out, n, alpha,
                     Write::Update,
                     [&](int64_t i, int64_t h, int64_t) { return Steps{0, seen(i + h - 1)}; });
        }
        // Adds the transpose of weights (rows, keys) times b (rows, n).
        void along_queries(const S* weights, const S* b, int64_t n, double alpha, S* out) const {
            multiply(keys, n, weights, 1, stride_of(keys), plain(b, n), out, n, alpha,
                     Write::Update,
                     [&](int64_t i, int64_t, int64_t) { return Steps{first_to_see(i), rows}; });
        }
        void mask(S* scores, int64_t i, int64_t n) const {
            if (!e.mask.data) return;
            const int64_t offset = (first + i) * e.mask.row + key * e.mask.column;
            if (e.bool_mask) {
                const auto* allowed = reinterpret_cast<const uint8_t*>(e.mask.data) + offset;
                for (int64_t j = 0; j < n; j++)
                    scores[j] = allowed[j * e.mask.column] ? scores[j] : kNever;
            } else {
                const S* added = reinterpret_cast<const S*>(e.mask.data) + offset;
                if (e.mask.column == 1)
                    for (int64_t j = 0; j < n; j++) scores[j] += added[j];
                else
                    for (int64_t j = 0; j < n; j++) scores[j] += added[j * e.mask.column];
            }
        }
    };

    // In place exp(row - shift); returns the sum.
    static double exponentials(S* row, int64_t n, S shift, TileFn exp) {
        if constexpr (std::is_same_v<S, float>) return shifted_exponentials(row, row, n, shift);
        map(row, n, [&](auto v) { return v - shift; }, row);
        const void* in[] = {row};
        void* out[] = {row};
        exp(in, out, nullptr, n);
        return fold_run<Add>(row, n);
    }

    // What is known of a query's scores so far.
    struct Running {
        S largest;
        double sum;
    };
    // From scores to exponentials of what they are below the largest; where that has grown, what
    // was summed up before shrinks.
    static void soften(const Block& block, S* scores, int64_t i, Running& running, S* sums) {
        const int64_t seen = block.seen(i);
        block.mask(scores, i, seen);
        const S largest = Larger::fold(running.largest, fold_run<Larger>(scores, seen));
        if (largest == kNever) return std::fill(scores, scores + block.keys, S(0));
        if (largest != running.largest && running.sum != 0) {
            const S factor = std::exp(running.largest - largest);
            running.sum *= static_cast<double>(factor);
            map(sums, block.e.value_size, [&](auto v) { return v * factor; }, sums);
        }
        running.largest = largest;
        running.sum += exponentials(scores, seen, largest, block.e.exp);
        std::fill(scores + seen, scores + block.keys, S(0));
    }

    static void store_row(T* to, const S* from, int64_t n, S scale) {
        for (int64_t j = 0; j < n; j += W) {
            const int lanes = static_cast<int>(std::min<int64_t>(W, n - j));
            store_first(to + j, load_first(from + j, lanes) * broadcast(scale), lanes);
        }
    }
    static void store_rows(const MatrixPlace& m, int64_t first, int64_t rows, int64_t columns,
                           const S* from) {
        for (int64_t i = 0; i < rows; i++)
            store_row(const_cast<T*>(row_of(m, first + i)), from + i * columns, columns, S(1));
    }

    // The products of one query with keys, and with their values.
    static void products(const S* q, const MatrixPlace& k, int64_t key, int64_t keys, int64_t size,
                         S scale, S* scores) {
        for (int64_t j = 0; j < keys; j += W) {
            Vector<S> sums[W];
            for (int l = 0; l < W; l++) {
                const T* row = row_of(k, key + std::min<int64_t>(j + l, keys - 1));
                sums[l] = Vector<S>{};
                for (int64_t d = 0; d < size; d += W) {
                    const int lanes = static_cast<int>(std::min<int64_t>(W, size - d));
                    sums[l] = fma(load_first(row + d, lanes), load_first(q + d, lanes), sums[l]);
                }
            }
            transpose<S>(sums);
            for (int half = W / 2; half; half /= 2)
                for (int l = 0; l < half; l++) sums[l] += sums[l + half];
            store_first(scores + j, sums[0] * broadcast(scale),
                        static_cast<int>(std::min<int64_t>(W, keys - j)));
        }
    }
    static void add_values(const S* weights, const MatrixPlace& v, int64_t key, int64_t keys,
                           int64_t size, S* sums) {
        constexpr int kChains = 4;
        for (int64_t d = 0; d < size; d += kChains * W) {
            Vector<S> chains[kChains];
            int lanes[kChains];
            for (int c = 0; c < kChains; c++) {
                lanes[c] = static_cast<int>(std::clamp<int64_t>(size - d - c * W, 0, W));
                chains[c] = load_first(sums + d + c * W, lanes[c]);
            }
            for (int64_t j = 0; j < keys; j++) {
                const T* row = row_of(v, key + j) + d;
                const Vector<S> weight = broadcast(weights[j]);
#pragma GCC unroll 4
                for (int c = 0; c < kChains; c++)
                    chains[c] = fma(weight, load_first(row + c * W, lanes[c]), chains[c]);
            }
            for (int c = 0; c < kChains; c++) store_first(sums + d + c * W, chains[c], lanes[c]);
        }
    }
    static void attend_few(const Block& block, const S* q, S* scores, Running* running, S* sums) {
        const AttentionEntry& e = block.e;
        for (int64_t i = 0; i < block.rows; i++) {
            if (!block.seen(i)) continue;
            S* const sum = sums + i * e.value_size;
            products(q + i * e.size, e.k, block.key, block.seen(i), e.size, static_cast<S>(e.scale),
                     scores);
            soften(block, scores, i, running[i], sum);
            add_values(scores, e.v, block.key, block.seen(i), e.value_size, sum);
        }
    }

    static void forward(const AttentionEntry& e, int64_t begin, int64_t end) {
        constexpr int64_t kKeys = kAttentionKeys;
        const int64_t rows = end - begin, keys = e.causal ? std::min(e.keys, end) : e.keys;
        const int64_t most = std::min(kKeys, keys);
        const bool few = rows <= kFew && e.k.column == 1 && e.v.column == 1;
        const Scratch query_room(bytes(rows * e.size)),
            value_room(few ? 0 : bytes(most * e.value_size));
        const Scratch key_room(few ? 0 : bytes(rounded_up(most, kColumns) * e.size));
        const Scratch score_room(bytes(std::min(rows, kRows) * stride_of(most)));
        const Scratch sum_room(bytes(rows * e.value_size));
        const Scratch running_room(static_cast<size_t>(rows) * sizeof(Running));
        S* const scores = score_room.as<S>();
        S* const sums = sum_room.as<S>();
        Running* const running = running_room.as<Running>();
        std::fill_n(sums, rows * e.value_size, S(0));
        std::fill_n(running, rows, Running{kNever, 0});
        const S* const q = dense(e.q, begin, rows, e.size, query_room.as<S>());
        for (int64_t key = 0; key < keys; key += kKeys) {
            const int64_t count = std::min(kKeys, keys - key);
            if (few) {
                attend_few({e, begin, rows, key, count}, q, scores, running, sums);
                continue;
            }
            turn(e.k, key, count, e.size, key_room.as<S>());
            const S* const v = dense(e.v, key, count, e.value_size, value_room.as<S>());
            for (int64_t i = 0; i < rows; i += kRows) {
                const Block block{e, begin + i, std::min(kRows, rows - i), key, count};
                if (!block.seen(block.rows - 1)) continue;
                block.with_keys(q + i * e.size, key_room.as<S>(), e.size, e.scale, scores);
                S* const sum = sums + i * e.value_size;
                for (int64_t r = 0; r < block.rows; r++)
                    soften(block, scores + r * stride_of(count), r, running[i + r],
                           sum + r * e.value_size);
                block.along_keys(scores, v, e.value_size, 1.0, sum);
            }
        }
        S* statistics = static_cast<S*>(e.statistics) + 2 * begin;
        for (int64_t i = 0; i < rows; i++) {
            const S scale = running[i].sum == 0 ? S(0) : static_cast<S>(1 / running[i].sum);
            *statistics++ = running[i].largest;
            *statistics++ = scale;
            store_row(const_cast<T*>(row_of(e.y, begin + i)), sums + i * e.value_size, e.value_size,
                      scale);
        }
    }

    // From scores to weights, and from the weights' gradients to the scores'. Weights are those of
    // forward: with the logarithm of the sum instead of the largest score, large scores would lose
    // as many digits as they have before the point.
    static void weigh(const Block& block, S* scores, S* slopes, int64_t i, S along) {
        const int64_t seen = block.seen(i);
        const S* statistics = static_cast<const S*>(block.e.statistics) + 2 * (block.first + i);
        const S largest = statistics[0], scale = statistics[1];
        int64_t known = 0;
        if (scale != 0 && seen) {
            known = seen;
            block.mask(scores, i, seen);
            exponentials(scores, seen, largest, block.e.exp);
            for (int64_t j = 0; j < seen; j += W) {
                const int lanes = static_cast<int>(std::min<int64_t>(W, seen - j));
                const Vector<S> weight = load_first(scores + j, lanes) * broadcast(scale);
                store_first(scores + j, weight, lanes);
                store_first(slopes + j, weight * (load_first(slopes + j, lanes) - broadcast(along)),
                            lanes);
            }
        }
        std::fill(scores + known, scores + block.keys, S(0));
        std::fill(slopes + known, slopes + block.keys, S(0));
    }

    static void backward(const AttentionEntry& e, int64_t begin, int64_t end, void* grad_queries) {
        constexpr int64_t kKeys = kAttentionBackwardKeys;
        const int64_t most = std::min(kKeys, end - begin), rows = std::min(kRows, e.queries);
        const Scratch query_room(bytes(rows * e.size)), grad_room(bytes(rows * e.value_size));
        const Scratch key_room(bytes(most * e.size));
        const Scratch turned_keys(bytes(rounded_up(most, kColumns) * e.size));
        const Scratch turned_values(bytes(rounded_up(most, kColumns) * e.value_size));
        const Scratch score_room(bytes(2 * rows * stride_of(most)));
        const Scratch sum_room(bytes(most * (e.size + e.value_size)));
        const Scratch along_room(bytes(e.queries));
        S* const scores = score_room.as<S>();
        S* const slopes = scores + rows * stride_of(most);
        S* const dk = sum_room.as<S>();
        S* const dv = dk + most * e.size;
        S* const dq = static_cast<S*>(grad_queries);
        S* const along = along_room.as<S>();
        std::fill_n(dq, e.queries * e.size, S(0));
        outputs_along_gradients(e, along);
        for (int64_t key = begin; key < end; key += kKeys) {
            const int64_t count = std::min(kKeys, end - key);
            turn(e.k, key, count, e.size, turned_keys.as<S>());
            turn(e.v, key, count, e.value_size, turned_values.as<S>());
            const S* const k = dense(e.k, key, count, e.size, key_room.as<S>());
            std::fill_n(dk, most * (e.size + e.value_size), S(0));
            for (int64_t i = e.causal ? key / kRows * kRows : 0; i < e.queries; i += kRows) {
                const Block block{e, i, std::min(kRows, e.queries - i), key, count};
                const S* const q = dense(e.q, i, block.rows, e.size, query_room.as<S>());
                const S* const dy = dense(e.dy, i, block.rows, e.value_size, grad_room.as<S>());
                block.with_keys(q, turned_keys.as<S>(), e.size, e.scale, scores);
                block.with_keys(dy, turned_values.as<S>(), e.value_size, 1.0, slopes);
                for (int64_t r = 0; r < block.rows; r++)
                    weigh(block, scores + r * stride_of(count), slopes + r * stride_of(count), r,
                          along[i + r]);
                block.along_queries(scores, dy, e.value_size, 1.0, dv);
                block.along_queries(slopes, q, e.size, e.scale, dk);
                block.along_keys(slopes, k, e.size, e.scale, dq + i * e.size);
            }
            store_rows(e.dk, key, count, e.size, dk);
            store_rows(e.dv, key, count, e.value_size, dv);
        }
    }
    // Of each query the product of its result with the gradient: what its weights' gradients sum
    // up to.
    static void outputs_along_gradients(const AttentionEntry& e, S* along) {
        for (int64_t i = 0; i < e.queries; i++) {
            const T *y = row_of(e.y, i), *dy = row_of(e.dy, i);
            Vector<S> sums{};
            S rest = 0;
            if (e.dy.column == 1)
                for (int64_t j = 0; j < e.value_size; j += W) {
                    const int lanes = static_cast<int>(std::min<int64_t>(W, e.value_size - j));
                    sums = fma(load_first(y + j, lanes), load_first(dy + j, lanes), sums);
                }
            else
                for (int64_t j = 0; j < e.value_size; j++)
                    rest += static_cast<S>(y[j]) * static_cast<S>(dy[j * e.dy.column]);
            along[i] = sum_lanes<S>(sums) + rest;
        }
    }

    static void add_up(const AttentionEntry& e, const void* grad_queries, int64_t count) {
        const S* const from = static_cast<const S*>(grad_queries);
        for (int64_t i = 0; i < e.queries; i++) {
            T* const to = const_cast<T*>(row_of(e.dq, i));
            for (int64_t j = 0; j < e.size; j += W) {
                const int lanes = static_cast<int>(std::min<int64_t>(W, e.size - j));
                Vector<S> sum{};
                for (int64_t p = 0; p < count; p++)
                    sum += load_first(from + (p * e.queries + i) * e.size + j, lanes);
                store_first(to + j, sum, lanes);
            }
        }
    }

    static constexpr AttentionFunctions functions{forward, backward, add_up};
};

}  // namespace

extern const AttentionKernels attention_kernels;
const AttentionKernels attention_kernels{Attention<float>::functions, Attention<double>::functions,
                                         Attention<BFloat16>::functions,
                                         Attention<Half>::functions};

}  // namespace kajo::cpu::KAJO_ISA
