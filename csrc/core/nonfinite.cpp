#include "core/nonfinite.h"

#include <atomic>
#include <cfenv>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "core/launch.h"
#include "core/parallel.h"

namespace kajo {

namespace {

struct Found {
    bool nan = false, infinity = false;
    bool any() const { return nan || infinity; }
};

constexpr int64_t kGrain = 1 << 16;

// All ones in the exponent: an infinity, or, with a bit below, a nan.
template <class Bits, Bits kExponent>
Found look_at_run(const Bits* p, int64_t n) {
    constexpr Bits kMagnitude = static_cast<Bits>(~Bits{0}) >> 1;
    Bits largest = 0;
    for (int64_t i = 0; i < n; i++) {
        const auto magnitude = static_cast<Bits>(p[i] & kMagnitude);
        largest = magnitude > largest ? magnitude : largest;
    }
    if (largest < kExponent) return {};
    if (largest == kExponent) return {false, true};
    Found found{true, false};
    for (int64_t i = 0; i < n && !found.infinity; i++)
        found.infinity = (p[i] & kMagnitude) == kExponent;
    return found;
}

Found look_at_run(DType dtype, const char* p, int64_t n) {
    switch (dtype) {
        case DType::Float64:
            return look_at_run<uint64_t, 0x7ff0000000000000>(reinterpret_cast<const uint64_t*>(p),
                                                             n);
        case DType::Complex128:
            return look_at_run<uint64_t, 0x7ff0000000000000>(reinterpret_cast<const uint64_t*>(p),
                                                             2 * n);
        case DType::Float32:
            return look_at_run<uint32_t, 0x7f800000>(reinterpret_cast<const uint32_t*>(p), n);
        case DType::Complex64:
            return look_at_run<uint32_t, 0x7f800000>(reinterpret_cast<const uint32_t*>(p), 2 * n);
        case DType::BFloat16:
            return look_at_run<uint16_t, 0x7f80>(reinterpret_cast<const uint16_t*>(p), n);
        case DType::Float16:
            return look_at_run<uint16_t, 0x7c00>(reinterpret_cast<const uint16_t*>(p), n);
        default:
            return {};
    }
}

void look_at_dims(const Tensor& t, size_t dim, const char* p, Found& found) {
    const int64_t item = item_size(t.dtype());
    if (dim == t.sizes().size()) {
        const Found here = look_at_run(t.dtype(), p, 1);
        found.nan |= here.nan;
        found.infinity |= here.infinity;
        return;
    }
    for (int64_t i = 0; i < t.sizes()[dim]; i++)
        look_at_dims(t, dim + 1, p + i * t.strides()[dim] * item, found);
}

Found look_at(const Tensor& t) {
    Found found;
    if (!t.defined() || t.is_meta() || !is_differentiable(t.dtype()) || t.numel() == 0)
        return found;
    const int64_t item = item_size(t.dtype());
    const char* data = static_cast<const char*>(t.storage()->data()) + t.offset() * item;
    if (!t.is_non_overlapping_and_dense()) {
        look_at_dims(t, 0, data, found);
        return found;
    }
    std::atomic<bool> nan{false}, infinity{false};
    parallel_ranges(t.numel(), kGrain, [&](int64_t begin, int64_t end) {
        const Found here = look_at_run(t.dtype(), data + begin * item, end - begin);
        if (here.nan) nan = true;
        if (here.infinity) infinity = true;
    });
    return {nan, infinity};
}

// How a kernel can come to a nan or an infinity. The processor's flags tell of arithmetic at no
// cost; logarithms, powers and the like also choose their results or put them together from bits,
// so theirs have to be read. `Never`: moves and choices, and fillings, whose numbers the program
// gives.
enum class Way { Read, Flags, Never };

Way way_of(const char* kernel) {
    static const std::unordered_map<std::string_view, Way> ways = [] {
        std::unordered_map<std::string_view, Way> all;
        for (const char* name : {"copy_",
                                 "fill_",
                                 "masked_fill",
                                 "where",
                                 "cat",
                                 "flip",
                                 "gather",
                                 "scatter",
                                 "index",
                                 "index_put",
                                 "triangle",
                                 "max_pool",
                                 "place_in_planes",
                                 "pick",
                                 "sort",
                                 "topk",
                                 "abs",
                                 "neg",
                                 "relu",
                                 "clamp",
                                 "clamp_min",
                                 "clamp_max",
                                 "maximum",
                                 "minimum",
                                 "threshold",
                                 "repeat_interleave",
                                 "sign",
                                 "uniform_",
                                 "normal_",
                                 "random_",
                                 "bernoulli_",
                                 "ReluBackward0",
                                 "AbsBackward0",
                                 "NegBackward0",
                                 "ThresholdBackward0",
                                 "MaximumBackward0",
                                 "MinimumBackward0",
                                 "WhereBackward0",
                                 "MaskedFillBackward0",
                                 "ClampBackward0",
                                 "ClampBackward1",
                                 "tanh",
                                 "sigmoid",
                                 "erf",
                                 "sin",
                                 "cos",
                                 "gated",
                                 "arange",
                                 "linspace",
                                 "cummax",
                                 "cummin"})
            all.emplace(name, Way::Never);
        for (const char* name : {"add",
                                 "sub",
                                 "rsub",
                                 "mul",
                                 "div",
                                 "reciprocal",
                                 "sqrt",
                                 "rsqrt",
                                 "square",
                                 "lerp",
                                 "addcmul",
                                 "addcdiv",
                                 "gelu",
                                 "silu",
                                 "leaky_relu",
                                 "dropout",
                                 "dropout_mask",
                                 "native_dropout",
                                 "mse_loss",
                                 "l1_loss",
                                 "smooth_l1_loss",
                                 "huber_loss",
                                 "matmul",
                                 "convolution",
                                 "convolution_transposed",
                                 "convolution_weight",
                                 "convolution_bias",
                                 "layer_norm",
                                 "layer_norm_backward",
                                 "batch_norm",
                                 "batch_norm_backward",
                                 "softmax",
                                 "log_softmax",
                                 "softmax_backward",
                                 "log_softmax_backward",
                                 "cross_entropy",
                                 "cross_entropy_backward",
                                 "nll_loss",
                                 "avg_pool",
                                 "avg_pool_spread",
                                 "cumsum",
                                 "embedding_dense_backward",
                                 "scaled_dot_product_attention",
                                 "scaled_dot_product_attention_backward",
                                 "recurrent_layer",
                                 "recurrent_layer_backward",
                                 "sum",
                                 "mean",
                                 "var_mean",
                                 "sgd_step_",
                                 "adam_step_",
                                 "rmsprop_step_",
                                 "adagrad_step_",
                                 "adadelta_step_",
                                 "adamax_step_",
                                 "AddBackward0",
                                 "SubBackward0",
                                 "MulBackward0",
                                 "DivBackward0",
                                 "SqrtBackward0",
                                 "RsqrtBackward0",
                                 "ReciprocalBackward0",
                                 "GeluBackward0",
                                 "SiluBackward0",
                                 "TanhBackward0",
                                 "SigmoidBackward0",
                                 "ExpBackward0",
                                 "LogBackward0",
                                 "LeakyReluBackward0",
                                 "MseLossBackward0",
                                 "L1LossBackward0",
                                 "SmoothL1LossBackward0",
                                 "HuberLossBackward0",
                                 "NativeDropoutBackward0",
                                 "DropoutMaskBackward0",
                                 "AddcmulBackward0",
                                 "AddcdivBackward0",
                                 "LerpBackward0"})
            all.emplace(name, Way::Flags);
        return all;
    }();
    const auto found = ways.find(kernel);
    return found == ways.end() ? Way::Read : found->second;
}

// Narrowing to 16 bits rounds by integers, and their products set no flags.
bool is_narrow(const Tensor& t) {
    return t.defined() && is_differentiable(t.dtype()) && item_size(t.dtype()) == 2;
}

bool changes_type(const Launch& work) {
    for (const Tensor& t : work.inputs)
        if (t.defined() && t.dtype() != work.outputs[0].dtype()) return true;
    return false;
}

Way way_of(const Launch& work) {
    const Way way = way_of(work.kernel.name);
    if (way == Way::Never)
        return std::string_view(work.kernel.name) == "copy_" && changes_type(work) ? Way::Read
                                                                                   : way;
    if (way == Way::Flags) {
        for (const Tensor& t : work.outputs)
            if (is_narrow(t)) return Way::Read;
        for (const Tensor& t : work.inputs)
            if (is_narrow(t)) return Way::Read;
    }
    return way;
}

bool shares(const Tensor& a, TensorRefs with) {
    for (const Tensor& b : with)
        if (b.defined() && a.defined() && a.storage().get() == b.storage().get()) return true;
    return false;
}

Found look_at_overwritten(const Launch& work) {
    Found found;
    for (const Tensor& t : work.inputs) {
        if (!shares(t, work.outputs)) continue;
        const Found here = look_at(t);
        found.nan |= here.nan;
        found.infinity |= here.infinity;
    }
    return found;
}

class Watch final : public LaunchObserver {
  public:
    void (*report)(const NonFinite&) = nullptr;

    void before(const Launch& work) override {
        way_ = way_of(work);
        overwritten_ = {};
        if (way_ == Way::Read) overwritten_ = look_at_overwritten(work);
        if (way_ == Way::Flags) std::feclearexcept(FE_ALL_EXCEPT);
    }

    void after(const Launch& work) override {
        if (way_ == Way::Never) return;
        if (way_ == Way::Flags && !std::fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW))
            return;
        for (const Tensor& t : work.outputs) {
            const Found made = look_at(t);
            if (!made.any()) continue;
            Found given = overwritten_;
            for (const Tensor& input : work.inputs) {
                if (shares(input, work.outputs)) continue;
                const Found here = look_at(input);
                given.nan |= here.nan;
                given.infinity |= here.infinity;
            }
            const bool makes_nan = made.nan && !given.nan;
            const bool makes_infinity = made.infinity && !given.any();
            if (!makes_nan && !makes_infinity) continue;
            const NonFinite found{work.kernel.name, makes_nan, t.sizes(), t.dtype()};
            return report(found);
        }
    }

  private:
    static inline thread_local Way way_ = Way::Read;
    static inline thread_local Found overwritten_;
};

}  // namespace

void watch_for_nonfinite(void (*report)(const NonFinite&)) {
    static Watch watch;
    if (watch.report) remove_launch_observer(&watch);
    watch.report = report;
    gather_floating_flags = report != nullptr;
    if (report) add_launch_observer(&watch);
}

}  // namespace kajo
