// Matrix times vector: memory decides, so the matrix is read once, in order, without packing.
#pragma once

#include "cpu/gemm/matrix.h"
#include "cpu/gemm/tasks.h"
#include "cpu/scratch.h"

namespace kajo::cpu::KAJO_ISA {

// y[j] = sum over i of x[i] * B[i, j]
template <class T>
struct VectorProduct {
    int64_t n, k;
    const T* x;
    int64_t x_stride;
    const T* b;
    int64_t b_k, b_n;
    T* y;
    int64_t y_stride;
    ComputeType<T> alpha, beta;
    Epilogue<T> epilogue;  // y as one row
};

// Takes sums of columns [j, j + count): scales, adds, runs the epilogue and stores them.
template <class T>
void put_sums(const VectorProduct<T>& p, ComputeType<T>* sums, int64_t j, int64_t count) {
    using S = ComputeType<T>;
    T* const y = p.y + j * p.y_stride;
    for (int64_t i = 0; i < count; i++) {
        sums[i] *= p.alpha;
        if (p.beta != 0) sums[i] += p.beta * S(y[i * p.y_stride]);
    }
    if (!p.epilogue.empty()) p.epilogue.apply(sums, 0, j, count);
    for (int64_t i = 0; i < count; i++) y[i * p.y_stride] = T(sums[i]);
}

// Rows of B adjacent: eight of them are added to the sums in one pass.
template <class T>
void add_rows(const VectorProduct<T>& p, int64_t j0, int64_t count, ComputeType<T>* sums) {
    using S = ComputeType<T>;
    constexpr int W = kLanes<S>, kRows = 8;
    std::fill(sums, sums + count, S(0));
    for (int64_t i = 0; i < p.k; i += kRows) {
        const int rows = int(std::min<int64_t>(kRows, p.k - i));
        Vector<S> x[kRows];
        const T* row[kRows];
        for (int r = 0; r < rows; r++) {
            x[r] = broadcast(S(p.x[(i + r) * p.x_stride]));
            row[r] = p.b + (i + r) * p.b_k + j0;
        }
        for (int64_t j = 0; j < count; j += W) {
            const int lanes = int(std::min<int64_t>(W, count - j));
            Vector<S> even = load_first(sums + j, lanes), odd{};
            if (rows == kRows) {
#pragma GCC unroll 4
                for (int r = 0; r < kRows; r += 2) {
                    __builtin_prefetch(row[r] + j + kRows * p.b_k);
                    __builtin_prefetch(row[r + 1] + j + kRows * p.b_k);
                    even = fma(x[r], load_first(row[r] + j, lanes), even);
                    odd = fma(x[r + 1], load_first(row[r + 1] + j, lanes), odd);
                }
            } else {
                for (int r = 0; r < rows; r++)
                    even = fma(x[r], load_first(row[r] + j, lanes), even);
            }
            store_first(sums + j, even + odd, lanes);
        }
    }
}

template <class T>
ComputeType<T> dot(const ComputeType<T>* x, const T* row, int64_t k) {
    using S = ComputeType<T>;
    constexpr int W = kLanes<S>, kSums = 4;
    Vector<S> sums[kSums] = {};
    int64_t i = 0;
    for (; i + kSums * W <= k; i += kSums * W)
#pragma GCC unroll 4
        for (int s = 0; s < kSums; s++)
            sums[s] = fma(load(x + i + s * W), load_first(row + i + s * W, W), sums[s]);
    for (; i < k; i += W) {
        const int lanes = int(std::min<int64_t>(W, k - i));
        sums[0] = fma(load_first(x + i, lanes), load_first(row + i, lanes), sums[0]);
    }
    return sum_lanes<S>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

template <class T>
void multiply_vector(const VectorProduct<T>& p) {
    using S = ComputeType<T>;
    const double work = double(p.n) * double(p.k) * 4;
    constexpr int64_t kColumns = 512;
    if (p.b_n == 1 && p.n > 1) {
        for_tasks((p.n + kColumns - 1) / kColumns, work, [&](int64_t task) {
            S sums[kColumns];
            const int64_t j = task * kColumns, count = std::min(kColumns, p.n - j);
            add_rows(p, j, count, sums);
            put_sums(p, sums, j, count);
        });
        return;
    }
    const bool copy_x = p.x_stride != 1 || !std::is_same_v<S, T>;
    const Scratch copied(copy_x ? size_t(p.k) * sizeof(S) : 0);
    const S* x = reinterpret_cast<const S*>(p.x);
    if (copy_x) {
        for (int64_t i = 0; i < p.k; i++) copied.as<S>()[i] = S(p.x[i * p.x_stride]);
        x = copied.as<S>();
    }
    constexpr int64_t kTask = 32768, kFew = 4;
    // Few sums over very many steps: pieces of them are tasks, added up in order.
    if (p.b_k == 1 && p.n <= kFew && p.k >= 2 * kTask) {
        const int64_t pieces = (p.k + kTask - 1) / kTask;
        const Scratch parts(size_t(p.n * pieces) * sizeof(S));
        for_tasks(p.n * pieces, work, [&](int64_t task) {
            const int64_t i = task % pieces * kTask;
            parts.as<S>()[task] =
                dot(x + i, p.b + task / pieces * p.b_n + i, std::min(kTask, p.k - i));
        });
        S sums[kFew] = {};
        for (int64_t i = 0; i < p.n * pieces; i++) sums[i / pieces] += parts.as<S>()[i];
        return put_sums(p, sums, 0, p.n);
    }
    const int64_t columns = std::clamp<int64_t>(kTask / p.k, 1, kColumns);
    for_tasks((p.n + columns - 1) / columns, work, [&](int64_t task) {
        S sums[kColumns];
        const int64_t j = task * columns, count = std::min(columns, p.n - j);
        for (int64_t c = 0; c < count; c++) {
            const T* column = p.b + (j + c) * p.b_n;
            if (p.b_k == 1) {
                sums[c] = dot(x, column, p.k);
            } else {
                sums[c] = 0;
                for (int64_t i = 0; i < p.k; i++) sums[c] += x[i] * S(column[i * p.b_k]);
            }
        }
        put_sums(p, sums, j, count);
    });
}

// A product with one row or one column of result.
template <class T>
VectorProduct<T> vector_product(const MatmulArgs& args) {
    using S = ComputeType<T>;
    const auto* a = static_cast<const T*>(args.a);
    const auto* b = static_cast<const T*>(args.b);
    const bool row = args.m == 1;
    VectorProduct<T> p;
    p.n = row ? args.n : args.m;
    p.k = args.k;
    p.x = row ? a : b;
    p.x_stride = row ? args.a_column_stride : args.b_row_stride;
    p.b = row ? b : a;
    p.b_k = row ? args.b_row_stride : args.a_column_stride;
    p.b_n = row ? args.b_column_stride : args.a_row_stride;
    p.y = static_cast<T*>(args.c);
    p.y_stride = row ? 1 : args.c_row_stride;
    p.alpha = S(args.alpha.real());
    p.beta = S(args.beta.real());
    p.epilogue = epilogue_of<T>(args);
    if (!row) std::swap(p.epilogue.bias_row, p.epilogue.bias_column);
    return p;
}

}  // namespace kajo::cpu::KAJO_ISA
