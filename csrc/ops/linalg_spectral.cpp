// Singular values and eigenvalues, powers and exponentials.
#include <cmath>

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/linalg.h"
#include "ops/joining.h"
#include "ops/linalg.h"
#include "ops/linalg_checks.h"
#include "ops/linear.h"
#include "ops/masking.h"
#include "ops/ops.h"
#include "ops/reduction.h"
#include "ops/triangular.h"

namespace kajo::ops {

static const Kernel svd_kernel{"linalg.svd", cpu::svd};
static const Kernel eigh_kernel{"linalg.eigh", cpu::eigh};
static const Kernel eig_kernel{"linalg.eig", cpu::eig};

using namespace linalg;

namespace {

// x[j] - x[i] with 1 on the diagonal, so that it can be divided by.
Tensor differences(const Tensor& x) {
    const Tensor d = sub(unsqueeze(x, -2), unsqueeze(x, -1));
    return add(d, eye(x.size(-1), x.size(-1), x.dtype(), x.device()));
}

Tensor on_diagonal(const Tensor& t) { return diag_embed(t, 0, -2, -1); }
Tensor off_diagonal(const Tensor& t) { return sub(t, on_diagonal(diagonal(t, 0, -2, -1))); }
Tensor skew(const Tensor& t) { return sub(t, mH(t)); }

// U, S, Vh are the reduced factors of A.
Tensor svd_gradient(const Tensor& gU, const Tensor& gS, const Tensor& gVh, const Tensor& U,
                    const Tensor& S, const Tensor& Vh) {
    const Tensor gaps = differences(square(S)), V = mH(Vh), gV = mH(gVh);
    const Tensor s_row = unsqueeze(S, -2), s_column = unsqueeze(S, -1);
    const Tensor UhgU = matmul(mH(U), gU), VhgV = matmul(Vh, gV);
    Tensor inner = add(mul(div(skew(UhgU), gaps), s_row), mul(s_column, div(skew(VhgV), gaps)));
    if (is_complex(U.dtype())) {
        // The phases of the vectors are free; what is left fixes them.
        const Tensor phase = div(imag(diagonal(UhgU, 0, -2, -1)), S);
        inner = add(off_diagonal(inner), on_diagonal(complex(gS, phase)));
    } else {
        inner = add(off_diagonal(inner), on_diagonal(gS));
    }
    Tensor out = matmul(matmul(U, inner), Vh);
    const Tensor left = sub(gU, matmul(U, UhgU)), right = sub(gVh, matmul(mH(VhgV), Vh));
    if (U.size(-2) > S.size(-1)) out = add(out, matmul(div(left, s_row), Vh));
    if (V.size(-2) > S.size(-1)) out = add(out, matmul(U, div(right, s_column)));
    return out;
}

}  // namespace

Tensor3 svd(const Tensor& A, bool full_matrices) {
    check_matrix("linalg.svd", A);
    const int64_t m = A.size(-2), n = A.size(-1), k = std::min(m, n);
    const Tensor info = info_for(A);
    Tensor outs[3] = {columns(with_batch(A, {m, full_matrices ? m : k}), A.dtype(), A.device()),
                      empty(with_batch(A, {k}), real_type(A.dtype()), A.device()),
                      columns(with_batch(A, {full_matrices ? n : k, n}), A.dtype(), A.device())};
    launch(svd_kernel, {outs[0], outs[1], outs[2], info}, {A},
           cpu::LinalgAttributes{full_matrices});
    check_info("linalg.svd", info, kNotConverged, ").");
    const Tensor saved[] = {outs[0], outs[1], outs[2]};
    attach_all("LinalgSvdBackward0", {outs, 3}, {&A, 1}, saved, [k](Backward& ctx) {
        if (!ctx.has_grad(0) && !ctx.has_grad(2)) {  // no need to tell equal values apart
            const Tensor U = narrow(ctx.saved(0), -1, 0, k), Vh = narrow(ctx.saved(2), -2, 0, k);
            return ctx.set(0, matmul(mul(U, unsqueeze(ctx.grad(1), -2)), Vh));
        }
        ctx.set(0,
                svd_gradient(narrow(ctx.grad_or_zeros(0), -1, 0, k), ctx.grad_or_zeros(1),
                             narrow(ctx.grad_or_zeros(2), -2, 0, k), narrow(ctx.saved(0), -1, 0, k),
                             ctx.saved(1), narrow(ctx.saved(2), -2, 0, k)));
    });
    return {outs[0], outs[1], outs[2]};
}

Tensor svdvals(const Tensor& A) {
    check_matrix("linalg.svdvals", A);
    if (needs_grad({&A})) return std::get<1>(svd(A, false));
    const Tensor info = info_for(A);
    const Tensor S =
        empty(with_batch(A, {std::min(A.size(-2), A.size(-1))}), real_type(A.dtype()), A.device());
    launch(svd_kernel, {S, info}, {A}, cpu::LinalgAttributes{});
    check_info("linalg.svdvals", info, kNotConverged, ").");
    return S;
}

Tensor2 eigh(const Tensor& A, std::string_view UPLO) {
    check_square("linalg.eigh", A);
    const bool upper = UPLO == "U" || UPLO == "u";
    check(upper || UPLO == "L" || UPLO == "l",
          "linalg.eigh: Expected UPLO argument to be 'L' or "
          "'U', but got ",
          UPLO);
    const Tensor info = info_for(A);
    Tensor outs[2] = {empty(with_batch(A, {A.size(-1)}), real_type(A.dtype()), A.device()),
                      columns(A.sizes(), A.dtype(), A.device())};
    launch(eigh_kernel, {outs[0], outs[1], info}, {A}, cpu::LinalgAttributes{upper});
    check_info("linalg.eigh", info, kNotConverged, ").");
    attach_all("LinalgEighBackward0", {outs, 2}, {&A, 1}, {outs, 2}, [](Backward& ctx) {
        const Tensor w = ctx.saved(0), V = ctx.saved(1);
        if (!ctx.has_grad(1)) return ctx.set(0, matmul(mul(V, unsqueeze(ctx.grad(0), -2)), mH(V)));
        // Vectors stay orthonormal, so that only the skew part moves them.
        const Tensor turn = mul(skew(matmul(mH(V), ctx.grad_or_zeros(1))), Scalar(0.5));
        const Tensor inner = div(turn, differences(w));
        const Tensor values = to(ctx.grad_or_zeros(0), V.dtype());
        ctx.set(0, matmul(matmul(V, add(off_diagonal(inner), on_diagonal(values))), mH(V)));
    });
    return {outs[0], outs[1]};
}

Tensor eigvalsh(const Tensor& A, std::string_view UPLO) { return std::get<0>(eigh(A, UPLO)); }

Tensor2 eig(const Tensor& A) {
    check_square("linalg.eig", A);
    const DType type = complex_type(A.dtype());
    const Tensor info = info_for(A);
    Tensor outs[2] = {empty(with_batch(A, {A.size(-1)}), type, A.device()),
                      columns(A.sizes(), type, A.device())};
    launch(eig_kernel, {outs[0], outs[1], info}, {A}, cpu::LinalgAttributes{});
    check_info("linalg.eig", info, kNotConverged, ").");
    attach_all("LinalgEigBackward0", {outs, 2}, {&A, 1}, {outs, 2}, [](Backward& ctx) {
        const Tensor w = ctx.saved(0), V = ctx.saved(1), VH = mH(V);
        if (!ctx.has_grad(1))
            return ctx.set(0, solve(VH, mul(unsqueeze(ctx.grad(0), -1), VH), true));
        const Tensor VhgV = matmul(VH, ctx.grad_or_zeros(1));
        // Vectors have length one, which takes the part along them away.
        const Tensor along = to(real(diagonal(VhgV, 0, -2, -1)), V.dtype());
        const Tensor inner =
            div(sub(VhgV, mul(matmul(VH, V), unsqueeze(along, -2))), conj(differences(w)));
        const Tensor whole = add(off_diagonal(inner), on_diagonal(ctx.grad_or_zeros(0)));
        ctx.set(0, solve(VH, matmul(whole, VH), true));
    });
    return {outs[0], outs[1]};
}

Tensor eigvals(const Tensor& A) { return std::get<0>(eig(A)); }

Tensor matrix_power(const Tensor& A, int64_t n) {
    check(A.dim() >= 2 && A.size(-1) == A.size(-2),
          "linalg.matrix_power: A must be batches of "
          "square matrices, but they have shape ",
          A.sizes());
    if (n == 0) {
        const Tensor one = eye(A.size(-1), A.size(-1), A.dtype(), A.device());
        return attach("LinalgMatrixPowerBackward0", contiguous(expand(one, A.sizes())), {A}, {},
                      [](Backward& ctx) { ctx.set(0, zeros_like(ctx.grad())); });
    }
    Tensor square = n < 0 ? inv(A) : A, out;
    for (int64_t left = std::abs(n); left; left /= 2) {
        if (left % 2) out = out.defined() ? matmul(out, square) : square;
        if (left > 1) square = matmul(square, square);
    }
    return n == 1 ? clone(out) : out;
}

// A diagonal Pade approximant of degree 13 for a matrix made small by halving, squared back.
Tensor matrix_exp(const Tensor& A) {
    if (A.dim() >= 2 && is_differentiable(A.dtype()) && item_size(A.dtype()) == 2)
        return to(matrix_exp(to(A, DType::Float32)), A.dtype());
    check_square("linalg.matrix_exp", A);
    if (A.numel() == 0) return clone(A);
    constexpr double b[] = {64764752532480000.,
                            32382376266240000.,
                            7771770303897600.,
                            1187353796428800.,
                            129060195264000.,
                            10559470521600.,
                            670442572800.,
                            33522128640.,
                            1323241920.,
                            40840800.,
                            960960.,
                            16380.,
                            182.,
                            1.};
    constexpr double kFits = 5.4;
    int halvings = 0;
    if (!A.is_meta()) {
        const GradModeGuard no_grad(false);
        const Tensor norms = amax(sum(abs(A), IntSpan{-2}, false, std::nullopt), {}, false);
        const double norm = item(norms).as_double();
        if (std::isfinite(norm) && norm > kFits)
            halvings = static_cast<int>(std::ceil(std::log2(norm / kFits)));
    }
    const Tensor X = mul(A, Scalar(std::ldexp(1.0, -halvings)));
    const Tensor X2 = matmul(X, X), X4 = matmul(X2, X2), X6 = matmul(X4, X2);
    const Tensor I = eye(A.size(-1), A.size(-1), A.dtype(), A.device());
    const auto combined = [&](int first) {
        const auto term = [&](const Tensor& t, int i) { return mul(t, Scalar(b[first + i])); };
        const Tensor high = matmul(X6, add(add(term(X6, 12), term(X4, 10)), term(X2, 8)));
        return add(add(add(add(high, term(X6, 6)), term(X4, 4)), term(X2, 2)), term(I, 0));
    };
    const Tensor odd = matmul(X, combined(1)), even = combined(0);
    Tensor out = solve(sub(even, odd), add(even, odd), true);
    for (int i = 0; i < halvings; i++) out = matmul(out, out);
    return out;
}

}  // namespace kajo::ops
