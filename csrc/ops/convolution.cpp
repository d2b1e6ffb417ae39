#include "ops/convolution.h"

#include <string>

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/gemm/gemm.h"
#include "ops/joining.h"
#include "ops/linear.h"
#include "ops/ops.h"
#include "ops/reduction.h"

namespace kajo::ops {

namespace {

using cpu::ConvShape;

// One shape describes an image x, weights w and a result y; each of the three is computed from the
// other two, and each computation's gradients are the other two computations.
void run_forward(TensorRefs out, TensorRefs in, const void* shape) {
    cpu::gemm_kernels().conv_forward(
        *static_cast<const ConvShape*>(shape), out[0].dtype(), in[0].raw_data(), in[1].raw_data(),
        in[2].defined() ? in[2].raw_data() : nullptr, out[0].raw_data());
}
void run_to_input(TensorRefs out, TensorRefs in, const void* shape) {
    cpu::gemm_kernels().conv_backward_input(
        *static_cast<const ConvShape*>(shape), out[0].dtype(), in[0].raw_data(), in[1].raw_data(),
        in[2].defined() ? in[2].raw_data() : nullptr, out[0].raw_data());
}
void run_to_weight(TensorRefs out, TensorRefs in, const void* shape) {
    cpu::gemm_kernels().conv_backward_weight(*static_cast<const ConvShape*>(shape), out[0].dtype(),
                                             in[0].raw_data(), in[1].raw_data(), out[0].raw_data());
}
void run_to_bias(TensorRefs out, TensorRefs in, const void* shape) {
    cpu::gemm_kernels().conv_backward_bias(*static_cast<const ConvShape*>(shape), out[0].dtype(),
                                           in[0].raw_data(), out[0].raw_data());
}
const Kernel forward_kernel{"convolution", run_forward};
const Kernel to_input_kernel{"convolution_transposed", run_to_input};
const Kernel to_weight_kernel{"convolution_weight", run_to_weight};
const Kernel to_bias_kernel{"convolution_bias", run_to_bias};

Tensor dense(const Tensor& t) {
    if (!t.defined() || t.is_contiguous()) return t;
    const GradModeGuard no_grad(false);
    return contiguous(t);
}

Dims image_sizes(int64_t batch, int64_t channels, const int64_t* spatial, int dims) {
    Dims sizes{batch, channels};
    for (int d = 0; d < dims; d++) sizes.push_back(spatial[d]);
    return sizes;
}

bool is_empty(const ConvShape& s) {
    return s.batch == 0 || s.in_channels == 0 || s.out_channels == 0;
}

// The kernels expect something to do; without it what is left is the bias.
Tensor without_work(IntSpan sizes, const Tensor& like, const Tensor& bias) {
    const GradModeGuard no_grad(false);
    Tensor out = zeros(sizes, like.dtype(), like.device());
    if (bias.defined() && out.numel())
        copy_raw(out, reshape(bias, image_sizes(1, bias.numel(), Dims(3, 1).data(),
                                                static_cast<int>(sizes.size()) - 2)));
    return out;
}

// The sum over images and pixels; `shape` is that of the convolution whose result y is.
Tensor to_bias(const Tensor& y, const ConvShape& shape) {
    Tensor out = empty({shape.out_channels}, y.dtype(), y.device());
    launch(to_bias_kernel, {out}, {dense(y)}, shape);
    return attach("SumBackward1", out, {y}, {}, [sizes = y.sizes()](Backward& ctx) {
        Dims ones(sizes.size(), 1);
        ones[1] = sizes[1];
        ctx.set(0, expand(view(ctx.grad(), ones), sizes));
    });
}

// Of a transposed convolution, whose result has the sizes of another's input.
Tensor bias_gradient(const Tensor& grad) {
    Dims dims{0};
    for (int64_t d = 2; d < grad.dim(); d++) dims.push_back(d);
    return sum(grad, IntSpan(dims), false, std::nullopt);
}

constexpr const char* kFirst = "ConvolutionBackward0";
constexpr const char* kSecond = "ConvolutionBackwardBackward0";

Tensor to_input(const char* name, const Tensor& y, const Tensor& w, const Tensor& bias,
                const ConvShape& shape);
Tensor to_weight(const char* name, const Tensor& x, const Tensor& y, const ConvShape& shape);

Tensor forward(const char* name, const Tensor& x, const Tensor& w, const Tensor& bias,
               const ConvShape& shape) {
    const Dims sizes = image_sizes(shape.batch, shape.out_channels, shape.output, shape.dims);
    Tensor out;
    if (is_empty(shape)) {
        out = without_work(sizes, x, bias);
    } else {
        out = empty(sizes, x.dtype(), x.device());
        launch(forward_kernel, {out}, {dense(x), dense(w), dense(bias)}, shape);
    }
    return attach(name, out, {x, w, bias}, {x, w}, [shape](Backward& ctx) {
        const Tensor &grad = ctx.grad(), x = ctx.saved(0), w = ctx.saved(1);
        if (ctx.needs(0)) ctx.set(0, to_input(kSecond, grad, w, Tensor(), shape));
        if (ctx.needs(1)) ctx.set(1, to_weight(kSecond, x, grad, shape));
        if (ctx.needs(2)) ctx.set(2, to_bias(grad, shape));
    });
}

Tensor to_input(const char* name, const Tensor& y, const Tensor& w, const Tensor& bias,
                const ConvShape& shape) {
    const Dims sizes = image_sizes(shape.batch, shape.in_channels, shape.input, shape.dims);
    Tensor out;
    if (is_empty(shape)) {
        out = without_work(sizes, y, bias);
    } else {
        out = empty(sizes, y.dtype(), y.device());
        launch(to_input_kernel, {out}, {dense(y), dense(w), dense(bias)}, shape);
    }
    return attach(name, out, {y, w, bias}, {y, w}, [shape](Backward& ctx) {
        const Tensor &grad = ctx.grad(), y = ctx.saved(0), w = ctx.saved(1);
        if (ctx.needs(0)) ctx.set(0, forward(kSecond, grad, w, Tensor(), shape));
        if (ctx.needs(1)) ctx.set(1, to_weight(kSecond, grad, y, shape));
        if (ctx.needs(2)) ctx.set(2, bias_gradient(grad));
    });
}

Tensor to_weight(const char* name, const Tensor& x, const Tensor& y, const ConvShape& shape) {
    const Dims sizes =
        image_sizes(shape.out_channels, shape.in_channels / shape.groups, shape.kernel, shape.dims);
    Tensor out;
    if (is_empty(shape)) {
        out = without_work(sizes, x, Tensor());
    } else {
        out = empty(sizes, x.dtype(), x.device());
        launch(to_weight_kernel, {out}, {dense(x), dense(y)}, shape);
    }
    return attach(name, out, {x, y}, {x, y}, [shape](Backward& ctx) {
        const Tensor &grad = ctx.grad(), x = ctx.saved(0), y = ctx.saved(1);
        if (ctx.needs(0)) ctx.set(0, to_input(kSecond, y, grad, Tensor(), shape));
        if (ctx.needs(1)) ctx.set(1, forward(kSecond, x, grad, Tensor(), shape));
    });
}

// ---- arguments
// -----------------------------------------------------------------------------------

struct Arguments {
    const char* operation;
    int dims;
    int64_t stride[3], padding[3], dilation[3], output_padding[3];
    int64_t groups;
    bool transposed;
};

void spread(const Arguments& arguments, const char* name, IntSpan given, int64_t* to) {
    check(given.size() == 1 || given.size() == static_cast<size_t>(arguments.dims),
          arguments.operation, "(): expected ", name, " to be a single integer value or a list of ",
          arguments.dims, " values to match the convolution dimensions, but got ", name, "=",
          given);
    for (int d = 0; d < arguments.dims; d++) to[d] = given[given.size() == 1 ? 0 : d];
}

Arguments arguments_of(const char* operation, int dims, IntSpan stride, IntSpan padding,
                       IntSpan dilation, IntSpan output_padding, int64_t groups, bool transposed) {
    Arguments a{operation, dims, {}, {}, {}, {}, groups, transposed};
    spread(a, "stride", stride, a.stride);
    spread(a, "padding", padding, a.padding);
    spread(a, "dilation", dilation, a.dilation);
    spread(a, "output_padding", output_padding, a.output_padding);
    for (int d = 0; d < dims; d++) {
        check(a.stride[d] > 0, operation,
              "(): non-positive stride is not supported, got stride=", stride);
        check(a.padding[d] >= 0, operation,
              "(): negative padding is not supported, got padding=", padding);
        check(a.dilation[d] > 0, operation,
              "(): dilation should be greater than zero, got dilation=", dilation);
        check(a.output_padding[d] >= 0, operation,
              "(): negative output_padding is not supported, got output_padding=", output_padding);
        check(!transposed || a.output_padding[d] < std::max(a.stride[d], a.dilation[d]), operation,
              "(): output padding must be smaller than either stride or dilation, but got "
              "output_padding=",
              output_padding, ", stride=", stride, ", dilation=", dilation);
    }
    check(groups > 0, operation, "(): non-positive groups is not supported, got groups=", groups);
    return a;
}

void check_operands(const Arguments& a, const Tensor& input, const Tensor& weight,
                    const Tensor& bias) {
    check(weight.dim() == a.dims + 2, a.operation, "(): expected ", a.dims + 2,
          "-dimensional weight, but got weight of size ", weight.sizes());
    check(input.dtype() == weight.dtype(), a.operation, "(): Input type (",
          info(input.dtype()).name, ") and weight type (", info(weight.dtype()).name,
          ") should be the same");
    check(!bias.defined() || bias.dtype() == input.dtype(), a.operation, "(): Input type (",
          info(input.dtype()).name, ") and bias type (",
          bias.defined() ? info(bias.dtype()).name : "", ") should be the same");
    check(input.device() == weight.device(), a.operation,
          "(): expected input and weight on one device, but got ", input.device(), " and ",
          weight.device());
    const int64_t first = weight.size(0), groups = a.groups;
    check(first >= groups, "Given groups=", groups, ", expected weight to be at least ", groups,
          " at dimension 0, but got weight of size ", weight.sizes(), " instead");
    check(first % groups == 0, "Given groups=", groups, ", expected weight to be divisible by ",
          groups, " at dimension 0, but got weight of size ", weight.sizes(), " instead");
    const int64_t channels = a.transposed ? first : weight.size(1) * groups;
    const int64_t outputs = a.transposed ? weight.size(1) * groups : first;
    check(input.size(1) == channels, "Given ", a.transposed ? "transposed=1, " : "",
          "groups=", groups, ", weight of size ", weight.sizes(), ", expected input", input.sizes(),
          " to have ", channels, " channels, but got ", input.size(1), " channels instead");
    check(!bias.defined() || (bias.dim() == 1 && bias.size(0) == outputs), "Given weight of size ",
          weight.sizes(), ", expected bias to be 1-dimensional with ", outputs,
          " elements, but got bias of size ", bias.defined() ? bias.sizes() : Dims(), " instead");
}

std::string joined(const int64_t* sizes, int n) {
    std::string out;
    for (int i = 0; i < n; i++) out += (i ? " x " : "") + std::to_string(sizes[i]);
    return out;
}

ConvShape shape_of(const Arguments& a, const Tensor& input, const Tensor& weight) {
    ConvShape s;
    s.dims = a.dims;
    s.batch = input.size(0);
    s.groups = a.groups;
    s.out_channels = weight.size(0);
    s.in_channels = weight.size(1) * a.groups;
    int64_t* const given = a.transposed ? s.output : s.input;
    int64_t* const computed = a.transposed ? s.input : s.output;
    int64_t padded[3];
    bool fits = true;
    for (int d = 0; d < a.dims; d++) {
        given[d] = input.size(d + 2);
        s.kernel[d] = weight.size(d + 2);
        s.stride[d] = a.stride[d];
        s.padding[d] = a.padding[d];
        s.dilation[d] = a.dilation[d];
        check(s.kernel[d] > 0, a.operation,
              "(): kernel size should be greater than zero, but got "
              "weight of size ",
              weight.sizes());
        const int64_t extent = a.dilation[d] * (s.kernel[d] - 1) + 1;
        padded[d] = given[d] + 2 * a.padding[d];
        if (a.transposed) {
            computed[d] =
                (given[d] - 1) * a.stride[d] - 2 * a.padding[d] + extent + a.output_padding[d];
        } else {
            fits = fits && padded[d] >= extent;
            computed[d] = (padded[d] - extent) / a.stride[d] + 1;
        }
    }
    check(fits, "Calculated padded input size per channel: (", joined(padded, a.dims),
          "). Kernel size: (", joined(s.kernel, a.dims),
          "). Kernel size can't be greater than actual input size");
    for (int d = 0; d < a.dims; d++)
        check(computed[d] > 0, "Given input size per channel: (", joined(given, a.dims),
              "). Calculated output size per channel: (", joined(computed, a.dims),
              "). Output size is too small");
    return s;
}

// Where the padding of the output reaches the stride, no input of the forward convolution has that
// size: the whole result is computed, and cut or filled up with zeros.
Tensor transposed_in_two_steps(Arguments a, const Tensor& input, const Tensor& weight,
                               const Tensor& bias) {
    Dims pad;
    for (int d = a.dims - 1; d >= 0; d--) {
        pad.push_back(-a.padding[d]);
        pad.push_back(a.output_padding[d] - a.padding[d]);
        a.padding[d] = a.output_padding[d] = 0;
    }
    const Tensor inner = to_input(kFirst, input, weight, Tensor(), shape_of(a, input, weight));
    const Tensor out = constant_pad_nd(inner, pad, 0);
    if (!bias.defined()) return out;
    Dims sizes(static_cast<size_t>(a.dims), 1);
    sizes.insert(0, bias.size(0));
    return add(out, view(bias, sizes));
}

Tensor real_convolution(const Arguments& a, const Tensor& input, const Tensor& weight,
                        const Tensor& bias) {
    if (!is_float(input.dtype())) raise_unsupported(a.operation, input.dtype());
    if (!a.transposed) return forward(kFirst, input, weight, bias, shape_of(a, input, weight));
    for (int d = 0; d < a.dims; d++)
        if (a.output_padding[d] >= a.stride[d])
            return transposed_in_two_steps(a, input, weight, bias);
    return to_input(kFirst, input, weight, bias, shape_of(a, input, weight));
}

// Zeros between the elements, so that each lies `stride` apart.
Tensor spread_out(const Tensor& x, const Arguments& a) {
    Dims sizes = x.sizes();
    for (int d = 0; d < a.dims; d++) {
        int64_t& size = sizes[static_cast<size_t>(d) + 2];
        size = std::max<int64_t>(0, (size - 1) * a.stride[d] + 1);
    }
    const Tensor out = zeros(sizes, x.dtype(), x.device());
    Tensor at = out;
    for (int d = 0; d < a.dims; d++) at = slice(at, d + 2, std::nullopt, std::nullopt, a.stride[d]);
    copy_raw(at, x);
    return out;
}

// Whole numbers: the patches of the image times the weights, by the ordinary matrix product.
Tensor integer_convolution(const Arguments& a, const Tensor& input, const Tensor& weight,
                           const Tensor& bias) {
    const ConvShape s = shape_of(a, input, weight);
    const int64_t groups = a.groups, samples = s.batch;
    Tensor image = a.transposed ? spread_out(input, a) : input, kernel = weight;
    Dims pad, spatial;
    int64_t taps = 1;
    for (int d = a.dims - 1; d >= 0; d--) {
        const int64_t reach = a.dilation[d] * (s.kernel[d] - 1);
        pad.push_back(a.transposed ? reach - a.padding[d] : a.padding[d]);
        pad.push_back(a.transposed ? reach - a.padding[d] + a.output_padding[d] : a.padding[d]);
        taps *= s.kernel[d];
    }
    image = constant_pad_nd(image, pad, 0);
    for (int d = 0; d < a.dims; d++) {
        image = unfold(image, d + 2, a.dilation[d] * (s.kernel[d] - 1) + 1,
                       a.transposed ? 1 : a.stride[d]);
        image = slice(image, -1, std::nullopt, std::nullopt, a.dilation[d]);
        spatial.push_back(image.size(d + 2));
    }
    const int64_t channels = input.size(1) / groups, places = numel_of(spatial);
    if (a.transposed) {
        for (int d = 0; d < a.dims; d++) kernel = flip(kernel, {d + 2});
        kernel = transpose(reshape(kernel, {groups, channels, weight.size(1), taps}), 1, 2);
    }
    const int64_t outputs = a.transposed ? weight.size(1) : weight.size(0) / groups;
    kernel = reshape(kernel, {groups, outputs, channels * taps});
    const Tensor split = reshape(image, {samples, groups, channels, places, taps});
    const Tensor patches =
        reshape(permute(split, {1, 0, 3, 2, 4}), {groups, samples * places, channels * taps});
    const Tensor product =
        reshape(matmul(patches, transpose(kernel, 1, 2)), {groups, samples, places, outputs});
    Dims sizes{samples, groups * outputs};
    for (const int64_t size : spatial) sizes.push_back(size);
    const Tensor out = reshape(permute(product, {1, 0, 3, 2}), sizes);
    if (!bias.defined()) return out;
    return add(out, reshape(bias, image_sizes(1, bias.numel(), Dims(3, 1).data(), a.dims)));
}

Tensor complex_convolution(const Arguments& a, const Tensor& input, const Tensor& weight,
                           const Tensor& bias) {
    const Tensor xr = real(input), xi = imag(input), wr = real(weight), wi = imag(weight), none;
    const Tensor re = sub(real_convolution(a, xr, wr, bias.defined() ? real(bias) : none),
                          real_convolution(a, xi, wi, none));
    const Tensor im = add(real_convolution(a, xr, wi, bias.defined() ? imag(bias) : none),
                          real_convolution(a, xi, wr, none));
    return complex(re, im);
}

Tensor run(const Arguments& a, const Tensor& given, const Tensor& weight, const Tensor& bias) {
    const bool batched = given.dim() == a.dims + 2;
    check(batched || given.dim() == a.dims + 1, "Expected ", a.dims + 1, "D (unbatched) or ",
          a.dims + 2, "D (batched) input to ", a.operation,
          ", but got input of size: ", given.sizes());
    const Tensor input = batched ? given : unsqueeze(given, 0);
    check_operands(a, input, weight, bias);
    const bool whole =
        a.transposed ? input.dtype() == DType::Int64 : is_integral(input.dtype(), false);
    const auto convolution = is_complex(input.dtype()) ? complex_convolution
                             : whole                   ? integer_convolution
                                                       : real_convolution;
    const Tensor out = convolution(a, input, weight, bias);
    return batched ? out : squeeze_dims(out, {0});
}

constexpr const char* kNames[] = {"", "conv1d", "conv2d", "conv3d"};
constexpr const char* kTransposedNames[] = {"", "conv_transpose1d", "conv_transpose2d",
                                            "conv_transpose3d"};

}  // namespace

Tensor conv_nd(int dims, const Tensor& input, const Tensor& weight, const Tensor& bias,
               IntSpan stride, IntSpan padding, IntSpan dilation, int64_t groups) {
    return run(arguments_of(kNames[dims], dims, stride, padding, dilation, {0}, groups, false),
               input, weight, bias);
}

Tensor conv_named_padding_nd(int dims, const Tensor& input, const Tensor& weight,
                             const Tensor& bias, IntSpan stride, std::string_view padding,
                             IntSpan dilation, int64_t groups) {
    if (padding == "valid")
        return conv_nd(dims, input, weight, bias, stride, {0}, dilation, groups);
    check(padding == "same", kNames[dims], "(): Invalid padding string: '", padding,
          "'; use 'same' or 'valid'");
    Arguments a = arguments_of(kNames[dims], dims, stride, {0}, dilation, {0}, groups, false);
    check(weight.dim() == dims + 2, kNames[dims], "(): expected ", dims + 2,
          "-dimensional weight, but got weight of size ", weight.sizes());
    Dims pad;
    bool uneven = false;
    for (int d = dims - 1; d >= 0; d--) {
        check(a.stride[d] == 1, kNames[dims],
              "(): padding='same' is not supported for strided convolutions");
        const int64_t total = a.dilation[d] * (weight.size(d + 2) - 1);
        a.padding[d] = total / 2;
        pad.push_back(0);
        pad.push_back(total % 2);
        uneven = uneven || total % 2;
    }
    return run(a, uneven ? constant_pad_nd(input, pad, 0) : input, weight, bias);
}

Tensor conv_transpose_nd(int dims, const Tensor& input, const Tensor& weight, const Tensor& bias,
                         IntSpan stride, IntSpan padding, IntSpan output_padding, int64_t groups,
                         IntSpan dilation) {
    return run(arguments_of(kTransposedNames[dims], dims, stride, padding, dilation, output_padding,
                            groups, true),
               input, weight, bias);
}

Tensor convolution(const Tensor& input, const Tensor& weight, const Tensor& bias, IntSpan stride,
                   IntSpan padding, IntSpan dilation, bool transposed, IntSpan output_padding,
                   int64_t groups) {
    const int dims = static_cast<int>(weight.dim()) - 2;
    check(dims >= 1 && dims <= 3, "convolution(): expected weight of 3 to 5 dimensions, but got ",
          weight.sizes());
    return run(arguments_of("convolution", dims, stride, padding, dilation, output_padding, groups,
                            transposed),
               input, weight, bias);
}

Tensor conv_tbc(const Tensor& input, const Tensor& weight, const Tensor& bias, int64_t pad) {
    check(input.dim() == 3 && weight.dim() == 3 && bias.dim() == 1,
          "conv_tbc(): input and weight must have 3 dims and bias 1 (time, batch, in; kernel, in, "
          "out; out), but got shapes ",
          input.sizes(), ", ", weight.sizes(), " and ", bias.sizes());
    return permute(
        conv<1>(permute(input, {1, 2, 0}), permute(weight, {2, 1, 0}), bias, {1}, {pad}, {1}, 1),
        {2, 0, 1});
}

}  // namespace kajo::ops
