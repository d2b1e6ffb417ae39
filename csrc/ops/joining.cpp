#include "ops/joining.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/promotion.h"
#include "core/shape.h"
#include "cpu/joining.h"
#include "ops/cumulative.h"
#include "ops/indexing.h"
#include "ops/ops.h"
#include "ops/reduction.h"

namespace kajo::ops {

static const Kernel cat_kernel{"cat", cpu::cat, kMoved};
static const Kernel flip_kernel{"flip", cpu::flip};
static const Kernel repeat_sources_kernel{"repeat_interleave", cpu::repeat_sources};

namespace {

struct None {};

bool is_legacy_empty(const Tensor& t) { return t.dim() == 1 && t.numel() == 0; }

DType joined_type(const TensorList& tensors) {
    ResultType type;
    for (const Tensor& t : tensors) type.add(t);
    return type.get();
}

// The sizes of the parts along `dim`, and of the whole.
struct Joined {
    Dims result;
    std::vector<int64_t> lengths;  // -1: skipped
    int64_t dim = 0;
};

Joined joined_shape(const TensorList& tensors, int64_t dim) {
    Joined joined;
    const Tensor* first = nullptr;
    for (size_t i = 0; i < tensors.size(); i++) {
        check(tensors[i].dim() != 0, "cat(): zero-dimensional tensor (at position ", i,
              ") cannot be concatenated; use stack");
        if (!first && !is_legacy_empty(tensors[i])) first = &tensors[i];
    }
    if (!first) first = &tensors[0];
    joined.dim = wrap_dim(dim, first->dim());
    joined.result = first->sizes();
    const auto at = static_cast<size_t>(joined.dim);
    joined.result[at] = 0;
    for (size_t i = 0; i < tensors.size(); i++) {
        const Tensor& t = tensors[i];
        if (is_legacy_empty(t) && first->dim() != 1) {
            joined.lengths.push_back(-1);
            continue;
        }
        check(t.dim() == first->dim(), "cat(): Tensors must have same number of dimensions: got ",
              first->dim(), " and ", t.dim());
        for (size_t d = 0; d < joined.result.size(); d++)
            check(d == at || t.sizes()[d] == joined.result[d],
                  "cat(): Sizes of tensors must match except in dimension ", joined.dim,
                  ". Expected size ", joined.result[d], " but got size ", t.sizes()[d],
                  " for tensor number ", i, " in the list.");
        joined.result[at] += t.sizes()[at];
        joined.lengths.push_back(t.sizes()[at]);
    }
    return joined;
}

// Contiguous from `dim` on, and equally spaced along the dimensions before.
bool is_in_rows(const Tensor& t, size_t dim) {
    int64_t run = 1, step = -1;
    for (size_t d = t.sizes().size(); d-- > 0;) {
        const int64_t size = t.sizes()[d], stride = t.strides()[d];
        if (size == 1) continue;
        if (d >= dim ? stride != run : step >= 0 && stride != step) return false;
        if (d >= dim)
            run *= size;
        else
            step = stride * size;
    }
    return true;
}

void join(const Tensor& out, const TensorList& tensors, const Joined& joined) {
    const GradModeGuard no_grad(false);
    TensorList parts;
    bool plain = true;
    for (size_t i = 0; i < tensors.size(); i++) {
        if (joined.lengths[i] <= 0) continue;
        parts.push_back(tensors[i]);
        plain &= tensors[i].dtype() == out.dtype() &&
                 is_in_rows(tensors[i], static_cast<size_t>(joined.dim));
    }
    if (plain) return launch(cat_kernel, {&out, 1}, parts, cpu::JoinedDim{joined.dim});
    Dims sizes = out.sizes();
    int64_t offset = 0;
    const auto at = static_cast<size_t>(joined.dim);
    for (const Tensor& part : parts) {
        sizes[at] = part.sizes()[at];
        copy_raw(alias(out, sizes, out.strides(), offset), part);
        offset += part.sizes()[at] * out.strides()[at];
    }
}

}  // namespace

Tensor cat(const TensorList& tensors, int64_t dim) {
    check_value(!tensors.empty(), "cat(): expected a non-empty list of Tensors");
    const Joined joined = joined_shape(tensors, dim);
    Tensor out = empty(joined.result, joined_type(tensors), tensors[0].device());
    if (out.numel() != 0) join(out, tensors, joined);
    return attach("CatBackward0", out, tensors, {},
                  [dim = joined.dim, lengths = joined.lengths](Backward& ctx) {
                      int64_t at = 0;
                      for (size_t i = 0; i < lengths.size(); i++) {
                          if (ctx.needs(i))
                              ctx.set(i, lengths[i] < 0 ? zeros({0}, ctx.grad().dtype())
                                                        : narrow(ctx.grad(), dim, at, lengths[i]));
                          at += std::max<int64_t>(lengths[i], 0);
                      }
                  });
}

Tensor stack(const TensorList& tensors, int64_t dim) {
    check(!tensors.empty(), "stack(): expects a non-empty TensorList");
    dim = wrap_dim(dim, tensors[0].dim() + 1);
    TensorList widened;
    for (size_t i = 0; i < tensors.size(); i++) {
        const Tensor& t = tensors[i];
        check(t.sizes() == tensors[0].sizes(),
              "stack(): expects each tensor to be equal size, but got ", tensors[0].sizes(),
              " at entry 0 and ", t.sizes(), " at entry ", i);
        Dims sizes = t.sizes(), strides = t.strides();
        sizes.insert(static_cast<size_t>(dim), 1);
        strides.insert(static_cast<size_t>(dim), 1);
        widened.push_back(alias(t, sizes, strides, t.offset()));
    }
    const Joined joined = joined_shape(widened, dim);
    Tensor out = empty(joined.result, joined_type(tensors), tensors[0].device());
    if (out.numel() != 0) join(out, widened, joined);
    return attach("StackBackward0", out, tensors, {}, [dim, n = tensors.size()](Backward& ctx) {
        for (size_t i = 0; i < n; i++)
            if (ctx.needs(i)) ctx.set(i, select(ctx.grad(), dim, static_cast<int64_t>(i)));
    });
}

namespace {

// Leading dimensions are added until there are `dims`; a third one goes last, as NumPy does.
Tensor at_least(const Tensor& t, int64_t dims) {
    if (t.dim() >= dims) return t;
    if (t.dim() == 0) return reshape(t, Dims(static_cast<size_t>(dims), 1));
    if (dims == 2) return unsqueeze(t, 0);
    return t.dim() == 1 ? unsqueeze(unsqueeze(t, 0), 2) : unsqueeze(t, 2);
}

TensorList all_at_least(const TensorList& tensors, int64_t dims, const char* operation) {
    check(!tensors.empty(), operation, "(): expects a non-empty TensorList");
    TensorList out;
    for (const Tensor& t : tensors) out.push_back(at_least(t, dims));
    return out;
}

}  // namespace

Tensor hstack(const TensorList& tensors) {
    const TensorList parts = all_at_least(tensors, 1, "hstack");
    return cat(parts, parts[0].dim() == 1 ? 0 : 1);
}
Tensor vstack(const TensorList& tensors) { return cat(all_at_least(tensors, 2, "vstack"), 0); }
Tensor dstack(const TensorList& tensors) { return cat(all_at_least(tensors, 3, "dstack"), 2); }

Tensor column_stack(const TensorList& tensors) {
    check(!tensors.empty(), "column_stack(): expects a non-empty TensorList");
    TensorList columns;
    for (const Tensor& t : tensors)
        columns.push_back(t.dim() <= 1 ? reshape(t, {t.numel(), 1}) : t);
    return cat(columns, 1);
}

Tensor block_diag(const TensorList& tensors) {
    if (tensors.empty()) return empty({1, 0}, default_dtype());
    int64_t rows = 0, columns = 0;
    TensorList blocks;
    for (size_t i = 0; i < tensors.size(); i++) {
        check(tensors[i].dim() <= 2,
              "block_diag(): Input tensors must have 2 or fewer dimensions. Input ", i, " has ",
              tensors[i].dim(), " dimensions");
        blocks.push_back(at_least(tensors[i], 2));
        rows += blocks.back().size(0);
        columns += blocks.back().size(1);
    }
    Tensor out = zeros({rows, columns}, joined_type(tensors), tensors[0].device());
    std::vector<Dims> sizes;
    int64_t row = 0, column = 0;
    for (size_t i = 0; i < blocks.size(); i++) {
        const GradModeGuard no_grad(false);
        const Tensor& b = blocks[i];
        sizes.push_back(b.sizes());
        copy_raw(narrow(narrow(out, 0, row, b.size(0)), 1, column, b.size(1)), b);
        row += b.size(0);
        column += b.size(1);
    }
    return attach("BlockDiagBackward0", out, blocks, {}, [sizes](Backward& ctx) {
        int64_t row = 0, column = 0;
        for (size_t i = 0; i < sizes.size(); i++) {
            if (ctx.needs(i))
                ctx.set(i, narrow(narrow(ctx.grad(), 0, row, sizes[i][0]), 1, column, sizes[i][1]));
            row += sizes[i][0];
            column += sizes[i][1];
        }
    });
}

TensorList meshgrid(const TensorList& tensors, std::optional<std::string_view> indexing) {
    check(!tensors.empty(), "meshgrid(): expects a non-empty TensorList");
    const std::string_view order = indexing.value_or("ij");
    check(order == "ij" || order == "xy",
          "meshgrid(): indexing must be one of \"xy\" or \"ij\", but received: ", order);
    Dims shape;
    for (const Tensor& t : tensors) {
        check(t.dim() <= 1,
              "meshgrid(): Expected 0D or 1D tensor in the tensor list but got shape ", t.sizes());
        check(t.dtype() == tensors[0].dtype(),
              "meshgrid(): expects all tensors to have the same dtype, but got ", t.dtype(),
              " and ", tensors[0].dtype());
        shape.push_back(t.numel());
    }
    const bool swapped = order == "xy" && tensors.size() >= 2;
    if (swapped) std::swap(shape[0], shape[1]);
    TensorList out;
    for (size_t i = 0; i < tensors.size(); i++) {
        Dims own(shape.size(), 1);
        own[swapped && i < 2 ? 1 - i : i] = tensors[i].numel();
        out.push_back(expand(view(tensors[i], own), shape));
    }
    return out;
}

Tensor repeat(const Tensor& self, IntSpan repeats) {
    check(static_cast<int64_t>(repeats.size()) >= self.dim(),
          "repeat(): Number of dimensions of repeat dims can not be smaller than number of "
          "dimensions "
          "of tensor: got ",
          repeats, " for shape ", self.sizes());
    const size_t extra = repeats.size() - self.sizes().size();
    Dims result, split, from_sizes, from_strides, summed;
    for (size_t d = 0; d < repeats.size(); d++) {
        const int64_t size = d < extra ? 1 : self.sizes()[d - extra];
        check(repeats[d] >= 0, "repeat(): Trying to create tensor with negative dimension ",
              repeats[d] * size, ": repeats are ", repeats);
        result.push_back(size * repeats[d]);
        summed.push_back(static_cast<int64_t>(split.size()));
        split.push_back(repeats[d]);
        split.push_back(size);
        from_strides.push_back(0);
        from_strides.push_back(d < extra ? 0 : self.strides()[d - extra]);
    }
    Tensor out = empty(result, self.dtype(), self.device());
    if (out.numel() != 0)
        copy_raw(alias(out, split, contiguous_strides(split), 0),
                 alias(self, split, from_strides, self.offset()));
    return attach(
        "RepeatBackward0", out, {self}, {},
        [split, summed, never = numel_of(repeats) == 0, sizes = self.sizes()](Backward& ctx) {
            if (never) return ctx.set(0, zeros(sizes, ctx.grad().dtype(), ctx.grad().device()));
            if (summed.empty()) return ctx.set(0, ctx.grad());
            ctx.set(0,
                    reshape(sum(reshape(ctx.grad(), split), summed, false, std::nullopt), sizes));
        });
}

Tensor tile(const Tensor& self, IntSpan dims) {
    Dims repeats = dims.dims();
    while (static_cast<int64_t>(repeats.size()) < self.dim()) repeats.insert(0, 1);
    return repeat(self, repeats);
}

Tensor repeat_interleave_sources(const Tensor& repeats, std::optional<int64_t> output_size) {
    check(repeats.dim() <= 1,
          "repeat_interleave(): only accept 1D vector as repeat, but got shape ", repeats.sizes());
    check(repeats.dtype() == DType::Int64 || repeats.dtype() == DType::Int32,
          "repeat_interleave(): repeats has to be Long or Int tensor, but got ", repeats.dtype());
    const GradModeGuard no_grad(false);
    const Tensor counts = reshape(repeats, {-1});
    if (counts.numel() == 0) return empty({0}, repeats.dtype());
    check(item(min_all(counts)).as_int() >= 0, "repeat_interleave(): repeats can not be negative");
    const Tensor ends = cumsum(to(counts, DType::Int64), 0, std::nullopt);
    const int64_t total = item(select(ends, 0, -1)).as_int();
    check(!output_size || *output_size == total,
          "repeat_interleave(): allocated size does not match required size: output_size is ",
          output_size.value_or(0), ", the repeats add up to ", total);
    const Tensor out = empty({total}, DType::Int64);
    launch(repeat_sources_kernel, {out}, {ends}, None{});
    return to(out, repeats.dtype());
}

Tensor repeat_interleave_each(const Tensor& self, const Tensor& repeats, std::optional<int64_t> dim,
                              std::optional<int64_t> output_size) {
    const Tensor input = dim ? (self.dim() == 0 ? reshape(self, {1}) : self) : reshape(self, {-1});
    const int64_t d = wrap_dim(dim.value_or(0), input.dim());
    Tensor counts = repeats;
    if (counts.dim() == 0 || (counts.dim() == 1 && counts.size(0) == 1))
        counts = expand(reshape(counts, {1}), {input.size(d)});
    check(counts.dim() != 1 || counts.size(0) == input.size(d),
          "repeat_interleave(): repeats must have the same size as input along dim, but got "
          "repeats.size(0) = ",
          counts.dim() == 1 ? counts.size(0) : 0, " and input.size(", d, ") = ", input.size(d));
    return index_select(input, d, repeat_interleave_sources(counts, output_size));
}

Tensor repeat_interleave(const Tensor& self, int64_t repeats, std::optional<int64_t> dim,
                         std::optional<int64_t> output_size) {
    check(repeats >= 0, "repeat_interleave(): Repeats must be non-negative, but got ", repeats);
    const Tensor input = dim ? (self.dim() == 0 ? reshape(self, {1}) : self) : reshape(self, {-1});
    const int64_t d = wrap_dim(dim.value_or(0), input.dim());
    check(!output_size || *output_size == repeats * input.size(d),
          "repeat_interleave(): allocated size does not match required size");
    Dims wide = input.sizes(), result = input.sizes();
    wide.insert(static_cast<size_t>(d) + 1, repeats);
    result[static_cast<size_t>(d)] *= repeats;
    const Tensor repeated = expand(unsqueeze(input, d + 1), wide);
    return view(clone(repeated, MemoryFormat::Contiguous), result);
}

Tensor kron(const Tensor& self, const Tensor& other) {
    const auto n = static_cast<size_t>(std::max(self.dim(), other.dim()));
    Dims a(2 * n, 1), b(2 * n, 1), result(n, 1);
    const auto place = [n](const Tensor& t, Dims& wide, Dims& total, size_t shift) {
        const size_t extra = n - t.sizes().size();
        for (size_t d = extra; d < n; d++) {
            wide[2 * d + shift] = t.sizes()[d - extra];
            total[d] *= t.sizes()[d - extra];
        }
    };
    place(self, a, result, 0);
    place(other, b, result, 1);
    return reshape(mul(reshape(self, a), reshape(other, b)), result);
}

namespace {

// Rolls one dimension: the tail comes to the front.
Tensor roll_dim(const Tensor& self, int64_t dim, int64_t shift) {
    const int64_t size = self.size(dim), head = ((shift % size) + size) % size;
    return cat({narrow(self, dim, size - head, head), narrow(self, dim, 0, size - head)}, dim);
}

Tensor roll_flat(const Tensor& self, int64_t shift) {
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        out = view(roll(reshape(self, {-1}), {shift}, {0}), self.sizes());
    }
    return attach("RollBackward0", out, {self}, {},
                  [shift](Backward& ctx) { ctx.set(0, roll_flat(ctx.grad(), -shift)); });
}

}  // namespace

Tensor roll(const Tensor& self, IntSpan shifts, IntSpan dims) {
    check(!shifts.empty(), "roll(): `shifts` required");
    if (dims.empty() && shifts.size() == 1) return roll_flat(self, shifts[0]);
    check(shifts.size() == dims.size(),
          "roll(): shifts and dimensions must align. shifts: ", shifts.size(),
          ", dims:", dims.size());
    check_index(self.dim() != 0, "roll(): Dimension specified as ", dims[0],
                " but tensor has no dimensions");
    Dims wrapped;
    for (const int64_t d : dims) wrapped.push_back(wrap_dim(d, self.dim()));
    Tensor out = self;
    {
        const GradModeGuard no_grad(false);
        for (size_t i = 0; i < wrapped.size() && self.numel() != 0; i++)
            out = roll_dim(out, wrapped[i], shifts[i]);
        if (self.numel() == 0) out = clone(self);
    }
    Dims back = shifts.dims();
    for (int64_t& s : back) s = -s;
    return attach("RollBackward0", out, {self}, {},
                  [back, wrapped](Backward& ctx) { ctx.set(0, roll(ctx.grad(), back, wrapped)); });
}

Tensor flip(const Tensor& self, IntSpan dims) {
    const Dims wrapped = wrap_dims(dims, self.dim(), "flip");
    cpu::FlippedDims flipped{0};
    for (const int64_t d : wrapped) flipped.mask |= self.dim() == 0 ? 0 : uint64_t{1} << d;
    Tensor out = empty_like(self);
    launch(flip_kernel, {out}, {self}, flipped);
    return attach("FlipBackward0", out, {self}, {},
                  [wrapped](Backward& ctx) { ctx.set(0, flip(ctx.grad(), wrapped)); });
}
Tensor fliplr(const Tensor& self) {
    check(self.dim() >= 2, "fliplr(): Input must be >= 2-d, but got shape ", self.sizes());
    return flip(self, {1});
}
Tensor flipud(const Tensor& self) {
    check(self.dim() >= 1, "flipud(): Input must be >= 1-d.");
    return flip(self, {0});
}

Tensor rot90(const Tensor& self, int64_t k, IntSpan dims) {
    check(dims.size() == 2,
          "rot90(): expected total rotation dims == 2, but got dims = ", dims.size());
    check(self.dim() >= 2, "rot90(): expected total dims >= 2, but got total dims = ", self.dim());
    check(dims[0] != dims[1] && std::abs(dims[0] - dims[1]) != self.dim(),
          "rot90(): expected rotation dims to be different, but got dim0 = ", dims[0],
          " and dim1 = ", dims[1]);
    const int64_t a = wrap_dim(dims[0], self.dim()), b = wrap_dim(dims[1], self.dim());
    const int64_t turns = ((k % 4) + 4) % 4;
    Tensor out;
    {
        const GradModeGuard no_grad(false);
        if (turns == 0)
            out = clone(self, MemoryFormat::Contiguous);
        else if (turns == 2)
            out = flip(self, {a, b});
        else
            out = transpose(flip(self, {turns == 1 ? b : a}), a, b);
    }
    return attach("Rot90Backward0", out, {self}, {},
                  [turns, a, b](Backward& ctx) { ctx.set(0, rot90(ctx.grad(), -turns, {a, b})); });
}

}  // namespace kajo::ops
