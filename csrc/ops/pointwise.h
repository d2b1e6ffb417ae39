// Element-wise operations: one way in for all of the table, and names for those that C++ uses.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/tensor.h"
#include "pointwise_ids.h"

namespace kajo::ops {

using cpu::OpId;

// A call of an operation of the table. One input may be undefined: `number` stands in its place, as
// a plain number ranks in type promotion. Scalars left out have the table's defaults.
struct PointwiseCall {
    OpId op;
    TensorRefs inputs;
    std::span<const Scalar> scalars = {};
    const Scalar* number = nullptr;
};
Tensor pointwise(const PointwiseCall& call);
// Writes over the first input.
Tensor pointwise_inplace(const PointwiseCall& call);

inline Tensor pointwise(OpId op, std::initializer_list<Tensor> inputs,
                        std::initializer_list<Scalar> scalars = {}) {
    return pointwise({op, {inputs.begin(), inputs.size()}, {scalars.begin(), scalars.size()}});
}

// Operations without scalars, by the kind of their operands; a trailing _ writes over the first.
template <OpId op>
Tensor unary(const Tensor& self) {
    return pointwise({op, {&self, 1}});
}
template <OpId op>
Tensor unary_(const Tensor& self) {
    return pointwise_inplace({op, {&self, 1}});
}
template <OpId op>
Tensor binary(const Tensor& self, const Tensor& other) {
    const BorrowedTensors inputs(self, other);
    return pointwise({op, inputs});
}
template <OpId op>
Tensor binary_(const Tensor& self, const Tensor& other) {
    const BorrowedTensors inputs(self, other);
    return pointwise_inplace({op, inputs});
}
template <OpId op>
Tensor binary_number(const Tensor& self, const Scalar& other) {
    const BorrowedTensors inputs(self, Tensor());
    return pointwise({op, inputs, {}, &other});
}
template <OpId op>
Tensor binary_number_(const Tensor& self, const Scalar& other) {
    const BorrowedTensors inputs(self, Tensor());
    return pointwise_inplace({op, inputs, {}, &other});
}
template <OpId op>
Tensor number_binary(const Scalar& self, const Tensor& other) {
    const BorrowedTensors inputs(Tensor(), other);
    return pointwise({op, inputs, {}, &self});
}

// Arithmetic.
Tensor add(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor add(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
Tensor add_(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor add_(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
Tensor sub(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor sub(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
Tensor sub_(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor sub_(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
Tensor rsub(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor rsub(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
Tensor mul(const Tensor& self, const Tensor& other);
Tensor mul(const Tensor& self, const Scalar& other);
Tensor mul_(const Tensor& self, const Tensor& other);
Tensor mul_(const Tensor& self, const Scalar& other);
using RoundingMode = std::optional<std::string_view>;  // "trunc" or "floor"
Tensor div(const Tensor& self, const Tensor& other, RoundingMode rounding_mode = std::nullopt);
Tensor div(const Tensor& self, const Scalar& other, RoundingMode rounding_mode = std::nullopt);
Tensor div_(const Tensor& self, const Tensor& other, RoundingMode rounding_mode = std::nullopt);
Tensor div_(const Tensor& self, const Scalar& other, RoundingMode rounding_mode = std::nullopt);
Tensor floor_divide(const Tensor& self, const Tensor& other);
Tensor floor_divide(const Tensor& self, const Scalar& other);
Tensor remainder(const Tensor& self, const Tensor& other);
Tensor remainder(const Tensor& self, const Scalar& other);
Tensor neg(const Tensor& self);
Tensor neg_(const Tensor& self);
Tensor pow(const Tensor& self, const Tensor& exponent);
Tensor pow(const Tensor& self, const Scalar& exponent);
Tensor pow(const Scalar& self, const Tensor& exponent);
Tensor pow_(const Tensor& self, const Tensor& exponent);
Tensor pow_(const Tensor& self, const Scalar& exponent);
Tensor float_power(const Tensor& self, const Tensor& exponent);
Tensor float_power(const Tensor& self, const Scalar& exponent);
Tensor float_power(const Scalar& self, const Tensor& exponent);
Tensor square(const Tensor& self);
Tensor reciprocal(const Tensor& self);
Tensor positive(const Tensor& self);
Tensor lerp(const Tensor& self, const Tensor& end, const Tensor& weight);
Tensor lerp(const Tensor& self, const Tensor& end, const Scalar& weight);
Tensor lerp_(const Tensor& self, const Tensor& end, const Tensor& weight);
Tensor lerp_(const Tensor& self, const Tensor& end, const Scalar& weight);
Tensor addcmul(const Tensor& self, const Tensor& tensor1, const Tensor& tensor2,
               const Scalar& value = 1);
Tensor addcmul_(const Tensor& self, const Tensor& tensor1, const Tensor& tensor2,
                const Scalar& value = 1);
Tensor addcdiv(const Tensor& self, const Tensor& tensor1, const Tensor& tensor2,
               const Scalar& value = 1);
Tensor addcdiv_(const Tensor& self, const Tensor& tensor1, const Tensor& tensor2,
                const Scalar& value = 1);

// Functions of one variable.
Tensor abs(const Tensor& self);
Tensor sign(const Tensor& self);
Tensor sgn(const Tensor& self);
Tensor exp(const Tensor& self);
Tensor expm1(const Tensor& self);
Tensor log(const Tensor& self);
Tensor log1p(const Tensor& self);
Tensor log2(const Tensor& self);
Tensor sqrt(const Tensor& self);
Tensor rsqrt(const Tensor& self);
Tensor sin(const Tensor& self);
Tensor cos(const Tensor& self);
Tensor tanh(const Tensor& self);
Tensor sigmoid(const Tensor& self);
Tensor relu(const Tensor& self);
Tensor silu(const Tensor& self);
Tensor gelu(const Tensor& self, std::string_view approximate = "none");
Tensor floor(const Tensor& self);
Tensor ceil(const Tensor& self);
Tensor trunc(const Tensor& self);
Tensor round(const Tensor& self, int64_t decimals = 0);
Tensor erf(const Tensor& self);
Tensor erfinv(const Tensor& self);
Tensor digamma(const Tensor& self);
Tensor conj(const Tensor& self);           // a view; self itself where it is real
Tensor conj_physical(const Tensor& self);  // self itself where it is real
Tensor angle(const Tensor& self);
Tensor signbit(const Tensor& self);
Tensor nextafter(const Tensor& self, const Tensor& other);
Tensor nextafter_(const Tensor& self, const Tensor& other);
Tensor complex(const Tensor& real, const Tensor& imag);
Tensor polar(const Tensor& abs, const Tensor& angle);

// Comparison and logic: results are bool.
Tensor eq(const Tensor& self, const Tensor& other);
Tensor eq(const Tensor& self, const Scalar& other);
Tensor ne(const Tensor& self, const Tensor& other);
Tensor ne(const Tensor& self, const Scalar& other);
Tensor lt(const Tensor& self, const Tensor& other);
Tensor lt(const Tensor& self, const Scalar& other);
Tensor le(const Tensor& self, const Tensor& other);
Tensor le(const Tensor& self, const Scalar& other);
Tensor gt(const Tensor& self, const Tensor& other);
Tensor gt(const Tensor& self, const Scalar& other);
Tensor ge(const Tensor& self, const Tensor& other);
Tensor ge(const Tensor& self, const Scalar& other);
Tensor logical_and(const Tensor& self, const Tensor& other);
Tensor logical_or(const Tensor& self, const Tensor& other);
Tensor logical_xor(const Tensor& self, const Tensor& other);
Tensor logical_not(const Tensor& self);
Tensor isnan(const Tensor& self);
Tensor isinf(const Tensor& self);
Tensor isfinite(const Tensor& self);
Tensor isclose(const Tensor& self, const Tensor& other, double rtol = 1e-5, double atol = 1e-8,
               bool equal_nan = false);
Tensor bitwise_and(const Tensor& self, const Tensor& other);
Tensor bitwise_or(const Tensor& self, const Tensor& other);
Tensor bitwise_xor(const Tensor& self, const Tensor& other);
Tensor bitwise_not(const Tensor& self);

// Choice.
Tensor where(const Tensor& condition, const Tensor& self, const Tensor& other);
Tensor where(const Tensor& condition, const Scalar& self, const Tensor& other);
Tensor where(const Tensor& condition, const Tensor& self, const Scalar& other);
Tensor where(const Tensor& condition, const Scalar& self, const Scalar& other);
Tensor maximum(const Tensor& self, const Tensor& other);
Tensor minimum(const Tensor& self, const Tensor& other);
using OptionalScalar = std::optional<Scalar>;
Tensor clamp(const Tensor& self, const OptionalScalar& min, const OptionalScalar& max);
Tensor clamp_tensor(const Tensor& self, const Tensor& min, const Tensor& max);
Tensor clamp_tensor_(const Tensor& self, const Tensor& min,
                     const Tensor& max);  // either may be undefined
Tensor clamp_(const Tensor& self, const OptionalScalar& min, const OptionalScalar& max);
Tensor nan_to_num(const Tensor& self, std::optional<double> nan, std::optional<double> posinf,
                  std::optional<double> neginf);
Tensor logit(const Tensor& self, std::optional<double> eps);

}  // namespace kajo::ops
