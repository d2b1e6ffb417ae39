#include "cpu/pointwise.h"

#include <atomic>

#include "cpu/complex.h"
#include "cpu/tensor_operands.h"
#include "pointwise_ids.h"

namespace kajo::cpu {

namespace {

// In the order of DType; half-precision types compute in float32. What unsigned numbers can do
// comes to the same bits in signed ones.
constexpr ComputeType kComputeTypeOf[] = {U8,  I8,  I16, I32, I64, F32, F32, F64, C64, C128, B8,
                                          F32, I16, I32, I64, C64, F32, F32, F32, F32, F32};
constexpr DType kDTypeOf[kComputeTypes] = {
    DType::Float32, DType::Float64, DType::Int8, DType::Int16,     DType::Int32,
    DType::Int64,   DType::UInt8,   DType::Bool, DType::Complex64, DType::Complex128};

ComputeType compute_type(DType t) {
    const auto i = static_cast<size_t>(t);
    if (i >= std::size(kComputeTypeOf)) raise_unsupported("pointwise", t);
    return kComputeTypeOf[i];
}

struct Roles {
    TileFn function;
    DType inputs[kMaxOperands];  // what the kernel sees for each of them
    DType outputs;
    bool takes_repeated;
};

// The sign of 16-bit numbers is a bit, for which they need not be converted.
template <class F>
void each_16_bits(const void* const* in, void* const* out, int64_t n, F f) {
    const auto* from = static_cast<const uint16_t*>(in[0]);
    auto* to = static_cast<uint16_t*>(out[0]);
#pragma GCC ivdep
    for (int64_t i = 0; i < n; i++) to[i] = f(from[i]);
}
void negate_16_bits(const void* const* in, void* const* out, const void*, int64_t n) {
    each_16_bits(in, out, n, [](uint16_t x) { return static_cast<uint16_t>(x ^ 0x8000); });
}
void absolute_16_bits(const void* const* in, void* const* out, const void*, int64_t n) {
    each_16_bits(in, out, n, [](uint16_t x) { return static_cast<uint16_t>(x & 0x7fff); });
}
TileFn sign_tile(const PointwiseAttributes& a) {
    const bool forward = a.part == PointwisePart::Forward;
    if (!forward || (a.promoted != DType::BFloat16 && a.promoted != DType::Float16)) return nullptr;
    return a.op == OpId::neg ? negate_16_bits : a.op == OpId::abs ? absolute_16_bits : nullptr;
}

Roles roles_of(const PointwiseOp& op, const PointwiseAttributes& a) {
    const PointwiseTypes types = pointwise_types(op, a.promoted);
    Roles roles{};
    if (const TileFn of_sign = sign_tile(a)) {
        roles.function = of_sign;
        roles.inputs[0] = roles.outputs = a.promoted;
        return roles;
    }
    const bool takes_repeated = op.takes_repeated && (types.compute == F32 || types.compute == F64);
    const auto input_role = [&](int i) {
        return op.input_is_mask >> i & 1 ? DType::Bool : types.input;
    };
    if (a.part == PointwisePart::Forward) {
        for (int i = 0; i < op.inputs; i++) roles.inputs[i] = input_role(i);
        roles.outputs = types.result;
        const TileFn by_hand = complex_tile(a.op, types.compute);
        roles.function = by_hand ? by_hand : op.forward.by_type[types.compute];
        roles.takes_repeated = takes_repeated;
        return roles;
    }
    const bool all = a.part == PointwisePart::AllGradients;
    const InputGradient* one = all ? nullptr : &op.backward_of[static_cast<int>(a.part)];
    int k = 0;
    roles.inputs[k++] = types.result;
    if (all ? op.saves_result : one->reads_result) roles.inputs[k++] = types.result;
    const uint8_t reads = all ? op.saved_inputs : one->reads_inputs;
    for (int i = 0; i < op.inputs; i++)
        if (reads >> i & 1) roles.inputs[k++] = input_role(i);
    roles.outputs = types.input;
    roles.function = (all ? op.backward : one->kernel).by_type[types.compute];
    roles.takes_repeated = takes_repeated;
    return roles;
}

// Scalars and a number that stands for a tensor, as elements of the type that is computed in.
struct Numbers {
    alignas(16) char scalars[16 * kMaxScalars];
    alignas(16) char input[16];
};

void store_scalars(const PointwiseOp& op, const PointwiseAttributes& a, DType type, char* to) {
    for (int i = 0; i < op.scalars; i++)
        store_number(i < a.scalar_count ? a.scalars[i] : Scalar(op.scalar_defaults[i]), type,
                     to + i * item_size(type));
}

// The tile kernel on whole tensors, where they are few elements stored as it wants them.
bool run_small(const Roles& roles, const char* scalars, TensorRefs outputs, TensorRefs inputs) {
    const Tensor& first = outputs[0];
    const int64_t n = first.numel();
    if (n > kParallelGrain) return false;
    const void* in[kMaxOperands];
    void* out[kMaxOperands];
    for (size_t i = 0; i < outputs.size(); i++) {
        const Tensor& t = outputs[i];
        if (t.dtype() != roles.outputs || !t.is_contiguous()) return false;
        out[i] = t.raw_data();
    }
    for (size_t i = 0; i < inputs.size(); i++) {
        const Tensor& t = inputs[i];
        if (!t.defined() || t.dtype() != roles.inputs[i] || !(t.sizes() == first.sizes()) ||
            !t.is_contiguous())
            return false;
        in[i] = t.raw_data();
    }
    if (n) roles.function(in, out, scalars, n);
    return true;
}

template <class T>
void find_zero(const void* const* in, void* const*, const void* found, int64_t n) {
    const T* p = static_cast<const T*>(in[0]);
    if (std::find(p, p + n, T{0}) != p + n)
        (*static_cast<std::atomic<bool>* const*>(found))->store(true, std::memory_order_relaxed);
}

void check_divisor(const PointwiseOp& op, const Tensor& divisor, const Scalar& number, DType type) {
    std::atomic<bool> found = !divisor.defined() && number.as_int() == 0;
    if (divisor.defined()) {
        TensorOperands<1> operand(divisor.sizes());
        operand.add(divisor, type);
        std::atomic<bool>* where = &found;
        constexpr TileFn by_type[] = {nullptr,
                                      nullptr,
                                      find_zero<int8_t>,
                                      find_zero<int16_t>,
                                      find_zero<int32_t>,
                                      find_zero<int64_t>,
                                      find_zero<uint8_t>,
                                      find_zero<uint8_t>};
        run_tiles(by_type[compute_type(type)], &where, divisor.sizes(), {}, operand.span());
    }
    if (found) raise(ErrorKind::Runtime, "ZeroDivisionError: ", op.name, "() of integers by zero");
}

}  // namespace

PointwiseTypes pointwise_types(const PointwiseOp& op, DType dtype) {
    const ComputeType compute = compute_type(dtype);
    const DType input = kDTypeOf[compute];
    switch (op.rule) {
        case ResultRule::Bool:
            return {compute, input, DType::Bool};
        case ResultRule::Real:
            return {compute, input, real_type(input)};
        case ResultRule::Complex:
            return {compute, input, complex_type(input)};
        default:
            return {compute, input, input};
    }
}

void pointwise(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const auto& a = *static_cast<const PointwiseAttributes*>(attributes);
    const PointwiseOp& op = pointwise_op(a.op);
    const Roles roles = roles_of(op, a);
    const DType type = pointwise_types(op, a.promoted).input;
    Numbers numbers;
    if (op.scalars) store_scalars(op, a, type, numbers.scalars);
    if (a.part == PointwisePart::Forward && op.checks_zero_divisor && is_integral(type, true))
        check_divisor(op, inputs.back(), a.number, type);
    if (run_small(roles, numbers.scalars, outputs, inputs)) return;

    const IntSpan shape = outputs[0].sizes();
    TensorOperands<kMaxOperands> out(shape), in(shape);
    for (const Tensor& t : outputs) out.add(t, roles.outputs);
    for (size_t i = 0; i < inputs.size(); i++) {
        if (inputs[i].defined()) {
            in.add_input(inputs[i], roles.inputs[i]);
            continue;
        }
        store_number(a.number, roles.inputs[i], numbers.input);
        in.add_constant(numbers.input, roles.inputs[i]);
    }
    run_tiles(roles.function, numbers.scalars, shape, out.span(), in.span(), roles.takes_repeated);
}

}  // namespace kajo::cpu
