#include "ops/loss.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/probabilities.h"
#include "cpu/rows.h"
#include "ops/masking.h"
#include "ops/ops.h"
#include "ops/reduction.h"
#include "ops/scatter.h"
#include "ops/softmax.h"

namespace kajo::ops {

static const Kernel nll_loss_kernel{"nll_loss", cpu::class_loss};
static const Kernel cross_entropy_kernel{"cross_entropy", cpu::class_loss};
static const Kernel cross_entropy_backward_kernel{"cross_entropy_backward",
                                                  cpu::cross_entropy_backward};
static const Kernel nll_backward_kernel{"nll_loss_backward", cpu::nll_loss_backward};

namespace {

enum LossReduction : int64_t { kNone, kMean, kSum };

Tensor reduced(const Tensor& losses, int64_t reduction) {
    if (reduction == kNone) return losses;
    if (reduction == kSum) return sum(losses);
    return mean(losses, std::nullopt, false, std::nullopt);
}

}  // namespace

// ---- element by element
// --------------------------------------------------------------------------------

Tensor mse_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
    return reduced(pointwise(OpId::mse_loss, {self, target}), reduction);
}
Tensor l1_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
    if (is_complex(self.dtype()) || is_complex(target.dtype()))
        return reduced(abs(sub(self, target)), reduction);
    return reduced(pointwise(OpId::l1_loss, {self, target}), reduction);
}
Tensor smooth_l1_loss(const Tensor& self, const Tensor& target, int64_t reduction, double beta) {
    check(beta >= 0, "smooth_l1_loss(): does not support negative values for beta, but got ", beta);
    if (beta == 0) return l1_loss(self, target, reduction);
    return reduced(pointwise(OpId::smooth_l1_loss, {self, target}, {Scalar(beta)}), reduction);
}
Tensor huber_loss(const Tensor& self, const Tensor& target, int64_t reduction, double delta) {
    check(delta > 0, "huber_loss(): does not support non-positive values for delta, but got ",
          delta);
    return reduced(pointwise(OpId::huber_loss, {self, target}, {Scalar(delta)}), reduction);
}
namespace {
void check_probabilities(const char* name, const Tensor& t) {
    if (t.is_meta() || t.numel() == 0 || !is_float(t.dtype())) return;
    static const Kernel kernel{"all_probabilities", cpu::all_probabilities, kConverted};
    const Tensor fits = empty({}, DType::Bool);
    launch(kernel, {fits}, {t}, char{});
    if (*fits.data<bool>()) return;
    const GradModeGuard no_grad(false);
    const double least = item(amin(t, {}, false)).as_double();
    const double most = item(amax(t, {}, false)).as_double();
    check(least >= 0 && most <= 1, "binary_cross_entropy(): all elements of ", name,
          " should be between 0 and 1, but they are from ", least, " to ", most,
          "; pass logits to binary_cross_entropy_with_logits");
}
}  // namespace

Tensor binary_cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight,
                            int64_t reduction) {
    check_probabilities("input", self);
    check_probabilities("target", target);
    Tensor losses = pointwise(OpId::binary_cross_entropy, {self, target});
    if (weight.defined()) losses = mul(losses, weight);
    return reduced(losses, reduction);
}
Tensor binary_cross_entropy_with_logits(const Tensor& self, const Tensor& target,
                                        const Tensor& weight, const Tensor& pos_weight,
                                        int64_t reduction) {
    Tensor losses = pos_weight.defined()
                        ? pointwise(OpId::binary_cross_entropy_with_logits_pos_weight,
                                    {self, target, pos_weight})
                        : pointwise(OpId::binary_cross_entropy_with_logits, {self, target});
    if (weight.defined()) losses = mul(losses, weight);
    return reduced(losses, reduction);
}
Tensor kl_div(const Tensor& self, const Tensor& target, int64_t reduction, bool log_target) {
    const OpId op = log_target ? OpId::kl_div_log_target : OpId::kl_div;
    return reduced(pointwise(op, {self, target}), reduction);
}
Tensor soft_margin_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
    return reduced(pointwise(OpId::soft_margin_loss, {self, target}), reduction);
}
Tensor hinge_embedding_loss(const Tensor& self, const Tensor& target, double margin,
                            int64_t reduction) {
    return reduced(pointwise(OpId::hinge_embedding_loss, {self, target}, {Scalar(margin)}),
                   reduction);
}

// ---- class by class
// ------------------------------------------------------------------------------------

namespace {

void check_class_operands(const char* name, const Tensor& scores, const Tensor& target,
                          const Tensor& weight) {
    check(scores.dim() >= 1, name,
          "(): input tensor should have at least 1 dimension, but got a 0-d tensor");
    if (!is_float(scores.dtype())) raise_unsupported(name, scores.dtype());
    if (scores.dim() > 1)
        check_value(target.dim() >= 1 && target.size(0) == scores.size(0),
                    "Expected input batch_size (", scores.size(0), ") to match target batch_size (",
                    target.dim() ? target.size(0) : 0, ").");
    check(target.dtype() == DType::Int64 || target.dtype() == DType::UInt8, name,
          "(): expected scalar type Long or Byte but found ", info(target.dtype()).tensor_name,
          ": convert the target with .long()");
    const int64_t class_dim = scores.dim() == 1 ? 0 : 1;
    Dims expected = scores.sizes();
    expected.erase(static_cast<size_t>(class_dim));
    const bool single = scores.dim() == 1 && target.numel() == 1 && target.dim() <= 1;
    check(single || target.sizes() == expected, name, "(): Expected target size ", expected,
          ", got ", target.sizes());
    if (weight.defined())
        check(weight.dim() == 1 && weight.size(0) == scores.size(class_dim), name,
              "(): weight tensor should be defined either for all ", scores.size(class_dim),
              " classes or no classes but got weight tensor of shape: ", weight.sizes());
}

DType computing_type(const Tensor& t) { return cpu::reduce_type(t.dtype()); }

struct ClassLoss {
    Tensor losses, weights, log_sum;  // (N, inner), in the computing type
};

// The mean is over the weights that count.
Tensor combined(const ClassLoss& l, IntSpan shape, int64_t reduction, DType result) {
    if (reduction == kNone) return to(reshape(l.losses, shape), result);
    const Tensor total = sum(l.losses);
    return to(reduction == kSum ? total : div(total, sum(l.weights)), result);
}

// Each row's share in the gradient.
Tensor row_scale(const Tensor& grad, const Tensor& weights, int64_t reduction) {
    const Tensor g = to(grad, weights.dtype());
    if (reduction == kNone) return mul(reshape(g, weights.sizes()), weights);
    return mul(reduction == kSum ? g : div(g, sum(weights)), weights);
}

// (N, C, inner)
Tensor three_dims(const Tensor& scores) {
    if (scores.dim() == 1) return reshape(scores, {1, scores.size(0), 1});
    int64_t inner = 1;
    for (int64_t d = 2; d < scores.dim(); d++) inner *= scores.size(d);
    return reshape(scores, {scores.size(0), scores.size(1), inner});
}
Tensor two_dims(const Tensor& target, const Tensor& scores3) {
    return contiguous(to(reshape(target, {scores3.size(0), scores3.size(2)}), DType::Int64));
}

ClassLoss launch_class_loss(const Kernel& kernel, bool normalized, const Tensor& scores3,
                            const Tensor& target2, const Tensor& weight, int64_t ignore_index) {
    const DType type = computing_type(scores3);
    const auto fresh = [&] { return kajo::empty(target2.sizes(), type, scores3.device()); };
    const ClassLoss l{fresh(), fresh(), fresh()};
    const Tensor weights = weight.defined() ? contiguous(to(weight, type)) : Tensor();
    launch(kernel, {l.losses, l.weights, l.log_sum}, {contiguous(scores3), target2, weights},
           cpu::ClassLossAttributes{normalized, ignore_index});
    return l;
}

// Ignored targets stand for class 0: their weight is 0.
Tensor class_index(const Tensor& target2, int64_t ignore_index) {
    return unsqueeze(masked_fill(target2, eq(target2, Scalar(ignore_index)), Scalar(0)), 1);
}

Tensor nll(const char* node, const Tensor& self, const Tensor& target, const Tensor& weight,
           int64_t reduction, int64_t ignore_index) {
    check_class_operands("nll_loss", self, target, weight);
    ClassLoss l;
    Tensor out, target2;
    {
        const GradModeGuard no_grad(false);
        const Tensor scores3 = three_dims(self);
        target2 = two_dims(target, scores3);
        l = launch_class_loss(nll_loss_kernel, true, scores3, target2, weight, ignore_index);
        out = combined(l, target.sizes(), reduction, self.dtype());
    }
    return attach(node, out, {self}, {target2, l.weights},
                  [sizes = self.sizes(), reduction, ignore_index](Backward& ctx) {
                      const Tensor target2 = ctx.saved(0), weights = ctx.saved(1);
                      const Tensor scale = row_scale(ctx.grad(), weights, reduction);
                      const int64_t classes = sizes[sizes.size() == 1 ? 0 : 1];
                      const Dims shape{target2.size(0), classes, target2.size(1)};
                      Tensor grad;
                      if (is_differentiating()) {
                          grad =
                              scatter(zeros(shape, weights.dtype(), weights.device()), 1,
                                      class_index(target2, ignore_index), neg(unsqueeze(scale, 1)));
                      } else {
                          grad = kajo::empty(shape, weights.dtype(), weights.device());
                          launch(nll_backward_kernel, {grad}, {target2, contiguous(scale)},
                                 cpu::RowAttributes{1});
                      }
                      ctx.set(0, reshape(grad, sizes));
                  });
}

// softmax(scores) - one_hot(target), each row times its scale, from operations that have gradients.
Tensor differentiable_gradient(const Tensor& scores3, const Tensor& target2, const Tensor& scale,
                               int64_t ignore_index) {
    const Tensor rows = unsqueeze(scale, 1);
    const Tensor nothing = zeros(scores3.sizes(), scale.dtype(), scale.device());
    const Tensor picked = scatter(nothing, 1, class_index(target2, ignore_index), rows);
    return sub(mul(softmax(scores3, 1, scale.dtype()), rows), picked);
}

Tensor cross_entropy_of_indices(const char* node, const Tensor& self, const Tensor& target,
                                const Tensor& weight, int64_t reduction, int64_t ignore_index) {
    check_class_operands("cross_entropy", self, target, weight);
    ClassLoss l;
    Tensor out, target2;
    {
        const GradModeGuard no_grad(false);
        const Tensor scores3 = three_dims(self);
        target2 = two_dims(target, scores3);
        l = launch_class_loss(cross_entropy_kernel, false, scores3, target2, weight, ignore_index);
        out = combined(l, target.sizes(), reduction, self.dtype());
    }
    return attach(node, out, {self}, {self, target2, l.weights, l.log_sum},
                  [reduction, ignore_index](Backward& ctx) {
                      const Tensor self = ctx.saved(0), target2 = ctx.saved(1);
                      const Tensor scores3 = three_dims(self);
                      const Tensor scale = row_scale(ctx.grad(), ctx.saved(2), reduction);
                      Tensor grad;
                      if (is_differentiating()) {
                          grad = differentiable_gradient(scores3, target2, scale, ignore_index);
                      } else {
                          grad = kajo::empty(scores3.sizes(), self.dtype(), self.device());
                          launch(cross_entropy_backward_kernel, {grad},
                                 {contiguous(scores3), target2, ctx.saved(3), contiguous(scale)},
                                 cpu::RowAttributes{1});
                      }
                      ctx.set(0, reshape(grad, self.sizes()));
                  });
}

// A vector over the classes, to multiply scores with.
Tensor along_classes(const Tensor& weight, const Tensor& scores) {
    Dims shape(scores.sizes().size(), 1);
    shape[scores.dim() == 1 ? 0 : 1] = weight.numel();
    return reshape(weight, shape);
}

Tensor cross_entropy_of_probabilities(const Tensor& self, Tensor target, const Tensor& weight,
                                      int64_t reduction, double label_smoothing) {
    check(is_float(target.dtype()),
          "cross_entropy(): Expected floating point type for target with class "
          "probabilities, got ",
          info(target.dtype()).tensor_name);
    const int64_t class_dim = self.dim() == 1 ? 0 : 1, classes = self.size(class_dim);
    if (label_smoothing > 0)
        target = add(mul(target, Scalar(1 - label_smoothing)),
                     Scalar(label_smoothing / static_cast<double>(classes)));
    Tensor products = mul(log_softmax(self, class_dim), target);
    if (weight.defined()) products = mul(products, along_classes(weight, self));
    if (reduction == kNone) return neg(sum(products, IntSpan(&class_dim, 1), false, std::nullopt));
    const double rows = static_cast<double>(self.numel()) / static_cast<double>(classes);
    const Tensor total = neg(sum(products));
    return reduction == kSum ? total : div(total, Scalar(rows));
}

// (1 - e) nll + e / C times the loss of a target that is every class alike.
Tensor smoothed_cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight,
                              int64_t reduction, int64_t ignore_index, double label_smoothing) {
    const int64_t class_dim = self.dim() == 1 ? 0 : 1, classes = self.size(class_dim);
    const Tensor log_probabilities = log_softmax(self, class_dim);
    const Tensor likelihood = nll_loss(log_probabilities, target, weight, reduction, ignore_index);
    const Tensor weighted =
        weight.defined() ? mul(log_probabilities, along_classes(weight, self)) : log_probabilities;
    Tensor uniform = neg(sum(weighted, IntSpan(&class_dim, 1), false, std::nullopt));
    const Tensor indices = reshape(to(target, DType::Int64), uniform.sizes());
    const Tensor ignored = eq(indices, Scalar(ignore_index));
    uniform = masked_fill(uniform, ignored, Scalar(0));
    if (reduction == kSum) {
        uniform = sum(uniform);
    } else if (reduction == kMean) {
        Tensor count;
        if (weight.defined()) {
            const Tensor safe = reshape(masked_fill(indices, ignored, Scalar(0)), {-1});
            const Tensor picked = gather(to(weight, self.dtype()), 0, safe);
            count = sum(masked_fill(picked, reshape(ignored, {-1}), Scalar(0)));
        } else {
            count = sum(logical_not(ignored));
        }
        uniform = div(sum(uniform), count);
    }
    return add(mul(likelihood, Scalar(1 - label_smoothing)),
               mul(uniform, Scalar(label_smoothing / static_cast<double>(classes))));
}

const char* node_for(const Tensor& scores) {
    return scores.dim() > 2 ? "NllLoss2DBackward0" : "NllLossBackward0";
}

}  // namespace

Tensor nll_loss(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                int64_t ignore_index) {
    return nll(node_for(self), self, target, weight, reduction, ignore_index);
}
Tensor nll_loss2d(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                  int64_t ignore_index) {
    check(target.dim() == 3,
          "nll_loss2d(): only batches of spatial targets supported (3D tensors) but got targets of "
          "dimension: ",
          target.dim());
    check(self.dim() == 4,
          "nll_loss2d(): only batches of spatial inputs supported (4D tensors), but got input of "
          "dimension: ",
          self.dim());
    return nll("NllLoss2DBackward0", self, target, weight, reduction, ignore_index);
}

Tensor cross_entropy(const Tensor& self, const Tensor& target, const Tensor& weight,
                     int64_t reduction, int64_t ignore_index, double label_smoothing) {
    check(label_smoothing >= 0 && label_smoothing <= 1,
          "cross_entropy(): label_smoothing must be between 0.0 and 1.0. Got: ", label_smoothing);
    if (self.sizes() == target.sizes() && is_float(target.dtype())) {
        check(ignore_index < 0,
              "cross_entropy(): ignore_index is not supported for floating point target");
        return cross_entropy_of_probabilities(self, target, weight, reduction, label_smoothing);
    }
    if (label_smoothing > 0)
        return smoothed_cross_entropy(self, target, weight, reduction, ignore_index,
                                      label_smoothing);
    return cross_entropy_of_indices(node_for(self), self, target, weight, reduction, ignore_index);
}

}  // namespace kajo::ops
