#include "cpu/channels.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "cpu/isa.h"
#include "cpu/move.h"
#include "cpu/scratch.h"

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

// One channel of some images in the type computed in: where it lies, or, of 16-bit types, converted
// beside it.
class ChannelView {
  public:
    explicit ChannelView(const Tensor& t)
        : tensor_(t),
          narrow_(t.item_size() == 2),
          scratch_(narrow_ ? static_cast<size_t>(t.size(0) * t.size(2)) * sizeof(float) : 0) {}

    Planes where() const {
        const int64_t pixels = tensor_.size(2);
        return {tensor_.size(0), pixels, narrow_ ? pixels : tensor_.size(1) * pixels};
    }
    void* data(int64_t channel) const { return narrow_ ? scratch_.data() : plane(channel, 0); }
    void* read(int64_t channel) const {
        if (narrow_) convert(channel, tensor_.dtype(), DType::Float32);
        return data(channel);
    }
    void write(int64_t channel) const {
        if (narrow_) convert(channel, DType::Float32, tensor_.dtype());
    }

  private:
    char* plane(int64_t channel, int64_t sample) const {
        const int64_t at = (sample * tensor_.size(1) + channel) * tensor_.size(2);
        return static_cast<char*>(tensor_.raw_data()) + at * tensor_.item_size();
    }
    void convert(int64_t channel, DType from, DType to) const {
        const int64_t pixels = tensor_.size(2);
        for (int64_t sample = 0; sample < tensor_.size(0); sample++) {
            float* beside = scratch_.as<float>() + sample * pixels;
            if (to == DType::Float32)
                convert_of(from, to)(beside, plane(channel, sample), pixels);
            else
                convert_of(from, to)(plane(channel, sample), beside, pixels);
        }
    }

    const Tensor& tensor_;
    const bool narrow_;
    const Scratch scratch_;
};

// f(functions, from, to) for ranges of channels.
template <class F>
void channel_ranges(const Tensor& x, F f) {
    constexpr int64_t kTaskElements = 32768;
    const auto& functions =
        x.dtype() == DType::Float64 ? channel_kernels().f64 : channel_kernels().f32;
    const int64_t elements = std::max<int64_t>(1, x.size(0) * x.size(2));
    parallel_ranges(x.size(1), kTaskElements / elements,
                    [&](int64_t begin, int64_t end) { f(functions, begin, end); });
}

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
    const Tensor &weight = in[1], &bias = in[2];
    channel_ranges(in[0], [&](const ChannelFunctions& f, int64_t begin, int64_t end) {
        const ChannelView x(in[0]), y(out[0]);
        for (int64_t c = begin; c < end; c++) {
            const void* values = x.read(c);
            double mean, variance;
            if (how.training) {
                f.moments(values, x.where(), &mean, &variance);
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
            f.affine(y.data(c), values, x.where(), scale, shift);
            y.write(c);
        }
    });
}

void batch_norm_backward(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& how = *static_cast<const BatchNormAttributes*>(attributes);
    const Tensor& weight = in[2];
    const double count = static_cast<double>(in[1].size(0) * in[1].size(2));
    channel_ranges(in[1], [&](const ChannelFunctions& f, int64_t begin, int64_t end) {
        const ChannelView grad(in[0]), x(in[1]), grad_x(out[0]);
        for (int64_t c = begin; c < end; c++) {
            const void *g = grad.read(c), *values = x.read(c);
            const double mean = number_at(in[3], c), rstd = number_at(in[4], c);
            double sum, product;
            f.gradient_sums(g, values, x.where(), mean, &sum, &product);
            set_number(out[1], c, product * rstd);
            set_number(out[2], c, sum);
            const double scale = weight.defined() ? number_at(weight, c) * rstd : rstd;
            double along = 0, shift = 0;
            if (how.training) {
                along = -scale * rstd * rstd * product / count;
                shift = -scale * sum / count - along * mean;
            }
            f.gradient(grad_x.data(c), g, values, x.where(), scale, along, shift);
            grad_x.write(c);
        }
    });
}

}  // namespace kajo::cpu
