#include "cpu/recurrence.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/error.h"
#include "core/parallel.h"
#include "cpu/gemm/gemm.h"
#include "cpu/isa.h"
#include "cpu/panels.h"
#include "cpu/pointwise.h"
#include "cpu/scratch.h"
#include "pointwise_ids.h"

namespace kajo::cpu {

namespace baseline {
extern const CellKernels cell_kernels;
}
#if KAJO_X86
namespace avx2 {
extern const CellKernels cell_kernels;
}
namespace avx512 {
extern const CellKernels cell_kernels;
}
#endif

const CellKernels& cell_kernels() {
    return of_cpu_isa(baseline::cell_kernels, avx2::cell_kernels, avx512::cell_kernels);
}

namespace {

// Sequences do not depend on each other: so many of a batch at most go through all steps on their
// own, in an even number of parts where there are enough for two.
constexpr int64_t kSequences = 16, kEnoughForTwo = 12;
// Weights that do not fit beside a core are divided instead, by units: all sequences take a step
// together. So are few sequences with enough work in a step.
constexpr int64_t kUnits = 64, kFarWeights = int64_t{1} << 20, kStepWork = int64_t{1} << 20;
constexpr int64_t kRowsOfCells = 8192;  // units that are worth a thread

// Sequences [from, to) and their units [unit, unit + units).
struct Part {
    int64_t from, to, unit, units;
};

struct Layer {
    Layer(const Tensor& rows, const Tensor& state, const Tensor& row_counts,
          const RecurrentAttributes& how)
        : type(state.dtype()),
          width(state.item_size()),
          batch(state.size(0)),
          n(state.size(1)),
          kind(layout_of(how.kind)),
          reverse(how.reverse),
          functions(type == DType::Float64 ? cell_kernels().f64 : cell_kernels().f32),
          panels(type == DType::Float64 ? panel_kernels().f64 : panel_kernels().f32),
          gates(kind.gates * n) {
        steps = row_counts.defined() ? row_counts.size(0) : batch ? rows.size(0) / batch : 0;
        offsets.reserve(static_cast<size_t>(steps) + 1);
        offsets.push_back(0);
        const auto* sizes =
            row_counts.defined() ? static_cast<const int64_t*>(row_counts.raw_data()) : nullptr;
        int64_t largest = batch;
        for (int64_t i = 0; i < steps; i++) {
            const int64_t size = sizes ? sizes[i] : batch;
            check(size >= 0 && size <= largest && (i || size == batch),
                  "recurrent_layer(): expected steps of no more rows than the step before, the "
                  "first of the state's ",
                  batch, ", but step ", i, " has ", size);
            offsets.push_back(offsets.back() + (largest = size));
        }
        check(offsets.back() == rows.size(0), "recurrent_layer(): the steps have ", offsets.back(),
              " rows together, but the input has ", rows.size(0));
        // What is not used again is not laid out anew; one sequence alone reads it as it is.
        single = batch == 1 || steps == 1;
        const int64_t weights = gates * n;
        by_units = !single && n >= 2 * kUnits &&
                   (weights * width > kFarWeights ||
                    (batch < kEnoughForTwo && batch * weights > kStepWork));
    }

    int64_t step(int64_t i) const { return reverse ? steps - 1 - i : i; }
    int64_t size(int64_t i) const {  // sequences that take the i-th step
        const auto at = static_cast<size_t>(step(i));
        return offsets[at + 1] - offsets[at];
    }
    // Those of them that have taken the step before.
    int64_t older(int64_t i) const { return i ? std::min(size(i), size(i - 1)) : 0; }
    char* row(const Tensor& t, int64_t i, int64_t sequence, int64_t columns) const {
        return static_cast<char*>(t.raw_data()) +
               (offsets[static_cast<size_t>(step(i))] + sequence) * columns * width;
    }
    char* state_row(const Tensor& t, int64_t sequence) const {
        return static_cast<char*>(t.raw_data()) + sequence * n * width;
    }
    // The state before the i-th step.
    const char* before(const Tensor& states, const Tensor& first, int64_t i,
                       int64_t sequence) const {
        return sequence < older(i) ? row(states, i - 1, sequence, n) : state_row(first, sequence);
    }
    TileFn tile(OpId op) const {
        return pointwise_op(op).forward.by_type[type == DType::Float64 ? F64 : F32];
    }
    // Calls products(part, i) and then cells(part, i) for all i in order, on several cores where
    // that pays.
    template <class P, class C>
    void walk(int64_t count, P&& products, C&& cells) const {
        if (single) {  // products share themselves out
            const int64_t rows = std::max<int64_t>(1, kRowsOfCells / std::max<int64_t>(n, 1));
            for (int64_t i = 0; i < count; i++) {
                products(Part{0, batch, 0, n}, i);
                parallel_ranges(batch, rows, [&](int64_t begin, int64_t end) {
                    cells(Part{begin, end, 0, n}, i);
                });
            }
            return;
        }
        if (by_units) {
            for (int64_t i = 0; i < count; i++)
                parallel_ranges(n, kUnits, [&](int64_t begin, int64_t end) {
                    const Part part{0, batch, begin, end - begin};
                    products(part, i);
                    cells(part, i);
                });
            return;
        }
        const int64_t pairs = (batch + 2 * kSequences - 1) / (2 * kSequences);
        const int64_t each = batch < kEnoughForTwo ? batch : (batch + 2 * pairs - 1) / (2 * pairs);
        parallel_ranges(batch, each, [&](int64_t begin, int64_t end) {
            const Part part{begin, end, 0, n};
            for (int64_t i = 0; i < count; i++) {
                products(part, i);
                cells(part, i);
            }
        });
    }
    // b (k, n) as panels, for all steps.
    void lay_out(const void* b, int64_t row_stride, int64_t column_stride, int64_t k,
                 char* to) const {
        constexpr int64_t kElements = 1 << 16;
        const int64_t columns = (kElements / (k * kUnits) + 1) * kUnits;
        parallel_ranges(n, columns, [&](int64_t begin, int64_t end) {
            panels.pack(static_cast<const char*>(b) + begin * column_stride * width, row_stride,
                        column_stride, k, end - begin, to + begin * k * width);
        });
    }
    MatmulArgs product(int64_t rows, int64_t columns, int64_t k, const void* a, int64_t a_row,
                       int64_t a_column, const void* b, int64_t b_row, int64_t b_column, void* c,
                       int64_t c_row, bool add) const {
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
        args.c_row_stride = c_row;
        args.beta = add ? 1.0 : 0.0;
        return args;
    }

    DType type;
    int64_t width, batch, n;
    const CellLayout& kind;
    bool reverse;
    const CellFunctions& functions;
    const PanelFunctions& panels;
    int64_t gates, steps = 0;
    std::vector<int64_t> offsets;  // of each step's rows
    bool single = false, by_units = false;
};

class Forward {
  public:
    Forward(TensorRefs out, TensorRefs in, const RecurrentAttributes& how)
        : layer_(in[0], in[1], in[5], how),
          out_(out),
          in_(in),
          function_(layer_.functions.forward[static_cast<int>(how.kind)]),
          sigmoid_(layer_.tile(OpId::sigmoid)),
          tanh_(layer_.tile(OpId::tanh)),
          work_columns_(std::max(layer_.kind.saved, 1) * layer_.n),
          kept_(how.keep || !layer_.kind.saved),
          gate_bytes_(layer_.panels.bytes(layer_.n, layer_.n)),
          weights_(layer_.single ? 0 : gate_bytes_ * static_cast<size_t>(layer_.kind.gates)),
          work_(kept_ ? 0 : static_cast<size_t>(layer_.batch * work_columns_ * layer_.width)) {
        if (layer_.single) return;
        const int64_t n = layer_.n;
        for (int64_t gate = 0; gate < layer_.kind.gates; gate++)
            layer_.lay_out(layer_.state_row(in[3], gate * n), 1, n, n, gate_of(gate));
    }

    void run() {
        layer_.walk(
            layer_.steps,
            [&](const Part& part, int64_t i) {
                const int64_t to = std::min(part.to, layer_.size(i));
                const int64_t older = std::clamp(layer_.older(i), part.from, part.to);
                multiply(part, i, part.from, std::min(older, to));
                multiply(part, i, older, to);
            },
            [&](const Part& part, int64_t i) {
                const int64_t to = std::min(part.to, layer_.size(i));
                for (int64_t s = part.from; s < to; s++) advance(part, i, s);
            });
        for (int64_t s = 0; s < layer_.batch; s++) finish(s);
    }

  private:
    char* gate_of(int64_t gate) const {
        return weights_.as<char>() + static_cast<size_t>(gate) * gate_bytes_;
    }
    // Where products go: what is saved, the hidden state, or a row that is used again.
    char* work_of(int64_t i, int64_t s) const {
        if (!kept_) return work_.as<char>() + s * work_columns_ * layer_.width;
        return layer_.row(out_[layer_.kind.saved ? 2 : 0], i, s, work_columns_);
    }
    void multiply(const Part& part, int64_t i, int64_t from, int64_t to) const {
        if (from >= to) return;
        const int64_t n = layer_.n, width = layer_.width;
        const char* const hidden = layer_.before(out_[0], in_[1], i, from);
        char* const work = work_of(i, from);
        if (layer_.single)
            return matmul(layer_.product(to - from, layer_.gates, n, hidden, n, 1,
                                         in_[3].raw_data(), 1, n, work, work_columns_, false));
        for (int64_t gate = 0; gate < layer_.kind.gates; gate++)
            layer_.panels.multiply(hidden, n, gate_of(gate) + part.unit * n * width,
                                   work + (gate * n + part.unit) * width, work_columns_, to - from,
                                   part.units, n, false);
    }
    void advance(const Part& part, int64_t i, int64_t s) const {
        const int64_t n = layer_.n, offset = part.unit * layer_.width;
        CellStep step{n, part.units};
        step.input = layer_.row(in_[0], i, s, layer_.gates) + offset;
        step.bias = in_[4].defined() ? static_cast<char*>(in_[4].raw_data()) + offset : nullptr;
        step.work = work_of(i, s) + offset;
        step.hidden = layer_.before(out_[0], in_[1], i, s) + offset;
        step.next_hidden = layer_.row(out_[0], i, s, n) + offset;
        if (layer_.kind.has_cell) {
            step.cell = layer_.before(out_[1], in_[2], i, s) + offset;
            step.next_cell = layer_.row(out_[1], i, s, n) + offset;
        }
        step.sigmoid = sigmoid_;
        step.tanh = tanh_;
        function_(step);
    }
    // The state after a sequence's last step.
    void finish(int64_t s) const {
        int64_t i = layer_.steps - 1;
        while (s >= layer_.size(i)) i--;
        const auto bytes = static_cast<size_t>(layer_.n * layer_.width);
        std::memcpy(layer_.state_row(out_[3], s), layer_.row(out_[0], i, s, layer_.n), bytes);
        if (layer_.kind.has_cell)
            std::memcpy(layer_.state_row(out_[4], s), layer_.row(out_[1], i, s, layer_.n), bytes);
    }

    Layer layer_;
    TensorRefs out_, in_;
    void (*function_)(const CellStep&);
    TileFn sigmoid_, tanh_;
    int64_t work_columns_;
    bool kept_;
    size_t gate_bytes_;
    Scratch weights_, work_;
};

class BackwardPass {
  public:
    BackwardPass(TensorRefs out, TensorRefs in, const RecurrentAttributes& how)
        : layer_(out[0], in[1], in[4], how),
          out_(out),
          in_(in),
          function_(layer_.functions.backward[static_cast<int>(how.kind)]),
          tanh_(layer_.tile(OpId::tanh)),
          weights_(layer_.single ? 0 : layer_.panels.bytes(layer_.gates, layer_.n)) {
        const int64_t n = layer_.n;
        if (!layer_.single)
            layer_.lay_out(in[3].raw_data(), n, 1, layer_.gates, weights_.as<char>());
    }

    void run() {
        // In one sweep a part takes what the step after hands to its units, and steps back itself.
        const int64_t steps = layer_.steps;
        layer_.walk(
            steps + 1,
            [&](const Part& part, int64_t i) {
                if (i) flow(part, steps - i);
            },
            [&](const Part& part, int64_t i) {
                if (i == steps) return;
                const int64_t to = std::min(part.to, layer_.size(steps - 1 - i));
                for (int64_t s = part.from; s < to; s++) retreat(part, steps - 1 - i, s);
            });
        gradient_of_weights();
    }

  private:
    // From the products' gradients to the state before.
    void flow(const Part& part, int64_t i) const {
        const int64_t n = layer_.n, width = layer_.width, gates = layer_.gates;
        const int64_t rows = std::min(part.to, layer_.size(i)) - part.from;
        if (rows <= 0) return;
        const char* const grad = layer_.row(out_[1], i, part.from, gates);
        char* const along = layer_.state_row(out_[2], part.from) + part.unit * width;
        if (layer_.single)
            return matmul(layer_.product(rows, n, gates, grad, gates, 1, in_[3].raw_data(), n, 1,
                                         along, n, layer_.kind.passes));
        layer_.panels.multiply(grad, gates, weights_.as<char>() + part.unit * gates * width, along,
                               n, rows, part.units, gates, layer_.kind.passes);
    }
    void retreat(const Part& part, int64_t i, int64_t s) const {
        const int64_t n = layer_.n, offset = part.unit * layer_.width;
        CellSlopes slopes{n, part.units};
        slopes.grad_hidden = layer_.row(in_[0], i, s, n) + offset;
        slopes.along_hidden = layer_.state_row(out_[2], s) + offset;
        slopes.saved = layer_.row(in_[7], i, s, layer_.kind.saved * n) + offset;
        slopes.hidden = layer_.before(in_[5], in_[1], i, s) + offset;
        slopes.next_hidden = layer_.row(in_[5], i, s, n) + offset;
        if (layer_.kind.has_cell) {
            slopes.along_cell = layer_.state_row(out_[3], s) + offset;
            slopes.cell = layer_.before(in_[6], in_[2], i, s) + offset;
            slopes.next_cell = layer_.row(in_[6], i, s, n) + offset;
        }
        slopes.grad_gates = layer_.row(out_[0], i, s, layer_.gates) + offset;
        slopes.grad_products = layer_.row(out_[1], i, s, layer_.gates) + offset;
        slopes.tanh = tanh_;
        function_(slopes);
    }
    // Every step's products meet the states before it.
    void gradient_of_weights() const {
        const int64_t n = layer_.n, rows = layer_.offsets.back();
        const Scratch states(static_cast<size_t>(rows * n * layer_.width));
        for (int64_t i = 0; i < layer_.steps; i++) {
            const int64_t older = layer_.older(i);
            char* const to = states.as<char>() +
                             layer_.offsets[static_cast<size_t>(layer_.step(i))] * n * layer_.width;
            if (older)
                std::memcpy(to, layer_.row(in_[5], i - 1, 0, n),
                            static_cast<size_t>(older * n * layer_.width));
            std::memcpy(to + older * n * layer_.width, layer_.state_row(in_[1], older),
                        static_cast<size_t>((layer_.size(i) - older) * n * layer_.width));
        }
        matmul(layer_.product(layer_.gates, n, rows, out_[1].raw_data(), 1, layer_.gates,
                              states.data(), n, 1, out_[4].raw_data(), n, false));
    }

    Layer layer_;
    TensorRefs out_, in_;
    void (*function_)(const CellSlopes&);
    TileFn tanh_;
    Scratch weights_;
};

}  // namespace

void recurrent_layer(TensorRefs out, TensorRefs in, const void* attributes) {
    Forward(out, in, *static_cast<const RecurrentAttributes*>(attributes)).run();
}

void recurrent_layer_backward(TensorRefs out, TensorRefs in, const void* attributes) {
    BackwardPass(out, in, *static_cast<const RecurrentAttributes*>(attributes)).run();
}

}  // namespace kajo::cpu
