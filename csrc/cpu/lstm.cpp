#include "cpu/lstm.h"

#include <cstring>

#include "core/parallel.h"
#include "cpu/gemm/gemm.h"
#include "cpu/isa.h"
#include "cpu/panels.h"
#include "cpu/pointwise.h"
#include "cpu/scratch.h"
#include "pointwise_ids.h"

namespace kajo::cpu {

namespace baseline {
extern const LstmKernels lstm_kernels;
}
#if KAJO_X86
namespace avx2 {
extern const LstmKernels lstm_kernels;
}
namespace avx512 {
extern const LstmKernels lstm_kernels;
}
#endif

const LstmKernels& lstm_kernels() {
    return of_cpu_isa(baseline::lstm_kernels, avx2::lstm_kernels, avx512::lstm_kernels);
}

namespace {

// Sequences do not depend on each other: so many of a batch at most go through all steps on their
// own, in an even number of parts where there are enough for two.
constexpr int64_t kSequences = 16, kEnoughForTwo = 12;

struct Layer {
    Layer(const Tensor& like, int64_t batch, const LstmAttributes& how)
        : type(like.dtype()),
          width(like.item_size()),
          batch(batch),
          n(like.size(-1)),
          how(how),
          functions(type == DType::Float64 ? lstm_kernels().f64 : lstm_kernels().f32),
          panels(type == DType::Float64 ? panel_kernels().f64 : panel_kernels().f32) {
        const int64_t pairs = (batch + 2 * kSequences - 1) / (2 * kSequences);
        part = batch < kEnoughForTwo ? batch : (batch + 2 * pairs - 1) / (2 * pairs);
    }
    // The step that is taken as number `i`.
    int64_t step(int64_t i) const { return how.reverse ? how.steps - 1 - i : i; }
    // Row (step, sequence) of a tensor of `columns` columns.
    char* row(const Tensor& t, int64_t step, int64_t sequence, int64_t columns) const {
        return static_cast<char*>(t.raw_data()) + (step * batch + sequence) * columns * width;
    }
    // The state before the i-th step.
    const char* before(const Tensor& states, const Tensor& first, int64_t i,
                       int64_t sequence) const {
        return i ? row(states, step(i - 1), sequence, n) : row(first, 0, sequence, n);
    }
    TileFn tile(OpId op) const {
        return pointwise_op(op).forward.by_type[type == DType::Float64 ? F64 : F32];
    }
    // c (rows, columns) = a b + beta c; all rows follow on each other.
    void multiply(int64_t rows, int64_t columns, int64_t k, const void* a, int64_t a_row,
                  int64_t a_column, const void* b, int64_t b_row, int64_t b_column, void* c,
                  double beta) const {
        MatmulArgs args;
        args.type = type;
        args.m = rows;
        args.n = columns;
        args.k = k;
        args.a = a;
        args.a_row_stride = a_row;
        args.a_column_stride = a_column;
        args.b = b;
        args.b_row_stride = b_row;
        args.b_column_stride = b_column;
        args.c = c;
        args.c_row_stride = columns;
        args.beta = beta;
        matmul(args);
    }

    DType type;
    int64_t width, batch, n;
    LstmAttributes how;
    const LstmFunctions& functions;
    const PanelFunctions& panels;
    int64_t part;
};

}  // namespace

void lstm(TensorRefs out, TensorRefs in, const void* attributes) {
    const Layer layer(out[0], in[1].size(0), *static_cast<const LstmAttributes*>(attributes));
    const int64_t n = layer.n;
    // Laid out as every step's product reads it.
    const bool single = layer.batch == 1;  // a product with a vector reads the weights as they are
    const Scratch weights(single ? 0 : layer.panels.bytes(n, 4 * n));
    if (!single) layer.panels.pack(in[3].raw_data(), 1, n, n, 4 * n, weights.data());
    const TileFn sigmoid = layer.tile(OpId::sigmoid), tanh = layer.tile(OpId::tanh);
    parallel_ranges(layer.batch, layer.part, [&](int64_t begin, int64_t end) {
        for (int64_t i = 0; i < layer.how.steps; i++) {
            const int64_t step = layer.step(i), rows = end - begin;
            char* const gates = layer.row(out[2], step, begin, 4 * n);
            std::memcpy(gates, layer.row(in[0], step, begin, 4 * n),
                        static_cast<size_t>(rows * 4 * n * layer.width));
            const char* const hidden = layer.before(out[0], in[1], i, begin);
            if (single)
                layer.multiply(1, 4 * n, n, hidden, n, 1, in[3].raw_data(), 1, n, gates, 1.0);
            else
                layer.panels.multiply(hidden, weights.data(), gates, rows, 4 * n, n, true);
            for (int64_t s = begin; s < end; s++)
                layer.functions.forward(
                    layer.row(out[2], step, s, 4 * n), layer.before(out[1], in[2], i, s),
                    layer.row(out[1], step, s, n), layer.row(out[0], step, s, n), n, sigmoid, tanh);
        }
    });
}

void lstm_backward(TensorRefs out, TensorRefs in, const void* attributes) {
    const Tensor &grad_hidden = out[1], &grad_cell = out[2];
    const Tensor &hidden = in[1], &cell = in[2], &states = in[4], &cells = in[5], &gates = in[6];
    const Layer layer(states, hidden.size(0), *static_cast<const LstmAttributes*>(attributes));
    const int64_t n = layer.n, batch = layer.batch, steps = layer.how.steps;
    const TileFn tanh = layer.tile(OpId::tanh);
    const bool single = batch == 1;
    const Scratch weights(single ? 0 : layer.panels.bytes(4 * n, n));
    if (!single) layer.panels.pack(in[3].raw_data(), n, 1, 4 * n, n, weights.data());
    std::memset(grad_hidden.raw_data(), 0, static_cast<size_t>(batch * n * layer.width));
    parallel_ranges(batch, layer.part, [&](int64_t begin, int64_t end) {
        for (int64_t i = steps; i-- > 0;) {
            const int64_t step = layer.step(i);
            for (int64_t s = begin; s < end; s++)
                layer.functions.backward(
                    layer.row(out[0], step, s, 4 * n), layer.row(grad_cell, 0, s, n),
                    layer.row(in[0], step, s, n), layer.row(grad_hidden, 0, s, n),
                    layer.row(gates, step, s, 4 * n), layer.before(cells, cell, i, s),
                    layer.row(cells, step, s, n), n, tanh);
            const char* const grad_gates = layer.row(out[0], step, begin, 4 * n);
            char* const grad_before = layer.row(grad_hidden, 0, begin, n);
            if (single)
                layer.multiply(1, n, 4 * n, grad_gates, 4 * n, 1, in[3].raw_data(), n, 1,
                               grad_before, 0.0);
            else
                layer.panels.multiply(grad_gates, weights.data(), grad_before, end - begin, n,
                                      4 * n, false);
        }
    });
    // The gradient of the weights: every step's gates meet the state before it.
    const int64_t later = layer.how.reverse ? 0 : 1;
    layer.multiply(4 * n, n, batch, layer.row(out[0], layer.step(0), 0, 4 * n), 1, 4 * n,
                   hidden.raw_data(), n, 1, out[3].raw_data(), 0.0);
    if (steps > 1)
        layer.multiply(4 * n, n, (steps - 1) * batch, layer.row(out[0], later, 0, 4 * n), 1, 4 * n,
                       layer.row(states, 1 - later, 0, n), n, 1, out[3].raw_data(), 1.0);
}

}  // namespace kajo::cpu
