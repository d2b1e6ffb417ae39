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
#endif

const ChannelKernels& channel_kernels() {
    return of_cpu_isa(baseline::channel_kernels, avx2::channel_kernels, avx512::channel_kernels);
}

namespace {

// What takes elements of a type; float16 is converted to float32 first.
const ChannelFunctions& functions_of(DType type) {
    const ChannelKernels& kernels = channel_kernels();
    if (type == DType::Float64) return kernels.f64;
    return type == DType::BFloat16 ? kernels.bf16 : kernels.f32;
}

// One channel of some images: where it lies, or, of float16, converted beside it.
class ChannelView {
  public:
    explicit ChannelView(const Tensor& t)
        : tensor_(t),
          narrow_(t.dtype() == DType::Float16),
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
    const ChannelFunctions& functions = functions_of(x.dtype());
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

// A matrix whose columns are channels.
bool is_matrix(const Tensor& x) { return x.size(2) == 1 && x.dtype() != DType::Float16; }

// Calls f(functions, first channel, where) for the channels of a matrix, some at a time.
template <class F>
void each_columns(const Tensor& x, F f) {
    const ChannelFunctions& functions = functions_of(x.dtype());
    const int64_t rows = x.size(0), channels = x.size(1);
    const int64_t blocks = (channels + kColumns - 1) / kColumns;
    parallel_ranges(blocks, std::max<int64_t>(1, 32768 / (rows * kColumns)),
                    [&](int64_t begin, int64_t end) {
                        for (int64_t b = begin; b < end; b++)
                            f(functions, b * kColumns,
                              Columns{rows, channels, std::min(kColumns, channels - b * kColumns)});
                    });
}
char* element_of(const Tensor& t, int64_t i) { return t.data<char>() + i * t.item_size(); }

void batch_norm_of_matrix(TensorRefs out, TensorRefs in, const BatchNormAttributes& how) {
    const Tensor &weight = in[1], &bias = in[2];
    each_columns(in[0], [&](const ChannelFunctions& f, int64_t first, const Columns& where) {
        double mean[kColumns], variance[kColumns], scale[kColumns], shift[kColumns];
        const char* x = element_of(in[0], first);
        if (how.training) f.column_moments(x, where, mean, variance);
        for (int64_t j = 0; j < where.width; j++) {
            const int64_t c = first + j;
            if (!how.training) {
                mean[j] = number_at(in[3], c);
                variance[j] = number_at(in[4], c);
            }
            const double rstd = 1 / std::sqrt(variance[j] + how.eps);
            set_number(out[1], c, mean[j]);
            set_number(out[2], c, variance[j]);
            set_number(out[3], c, rstd);
            scale[j] = weight.defined() ? number_at(weight, c) * rstd : rstd;
            shift[j] = (bias.defined() ? number_at(bias, c) : 0.0) - mean[j] * scale[j];
        }
        f.column_affine(element_of(out[0], first), x, where, scale, shift);
    });
}

void batch_norm_backward_of_matrix(TensorRefs out, TensorRefs in, const BatchNormAttributes& how) {
    const Tensor& weight = in[2];
    const double count = static_cast<double>(in[1].size(0));
    each_columns(in[1], [&](const ChannelFunctions& f, int64_t first, const Columns& where) {
        double mean[kColumns], sum[kColumns], product[kColumns];
        double scale[kColumns], along[kColumns], shift[kColumns];
        const char *g = element_of(in[0], first), *x = element_of(in[1], first);
        for (int64_t j = 0; j < where.width; j++) mean[j] = number_at(in[3], first + j);
        f.column_gradient_sums(g, x, where, mean, sum, product);
        for (int64_t j = 0; j < where.width; j++) {
            const int64_t c = first + j;
            const double rstd = number_at(in[4], c);
            set_number(out[1], c, product[j] * rstd);
            set_number(out[2], c, sum[j]);
            scale[j] = weight.defined() ? number_at(weight, c) * rstd : rstd;
            along[j] = how.training ? -scale[j] * rstd * rstd * product[j] / count : 0.0;
            shift[j] = how.training ? -scale[j] * sum[j] / count - along[j] * mean[j] : 0.0;
        }
        f.column_gradient(element_of(out[0], first), g, x, where, scale, along, shift);
    });
}

}  // namespace

void batch_norm(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& how = *static_cast<const BatchNormAttributes*>(attributes);
    if (is_matrix(in[0])) return batch_norm_of_matrix(out, in, how);
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
    if (is_matrix(in[1])) return batch_norm_backward_of_matrix(out, in, how);
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

namespace {
// Calls f(functions, group): one of samples * groups, each a piece of work.
template <class F>
void each_group(const Tensor& x, int64_t groups, F f) {
    const ChannelFunctions& functions = functions_of(x.dtype());
    const int64_t count = x.size(0) * groups;
    parallel_ranges(count, std::max<int64_t>(1, 32768 * count / x.numel()),
                    [&](int64_t begin, int64_t end) {
                        for (int64_t group = begin; group < end; group++) f(functions, group);
                    });
}
}  // namespace

void group_norm(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& how = *static_cast<const GroupNormAttributes*>(attributes);
    const Tensor &x = in[0], &weight = in[1], &bias = in[2], &y = out[0];
    const int64_t channels = x.size(1) / how.groups, pixels = x.size(2), n = channels * pixels;
    each_group(x, how.groups, [&](const ChannelFunctions& f, int64_t group) {
        double mean, variance;
        f.moments(element_of(x, group * n), {1, n, n}, &mean, &variance);
        const double rstd = 1 / std::sqrt(variance + how.eps);
        set_number(out[1], group, mean);
        set_number(out[2], group, rstd);
        const int64_t first = group % how.groups * channels;
        for (int64_t c = 0; c < channels; c++) {
            const double scale = weight.defined() ? number_at(weight, first + c) * rstd : rstd;
            const double shift = (bias.defined() ? number_at(bias, first + c) : 0.0) - mean * scale;
            const int64_t at = group * n + c * pixels;
            f.affine(element_of(y, at), element_of(x, at), {1, pixels, pixels}, scale, shift);
        }
    });
}

void group_norm_backward(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& how = *static_cast<const GroupNormAttributes*>(attributes);
    const Tensor &grad = in[0], &x = in[1], &weight = in[2];
    const int64_t channels = x.size(1) / how.groups, pixels = x.size(2), n = channels * pixels;
    each_group(x, how.groups, [&](const ChannelFunctions& f, int64_t group) {
        const double mean = number_at(in[3], group), rstd = number_at(in[4], group);
        const int64_t first = group % how.groups * channels;
        const auto factor = [&](int64_t c) {
            return weight.defined() ? number_at(weight, first + c) : 1.0;
        };
        const Planes where{1, pixels, pixels};
        double sums = 0, products = 0;
        for (int64_t c = 0; c < channels; c++) {
            double sum, product;
            const int64_t at = group * n + c * pixels;
            f.gradient_sums(element_of(grad, at), element_of(x, at), where, mean, &sum, &product);
            set_number(out[1], group * channels + c, product * rstd);
            set_number(out[2], group * channels + c, sum);
            sums += factor(c) * sum;
            products += factor(c) * product;
        }
        const double count = static_cast<double>(n);
        const double along = -rstd * rstd * rstd * products / count;
        const double shift = -rstd * sums / count - along * mean;
        for (int64_t c = 0; c < channels; c++) {
            const int64_t at = group * n + c * pixels;
            f.gradient(element_of(out[0], at), element_of(grad, at), element_of(x, at), where,
                       factor(c) * rstd, along, shift);
        }
    });
}

}  // namespace kajo::cpu
