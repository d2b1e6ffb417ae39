#include "ops/recurrence.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/lstm.h"
#include "ops/joining.h"
#include "ops/linear.h"
#include "ops/ops.h"

namespace kajo::ops {

static const Kernel lstm_kernel{"lstm", cpu::lstm};
static const Kernel lstm_backward_kernel{"lstm_backward", cpu::lstm_backward};

using cpu::LstmAttributes;

namespace {

// Step by step in ordinary operations, for when the gradients are to be differentiated again.
struct Step {
    Tensor enter, keep, fresh, leave, cell, next, hidden;

    Step(const Tensor& from_input, const Tensor& hidden, const Tensor& cell, const Tensor& weight)
        : cell(cell), hidden(hidden) {
        const int64_t n = weight.size(1);
        const Tensor gates = add(from_input, matmul(hidden, transpose(weight, 0, 1)));
        enter = sigmoid(narrow(gates, 1, 0, n));
        keep = sigmoid(narrow(gates, 1, n, n));
        fresh = tanh(narrow(gates, 1, 2 * n, n));
        leave = sigmoid(narrow(gates, 1, 3 * n, n));
        next = add(mul(keep, cell), mul(enter, fresh));
    }
    Tensor result() const { return mul(leave, tanh(next)); }
    // The gradient of the gates; grad_cell becomes that of the cell before.
    Tensor gradient(const Tensor& grad_hidden, Tensor& grad_cell) const {
        const Tensor t = tanh(next);
        const auto rest = [](const Tensor& p) { return mul(p, rsub(p, Scalar(1))); };
        const auto slope = [](const Tensor& p) { return rsub(mul(p, p), Scalar(1)); };
        const Tensor along = add(grad_cell, mul(mul(grad_hidden, leave), slope(t)));
        grad_cell = mul(along, keep);
        return cat({mul(mul(along, fresh), rest(enter)), mul(mul(along, cell), rest(keep)),
                    mul(mul(along, enter), slope(fresh)), mul(mul(grad_hidden, t), rest(leave))},
                   1);
    }
};

void composite_gradient(Backward& ctx, const LstmAttributes& how) {
    const Tensor from_input = ctx.saved(0), weight = ctx.saved(3);
    const Tensor grad = ctx.grad_or_zeros(0);
    const int64_t batch = ctx.saved(1).size(0);
    const auto part = [&](const Tensor& t, int64_t i) {
        return narrow(t, 0, (how.reverse ? how.steps - 1 - i : i) * batch, batch);
    };
    std::vector<Step> steps;
    Tensor hidden = ctx.saved(1), cell = ctx.saved(2);
    for (int64_t i = 0; i < how.steps; i++) {
        steps.emplace_back(part(from_input, i), hidden, cell, weight);
        hidden = steps.back().result();
        cell = steps.back().next;
    }
    TensorList gates(static_cast<size_t>(how.steps));
    Tensor grad_cell = ctx.grad_or_zeros(1), grad_hidden, grad_weight;
    for (int64_t i = how.steps; i-- > 0;) {
        const Step& step = steps[static_cast<size_t>(i)];
        const Tensor here = part(grad, i);
        const Tensor g =
            step.gradient(grad_hidden.defined() ? add(here, grad_hidden) : here, grad_cell);
        const Tensor product = matmul(transpose(g, 0, 1), step.hidden);
        grad_weight = grad_weight.defined() ? add(grad_weight, product) : product;
        grad_hidden = matmul(g, weight);
        gates[static_cast<size_t>(how.reverse ? how.steps - 1 - i : i)] = g;
    }
    ctx.set(0, cat(gates, 0));
    ctx.set(1, grad_hidden);
    ctx.set(2, grad_cell);
    ctx.set(3, grad_weight);
}

}  // namespace

std::tuple<Tensor, Tensor> lstm_layer(const Tensor& from_input, const Tensor& hidden,
                                      const Tensor& cell, const Tensor& weight, int64_t steps,
                                      bool reverse) {
    const int64_t batch = hidden.size(0), n = weight.size(1);
    check(steps > 0 && from_input.dim() == 2 && from_input.sizes() == Dims{steps * batch, 4 * n} &&
              hidden.sizes() == Dims{batch, n} && cell.sizes() == Dims{batch, n} &&
              weight.sizes() == Dims{4 * n, n},
          "lstm_layer(): operands of shapes ", from_input.sizes(), ", ", hidden.sizes(), ", ",
          cell.sizes(), " and ", weight.sizes(), " do not fit each other");
    const DType type = from_input.dtype();
    check((type == DType::Float32 || type == DType::Float64) && hidden.dtype() == type &&
              cell.dtype() == type && weight.dtype() == type,
          "lstm_layer(): expected operands of one type, float32 or float64");
    const LstmAttributes how{steps, reverse};
    const Tensor out = empty({steps * batch, n}, type, weight.device());
    const Tensor cells = empty({steps * batch, n}, type, weight.device());
    const Tensor gates = empty({steps * batch, 4 * n}, type, weight.device());
    Tensor last;
    {
        const GradModeGuard no_grad(false);
        launch(lstm_kernel, {out, cells, gates},
               {contiguous(from_input), contiguous(hidden), contiguous(cell), contiguous(weight)},
               how);
        last = clone(narrow(cells, 0, reverse ? 0 : (steps - 1) * batch, batch));
    }
    const Tensor outputs[] = {out, last};
    attach_all("LstmLayerBackward0", outputs, TensorList{from_input, hidden, cell, weight},
               TensorList{from_input, hidden, cell, weight, alias(out), cells, gates},
               [how](Backward& ctx) {
                   if (is_differentiating()) return composite_gradient(ctx, how);
                   const Tensor hidden = contiguous(ctx.saved(1)), gates = ctx.saved(6);
                   const Tensor weight = contiguous(ctx.saved(3));
                   const Tensor grad_gates = empty_like(gates);
                   const Tensor grad_hidden = empty_like(hidden);
                   const Tensor grad_cell = clone(contiguous(ctx.grad_or_zeros(1)));
                   const Tensor grad_weight = empty_like(weight);
                   launch(lstm_backward_kernel, {grad_gates, grad_hidden, grad_cell, grad_weight},
                          {contiguous(ctx.grad_or_zeros(0)), hidden, contiguous(ctx.saved(2)),
                           weight, ctx.saved(4), ctx.saved(5), gates},
                          how);
                   ctx.set(0, grad_gates);
                   ctx.set(1, grad_hidden);
                   ctx.set(2, grad_cell);
                   ctx.set(3, grad_weight);
               });
    return {out, last};
}

}  // namespace kajo::ops
