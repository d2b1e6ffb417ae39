#include "ops/linalg_checks.h"

#include "autograd/grad_mode.h"
#include "core/shape.h"
#include "ops/ops.h"
#include "ops/reduction.h"

namespace kajo::ops::linalg {

void check_matrix(const char* operation, const Tensor& A) {
    check(A.dim() >= 2, operation, ": The input tensor A must have at least 2 dimensions, but got ",
          A.sizes());
    check(is_differentiable(A.dtype()), operation,
          ": Expected a floating point or complex tensor "
          "as input. Got ",
          info(A.dtype()).tensor_name);
    check(item_size(A.dtype()) >= 4, operation, ": Low precision dtypes not supported. Got ",
          info(A.dtype()).tensor_name);
}

void check_square(const char* operation, const Tensor& A) {
    check_matrix(operation, A);
    check(A.size(-1) == A.size(-2), operation,
          ": A must be batches of square matrices, but they "
          "are ",
          A.size(-2), " by ", A.size(-1), " matrices");
}

void check_same_type(const char* operation, const Tensor& A, const Tensor& B) {
    check(A.dtype() == B.dtype(), operation,
          ": Expected A and B to have the same dtype, but found "
          "A of type ",
          info(A.dtype()).tensor_name, " and B of type ", info(B.dtype()).tensor_name, " instead");
}

void check_info(const char* operation, const Tensor& info, const char* before, const char* after) {
    if (info.is_meta() || info.numel() == 0) return;
    const GradModeGuard no_grad(false);
    if (!item(any(ne(info, Scalar(0)))).as_bool()) return;
    const Tensor flat = reshape(info, {-1});
    for (int64_t i = 0; i < flat.numel(); i++) {
        const int64_t value = item(select(flat, 0, i)).as_int();
        if (value == 0) continue;
        if (info.dim() == 0) raise(ErrorKind::LinAlg, operation, ": ", before, value, after);
        raise(ErrorKind::LinAlg, operation, ": (Batch element ", i, "): ", before, value, after);
    }
}

Tensor mH(const Tensor& A) { return conj(mT(A)); }

Dims with_batch(const Tensor& A, IntSpan last) {
    Dims sizes(A.sizes().data(), A.sizes().size() - 2);
    for (int64_t n : last) sizes.push_back(n);
    return sizes;
}

Tensor columns(IntSpan sizes, DType dtype, Device device) {
    Dims strides = contiguous_strides(sizes);
    const size_t n = sizes.size();
    strides[n - 2] = 1;
    strides[n - 1] = std::max<int64_t>(1, sizes[n - 2]);
    return empty_strided(sizes, strides, dtype, device);
}

Tensor info_for(const Tensor& A) { return empty(with_batch(A, {}), DType::Int32, A.device()); }

std::pair<Tensor, Tensor> broadcast_batches(const char* operation, const Tensor& A,
                                            const Tensor& B) {
    const Dims a = with_batch(A, {}), b = with_batch(B, {});
    if (a == b) return {A, B};
    const Dims batch = broadcast_shapes(a, b, operation);
    const auto expanded = [&](const Tensor& t) {
        Dims sizes = batch;
        sizes.push_back(t.size(-2));
        sizes.push_back(t.size(-1));
        return expand(t, sizes);
    };
    return {expanded(A), expanded(B)};
}

}  // namespace kajo::ops::linalg
