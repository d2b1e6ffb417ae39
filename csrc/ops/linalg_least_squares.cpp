// What works for matrices of any rank: pseudo-inverses, ranks, least squares.
#include <limits>

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/linalg.h"
#include "ops/linalg.h"
#include "ops/linalg_checks.h"
#include "ops/linear.h"
#include "ops/ops.h"
#include "ops/reduction.h"

namespace kajo::ops {

static const Kernel lstsq_kernel{"linalg.lstsq", cpu::lstsq};

using namespace linalg;

namespace {

double default_tolerance(const Tensor& A) {
    const double epsilon = item_size(real_type(A.dtype())) == 8
                               ? std::numeric_limits<double>::epsilon()
                               : double{std::numeric_limits<float>::epsilon()};
    return epsilon * double(std::max(A.size(-1), A.size(-2)));
}

// Which singular values are not zero: those above max(atol, rtol * the largest).
Tensor above_tolerance(const char* operation, const Tensor& A, const Tensor& sizes,
                       const Tensor& atol, const Tensor& rtol) {
    for (const Tensor& t : {atol, rtol})
        check(!t.defined() || !is_complex(t.dtype()), operation,
              ": tolerances must be real, got a tensor of dtype ",
              t.defined() ? t.dtype() : DType::Float32);
    const Tensor largest = amax(sizes, {-1}, false);
    Tensor limit;
    if (rtol.defined())
        limit = mul(rtol, largest);
    else if (atol.defined())
        limit = where(gt(atol, Scalar(0)), Scalar(0.0), mul(largest, Scalar(default_tolerance(A))));
    else
        limit = mul(largest, Scalar(default_tolerance(A)));
    if (atol.defined()) limit = maximum(atol, limit);
    return gt(sizes, unsqueeze(limit, -1));
}

Tensor pinv_value(const Tensor& A, const Tensor& atol, const Tensor& rtol, bool hermitian) {
    if (A.numel() == 0) return mT(zeros_like(A));
    Tensor U, S, Vh;
    if (hermitian) {
        std::tie(S, U) = eigh(A, "L");
        Vh = mH(U);
    } else {
        std::tie(U, S, Vh) = svd(A, false);
    }
    const Tensor kept = above_tolerance("linalg.pinv", A, abs(S), atol, rtol);
    const Tensor inverse = where(kept, reciprocal(S), Scalar(0.0));
    return matmul(mul(mH(Vh), unsqueeze(to(inverse, A.dtype()), -2)), mH(U));
}

// For P = pinv(A) of constant rank,
//   dP = -P dA P + P P' dA' (1 - A P) + (1 - P A) dA' P' P.
Tensor pinv_gradient(const Tensor& G, const Tensor& P, const Tensor& A) {
    const Tensor PH = mH(P), GH = mH(G);
    const Tensor first = matmul(PH, matmul(G, PH));
    const Tensor right = matmul(matmul(GH, P), PH), left = matmul(PH, matmul(P, GH));
    const Tensor second = sub(right, matmul(A, matmul(P, right)));
    const Tensor third = sub(left, matmul(matmul(left, P), A));
    return add(sub(second, first), third);
}

}  // namespace

Tensor pinv(const Tensor& A, const Tensor& atol, const Tensor& rtol, bool hermitian) {
    hermitian ? check_square("linalg.pinv", A) : check_matrix("linalg.pinv", A);
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        out = pinv_value(A, atol, rtol, hermitian);
    }
    return attach("LinalgPinvBackward0", out, {A}, {A, out}, [](Backward& ctx) {
        ctx.set(0, pinv_gradient(ctx.grad(), ctx.saved(1), ctx.saved(0)));
    });
}

Tensor matrix_rank(const Tensor& A, const Tensor& atol, const Tensor& rtol, bool hermitian) {
    hermitian ? check_square("linalg.matrix_rank", A) : check_matrix("linalg.matrix_rank", A);
    const GradModeGuard no_grad(false);
    const Tensor S = hermitian ? abs(eigvalsh(A, "L")) : svdvals(A);
    if (S.size(-1) == 0) return zeros(with_batch(A, {}), DType::Int64, A.device());
    return sum(above_tolerance("linalg.matrix_rank", A, S, atol, rtol), IntSpan{-1}, false,
               std::nullopt);
}

namespace {

// Gradients of the solution X = pinv(A) B and of the squared lengths of A X - B, whose own X is
// where they are least.
void lstsq_gradient(Backward& ctx) {
    const Tensor A = ctx.saved(0), B = ctx.saved(1);
    const Tensor P = pinv(A, {}, {}, false), X = matmul(P, B);
    Tensor gA, gB;
    if (ctx.has_grad(0)) {
        gA = pinv_gradient(matmul(ctx.grad(0), mH(B)), P, A);
        gB = matmul(mH(P), ctx.grad(0));
    }
    if (ctx.has_grad(1) && ctx.grad(1).numel() != 0) {
        const Tensor off = mul(sub(matmul(A, X), B), unsqueeze(mul(ctx.grad(1), Scalar(2)), -2));
        const Tensor more = matmul(off, mH(X));
        gA = gA.defined() ? add(gA, more) : more;
        gB = gB.defined() ? sub(gB, off) : neg(off);
    }
    if (ctx.needs(0) && gA.defined()) ctx.set(0, gA);
    if (ctx.needs(1) && gB.defined()) ctx.set(1, gB);
}

}  // namespace

Tensor4 lstsq(const Tensor& self, const Tensor& B, std::optional<double> rcond,
              std::optional<std::string_view> driver) {
    constexpr const char* kName = "linalg.lstsq";
    const std::string_view how = driver.value_or("gelsy");
    check_matrix(kName, self);
    check(B.dim() >= 1, kName, ": input `B` must have at least 1 dimension");
    check_same_type(kName, self, B);
    check(how == "gels" || how == "gelsy" || how == "gelsd" || how == "gelss", kName,
          ": parameter `driver` should be one of (gels, gelsy, gelsd, gelss), got ", how);
    const int64_t m = self.size(-2), n = self.size(-1), k = std::min(m, n);
    const bool is_vector = B.dim() == self.dim() - 1;
    const Tensor right = is_vector ? unsqueeze(B, -1) : B;
    check(right.dim() >= 2 && right.size(-2) == m, kName,
          ": input.size(-2) should match other.size(-2), but got shapes ", self.sizes(), " and ",
          B.sizes());
    const auto [a, b] = broadcast_batches(kName, self, right);
    const DType real = real_type(a.dtype());
    const Tensor info = info_for(a);
    const Tensor x = columns(with_batch(a, {std::max(m, n), b.size(-1)}), a.dtype(), a.device());
    Tensor rank = empty(with_batch(a, {}), DType::Int64, a.device());
    Tensor S = empty(with_batch(a, {k}), real, a.device());
    launch(lstsq_kernel, {x, rank, S, info}, {a, b},
           cpu::LeastSquaresAttributes{rcond.value_or(default_tolerance(a))});
    check_info(kName, info, kNotConverged, ").");
    Tensor outs[2] = {contiguous(narrow(x, -2, 0, n)), empty({0}, real, a.device())};
    {
        const GradModeGuard no_grad(false);
        const bool full_rank = a.is_meta() || !item(any(ne(rank, Scalar(n)))).as_bool();
        if (m > n && how != "gelsy" && full_rank)
            outs[1] =
                sum(square(abs(sub(matmul(a, outs[0]), b))), IntSpan{-2}, false, std::nullopt);
    }
    const Tensor saved[] = {a, b};
    attach_all("LinalgLstsqBackward0", {outs, 2}, saved, saved, lstsq_gradient);
    if (how == "gels") rank = empty({0}, DType::Int64, a.device());
    if (how == "gels" || how == "gelsy") S = empty({0}, real, a.device());
    return {is_vector ? squeeze_dims(outs[0], {-1}) : outs[0], outs[1], rank, S};
}

}  // namespace kajo::ops
