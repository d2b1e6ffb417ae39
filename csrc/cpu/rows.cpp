#include "cpu/rows.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/parallel.h"
#include "cpu/columns.h"
#include "cpu/isa.h"
#include "cpu/move.h"
#include "cpu/reduce.h"
#include "cpu/scratch.h"

namespace kajo::cpu {

namespace baseline {
extern const RowKernels row_kernels;
}
#if KAJO_X86
namespace avx2 {
extern const RowKernels row_kernels;
}
namespace avx512 {
extern const RowKernels row_kernels;
}
#endif

const RowKernels& row_kernels() {
    return of_cpu_isa(baseline::row_kernels, avx2::row_kernels, avx512::row_kernels);
}

namespace {

constexpr int64_t kBlockElements = 32768;
constexpr int64_t kMaxRows = 3;

// The functions and the type that rows of `stored` are computed in.
struct Computing {
    explicit Computing(DType stored)
        : type(reduce_type(stored)),
          functions(type == DType::Float64 ? row_kernels().f64 : row_kernels().f32),
          exp(tile_of(OpId::exp, type)) {}
    DType type;
    const RowFunctions& functions;
    TileFn exp;
};

// Gives `body` rows that are contiguous and in the computing type: in place where they are stored
// so, else by way of scratch. `body(rows, first, count)`: pointers to `count` rows, one after the
// other, from row `first` on, inputs before the output; rows are numbered in the order (outer,
// inner).
template <class Body>
void each_block(const Layout& layout, DType computing, TensorRefs inputs, const Tensor* output,
                Body body) {
    const int64_t n = layout.n, width = item_size(computing);
    if (n == 0) return;
    const bool across = layout.inner > 1;  // neighbouring rows are transposed at once
    const int64_t rows = across ? layout.inner : layout.outer, sets = across ? layout.outer : 1;
    if (rows == 0 || sets == 0) return;
    const int64_t block = std::clamp<int64_t>(kBlockElements / n, 1, 64);
    const int64_t blocks = (rows + block - 1) / block;
    const int64_t grain =
        std::max<int64_t>(1, layout.elements_of_task() / (n * std::min(block, rows)));
    parallel_ranges(sets * blocks, grain, [&](int64_t begin, int64_t end) {
        const size_t bytes = static_cast<size_t>(n * block * width);
        std::optional<Scratch> converted[kMaxRows], moved;
        const auto scratch = [&](size_t k) {
            if (!converted[k]) converted[k].emplace(bytes);
            return static_cast<char*>(converted[k]->data());
        };
        const auto arranged = [&] {
            if (!moved) moved.emplace(static_cast<size_t>(n * block * 8));
            return static_cast<char*>(moved->data());
        };
        for (int64_t task = begin; task < end; task++) {
            const int64_t set = task / blocks, first = task % blocks * block;
            const int64_t count = std::min(block, rows - first);
            const int64_t at = set * n * layout.inner + first * (across ? 1 : n);
            void* pointers[kMaxRows] = {};
            for (size_t k = 0; k < inputs.size(); k++) {
                const Tensor& t = inputs[k];
                char* data = static_cast<char*>(t.raw_data()) + at * t.item_size();
                if (across) {
                    char* to = t.dtype() == computing ? scratch(k) : arranged();
                    move_of(t.dtype())(to, n, 1, data, 1, layout.inner, count, n);
                    data = to;
                }
                if (t.dtype() != computing) {
                    convert_of(t.dtype(), computing)(scratch(k), data, count * n);
                    data = scratch(k);
                }
                pointers[k] = data;
            }
            const size_t last = inputs.size();
            char* target = nullptr;
            bool direct = true;
            if (output) {
                direct = !across && output->dtype() == computing;
                target = static_cast<char*>(output->raw_data()) + at * output->item_size();
                pointers[last] = direct ? target : scratch(last);
            }
            body(pointers, set * rows + first, count);
            if (direct) continue;
            const void* from = pointers[last];
            if (output->dtype() != computing) {
                void* to = across ? arranged() : target;
                convert_of(computing, output->dtype())(to, from, count * n);
                from = to;
            }
            if (across) move_of(output->dtype())(target, 1, layout.inner, from, n, 1, count, n);
        }
    });
}

// The same, row by row.
template <class Body>
void each_row(const Layout& layout, DType computing, TensorRefs inputs, const Tensor* output,
              Body body) {
    const int64_t bytes = layout.n * item_size(computing);
    each_block(layout, computing, inputs, output, [&](void** p, int64_t first, int64_t count) {
        for (int64_t r = 0; r < count; r++) {
            void* row[kMaxRows];
            for (int k = 0; k < kMaxRows; k++) row[k] = static_cast<char*>(p[k]) + r * bytes;
            body(row, first + r);
        }
    });
}

int64_t dim_of(const void* attributes) {
    return static_cast<const RowAttributes*>(attributes)->dim;
}

}  // namespace

void softmax(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const Computing c(outputs[0].dtype());
    const Layout layout(inputs[0], dim_of(attributes));
    if (layout.is_by_columns())
        return each_column_block(layout, c.type, inputs, &outputs[0], [&](const ColumnBlock& b) {
            column_functions(c.type).softmax(b.data[1], b.data[0], layout.n, b.width, c.exp);
        });
    each_row(layout, c.type, inputs, &outputs[0],
             [&](void** p, int64_t) { c.functions.softmax(p[1], p[0], layout.n, c.exp); });
}

void log_softmax(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const Computing c(outputs[0].dtype());
    const Layout layout(inputs[0], dim_of(attributes));
    if (layout.is_by_columns()) {
        const TileFn log = tile_of(OpId::log, c.type);
        return each_column_block(layout, c.type, inputs, &outputs[0], [&](const ColumnBlock& b) {
            column_functions(c.type).log_softmax(b.data[1], b.data[0], layout.n, b.width, c.exp,
                                                 log);
        });
    }
    each_row(layout, c.type, inputs, &outputs[0],
             [&](void** p, int64_t) { c.functions.log_softmax(p[1], p[0], layout.n, c.exp); });
}

void softmax_backward(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const Computing c(inputs[1].dtype());
    const Layout layout(inputs[0], dim_of(attributes));
    if (layout.is_by_columns())
        return each_column_block(layout, c.type, inputs, &outputs[0], [&](const ColumnBlock& b) {
            column_functions(c.type).softmax_backward(b.data[2], b.data[0], b.data[1], layout.n,
                                                      b.width);
        });
    each_row(layout, c.type, inputs, &outputs[0],
             [&](void** p, int64_t) { c.functions.softmax_backward(p[2], p[0], p[1], layout.n); });
}

void log_softmax_backward(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const Computing c(inputs[1].dtype());
    const Layout layout(inputs[0], dim_of(attributes));
    if (layout.is_by_columns())
        return each_column_block(layout, c.type, inputs, &outputs[0], [&](const ColumnBlock& b) {
            column_functions(c.type).log_softmax_backward(b.data[2], b.data[0], b.data[1], layout.n,
                                                          b.width, c.exp);
        });
    each_row(layout, c.type, inputs, &outputs[0], [&](void** p, int64_t) {
        c.functions.log_softmax_backward(p[2], p[0], p[1], layout.n, c.exp);
    });
}

// ---- losses of class indices
// ---------------------------------------------------------------------------

namespace {

// One number of a float32 or float64 tensor.
double number_at(const Tensor& t, int64_t i) {
    return t.dtype() == DType::Float64 ? t.data<double>()[i]
                                       : static_cast<double>(t.data<float>()[i]);
}
void set_number(const Tensor& t, int64_t i, double value) {
    if (t.dtype() == DType::Float64)
        t.data<double>()[i] = value;
    else
        t.data<float>()[i] = static_cast<float>(value);
}
double pointed_at(const void* row, DType type, int64_t i) {
    return type == DType::Float64 ? static_cast<const double*>(row)[i]
                                  : static_cast<double>(static_cast<const float*>(row)[i]);
}

// The logarithm of a sum that came out as nan: right only where an element is one.
double sum_with_infinities(double log_sum, const void* x, DType type, int64_t n, int64_t stride) {
    if (log_sum == log_sum) return log_sum;
    double largest = pointed_at(x, type, 0);
    for (int64_t i = 0; i < n; i++) {
        const double value = pointed_at(x, type, i * stride);
        if (value != value) return value;
        largest = std::max(largest, value);
    }
    return largest;
}

void check_targets(const Tensor& target, int64_t classes, int64_t ignore_index) {
    const int64_t* t = target.data<int64_t>();
    for (int64_t i = 0; i < target.numel(); i++)
        check_index(t[i] == ignore_index || (t[i] >= 0 && t[i] < classes), "Target ", t[i],
                    " is out of bounds.");
}

}  // namespace

void log_sum_exp(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const Computing c(inputs[0].dtype());
    const Layout layout(inputs[0], dim_of(attributes));
    if (!layout.is_by_columns())
        return each_row(layout, c.type, inputs, nullptr, [&](void** p, int64_t row) {
            const double sum = c.functions.log_sum_exp(p[0], layout.n, c.exp);
            set_number(outputs[0], row, sum_with_infinities(sum, p[0], c.type, layout.n, 1));
        });
    const TileFn log = tile_of(OpId::log, c.type);
    each_column_block(layout, c.type, inputs, nullptr, [&](const ColumnBlock& b) {
        alignas(64) double largest[kMaxColumns], log_sum[kMaxColumns];
        column_functions(c.type).log_sum_exp(largest, log_sum, b.data[0], layout.n, b.width, c.exp,
                                             log);
        for (int64_t j = 0; j < b.count; j++) {
            const double sum = pointed_at(largest, c.type, j) + pointed_at(log_sum, c.type, j);
            const void* column = static_cast<const char*>(b.data[0]) + j * item_size(c.type);
            set_number(outputs[0], b.first + j,
                       sum_with_infinities(sum, column, c.type, layout.n, b.width));
        }
    });
}

void class_loss(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const auto& a = *static_cast<const ClassLossAttributes*>(attributes);
    const Tensor &scores = inputs[0], &target = inputs[1], &weight = inputs[2];
    const Computing c(scores.dtype());
    const Layout layout(scores, 1);
    check_targets(target, layout.n, a.ignore_index);
    const int64_t* targets = target.data<int64_t>();
    const auto finish = [&](int64_t row, double log_probability) {
        const bool counts = targets[row] != a.ignore_index;
        const double w = !counts ? 0.0 : weight.defined() ? number_at(weight, targets[row]) : 1.0;
        set_number(outputs[0], row, counts ? -w * log_probability : 0.0);
        set_number(outputs[1], row, w);
    };
    if (!a.normalized && layout.is_by_columns()) {
        const TileFn log = tile_of(OpId::log, c.type);
        each_column_block(layout, c.type, {&scores, 1}, nullptr, [&](const ColumnBlock& b) {
            alignas(64) double largest[kMaxColumns], log_sum[kMaxColumns];
            column_functions(c.type).log_sum_exp(largest, log_sum, b.data[0], layout.n, b.width,
                                                 c.exp, log);
            for (int64_t j = 0; j < b.count; j++) {
                const int64_t row = b.first + j;
                const bool counts = targets[row] != a.ignore_index;
                const double sum = pointed_at(largest, c.type, j) + pointed_at(log_sum, c.type, j);
                set_number(outputs[2], row, sum);
                finish(row, counts ? pointed_at(b.data[0], c.type, targets[row] * b.width + j) - sum
                                   : 0.0);
            }
        });
        return;
    }
    if (!a.normalized) {
        each_row(layout, c.type, {&scores, 1}, nullptr, [&](void** p, int64_t row) {
            const double log_sum = c.functions.log_sum_exp(p[0], layout.n, c.exp);
            const bool counts = targets[row] != a.ignore_index;
            set_number(outputs[2], row, log_sum);
            finish(row, counts ? pointed_at(p[0], c.type, targets[row]) - log_sum : 0.0);
        });
        return;
    }
    // Of log-probabilities only one element of a row is read.
    dispatch<kFloats | kHalves>(scores.dtype(), "nll_loss", [&]<class T>() {
        const T* x = scores.data<T>();
        for (int64_t row = 0; row < layout.outer * layout.inner; row++) {
            const int64_t outer = row / layout.inner, inner = row % layout.inner;
            const bool counts = targets[row] != a.ignore_index;
            const int64_t at =
                counts ? (outer * layout.n + targets[row]) * layout.inner + inner : 0;
            finish(row, counts ? static_cast<double>(x[at]) : 0.0);
        }
    });
}

void cross_entropy_backward(TensorRefs outputs, TensorRefs inputs, const void*) {
    const Tensor &scores = inputs[0], &target = inputs[1], &log_sum = inputs[2], &scale = inputs[3];
    const Computing c(scores.dtype());
    const Layout layout(scores, 1);
    const int64_t* targets = target.data<int64_t>();
    if (layout.is_by_columns()) {
        dispatch<kFloats>(c.type, "cross_entropy", [&]<class T>() {
            each_column_block(layout, c.type, {&scores, 1}, &outputs[0], [&](const ColumnBlock& b) {
                T* y = static_cast<T*>(b.data[1]);
                alignas(64) T factors[kMaxColumns] = {}, shifts[kMaxColumns] = {};
                std::copy_n(scale.data<T>() + b.first, b.count, factors);
                std::copy_n(log_sum.data<T>() + b.first, b.count, shifts);
                column_functions(c.type).scaled_exp(y, b.data[0], shifts, factors, layout.n,
                                                    b.width, c.exp);
                for (int64_t j = 0; j < b.count; j++) {
                    const int64_t target = targets[b.first + j];
                    if (factors[j] == 0)
                        for (int64_t i = 0; i < layout.n; i++) y[i * b.width + j] = 0;
                    else if (target >= 0 && target < layout.n)
                        y[target * b.width + j] -= factors[j];
                }
            });
        });
        return;
    }
    each_row(layout, c.type, {&scores, 1}, &outputs[0], [&](void** p, int64_t row) {
        const double factor = number_at(scale, row);
        if (factor == 0) {
            std::memset(p[1], 0, static_cast<size_t>(layout.n * item_size(c.type)));
            return;
        }
        c.functions.scaled_exp(p[1], p[0], layout.n, number_at(log_sum, row), factor, c.exp);
        if (targets[row] < 0 || targets[row] >= layout.n) return;
        if (c.type == DType::Float64)
            static_cast<double*>(p[1])[targets[row]] -= factor;
        else
            static_cast<float*>(p[1])[targets[row]] -= static_cast<float>(factor);
    });
}

void nll_loss_backward(TensorRefs outputs, TensorRefs inputs, const void*) {
    const Tensor &out = outputs[0], &target = inputs[0], &scale = inputs[1];
    const Layout layout(out, 1);
    std::memset(out.raw_data(), 0, static_cast<size_t>(out.numel() * out.item_size()));
    const int64_t* targets = target.data<int64_t>();
    dispatch<kFloats>(out.dtype(), "nll_loss", [&]<class T>() {
        T* to = out.data<T>();
        const T* from = scale.data<T>();
        for (int64_t row = 0; row < target.numel(); row++) {
            const int64_t outer = row / layout.inner, inner = row % layout.inner;
            // Ignored targets have no weight, and may name no class.
            if (from[row] == 0 || targets[row] < 0 || targets[row] >= layout.n) continue;
            to[(outer * layout.n + targets[row]) * layout.inner + inner] = -from[row];
        }
    });
}

// ---- layer normalisation
// -----------------------------------------------------------------------------------

namespace {

// A vector in the computing type; null where it is undefined.
class Vector {
  public:
    Vector(const Tensor& t, DType computing)
        : converted_(t.defined() && t.dtype() != computing ? static_cast<size_t>(t.numel() * 8)
                                                           : 1) {
        if (!t.defined()) return;
        data_ = t.raw_data();
        if (t.dtype() == computing) return;
        convert_of(t.dtype(), computing)(converted_.data(), data_, t.numel());
        data_ = converted_.data();
    }
    const void* data() const { return data_; }

  private:
    Scratch converted_;
    const void* data_ = nullptr;
};

}  // namespace

void layer_norm(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const auto& how = *static_cast<const LayerNormAttributes*>(attributes);
    const Computing c(inputs[0].dtype());
    const Layout layout(inputs[0], 1);
    const Vector weight(inputs[1], c.type), bias(inputs[2], c.type);
    const auto run = how.centered ? c.functions.layer_norm : c.functions.rms_norm;
    each_block(
        layout, c.type, {&inputs[0], 1}, &outputs[0], [&](void** p, int64_t first, int64_t count) {
            double mean[64], rstd[64];
            run(p[1], p[0], weight.data(), bias.data(), count, layout.n, how.eps, mean, rstd);
            for (int64_t r = 0; r < count; r++) {
                if (how.centered) set_number(outputs[1], first + r, mean[r]);
                set_number(outputs[2], first + r, rstd[r]);
            }
        });
}

void layer_norm_backward(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const Tensor &mean = inputs[3], &rstd = inputs[4];
    const Computing c(inputs[0].dtype());
    const bool centered = static_cast<const LayerNormAttributes*>(attributes)->centered;
    const auto run = centered ? c.functions.layer_norm_backward : c.functions.rms_norm_backward;
    const int64_t rows = inputs[0].size(0), n = inputs[0].size(1), width = item_size(c.type);
    const Vector weight(inputs[2], c.type);
    // The sums over rows are made in pieces of a fixed number of rows, then added in order.
    constexpr int64_t kPieceElements = 8192;
    const int64_t piece = std::max(
                      {int64_t{16}, (rows + 63) / 64, kPieceElements / std::max<int64_t>(n, 1)}),
                  pieces = (rows + piece - 1) / piece;
    const size_t bytes = static_cast<size_t>(pieces * n * width);
    Scratch sums(2 * bytes);
    std::memset(sums.data(), 0, 2 * bytes);
    const auto sum_of = [&](int which, int64_t i) {
        return static_cast<char*>(sums.data()) + static_cast<int64_t>(bytes) * which +
               i * n * width;
    };
    parallel_for(pieces, [&](int64_t i) {
        const int64_t first = i * piece, count = std::min(piece, rows - first);
        const auto part = [&](const Tensor& t) {
            return alias(t, {count, n}, {n, 1}, t.offset() + first * n);
        };
        const Tensor in[] = {part(inputs[0]), part(inputs[1])}, out = part(outputs[0]);
        each_row(Layout(in[0], 1), c.type, in, &out, [&](void** p, int64_t row) {
            run(p[2], p[0], p[1], weight.data(), n, centered ? number_at(mean, first + row) : 0,
                number_at(rstd, first + row), sum_of(0, i), sum_of(1, i));
        });
    });
    const auto& add =
        reduce_kernels().table[static_cast<int>(Reduction::Sum)][static_cast<int>(c.type)];
    for (int which = 0; which < 2; which++) {
        const Tensor& out = outputs[static_cast<size_t>(1 + which)];
        for (int64_t i = 1; i < pieces; i++) add.merge(sum_of(which, 0), sum_of(which, i), n);
        if (pieces == 0)
            std::memset(out.raw_data(), 0, static_cast<size_t>(n * out.item_size()));
        else if (out.dtype() == c.type)
            std::memcpy(out.raw_data(), sum_of(which, 0), static_cast<size_t>(n * width));
        else
            convert_of(c.type, out.dtype())(out.raw_data(), sum_of(which, 0), n);
    }
}

}  // namespace kajo::cpu
