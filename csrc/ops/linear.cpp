#include "ops/linear.h"

#include <limits>

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/promotion.h"
#include "core/shape.h"
#include "cpu/gemm/gemm.h"
#include "cpu/linear.h"
#include "ops/ops.h"
#include "ops/reduction.h"
#include "ops/resize.h"

namespace kajo::ops {

static const Kernel matmul_kernel{"matmul", cpu::matmul_tensors};

static const Kernel vector_product_kernel{"cross", cpu::vector_product};

using cpu::MatmulAttributes;

namespace {

// As the field's messages name element types.
const char* type_name(DType t) { return info(t).tensor_name; }

void check_types(const char* operation, const Tensor& a, const Tensor& b) {
    check(a.dtype() == b.dtype(), operation,
          "(): expected m1 and m2 to have the same dtype, but got: ", type_name(a.dtype()),
          " != ", type_name(b.dtype()), ": convert one of them with .to(...)");
    check(a.device() == b.device(), operation,
          "(): expected all tensors to be on the same device, but found ", a.device(), " and ",
          b.device());
    if (a.dtype() == DType::Bool) raise_unsupported("addmm_impl_cpu_", a.dtype());
}

void check_product(const char* operation, const Tensor& a, const Tensor& b) {
    check(a.size(-1) == b.size(-2), operation, "(): mat1 and mat2 shapes cannot be multiplied (",
          a.size(-2), "x", a.size(-1), " and ", b.size(-2), "x", b.size(-1), ")");
    check_types(operation, a, b);
}

void check_dim(const char* operation, const char* argument, const Tensor& t, int64_t dim) {
    check(t.dim() == dim, operation, "(): ", argument, " must be ",
          dim == 1   ? "a vector"
          : dim == 2 ? "a matrix"
                     : "a 3D tensor",
          ", got ", t.dim(), "-D tensor of shape ", t.sizes());
}

Tensor swapped(const Tensor& t) {
    Dims sizes = t.sizes(), strides = t.strides();
    const size_t n = sizes.size();
    std::swap(sizes[n - 1], sizes[n - 2]);
    std::swap(strides[n - 1], strides[n - 2]);
    return alias(t, sizes, strides, t.offset());
}

// A vector as a matrix of one row or one column; unknown to autograd.
Tensor as_row(const Tensor& t) { return alias(t, {1, t.numel()}, {1, t.stride(0)}, t.offset()); }
Tensor as_column(const Tensor& t) { return alias(t, {t.numel(), 1}, {t.stride(0), 1}, t.offset()); }

// What is added to a product.
struct Added {
    Tensor value;  // undefined: nothing
    Scalar beta = 1, alpha = 1;
};

// What lies in memory where `t` is a conjugating view, for kernels that conjugate as they read.
Tensor unconjugated(const Tensor& t) {
    if (!t.is_conj()) return t;
    const Tensor plain = alias(t);
    plain.impl()->lazy ^= kConjugated;
    return plain;
}

// Fills `out` (contiguous, matrices last).
void multiply(const Tensor& out, const Tensor& a, const Tensor& b, Conjugate conjugate = {},
              const Added& added = {}) {
    if (a.is_conj() || b.is_conj()) {
        const Conjugate both{conjugate.a != a.is_conj(), conjugate.b != b.is_conj()};
        return multiply(out, unconjugated(a), unconjugated(b), both, added);
    }
    MatmulAttributes attributes;
    attributes.a_conjugate = conjugate.a;
    attributes.b_conjugate = conjugate.b;
    attributes.alpha = added.alpha.as_complex();
    const bool adds = added.value.defined() && added.beta.as_complex() != 0.0;
    if (!adds) return launch(matmul_kernel, {out}, {a, b}, attributes);
    const Tensor& value = added.value;
    attributes.column_bias = is_differentiable(out.dtype()) && added.beta.as_complex() == 1.0 &&
                             value.dim() == 1 && value.size(0) == out.size(-1) &&
                             value.is_contiguous() && value.dtype() == out.dtype();
    if (!attributes.column_bias) attributes.beta = added.beta.as_complex();
    launch(matmul_kernel, {out}, {a, b, value}, attributes);
}

// Kernels take few batch dimensions; no one has more, but nothing may overrun.
bool too_deep(const Tensor& t) { return t.dim() - 2 > cpu::kMaxBatchDims; }

// All leading dimensions as one; not by -1, which tells nothing of a tensor without elements.
Tensor as_rows(const Tensor& t) {
    const IntSpan lead(t.sizes().data(), t.sizes().size() - 1);
    return t.dim() == 2 ? t : reshape(t, {numel_of(lead), t.size(-1)});
}

Tensor flat_matrices(const Tensor& t, IntSpan batch) {
    Dims full = batch.dims();
    full.push_back(t.size(-2));
    full.push_back(t.size(-1));
    return reshape(expand(t, full), {numel_of(batch), t.size(-2), t.size(-1)});
}

Dims product_shape(const char* name, const Tensor& a, const Tensor& b) {
    const IntSpan a_batch(a.sizes().data(), a.sizes().size() - 2);
    const IntSpan b_batch(b.sizes().data(), b.sizes().size() - 2);
    Dims out = a_batch == b_batch || b_batch.empty() ? a_batch.dims()
               : a_batch.empty()                     ? b_batch.dims()
                                                     : broadcast_shapes(a_batch, b_batch, name);
    out.push_back(a.size(-2));
    out.push_back(b.size(-1));
    return out;
}

// Dense columns: the transpose is what lies in memory.
bool is_column_major(const Tensor& t) {
    return t.dim() == 2 && t.stride(0) == 1 && t.stride(1) == t.size(0) && t.size(0) > 1 &&
           t.size(1) > 1;
}

// A gradient for an operand, laid out as the operand is, so that no copy is needed to store it.
Tensor laid_out_product(const Tensor& like, const Tensor& a, const Tensor& b, Conjugate conjugate) {
    if (!is_column_major(like)) return product("MmBackward0", a, b, conjugate);
    return mT(product("MmBackward0", mT(b), mT(a), {conjugate.b, conjugate.a}));
}

void product_gradient(Backward& ctx, size_t first, const Tensor& grad, const Tensor& a,
                      const Tensor& b, Conjugate conjugate) {
    const bool same = conjugate.a == conjugate.b;
    if (ctx.needs(first)) ctx.set(first, laid_out_product(a, grad, mT(b), {conjugate.a, same}));
    if (!ctx.needs(first + 1)) return;
    // A matrix that multiplies a whole batch gets one product over all rows.
    const bool shared = b.dim() == 2 && a.dim() > 2;
    const Tensor rows = shared ? as_rows(a) : a;
    const Tensor flowing = shared ? as_rows(grad) : grad;
    ctx.set(first + 1, laid_out_product(b, mT(rows), flowing, {same, conjugate.b}));
}

Tensor scaled(const Tensor& t, const Scalar& by) { return by.as_complex() == 1.0 ? t : mul(t, by); }
Scalar conjugate_of(const Scalar& s) {
    return s.is_complex() ? Scalar(std::conj(s.as_complex())) : s;
}

void check_added(const char* operation, const Tensor& self, IntSpan shape, DType type) {
    check(expandable_to(self.sizes(), shape), operation, "(): input of shape ", self.sizes(),
          " does not broadcast to the product's shape ", shape);
    check(self.dtype() == type, operation, "(): self and mat2 must have the same dtype, but got ",
          type_name(self.dtype()), " and ", type_name(type));
}

// Integers are multiplied by whole numbers: the fraction is dropped.
Scalar factor_of(DType type, const Scalar& factor) {
    return is_integral(type, true) && !factor.is_integral() ? Scalar(factor.as_int()) : factor;
}

// beta * self + alpha * a @ b; a and b have matrices last, in equal batches.
Tensor add_product(const char* name, const char* operation, const Tensor& self, const Tensor& a,
                   const Tensor& b, const Scalar& beta, const Scalar& alpha) {
    const Dims shape = product_shape(operation, a, b);
    check_added(operation, self, shape, a.dtype());
    Tensor out = empty(shape, a.dtype(), a.device());
    multiply(out, a, b, {}, {self, factor_of(a.dtype(), beta), factor_of(a.dtype(), alpha)});
    return attach(name, out, {self, a, b}, {a, b}, [beta, alpha](Backward& ctx) {
        const Tensor& grad = ctx.grad();
        if (ctx.needs(0)) ctx.set(0, scaled(grad, conjugate_of(beta)));
        if (ctx.needs(1) || ctx.needs(2))
            product_gradient(ctx, 1, scaled(grad, conjugate_of(alpha)), ctx.saved(0), ctx.saved(1),
                             {});
    });
}

}  // namespace

Tensor product(const char* name, const Tensor& a, const Tensor& b, Conjugate conjugate) {
    if (info(a.dtype()).family == kFloat8)  // summed in float32
        return to(product(name, to(a, DType::Float32), to(b, DType::Float32), conjugate),
                  a.dtype());
    const Dims shape = product_shape("matmul", a, b);
    if (!is_complex(a.dtype())) conjugate = {};
    if (shape.size() > 2 + cpu::kMaxBatchDims && (too_deep(a) || too_deep(b))) {
        const IntSpan batch(shape.data(), shape.size() - 2);
        return reshape(product(name, flat_matrices(a, batch), flat_matrices(b, batch), conjugate),
                       shape);
    }
    Tensor out = empty(shape, a.dtype(), a.device());
    multiply(out, a, b, conjugate);
    const auto gradient = [conjugate](Backward& ctx) {
        product_gradient(ctx, 0, ctx.grad(), ctx.saved(0), ctx.saved(1), conjugate);
    };
    const auto along = [conjugate](const Forward& ctx) {
        const auto of = [&](const Tensor& a, const Tensor& b) {
            return a.defined() && b.defined() ? product("UnsafeViewBackward0", a, b, conjugate)
                                              : Tensor();
        };
        const Tensor first = of(ctx.tangent(0), ctx.saved(1));
        const Tensor second = of(ctx.saved(0), ctx.tangent(1));
        return first.defined() && second.defined() ? add(first, second)
               : first.defined()                   ? first
                                                   : second;
    };
    return attach(name, out, {a, b}, {a, b}, with_tangent_formula(gradient, along));
}

Tensor mm(const Tensor& self, const Tensor& mat2) {
    check_dim("mm", "self", self, 2);
    check_dim("mm", "mat2", mat2, 2);
    check_product("mm", self, mat2);
    return product("MmBackward0", self, mat2);
}

namespace {
void check_batches(const char* operation, const Tensor& a, const Tensor& b) {
    check_dim(operation, "batch1", a, 3);
    check_dim(operation, "batch2", b, 3);
    check(a.size(0) == b.size(0) && a.size(2) == b.size(1), operation,
          "(): Expected size for first two dimensions of batch2 tensor to be: [", a.size(0), ", ",
          a.size(2), "] but got: [", b.size(0), ", ", b.size(1), "].");
    check_types(operation, a, b);
}
}  // namespace

Tensor bmm(const Tensor& self, const Tensor& mat2) {
    check_batches("bmm", self, mat2);
    return product("BmmBackward0", self, mat2);
}

Tensor mv(const Tensor& self, const Tensor& vec) {
    check_dim("mv", "self", self, 2);
    check_dim("mv", "vec", vec, 1);
    check(self.size(1) == vec.size(0), "mv(): size mismatch, got input (", self.size(0), "), mat (",
          self.size(0), "x", self.size(1), "), vec (", vec.size(0), ")");
    check_types("mv", self, vec);
    Tensor out = empty({self.size(0)}, self.dtype(), self.device());
    multiply(as_column(out), self, as_column(vec));
    return attach("MvBackward0", out, {self, vec}, {self, vec}, [](Backward& ctx) {
        const Tensor self = ctx.saved(0), vec = ctx.saved(1);
        if (ctx.needs(0)) ctx.set(0, outer(ctx.grad(), conj(vec)));
        if (ctx.needs(1)) ctx.set(1, mv(mT(conj(self)), ctx.grad()));
    });
}

namespace {
Tensor dot_product(const char* operation, const char* name, const Tensor& a, const Tensor& b,
                   bool conjugate) {
    check(a.dim() == 1 && b.dim() == 1, operation, "(): 1D tensors expected, but got ", a.dim(),
          "D and ", b.dim(), "D tensors");
    check(a.dtype() == b.dtype(), operation,
          "(): expected both vectors to have same dtype, but found ", type_name(a.dtype()), " and ",
          type_name(b.dtype()));
    check(a.numel() == b.numel(), operation, "(): inconsistent tensor size, expected tensor ",
          a.sizes(), " and src ", b.sizes(), " to have the same number of elements, but got ",
          a.numel(), " and ", b.numel(), " elements respectively");
    if (a.dtype() == DType::Bool) raise_unsupported("dot", a.dtype());
    Tensor out = empty({}, a.dtype(), a.device());
    multiply(alias(out, {1, 1}, {1, 1}, out.offset()), as_row(a), as_column(b), {conjugate, false});
    return attach(name, out, {a, b}, {a, b}, [conjugate](Backward& ctx) {
        const Tensor &grad = ctx.grad(), a = ctx.saved(0), b = ctx.saved(1);
        if (ctx.needs(0)) ctx.set(0, conjugate ? mul(conj(grad), b) : mul(grad, conj(b)));
        if (ctx.needs(1)) ctx.set(1, mul(grad, conjugate ? a : conj(a)));
    });
}
}  // namespace

Tensor dot(const Tensor& self, const Tensor& tensor) {
    return dot_product("dot", "DotBackward0", self, tensor, false);
}
Tensor vdot(const Tensor& self, const Tensor& other) {
    return dot_product("vdot", "VdotBackward0", self, other, is_complex(self.dtype()));
}

Tensor matmul(const Tensor& self, const Tensor& other) {
    const int64_t dims = self.dim(), other_dims = other.dim();
    check(dims > 0 && other_dims > 0,
          "matmul(): both arguments to matmul need to be at least 1D, but they are ", dims,
          "D and ", other_dims, "D");
    if (dims == 2 && other_dims == 2) {
        check_product("matmul", self, other);
        return product("MmBackward0", self, other);
    }
    if (dims == 1 && other_dims == 1) return dot(self, other);
    if (dims == 2 && other_dims == 1) return mv(self, other);
    if (dims == 1) {
        const Tensor row = unsqueeze(self, 0);
        check_product("matmul", row, other);
        return squeeze_dims(
            product(other_dims == 2 ? "MmBackward0" : "UnsafeViewBackward0", row, other), {-2});
    }
    if (other_dims == 1) {
        const Tensor column = unsqueeze(other, 1);
        check_product("matmul", self, column);
        return squeeze_dims(product("UnsafeViewBackward0", self, column), {-1});
    }
    check(self.size(-1) == other.size(-2), "matmul(): mat1 and mat2 shapes cannot be multiplied (",
          self.size(-2), "x", self.size(-1), " and ", other.size(-2), "x", other.size(-1),
          "): the last two dimensions of ", self.sizes(), " and ", other.sizes(),
          " must fit as matrices");
    check_types("matmul", self, other);
    return product("UnsafeViewBackward0", self, other);
}

Tensor inner(const Tensor& self, const Tensor& other) {
    if (self.dim() == 0 || other.dim() == 0) return mul(self, other);
    check(self.size(-1) == other.size(-1),
          "inner(): inner() the last dimension must match on both input tensors but got shapes ",
          self.sizes(), " and ", other.sizes());
    if (self.dim() == 1 && other.dim() == 1) return dot(self, other);
    Dims shape(self.sizes().data(), self.sizes().size() - 1);
    for (size_t d = 0; d + 1 < other.sizes().size(); d++) shape.push_back(other.sizes()[d]);
    return reshape(mm(as_rows(self), mT(as_rows(other))), shape);
}

Tensor outer(const Tensor& self, const Tensor& vec2) {
    check(self.dim() == 1 && vec2.dim() == 1, "outer(): Expected 1-D arguments, but got ",
          self.dim(), "-D and ", vec2.dim(), "-D");
    return mul(unsqueeze(self, 1), vec2);
}

Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
             const Scalar& alpha) {
    check_dim("addmm", "mat1", mat1, 2);
    check_dim("addmm", "mat2", mat2, 2);
    check_product("addmm", mat1, mat2);
    return add_product("AddmmBackward0", "addmm", self, mat1, mat2, beta, alpha);
}

Tensor addmv(const Tensor& self, const Tensor& mat, const Tensor& vec, const Scalar& beta,
             const Scalar& alpha) {
    check_dim("addmv", "mat", mat, 2);
    check_dim("addmv", "vec", vec, 1);
    check(mat.size(1) == vec.size(0), "addmv(): size mismatch, got input ", self.sizes(), ", mat (",
          mat.size(0), "x", mat.size(1), "), vec (", vec.size(0), ")");
    check_types("addmv", mat, vec);
    check_added("addmv", self, {mat.size(0)}, mat.dtype());
    Tensor out = empty({mat.size(0)}, mat.dtype(), mat.device());
    const Dims row_shape{mat.size(0), 1};
    const Tensor added =
        alias(self, row_shape, {self.numel() == 1 ? 0 : self.stride(-1), 0}, self.offset());
    multiply(as_column(out), mat, as_column(vec), {},
             {added, factor_of(mat.dtype(), beta), factor_of(mat.dtype(), alpha)});
    return attach("AddmvBackward0", out, {self, mat, vec}, {mat, vec},
                  [beta, alpha](Backward& ctx) {
                      const Tensor mat = ctx.saved(0), vec = ctx.saved(1);
                      if (ctx.needs(0)) ctx.set(0, scaled(ctx.grad(), conjugate_of(beta)));
                      const Tensor grad = scaled(ctx.grad(), conjugate_of(alpha));
                      if (ctx.needs(1)) ctx.set(1, outer(grad, conj(vec)));
                      if (ctx.needs(2)) ctx.set(2, mv(mT(conj(mat)), grad));
                  });
}

Tensor addr(const Tensor& self, const Tensor& vec1, const Tensor& vec2, const Scalar& beta,
            const Scalar& alpha) {
    check_dim("addr", "vec1", vec1, 1);
    check_dim("addr", "vec2", vec2, 1);
    const Dims shape{vec1.size(0), vec2.size(0)};
    check(expandable_to(self.sizes(), shape), "addr(): input of shape ", self.sizes(),
          " does not broadcast to ", shape);
    const DType type = ResultType().add(self).add(vec1).add(vec2).get();
    check(
        !is_integral(type, true) || (beta.is_integral() && alpha.is_integral()),
        "addr(): For integral input tensors, argument alpha and beta must not be a floating point "
        "number.");
    const auto factor = [&](const Scalar& s) {
        return type == DType::Bool ? Scalar(s.as_bool()) : s;
    };
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        out = scaled(to(outer(vec1, vec2), type), factor(alpha));
        if (beta.as_complex() != 0.0) out = add(out, scaled(to(self, type), factor(beta)));
    }
    return attach("AddrBackward0", out, {self, vec1, vec2}, {vec1, vec2},
                  [beta, alpha](Backward& ctx) {
                      if (ctx.needs(0)) ctx.set(0, scaled(ctx.grad(), conjugate_of(beta)));
                      const Tensor grad = scaled(ctx.grad(), conjugate_of(alpha));
                      if (ctx.needs(1)) ctx.set(1, mv(grad, conj(ctx.saved(1))));
                      if (ctx.needs(2)) ctx.set(2, mv(mT(grad), conj(ctx.saved(0))));
                  });
}

Tensor baddbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
               const Scalar& alpha) {
    check_batches("baddbmm", batch1, batch2);
    return add_product("BaddbmmBackward0", "baddbmm", self, batch1, batch2, beta, alpha);
}

Tensor addbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
              const Scalar& alpha) {
    check_batches("addbmm", batch1, batch2);
    // The sum over the batch is the product's own sum once both are read as long matrices.
    const int64_t k = batch1.size(0) * batch1.size(2);
    const Tensor a = reshape(permute(batch1, {1, 0, 2}), {batch1.size(1), k});
    const Tensor b = reshape(batch2, {k, batch2.size(2)});
    return add_product("AddbmmBackward0", "addbmm", self, a, b, beta, alpha);
}

Tensor addbmm_(const Tensor& self, const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
               const Scalar& alpha) {
    const Tensor out = addbmm(self, batch1, batch2, beta, alpha);
    if (!(self.sizes() == out.sizes())) {
        check_inplace(self, "addbmm_");
        const GradModeGuard no_grad(false);
        resize_(self, out.sizes());
    }
    return copy_(self, out);
}

Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
    check(input.dim() > 0 && (weight.dim() == 2 || weight.dim() == 1),
          "linear(): input must have at least one dimension and weight must be a matrix (out, in), "
          "but got shapes ",
          input.sizes(), " and ", weight.sizes());
    if (weight.dim() == 1) {
        const Tensor out = matmul(input, weight);
        return bias.defined() ? add(out, bias) : out;
    }
    const int64_t features = weight.size(0), k = weight.size(1), dims = input.dim();
    check(input.size(-1) == k, "linear(): mat1 and mat2 shapes cannot be multiplied (",
          k == 0 || input.size(-1) == 0 ? 0 : input.numel() / input.size(-1), "x", input.size(-1),
          " and ", k, "x", features, "): the last dimension of input ", input.sizes(),
          " must be that of weight ", weight.sizes());
    check_types("linear", input, weight);
    Dims shape = input.sizes();
    shape.back() = features;
    if (bias.defined()) check_added("linear", bias, shape, input.dtype());
    Tensor out = empty(shape, input.dtype(), input.device());
    const Dims flat{dims == 1 ? 1 : numel_of({shape.data(), shape.size() - 1}), features};
    const bool plain = dims == 2;
    const auto strides = plain ? std::optional<Dims>(input.strides())
                               : view_strides(input.sizes(), input.strides(), {flat[0], k});
    const Tensor rows =
        strides ? alias(input, {flat[0], k}, *strides, input.offset()) : contiguous(detach(input));
    const Tensor matrix =
        strides ? (plain ? out : alias(out, flat, contiguous_strides(flat), 0)) : out;
    multiply(matrix, rows, swapped(weight), {}, {bias});
    const char* name = plain ? (bias.defined() ? "AddmmBackward0" : "MmBackward0")
                             : (bias.defined() ? "ViewBackward0" : "UnsafeViewBackward0");
    return attach(
        name, out, {input, weight, bias.defined() ? bias : Tensor()}, {input, weight},
        [](Backward& ctx) {
            const Tensor& grad = ctx.grad();
            const Tensor input = ctx.saved(0), weight = ctx.saved(1);
            const Tensor flowing = as_rows(grad);
            if (ctx.needs(0)) {
                const Tensor rows = product("MmBackward0", flowing, weight, {false, true});
                ctx.set(0, input.dim() == 2 ? rows : reshape(rows, input.sizes()));
            }
            if (ctx.needs(1)) {
                ctx.set(1, product("MmBackward0", mT(flowing), as_rows(input), {false, true}));
            }
            if (ctx.needs(2)) ctx.set(2, sum(flowing, IntSpan{0}, false, std::nullopt));
        });
}

Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight,
                const Tensor& bias) {
    check(input1.dim() == input2.dim() && input1.dim() > 0,
          "bilinear(): input dimensions do not "
          "match: got ",
          input1.dim(), " and ", input2.dim());
    for (int64_t d = 0; d + 1 < input1.dim(); d++)
        check(input1.size(d) == input2.size(d),
              "bilinear(): input batch dimensions do not match at dim ", d, ": got ",
              input1.size(d), " and ", input2.size(d));
    check(
        weight.dim() == 3 && input1.size(-1) == weight.size(1) && input2.size(-1) == weight.size(2),
        "bilinear(): weight must be (out, in1, in2) for inputs of last sizes ", input1.size(-1),
        " and ", input2.size(-1), ", but has shape ", weight.sizes());
    check(!bias.defined() || (bias.dim() == 1 && bias.size(0) == weight.size(0)),
          "bilinear(): bias size does not match weight size: got ",
          bias.defined() ? bias.sizes() : Dims(), " but expected [", weight.size(0), "]");
    const int64_t outputs = weight.size(0), n1 = weight.size(1), n2 = weight.size(2);
    const Tensor first = reshape(input1, {-1, n1}), second = reshape(input2, {-1, n2});
    // [rows, in1] @ [in1, out * in2], then each row's matrix with the second vector.
    const Tensor half = mm(first, reshape(permute(weight, {1, 0, 2}), {n1, outputs * n2}));
    const Tensor whole =
        squeeze_dims(bmm(reshape(half, {-1, outputs, n2}), unsqueeze(second, 2)), {2});
    Dims shape = input1.sizes();
    shape.back() = outputs;
    const Tensor out = reshape(whole, shape);
    return bias.defined() ? add(out, bias) : out;
}

Tensor multi_dot(const TensorList& tensors) {
    check(tensors.size() >= 2, "multi_dot(): expected at least 2 tensors but got ", tensors.size());
    TensorList chain = tensors;
    const bool row = chain[0].dim() == 1, column = chain.back().dim() == 1;
    if (row) chain[0] = unsqueeze(chain[0], 0);
    if (column) chain.back() = unsqueeze(chain.back(), 1);
    const size_t n = chain.size();
    std::vector<int64_t> sizes;
    for (size_t i = 0; i < n; i++) {
        check(chain[i].dim() == 2, "multi_dot(): tensor ", i, " must be 2D but got ",
              tensors[i].dim(), "D");
        check(i == 0 || chain[i].size(0) == chain[i - 1].size(1), "multi_dot(): tensors ", i - 1,
              " and ", i, " with shapes ", tensors[i ? i - 1 : 0].sizes(), " and ",
              tensors[i].sizes(), " cannot be multiplied");
        sizes.push_back(chain[i].size(0));
    }
    sizes.push_back(chain.back().size(1));
    // best[i][j]: the cheapest way to multiply i..j, and where it splits.
    std::vector<std::vector<double>> cost(n, std::vector<double>(n, 0.0));
    std::vector<std::vector<size_t>> split(n, std::vector<size_t>(n, 0));
    for (size_t length = 1; length < n; length++)
        for (size_t i = 0; i + length < n; i++) {
            const size_t j = i + length;
            cost[i][j] = std::numeric_limits<double>::infinity();
            for (size_t s = i; s < j; s++) {
                const double c = cost[i][s] + cost[s + 1][j] +
                                 double(sizes[i]) * double(sizes[s + 1]) * double(sizes[j + 1]);
                if (c < cost[i][j]) {
                    cost[i][j] = c;
                    split[i][j] = s;
                }
            }
        }
    const auto multiplied = [&](const auto& self, size_t i, size_t j) -> Tensor {
        if (i == j) return chain[i];
        return mm(self(self, i, split[i][j]), self(self, split[i][j] + 1, j));
    };
    Tensor out = multiplied(multiplied, 0, n - 1);
    if (row) out = squeeze_dims(out, {0});
    return column ? squeeze_dims(out, {-1}) : out;
}

Tensor chain_matmul(const TensorList& matrices) {
    check(!matrices.empty(), "chain_matmul(): Expected one or more matrices");
    for (const Tensor& m : matrices) check_dim("chain_matmul", "each operand", m, 2);
    return matrices.size() == 1 ? matrices[0] : multi_dot(matrices);
}

Tensor vector_product(const Tensor& self, const Tensor& other, int64_t dim) {
    dim = wrap_dim(dim, self.dim());
    check(self.sizes() == other.sizes() && self.dim() > 0 && self.size(dim) == 3 &&
              self.dtype() == other.dtype(),
          "cross(): ", self.sizes(), " and ", other.sizes(),
          " are no vectors of three along dimension ", dim);
    const Tensor out = empty(self.sizes(), self.dtype(), self.device());
    {
        const GradModeGuard no_grad(false);
        launch(vector_product_kernel, {out}, {contiguous(self), contiguous(other)},
               cpu::VectorDim{dim});
    }
    return attach("LinalgCrossBackward0", out, {self, other}, {self, other}, [dim](Backward& ctx) {
        if (ctx.needs(0)) ctx.set(0, vector_product(ctx.saved(1), ctx.grad(), dim));
        if (ctx.needs(1)) ctx.set(1, vector_product(ctx.grad(), ctx.saved(0), dim));
    });
}

}  // namespace kajo::ops
