// Softmax and its relatives over many short rows, or rows along a dimension that is not the last:
// a block of rows is laid out as columns beside each other, and vectors run across them.
#pragma once

#include <algorithm>

#include "core/tensor.h"
#include "cpu/pointwise.h"
#include "cpu/pointwise_table.h"
#include "cpu/reduce.h"
#include "pointwise_ids.h"

namespace kajo::cpu {

// Contiguous tensors (outer, n, inner): rows run along n.
struct Layout {
    int64_t outer = 1, n = 1, inner = 1;
    Layout(const Tensor& t, int64_t dim) {
        for (int64_t d = 0; d < t.dim(); d++) (d < dim ? outer : d == dim ? n : inner) *= t.size(d);
        if (inner == 0) outer = 0, inner = 1;  // no rows, whichever way they are counted
    }
    bool is_by_columns() const {
        return n > 0 && n <= 8192 && (inner >= 8 || (inner == 1 && n <= 48 && outer >= 8));
    }
    // Small tensors are shared out too, large ones in pieces that are worth handing out.
    int64_t elements_of_task() const {
        return std::clamp<int64_t>(outer * n * inner / 16, 8192, 32768);
    }
};

// The tile kernel of a function in the type that is computed in.
inline TileFn tile_of(OpId op, DType computing) {
    return pointwise_op(op).forward.by_type[computing == DType::Float64 ? F64 : F32];
}

constexpr int64_t kMaxColumns = 128;

// A block has n lines of `width` columns, contiguous; the width is a multiple of 16.
struct ColumnFunctions {
    void (*softmax)(void* y, const void* x, int64_t n, int64_t width, TileFn exp);
    void (*log_softmax)(void* y, const void* x, int64_t n, int64_t width, TileFn exp, TileFn log);
    void (*softmax_backward)(void* grad_x, const void* grad, const void* y, int64_t n,
                             int64_t width);
    void (*log_softmax_backward)(void* grad_x, const void* grad, const void* y, int64_t n,
                                 int64_t width, TileFn exp);
    // The largest of each column, and the logarithm of the sum of exp(x - largest).
    void (*log_sum_exp)(void* largest, void* log_sum, const void* x, int64_t n, int64_t width,
                        TileFn exp, TileFn log);
    // y = exp(x - shift) * scale, with a shift and a scale for each column.
    void (*scaled_exp)(void* y, const void* x, const void* shift, const void* scale, int64_t n,
                       int64_t width, TileFn exp);
};
struct ColumnKernels {
    ColumnFunctions f32, f64;
};
// Those of this machine's instruction set.
const ColumnKernels& column_kernels();

inline const ColumnFunctions& column_functions(DType computing) {
    return computing == DType::Float64 ? column_kernels().f64 : column_kernels().f32;
}

// Blocks of columns in the computing type: those of the inputs, then that of the output.
struct ColumnBlock {
    void* data[3];
    int64_t width, count;  // columns from `count` on hold zeros
    int64_t first;         // the row that the first column is, in the order (outer, inner)
};
using ColumnBody = void (*)(void* context, const ColumnBlock& block);
void run_columns(const Layout& layout, DType computing, TensorRefs inputs, const Tensor* output,
                 ColumnBody body, void* context);

template <class F>
void each_column_block(const Layout& layout, DType computing, TensorRefs inputs,
                       const Tensor* output, F&& f) {
    const auto call = [](void* context, const ColumnBlock& block) {
        (*static_cast<std::remove_reference_t<F>*>(context))(block);
    };
    run_columns(layout, computing, inputs, output, call, &f);
}

}  // namespace kajo::cpu
