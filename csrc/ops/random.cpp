#include "ops/random.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/promotion.h"
#include "core/shape.h"
#include "cpu/random.h"
#include "cpu/random_gradient.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/pointwise.h"
#include "ops/reduction.h"
#include "ops/views.h"

namespace kajo::ops {

namespace {

using cpu::RandomAttributes;

const Kernel uniform_kernel{"uniform_", cpu::uniform};
const Kernel normal_kernel{"normal_", cpu::normal};
const Kernel random_kernel{"random_", cpu::random};
const Kernel random_range_kernel{"random_", cpu::random_range};
const Kernel exponential_kernel{"exponential_", cpu::exponential};
const Kernel cauchy_kernel{"cauchy_", cpu::cauchy};
const Kernel log_normal_kernel{"log_normal_", cpu::log_normal};
const Kernel geometric_kernel{"geometric_", cpu::geometric};
const Kernel bernoulli_kernel{"bernoulli_", cpu::bernoulli};
const Kernel bernoulli_each_kernel{"bernoulli_", cpu::bernoulli_each};
const Kernel permutation_kernel{"randperm", cpu::permutation};
const Kernel poisson_kernel{"poisson", cpu::poisson};
const Kernel gamma_kernel{"_standard_gamma", cpu::standard_gamma};
const Kernel binomial_kernel{"binomial", cpu::binomial};
const Kernel dirichlet_kernel{"_sample_dirichlet", cpu::dirichlet};
const Kernel gamma_gradient_kernel{"_standard_gamma_grad", cpu::standard_gamma_gradient};
const Kernel dirichlet_gradient_kernel{"_dirichlet_grad", cpu::dirichlet_gradient};
const Kernel rrelu_kernel{"rrelu", cpu::rrelu_slopes};
const Kernel multinomial_kernel{"multinomial", cpu::multinomial};

Generator* or_default(Generator* generator) { return generator ? generator : &default_generator(); }

// No influence: the gradient is zero, not absent.
void zero_gradient(Backward& ctx) {
    if (ctx.needs(0)) ctx.set(0, zeros_like(ctx.grad()));
}

// ---- memory order
// ----------------------------------------------------------------------------------------

// The order of dimensions in which elements lie in memory.
Dims memory_order(const Tensor& t) {
    Dims order(static_cast<size_t>(t.dim()));
    std::iota(order.begin(), order.end(), int64_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return t.stride(a) > t.stride(b); });
    return order;
}

// `t` with its dimensions in the given order, unknown to autograd.
Tensor reordered(const Tensor& t, const Dims& order) {
    Dims sizes(order.size()), strides(order.size());
    for (size_t i = 0; i < order.size(); i++) {
        sizes[i] = t.size(order[i]);
        strides[i] = t.stride(order[i]);
    }
    return alias(t, sizes, strides, t.offset());
}

// The real and imaginary parts as a last dimension, unknown to autograd.
Tensor parts_of(const Tensor& t) {
    Dims sizes = t.sizes(), strides = t.strides();
    for (int64_t& s : strides) s *= 2;
    sizes.push_back(2);
    strides.push_back(1);
    const Tensor parts = alias(t, sizes, strides, 2 * t.offset());
    parts.impl()->dtype = real_type(t.dtype());
    return parts;
}

// Fills a tensor of any layout in the order of its memory.
void draw(const Kernel& kernel, const Tensor& target, RandomAttributes attributes) {
    if (target.numel() == 0) return;
    attributes.generator = or_default(attributes.generator);
    attributes.one_by_one = !target.is_contiguous();
    if (target.is_contiguous()) {
        launch(kernel, {&target, 1}, {}, attributes);
        return;
    }
    const Tensor ordered = reordered(target, memory_order(target));
    const Tensor filled = ordered.is_contiguous()
                              ? ordered
                              : empty(ordered.sizes(), ordered.dtype(), ordered.device());
    launch(kernel, {&filled, 1}, {}, attributes);
    if (!filled.is_same(ordered)) copy_raw(ordered, filled);
}

// The door of all fills in place.
Tensor fill(const Kernel& kernel, const char* node, const Tensor& self,
            const RandomAttributes& attributes) {
    check_inplace(self, kernel.name);
    check_no_internal_overlap(self);
    draw(kernel, is_complex(self.dtype()) ? parts_of(self) : self, attributes);
    return attach_inplace(node, self, {&self, 1}, {}, zero_gradient);
}

// ---- checks
// --------------------------------------------------------------------------------------------------

void require_floating(const char* operation, DType dtype, bool or_complex) {
    if (!is_float(dtype) && !(or_complex && is_complex(dtype))) raise_unsupported(operation, dtype);
}

void require_continuous(const char* operation, const char* distribution, DType dtype) {
    check(is_float(dtype), operation, "(): ", distribution,
          " distribution is a continuous probability distribution. dtype must be a floating point "
          "but you specified ",
          dtype);
}

double largest(DType dtype) {
    switch (dtype) {
        case DType::Float16:
            return 65504.0;
        case DType::BFloat16:
            return 0x1.fep127;
        case DType::Float64:
        case DType::Complex128:
            return std::numeric_limits<double>::max();
        default:
            return std::numeric_limits<float>::max();
    }
}

// Bits of the significand: whole numbers up to 2 to this power are exact.
int precision(DType dtype) {
    return dtype == DType::Float16    ? 11
           : dtype == DType::BFloat16 ? 8
           : dtype == DType::Float32  ? 24
                                      : 53;
}

struct WholeBounds {
    int64_t least, most;
};
WholeBounds whole_bounds(DType dtype) {
    switch (dtype) {
        case DType::Bool:
            return {0, 1};
        case DType::UInt8:
            return {0, 255};
        case DType::Int8:
            return {-128, 127};
        case DType::Int16:
            return {-32768, 32767};
        case DType::Int32:
            return {INT32_MIN, INT32_MAX};
        case DType::UInt16:
            return {0, UINT16_MAX};
        case DType::UInt32:
            return {0, UINT32_MAX};
        case DType::UInt64:  // as far as bounds can be said
            return {0, INT64_MAX};
        case DType::Float16:
            return {-65504, 65504};
        default:
            return {INT64_MIN, INT64_MAX};
    }
}

int64_t rounded_to(DType dtype, int64_t value) {
    const double exact = static_cast<double>(value);
    const double rounded =
        dtype == DType::Float64   ? exact
        : dtype == DType::Float32 ? static_cast<double>(static_cast<float>(value))
        : dtype == DType::Float16
            ? static_cast<double>(static_cast<float>(Half(static_cast<float>(value))))
            : static_cast<double>(static_cast<float>(BFloat16(static_cast<float>(value))));
    return Scalar::float_to_int(rounded);
}

// The distance between neighbouring numbers of the type near `value`, which is beyond exact
// integers.
int64_t spacing_near(DType dtype, int64_t value) {
    const uint64_t size = value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    return int64_t{1} << (63 - __builtin_clzll(size) - precision(dtype) + 1);
}

// Moves bounds inwards so that rounding to the type cannot leave the range.
int64_t round_from(DType dtype, int64_t from) {
    const int64_t next = rounded_to(dtype, from + 1);
    return next < from ? next + spacing_near(dtype, from + 1) : from;
}
int64_t round_to(DType dtype, int64_t to) {
    const int64_t last = rounded_to(dtype, to - 1);
    return last >= to ? last - spacing_near(dtype, to - 1) : to;
}

void check_dropout(const char* operation, const Tensor& input, double p, bool feature) {
    check(p >= 0 && p <= 1, operation,
          "(): dropout probability has to be between 0 and 1, but got ", p);
    check(!feature || input.dim() >= 2, operation,
          "(): Feature dropout requires at least 2 dimensions in the input, got shape ",
          input.sizes());
}

}  // namespace

// ---- fills in place
// --------------------------------------------------------------------------------------------

Tensor uniform_(const Tensor& self, double from, double to, Generator* generator) {
    require_floating("uniform_", self.dtype(), true);
    const double most = largest(self.dtype());
    check(from >= -most && from <= most, "uniform_(): from is out of bounds for ", self.dtype(),
          ", got ", from);
    check(to >= -most && to <= most, "uniform_(): to is out of bounds for ", self.dtype(), ", got ",
          to);
    check(from <= to, "uniform_(): expects to return a [from, to) range, but found from=", from,
          " > to=", to);
    check(to - from <= most, "uniform_(): to - from exceeds the largest number of ", self.dtype(),
          ": from=", from, ", to=", to);
    return fill(uniform_kernel, "UniformBackward0", self, {generator, from, to});
}

Tensor normal_(const Tensor& self, double mean, double std, Generator* generator) {
    check(std >= 0, "normal_(): normal expects std >= 0.0, but found std ", std);
    require_floating("normal_", self.dtype(), true);
    // The variance is shared by the two parts; the mean is that of each.
    const double spread = is_complex(self.dtype()) ? std / std::sqrt(2.0) : std;
    return fill(normal_kernel, "NormalBackward0", self, {generator, mean, spread});
}

Tensor random_(const Tensor& self, Generator* generator) {
    if (is_complex(self.dtype())) raise_unsupported("random_", self.dtype());
    return fill(random_kernel, "RandomBackward2", self, {generator});
}

Tensor random_to_(const Tensor& self, int64_t to, Generator* generator) {
    return random_range_(self, 0, to, generator);
}

Tensor random_range_(const Tensor& self, int64_t from, std::optional<int64_t> to,
                     Generator* generator) {
    const DType dtype = self.dtype();
    if (is_complex(dtype)) raise_unsupported("random_", dtype);
    const WholeBounds bounds = whole_bounds(dtype);
    RandomAttributes attributes{generator};
    const int64_t end = to.value_or(bounds.most);
    check(to ? from < end : from <= end,
          "random_(): expects 'from' to be less than 'to', but got from=", from, " >= to=", end);
    int64_t low = from, high = end;
    if (is_float(dtype)) {
        low = round_from(dtype, from);
        if (to) high = round_to(dtype, end);
        check(low < high,
              "random_(): expects 'from' casted to dtype to be less than 'to' casted to dtype, but "
              "got from=",
              low, " >= to=", high);
    }
    check(low >= bounds.least && low <= bounds.most, "random_(): from is out of bounds for ", dtype,
          ", got ", low);
    check(!to || (high - 1 >= bounds.least && high - 1 <= bounds.most),
          "random_(): to - 1 is out of bounds for ", dtype, ", got to=", high);
    attributes.from = low;
    attributes.range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + (to ? 0 : 1);
    if (info(dtype).family == kUnsigned) {  // they fit int64, which draws the same numbers
        check_inplace(self, "random_");
        const Tensor wide =
            empty_strided(self.sizes(), self.strides(), DType::Int64, self.device());
        fill(random_range_kernel, "RandomBackward0", wide, attributes);
        copy_raw(self, wide);
        note_write(self, "random_");
        return self;
    }
    return fill(random_range_kernel, to ? "RandomBackward0" : "RandomBackward1", self, attributes);
}

Tensor exponential_(const Tensor& self, double lambd, Generator* generator) {
    require_continuous("exponential_", "Exponential", self.dtype());
    check(lambd > 0, "exponential_(): expects lambda > 0.0, but found lambda=", lambd);
    return fill(exponential_kernel, "ExponentialBackward0", self, {generator, lambd});
}

Tensor cauchy_(const Tensor& self, double median, double sigma, Generator* generator) {
    require_continuous("cauchy_", "Cauchy", self.dtype());
    check(sigma > 0, "cauchy_(): expects sigma > 0.0, but found sigma=", sigma);
    return fill(cauchy_kernel, "CauchyBackward0", self, {generator, median, sigma});
}

Tensor log_normal_(const Tensor& self, double mean, double std, Generator* generator) {
    require_continuous("log_normal_", "Log-normal", self.dtype());
    check(std > 0, "log_normal_(): expects std > 0.0, but found std=", std);
    return fill(log_normal_kernel, "LogNormalBackward0", self, {generator, mean, std});
}

Tensor geometric_(const Tensor& self, double p, Generator* generator) {
    check(p > 0 && p < 1, "geometric_(): expects p to be in (0, 1), but got p=", p);
    if (self.dtype() == DType::Bool || is_complex(self.dtype()))
        raise_unsupported("geometric_", self.dtype());
    return fill(geometric_kernel, "GeometricBackward0", self, {generator, p});
}

Tensor bernoulli_(const Tensor& self, double p, Generator* generator) {
    check(p >= 0 && p <= 1, "bernoulli_(): expects p to be in [0, 1], but got p=", p);
    if (is_complex(self.dtype())) raise_unsupported("bernoulli_", self.dtype());
    return fill(bernoulli_kernel, "BernoulliBackward2", self, {generator, p});
}

Tensor bernoulli_tensor_(const Tensor& self, const Tensor& p, Generator* generator) {
    require_floating("bernoulli_", p.dtype(), false);
    if (is_complex(self.dtype())) raise_unsupported("bernoulli_", self.dtype());
    check(expandable_to(p.sizes(), self.sizes()), "bernoulli_(): the probabilities of shape ",
          p.sizes(), " do not broadcast to the shape ", self.sizes());
    check_inplace(self, "bernoulli_");
    check_no_internal_overlap(self);
    if (self.numel() != 0) {
        const Dims order = memory_order(self);
        const Tensor target = reordered(self, order);
        GradModeGuard off(false);
        const Tensor each = contiguous(reordered(expand(detach(p), self.sizes()), order));
        const Tensor filled = target.is_contiguous()
                                  ? target
                                  : empty(target.sizes(), target.dtype(), target.device());
        launch(bernoulli_each_kernel, {filled}, {each}, RandomAttributes{or_default(generator)});
        if (!filled.is_same(target)) copy_raw(target, filled);
    }
    return attach_inplace("BernoulliBackward1", self, {self, p}, {},
                          [sizes = Dims(p.sizes()), dtype = p.dtype()](Backward& ctx) {
                              zero_gradient(ctx);
                              if (ctx.needs(1))
                                  ctx.set(1, zeros(sizes, dtype, ctx.grad().device()));
                          });
}

// ---- samples
// ---------------------------------------------------------------------------------------------------

Tensor randperm(int64_t n, DType dtype, Device device, Generator* generator) {
    check(n >= 0, "randperm(): n must be non-negative, got ", n);
    if (dtype == DType::Bool || is_complex(dtype)) raise_unsupported("randperm", dtype);
    if (is_float(dtype)) {
        const int64_t most = (int64_t{1} << precision(dtype)) + 1;
        check(n <= most, "randperm(): n cannot be greater than ", most, " for ", dtype, ", got ",
              n);
    } else {
        check(n <= whole_bounds(dtype).most, "randperm(): ", n, " cannot be converted to type ",
              dtype, " without overflow");
    }
    const Tensor out = empty({n}, dtype, device);
    if (n) launch(permutation_kernel, {&out, 1}, {}, RandomAttributes{or_default(generator)});
    return out;
}

namespace {

void check_deviations(const Tensor& std) {
    check(!is_complex(std.dtype()), "normal(): expects standard deviation to be non-complex");
    if (std.numel() == 0 || std.is_meta()) return;
    GradModeGuard off(false);
    check(item(all(ge(std, 0))).as_bool(), "normal(): expects all elements of std >= 0.0");
}

Tensor standard_normal(IntSpan sizes, DType dtype, Device device, double std,
                       Generator* generator) {
    return normal_(empty(sizes, dtype, device), 0.0, std, generator);
}

// The results of sampling do not depend smoothly on the arguments: their gradients are zero.
Tensor attach_zeros(const char* node, Tensor out, TensorRefs inputs) {
    std::vector<Dims> sizes;
    for (const Tensor& t : inputs) sizes.push_back(t.sizes());
    return attach(node, std::move(out), inputs, {}, [sizes](Backward& ctx) {
        for (size_t i = 0; i < sizes.size(); i++)
            if (ctx.needs(i)) ctx.set(i, zeros(sizes[i], ctx.grad().dtype(), ctx.grad().device()));
    });
}

}  // namespace

Tensor normal_tensor_number(const Tensor& mean, double std, Generator* generator) {
    check(std >= 0, "normal(): expects std >= 0.0, but found std ", std);
    require_floating("normal", mean.dtype(), true);
    Tensor out;
    {
        GradModeGuard off(false);
        out =
            add_(standard_normal(mean.sizes(), mean.dtype(), mean.device(), std, generator), mean);
    }
    return attach_zeros("NormalBackward1", out, {&mean, 1});
}

Tensor normal_number_tensor(double mean, const Tensor& std, Generator* generator) {
    check_deviations(std);
    require_floating("normal", std.dtype(), false);
    Tensor out;
    {
        GradModeGuard off(false);
        out = standard_normal(std.sizes(), std.dtype(), std.device(), 1.0, generator);
        out = add_(mul_(out, std), mean);
    }
    return attach_zeros("NormalBackward2", out, {&std, 1});
}

Tensor normal_tensor_tensor(const Tensor& mean, const Tensor& std, Generator* generator) {
    check_deviations(std);
    require_floating("normal", mean.dtype(), true);
    Tensor out;
    {
        GradModeGuard off(false);
        const Dims sizes = broadcast_shapes(mean.sizes(), std.sizes(), "normal");
        out = standard_normal(sizes, mean.dtype(), mean.device(), 1.0, generator);
        out = add_(mul_(out, std), mean);
    }
    const Tensor inputs[] = {mean, std};
    return attach_zeros("NormalBackward3", out, inputs);
}

Tensor bernoulli(const Tensor& self, Generator* generator) {
    require_floating("bernoulli", self.dtype(), false);
    const Tensor out = bernoulli_tensor_(empty(self.sizes(), self.dtype(), self.device()),
                                         detach(self), generator);
    return attach_zeros("BernoulliBackward0", out, {&self, 1});
}

Tensor bernoulli_p(const Tensor& self, double p, Generator* generator) {
    return bernoulli_(empty(self.sizes(), self.dtype(), self.device()), p, generator);
}

Tensor multinomial(const Tensor& self, int64_t num_samples, bool replacement,
                   Generator* generator) {
    check(is_float(self.dtype()),
          "multinomial(): only supports floating-point dtypes for input, got: ", self.dtype());
    check(self.dim() == 1 || self.dim() == 2,
          "multinomial(): prob_dist must be 1 or 2 dim, got shape ", self.sizes());
    check(num_samples > 0, "multinomial(): cannot sample n_sample <= 0 samples, got ", num_samples);
    const int64_t categories = self.size(-1);
    check(replacement || num_samples <= categories,
          "multinomial(): cannot sample n_sample > prob_dist.size(-1) samples without replacement, "
          "got ",
          num_samples, " of ", categories);
    check(categories > 0, "multinomial(): there are no categories in shape ", self.sizes());
    check(categories <= (int64_t{1} << 24),
          "multinomial(): number of categories cannot exceed 2^24, got ", categories);
    const int64_t rows = self.dim() == 2 ? self.size(0) : 1;
    const Tensor out = empty({rows, num_samples}, DType::Int64, self.device());
    if (rows) {
        const Tensor flat = contiguous(detach(self));
        const Tensor weights = alias(flat, {rows, categories}, {categories, 1}, flat.offset());
        launch(multinomial_kernel, {out}, {weights},
               cpu::MultinomialAttributes{or_default(generator), replacement});
    }
    return self.dim() == 2 ? out : alias(out, {num_samples}, {1}, out.offset());
}

Tensor poisson(const Tensor& self, Generator* generator) {
    require_floating("poisson", self.dtype(), false);
    const Tensor out = empty(self.sizes(), self.dtype(), self.device());
    if (out.numel())
        launch(poisson_kernel, {out}, {contiguous(detach(self))},
               RandomAttributes{or_default(generator)});
    return attach_zeros("PoissonBackward0", out, {&self, 1});
}

Tensor binomial(const Tensor& count, const Tensor& prob, Generator* generator) {
    check_value(is_float(count.dtype()),
                "binomial(): only supports floating-point dtypes for count, got: ", count.dtype());
    check_value(is_float(prob.dtype()),
                "binomial(): only supports floating-point dtypes for prob, got: ", prob.dtype());
    const Dims sizes = broadcast_shapes(count.sizes(), prob.sizes(), "binomial");
    const DType dtype = count.dtype();
    const Tensor out = empty(sizes, dtype, count.device());
    if (out.numel()) {
        GradModeGuard off(false);
        auto operand = [&](const Tensor& t) {
            return contiguous(expand(to(detach(t), dtype), sizes));
        };
        launch(binomial_kernel, {out}, {operand(count), operand(prob)},
               RandomAttributes{or_default(generator)});
    }
    const Tensor inputs[] = {count, prob};
    return attach_zeros("BinomialBackward0", out, inputs);
}

Tensor standard_gamma(const Tensor& self, Generator* generator) {
    if (self.dtype() != DType::Float32 && self.dtype() != DType::Float64)
        raise_unsupported("_standard_gamma", self.dtype());
    const Tensor out = empty(self.sizes(), self.dtype(), self.device());
    if (out.numel())
        launch(gamma_kernel, {out}, {contiguous(detach(self))},
               RandomAttributes{or_default(generator)});
    return attach("StandardGammaBackward0", out, {self}, {self, out}, [](Backward& ctx) {
        ctx.set(0, mul(ctx.grad(), standard_gamma_grad(ctx.saved(0), ctx.saved(1))));
    });
}

namespace {
struct None {};

Tensor launch_gradient(const Kernel& kernel, const char* operation, const TensorList& operands) {
    const DType dtype = operands[0].dtype();
    for (const Tensor& t : operands)
        check(t.dtype() == dtype, operation, "(): expected operands of one dtype, but got ", dtype,
              " and ", t.dtype());
    if (dtype != DType::Float32 && dtype != DType::Float64) raise_unsupported(operation, dtype);
    Dims sizes = operands[0].sizes();
    for (const Tensor& t : operands) sizes = broadcast_shapes(sizes, t.sizes(), operation);
    const GradModeGuard no_grad(false);
    TensorList arranged;
    for (const Tensor& t : operands) arranged.push_back(contiguous(expand(detach(t), sizes)));
    const Tensor out = empty(sizes, dtype, operands[0].device());
    if (out.numel()) launch(kernel, {&out, 1}, arranged, None{});
    return out;
}
}  // namespace

Tensor standard_gamma_grad(const Tensor& self, const Tensor& output) {
    return launch_gradient(gamma_gradient_kernel, "_standard_gamma_grad", {self, output});
}

Tensor dirichlet_grad(const Tensor& x, const Tensor& alpha, const Tensor& total) {
    return launch_gradient(dirichlet_gradient_kernel, "_dirichlet_grad", {x, alpha, total});
}

Tensor sample_dirichlet(const Tensor& self, Generator* generator) {
    if (self.dtype() != DType::Float32 && self.dtype() != DType::Float64)
        raise_unsupported("_sample_dirichlet", self.dtype());
    const Tensor out = empty(self.sizes(), self.dtype(), self.device());
    if (out.numel())
        launch(dirichlet_kernel, {out}, {contiguous(detach(self))},
               RandomAttributes{or_default(generator)});
    // The other elements shrink in proportion, so that the sum stays one.
    return attach("SampleDirichletBackward0", out, {self}, {self, out}, [](Backward& ctx) {
        const int64_t last = -1;
        const auto total = [&](const Tensor& t) {
            return sum(t, IntSpan(&last, 1), true, std::nullopt);
        };
        const Tensor alpha = ctx.saved(0), x = ctx.saved(1), grad = ctx.grad();
        const Tensor moved = dirichlet_grad(x, alpha, total(alpha));
        ctx.set(0, mul(moved, sub(grad, total(mul(x, grad)))));
    });
}

// ---- dropout
// -----------------------------------------------------------------------------------------------------

namespace {

struct DropoutKind {
    const char* name;
    bool feature, alpha;
};
constexpr DropoutKind kDropout{"dropout", false, false};
constexpr DropoutKind kFeatureDropout{"feature_dropout", true, false};
constexpr DropoutKind kAlphaDropout{"alpha_dropout", false, true};
constexpr DropoutKind kFeatureAlphaDropout{"feature_alpha_dropout", true, true};

Tensor undrawn_noise(const Tensor& input, bool feature) {
    if (!feature) return empty_like(input);
    Dims sizes = input.sizes();
    for (size_t i = 2; i < sizes.size(); i++) sizes[i] = 1;
    return empty(sizes, input.dtype(), input.device());
}

Tensor drop(const DropoutKind& kind, const Tensor& input, double p, bool train, bool in_place) {
    check_dropout(kind.name, input, p, false);
    if (p == 0 || !train || input.numel() == 0) return input;
    check_dropout(kind.name, input, p, kind.feature && p < 1);
    auto times = [&](const Tensor& factor) {
        return in_place ? mul_(input, factor) : mul(input, factor);
    };
    if (p == 1) return times(zeros({}, input.dtype(), input.device()));
    const Tensor noise = bernoulli_(undrawn_noise(input, kind.feature), 1 - p, nullptr);
    if (!kind.alpha) return times(div_(noise, 1 - p));
    // What SELU tends to for large negative input takes the place of what is dropped.
    constexpr double kSaturation = 1.7580993408473766;
    const double scale = 1.0 / std::sqrt((kSaturation * kSaturation * p + 1) * (1 - p));
    const Tensor shift = add_(mul_(add(noise, -1), kSaturation * scale), kSaturation * scale * p);
    const Tensor kept = times(mul_(noise, scale));
    return in_place ? add_(kept, shift) : add(kept, shift);
}

}  // namespace

Tensor dropout(const Tensor& input, double p, bool train) {
    return drop(kDropout, input, p, train, false);
}
Tensor dropout_(const Tensor& input, double p, bool train) {
    return drop(kDropout, input, p, train, true);
}
Tensor feature_dropout(const Tensor& input, double p, bool train) {
    return drop(kFeatureDropout, input, p, train, false);
}
Tensor feature_dropout_(const Tensor& input, double p, bool train) {
    return drop(kFeatureDropout, input, p, train, true);
}
Tensor alpha_dropout(const Tensor& input, double p, bool train) {
    return drop(kAlphaDropout, input, p, train, false);
}
Tensor alpha_dropout_(const Tensor& input, double p, bool train) {
    return drop(kAlphaDropout, input, p, train, true);
}
Tensor feature_alpha_dropout(const Tensor& input, double p, bool train) {
    return drop(kFeatureAlphaDropout, input, p, train, false);
}
Tensor feature_alpha_dropout_(const Tensor& input, double p, bool train) {
    return drop(kFeatureAlphaDropout, input, p, train, true);
}

std::tuple<Tensor, Tensor> native_dropout(const Tensor& input, double p,
                                          std::optional<bool> train) {
    check_dropout("native_dropout", input, p, false);
    if (!train.value_or(true))
        return {clone(input), ones(input.sizes(), DType::Bool, input.device())};
    const Tensor mask = bernoulli_(empty_like(input, DType::Bool), 1 - p, nullptr);
    const double scale = p == 1 ? 0.0 : 1 / (1 - p);
    Tensor out;
    {
        GradModeGuard off(false);
        out = mul_(mul(input, mask), scale);
    }
    out = attach("NativeDropoutBackward0", out, {input}, {mask}, [scale](Backward& ctx) {
        if (ctx.needs(0)) ctx.set(0, mul(mul(ctx.grad(), ctx.saved(0)), scale));
    });
    return {out, mask};
}

// ---- randomised leaky relu
// -----------------------------------------------------------------------------------------

namespace {

Tensor rrelu_slopes(const Tensor& self, const Scalar& lower, const Scalar& upper, bool training,
                    Generator* generator) {
    require_floating("rrelu", self.dtype(), false);
    const double low = lower.as_double(), high = upper.as_double();
    check(low <= high, "rrelu(): lower bound should be less than or equal to the upper bound, got ",
          low, " and ", high);
    GradModeGuard off(false);
    const Tensor input = contiguous(detach(self));
    if (!training) {
        const Tensor mean = full({}, (low + high) / 2, self.dtype(), self.device());
        return where(gt(input, 0), ones({}, self.dtype(), self.device()), mean);
    }
    const Tensor slopes = empty(self.sizes(), self.dtype(), self.device());
    if (slopes.numel())
        launch(rrelu_kernel, {slopes}, {input}, RandomAttributes{or_default(generator), low, high});
    return slopes;
}

}  // namespace

Tensor rrelu(const Tensor& self, const Scalar& lower, const Scalar& upper, bool training,
             Generator* generator) {
    return mul(self, rrelu_slopes(self, lower, upper, training, generator));
}
Tensor rrelu_(const Tensor& self, const Scalar& lower, const Scalar& upper, bool training,
              Generator* generator) {
    return mul_(self, rrelu_slopes(self, lower, upper, training, generator));
}

}  // namespace kajo::ops
