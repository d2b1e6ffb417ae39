#include "ops/recurrence.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/recurrence.h"
#include "ops/joining.h"
#include "ops/linear.h"
#include "ops/ops.h"
#include "ops/reduction.h"

namespace kajo::ops {

static const Kernel layer_kernel{"recurrent_layer", cpu::recurrent_layer};
static const Kernel layer_backward_kernel{"recurrent_layer_backward",
                                          cpu::recurrent_layer_backward};

using cpu::CellKind;
using cpu::RecurrentAttributes;

namespace {

Tensor rest(const Tensor& p) { return mul(p, rsub(p, Scalar(1))); }   // sigmoid's slope
Tensor slope(const Tensor& y) { return rsub(mul(y, y), Scalar(1)); }  // tanh's
Tensor sum_of(const Tensor& a, const Tensor& b) { return b.defined() ? add(a, b) : a; }
Tensor first_rows(const Tensor& t, int64_t n) { return t.size(0) == n ? t : narrow(t, 0, 0, n); }
// `first` in the place of the first rows of `all`.
Tensor with_first_rows(const Tensor& all, const Tensor& first) {
    const int64_t n = first.size(0), more = all.size(0) - n;
    return more ? cat({first, narrow(all, 0, n, more)}, 0) : first;
}

// The gradients of a step's gates and products, and what flows past the product.
struct Slopes {
    Tensor gates, products, along_hidden;
};

// A step in ordinary operations, for when the gradients are to be differentiated again.
struct Step {
    CellKind kind;
    Tensor hidden, cell;                  // before
    Tensor first, second, third, fourth;  // what the kind's formulas name
    Tensor next_cell, next_hidden;

    Step(CellKind kind, const Tensor& input, const Tensor& hidden, const Tensor& cell,
         const Tensor& weight, const Tensor& bias)
        : kind(kind), hidden(hidden), cell(cell) {
        const int64_t n = weight.size(1);
        const Tensor product = sum_of(matmul(hidden, transpose(weight, 0, 1)), bias);
        const auto run = [&](const Tensor& t, int64_t i) { return narrow(t, 1, i * n, n); };
        if (kind == CellKind::GRU) {
            first = sigmoid(add(run(input, 0), run(product, 0)));
            second = sigmoid(add(run(input, 1), run(product, 1)));
            third = run(product, 2);
            fourth = tanh(add(run(input, 2), mul(first, third)));
            next_hidden = add(fourth, mul(second, sub(hidden, fourth)));
            return;
        }
        const Tensor gates = add(input, product);
        if (kind == CellKind::LSTM) {
            first = sigmoid(run(gates, 0));
            second = sigmoid(run(gates, 1));
            third = tanh(run(gates, 2));
            fourth = sigmoid(run(gates, 3));
            next_cell = add(mul(second, cell), mul(first, third));
            next_hidden = mul(fourth, tanh(next_cell));
        } else {
            next_hidden = kind == CellKind::Tanh ? tanh(gates) : relu(gates);
        }
    }

    // grad_cell becomes that of the cell before.
    Slopes gradient(const Tensor& grad, Tensor& grad_cell) const {
        switch (kind) {
            case CellKind::LSTM:
                return lstm_gradient(grad, grad_cell);
            case CellKind::GRU:
                return gru_gradient(grad);
            case CellKind::Tanh:
                return same(mul(grad, slope(next_hidden)));
            default:
                return same(mul(grad, to(gt(next_hidden, Scalar(0)), grad.dtype())));
        }
    }
    static Slopes same(const Tensor& gates) { return {gates, gates, {}}; }
    Slopes lstm_gradient(const Tensor& grad, Tensor& grad_cell) const {
        const Tensor t = tanh(next_cell);
        const Tensor along = add(grad_cell, mul(mul(grad, fourth), slope(t)));
        grad_cell = mul(along, second);
        return same(cat({mul(mul(along, third), rest(first)), mul(mul(along, cell), rest(second)),
                         mul(mul(along, first), slope(third)), mul(mul(grad, t), rest(fourth))},
                        1));
    }
    Slopes gru_gradient(const Tensor& grad) const {
        const Tensor fresh = mul(mul(grad, rsub(second, Scalar(1))), slope(fourth));
        const Tensor update = mul(mul(grad, sub(hidden, fourth)), rest(second));
        const Tensor reset = mul(mul(fresh, third), rest(first));
        return {cat({reset, update, fresh}, 1), cat({reset, update, mul(fresh, first)}, 1),
                mul(grad, second)};
    }
};

std::vector<int64_t> rows_of_steps(const Tensor& sizes, int64_t rows, int64_t batch) {
    if (!sizes.defined()) return std::vector<int64_t>(static_cast<size_t>(rows / batch), batch);
    const auto* first = static_cast<const int64_t*>(sizes.raw_data());
    return {first, first + sizes.size(0)};
}

void composite_gradient(Backward& ctx, CellKind kind, bool reverse) {
    const Tensor from_input = ctx.saved(0), weight = ctx.saved(3), bias = ctx.saved(4);
    const Tensor first_hidden = ctx.saved(1), first_cell = ctx.saved(2);
    const Tensor grad = ctx.grad_or_zeros(0);
    const bool has_cell = layout_of(kind).has_cell;
    const std::vector<int64_t> sizes =
        rows_of_steps(ctx.saved(5), from_input.size(0), first_hidden.size(0));
    const size_t count = sizes.size();
    std::vector<int64_t> offsets{0};
    for (const int64_t size : sizes) offsets.push_back(offsets.back() + size);
    const auto place = [&](size_t i) { return reverse ? count - 1 - i : i; };
    const auto part = [&](const Tensor& t, size_t i) {
        return narrow(t, 0, offsets[place(i)], sizes[place(i)]);
    };
    // Sequences that have not begun still have the state to begin with.
    std::vector<Step> steps;
    Tensor hidden = first_hidden, cell = first_cell;
    for (size_t i = 0; i < count; i++) {
        const int64_t n = sizes[place(i)];
        steps.emplace_back(kind, part(from_input, i), first_rows(hidden, n),
                           has_cell ? first_rows(cell, n) : cell, weight, bias);
        hidden = with_first_rows(hidden, steps.back().next_hidden);
        if (has_cell) cell = with_first_rows(cell, steps.back().next_cell);
    }
    TensorList gates(count), products(count), before(count);
    Tensor grad_hidden = ctx.grad_or_zeros(1);
    Tensor grad_cell = has_cell ? ctx.grad_or_zeros(2) : Tensor();
    for (size_t i = count; i-- > 0;) {
        const int64_t n = sizes[place(i)];
        Tensor along_cell = has_cell ? first_rows(grad_cell, n) : Tensor();
        const Slopes slopes =
            steps[i].gradient(add(part(grad, i), first_rows(grad_hidden, n)), along_cell);
        grad_hidden = with_first_rows(grad_hidden,
                                      sum_of(matmul(slopes.products, weight), slopes.along_hidden));
        if (has_cell) grad_cell = with_first_rows(grad_cell, along_cell);
        gates[place(i)] = slopes.gates;
        products[place(i)] = slopes.products;
        before[place(i)] = steps[i].hidden;
    }
    const Tensor all = cat(products, 0);
    if (ctx.needs(0)) ctx.set(0, cat(gates, 0));
    if (ctx.needs(1)) ctx.set(1, grad_hidden);
    if (has_cell && ctx.needs(2)) ctx.set(2, grad_cell);
    if (ctx.needs(3)) ctx.set(3, matmul(transpose(all, 0, 1), cat(before, 0)));
    if (bias.defined() && ctx.needs(4)) ctx.set(4, sum(all, IntSpan{0}, false, std::nullopt));
}

void fused_gradient(Backward& ctx, CellKind kind, bool reverse) {
    const cpu::CellLayout& layout = layout_of(kind);
    const Tensor hidden = contiguous(ctx.saved(1)), weight = contiguous(ctx.saved(3));
    const Tensor cell = layout.has_cell ? contiguous(ctx.saved(2)) : Tensor();
    const Tensor grad_gates = empty_like(contiguous(ctx.saved(0)));
    const Tensor grad_products = layout.product_apart ? empty_like(grad_gates) : grad_gates;
    const Tensor grad_hidden = clone(contiguous(ctx.grad_or_zeros(1)));
    const Tensor grad_cell =
        layout.has_cell ? clone(contiguous(ctx.grad_or_zeros(2))) : empty_like(hidden);
    const Tensor grad_weight = empty_like(weight);
    launch(layer_backward_kernel, {grad_gates, grad_products, grad_hidden, grad_cell, grad_weight},
           {contiguous(ctx.grad_or_zeros(0)), hidden, cell, weight, ctx.saved(5), ctx.saved(6),
            ctx.saved(7), ctx.saved(8)},
           RecurrentAttributes{kind, reverse, true});
    ctx.set(0, grad_gates);
    ctx.set(1, grad_hidden);
    if (layout.has_cell) ctx.set(2, grad_cell);
    ctx.set(3, grad_weight);
    if (ctx.saved(4).defined()) ctx.set(4, sum(grad_products, IntSpan{0}, false, std::nullopt));
}

void check_operands(const cpu::CellLayout& layout, const Tensor& from_input, const Tensor& hidden,
                    const Tensor& cell, const Tensor& weight, const Tensor& bias,
                    const Tensor& sizes) {
    const int64_t rows = from_input.size(0), n = weight.size(-1), batch = hidden.size(0);
    const int64_t gates = layout.gates * n;
    const auto is = [](const Tensor& t, const Dims& shape) { return t.sizes() == shape; };
    check(n > 0 && batch > 0 && rows > 0 && is(from_input, {rows, gates}) &&
              is(hidden, {batch, n}) && is(weight, {gates, n}) &&
              cell.defined() == layout.has_cell && (!cell.defined() || is(cell, {batch, n})) &&
              (!bias.defined() || is(bias, {gates})) &&
              (sizes.defined() ? sizes.dim() == 1 : rows % batch == 0),
          "recurrent_layer(): operands of shapes ", from_input.sizes(), ", ", hidden.sizes(),
          " and ", weight.sizes(), " do not fit each other or the kind ", layout.name);
    const DType type = from_input.dtype();
    const auto has_type = [&](const Tensor& t) { return !t.defined() || t.dtype() == type; };
    check((type == DType::Float32 || type == DType::Float64) && has_type(hidden) &&
              has_type(cell) && has_type(weight) && has_type(bias) &&
              (!sizes.defined() || sizes.dtype() == DType::Int64),
          "recurrent_layer(): expected operands of one type, float32 or float64, and sizes in "
          "int64");
}

}  // namespace

TensorList recurrent_layer(int64_t kind_index, const Tensor& from_input, const Tensor& hidden,
                           const Tensor& cell, const Tensor& weight, const Tensor& bias,
                           const Tensor& row_counts, bool reverse) {
    check(kind_index >= 0 && kind_index < cpu::kCellKinds, "recurrent_layer(): no kind of cell ",
          kind_index);
    check(from_input.dim() == 2 && hidden.dim() == 2 && weight.dim() == 2,
          "recurrent_layer(): expected matrices, but got shapes ", from_input.sizes(), ", ",
          hidden.sizes(), " and ", weight.sizes());
    const auto kind = static_cast<CellKind>(kind_index);
    const cpu::CellLayout& layout = layout_of(kind);
    check_operands(layout, from_input, hidden, cell, weight, bias, row_counts);
    const int64_t rows = from_input.size(0), batch = hidden.size(0), n = weight.size(1);
    const DType type = from_input.dtype();
    const auto matrix = [&](int64_t m, int64_t k) { return empty({m, k}, type, weight.device()); };
    const auto whole = [](const Tensor& t) { return t.defined() ? contiguous(t) : t; };
    const TensorList inputs{from_input, hidden, cell, weight, bias};
    const bool keep = needs_grad(inputs);
    const Tensor sizes = whole(row_counts);
    const Tensor out = matrix(rows, n), last = matrix(batch, n);
    const Tensor cells = matrix(layout.has_cell ? rows : 0, n);
    const Tensor last_cell = matrix(layout.has_cell ? batch : 0, n);
    const Tensor saved = matrix(keep ? rows : 0, layout.saved * n);
    {
        const GradModeGuard no_grad(false);
        launch(layer_kernel, {out, cells, saved, last, last_cell},
               {contiguous(from_input), contiguous(hidden), whole(cell), contiguous(weight),
                whole(bias), sizes},
               RecurrentAttributes{kind, reverse, keep});
    }
    TensorList outputs{out, last};
    if (layout.has_cell) outputs.push_back(last_cell);
    if (!keep) return outputs;
    attach_all("RecurrentLayerBackward0", outputs, inputs,
               TensorList{from_input, hidden, cell, weight, bias, sizes, alias(out), cells, saved},
               [kind, reverse](Backward& ctx) {
                   if (is_differentiating()) return composite_gradient(ctx, kind, reverse);
                   fused_gradient(ctx, kind, reverse);
               });
    return outputs;
}

}  // namespace kajo::ops
