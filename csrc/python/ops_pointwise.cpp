// Element-wise operations. Those without arguments of their own need no more than their names.
#include <string>

#include "cpu/pointwise_documentation.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/pointwise.h"
#include "ops/reduction.h"
#include "ops/views.h"
#include "python/entries.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

using ops::OpId;

constexpr uint32_t kBoth = kFunction | kMethod;
constexpr uint32_t kAll = kBoth | kOut;

// One operation and its other names, separated by spaces; null: there is no such form.
struct Unary {
    const char* names;
    Invoke out, in_place;
    uint32_t flags = kAll;
};
template <OpId op>
constexpr Unary unary(const char* names, uint32_t flags = kAll) {
    return {names, bind<&ops::unary<op>>, bind<&ops::unary_<op>>, flags};
}
template <OpId op>
constexpr Unary question(const char* names) {
    return {names, bind<&ops::unary<op>>, nullptr, kBoth};
}

template <class Exponent>
Tensor float_power_(const Tensor& self, const Exponent& exponent) {
    bool complex = is_complex(self.dtype());
    if constexpr (std::is_same_v<Exponent, Tensor>)
        complex |= is_complex(exponent.dtype());
    else
        complex |= exponent.is_complex();
    const DType wide = complex ? DType::Complex128 : DType::Float64;
    check(self.dtype() == wide, "float_power_(): the base has dtype ", self.dtype(),
          " but the operation's result requires dtype ", wide);
    if constexpr (std::is_same_v<Exponent, Tensor>)
        return ops::pow_(self, ops::to(exponent, wide));
    else
        return ops::pow_(self, exponent);
}

Tensor abs_(const Tensor& self) {
    check(!is_complex(self.dtype()), "abs_(): In-place abs is not supported for complex tensors.");
    return ops::unary_<OpId::abs>(self);
}

// As a power, so that truth values become integers.
Tensor square_(const Tensor& self) { return ops::pow_(self, 2); }

const Unary unaries[] = {
    {"abs absolute", bind<&ops::unary<OpId::abs>>, bind<&abs_>},
    unary<OpId::acos>("acos arccos"),
    unary<OpId::acosh>("acosh arccosh"),
    {"angle", bind<&ops::angle>, nullptr},
    unary<OpId::asin>("asin arcsin"),
    unary<OpId::asinh>("asinh arcsinh"),
    unary<OpId::atan>("atan arctan"),
    unary<OpId::atanh>("atanh arctanh"),
    unary<OpId::bitwise_not>("bitwise_not"),
    unary<OpId::ceil>("ceil"),
    {"conj_physical", bind<&ops::conj_physical>, bind<&ops::unary_<OpId::conj>>},
    unary<OpId::cos>("cos"),
    unary<OpId::cosh>("cosh"),
    unary<OpId::deg2rad>("deg2rad"),
    unary<OpId::digamma>("digamma special.digamma special.psi"),
    unary<OpId::airy_ai>("special.airy_ai"),
    unary<OpId::bessel_j0>("special.bessel_j0"),
    unary<OpId::bessel_j1>("special.bessel_j1"),
    unary<OpId::bessel_y0>("special.bessel_y0"),
    unary<OpId::bessel_y1>("special.bessel_y1"),
    unary<OpId::entr>("special.entr"),
    unary<OpId::erf>("erf special.erf"),
    unary<OpId::erfc>("erfc special.erfc"),
    unary<OpId::erfcx>("special.erfcx"),
    unary<OpId::erfinv>("erfinv special.erfinv"),
    unary<OpId::exp>("exp"),
    unary<OpId::exp2>("exp2 special.exp2"),
    unary<OpId::expm1>("expm1 special.expm1"),
    unary<OpId::floor>("floor"),
    unary<OpId::frac>("frac"),
    unary<OpId::frexp_exponent>("frexp_exponent", kPrivate),
    unary<OpId::frexp_mantissa>("frexp_mantissa", kPrivate),
    unary<OpId::i0>("i0 special.i0"),
    unary<OpId::i0e>("special.i0e"),
    unary<OpId::i1>("special.i1"),
    unary<OpId::i1e>("special.i1e"),
    question<OpId::isfinite>("isfinite"),
    question<OpId::isinf>("isinf"),
    question<OpId::isnan>("isnan"),
    {"isneginf", bind<&ops::unary<OpId::isneginf>>, nullptr, kBoth | kOutSame},
    {"isposinf", bind<&ops::unary<OpId::isposinf>>, nullptr, kBoth | kOutSame},
    unary<OpId::lgamma>("lgamma special.gammaln"),
    unary<OpId::log>("log"),
    unary<OpId::log10>("log10"),
    unary<OpId::log1p>("log1p special.log1p"),
    unary<OpId::log2>("log2"),
    unary<OpId::log_ndtr>("special.log_ndtr"),
    unary<OpId::logical_not>("logical_not"),
    unary<OpId::modified_bessel_i0>("special.modified_bessel_i0"),
    unary<OpId::modified_bessel_i1>("special.modified_bessel_i1"),
    unary<OpId::modified_bessel_k0>("special.modified_bessel_k0"),
    unary<OpId::modified_bessel_k1>("special.modified_bessel_k1"),
    unary<OpId::ndtr>("special.ndtr"),
    unary<OpId::ndtri>("special.ndtri"),
    {"neg negative", bind<&ops::neg>, bind<&ops::neg_>},
    {"positive", bind<&ops::positive>, nullptr, kBoth},
    unary<OpId::rad2deg>("rad2deg"),
    unary<OpId::reciprocal>("reciprocal"),
    unary<OpId::rsqrt>("rsqrt"),
    unary<OpId::scaled_modified_bessel_k0>("special.scaled_modified_bessel_k0"),
    unary<OpId::scaled_modified_bessel_k1>("special.scaled_modified_bessel_k1"),
    unary<OpId::sgn>("sgn"),
    unary<OpId::sigmoid>("sigmoid special.expit"),
    unary<OpId::sign>("sign"),
    {"signbit", bind<&ops::signbit>, nullptr, kBoth | kOutSame},
    unary<OpId::sin>("sin"),
    unary<OpId::sinc>("sinc special.sinc"),
    unary<OpId::sinh>("sinh"),
    unary<OpId::spherical_bessel_j0>("special.spherical_bessel_j0"),
    unary<OpId::sqrt>("sqrt"),
    {"square", bind<&ops::square>, bind<&square_>},
    unary<OpId::tan>("tan"),
    unary<OpId::tanh>("tanh"),
    unary<OpId::trunc>("trunc fix"),
    {"relu", bind<&ops::relu>, bind<&ops::unary_<OpId::relu>>, kBoth},
    unary<OpId::selu>("selu", kFunction),
    unary<OpId::relu6>("relu6", kPrivate),
    unary<OpId::silu>("silu", kPrivate),
    unary<OpId::mish>("mish", kPrivate),
    unary<OpId::hardsigmoid>("hardsigmoid", kPrivate),
    unary<OpId::hardswish>("hardswish", kPrivate),
    unary<OpId::logsigmoid>("log_sigmoid", kPrivate | kOut),
    unary<OpId::softsign>("softsign", kPrivate),
    unary<OpId::tanhshrink>("tanhshrink", kPrivate),
};

// Two tensors, or a tensor and a number on either side.
struct Binary {
    const char* names;
    Invoke out, with_number, from_number, in_place, in_place_number;
    uint32_t in_place_flags = kMethod;
    const char *first = "self", *second = "other";
};
template <OpId op, OpId by_number = op>
constexpr Binary binary(const char* names) {
    return {names,   bind<&ops::binary<op>>,  bind<&ops::binary_number<by_number>>,
            nullptr, bind<&ops::binary_<op>>, bind<&ops::binary_number_<by_number>>};
}
template <OpId op, OpId by_number = op>
constexpr Binary binary_both_ways(const char* names) {
    Binary b = binary<op, by_number>(names);
    b.from_number = bind<&ops::number_binary<op>>;
    return b;
}
template <OpId op>
constexpr Binary tensors(const char* names) {
    return {names, bind<&ops::binary<op>>, nullptr, nullptr, bind<&ops::binary_<op>>, nullptr};
}
// Whose form in place is a function as well.
constexpr Binary with_function(Binary b) {
    b.in_place_flags = kBoth;
    return b;
}
template <OpId op>
constexpr Binary polynomial(const char* names) {
    Binary b = binary_both_ways<op>(names);
    b.first = "x";
    b.second = "n";
    return b;
}
template <OpId op>
constexpr Binary fresh(const char* names) {
    return {names, bind<&ops::binary<op>>, nullptr, nullptr, nullptr, nullptr};
}

const Binary binaries[] = {
    binary_both_ways<OpId::mul>("mul multiply"),
    binary_both_ways<OpId::floor_divide>("floor_divide"),
    binary_both_ways<OpId::remainder, OpId::remainder_scalar>("remainder"),
    binary<OpId::fmod, OpId::fmod_scalar>("fmod"),
    binary<OpId::eq>("eq"),
    binary<OpId::ne>("ne not_equal"),
    binary<OpId::lt>("lt less"),
    binary<OpId::le>("le less_equal"),
    binary<OpId::gt>("gt greater"),
    binary<OpId::ge>("ge greater_equal"),
    tensors<OpId::logical_and>("logical_and"),
    tensors<OpId::logical_or>("logical_or"),
    tensors<OpId::logical_xor>("logical_xor"),
    binary_both_ways<OpId::bitwise_and>("bitwise_and"),
    binary_both_ways<OpId::bitwise_or>("bitwise_or"),
    binary_both_ways<OpId::bitwise_xor>("bitwise_xor"),
    binary_both_ways<OpId::bitwise_left_shift>("bitwise_left_shift"),
    binary_both_ways<OpId::bitwise_right_shift>("bitwise_right_shift"),
    binary<OpId::copysign>("copysign"),
    tensors<OpId::atan2>("atan2 arctan2"),
    tensors<OpId::hypot>("hypot"),
    tensors<OpId::heaviside>("heaviside"),
    {"nextafter", bind<&ops::nextafter>, nullptr, nullptr, bind<&ops::nextafter_>, nullptr},
    with_function(tensors<OpId::gcd>("gcd")),
    with_function(tensors<OpId::lcm>("lcm")),
    with_function(tensors<OpId::ldexp>("ldexp")),
    tensors<OpId::igamma>("igamma special.gammainc"),
    tensors<OpId::igammac>("igammac special.gammaincc"),
    fresh<OpId::maximum>("maximum"),
    fresh<OpId::minimum>("minimum"),
    fresh<OpId::fmax>("fmax"),
    fresh<OpId::fmin>("fmin"),
    fresh<OpId::logaddexp>("logaddexp"),
    fresh<OpId::logaddexp2>("logaddexp2"),
    with_function(binary_both_ways<OpId::xlogy>("xlogy special.xlogy")),
    binary_both_ways<OpId::xlog1py>("special.xlog1py"),
    binary_both_ways<OpId::zeta>("special.zeta"),
    polynomial<OpId::chebyshev_polynomial_t>("special.chebyshev_polynomial_t"),
    polynomial<OpId::chebyshev_polynomial_u>("special.chebyshev_polynomial_u"),
    polynomial<OpId::chebyshev_polynomial_v>("special.chebyshev_polynomial_v"),
    polynomial<OpId::chebyshev_polynomial_w>("special.chebyshev_polynomial_w"),
    polynomial<OpId::shifted_chebyshev_polynomial_t>("special.shifted_chebyshev_polynomial_t"),
    polynomial<OpId::shifted_chebyshev_polynomial_u>("special.shifted_chebyshev_polynomial_u"),
    polynomial<OpId::shifted_chebyshev_polynomial_v>("special.shifted_chebyshev_polynomial_v"),
    polynomial<OpId::shifted_chebyshev_polynomial_w>("special.shifted_chebyshev_polynomial_w"),
    polynomial<OpId::hermite_polynomial_h>("special.hermite_polynomial_h"),
    polynomial<OpId::hermite_polynomial_he>("special.hermite_polynomial_he"),
    polynomial<OpId::laguerre_polynomial_l>("special.laguerre_polynomial_l"),
    polynomial<OpId::legendre_polynomial_p>("special.legendre_polynomial_p"),
};

// ---- operations with arguments of their own
// ------------------------------------------------------

using TTS = Tensor (*)(const Tensor&, const Tensor&, const Scalar&);
using TSS = Tensor (*)(const Tensor&, const Scalar&, const Scalar&);
using TTM = Tensor (*)(const Tensor&, const Tensor&, ops::RoundingMode);
using TSM = Tensor (*)(const Tensor&, const Scalar&, ops::RoundingMode);
using TT = Tensor (*)(const Tensor&, const Tensor&);
using TS = Tensor (*)(const Tensor&, const Scalar&);
using ST = Tensor (*)(const Scalar&, const Tensor&);
using TTT = Tensor (*)(const Tensor&, const Tensor&, const Tensor&);
using TST = Tensor (*)(const Tensor&, const Scalar&, const Tensor&);

Tensor clamp_min(const Tensor& self, const Scalar& min) { return ops::clamp(self, min, {}); }
Tensor clamp_max(const Tensor& self, const Scalar& max) { return ops::clamp(self, {}, max); }
Tensor clamp_min_(const Tensor& self, const Scalar& min) { return ops::clamp_(self, min, {}); }
Tensor clamp_max_(const Tensor& self, const Scalar& max) { return ops::clamp_(self, {}, max); }

Tensor where_method(const Tensor& self, const Tensor& condition, const Tensor& other) {
    return ops::where(condition, self, other);
}
Tensor where_method_number(const Tensor& self, const Tensor& condition, const Scalar& other) {
    return ops::where(condition, self, other);
}

// A number on the left stands for a tensor without dimensions.
template <auto op, class Last>
Tensor from_number(const Scalar& self, const Tensor& other, Last last) {
    return op(ops::scalar_tensor(self), other, last);
}
constexpr auto add_to_number = from_number<TTS{&ops::add}, const Scalar&>;
constexpr auto sub_from_number = from_number<TTS{&ops::sub}, const Scalar&>;
constexpr auto div_number = from_number<TTM{&ops::div}, ops::RoundingMode>;

bool allclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
    return ops::item(ops::all(ops::isclose(self, other, rtol, atol, equal_nan))).as_bool();
}
bool all_equal(const Tensor& self, const Tensor& other) {
    return ops::item(ops::all(ops::eq(self, other))).as_bool();
}
bool equal(const Tensor& self, const Tensor& other) {
    if (self.sizes() != other.sizes()) return false;
    // What differs mostly does so at once.
    constexpr int64_t kFirst = 4096;
    if (self.numel() >= 4 * kFirst) {
        const int64_t rows = std::max<int64_t>(1, self.size(0) * kFirst / self.numel());
        if (!all_equal(ops::narrow(self, 0, 0, rows), ops::narrow(other, 0, 0, rows))) return false;
    }
    return all_equal(self, other);
}

void check_order(int64_t n) {
    check(n >= 0, "polygamma(): polygamma(n, x) does not support negative n, got ", n);
}
Tensor polygamma(int64_t n, const Tensor& self) {
    check_order(n);
    return n == 0 ? ops::digamma(self) : ops::binary_number<OpId::polygamma>(self, n);
}
Tensor polygamma_method(const Tensor& self, int64_t n) { return polygamma(n, self); }
Tensor polygamma_(const Tensor& self, int64_t n) {
    check_order(n);
    return n == 0 ? ops::unary_<OpId::digamma>(self)
                  : ops::binary_number_<OpId::polygamma>(self, n);
}

// Activations with parameters: the operation with its scalars in order, and the form in place.
template <OpId op, class... Scalars>
struct Activation {
    static Tensor out(const Tensor& self, const Scalars&... scalars) {
        const Scalar values[] = {scalars...};
        return ops::pointwise({op, {&self, 1}, values});
    }
    static Tensor in_place(const Tensor& self, const Scalars&... scalars) {
        const Scalar values[] = {scalars...};
        return ops::pointwise_inplace({op, {&self, 1}, values});
    }
};
template <OpId op>
using Activation1 = Activation<op, Scalar>;
template <OpId op>
using Activation2 = Activation<op, Scalar, Scalar>;
using Elu = Activation<OpId::elu, Scalar, Scalar, Scalar>;

// One slope for all, or one a channel, which is the second dimension.
Tensor prelu(const Tensor& self, const Tensor& weight) {
    check(self.dtype() == weight.dtype(), "prelu(): Type promoting not supported. Got ",
          self.dtype(), " and ", weight.dtype());
    if (weight.dim() == 0 || (weight.numel() == 1 && self.dim() == 1))
        return ops::binary<OpId::prelu>(self, weight);
    check(weight.dim() == 1,
          "prelu(): Expected weight to be a scalar or 1D tensor, but got ndim = ", weight.dim());
    const int64_t channels = self.dim() > 1 ? self.size(1) : 1;
    check(
        weight.numel() == 1 || weight.numel() == channels,
        "prelu(): Mismatch of parameter numbers and input channel size. Found parameter numbers = ",
        weight.numel(), " and channel size = ", channels);
    Dims shape(static_cast<size_t>(self.dim()), 1);
    if (self.dim() > 1) shape[1] = weight.numel();
    return ops::binary<OpId::prelu>(self, ops::reshape(weight, shape));
}

Tensor softshrink(const Tensor& self, const Scalar& lambd) {
    check(lambd.as_double() >= 0, "softshrink(): lambda must be in range [0, inf] for input dtype ",
          info(self.dtype()).tensor_name, ", but found ", lambd.as_double());
    return Activation1<OpId::softshrink>::out(self, lambd);
}

const OpEntry entries[] = {
    {"add(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", bind<TTS{&ops::add}>, kAll},
    {"add(Tensor self, Scalar other, *, Scalar alpha=1) -> Tensor", bind<TSS{&ops::add}>, kAll},
    {"add(Scalar self, Tensor other, *, Scalar alpha=1) -> Tensor", bind<add_to_number>,
     kFunction | kOut},
    {"add_(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", bind<TTS{&ops::add_}>,
     kMethod},
    {"add_(Tensor self, Scalar other, *, Scalar alpha=1) -> Tensor", bind<TSS{&ops::add_}>,
     kMethod},
    {"sub(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", bind<TTS{&ops::sub}>, kAll},
    {"sub(Tensor self, Scalar other, *, Scalar alpha=1) -> Tensor", bind<TSS{&ops::sub}>, kAll},
    {"sub(Scalar self, Tensor other, *, Scalar alpha=1) -> Tensor", bind<sub_from_number>,
     kFunction | kOut},
    {"sub_(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", bind<TTS{&ops::sub_}>,
     kMethod},
    {"sub_(Tensor self, Scalar other, *, Scalar alpha=1) -> Tensor", bind<TSS{&ops::sub_}>,
     kMethod},
    {"subtract(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", bind<TTS{&ops::sub}>,
     kAll},
    {"subtract(Tensor self, Scalar other, *, Scalar alpha=1) -> Tensor", bind<TSS{&ops::sub}>,
     kAll},
    {"subtract(Scalar self, Tensor other, *, Scalar alpha=1) -> Tensor", bind<sub_from_number>,
     kFunction | kOut},
    {"subtract_(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", bind<TTS{&ops::sub_}>,
     kMethod},
    {"subtract_(Tensor self, Scalar other, *, Scalar alpha=1) -> Tensor", bind<TSS{&ops::sub_}>,
     kMethod},
    {"rsub(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", bind<TTS{&ops::rsub}>,
     kFunction},
    {"rsub(Tensor self, Scalar other, Scalar alpha=1) -> Tensor", bind<TSS{&ops::rsub}>, kFunction},
    {"div(Tensor self, Tensor other, *, str? rounding_mode=None) -> Tensor", bind<TTM{&ops::div}>,
     kAll},
    {"div(Tensor self, Scalar other, *, str? rounding_mode=None) -> Tensor", bind<TSM{&ops::div}>,
     kAll},
    {"div(Scalar self, Tensor other, *, str? rounding_mode=None) -> Tensor", bind<div_number>,
     kFunction | kOut},
    {"div_(Tensor self, Tensor other, *, str? rounding_mode=None) -> Tensor", bind<TTM{&ops::div_}>,
     kMethod},
    {"div_(Tensor self, Scalar other, *, str? rounding_mode=None) -> Tensor", bind<TSM{&ops::div_}>,
     kMethod},
    {"divide(Tensor self, Tensor other, *, str? rounding_mode=None) -> Tensor",
     bind<TTM{&ops::div}>, kAll},
    {"divide(Tensor self, Scalar other, *, str? rounding_mode=None) -> Tensor",
     bind<TSM{&ops::div}>, kAll},
    {"divide(Scalar self, Tensor other, *, str? rounding_mode=None) -> Tensor", bind<div_number>,
     kFunction | kOut},
    {"divide_(Tensor self, Tensor other, *, str? rounding_mode=None) -> Tensor",
     bind<TTM{&ops::div_}>, kMethod},
    {"divide_(Tensor self, Scalar other, *, str? rounding_mode=None) -> Tensor",
     bind<TSM{&ops::div_}>, kMethod},
    {"true_divide(Tensor self, Tensor other) -> Tensor", bind<&ops::binary<OpId::div>>, kAll},
    {"true_divide(Tensor self, Scalar other) -> Tensor", bind<&ops::binary_number<OpId::div>>,
     kAll},
    {"true_divide(Scalar self, Tensor other) -> Tensor", bind<ST{&ops::number_binary<OpId::div>}>,
     kFunction | kOut},
    {"true_divide_(Tensor self, Tensor other) -> Tensor", bind<&ops::binary_<OpId::div>>, kMethod},
    {"true_divide_(Tensor self, Scalar other) -> Tensor", bind<&ops::binary_number_<OpId::div>>,
     kMethod},
    {"pow(Tensor self, Tensor exponent) -> Tensor", bind<TT{&ops::pow}>, kAll},
    {"pow(Tensor self, Scalar exponent) -> Tensor", bind<TS{&ops::pow}>, kAll},
    {"pow(Scalar self, Tensor exponent) -> Tensor", bind<ST{&ops::pow}>, kAll},
    {"pow_(Tensor self, Tensor exponent) -> Tensor", bind<TT{&ops::pow_}>, kMethod},
    {"pow_(Tensor self, Scalar exponent) -> Tensor", bind<TS{&ops::pow_}>, kMethod},
    {"float_power(Tensor self, Tensor exponent) -> Tensor", bind<TT{&ops::float_power}>, kAll},
    {"float_power(Tensor self, Scalar exponent) -> Tensor", bind<TS{&ops::float_power}>, kAll},
    {"float_power_(Tensor self, Tensor exponent) -> Tensor", bind<&float_power_<Tensor>>, kMethod},
    {"float_power_(Tensor self, Scalar exponent) -> Tensor", bind<&float_power_<Scalar>>, kMethod},
    {"float_power(Scalar self, Tensor exponent) -> Tensor", bind<ST{&ops::float_power}>, kAll},
    {"lerp(Tensor self, Tensor end, Tensor weight) -> Tensor", bind<TTT{&ops::lerp}>, kAll},
    {"lerp(Tensor self, Tensor end, Scalar weight) -> Tensor", bind<TTS{&ops::lerp}>, kAll},
    {"lerp_(Tensor self, Tensor end, Tensor weight) -> Tensor", bind<TTT{&ops::lerp_}>, kMethod},
    {"lerp_(Tensor self, Tensor end, Scalar weight) -> Tensor", bind<TTS{&ops::lerp_}>, kMethod},
    {"addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
     bind<&ops::addcmul>, kAll},
    {"addcmul_(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
     bind<&ops::addcmul_>, kMethod},
    {"addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
     bind<&ops::addcdiv>, kAll},
    {"addcdiv_(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
     bind<&ops::addcdiv_>, kMethod},
    {"round(Tensor self, *, int decimals=0) -> Tensor", bind<&ops::round>, kAll | kInplace},
    {"special.round(Tensor self, *, int decimals=0) -> Tensor", bind<&ops::round>,
     kFunction | kOut},
    {"nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor",
     bind<&ops::nan_to_num>, kAll | kInplace},
    {"logit(Tensor self, float? eps=None) -> Tensor", bind<&ops::logit>, kAll | kInplace},
    {"special.logit(Tensor self, float? eps=None) -> Tensor", bind<&ops::logit>, kFunction | kOut},
    {"isclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False) "
     "-> Tensor",
     bind<&ops::isclose>, kBoth},
    {"allclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool "
     "equal_nan=False) -> bool",
     bind<&allclose>, kBoth},
    {"equal(Tensor self, Tensor other) -> bool", bind<&equal>, kBoth},
    {"complex(Tensor real, Tensor imag) -> Tensor", bind<&ops::complex>, kFunction | kOutSame},
    {"polar(Tensor abs, Tensor angle) -> Tensor", bind<&ops::polar>, kFunction | kOutSame},
    {"polygamma(int n, Tensor self) -> Tensor", bind<&polygamma>, kFunction | kOut},
    {"special.polygamma(int n, Tensor self) -> Tensor", bind<&polygamma>, kFunction | kOut},
    {"_method.polygamma(Tensor self, int n) -> Tensor", bind<&polygamma_method>, kMethod},
    {"polygamma_(Tensor self, int n) -> Tensor", bind<&polygamma_>, kMethod},

    {"where(Tensor condition, Tensor self, Tensor other) -> Tensor", bind<TTT{&ops::where}>,
     kFunction | kOut},
    {"where(Tensor condition, Scalar self, Tensor other) -> Tensor", bind<TST{&ops::where}>,
     kFunction},
    {"where(Tensor condition, Tensor self, Scalar other) -> Tensor", bind<TTS{&ops::where}>,
     kFunction},
    {"where(Tensor condition, Scalar self, Scalar other) -> Tensor", bind<TSS{&ops::where}>,
     kFunction},
    {"_method.where(Tensor self, Tensor condition, Tensor other) -> Tensor", bind<&where_method>,
     kMethod},
    {"_method.where(Tensor self, Tensor condition, Scalar other) -> Tensor",
     bind<&where_method_number>, kMethod},
    {"clamp(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor", bind<&ops::clamp_tensor>,
     kAll},
    {"clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor", bind<&ops::clamp>, kAll},
    {"clamp_(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor", bind<&ops::clamp_tensor_>,
     kBoth},
    {"clamp_(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor", bind<&ops::clamp_>,
     kBoth},
    {"clip(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor", bind<&ops::clamp_tensor>,
     kAll},
    {"clip(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor", bind<&ops::clamp>, kAll},
    {"clip_(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor", bind<&ops::clamp_tensor_>,
     kBoth},
    {"clip_(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor", bind<&ops::clamp_>, kBoth},
    {"clamp_min(Tensor self, Tensor min) -> Tensor", bind<&ops::binary<OpId::clamp_min_tensor>>,
     kAll},
    {"clamp_min(Tensor self, Scalar min) -> Tensor", bind<&clamp_min>, kAll},
    {"clamp_min_(Tensor self, Tensor min) -> Tensor", bind<&ops::binary_<OpId::clamp_min_tensor>>,
     kBoth},
    {"clamp_min_(Tensor self, Scalar min) -> Tensor", bind<&clamp_min_>, kBoth},
    {"clamp_max(Tensor self, Tensor max) -> Tensor", bind<&ops::binary<OpId::clamp_max_tensor>>,
     kAll},
    {"clamp_max(Tensor self, Scalar max) -> Tensor", bind<&clamp_max>, kAll},
    {"clamp_max_(Tensor self, Tensor max) -> Tensor", bind<&ops::binary_<OpId::clamp_max_tensor>>,
     kBoth},
    {"clamp_max_(Tensor self, Scalar max) -> Tensor", bind<&clamp_max_>, kBoth},

    {"gelu(Tensor self, *, str approximate='none') -> Tensor", bind<&ops::gelu>, kPrivate | kOut},
    {"prelu(Tensor self, Tensor weight) -> Tensor", bind<&prelu>, kBoth},
    {"celu(Tensor self, Scalar alpha=1.0) -> Tensor", bind<&Activation1<OpId::celu>::out>,
     kFunction},
    {"celu_(Tensor self, Scalar alpha=1.0) -> Tensor", bind<&Activation1<OpId::celu>::in_place>,
     kFunction},
    {"elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor",
     bind<&Elu::out>, kPrivate | kOut},
    {"elu_(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor",
     bind<&Elu::in_place>, kPrivate},
    {"leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor",
     bind<&Activation1<OpId::leaky_relu>::out>, kPrivate | kOut},
    {"leaky_relu_(Tensor self, Scalar negative_slope=0.01) -> Tensor",
     bind<&Activation1<OpId::leaky_relu>::in_place>, kPrivate},
    {"hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor",
     bind<&Activation2<OpId::hardtanh>::out>, kPrivate | kOut},
    {"hardtanh_(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor",
     bind<&Activation2<OpId::hardtanh>::in_place>, kPrivate},
    {"softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor",
     bind<&Activation2<OpId::softplus>::out>, kPrivate | kOut},
    {"hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor",
     bind<&Activation1<OpId::hardshrink>::out>, kAll},
    {"softshrink(Tensor self, Scalar lambd=0.5) -> Tensor", bind<&softshrink>, kPrivate | kOut},
    {"threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor",
     bind<&Activation2<OpId::threshold>::out>, kFunction | kOut},
    {"threshold_(Tensor self, Scalar threshold, Scalar value) -> Tensor",
     bind<&Activation2<OpId::threshold>::in_place>, kFunction},
};

// ---- the tables as entries
// -----------------------------------------------------------------------

template <class F>
void each_name(std::string_view names, F f) {
    while (!names.empty()) {
        const size_t end = std::min(names.find(' '), names.size());
        f(std::string(names.substr(0, end)));
        names.remove_prefix(std::min(end + 1, names.size()));
    }
}

// What lives in a submodule is no method and has no form in place.
bool in_submodule(const std::string& name) { return name.find('.') != std::string::npos; }

Entries make_entries() {
    Entries all;
    for (const Unary& op : unaries)
        each_name(op.names, [&](const std::string& name) {
            const uint32_t flags = in_submodule(name) ? op.flags & ~kMethod : op.flags;
            all.add(name + "(Tensor self) -> Tensor", op.out, flags);
            if (!in_submodule(name))
                all.add(name + "_(Tensor self) -> Tensor", op.in_place, op.flags & ~kOut);
        });
    for (const Binary& op : binaries)
        each_name(op.names, [&](const std::string& name) {
            const uint32_t flags = in_submodule(name) ? kFunction | kOut : kAll;
            const auto schema = [&](std::string form, const char* first, const char* second) {
                return form + "(" + first + " " + op.first + ", " + second + " " + op.second +
                       ") -> Tensor";
            };
            all.add(schema(name, "Tensor", "Tensor"), op.out, flags);
            all.add(schema(name, "Tensor", "Scalar"), op.with_number, flags);
            all.add(schema(name, "Scalar", "Tensor"), op.from_number, flags);
            if (in_submodule(name)) return;
            all.add(schema(name + "_", "Tensor", "Tensor"), op.in_place, op.in_place_flags);
            all.add(schema(name + "_", "Tensor", "Scalar"), op.in_place_number, op.in_place_flags);
        });
    for (const OpEntry& entry : entries) all.add(entry);
    return all;
}

std::string_view without_namespace(std::string_view name) {
    return name.substr(name.find('.') + 1);  // npos + 1 is 0
}

// The first of the names is the table's, where `names` has `name` at all.
std::string_view first_name(std::string_view names, std::string_view name) {
    bool found = false;
    each_name(names, [&](const std::string& n) { found |= without_namespace(n) == name; });
    return found ? without_namespace(names.substr(0, names.find(' '))) : std::string_view();
}

// Other names of operations that have entries of their own above.
constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
    {"subtract", "sub"}, {"divide", "div"},         {"true_divide", "div"},
    {"clip", "clamp"},   {"conj_physical", "conj"}, {"float_power", "pow"}};

}  // namespace

const char* pointwise_documentation(std::string_view name) {
    for (const Unary& op : unaries)
        if (const std::string_view first = first_name(op.names, name); !first.empty()) name = first;
    for (const Binary& op : binaries)
        if (const std::string_view first = first_name(op.names, name); !first.empty()) name = first;
    for (const auto& [other, of] : kOtherNames)
        if (name == other) name = of;
    return cpu::pointwise_documentation(name);
}

std::span<const OpEntry> pointwise_operations() {
    static const Entries all = make_entries();
    return all.all();
}

}  // namespace kajo::python
