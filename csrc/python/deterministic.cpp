#include "python/deterministic.h"

#include <limits>

#include "autograd/grad_mode.h"
#include "core/error.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/resize.h"
#include "ops/views.h"

namespace kajo::python {

Deterministic& deterministic() {
    static Deterministic settings;
    return settings;
}

void alert_not_deterministic(const char* operation) {
    if (!deterministic().enabled) return;
    if (!deterministic().warn_only)
        raise(
            ErrorKind::Runtime, operation,
            " does not have a deterministic implementation in PyTorch, whose programs are told so "
            "under use_deterministic_algorithms(True). Turn that off for this operation, or pass "
            "warn_only=True.");
    if (PyErr_WarnFormat(PyExc_UserWarning, 1,
                         "%s does not have a deterministic implementation in PyTorch, and "
                         "use_deterministic_algorithms(True, warn_only=True) was asked for.",
                         operation) < 0)
        throw PythonError{};
}

namespace {
// NaN, the largest integer, or true.
Scalar mark_of(DType type) {
    if (is_differentiable(type)) return std::numeric_limits<double>::quiet_NaN();
    if (type == DType::Bool) return true;
    const int64_t value_bits = 8 * item_size(type) - (info(type).kind == Kind::Signed);
    return ~uint64_t{0} >> (64 - value_bits);
}
}  // namespace

Tensor filled_if_deterministic(const Tensor& made) {
    if (!deterministic().enabled || !deterministic().fill_uninitialized) return made;
    if (made.is_meta() || made.numel() == 0 || !is_number(made.dtype())) return made;
    GradModeGuard off(false);
    return ops::fill_(made, mark_of(made.dtype()));
}

Tensor resize_(const Tensor& self, IntSpan size) {
    const auto elements = [&] {
        return static_cast<int64_t>(self.storage()->bytes()) / self.item_size();
    };
    const int64_t before = elements();
    ops::resize_(self, size);
    const int64_t added = elements() - before;
    if (added > 0 && !self.is_meta()) {
        GradModeGuard off(false);
        filled_if_deterministic(ops::as_strided(self, {added}, {1}, before));
    }
    return self;
}

}  // namespace kajo::python
