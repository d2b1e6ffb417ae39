// Python names of the softmax family and of losses.
#include "ops/ctc.h"
#include "ops/loss.h"
#include "ops/softmax.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

constexpr uint32_t kBoth = kFunction | kMethod;

const OpEntry table[] = {
    {"softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", bind<&ops::softmax>,
     kBoth | kOutSame},
    {"log_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", bind<&ops::log_softmax>,
     kBoth | kOutSame},
    {"special.softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", bind<&ops::softmax>,
     kFunction},
    {"special.log_softmax(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
     bind<&ops::log_softmax>, kFunction},

    {"mse_loss(Tensor self, Tensor target, int reduction=1) -> Tensor", bind<&ops::mse_loss>,
     kPrivate},
    {"l1_loss(Tensor self, Tensor target, int reduction=1) -> Tensor", bind<&ops::l1_loss>,
     kPrivate},
    {"smooth_l1_loss(Tensor self, Tensor target, int reduction=1, float beta=1.0) -> Tensor",
     bind<&ops::smooth_l1_loss>, kPrivate},
    {"huber_loss(Tensor self, Tensor target, int reduction=1, float delta=1.0) -> Tensor",
     bind<&ops::huber_loss>, kPrivate},
    {"binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=1) -> "
     "Tensor",
     bind<&ops::binary_cross_entropy>, kPrivate},
    {"binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? "
     "pos_weight=None, int reduction=0) -> Tensor",
     bind<&ops::binary_cross_entropy_with_logits>, kFunction},
    {"kl_div(Tensor self, Tensor target, int reduction=0, *, bool log_target=False) -> Tensor",
     bind<&ops::kl_div>, kFunction},
    {"soft_margin_loss(Tensor self, Tensor target, int reduction=1) -> Tensor",
     bind<&ops::soft_margin_loss>, kPrivate},
    {"hinge_embedding_loss(Tensor self, Tensor target, float margin=1.0, int reduction=0) -> "
     "Tensor",
     bind<&ops::hinge_embedding_loss>, kFunction},
    {"ctc_loss(Tensor log_probs, Tensor targets, int[] input_lengths, int[] target_lengths, int "
     "blank=0, int reduction=0, bool zero_infinity=False) -> Tensor",
     bind<&ops::ctc_loss_listed>, kFunction},
    {"ctc_loss(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, int "
     "blank=0, int reduction=0, bool zero_infinity=False) -> Tensor",
     bind<&ops::ctc_loss>, kFunction},
    {"nll_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, int "
     "ignore_index=-100) -> Tensor",
     bind<&ops::nll_loss>, kPrivate},
    {"nll_loss2d(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, int "
     "ignore_index=-100) -> Tensor",
     bind<&ops::nll_loss2d>, kPrivate},
    {"cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, int "
     "ignore_index=-100, float label_smoothing=0.0) -> Tensor",
     bind<&ops::cross_entropy>, kPrivate},
};

}  // namespace

std::span<const OpEntry> loss_operations() { return table; }

}  // namespace kajo::python
