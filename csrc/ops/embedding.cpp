#include "ops/embedding.h"

#include <cmath>

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/indexing.h"
#include "ops/indexing.h"
#include "ops/masking.h"
#include "ops/ops.h"
#include "ops/reduction.h"
#include "ops/scatter.h"

namespace kajo::ops {

static const Kernel embedding_grad_kernel{"embedding_dense_backward", cpu::embedding_grad};
static const Kernel bincount_kernel{"bincount", cpu::bincount};
static const Kernel int_range_kernel{"int_range", cpu::int_range};
static const Kernel histogram_kernel{"histc", cpu::histogram};

namespace {
struct None {};

std::pair<int64_t, int64_t> range_of(const Tensor& integers) {
    const Tensor range = empty({2}, DType::Int64);
    launch(int_range_kernel, {range}, {contiguous(to(integers, DType::Int64))}, None{});
    return {item(select(range, 0, 0)).as_int(), item(select(range, 0, 1)).as_int()};
}

Dims with_last(Dims sizes, int64_t last) {
    sizes.push_back(last);
    return sizes;
}
}  // namespace

Tensor embedding(const Tensor& weight, const Tensor& indices, int64_t padding_idx,
                 bool scale_grad_by_freq, bool) {
    check(weight.dim() == 2, "embedding(): 'weight' must be 2-D, but got shape ", weight.sizes());
    check(indices.dtype() == DType::Int64 || indices.dtype() == DType::Int32,
          "embedding(): Expected tensor for argument #1 'indices' to have one of the following "
          "scalar "
          "types: Long, Int; but got ",
          indices.dtype(), " instead");
    Tensor at, out;
    {
        const GradModeGuard no_grad(false);
        at = contiguous(to(indices, DType::Int64));
        const Tensor rows = index_select(weight, 0, reshape(at, {-1}));
        const Dims shape = with_last(indices.sizes(), weight.size(1));
        out = alias(rows, shape, contiguous_strides(shape), 0);
    }
    const int64_t rows = weight.size(0);
    return attach("EmbeddingBackward0", out, {weight}, {at},
                  [rows, padding_idx, scale_grad_by_freq](Backward& ctx) {
                      ctx.set(0, embedding_dense_backward(ctx.grad(), ctx.saved(0), rows,
                                                          padding_idx, scale_grad_by_freq));
                  });
}

Tensor embedding_dense_backward(const Tensor& grad, const Tensor& indices, int64_t num_weights,
                                int64_t padding_idx, bool scale_grad_by_freq) {
    const int64_t width = grad.size(-1);
    Tensor out = empty({num_weights, width}, grad.dtype(), grad.device());
    {
        const GradModeGuard no_grad(false);
        launch(embedding_grad_kernel, {out},
               {contiguous(reshape(grad, {indices.numel(), width})),
                reshape(contiguous(indices), {-1})},
               cpu::EmbeddingGrad{padding_idx, scale_grad_by_freq});
    }
    return attach("EmbeddingDenseBackwardBackward0", out, {grad}, {indices},
                  [padding_idx, scale_grad_by_freq, num_weights](Backward& ctx) {
                      const Tensor at = ctx.saved(0);
                      Tensor g = embedding(ctx.grad(), at, padding_idx, false, false);
                      if (scale_grad_by_freq) {
                          const Tensor counts = bincount(reshape(at, {-1}), Tensor(), num_weights);
                          g = div(g, unsqueeze(index(to(counts, g.dtype()), {at}), -1));
                      }
                      if (padding_idx >= 0) {
                          const Tensor padding =
                              scalar_tensor(padding_idx, at.dtype(), at.device());
                          g = masked_fill(g, unsqueeze(eq(at, padding), -1), Scalar(0));
                      }
                      ctx.set(0, g);
                  });
}

Tensor one_hot(const Tensor& self, int64_t num_classes) {
    check(self.dtype() == DType::Int64,
          "one_hot is only applicable to index tensor of type LongTensor, but got ", self.dtype());
    check(self.numel() != 0 || num_classes > 0,
          "one_hot(): Can not infer total number of classes from empty tensor.");
    check(num_classes == -1 || num_classes > 0,
          "one_hot(): num_classes should be positive, but got ", num_classes);
    if (self.numel() != 0 && !self.is_meta()) {
        const auto [low, high] = range_of(self);
        check(low >= 0, "one_hot(): Class values must be non-negative, but got ", low, ".");
        if (num_classes == -1) num_classes = high + 1;
        check(high < num_classes, "one_hot(): Class values must be smaller than num_classes (",
              num_classes, "), but got ", high, ".");
    }
    const Tensor out = zeros(with_last(self.sizes(), num_classes), DType::Int64, self.device());
    return self.numel() == 0 ? out : scatter_value_(out, -1, unsqueeze(self, -1), Scalar(1));
}

Tensor bincount(const Tensor& self, const Tensor& weights, int64_t minlength) {
    constexpr const char* kContract =
        "bincount only supports 1-d non-negative integral inputs, but "
        "got ";
    if (!is_integral(self.dtype(), false)) raise_unsupported("bincount", self.dtype());
    check(minlength >= 0, "bincount(): minlength should be >= 0, but got ", minlength);
    check(self.dim() == 1, kContract, "shape ", self.sizes());
    const bool weighted = weights.defined();
    check(!weighted || weights.sizes() == self.sizes(),
          "bincount(): weights should be 1-d and have the same length as input, but got ",
          weighted ? weights.sizes() : Dims(), " and ", self.sizes());
    const DType dtype = !weighted                           ? DType::Int64
                        : weights.dtype() == DType::Float32 ? DType::Float32
                                                            : DType::Float64;
    if (self.numel() == 0) return zeros({minlength}, self.numel() == 0 ? DType::Int64 : dtype);
    const GradModeGuard no_grad(false);
    const auto [low, high] = range_of(self);
    check(low >= 0, kContract, "the value ", low);
    const int64_t length = std::max(minlength, high + 1);
    const Tensor values = contiguous(to(self, DType::Int64));
    if (weighted)
        return index_add_(zeros({length}, dtype), 0, values, to(weights, dtype), Scalar(1));
    const Tensor out = empty({length}, DType::Int64);
    launch(bincount_kernel, {out}, {values}, None{});
    return out;
}

Tensor histc(const Tensor& self, int64_t bins, const Scalar& min, const Scalar& max) {
    check(bins > 0, "histc(): bins must be > 0, but got ", bins);
    if (!is_float(self.dtype())) raise_unsupported("histc", self.dtype());
    const GradModeGuard no_grad(false);
    const Tensor values = contiguous(reshape(self, {-1}));
    double low = min.as_double(), high = max.as_double();
    if (low == high && values.numel() != 0) {
        low = item(min_all(values)).as_double();
        high = item(max_all(values)).as_double();
    }
    if (low == high) {
        low -= 1;
        high += 1;
    }
    check(std::isfinite(low) && std::isfinite(high), "histc(): range of [", low, ", ", high,
          "] is not finite");
    check(low < high, "histc(): max must be larger than min, but got ", low, " and ", high);
    const Tensor out = empty({bins}, self.dtype());
    launch(histogram_kernel, {out}, {values}, cpu::HistogramRange{low, high});
    return out;
}

}  // namespace kajo::ops
