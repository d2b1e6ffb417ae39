// Norms of matrices, and condition numbers.
#include <cmath>

#include "core/promotion.h"
#include "core/shape.h"
#include "ops/linalg.h"
#include "ops/linalg_checks.h"
#include "ops/ops.h"
#include "ops/reduction.h"

namespace kajo::ops {

using namespace linalg;

namespace {

// The matrices' two dimensions last, of the type asked for.
Tensor with_matrices_last(const Tensor& A, IntSpan dim, std::optional<DType> dtype) {
    constexpr const char* kName = "linalg.matrix_norm";
    check(A.dim() >= 2, kName, ": The input tensor A must have at least 2 dimensions, but got ",
          A.sizes());
    const DType type = dtype.value_or(A.dtype());
    check(is_differentiable(type) && (!dtype || can_cast(A.dtype(), type)), kName,
          ": Expected a floating point or complex tensor as input, and a dtype that holds its "
          "elements. Got ",
          info(A.dtype()).tensor_name, " and ", info(type).tensor_name);
    check(dim.size() == 2, kName, ": dim must be a 2-tuple. Got ", dim);
    const int64_t rows = wrap_dim(dim[0], A.dim()), columns = wrap_dim(dim[1], A.dim());
    check(rows != columns, kName, ": dims must be different. Got (", dim[0], ", ", dim[1], ")");
    const Tensor moved = movedim(A, {rows, columns}, {-2, -1});
    return dtype ? to(moved, *dtype) : moved;
}

Tensor singular_values(const Tensor& matrices) {
    check_matrix("linalg.matrix_norm", matrices);
    return svdvals(matrices);
}

Tensor cond_of_nothing(const Tensor& A) {
    check_matrix("linalg.cond", A);
    return zeros(with_batch(A, {}), real_type(A.dtype()), A.device());
}

// Puts back the two dimensions that a norm took away.
Tensor kept(const Tensor& norm, const Tensor& A, IntSpan dim, bool keepdim) {
    if (!keepdim) return norm;
    const int64_t a = wrap_dim(dim[0], A.dim()), b = wrap_dim(dim[1], A.dim());
    return unsqueeze(unsqueeze(norm, std::min(a, b)), std::max(a, b));
}

}  // namespace

Tensor matrix_norm(const Tensor& A, const Scalar& ord, IntSpan dim, bool keepdim,
                   std::optional<DType> dtype) {
    const Tensor matrices = with_matrices_last(A, dim, dtype);
    const double p = ord.as_double(), size = std::abs(p);
    check(size == 1 || size == 2 || std::isinf(size), "linalg.matrix_norm: Order ", ord,
          " not supported; use 1, -1, 2, -2, inf or -inf");
    const Tensor sums = size == 2
                            ? singular_values(matrices)
                            : sum(abs(matrices), IntSpan{size == 1 ? -2 : -1}, false, std::nullopt);
    // The largest of nothing is 0; the smallest is undefined.
    const bool nothing = p > 0 && sums.size(-1) == 0;
    return kept(nothing ? zeros(with_batch(matrices, {}), sums.dtype(), A.device())
                : p > 0 ? amax(sums, {-1}, false)
                        : amin(sums, {-1}, false),
                A, dim, keepdim);
}

Tensor matrix_norm_named(const Tensor& A, std::string_view ord, IntSpan dim, bool keepdim,
                         std::optional<DType> dtype) {
    check(ord == "fro" || ord == "nuc", "linalg.matrix_norm: Order ", ord,
          " not supported; use "
          "'fro' or 'nuc'");
    const Tensor matrices = with_matrices_last(A, dim, dtype);
    const Tensor out = ord == "fro"
                           ? norm(matrices, Scalar(2), IntSpan{-2, -1}, false, std::nullopt)
                           : sum(singular_values(matrices), IntSpan{-1}, false, std::nullopt);
    return kept(out, A, dim, keepdim);
}

Tensor cond(const Tensor& A, const std::optional<Scalar>& p) {
    if (A.dim() >= 2 && A.numel() == 0) return cond_of_nothing(A);
    const double order = p ? p->as_double() : 2;
    if (std::abs(order) == 2) {
        check_matrix("linalg.cond", A);
        const Tensor S = svdvals(A);
        const Tensor largest = amax(S, {-1}, false), smallest = amin(S, {-1}, false);
        return order > 0 ? div(largest, smallest) : div(smallest, largest);
    }
    check_square("linalg.cond", A);
    const auto [inverse, info] = inv_ex(A, false);
    const Tensor out = mul(matrix_norm(A, *p, {-2, -1}, false, std::nullopt),
                           matrix_norm(inverse, *p, {-2, -1}, false, std::nullopt));
    return where(ne(info, Scalar(0)), Scalar(INFINITY), out);
}

Tensor cond_named(const Tensor& A, std::string_view p) {
    if (A.dim() >= 2 && A.numel() == 0) return cond_of_nothing(A);
    check_square("linalg.cond", A);
    const auto [inverse, info] = inv_ex(A, false);
    const Tensor out = mul(matrix_norm_named(A, p, {-2, -1}, false, std::nullopt),
                           matrix_norm_named(inverse, p, {-2, -1}, false, std::nullopt));
    return where(ne(info, Scalar(0)), Scalar(INFINITY), out);
}

}  // namespace kajo::ops
