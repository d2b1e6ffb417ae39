#include "ops/pointwise.h"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/promotion.h"
#include "core/range.h"
#include "core/shape.h"
#include "cpu/pointwise.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/pointwise_gradient.h"
#include "pointwise_ids.h"

namespace kajo::ops {

using cpu::PointwiseAttributes;
using cpu::PointwiseOp;
using cpu::PointwisePart;
using cpu::ResultRule;

namespace {

struct Plan {
    DType promoted;  // of the inputs, after the rule's conversion
    DType result;
    Device device;
};

constexpr uint8_t class_in_table(DType t) {
    if (!is_common(t)) {
        const Family family = info(t).family;
        return family == kUnsigned                        ? cpu::UnsignedClass
               : family == kComplexHalf                   ? cpu::ComplexHalfClass
               : family == kFloat8 || family == kExponent ? cpu::Float8Class
                                                          : 0;
    }
    return is_complex(t)      ? cpu::ComplexClass
           : is_float(t)      ? cpu::FloatClass
           : t == DType::Bool ? cpu::BoolClass
                              : cpu::IntClass;
}
constexpr auto kClasses = [] {
    std::array<uint8_t, kDTypes> classes{};
    for (size_t i = 0; i < classes.size(); i++) classes[i] = class_in_table(static_cast<DType>(i));
    return classes;
}();
uint8_t class_of(DType t) { return kClasses[static_cast<size_t>(t)]; }

bool is_mask(const PointwiseOp& op, size_t i) { return op.input_is_mask >> i & 1; }

DType promote(const PointwiseOp& op, const PointwiseCall& call) {
    ResultType all;
    std::optional<DType> first;
    bool mixed = call.number != nullptr;
    for (size_t i = 0; i < call.inputs.size(); i++) {
        const Tensor& t = call.inputs[i];
        if (is_mask(op, i) || !t.defined()) continue;
        mixed |= first && *first != t.dtype();
        first = t.dtype();
    }
    if (!mixed) return *first;
    for (size_t i = 0; i < call.inputs.size(); i++)
        if (!is_mask(op, i) && call.inputs[i].defined()) all.add(call.inputs[i]);
    if (call.number) all.add(*call.number);
    return all.get();
}

// Numbers on the CPU go with tensors elsewhere.
void check_devices(const PointwiseOp& op, TensorRefs inputs, Device chosen) {
    for (const Tensor& t : inputs)
        check(!t.defined() || t.device().type == chosen.type || (t.dim() == 0 && !t.is_meta()),
              op.name,
              "(): Expected all tensors to be on the same device, but found at least two "
              "devices, ",
              chosen, " and ", t.defined() ? t.device() : Device{}, "!");
}

Device common_device(const PointwiseOp& op, TensorRefs inputs) {
    const Tensor* chosen = nullptr;
    bool differ = false;
    for (const Tensor& t : inputs) {
        if (!t.defined()) continue;
        differ |= chosen && chosen->device().type != t.device().type;
        if (!chosen || (chosen->dim() == 0 && t.dim() > 0)) chosen = &t;
    }
    if (differ) check_devices(op, inputs, chosen->device());
    return chosen->device();
}

// `target`: what an in-place operation writes; a result that it cannot hold is refused first.
Plan plan_for(const PointwiseOp& op, const PointwiseCall& call, const Tensor* target = nullptr) {
    DType promoted = promote(op, call);
    uint8_t operands = class_of(promoted);
    if (op.rule == ResultRule::Float && is_integral(promoted, true)) {
        if (operands == cpu::UnsignedClass) operands = cpu::IntClass;
        promoted = default_dtype();
    }
    DType result = promoted;
    if (op.rule == ResultRule::Bool) result = DType::Bool;
    if (op.rule == ResultRule::Real) result = real_type(promoted);
    if (op.rule == ResultRule::Complex) result = complex_type(promoted);
    if (target)
        check(can_cast(result, target->dtype()), op.name, "_(): result type ",
              info(result).tensor_name, " can't be cast to the desired output type ",
              info(target->dtype()).tensor_name);
    if (!(op.allowed & operands)) raise_unsupported(op.name, promoted);
    const cpu::PointwiseTypes types = cpu::pointwise_types(op, promoted);
    if (!op.forward.by_type[types.compute]) raise_unsupported(op.name, promoted);
    return {promoted, result, common_device(op, call.inputs)};
}

Dims broadcast_shape(const PointwiseOp& op, TensorRefs inputs) {
    const Tensor* first = nullptr;
    Dims shape;
    for (const Tensor& t : inputs) {
        if (!t.defined()) continue;
        if (!first)
            shape = (first = &t)->sizes();
        else if (!(shape == t.sizes()))
            shape = broadcast_shapes(shape, t.sizes(), op.name);
    }
    return shape;
}

// Which of two dimensions lies inside the other: the first input that tells decides.
int order_of(std::span<const Dims> strides, IntSpan shape, size_t a, size_t b) {
    for (const Dims& s : strides) {
        if (s[a] == 0 || s[b] == 0) continue;
        if (s[a] != s[b]) return s[a] < s[b] ? -1 : 1;
        if (shape[a] > shape[b]) return 1;
    }
    return 0;
}

// A result laid out as its inputs are: contiguous inputs give a contiguous one, channels-last ones
// a channels-last one, and so on.
Tensor allocate(IntSpan shape, TensorRefs inputs, DType dtype, Device device) {
    bool contiguous = true;
    for (const Tensor& t : inputs)
        contiguous &= !t.defined() || (IntSpan(t.sizes()) == shape && t.is_contiguous());
    if (contiguous || shape.size() < 2) return kajo::empty(shape, dtype, device);
    std::vector<Dims> strides;
    for (const Tensor& t : inputs)
        if (t.defined()) strides.push_back(broadcast_strides(t, shape));
    const size_t n = shape.size();
    Dims order(n);
    for (size_t d = 0; d < n; d++) order[d] = static_cast<int64_t>(n - 1 - d);
    for (size_t i = 1; i < n; i++) {
        size_t moving = i;
        for (size_t j = i; j-- > 0;) {
            const int inside = order_of(strides, shape, static_cast<size_t>(order[j]),
                                        static_cast<size_t>(order[moving]));
            if (inside < 0) break;
            if (inside == 0) continue;
            std::swap(order[j], order[moving]);
            moving = j;
        }
    }
    Dims out(n);
    int64_t step = 1;
    for (const int64_t d : order) {
        out[static_cast<size_t>(d)] = step;
        step *= std::max<int64_t>(shape[static_cast<size_t>(d)], 1);
    }
    return empty_strided(shape, out, dtype, device);
}

// A kernel object for each operation and each gradient, so that observers see its name.
const Kernel& kernel_of(OpId op, PointwisePart part) {
    static const std::vector<Kernel> kernels = [] {
        std::vector<Kernel> all;
        for (int16_t i = 0; i < cpu::kOpCount; i++) {
            const PointwiseOp& d = cpu::pointwise_op(static_cast<OpId>(i));
            all.push_back({d.name, cpu::pointwise, kConverted});
            all.push_back({d.node_name ? d.node_name : d.name, cpu::pointwise, kConverted});
        }
        return all;
    }();
    return kernels[2 * static_cast<size_t>(op) + (part != PointwisePart::Forward)];
}

// Numbers beside whole tensors, such as a factor or a bound, have to be of the tensors' type.
void check_scalars(const PointwiseOp& op, const PointwiseCall& call, DType promoted) {
    if (call.scalars.empty() || !is_integral(promoted, false)) return;
    for (const Scalar& s : call.scalars) check_fits(s, promoted, op.name);
}

// In 16 bits, numbers and tensors without dimensions are rounded like the tensors that they meet;
// only factors and divisors keep their digits.
bool rounds_single_operand(OpId op, size_t i, DType promoted) {
    if (!has_16_bits(promoted)) return false;
    switch (op) {
        case OpId::mul:
            return false;
        case OpId::div:
        case OpId::div_floor:
        case OpId::div_trunc:
        case OpId::floor_divide:
            return i == 0;
        default:
            return true;
    }
}

bool is_single(const PointwiseCall& call, size_t i, DType promoted) {
    const Tensor& t = call.inputs[i];
    return t.defined() && t.dim() == 0 && t.dtype() != promoted &&
           rounds_single_operand(call.op, i, promoted) && !is_mask(cpu::pointwise_op(call.op), i);
}

bool has_single_operand(const PointwiseCall& call, DType promoted) {
    if (!has_16_bits(promoted)) return false;
    for (size_t i = 0; i < call.inputs.size(); i++)
        if (is_single(call, i, promoted)) return true;
    return false;
}

// `run` on operands of which none has more digits than the promoted type.
template <Tensor (*run)(const PointwiseCall&)>
Tensor run_rounded(const PointwiseCall& call, DType promoted) {
    TensorList inputs(call.inputs.begin(), call.inputs.end());
    for (size_t i = 0; i < inputs.size(); i++)
        if (is_single(call, i, promoted)) inputs[i] = to(inputs[i], promoted);
    return run({call.op, inputs, call.scalars, call.number});
}

PointwiseAttributes attributes_of(const PointwiseCall& call, DType promoted) {
    check_scalars(cpu::pointwise_op(call.op), call, promoted);
    PointwiseAttributes a{};
    a.op = call.op;
    a.part = PointwisePart::Forward;
    a.promoted = promoted;
    a.scalar_count = static_cast<int8_t>(call.scalars.size());
    std::copy(call.scalars.begin(), call.scalars.end(), a.scalars);
    a.number_at = -1;
    if (!call.number) return a;
    for (size_t i = 0; i < call.inputs.size(); i++)
        if (!call.inputs[i].defined()) a.number_at = static_cast<int8_t>(i);
    const bool rounds = rounds_single_operand(call.op, static_cast<size_t>(a.number_at), promoted);
    a.number = rounds ? rounded(*call.number, promoted) : *call.number;
    return a;
}

}  // namespace

Tensor launch_gradient(const PointwiseAttributes& attributes, TensorRefs inputs) {
    const Tensor& g = inputs[0];
    Tensor out = allocate(g.sizes(), inputs, attributes.promoted, g.device());
    launch(kernel_of(attributes.op, attributes.part), {&out, 1}, inputs, attributes);
    return out;
}

TensorList launch_gradients(const PointwiseAttributes& attributes, TensorRefs inputs,
                            size_t count) {
    const Tensor& g = inputs[0];
    TensorList outs;
    for (size_t i = 0; i < count; i++)
        outs.push_back(allocate(g.sizes(), inputs, attributes.promoted, g.device()));
    launch(kernel_of(attributes.op, attributes.part), outs, inputs, attributes);
    return outs;
}

Tensor pointwise(const PointwiseCall& call) {
    const PointwiseOp& op = cpu::pointwise_op(call.op);
    const Plan plan = plan_for(op, call);
    if (has_single_operand(call, plan.promoted)) return run_rounded<pointwise>(call, plan.promoted);
    const PointwiseAttributes attributes = attributes_of(call, plan.promoted);
    Tensor out = allocate(broadcast_shape(op, call.inputs), call.inputs, plan.result, plan.device);
    launch(kernel_of(call.op, PointwisePart::Forward), {&out, 1}, call.inputs, attributes);
    if (!op.node_name || !needs_grad(call.inputs) || !is_differentiable(plan.result)) return out;
    const PointwiseSaved saved(op, call.inputs, out, {});
    return attach(op.node_name, std::move(out), call.inputs, saved.tensors(),
                  PointwiseBackward{attributes, saved.result(), saved.inputs()});
}

Tensor pointwise_inplace(const PointwiseCall& call) {
    const PointwiseOp& op = cpu::pointwise_op(call.op);
    const Tensor& self = call.inputs[0];
    check_inplace(self, op.name);
    const Plan plan = plan_for(op, call, &self);
    if (has_single_operand(call, plan.promoted))
        return run_rounded<pointwise_inplace>(call, plan.promoted);
    const Dims shape = broadcast_shape(op, call.inputs);
    check(shape == self.sizes(), op.name, "_(): output with shape ", self.sizes(),
          " doesn't match the broadcast shape ", shape);
    check_no_internal_overlap(self);

    const bool tracked = op.node_name && needs_grad(call.inputs) && is_differentiable(self.dtype());
    Tensor before;  // the old values, where the gradient reads them
    if (tracked) {
        const PointwiseSaved read(op, call.inputs, {}, {});
        for (size_t i = 0; i < call.inputs.size() && !before.defined(); i++)
            if (read.reads(static_cast<int>(i)) && call.inputs[i].is_same(self))
                before = clone(self);
    }
    TensorList inputs(call.inputs.data(), call.inputs.data() + call.inputs.size());
    for (size_t i = 1; i < inputs.size(); i++) {
        if (!inputs[i].defined()) continue;
        check_no_partial_overlap(self, inputs[i]);
        if (may_overlap(self, inputs[i])) inputs[i] = clone(inputs[i]);
    }
    const PointwiseAttributes attributes = attributes_of(call, plan.promoted);
    launch(kernel_of(call.op, PointwisePart::Forward), {&self, 1}, inputs, attributes);
    if (!tracked) {
        note_write(self, op.name);
        return self;
    }
    const PointwiseSaved saved(op, inputs, self, before);
    return attach_inplace(op.node_name, self, inputs, saved.tensors(),
                          PointwiseBackward{attributes, saved.result(), saved.inputs()});
}

}  // namespace kajo::ops
