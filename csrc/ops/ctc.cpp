#include "ops/ctc.h"

#include <algorithm>
#include <limits>

#include "autograd/attach.h"
#include "core/launch.h"
#include "cpu/ctc.h"
#include "ops/masking.h"
#include "ops/ops.h"
#include "ops/reduction.h"

namespace kajo::ops {

static const Kernel ctc_loss_kernel{"ctc_loss", cpu::ctc_loss};
static const Kernel ctc_loss_backward_kernel{"ctc_loss_backward", cpu::ctc_loss_backward};

namespace {

enum LossReduction : int64_t { kNone, kMean, kSum };

Tensor lengths_of(const char* name, const Tensor& lengths, int64_t samples) {
    check(is_integral(lengths.dtype(), false), "ctc_loss(): ", name, " must be integral, but got ",
          info(lengths.dtype()).tensor_name);
    check(lengths.numel() == samples, "ctc_loss(): ", name, " must be of size batch_size, ",
          samples, ", but got ", lengths.numel());
    return contiguous(to(reshape(lengths, {samples}), DType::Int64));
}

// The formula takes the probabilities to be normalised, so it has no derivative of its own.
Tensor gradient(const Tensor& grad, TensorRefs saved, const cpu::CtcAttributes& attributes) {
    const Tensor& log_probs = saved[0];
    Tensor out = kajo::empty(log_probs.sizes(), log_probs.dtype(), log_probs.device());
    launch(ctc_loss_backward_kernel, {out},
           {contiguous(log_probs), saved[1], saved[2], saved[3], saved[4], contiguous(grad)},
           attributes);
    return attach("NotImplemented", out, {grad, log_probs}, {}, [](Backward&) {
        raise(ErrorKind::Runtime,
              "ctc_loss(): the derivative of its backward is not implemented: "
              "call backward() without create_graph=True");
    });
}

Tensor losses_of(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                 const Tensor& target_lengths, const cpu::CtcAttributes& attributes) {
    Tensor losses = kajo::empty({log_probs.size(1)}, log_probs.dtype(), log_probs.device());
    {
        const GradModeGuard no_grad(false);
        launch(ctc_loss_kernel, {losses},
               {contiguous(log_probs), targets, input_lengths, target_lengths}, attributes);
    }
    return attach("CtcLossBackward0", losses, {log_probs},
                  {log_probs, targets, input_lengths, target_lengths, losses},
                  [attributes](Backward& ctx) {
                      const Tensor saved[] = {ctx.saved(0), ctx.saved(1), ctx.saved(2),
                                              ctx.saved(3), ctx.saved(4)};
                      ctx.set(0, gradient(ctx.grad(), saved, attributes));
                  });
}

}  // namespace

Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, int64_t blank, int64_t reduction,
                bool zero_infinity) {
    const bool batched = log_probs.dim() != 2;
    const Tensor scores = batched ? log_probs : unsqueeze(log_probs, 1);
    check(scores.dim() == 3,
          "ctc_loss(): Expected 3-dimensional tensor (T, N, C), or 2-dimensional (T, C), "
          "for log_probs, but got ",
          log_probs.sizes());
    check(scores.numel() > 0, "ctc_loss(): log_probs tensor must not be empty, but got ",
          log_probs.sizes());
    if (scores.dtype() != DType::Float32 && scores.dtype() != DType::Float64)
        raise_unsupported("ctc_loss_cpu", scores.dtype());
    const int64_t samples = scores.size(1);
    check(targets.dim() == 1 || targets.dim() == 2,
          "ctc_loss(): Expected 1 to 2 dimensions for targets, but got ", targets.sizes());
    check(targets.dim() == 1 || targets.size(0) == samples,
          "ctc_loss(): Expected targets to have size ", samples, " at dimension 0, but got ",
          targets.sizes());
    check(blank >= 0 && blank < scores.size(2),
          "ctc_loss(): blank must be in label range, but got ", blank, " for ", scores.size(2),
          " classes");
    const Tensor label_lengths = lengths_of("target_lengths", target_lengths, samples);
    Tensor losses = losses_of(scores, contiguous(to(targets, DType::Int64)),
                              lengths_of("input_lengths", input_lengths, samples), label_lengths,
                              cpu::CtcAttributes{blank, zero_infinity});
    if (zero_infinity) {
        const double infinity = std::numeric_limits<double>::infinity();
        losses = masked_fill(losses, eq(losses, Scalar(infinity)), Scalar(0));
    }
    if (reduction == kSum) return sum(losses);
    if (reduction == kMean) {
        const Tensor divisors = clamp(to(label_lengths, losses.dtype()), Scalar(1), std::nullopt);
        return mean(div(losses, divisors), std::nullopt, false, std::nullopt);
    }
    return batched ? losses : squeeze_dims(losses, {0});
}

Tensor ctc_loss_listed(const Tensor& log_probs, const Tensor& targets, IntSpan input_lengths,
                       IntSpan target_lengths, int64_t blank, int64_t reduction,
                       bool zero_infinity) {
    const auto as_tensor = [](IntSpan values) {
        Tensor out = kajo::empty({static_cast<int64_t>(values.size())}, DType::Int64, Device());
        std::copy(values.begin(), values.end(), out.data<int64_t>());
        return out;
    };
    return ctc_loss(log_probs, targets, as_tensor(input_lengths), as_tensor(target_lengths), blank,
                    reduction, zero_infinity);
}

}  // namespace kajo::ops
