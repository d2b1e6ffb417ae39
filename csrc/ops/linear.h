// Products of matrices and vectors, and what is built of them.
#pragma once

#include "core/tensor.h"

namespace kajo::ops {

// Matrices (rows, k) and (k, columns); types must agree, nothing broadcasts.
Tensor mm(const Tensor& self, const Tensor& mat2);
Tensor bmm(const Tensor& self, const Tensor& mat2);
// Vectors, matrices and batches of matrices, batches broadcast.
Tensor matmul(const Tensor& self, const Tensor& other);
Tensor mv(const Tensor& self, const Tensor& vec);
Tensor dot(const Tensor& self, const Tensor& tensor);
Tensor vdot(const Tensor& self, const Tensor& other);  // conjugates self
Tensor inner(const Tensor& self, const Tensor& other);
Tensor outer(const Tensor& self, const Tensor& vec2);

// beta * self + alpha * (product); self broadcasts and is not read where beta is 0.
Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta = 1,
             const Scalar& alpha = 1);
Tensor addmv(const Tensor& self, const Tensor& mat, const Tensor& vec, const Scalar& beta = 1,
             const Scalar& alpha = 1);
Tensor addr(const Tensor& self, const Tensor& vec1, const Tensor& vec2, const Scalar& beta = 1,
            const Scalar& alpha = 1);
Tensor baddbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2,
               const Scalar& beta = 1, const Scalar& alpha = 1);
// Sums the products over the batch.
Tensor addbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2,
              const Scalar& beta = 1, const Scalar& alpha = 1);
// The only one of its kind that gives self the result's shape.
Tensor addbmm_(const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
               const Scalar& alpha);

// input @ weight.T + bias for weight (out, in) and any leading dimensions; bias may be undefined.
Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias);
// out[.., o] = input1[.., :] @ weight[o] @ input2[.., :] + bias[o].
Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight,
                const Tensor& bias);
// a x b along `dim`, of size 3, for float32 and float64 of one shape.
Tensor vector_product(const Tensor& self, const Tensor& other, int64_t dim);
// The product of many matrices in the cheapest order; the first and last may be vectors.
Tensor multi_dot(const TensorList& tensors);
Tensor chain_matmul(const TensorList& matrices);

// self @ other over the last two dimensions of both (two at least), batches broadcast, either
// operand conjugated where that is asked for. `name` is what the gradient's node is called.
struct Conjugate {
    bool a = false, b = false;
};
Tensor product(const char* name, const Tensor& a, const Tensor& b, Conjugate conjugate = {});

}  // namespace kajo::ops
