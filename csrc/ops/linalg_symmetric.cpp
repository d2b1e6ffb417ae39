// Factors of symmetric matrices that need not be positive definite.
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/linalg.h"
#include "ops/linalg.h"
#include "ops/linalg_checks.h"
#include "ops/ops.h"

namespace kajo::ops {

static const Kernel ldl_factor_kernel{"linalg.ldl_factor", cpu::ldl_factor};
static const Kernel ldl_solve_kernel{"linalg.ldl_solve", cpu::ldl_solve};

using namespace linalg;

Tensor3 ldl_factor(const Tensor& self, bool hermitian, bool check_errors) {
    check_square("linalg.ldl_factor", self);
    const Tensor LD = columns(self.sizes(), self.dtype(), self.device());
    const Tensor pivots = empty(with_batch(self, {self.size(-1)}), DType::Int32, self.device());
    const Tensor info = info_for(self);
    launch(ldl_factor_kernel, {LD, pivots, info}, {self}, cpu::LinalgAttributes{hermitian});
    if (check_errors)
        check_info("linalg.ldl_factor", info, "The diagonal element ",
                   " of D is zero, so the factors cannot solve equations.");
    return {LD, pivots, info};
}

Tensor ldl_solve(const Tensor& LD, const Tensor& pivots, const Tensor& B, bool hermitian) {
    constexpr const char* kName = "linalg.ldl_solve";
    check_square(kName, LD);
    check_matrix(kName, B);
    check_same_type(kName, LD, B);
    check(B.size(-2) == LD.size(-1), kName, ": Incompatible shapes of LD and B for AX = B (",
          LD.size(-2), "x", LD.size(-1), " and ", B.size(-2), "x", B.size(-1), ")");
    check(pivots.dtype() == DType::Int32, kName, ": pivots must be of dtype int32, got ",
          pivots.dtype(), "; pass the result of ldl_factor");
    check(pivots.sizes() == with_batch(LD, {LD.size(-1)}), kName,
          ": Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape ",
          pivots.sizes(), " for LD with shape ", LD.sizes());
    const auto [a, b] = broadcast_batches(kName, LD, B);
    const Tensor steps = contiguous(expand(pivots, with_batch(a, {a.size(-1)})));
    const Tensor out = columns(b.sizes(), b.dtype(), b.device());
    const Tensor info = info_for(a);
    launch(ldl_solve_kernel, {out, info}, {a, steps, b}, cpu::LinalgAttributes{hermitian});
    check_info(kName, info, "pivots that ldl_factor does not make (code ", ").");
    return out;
}

}  // namespace kajo::ops
