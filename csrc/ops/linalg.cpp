// Solving and factoring: what LU, Cholesky and QR do.
#include "ops/linalg.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/promotion.h"
#include "core/shape.h"
#include "cpu/linalg.h"
#include "ops/joining.h"
#include "ops/linalg_checks.h"
#include "ops/linear.h"
#include "ops/ops.h"
#include "ops/reduction.h"
#include "ops/triangular.h"

namespace kajo::ops {

static const Kernel cholesky_kernel{"linalg.cholesky", cpu::cholesky};
static const Kernel lu_factor_kernel{"linalg.lu_factor", cpu::lu_factor};
static const Kernel lu_solve_kernel{"linalg.lu_solve", cpu::lu_solve};
static const Kernel triangular_kernel{"linalg.solve_triangular", cpu::solve_triangular};
static const Kernel geqrf_kernel{"geqrf", cpu::geqrf};
static const Kernel qr_kernel{"linalg.qr", cpu::qr};

using namespace linalg;

namespace {

Tensor halved_diagonal(const Tensor& t) {
    const Tensor lower = tril(t, 0);
    return sub(lower, diag_embed(mul(diagonal(lower, 0, -2, -1), Scalar(0.5)), 0, -2, -1));
}

}  // namespace

namespace {

// `turned`: `self` is the adjoint of what the user gave. It is equal to it; what its gradient has
// besides the Hermitian part is turned back, and its direction, too.
Tensor2 lower_factor(const Tensor& self, bool turned, bool check_errors) {
    Tensor out = columns(self.sizes(), self.dtype(), self.device());
    const Tensor info = info_for(self);
    launch(cholesky_kernel, {out, info}, {self}, cpu::LinalgAttributes{});
    if (check_errors)
        check_info("linalg.cholesky", info,
                   "The factorization could not be completed because the input is not "
                   "positive-definite (the leading minor of order ",
                   " is not positive-definite).");
    const auto gradient = [turned](Backward& ctx) {
        const Tensor L = ctx.saved(0), LH = mH(L);
        const Tensor flowing = matmul(LH, ctx.grad());
        const Tensor middle = add(tril(flowing, 0), mH(tril(flowing, -1)));
        const Tensor right = solve_triangular(L, middle, false, false, false);
        const Tensor whole = mul(solve_triangular(LH, right, true, true, false), Scalar(0.5));
        ctx.set(0, turned ? mH(whole) : whole);
    };
    // The gradient is made symmetric, the direction is taken as it is.
    const auto along = [turned](const Forward& ctx) {
        const Tensor& L = ctx.saved(0);
        const Tensor direction = turned ? mH(ctx.tangent(0)) : ctx.tangent(0);
        const Tensor left = solve_triangular(L, direction, false, true, false);
        return matmul(L, halved_diagonal(solve_triangular(mH(L), left, true, false, false)));
    };
    out = attach("LinalgCholeskyExBackward0", out, {self}, {out},
                 with_tangent_formula(gradient, along));
    return {out, info};
}

}  // namespace

Tensor2 cholesky_ex(const Tensor& self, bool upper, bool check_errors) {
    check_square("linalg.cholesky", self);
    if (!upper) return lower_factor(self, false, check_errors);
    auto [lower, info] = lower_factor(mH(self), true, check_errors);
    return {resolve_conj(mH(lower)), info};
}

Tensor cholesky(const Tensor& self, bool upper) {
    return std::get<0>(cholesky_ex(self, upper, true));
}

Tensor cholesky_solve(const Tensor& self, const Tensor& factor, bool upper) {
    check_square("cholesky_solve", factor);
    check_matrix("cholesky_solve", self);
    check_same_type("cholesky_solve", self, factor);
    check(self.size(-2) == factor.size(-1), "cholesky_solve: Incompatible matrix sizes: b is ",
          self.size(-2), "x", self.size(-1), " but the factor is ", factor.size(-2), "x",
          factor.size(-1));
    const auto [b, f] = broadcast_batches("cholesky_solve", self, factor);
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        const Tensor L = upper ? mH(f) : f;
        out =
            solve_triangular(mH(L), solve_triangular(L, b, false, true, false), true, true, false);
    }
    // The factor's gradient is that of L L', whose other triangle counts as well.
    return attach("CholeskySolveBackward0", out, {b, f}, {f, out}, [upper](Backward& ctx) {
        const Tensor factor = ctx.saved(0), X = ctx.saved(1);
        const Tensor gB = cholesky_solve(ctx.grad(), factor, upper);
        if (ctx.needs(0)) ctx.set(0, gB);
        if (!ctx.needs(1)) return;
        const Tensor gA = matmul(gB, mH(X)), both = neg(add(gA, mH(gA)));
        ctx.set(1, upper ? matmul(factor, both) : matmul(both, factor));
    });
}

Tensor cholesky_inverse(const Tensor& factor, bool upper) {
    check_square("cholesky_inverse", factor);
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        const int64_t n = factor.size(-1);
        out = cholesky_solve(eye(n, n, factor.dtype(), factor.device()), factor, upper);
    }
    return attach("CholeskyInverseBackward0", out, {factor}, {factor, out}, [upper](Backward& ctx) {
        const Tensor factor = ctx.saved(0), inverse = ctx.saved(1), &grad = ctx.grad();
        const Tensor both = neg(matmul(inverse, matmul(add(grad, mH(grad)), inverse)));
        ctx.set(0, upper ? matmul(factor, both) : matmul(both, factor));
    });
}

Tensor solve_triangular(const Tensor& self, const Tensor& B, bool upper, bool left,
                        bool unitriangular) {
    check_square("linalg.solve_triangular", self);
    check_matrix("linalg.solve_triangular", B);
    check_same_type("linalg.solve_triangular", self, B);
    check(B.size(left ? -2 : -1) == self.size(-1),
          "linalg.solve_triangular: Incompatible shapes of A and B for the equation ",
          left ? "AX = B" : "XA = B", " (", self.size(-2), "x", self.size(-1), " and ", B.size(-2),
          "x", B.size(-1), ")");
    const auto [a, b] = broadcast_batches("linalg.solve_triangular", self, B);
    Tensor out = columns(b.sizes(), b.dtype(), b.device());
    launch(triangular_kernel, {out}, {a, b}, cpu::TriangularAttributes{upper, left, unitriangular});
    return attach("LinalgSolveTriangularBackward0", out, {a, b}, {a, out},
                  [upper, left, unitriangular](Backward& ctx) {
                      const Tensor A = ctx.saved(0), X = ctx.saved(1);
                      const Tensor gB =
                          solve_triangular(mH(A), ctx.grad(), !upper, left, unitriangular);
                      if (ctx.needs(1)) ctx.set(1, gB);
                      if (!ctx.needs(0)) return;
                      const Tensor gA = neg(left ? matmul(gB, mH(X)) : matmul(mH(X), gB));
                      const int64_t k = unitriangular ? 1 : 0;
                      ctx.set(0, upper ? triu(gA, k) : tril(gA, -k));
                  });
}

namespace {

// The gradient of L U with the row exchanges undone. The rows and columns that only L or only U
// has are products of what they share: L2 = A2 inverse(U1) and U2 = inverse(L1) A2.
Tensor lu_gradient(const Tensor& gL, const Tensor& gU, const Tensor& L, const Tensor& U) {
    const int64_t m = L.size(-2), n = U.size(-1), k = std::min(m, n);
    const auto top = [k](const Tensor& t) { return narrow(t, -2, 0, k); };
    const auto left = [k](const Tensor& t) { return narrow(t, -1, 0, k); };
    const Tensor L1H = mH(top(L)), U1H = mH(left(U));
    Tensor lower = matmul(L1H, left(top(gL))), upper = matmul(left(top(gU)), U1H);
    Tensor beside, below;
    if (n > k) {
        const Tensor gU2 = narrow(gU, -1, k, n - k);
        lower = sub(lower, matmul(gU2, mH(narrow(U, -1, k, n - k))));
        beside = solve_triangular(L1H, gU2, true, true, true);
    }
    if (m > k) {
        const Tensor gL2 = narrow(gL, -2, k, m - k);
        upper = sub(upper, matmul(mH(narrow(L, -2, k, m - k)), gL2));
        below = solve_triangular(U1H, gL2, false, false, false);
    }
    const Tensor inner = add(tril(lower, -1), triu(upper, 0));
    const Tensor right = solve_triangular(U1H, inner, false, false, false);
    const Tensor out = solve_triangular(L1H, right, true, true, true);
    if (n > k) return cat({out, beside}, -1);
    return m > k ? cat({out, below}, -2) : out;
}

}  // namespace

Tensor3 lu_factor_ex(const Tensor& A, bool pivot, bool check_errors) {
    check_matrix("linalg.lu_factor", A);
    check(pivot, "linalg.lu_factor: LU without pivoting is not implemented on the CPU");
    const int64_t m = A.size(-2), n = A.size(-1);
    Tensor out = columns(A.sizes(), A.dtype(), A.device());
    const Tensor pivots = empty(with_batch(A, {std::min(m, n)}), DType::Int32, A.device());
    const Tensor info = info_for(A);
    launch(lu_factor_kernel, {out, pivots, info}, {A}, cpu::LinalgAttributes{});
    if (check_errors)
        check_info("torch.linalg.lu_factor_ex", info, "U[",
                   "] is zero and using it on lu_solve "
                   "would result in a division by zero.");
    out = attach("LinalgLuFactorExBackward0", out, {A}, {out, pivots}, [](Backward& ctx) {
        const auto [P, L, U] = lu_unpack(ctx.saved(0), ctx.saved(1), true, true);
        ctx.set(0, matmul(P, lu_gradient(tril(ctx.grad(), -1), triu(ctx.grad(), 0), L, U)));
    });
    return {out, pivots, info};
}

Tensor2 lu_factor(const Tensor& A, bool pivot) {
    auto [LU, pivots, info] = lu_factor_ex(A, pivot, true);
    return {LU, pivots};
}

namespace {
// Row exchanges as lu_factor gives them; LAPACK would follow any others out of the matrix.
void check_pivots(const char* operation, const Tensor& LU, const Tensor& pivots) {
    check(pivots.dtype() == DType::Int32, operation, ": pivots must be of dtype int32, got ",
          pivots.dtype(), "; pass the result of lu_factor");
    const int64_t rows = LU.size(-2), steps = std::min(rows, LU.size(-1));
    check(pivots.dim() >= 1 && pivots.size(-1) == steps, operation, ": pivots must end in ", steps,
          " elements for a matrix of shape ", LU.sizes(), ", got shape ", pivots.sizes());
    if (pivots.is_meta() || pivots.numel() == 0) return;
    const GradModeGuard no_grad(false);
    const Tensor outside = logical_or(lt(pivots, Scalar(1)), gt(pivots, Scalar(rows)));
    check(!item(any(outside)).as_bool(), operation, ": pivots must be between 1 and ", rows,
          "; pass the result of lu_factor");
}
}  // namespace

Tensor3 lu_unpack(const Tensor& LU_data, const Tensor& LU_pivots, bool unpack_data,
                  bool unpack_pivots) {
    check_matrix("lu_unpack", LU_data);
    if (unpack_pivots) check_pivots("lu_unpack", LU_data, LU_pivots);
    const int64_t m = LU_data.size(-2), n = LU_data.size(-1), k = std::min(m, n);
    Tensor P, L, U;
    if (unpack_data) {
        L = add(tril(narrow(LU_data, -1, 0, k), -1), eye(m, k, LU_data.dtype(), LU_data.device()));
        U = triu(narrow(LU_data, -2, 0, k), 0);
    }
    // Solving with L = U = 1 applies the row exchanges, which are then turned around.
    if (unpack_pivots) {
        const GradModeGuard no_grad(false);
        Tensor exchanged = contiguous(
            expand(eye(m, m, LU_data.dtype(), LU_data.device()), with_batch(LU_data, {m, m})));
        Tensor steps = LU_pivots;
        if (k < m) {
            const Tensor rest =
                to(arange(k + 1, m + 1, 1, DType::Int64, LU_data.device()), DType::Int32);
            steps = cat({LU_pivots, expand(rest, with_batch(LU_data, {m - k}))}, -1);
        }
        P = mT(lu_solve(exchanged, steps, exchanged, true, false));
    }
    const Tensor nothing = empty({0}, LU_data.dtype(), LU_data.device());
    return {P.defined() ? P : nothing, L.defined() ? L : nothing, U.defined() ? U : nothing};
}

Tensor3 lu(const Tensor& A, bool pivot) {
    auto [LU, pivots, info] = lu_factor_ex(A, pivot, false);
    return lu_unpack(LU, pivots, true, true);
}

Tensor lu_solve(const Tensor& LU, const Tensor& pivots, const Tensor& B, bool left, bool adjoint) {
    check_square("linalg.lu_solve", LU);
    check_pivots("linalg.lu_solve", LU, pivots);
    check_matrix("linalg.lu_solve", B);
    check_same_type("linalg.lu_solve", LU, B);
    // X A = B is A' X' = B'.
    if (!left) return resolve_conj(mH(lu_solve(LU, pivots, mH(B), true, !adjoint)));
    check(B.size(-2) == LU.size(-1),
          "linalg.lu_solve: Incompatible shapes of A and B for the "
          "equation AX = B (",
          LU.size(-2), "x", LU.size(-1), " and ", B.size(-2), "x", B.size(-1), ")");
    const auto [a, b] = broadcast_batches("linalg.lu_solve", LU, B);
    Dims steps(a.sizes().data(), a.sizes().size() - 1);
    Tensor out = columns(b.sizes(), b.dtype(), b.device());
    launch(lu_solve_kernel, {out}, {a, contiguous(expand(pivots, steps)), b},
           cpu::LuSolveAttributes{adjoint ? 'C' : 'N'});
    return attach(
        "LinalgLuSolveBackward0", out, {a, b}, {a, pivots, out}, [adjoint](Backward& ctx) {
            const Tensor LU = ctx.saved(0), pivots = ctx.saved(1), X = ctx.saved(2);
            const Tensor gB = lu_solve(LU, pivots, ctx.grad(), true, !adjoint);
            if (ctx.needs(1)) ctx.set(1, gB);
            if (!ctx.needs(0)) return;
            // A = P L U: the gradient of A, brought back through the product.
            const Tensor gA = adjoint ? neg(matmul(X, mH(gB))) : neg(matmul(gB, mH(X)));
            const auto [P, L, U] = lu_unpack(LU, pivots, true, true);
            const Tensor turned = matmul(mT(P), gA);
            ctx.set(0, add(tril(matmul(turned, mH(U)), -1), triu(matmul(mH(L), turned), 0)));
        });
}

namespace {

Tensor2 solve_matrix(const char* operation, const Tensor& A, const Tensor& B, bool check_errors) {
    Tensor LU, pivots, info, out;
    {
        const GradModeGuard no_grad(false);
        std::tie(LU, pivots, info) = lu_factor_ex(A, true, false);
        if (check_errors)
            check_info(operation, info, "The diagonal element ",
                       " is zero, the solver failed because the input matrix is "
                       "singular.");
        out = lu_solve(LU, pivots, B, true, false);
    }
    out = attach("LinalgSolveExBackward0", out, {A, B}, {A, out}, [](Backward& ctx) {
        const Tensor gB = solve(mH(ctx.saved(0)), ctx.grad(), true);
        if (ctx.needs(1)) ctx.set(1, gB);
        if (ctx.needs(0)) ctx.set(0, neg(matmul(gB, mH(ctx.saved(1)))));
    });
    return {out, info};
}

}  // namespace

Tensor2 solve_ex(const Tensor& A, const Tensor& B, bool left, bool check_errors) {
    constexpr const char* kName = "linalg.solve";
    check_square(kName, A);
    check_same_type(kName, A, B);
    const Dims vector(A.sizes().data(), A.sizes().size() - 1);
    const bool is_vector = B.dim() == 1 || (B.dim() == A.dim() - 1 && B.sizes() == vector);
    const Tensor right = is_vector ? unsqueeze(B, -1) : B;
    check_matrix(kName, right);
    check(right.size(left ? -2 : -1) == A.size(-1), kName,
          ": Incompatible shapes of A and B for the equation ", left ? "AX = B" : "XA = B", " (",
          A.size(-2), "x", A.size(-1), " and ", right.size(-2), "x", right.size(-1), ")");
    check(left || !is_vector, kName,
          ": Vector broadcasting of the left hand side is not supported "
          "for left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)");
    auto [x, info] = left ? solve_matrix(kName, A, right, check_errors)
                          : solve_matrix(kName, mT(A), mT(right), check_errors);
    if (!left) x = mT(x);
    return {is_vector ? squeeze_dims(x, {-1}) : x, info};
}

Tensor solve(const Tensor& A, const Tensor& B, bool left) {
    return std::get<0>(solve_ex(A, B, left, true));
}

Tensor2 inv_ex(const Tensor& A, bool check_errors) {
    check_square("linalg.inv", A);
    Tensor out, info;
    {
        const GradModeGuard no_grad(false);
        std::tie(out, info) = solve_matrix(
            "linalg.inv", A, eye(A.size(-1), A.size(-1), A.dtype(), A.device()), check_errors);
    }
    out = attach("LinalgInvExBackward0", out, {A}, {out}, [](Backward& ctx) {
        const Tensor inverse = mH(ctx.saved(0));
        ctx.set(0, neg(matmul(inverse, matmul(ctx.grad(), inverse))));
    });
    return {out, info};
}

Tensor inv(const Tensor& A) { return std::get<0>(inv_ex(A, true)); }

namespace {

// From the factors: the diagonal of U, and the sign of the row exchanges.
Tensor2 diagonal_and_parity(const Tensor& A) {
    const GradModeGuard no_grad(false);
    const auto [LU, pivots, info] = lu_factor_ex(A, true, false);
    const Tensor steps = to(arange(1, A.size(-1) + 1, 1, DType::Int64, A.device()), DType::Int32);
    const Tensor exchanges = sum(ne(pivots, steps), IntSpan{-1}, false, std::nullopt);
    const Tensor parity = sub(to(ones_like(exchanges), A.dtype()),
                              mul(to(remainder(exchanges, Scalar(2)), A.dtype()), Scalar(2)));
    return {diagonal(LU, 0, -2, -1), parity};
}

Tensor as_matrix(const Tensor& t) { return unsqueeze(unsqueeze(t, -1), -1); }

// The transposed cofactors, which exist where the inverse does not.
Tensor cofactors(const Tensor& A, const Tensor& value) {
    const bool singular = !A.is_meta() && item(any(eq(value, Scalar(0)))).as_bool();
    if (!singular) return mul(as_matrix(value), inv(A));
    const auto [U, S, Vh] = svd(A, true);
    const int64_t n = A.size(-1);
    // Each entry is the product of all other singular values.
    const Tensor others = add(mul(unsqueeze(S, -2), sub(ones({n, n}, S.dtype(), S.device()),
                                                        eye(n, n, S.dtype(), S.device()))),
                              eye(n, n, S.dtype(), S.device()));
    const Tensor products = prod(others, -1, false, std::nullopt);
    const Tensor turn = as_matrix(det(matmul(U, Vh)));
    return mul(turn, matmul(mul(mH(Vh), unsqueeze(to(products, A.dtype()), -2)), mH(U)));
}

}  // namespace

Tensor det(const Tensor& A) {
    if (has_16_bits(A.dtype())) raise_unsupported("lu_cpu", A.dtype());
    check_square("linalg.det", A);
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        const auto [factor, parity] = diagonal_and_parity(A);
        out = mul(prod(factor, -1, false, std::nullopt), parity);
    }
    return attach("LinalgDetBackward0", out, {A}, {A, out}, [](Backward& ctx) {
        ctx.set(0, mul(as_matrix(ctx.grad()), mH(cofactors(ctx.saved(0), ctx.saved(1)))));
    });
}

Tensor2 slogdet(const Tensor& A) {
    check_square("linalg.slogdet", A);
    Tensor outs[2];
    {
        const GradModeGuard no_grad(false);
        const auto [factor, parity] = diagonal_and_parity(A);
        outs[0] = mul(prod(sgn(factor), -1, false, std::nullopt), parity);
        outs[1] = sum(log(abs(factor)), IntSpan{-1}, false, std::nullopt);
    }
    attach_all("LinalgSlogdetBackward0", outs, {&A, 1}, TensorList{A, outs[0]}, [](Backward& ctx) {
        const Tensor A = ctx.saved(0), sign = ctx.saved(1);
        Tensor g = ctx.grad_or_zeros(1);
        if (is_complex(A.dtype()) && ctx.has_grad(0))
            g = complex(g, neg(imag(mul(conj(ctx.grad(0)), sign))));
        ctx.set(0, mul(as_matrix(g), mH(inv(A))));
    });
    return {outs[0], outs[1]};
}

Tensor logdet(const Tensor& A) {
    const auto [sign, log_det] = slogdet(A);
    return add(log_det, log(sign));
}

namespace {

// M with its strictly lower triangle mirrored above, conjugated.
Tensor mirrored_lower(const Tensor& M) {
    const Tensor strict = tril(M, -1);
    const Tensor diagonal_part = diag_embed(diagonal(M, 0, -2, -1), 0, -2, -1);
    const Tensor real_part = is_complex(M.dtype())
                                 ? mul(add(diagonal_part, conj(diagonal_part)), Scalar(0.5))
                                 : diagonal_part;
    return add(add(strict, mH(strict)), real_part);
}

// The gradient of A = Q R for A with at least as many rows as columns.
Tensor tall_qr_gradient(const Tensor& gQ, const Tensor& gR, const Tensor& Q, const Tensor& R) {
    const Tensor M = sub(matmul(R, mH(gR)), matmul(mH(gQ), Q));
    return solve_triangular(mH(R), add(gQ, matmul(Q, mirrored_lower(M))), false, false, false);
}

}  // namespace

Tensor2 geqrf(const Tensor& A) {
    check_matrix("geqrf", A);
    Tensor outs[2] = {
        columns(A.sizes(), A.dtype(), A.device()),
        empty(with_batch(A, {std::min(A.size(-2), A.size(-1))}), A.dtype(), A.device())};
    launch(geqrf_kernel, {outs[0], outs[1]}, {A}, cpu::LinalgAttributes{});
    attach_all("GeqrfBackward0", {outs, 2}, {&A, 1}, TensorRefs{}, [](Backward&) {
        raise(ErrorKind::NotImplemented,
              "the derivative for 'geqrf' is not implemented; use linalg.qr");
    });
    return {outs[0], outs[1]};
}

Tensor2 qr(const Tensor& A, std::string_view mode) {
    check_matrix("linalg.qr", A);
    check(mode == "reduced" || mode == "complete" || mode == "r",
          "linalg.qr: qr received unrecognized mode '", mode,
          "' but expected one of 'reduced' (default), 'r', or 'complete'");
    const int64_t m = A.size(-2), n = A.size(-1), k = std::min(m, n);
    const bool complete = mode == "complete", only_r = mode == "r";
    const int64_t inner = complete ? m : k;
    Tensor outs[2] = {columns(with_batch(A, {m, inner}), A.dtype(), A.device()),
                      columns(with_batch(A, {inner, n}), A.dtype(), A.device())};
    launch(qr_kernel, {outs[0], outs[1]}, {A}, cpu::LinalgAttributes{complete});
    const Tensor saved[] = {A, outs[0], outs[1]};
    if (only_r) outs[0] = empty({0}, A.dtype(), A.device());
    attach_all("LinalgQrBackward0", {outs, 2}, {&A, 1}, saved, [=](Backward& ctx) {
        check(!only_r,
              "linalg.qr: The derivative of linalg.qr depends on Q, which is not computed "
              "when mode='r'. Please use linalg.qr(A, mode='reduced') if you are going to require "
              "gradients");
        check(!complete || m <= n,
              "linalg.qr: The QR decomposition is not differentiable when "
              "mode='complete' and nrows > ncols");
        const Tensor A = ctx.saved(0), Q = ctx.saved(1), R = ctx.saved(2);
        const Tensor gQ = ctx.grad_or_zeros(0), gR = ctx.grad_or_zeros(1);
        if (m >= n) return ctx.set(0, tall_qr_gradient(gQ, gR, Q, R));
        // A = [X, Y]: Q comes from X alone, and the rest of R is Q' Y.
        const Tensor Y = narrow(A, -1, m, n - m), gY = narrow(gR, -1, m, n - m);
        const Tensor gX = tall_qr_gradient(add(gQ, matmul(Y, mH(gY))), narrow(gR, -1, 0, m), Q,
                                           narrow(R, -1, 0, m));
        ctx.set(0, cat({gX, matmul(Q, gY)}, -1));
    });
    return {outs[0], outs[1]};
}

}  // namespace kajo::ops
