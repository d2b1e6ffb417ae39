#include "ops/pointwise_gradient.h"

#include <bit>

#include "ops/creation.h"
#include "ops/pointwise.h"
#include "ops/views.h"
#include "pointwise_ids.h"

namespace kajo::ops {

using cpu::GradientProgram;
using cpu::Instruction;
using cpu::PointwiseAttributes;
using cpu::PointwiseOp;
using cpu::PointwisePart;

namespace {

// Registers of a gradient program before the inputs.
constexpr int kGradient = 0, kResult = 1, kFirstInput = 2;

}  // namespace

PointwiseSaved::PointwiseSaved(const PointwiseOp& op, TensorRefs inputs, const Tensor& result,
                               const Tensor& before) {
    uint8_t wanted = 0;
    for (size_t i = 0; i < inputs.size(); i++)
        if (needs_grad(inputs[i])) wanted |= uint8_t(1u << i);
    wanted &= op.differentiable_inputs;
    if (std::popcount(wanted) > 1 && wanted == op.differentiable_inputs) {
        result_ = op.saves_result;
        inputs_ = op.saved_inputs;
    } else {
        for (size_t i = 0; i < inputs.size(); i++) {
            if (!(wanted >> i & 1)) continue;
            result_ |= op.backward_of[i].reads_result;
            inputs_ |= op.backward_of[i].reads_inputs;
        }
    }
    if (result_) tensors_[count_++] = result;
    for (size_t i = 0; i < inputs.size(); i++)
        if (reads(static_cast<int>(i))) {
            const bool overwritten = before.defined() && inputs[i].is_same(result);
            tensors_[count_++] = overwritten ? before : inputs[i];
        }
}

double PointwiseBackward::scalar_value(const PointwiseOp& op, int i) const {
    return i < attributes.scalar_count ? attributes.scalars[i].as_double() : op.scalar_defaults[i];
}

// Gradients that are g itself, or g times a scalar that is 1, cost nothing.
bool PointwiseBackward::passes_unchanged(const PointwiseOp& op, int input) const {
    const int multiple = op.backward_of[input].multiple;
    if (multiple == cpu::InputGradient::kItself) return true;
    if (multiple < 0) return false;
    const bool complex =
        multiple < attributes.scalar_count && attributes.scalars[multiple].is_complex();
    return !complex && scalar_value(op, multiple) == 1.0;
}

PointwiseBackward::Operands PointwiseBackward::operands(Backward& ctx) const {
    Operands values;
    size_t k = 0;
    values[kGradient] = ctx.grad();
    if (saved_result) values[kResult] = ctx.saved(k++);
    for (int i = 0; i < cpu::kMaxInputs; i++)
        if (saved_inputs >> i & 1) values[static_cast<size_t>(kFirstInput + i)] = ctx.saved(k++);
    return values;
}

void PointwiseBackward::operator()(Backward& ctx) const {
    const PointwiseOp& op = cpu::pointwise_op(attributes.op);
    uint8_t wanted = 0;
    for (int i = 0; i < op.inputs; i++) {
        if (op.underivable_inputs >> i & 1 && ctx.needs(static_cast<size_t>(i)))
            raise(ErrorKind::NotImplemented, op.name, "(): the derivative by argument ", i,
                  " is not implemented; detach() it if none is wanted");
        const bool wants = ctx.needs(static_cast<size_t>(i)) && op.differentiable_inputs >> i & 1;
        if (!wants) continue;
        if (passes_unchanged(op, i))
            ctx.set(static_cast<size_t>(i), ctx.grad());
        else
            wanted |= uint8_t(1u << i);
    }
    if (!wanted) return;
    if (!is_differentiating()) return run_kernels(ctx, wanted);
    const bool complex = is_complex(attributes.promoted) || op.rule == cpu::ResultRule::Complex;
    const GradientProgram* program = complex ? op.complex_gradient : op.gradient;
    if (!program) raise_unsupported(op.node_name, attributes.promoted);
    run_program(ctx, wanted, *program);
}

void PointwiseBackward::run_kernels(Backward& ctx, uint8_t wanted) const {
    const PointwiseOp& op = cpu::pointwise_op(attributes.op);
    const Operands values = operands(ctx);
    const auto select = [&](bool reads_result, uint8_t reads_inputs, Operands& chosen) {
        size_t n = 0;
        chosen[n++] = values[kGradient];
        if (reads_result) chosen[n++] = values[kResult];
        for (int i = 0; i < op.inputs; i++)
            if (reads_inputs >> i & 1) chosen[n++] = values[static_cast<size_t>(kFirstInput + i)];
        return n;
    };
    PointwiseAttributes a = attributes;
    Operands chosen;
    if (std::popcount(wanted) > 1 && wanted == op.differentiable_inputs) {
        a.part = PointwisePart::AllGradients;
        const size_t n = select(op.saves_result, op.saved_inputs, chosen);
        TensorList all = launch_gradients(a, {chosen.data(), n}, size_t(std::popcount(wanted)));
        size_t k = 0;
        for (int i = 0; i < op.inputs; i++)
            if (wanted >> i & 1) ctx.set(static_cast<size_t>(i), std::move(all[k++]));
        return;
    }
    for (int i = 0; i < op.inputs; i++) {
        if (!(wanted >> i & 1)) continue;
        a.part = static_cast<PointwisePart>(i);
        const size_t n =
            select(op.backward_of[i].reads_result, op.backward_of[i].reads_inputs, chosen);
        ctx.set(static_cast<size_t>(i), launch_gradient(a, {chosen.data(), n}));
    }
}

// Evaluates only what the wanted gradients depend on.
void PointwiseBackward::run_program(Backward& ctx, uint8_t wanted,
                                    const GradientProgram& program) const {
    const PointwiseOp& op = cpu::pointwise_op(attributes.op);
    const Operands values = operands(ctx);
    const Tensor& g = values[kGradient];
    const int first_scalar = kFirstInput + op.inputs;
    const int first_constant = first_scalar + op.scalars;
    const int first_instruction = first_constant + program.constant_count;
    TensorList registers(static_cast<size_t>(first_instruction + program.length));

    const auto value = [&](auto&& self, int16_t r) -> const Tensor& {
        Tensor& t = registers[static_cast<size_t>(r)];
        if (t.defined()) return t;
        if (r < first_scalar) {
            const bool is_number =
                attributes.number_at >= 0 && r == kFirstInput + attributes.number_at;
            t = is_number ? scalar_tensor(attributes.number, attributes.promoted)
                          : values[static_cast<size_t>(r)];
            check(t.defined(), op.node_name, ": the derivative reads what was not saved");
        } else if (r < first_constant) {
            const int i = r - first_scalar;
            t = i < attributes.scalar_count && attributes.scalars[i].is_complex()
                    ? scalar_tensor(attributes.scalars[i], complex_type(g.dtype()))
                    : scalar_tensor(scalar_value(op, i), real_type(g.dtype()));
        } else if (r < first_instruction) {
            t = scalar_tensor(program.constants[r - first_constant], real_type(g.dtype()));
        } else {
            const Instruction& code = program.code[r - first_instruction];
            TensorList arguments;
            for (const int16_t from : code.args)
                if (from >= 0) arguments.push_back(self(self, from));
            t = pointwise({static_cast<OpId>(code.op), arguments});
        }
        return t;
    };
    for (int i = 0; i < op.inputs; i++)
        if (wanted >> i & 1 && program.results[i] >= 0) {
            const Tensor& result = value(value, program.results[i]);
            // A derivative that is the same number everywhere.
            const bool constant = result.dim() == 0 && g.dim() > 0;
            ctx.set(static_cast<size_t>(i), constant ? expand(result, g.sizes()) : result);
        }
}

}  // namespace kajo::ops
