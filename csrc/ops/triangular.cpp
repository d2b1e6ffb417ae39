#include "ops/triangular.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/shape.h"
#include "cpu/joining.h"
#include "ops/ops.h"

namespace kajo::ops {

static const Kernel triangle_kernel{"triangle", cpu::triangle, kComplexHalf};
static const Kernel triangle_indices_kernel{"triangle_indices", cpu::triangle_indices};

namespace {

Tensor triangle(const Tensor& self, int64_t diagonal, bool upper) {
    check(self.dim() >= 2, upper ? "triu" : "tril",
          "(): input tensor must have at least 2 dimensions, but got shape ", self.sizes());
    Tensor out = empty(self.sizes(), self.dtype(), self.device());
    {
        const GradModeGuard no_grad(false);
        // Beyond the matrix all diagonals are alike, and the sum with a row index cannot overflow.
        const int64_t reach = std::max(self.size(-1), self.size(-2)) + 1;
        launch(triangle_kernel, {out}, {contiguous(self)},
               cpu::Triangle{std::clamp(diagonal, -reach, reach), upper});
    }
    return attach(
        upper ? "TriuBackward0" : "TrilBackward0", out, {self}, {},
        [diagonal, upper](Backward& ctx) { ctx.set(0, triangle(ctx.grad(), diagonal, upper)); });
}

Tensor triangle_indices(int64_t rows, int64_t columns, int64_t offset, bool upper,
                        std::optional<DType> dtype) {
    check(rows >= 0 && columns >= 0, upper ? "triu_indices" : "tril_indices",
          "(): row and col must be non-negative, got ", rows, " and ", columns);
    const int64_t reach = std::max(rows, columns) + 1;
    const int64_t diagonal = std::clamp(offset, -reach, reach);
    int64_t count = 0;
    for (int64_t r = 0; r < rows; r++) {
        const int64_t edge = std::clamp<int64_t>(r + diagonal + (upper ? 0 : 1), 0, columns);
        count += upper ? columns - edge : edge;
    }
    const Tensor out = empty({2, count}, DType::Int64);
    launch(triangle_indices_kernel, {out}, {}, cpu::TriangleShape{rows, columns, diagonal, upper});
    return to(out, dtype.value_or(DType::Int64));
}

// Writes into a part of a contiguous copy; `part` takes the same view of any tensor of that shape.
template <class Part>
Tensor write_part(const char* name, const char* operation, const Tensor& self, const Tensor& src,
                  Part part) {
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        out = clone(self);
        const Tensor target = part(out);
        check(target.sizes() == src.sizes(), operation,
              "(): expected src to have a size equal to the slice of self. src size = ",
              src.sizes(), ", slice size = ", target.sizes());
        copy_raw(target, src);
    }
    return attach(name, out, {self, src}, {}, [part](Backward& ctx) {
        if (ctx.needs(0)) {
            const Tensor g = clone(ctx.grad());
            fill_(part(g), Scalar(0));
            ctx.set(0, g);
        }
        if (ctx.needs(1)) ctx.set(1, part(ctx.grad()));
    });
}

}  // namespace

Tensor tril(const Tensor& self, int64_t diagonal) { return triangle(self, diagonal, false); }
Tensor triu(const Tensor& self, int64_t diagonal) { return triangle(self, diagonal, true); }
Tensor tril_indices(int64_t row, int64_t col, int64_t offset, std::optional<DType> dtype) {
    return triangle_indices(row, col, offset, false, dtype);
}
Tensor triu_indices(int64_t row, int64_t col, int64_t offset, std::optional<DType> dtype) {
    return triangle_indices(row, col, offset, true, dtype);
}

Tensor diag(const Tensor& self, int64_t diagonal_) {
    check(self.dim() == 1 || self.dim() == 2, "diag(): Supports 1D or 2D tensors. Got ", self.dim(),
          "D");
    return self.dim() == 1 ? diag_embed(self, diagonal_, 0, 1)
                           : clone(diagonal(self, diagonal_, 0, 1), MemoryFormat::Contiguous);
}

Tensor diag_embed(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
    const int64_t ndim = self.dim() + 1;
    const int64_t a = wrap_dim(dim1, ndim), b = wrap_dim(dim2, ndim);
    check(a != b, "diag_embed(): diagonal dimensions cannot be identical ", dim1, ", ", dim2);
    check(self.dim() >= 1, "diag_embed(): expected at least a vector, but got a 0-d tensor");
    const int64_t length = self.size(-1) + std::abs(offset);
    Dims sizes;
    for (int64_t d = 0, from = 0; d < ndim; d++)
        sizes.push_back(d == a || d == b ? length : self.size(from++));
    const Tensor out = zeros(sizes, self.dtype(), self.device());
    {
        const GradModeGuard no_grad(false);
        copy_raw(diagonal(out, offset, a, b), self);
    }
    return attach("DiagEmbedBackward0", out, {self}, {}, [offset, a, b](Backward& ctx) {
        ctx.set(0, diagonal(ctx.grad(), offset, a, b));
    });
}

Tensor diagflat(const Tensor& self, int64_t offset) { return diag(reshape(self, {-1}), offset); }

Tensor diagonal_scatter(const Tensor& self, const Tensor& src, int64_t offset, int64_t dim1,
                        int64_t dim2) {
    return write_part("DiagonalScatterBackward0", "diagonal_scatter", self, src,
                      [=](const Tensor& t) { return diagonal(t, offset, dim1, dim2); });
}
Tensor select_scatter(const Tensor& self, const Tensor& src, int64_t dim, int64_t index) {
    return write_part("SelectScatterBackward0", "select_scatter", self, src,
                      [=](const Tensor& t) { return select(t, dim, index); });
}
Tensor slice_scatter(const Tensor& self, const Tensor& src, int64_t dim,
                     std::optional<int64_t> start, std::optional<int64_t> end, int64_t step) {
    return write_part("SliceScatterBackward0", "slice_scatter", self, src,
                      [=](const Tensor& t) { return slice(t, dim, start, end, step); });
}

}  // namespace kajo::ops
