#include "cpu/attention.h"

#include <algorithm>

#include "core/parallel.h"
#include "core/shape.h"
#include "cpu/gemm/gemm.h"
#include "cpu/move.h"
#include "cpu/pointwise.h"
#include "cpu/rows.h"
#include "cpu/scratch.h"
#include "pointwise_ids.h"

namespace kajo::cpu {

namespace {

// A matrix somewhere in a tensor.
struct Matrix {
    char* data = nullptr;
    int64_t row = 0, column = 0;  // strides in elements
    Matrix rows_from(int64_t i, int64_t bytes) const {
        return {data + i * row * bytes, row, column};
    }
    Matrix turned() const { return {data, column, row}; }
};

// One matrix an entry of the batch, in the batch's order.
Matrix matrix_of(const Tensor& t, IntSpan batch, int64_t index) {
    if (!t.defined()) return {};
    const size_t n = t.sizes().size();
    int64_t offset = 0;
    for (size_t d = batch.size(); d-- > 0;) {
        offset += index % batch[d] * t.strides()[d];
        index /= batch[d];
    }
    return {static_cast<char*>(t.raw_data()) + offset * t.item_size(), t.strides()[n - 2],
            t.strides()[n - 1]};
}

struct Problem {
    DType type;
    int64_t item, queries, keys, size, value_size, batch;
    Dims batch_sizes;
    double scale;
    bool causal;
    const RowFunctions* rows;
    TileFn exp;
    int64_t block;  // queries at a time

    Problem(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionAttributes& given)
        : type(q.dtype()),
          item(q.item_size()),
          queries(q.size(-2)),
          keys(k.size(-2)),
          size(q.size(-1)),
          value_size(v.size(-1)),
          batch_sizes(q.sizes().data(), q.sizes().size() - 2),
          scale(given.scale),
          causal(given.causal),
          rows(type == DType::Float32 ? &row_kernels().f32 : &row_kernels().f64) {
        batch = numel_of(batch_sizes);
        exp = pointwise_op(OpId::exp).forward.by_type[type == DType::Float64 ? F64 : F32];
        // A block's scores fit the second level of cache; products want some rows in any case.
        // Of few causal ones, smaller blocks leave out more of what is not seen.
        constexpr int64_t kScores = int64_t{1} << 18, kFewest = 16, kFewQueries = 128;
        const int64_t most = causal && queries <= kFewQueries ? 32 : 64;
        block = std::clamp(kScores / std::max<int64_t>(keys, 1) / 16 * 16, kFewest, most);
        block = std::min(block, std::max<int64_t>(queries, 1));
    }
    // Blocks that share what a task prepares.
    static constexpr int64_t kTaskBlocks = 4;
    int64_t tasks() const { return (blocks() + kTaskBlocks - 1) / kTaskBlocks; }
    int64_t blocks() const { return (queries + block - 1) / block; }
    // Keys that queries up to `last` see.
    int64_t visible(int64_t last) const { return causal ? std::min(keys, last + 1) : keys; }
};

void product(const Problem& p, int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, Matrix c,
             double alpha, double beta) {
    MatmulArgs args;
    args.type = p.type;
    args.m = m;
    args.n = n;
    args.k = k;
    args.a = a.data;
    args.a_row_stride = a.row;
    args.a_column_stride = a.column;
    args.b = b.data;
    args.b_row_stride = b.row;
    args.b_column_stride = b.column;
    args.c = c.data;
    args.c_row_stride = c.row;
    args.alpha = alpha;
    args.beta = beta;
    matmul(args);
}

template <class T>
void add_mask(T* scores, const T* mask, int64_t stride, int64_t n) {
    if (stride == 1)
        for (int64_t i = 0; i < n; i++) scores[i] += mask[i];
    else
        for (int64_t i = 0; i < n; i++) scores[i] += mask[i * stride];
}

// A matrix with rows and columns exchanged: laid out anew where many products read it.
class Turned {
  public:
    Turned(const Problem& p, Matrix m, int64_t rows, int64_t columns)
        : memory_(p.queries < kWorthIt ? 0 : static_cast<size_t>(rows * columns * p.item)),
          turned_(m.turned()) {
        if (p.queries < kWorthIt) return;
        turned_ = {memory_.as<char>(), rows, 1};
        move_of(p.type)(turned_.data, rows, 1, m.data, m.column, m.row, columns, rows);
    }
    Matrix matrix() const { return turned_; }

  private:
    static constexpr int64_t kWorthIt = 16;
    Scratch memory_;
    Matrix turned_;
};

// The scores of queries [first, first + rows): scale * q k' + mask.
template <class T>
void score_block(const Problem& p, int64_t first, int64_t rows, int64_t keys, Matrix q,
                 Matrix k_turned, Matrix mask, T* scores) {
    product(p, rows, keys, p.size, q.rows_from(first, p.item), k_turned,
            {reinterpret_cast<char*>(scores), keys, 1}, p.scale, 0.0);
    if (!mask.data) return;
    for (int64_t i = 0; i < rows; i++)
        add_mask(scores + i * keys,
                 reinterpret_cast<const T*>(mask.rows_from(first + i, p.item).data), mask.column,
                 keys);
}

// From scores to weights. Backward makes them again in the same way: with the logarithm of their
// sum instead, large scores would lose as many digits as they have before the point. A query that
// sees no key has no weights, not those of 0 / 0.
template <class T>
void weigh(const Problem& p, T* scores, int64_t first, int64_t rows, int64_t keys) {
    for (int64_t i = 0; i < rows; i++)
        p.rows->attention_weights(scores + i * keys, p.visible(first + i), keys, p.exp);
}

template <class T>
void forward(const Problem& p, TensorRefs out, TensorRefs in) {
    parallel_for(p.batch * p.tasks(), [&](int64_t task) {
        const int64_t index = task / p.tasks(), begin = task % p.tasks() * Problem::kTaskBlocks;
        const int64_t end = std::min(p.blocks(), begin + Problem::kTaskBlocks);
        const auto matrix = [&](const Tensor& t) { return matrix_of(t, p.batch_sizes, index); };
        const Turned k(p, matrix(in[1]), p.visible(end * p.block - 1), p.size);
        for (int64_t b = begin; b < end; b++) {
            const int64_t first = b * p.block, rows = std::min(p.block, p.queries - first);
            const int64_t keys = p.visible(first + rows - 1);
            const Scratch scratch(static_cast<size_t>(rows * keys * p.item));
            T* const scores = scratch.as<T>();
            score_block(p, first, rows, keys, matrix(in[0]), k.matrix(), matrix(in[3]), scores);
            weigh(p, scores, first, rows, keys);
            product(p, rows, p.value_size, keys, {scratch.as<char>(), keys, 1}, matrix(in[2]),
                    matrix(out[0]).rows_from(first, p.item), 1.0, 0.0);
        }
    });
}

// All queries of one entry in order, so that sums over them do not depend on threads.
template <class T>
void backward_entry(const Problem& p, TensorRefs out, TensorRefs in, int64_t index) {
    const auto matrix = [&](const Tensor& t) { return matrix_of(t, p.batch_sizes, index); };
    const Matrix dy = matrix(in[0]), q = matrix(in[1]), k = matrix(in[2]), v = matrix(in[3]);
    const Matrix dq = matrix(out[0]), dk = matrix(out[1]), dv = matrix(out[2]);
    const Scratch scratch(static_cast<size_t>(2 * p.block * p.keys * p.item));
    T* const weights = scratch.as<T>();
    T* const slopes = weights + p.block * p.keys;
    const Turned k_turned(p, k, p.keys, p.size), v_turned(p, v, p.keys, p.value_size);
    if (p.causal && p.queries < p.keys)
        for (int64_t i = p.queries; i < p.keys; i++) {
            std::fill_n(reinterpret_cast<T*>(dk.rows_from(i, p.item).data), p.size, T(0));
            std::fill_n(reinterpret_cast<T*>(dv.rows_from(i, p.item).data), p.value_size, T(0));
        }
    // From the last block on: the first one to write sees all the keys that any block sees.
    for (int64_t b = p.blocks(); b-- > 0;) {
        const int64_t first = b * p.block, rows = std::min(p.block, p.queries - first);
        const int64_t keys = p.visible(first + rows - 1);
        const double beta = b == p.blocks() - 1 ? 0.0 : 1.0;
        score_block(p, first, rows, keys, q, k_turned.matrix(), matrix(in[4]), weights);
        weigh(p, weights, first, rows, keys);
        const Matrix w{reinterpret_cast<char*>(weights), keys, 1};
        const Matrix s{reinterpret_cast<char*>(slopes), keys, 1};
        const Matrix grad = dy.rows_from(first, p.item);
        product(p, keys, p.value_size, rows, w.turned(), grad, dv, 1.0, beta);
        product(p, rows, keys, p.value_size, grad, v_turned.matrix(), s, 1.0, 0.0);
        for (int64_t i = 0; i < rows; i++)
            p.rows->softmax_backward(slopes + i * keys, slopes + i * keys, weights + i * keys,
                                     keys);
        product(p, rows, p.size, keys, s, k, dq.rows_from(first, p.item), p.scale, 0.0);
        product(p, keys, p.size, rows, s.turned(), q.rows_from(first, p.item), dk, p.scale, beta);
    }
}

}  // namespace

void attention(TensorRefs out, TensorRefs in, const void* attributes) {
    const Problem p(in[0], in[1], in[2], *static_cast<const AttentionAttributes*>(attributes));
    if (p.batch == 0 || p.queries == 0) return;
    if (p.type == DType::Float32)
        forward<float>(p, out, in);
    else
        forward<double>(p, out, in);
}

void attention_backward(TensorRefs out, TensorRefs in, const void* attributes) {
    const Problem p(in[1], in[2], in[3], *static_cast<const AttentionAttributes*>(attributes));
    if (p.batch == 0 || p.queries == 0) return;
    parallel_for(p.batch, [&](int64_t index) {
        if (p.type == DType::Float32)
            backward_entry<float>(p, out, in, index);
        else
            backward_entry<double>(p, out, in, index);
    });
}

}  // namespace kajo::cpu
