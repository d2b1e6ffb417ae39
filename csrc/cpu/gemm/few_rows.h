// Few rows times a matrix whose columns lie adjacent in memory, as weights of linear layers do: the
// matrix is read once, in order, without packing.
#pragma once

#include "cpu/gemm/matrix.h"
#include "cpu/gemm/tasks.h"

namespace kajo::cpu::KAJO_ISA {

inline constexpr int64_t kMostRows = 16;

// Operands in packed elements (see tile.h); k is adjacent in both.
template <class S>
struct FewRows {
    int64_t m, n, k;
    const S* a;
    int64_t a_row;
    const S* b;
    int64_t b_column;
};

// The sums of `count` vectors, in order. Each round halves the parts of a sum and doubles the sums
// in a vector.
template <class S, int count>
inline __attribute__((always_inline)) Vector<S> sum_each(Vector<S>* v) {
    if constexpr (count > 1) {
        constexpr auto lanes = std::make_integer_sequence<int, kLanes<S>>();
#pragma GCC unroll 8
        for (int i = 0; i < count / 2; i++)
            v[i] = interleave<S, 0>(v[i], v[i + count / 2], lanes) +
                   interleave<S, 1>(v[i], v[i + count / 2], lanes);
        return sum_each<S, count / 2>(v);
    }
    return v[0];
}

// ROWS x (lanes / ROWS) sums at a time, row by row in the lanes of the result.
// Of `rows`, packed by packed_rows.
template <class M, int ROWS, class S = typename M::Scalar>
Vector<S> sums_of_columns(const S* rows, const S* b, int64_t b_column, int64_t columns, int64_t k) {
    constexpr int W = kLanes<S>, kColumns = W / ROWS;
    // The next columns' part of this block of k is no stream that hardware follows.
    const int64_t ahead = columns > kColumns ? kColumns * b_column : 0;
    const S* column[kColumns];
    for (int j = 0; j < kColumns; j++) column[j] = b + std::min<int64_t>(j, columns - 1) * b_column;
    Vector<S> sums[W] = {};
    for (int64_t i = 0; i < k; i += W, rows += ROWS * W) {
        const int lanes = int(std::min<int64_t>(W, k - i));
        Vector<S> x[ROWS];
#pragma GCC unroll 8
        for (int r = 0; r < ROWS; r++) x[r] = load(rows + r * W);
#pragma GCC unroll 16
        for (int j = 0; j < kColumns; j++) {
            __builtin_prefetch(column[j] + ahead + i, 0, 2);
            const Vector<S> y = load_first(column[j] + i, lanes);
#pragma GCC unroll 8
            for (int r = 0; r < ROWS; r++)
                sums[r * kColumns + j] = M::add_product(x[r], y, sums[r * kColumns + j]);
        }
    }
    return sum_each<S, W>(sums);
}

// A vector of each row in turn: rows far apart would compete for the same few places of the cache.
template <int ROWS, class S>
void pack_few_rows(const FewRows<S>& p, int64_t row, int64_t k0, int64_t k, S* out) {
    constexpr int W = kLanes<S>;
    for (int64_t i = 0; i < k; i += W)
        for (int64_t r = row; r < row + ROWS; r++, out += W)
            store(out, load_first(p.a + std::min(r, p.m - 1) * p.a_row + k0 + i,
                                  int(std::min<int64_t>(W, k - i))));
}

// The sums of one row.
template <int ROWS, class S>
void take_row(const S* sums, int64_t row, int64_t columns, S alpha, S* values) {
    constexpr int W = kLanes<S>, kColumns = W / ROWS;
    for (int64_t j = 0; j < columns; j++)
        values[j] = alpha * sums[j / kColumns * W + row * kColumns + j % kColumns];
}

template <class M, int ROWS, class T, class S = typename M::Scalar>
void multiply_few_rows(const FewRows<S>& p, const MatrixSink<T>& sink) {
    constexpr int W = kLanes<S>, kColumns = W / ROWS;
    constexpr int64_t kTaskColumns = 64, kGroups = kMostRows / ROWS;
    constexpr int64_t kSteps = 256, kPackedSteps = kSteps * kMostRows;
    const int64_t groups = (p.m + ROWS - 1) / ROWS, most_steps = groups == 1 ? 2 * kSteps : kSteps;
    const double work = double(p.m) * double(p.n) * double(p.k);
    for_tasks((p.n + kTaskColumns - 1) / kTaskColumns, work, [&](int64_t task) {
        const int64_t column = task * kTaskColumns, columns = std::min(kTaskColumns, p.n - column);
        S sums[kGroups][kTaskColumns * ROWS] = {}, rows[kPackedSteps], values[kTaskColumns];
        for (int64_t k0 = 0; k0 < p.k; k0 += most_steps) {
            const int64_t k = std::min(most_steps, p.k - k0);
            for (int64_t g = 0; g < groups; g++)
                pack_few_rows<ROWS>(p, g * ROWS, k0, k, rows + g * most_steps * ROWS);
            // One group after the other takes the columns while they are near.
            const S* b = p.b + column * p.b_column + k0;
            for (int64_t j = 0; j < columns; j += kColumns, b += kColumns * p.b_column)
                for (int64_t g = 0; g < groups; g++) {
                    S* const sum = sums[g] + j * ROWS;
                    const S* const group = rows + g * most_steps * ROWS;
                    store(sum, load(sum) +
                                   sums_of_columns<M, ROWS>(group, b, p.b_column, columns - j, k));
                }
        }
        for (int64_t row = 0; row < p.m; row++) {
            take_row<ROWS>(sums[row / ROWS], row % ROWS, columns, sink.alpha, values);
            sink.put_row(values, row, column, columns);
        }
    });
}

inline bool has_few_rows(const MatmulArgs& args) {
    constexpr int64_t kFewestSteps = 128;
    return args.m <= kMostRows && args.k >= kFewestSteps && args.a_column_stride == 1 &&
           args.b_row_stride == 1;
}

// `packed` values lie in an element.
template <class S>
FewRows<S> few_rows(const MatmulArgs& args, int64_t packed) {
    return {args.m,
            args.n,
            args.k / packed,
            static_cast<const S*>(args.a),
            args.a_row_stride / packed,
            static_cast<const S*>(args.b),
            args.b_column_stride / packed};
}

template <class M, class T, class S = typename M::Scalar>
void multiply_few_rows(const FewRows<S>& p, const MatmulArgs& args) {
    constexpr int kMost = std::min(8, kLanes<S>), kSome = std::min(4, kMost);
    MatrixSink<T> sink = sink_of<T>(args);
    sink.epilogue = epilogue_of<T>(args);  // no tile adds the bias
    const auto multiply = p.m > kSome ? multiply_few_rows<M, kMost, T>
                          : p.m > 2   ? multiply_few_rows<M, kSome, T>
                                      : multiply_few_rows<M, 2, T>;
    multiply(p, sink);
}

}  // namespace kajo::cpu::KAJO_ISA
