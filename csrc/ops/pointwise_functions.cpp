// What the named element-wise operations add to the table: scalar arguments, checks, special cases.
#include <cmath>

#include "autograd/meta.h"
#include "core/promotion.h"
#include "core/range.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/pointwise.h"
#include "ops/views.h"
#include "pointwise_ids.h"

namespace kajo::ops {

Tensor square(const Tensor& self) { return pow(self, Scalar(2)); }
Tensor reciprocal(const Tensor& self) { return unary<OpId::reciprocal>(self); }
Tensor positive(const Tensor& self) {
    check(self.dtype() != DType::Bool,
          "positive(): The `+` operator, on a bool tensor is not supported.");
    return self;
}
Tensor abs(const Tensor& self) { return unary<OpId::abs>(self); }
Tensor sign(const Tensor& self) { return unary<OpId::sign>(self); }
Tensor sgn(const Tensor& self) { return unary<OpId::sgn>(self); }
Tensor exp(const Tensor& self) { return unary<OpId::exp>(self); }
Tensor expm1(const Tensor& self) { return unary<OpId::expm1>(self); }
Tensor log(const Tensor& self) { return unary<OpId::log>(self); }
Tensor log1p(const Tensor& self) { return unary<OpId::log1p>(self); }
Tensor log2(const Tensor& self) { return unary<OpId::log2>(self); }
Tensor sqrt(const Tensor& self) { return unary<OpId::sqrt>(self); }
Tensor rsqrt(const Tensor& self) { return unary<OpId::rsqrt>(self); }
Tensor sin(const Tensor& self) { return unary<OpId::sin>(self); }
Tensor cos(const Tensor& self) { return unary<OpId::cos>(self); }
Tensor tanh(const Tensor& self) { return unary<OpId::tanh>(self); }
Tensor sigmoid(const Tensor& self) { return unary<OpId::sigmoid>(self); }
Tensor silu(const Tensor& self) { return unary<OpId::silu>(self); }
Tensor floor(const Tensor& self) { return unary<OpId::floor>(self); }
Tensor ceil(const Tensor& self) { return unary<OpId::ceil>(self); }
Tensor trunc(const Tensor& self) { return unary<OpId::trunc>(self); }
Tensor erf(const Tensor& self) { return unary<OpId::erf>(self); }
Tensor erfinv(const Tensor& self) { return unary<OpId::erfinv>(self); }
Tensor digamma(const Tensor& self) { return unary<OpId::digamma>(self); }
Tensor signbit(const Tensor& self) {
    if (info(self.dtype()).family == kUnsigned)
        return zeros(self.sizes(), DType::Bool, self.device());
    return unary<OpId::signbit>(self);
}

Tensor angle(const Tensor& self) {
    const bool whole = is_integral(self.dtype(), true);
    return unary<OpId::angle>(whole ? to(self, default_dtype()) : self);
}
Tensor logical_not(const Tensor& self) { return unary<OpId::logical_not>(self); }
Tensor isnan(const Tensor& self) { return unary<OpId::isnan>(self); }
Tensor isinf(const Tensor& self) { return unary<OpId::isinf>(self); }
Tensor isfinite(const Tensor& self) { return unary<OpId::isfinite>(self); }
Tensor bitwise_not(const Tensor& self) { return unary<OpId::bitwise_not>(self); }
Tensor mul(const Tensor& self, const Tensor& other) { return binary<OpId::mul>(self, other); }
Tensor mul(const Tensor& self, const Scalar& other) {
    return binary_number<OpId::mul>(self, other);
}
Tensor floor_divide(const Tensor& self, const Tensor& other) {
    return binary<OpId::floor_divide>(self, other);
}
Tensor floor_divide(const Tensor& self, const Scalar& other) {
    return binary_number<OpId::floor_divide>(self, other);
}
Tensor remainder(const Tensor& self, const Tensor& other) {
    return binary<OpId::remainder>(self, other);
}
Tensor eq(const Tensor& self, const Tensor& other) { return binary<OpId::eq>(self, other); }
Tensor eq(const Tensor& self, const Scalar& other) { return binary_number<OpId::eq>(self, other); }
Tensor ne(const Tensor& self, const Tensor& other) { return binary<OpId::ne>(self, other); }
Tensor ne(const Tensor& self, const Scalar& other) { return binary_number<OpId::ne>(self, other); }
Tensor lt(const Tensor& self, const Tensor& other) { return binary<OpId::lt>(self, other); }
Tensor lt(const Tensor& self, const Scalar& other) { return binary_number<OpId::lt>(self, other); }
Tensor le(const Tensor& self, const Tensor& other) { return binary<OpId::le>(self, other); }
Tensor le(const Tensor& self, const Scalar& other) { return binary_number<OpId::le>(self, other); }
Tensor gt(const Tensor& self, const Tensor& other) { return binary<OpId::gt>(self, other); }
Tensor gt(const Tensor& self, const Scalar& other) { return binary_number<OpId::gt>(self, other); }
Tensor ge(const Tensor& self, const Tensor& other) { return binary<OpId::ge>(self, other); }
Tensor ge(const Tensor& self, const Scalar& other) { return binary_number<OpId::ge>(self, other); }
Tensor logical_and(const Tensor& self, const Tensor& other) {
    return binary<OpId::logical_and>(self, other);
}
Tensor logical_or(const Tensor& self, const Tensor& other) {
    return binary<OpId::logical_or>(self, other);
}
Tensor logical_xor(const Tensor& self, const Tensor& other) {
    return binary<OpId::logical_xor>(self, other);
}
Tensor bitwise_and(const Tensor& self, const Tensor& other) {
    return binary<OpId::bitwise_and>(self, other);
}
Tensor bitwise_or(const Tensor& self, const Tensor& other) {
    return binary<OpId::bitwise_or>(self, other);
}
Tensor bitwise_xor(const Tensor& self, const Tensor& other) {
    return binary<OpId::bitwise_xor>(self, other);
}
Tensor maximum(const Tensor& self, const Tensor& other) {
    return binary<OpId::maximum>(self, other);
}
Tensor minimum(const Tensor& self, const Tensor& other) {
    return binary<OpId::minimum>(self, other);
}
namespace {
void check_complex_parts(const char* name, const Tensor& first, const Tensor& second) {
    const auto is_part = [](const Tensor& t) {
        return is_float(t.dtype()) && t.dtype() != DType::BFloat16;
    };
    check(is_part(first) && is_part(second), name,
          "(): Expected both inputs to be Half, Float or Double tensors but got ", first.dtype(),
          " and ", second.dtype());
    check(first.dtype() == second.dtype(), name, "(): Expected object of scalar type ",
          first.dtype(), " but got scalar type ", second.dtype(), " for second argument");
}
}  // namespace

Tensor complex(const Tensor& real, const Tensor& imag) {
    check_complex_parts("complex", real, imag);
    return binary<OpId::complex>(real, imag);
}
Tensor polar(const Tensor& abs, const Tensor& angle) {
    check_complex_parts("polar", abs, angle);
    return binary<OpId::polar>(abs, angle);
}

namespace {

using TensorPair = std::array<Tensor, 2>;

bool is_one(const Scalar& s) { return !s.is_complex() && s.as_double() == 1.0; }

void check_alpha(const char* name, DType result, const Scalar& alpha) {
    check(!alpha.is_bool() || result == DType::Bool, name,
          "(): Boolean alpha only supported for Boolean results, got a result of type ", result);
    check(
        alpha.is_integral() || !is_integral(result, true), name,
        "(): For integral input tensors, argument alpha must not be a floating point number, got ",
        alpha);
    check(!alpha.is_complex() || is_complex(result), name,
          "(): For non-complex input tensors, argument alpha must not be a complex number, got ",
          alpha);
}

void check_not_bool(const char* name, bool all_bool, bool any_bool) {
    check(!all_bool, name,
          "(): Subtraction, the `-` operator, with two bool tensors is not supported. "
          "Use the `^` or `logical_xor()` operator instead.");
    check(!any_bool, name,
          "(): Subtraction, the `-` operator, with a bool tensor is not supported. If "
          "you are trying to invert a mask, use the `~` or `logical_not()` operator instead.");
}

// Elements that PyTorch's widest vectors of 16 bits take at a time.
constexpr int64_t kWideStep = 32;

// In 16 bits the factor is rounded first. Whole vectors then add the product as it is; the elements
// behind the last of them, all where there are few or they do not lie together, round it too. Which
// of the two it was shows wherever a sum cancels.
struct Scaled16 {
    OpId op;
    TensorPair inputs;
    Scalar factor;
    DType type;

    Tensor rounded_product(const Tensor& t) const {
        return mul(to(t, type), scalar_tensor(factor, type));
    }
    // Both operands with the product in place of the one that has the factor.
    TensorPair with_product(const TensorPair& from) const {
        const size_t scaled = op == OpId::rsub ? 0 : 1;
        TensorPair both = from;
        both[scaled] = rounded_product(from[scaled]);
        return both;
    }
    int64_t whole_vectors() const {
        const auto& [a, b] = inputs;
        const bool together = a.sizes() == b.sizes() && a.is_contiguous() && b.is_contiguous() &&
                              a.dtype() == b.dtype();
        return together ? a.numel() - a.numel() % kWideStep : 0;
    }
    template <Tensor (*run)(const PointwiseCall&)>
    Tensor operator()() const {
        const int64_t whole = whole_vectors();
        if (whole == 0) return run({op, with_product(inputs)});
        const int64_t n = inputs[0].numel();
        const auto rest = [&](const Tensor& t) {
            return narrow(flatten(detach(t), 0, -1), 0, whole, n - whole);
        };
        Tensor last;
        if (whole < n) last = pointwise({op, with_product({rest(inputs[0]), rest(inputs[1])})});
        const Tensor result = run({op, inputs, {&factor, 1}});
        if (whole < n) copy_raw(rest(result), last);
        return result;
    }
};

// add and its kin: op(self, other, alpha).
template <Tensor (*run)(const PointwiseCall&)>
Tensor scaled(OpId op, const char* name, const Tensor& self, const Tensor& other,
              const Scalar& alpha) {
    const BorrowedTensors inputs(self, other);
    if (is_one(alpha) && !alpha.is_bool()) return run({op, inputs});
    const DType type = result_type(self, other);
    check_alpha(name, type, alpha);
    if (has_16_bits(type))
        return Scaled16{op, {self, other}, rounded(alpha, type), type}.operator()<run>();
    return run({op, inputs, {&alpha, 1}});
}
template <Tensor (*run)(const PointwiseCall&)>
Tensor scaled(OpId op, const char* name, const Tensor& self, const Scalar& other,
              const Scalar& alpha) {
    const BorrowedTensors inputs(self, Tensor());
    if (is_one(alpha) && !alpha.is_bool()) return run({op, inputs, {}, &other});
    check_alpha(name, result_type(self, other), alpha);
    return run({op, inputs, {&alpha, 1}, &other});
}

void check_difference(const char* name, const Tensor& a, const Tensor& b) {
    const bool x = a.dtype() == DType::Bool, y = b.dtype() == DType::Bool;
    check_not_bool(name, x && y, x || y);
}
void check_difference(const char* name, const Tensor& a, const Scalar& b) {
    check_not_bool(name, false, a.dtype() == DType::Bool || b.is_bool());
}

OpId division(const RoundingMode& mode) {
    if (!mode) return OpId::div;
    if (*mode == "floor") return OpId::div_floor;
    check(*mode == "trunc",
          "div(): expected rounding_mode to be one of None, 'trunc', or 'floor' but found '", *mode,
          "'");
    return OpId::div_trunc;
}

// A quotient of 16 bits is rounded to them before it is cut.
bool cuts_rounded(const RoundingMode& mode, DType type) {
    return mode && *mode == "trunc" && has_16_bits(type);
}

}  // namespace

Tensor add(const Tensor& self, const Tensor& other, const Scalar& alpha) {
    return scaled<pointwise>(OpId::add, "add", self, other, alpha);
}
Tensor add(const Tensor& self, const Scalar& other, const Scalar& alpha) {
    return scaled<pointwise>(OpId::add, "add", self, other, alpha);
}
Tensor add_(const Tensor& self, const Tensor& other, const Scalar& alpha) {
    return scaled<pointwise_inplace>(OpId::add, "add_", self, other, alpha);
}
Tensor add_(const Tensor& self, const Scalar& other, const Scalar& alpha) {
    return scaled<pointwise_inplace>(OpId::add, "add_", self, other, alpha);
}
Tensor sub(const Tensor& self, const Tensor& other, const Scalar& alpha) {
    check_difference("sub", self, other);
    return scaled<pointwise>(OpId::sub, "sub", self, other, alpha);
}
Tensor sub(const Tensor& self, const Scalar& other, const Scalar& alpha) {
    check_difference("sub", self, other);
    return scaled<pointwise>(OpId::sub, "sub", self, other, alpha);
}
Tensor sub_(const Tensor& self, const Tensor& other, const Scalar& alpha) {
    check_difference("sub_", self, other);
    return scaled<pointwise_inplace>(OpId::sub, "sub_", self, other, alpha);
}
Tensor sub_(const Tensor& self, const Scalar& other, const Scalar& alpha) {
    check_difference("sub_", self, other);
    return scaled<pointwise_inplace>(OpId::sub, "sub_", self, other, alpha);
}
Tensor rsub(const Tensor& self, const Tensor& other, const Scalar& alpha) {
    check_difference("rsub", self, other);
    return scaled<pointwise>(OpId::rsub, "rsub", self, other, alpha);
}
Tensor rsub(const Tensor& self, const Scalar& other, const Scalar& alpha) {
    check_difference("rsub", self, other);
    return scaled<pointwise>(OpId::rsub_scalar, "rsub", self, other, alpha);
}

Tensor mul_(const Tensor& self, const Tensor& other) { return binary_<OpId::mul>(self, other); }
Tensor mul_(const Tensor& self, const Scalar& other) {
    return binary_number_<OpId::mul>(self, other);
}

Tensor div(const Tensor& self, const Tensor& other, RoundingMode mode) {
    if (cuts_rounded(mode, result_type(self, other))) return trunc(div(self, other));
    const BorrowedTensors inputs(self, other);
    return pointwise({division(mode), inputs});
}
Tensor div(const Tensor& self, const Scalar& other, RoundingMode mode) {
    if (cuts_rounded(mode, result_type(self, other))) return trunc(div(self, other));
    const BorrowedTensors inputs(self, Tensor());
    return pointwise({division(mode), inputs, {}, &other});
}
Tensor div_(const Tensor& self, const Tensor& other, RoundingMode mode) {
    if (cuts_rounded(mode, result_type(self, other))) return unary_<OpId::trunc>(div_(self, other));
    const BorrowedTensors inputs(self, other);
    return pointwise_inplace({division(mode), inputs});
}
Tensor div_(const Tensor& self, const Scalar& other, RoundingMode mode) {
    if (cuts_rounded(mode, result_type(self, other))) return unary_<OpId::trunc>(div_(self, other));
    const BorrowedTensors inputs(self, Tensor());
    return pointwise_inplace({division(mode), inputs, {}, &other});
}

Tensor remainder(const Tensor& self, const Scalar& other) {
    return binary_number<OpId::remainder_scalar>(self, other);
}

namespace {
void check_negatable(const Tensor& self) {
    check(self.dtype() != DType::Bool,
          "neg(): Negation, the `-` operator, on a bool tensor is not supported. If you are trying "
          "to "
          "invert a mask, use the `~` or `logical_not()` operator instead.");
}
}  // namespace

Tensor neg(const Tensor& self) {
    check_negatable(self);
    return unary<OpId::neg>(self);
}
Tensor neg_(const Tensor& self) {
    check_negatable(self);
    return unary_<OpId::neg>(self);
}

// ---- powers
// --------------------------------------------------------------------------------------

namespace {

// A number as exponent is an argument of the kernel, so its part in promotion is played here.
template <Tensor (*run)(const PointwiseCall&)>
Tensor power(const Tensor& self, const Scalar& exponent) {
    check(!(is_integral(self.dtype(), true) && exponent.is_integral() && exponent.as_int() < 0),
          "pow(): Integers to negative integer powers are not allowed, got exponent ", exponent);
    const DType type = self.dtype();
    const bool is_whole = is_integral(type, true);
    constexpr std::pair<double, OpId> kSimple[] = {
        {2.0, OpId::pow_square},   {3.0, OpId::pow_cube},
        {0.5, OpId::pow_root},     {-0.5, OpId::pow_inverse_root},
        {-1.0, OpId::pow_inverse}, {-2.0, OpId::pow_inverse_square}};
    for (const auto& [number, op] : kSimple)
        if (!exponent.is_complex() && exponent.as_double() == number && (number > 1 || !is_whole))
            return run({op, {&self, 1}});
    const Scalar kept = has_16_bits(type) ? rounded(exponent, type) : exponent;
    return run({OpId::pow_scalar, {&self, 1}, {&kept, 1}});
}

}  // namespace

Tensor pow(const Tensor& self, const Tensor& exponent) { return binary<OpId::pow>(self, exponent); }
Tensor pow(const Scalar& self, const Tensor& exponent) {
    return number_binary<OpId::pow>(self, exponent);
}
Tensor pow(const Tensor& self, const Scalar& exponent) {
    return power<pointwise>(to(self, result_type(self, exponent)), exponent);
}
Tensor pow_(const Tensor& self, const Tensor& exponent) {
    return binary_<OpId::pow>(self, exponent);
}
Tensor pow_(const Tensor& self, const Scalar& exponent) {
    const DType result = result_type(self, exponent);
    check(can_cast(result, self.dtype()), "pow_(): result type ", info(result).tensor_name,
          " can't be cast to the desired output type ", info(self.dtype()).tensor_name);
    return power<pointwise_inplace>(self, exponent);
}

namespace {
DType wide(DType t) { return is_complex(t) ? DType::Complex128 : DType::Float64; }
}  // namespace

Tensor float_power(const Tensor& self, const Tensor& exponent) {
    const DType t = wide(promote_types(self.dtype(), exponent.dtype()));
    return pow(to(self, t), to(exponent, t));
}
Tensor float_power(const Tensor& self, const Scalar& exponent) {
    return pow(to(self, wide(exponent.is_complex() ? DType::Complex128 : self.dtype())), exponent);
}
Tensor float_power(const Scalar& self, const Tensor& exponent) {
    return pow(self, to(exponent, wide(self.is_complex() ? DType::Complex128 : exponent.dtype())));
}

// ---- three operands
// ------------------------------------------------------------------------------

namespace {

void check_same_type(const char* name, const char* argument, const Tensor& self, const Tensor& t) {
    check(self.dtype() == t.dtype(), name, "(): expected dtype ", self.dtype(), " for `", argument,
          "` but got dtype ", t.dtype());
}

template <Tensor (*run)(const PointwiseCall&)>
Tensor interpolate(const Tensor& self, const Tensor& end, const Tensor& weight) {
    check_same_type("lerp", "end", self, end);
    if (weight.dim() > 0 || end.dim() == 0) check_same_type("lerp", "weight", self, weight);
    const Tensor inputs[] = {self, end, weight};
    return run({OpId::lerp_tensor, inputs});
}
template <Tensor (*run)(const PointwiseCall&)>
Tensor interpolate(const Tensor& self, const Tensor& end, const Scalar& weight) {
    check_same_type("lerp", "end", self, end);
    const BorrowedTensors inputs(self, end);
    return run({OpId::lerp, inputs, {&weight, 1}});
}
template <Tensor (*run)(const PointwiseCall&)>
Tensor add_combined(OpId op, const Tensor& self, const Tensor& a, const Tensor& b,
                    const Scalar& value) {
    check(op != OpId::addcdiv || !(is_integral(a.dtype(), true) && is_integral(b.dtype(), true)),
          "addcdiv(): Integer division with addcdiv is not supported; convert tensor1 or tensor2 "
          "to a "
          "floating-point type first");
    const Tensor inputs[] = {self, a, b};
    return run({op, inputs, {&value, 1}});
}

}  // namespace

Tensor lerp(const Tensor& self, const Tensor& end, const Tensor& weight) {
    return interpolate<pointwise>(self, end, weight);
}
Tensor lerp(const Tensor& self, const Tensor& end, const Scalar& weight) {
    return interpolate<pointwise>(self, end, weight);
}
Tensor lerp_(const Tensor& self, const Tensor& end, const Tensor& weight) {
    return interpolate<pointwise_inplace>(self, end, weight);
}
Tensor lerp_(const Tensor& self, const Tensor& end, const Scalar& weight) {
    return interpolate<pointwise_inplace>(self, end, weight);
}
Tensor addcmul(const Tensor& self, const Tensor& a, const Tensor& b, const Scalar& value) {
    return add_combined<pointwise>(OpId::addcmul, self, a, b, value);
}
Tensor addcmul_(const Tensor& self, const Tensor& a, const Tensor& b, const Scalar& value) {
    return add_combined<pointwise_inplace>(OpId::addcmul, self, a, b, value);
}
Tensor addcdiv(const Tensor& self, const Tensor& a, const Tensor& b, const Scalar& value) {
    return add_combined<pointwise>(OpId::addcdiv, self, a, b, value);
}
Tensor addcdiv_(const Tensor& self, const Tensor& a, const Tensor& b, const Scalar& value) {
    return add_combined<pointwise_inplace>(OpId::addcdiv, self, a, b, value);
}

// ---- one variable
// --------------------------------------------------------------------------------

Tensor relu(const Tensor& self) {
    check(self.dtype() != DType::Bool, "relu(): Boolean inputs not supported for relu");
    return unary<OpId::relu>(self);
}

Tensor gelu(const Tensor& self, std::string_view approximate) {
    if (approximate == "tanh") return unary<OpId::gelu_tanh>(self);
    check(approximate == "none", "gelu(): approximate argument must be either none or tanh, got ",
          approximate);
    return unary<OpId::gelu>(self);
}

Tensor round(const Tensor& self, int64_t decimals) {
    if (decimals == 0) return unary<OpId::round>(self);
    // Scaled by a whole power of ten, which is exact, on the side that keeps it whole.
    const Scalar scale = std::pow(10.0, static_cast<double>(std::abs(decimals)));
    return decimals > 0 ? div(unary<OpId::round>(mul(self, scale)), scale)
                        : mul(unary<OpId::round>(div(self, scale)), scale);
}

Tensor conj_physical(const Tensor& self) {
    return is_complex(self.dtype()) ? unary<OpId::conj>(self) : self;
}

Tensor isclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
    check(self.dtype() == other.dtype(), "isclose(): ", self.dtype(), " did not match ",
          other.dtype(), "; convert one of them first");
    check(rtol >= 0 && atol >= 0, "isclose(): rtol and atol must not be negative, got ", rtol,
          " and ", atol);
    Tensor close = eq(self, other);
    if (equal_nan && is_differentiable(self.dtype()))
        close = logical_or(close, logical_and(isnan(self), isnan(other)));
    if (rtol == 0 && atol == 0) return close;
    // Integers are subtracted as they are, but their tolerance is fractional.
    const bool fractional = is_differentiable(self.dtype());
    const Tensor a = fractional ? self : to(self, default_dtype());
    const Tensor b = fractional ? other : to(other, default_dtype());
    const Tensor allowed = add(abs(mul(b, rtol)), atol);
    const Tensor distance = abs(sub(a, b));
    return logical_or(close, logical_and(isfinite(distance), le(distance, allowed)));
}

// ---- choice
// --------------------------------------------------------------------------------------

namespace {
Tensor as_condition(const Tensor& condition) {
    if (condition.dtype() == DType::UInt8) return to(condition, DType::Bool);
    check(condition.dtype() == DType::Bool,
          "where(): expected condition to be a boolean tensor, but got a tensor with dtype ",
          info(condition.dtype()).tensor_name);
    return condition;
}
}  // namespace

Tensor where(const Tensor& condition, const Tensor& self, const Tensor& other) {
    const Tensor inputs[] = {as_condition(condition), self, other};
    return pointwise({OpId::where, inputs});
}
namespace {
void check_choice(const Scalar& value, const Tensor& other) {
    if (value.is_integral() && is_integral(other.dtype(), false))
        check_fits(value, other.dtype(), "where");
}
}  // namespace

Tensor where(const Tensor& condition, const Scalar& self, const Tensor& other) {
    check_choice(self, other);
    const Tensor inputs[] = {as_condition(condition), {}, other};
    return pointwise({OpId::where, inputs, {}, &self});
}
Tensor where(const Tensor& condition, const Tensor& self, const Scalar& other) {
    check_choice(other, self);
    const Tensor inputs[] = {as_condition(condition), self, {}};
    return pointwise({OpId::where, inputs, {}, &other});
}
Tensor where(const Tensor& condition, const Scalar& self, const Scalar& other) {
    return where(condition, scalar_tensor(self), other);
}

// 16 bits are computed in float32, whose next number rounds back: they step in their own bits.
Tensor nextafter(const Tensor& self, const Tensor& other) {
    const DType type = result_type(self, other);
    if (!has_16_bits(type)) return binary<OpId::nextafter>(self, other);
    const Tensor a = to(detach(self), type), b = to(detach(other), type);
    const Tensor bits = view_dtype(contiguous(a), DType::Int16);
    const auto whole = [](int64_t n) { return scalar_tensor(Scalar(n), DType::Int16); };
    const Tensor away = logical_xor(lt(a, b), lt(a, Scalar(0)));
    const Tensor stepped = view_dtype(add(bits, where(away, whole(1), whole(-1))), type);
    const Tensor least = binary<OpId::copysign>(view_dtype(whole(1), type), b);
    const Tensor next = where(eq(a, b), b, where(eq(a, Scalar(0)), least, stepped));
    return where(logical_or(isnan(a), isnan(b)), add(a, b), next);
}
Tensor nextafter_(const Tensor& self, const Tensor& other) {
    if (!has_16_bits(self.dtype())) return binary_<OpId::nextafter>(self, other);
    return copy_(self, nextafter(self, other));
}

namespace {

void check_bounds(bool given) {
    check(given, "clamp(): At least one of 'min' or 'max' must not be None");
}

bool is_nan(const OptionalScalar& bound) {
    return bound && !bound->is_complex() && std::isnan(bound->as_double());
}

template <Tensor (*run)(const PointwiseCall&)>
Tensor clamp_by(const Tensor& self, const OptionalScalar& min, const OptionalScalar& max) {
    for (const OptionalScalar& bound : {min, max})
        if (bound && is_common(self.dtype())) check_fits(*bound, self.dtype(), "clamp");
    if (is_nan(min) || is_nan(max)) {
        // As tensors, for these pass nan on.
        const Tensor nan = scalar_tensor(Scalar(std::nan("")), self.dtype());
        const Tensor inputs[] = {self, nan};
        return run({OpId::clamp_min_tensor, inputs});
    }
    if (!max) return run({OpId::clamp_min, {&self, 1}, {&*min, 1}});
    if (!min) return run({OpId::clamp_max, {&self, 1}, {&*max, 1}});
    const Scalar bounds[] = {*min, *max};
    return run({OpId::clamp, {&self, 1}, bounds});
}

DType clamped_type(const Tensor& self, const OptionalScalar& min, const OptionalScalar& max) {
    ResultType type;
    type.add(self);
    if (min) type.add(*min);
    if (max) type.add(*max);
    return type.get();
}

}  // namespace

Tensor clamp(const Tensor& self, const OptionalScalar& min, const OptionalScalar& max) {
    check_bounds(min || max);
    return clamp_by<pointwise>(to(self, clamped_type(self, min, max)), min, max);
}
Tensor clamp_(const Tensor& self, const OptionalScalar& min, const OptionalScalar& max) {
    check_bounds(min || max);
    const DType result = clamped_type(self, min, max);
    check(can_cast(result, self.dtype()), "clamp_(): result type ", info(result).tensor_name,
          " can't be cast to the desired output type ", info(self.dtype()).tensor_name);
    return clamp_by<pointwise_inplace>(self, min, max);
}
Tensor clamp_tensor(const Tensor& self, const Tensor& min, const Tensor& max) {
    check_bounds(min.defined() || max.defined());
    if (!max.defined()) return binary<OpId::clamp_min_tensor>(self, min);
    if (!min.defined()) return binary<OpId::clamp_max_tensor>(self, max);
    const Tensor inputs[] = {self, min, max};
    return pointwise({OpId::clamp_tensor, inputs});
}
Tensor clamp_tensor_(const Tensor& self, const Tensor& min, const Tensor& max) {
    check_bounds(min.defined() || max.defined());
    if (!max.defined()) return binary_<OpId::clamp_min_tensor>(self, min);
    if (!min.defined()) return binary_<OpId::clamp_max_tensor>(self, max);
    const Tensor inputs[] = {self, min, max};
    return pointwise_inplace({OpId::clamp_tensor, inputs});
}

Tensor nan_to_num(const Tensor& self, std::optional<double> nan, std::optional<double> posinf,
                  std::optional<double> neginf) {
    if (is_integral(self.dtype(), true)) return pointwise(OpId::nan_to_num, {self}, {0, 0, 0});
    const double largest = info(self.dtype()).largest;
    return pointwise(OpId::nan_to_num, {self},
                     {nan.value_or(0.0), posinf.value_or(largest), neginf.value_or(-largest)});
}

Tensor logit(const Tensor& self, std::optional<double> eps) {
    // With 16 bits, PyTorch rounds after each step, which shows where the quotient is near 1.
    if (is_float(self.dtype()) && item_size(self.dtype()) == 2) {
        const Tensor x = eps ? clamp(self, Scalar(*eps), Scalar(1 - *eps)) : self;
        return log(div(x, rsub(x, Scalar(1))));
    }
    return eps ? pointwise(OpId::logit_eps, {self}, {*eps}) : unary<OpId::logit>(self);
}

}  // namespace kajo::ops
