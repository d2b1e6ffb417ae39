#include "cpu/channels.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "cpu/isa.h"

namespace kajo::cpu {

namespace baseline {
extern const ChannelKernels channel_kernels;
}
#if KAJO_X86
namespace avx2 {
extern const ChannelKernels channel_kernels;
}
namespace avx512 {
extern const ChannelKernels channel_kernels;
}
#else
namespace avx2 = baseline;
namespace avx512 = baseline;
#endif

const ChannelKernels& channel_kernels() {
    static const ChannelKernels& chosen = cpu_isa() == Isa::AVX512 ? avx512::channel_kernels
                                          : cpu_isa() == Isa::AVX2 ? avx2::channel_kernels
                                                                   : baseline::channel_kernels;
    return chosen;
}

namespace {

// f(functions, where, channel, offset) for each channel, whose first element is at `offset` bytes.
template <class F>
void each_channel(const Tensor& x, F f) {
    constexpr int64_t kTaskElements = 32768;
    const int64_t samples = x.size(0), channels = x.size(1), pixels = x.size(2);
    const auto& functions =
        x.dtype() == DType::Float64 ? channel_kernels().f64 : channel_kernels().f32;
    const Planes where{samples, pixels, channels * pixels};
    const int64_t elements = std::max<int64_t>(1, samples * pixels);
    parallel_ranges(channels, kTaskElements / elements, [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; c++) f(functions, where, c, c * pixels * x.item_size());
    });
}

char* at(const Tensor& t, int64_t offset) { return static_cast<char*>(t.raw_data()) + offset; }

double number_at(const Tensor& t, int64_t i) {
    return t.dtype() == DType::Float64 ? t.data<double>()[i]
                                       : static_cast<double>(t.data<float>()[i]);
}
void set_number(const Tensor& t, int64_t i, double value) {
    if (t.dtype() == DType::Float64)
        t.data<double>()[i] = value;
    else
        t.data<float>()[i] = static_cast<float>(value);
}

}  // namespace

void batch_norm(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& how = *static_cast<const BatchNormAttributes*>(attributes);
    const Tensor &x = in[0], &weight = in[1], &bias = in[2];
    each_channel(x, [&](const ChannelFunctions& f, const Planes& where, int64_t c, int64_t offset) {
        double mean, variance;
        if (how.training) {
            f.moments(at(x, offset), where, &mean, &variance);
        } else {
            mean = number_at(in[3], c);
            variance = number_at(in[4], c);
        }
        const double rstd = 1 / std::sqrt(variance + how.eps);
        set_number(out[1], c, mean);
        set_number(out[2], c, variance);
        set_number(out[3], c, rstd);
        const double scale = weight.defined() ? number_at(weight, c) * rstd : rstd;
        const double shift = (bias.defined() ? number_at(bias, c) : 0.0) - mean * scale;
        f.affine(at(out[0], offset), at(x, offset), where, scale, shift);
    });
}

void batch_norm_backward(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& how = *static_cast<const BatchNormAttributes*>(attributes);
    const Tensor &grad = in[0], &x = in[1], &weight = in[2];
    const double count = static_cast<double>(x.size(0) * x.size(2));
    each_channel(x, [&](const ChannelFunctions& f, const Planes& where, int64_t c, int64_t offset) {
        const double mean = number_at(in[3], c), rstd = number_at(in[4], c);
        double sum, product;
        f.gradient_sums(at(grad, offset), at(x, offset), where, mean, &sum, &product);
        set_number(out[1], c, product * rstd);
        set_number(out[2], c, sum);
        const double scale = weight.defined() ? number_at(weight, c) * rstd : rstd;
        double along = 0, shift = 0;
        if (how.training) {
            along = -scale * rstd * rstd * product / count;
            shift = -scale * sum / count - along * mean;
        }
        f.gradient(at(out[0], offset), at(grad, offset), at(x, offset), where, scale, along, shift);
    });
}

}  // namespace kajo::cpu
