#include "ops/views.h"

#include <numeric>

#include "autograd/attach.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/indexing.h"
#include "ops/joining.h"
#include "ops/pointwise.h"
#include "ops/reduction.h"

namespace kajo::ops {

namespace {

size_t at(int64_t d) { return static_cast<size_t>(d); }

// Gradients of cut-outs: zeros with the gradient written into the same cut-out.
template <class Cut>
Tensor embed(const Tensor& grad, IntSpan sizes, Cut cut) {
    Tensor whole = zeros(sizes, grad.dtype(), grad.device());
    if (!is_differentiating()) {
        copy_raw(cut(whole), grad);
        return whole;
    }
    copy_(cut(whole), grad);
    return whole;
}

}  // namespace

Tensor view(const Tensor& self, IntSpan size) {
    const Dims sizes = infer_size(size, self.numel());
    const auto strides = view_strides(self.sizes(), self.strides(), sizes);
    check(strides.has_value(),
          "view size is not compatible with input tensor's size and stride (at least one dimension "
          "spans across two contiguous subspaces): sizes ",
          self.sizes(), ", strides ", self.strides(), ", asked for ", size,
          ". Use .reshape(...) instead.");
    return attach_view(
        "ViewBackward0", self, alias(self, sizes, *strides, self.offset()),
        [from = self.sizes()](Backward& ctx) { ctx.set(0, reshape(ctx.grad(), from)); });
}

Tensor as_view(const Tensor& self) {
    return attach_view("AliasBackward0", self, alias(self),
                       [](Backward& ctx) { ctx.set(0, ctx.grad()); });
}

Tensor view_dtype(const Tensor& self, DType dtype) {
    const int64_t from = self.item_size(), to = item_size(dtype);
    Dims sizes = self.sizes(), strides = self.strides();
    int64_t offset = self.offset();
    if (from != to) {
        check(self.dim() > 0, "view(): self.dim() cannot be 0 to view ", self.dtype(), " as ",
              dtype, " (different element sizes)");
        check(strides.back() == 1, "view(): self.stride(-1) must be 1 to view ", self.dtype(),
              " as ", dtype, " (different element sizes), but got ", strides.back());
        const int64_t ratio_up = from / to, ratio_down = to / from;
        for (size_t i = 0; i + 1 < strides.size(); i++) {
            check(ratio_down <= 1 || strides[i] % ratio_down == 0, "view(): self.stride(", i,
                  ") must be divisible by ", ratio_down, " to view ", self.dtype(), " as ", dtype,
                  ", but got ", strides[i]);
            strides[i] = from > to ? strides[i] * ratio_up : strides[i] / ratio_down;
        }
        check(from > to || (sizes.back() % ratio_down == 0 && offset % ratio_down == 0),
              "view(): self.size(-1) must be divisible by ", ratio_down, " to view ", self.dtype(),
              " as ", dtype, ", but got ", sizes.back());
        sizes.back() = from > to ? sizes.back() * ratio_up : sizes.back() / ratio_down;
        offset = from > to ? offset * ratio_up : offset / ratio_down;
    }
    Tensor out = alias(self, sizes, strides, offset);
    out.impl()->dtype = dtype;
    mark_view(self, out, ViewOrigin::Default,
              [dtype](const Tensor& base) { return view_dtype(base, dtype); });
    return out;
}

Tensor reshape(const Tensor& self, IntSpan shape) {
    const Dims sizes = infer_size(shape, self.numel());
    if (const auto strides = view_strides(self.sizes(), self.strides(), sizes))
        return view(self, sizes);
    return view(clone(self, MemoryFormat::Contiguous), sizes);
}

Tensor permute(const Tensor& self, IntSpan dims) {
    check(dims.size() == at(self.dim()),
          "permute(sparse_coo): number of dimensions in the tensor input does not match the length "
          "of "
          "the desired ordering of dimensions i.e. input.dim() = ",
          self.dim(), " is not equal to len(dims) = ", dims.size());
    const Dims order = wrap_dims(dims, self.dim(), "permute");
    Dims sizes(order.size()), strides(order.size());
    Dims inverse(order.size());
    for (size_t i = 0; i < order.size(); i++) {
        sizes[i] = self.sizes()[at(order[i])];
        strides[i] = self.strides()[at(order[i])];
        inverse[at(order[i])] = static_cast<int64_t>(i);
    }
    return attach_view("PermuteBackward0", self, alias(self, sizes, strides, self.offset()),
                       [inverse](Backward& ctx) { ctx.set(0, permute(ctx.grad(), inverse)); });
}

Tensor transpose(const Tensor& self, int64_t dim0, int64_t dim1) {
    const int64_t a = wrap_dim(dim0, self.dim()), b = wrap_dim(dim1, self.dim());
    Dims sizes = self.sizes(), strides = self.strides();
    if (self.dim() > 0) {
        std::swap(sizes[at(a)], sizes[at(b)]);
        std::swap(strides[at(a)], strides[at(b)]);
    }
    return attach_view("TransposeBackward0", self, alias(self, sizes, strides, self.offset()),
                       [a, b](Backward& ctx) { ctx.set(0, transpose(ctx.grad(), a, b)); });
}

Tensor t(const Tensor& self) {
    check(self.dim() <= 2, "t() expects a tensor with <= 2 dimensions, but self is ", self.dim(),
          "D");
    Dims sizes = self.sizes(), strides = self.strides();
    if (self.dim() == 2) {
        std::swap(sizes[0], sizes[1]);
        std::swap(strides[0], strides[1]);
    }
    return attach_view("TBackward0", self, alias(self, sizes, strides, self.offset()),
                       [](Backward& ctx) { ctx.set(0, t(ctx.grad())); });
}

Tensor mT(const Tensor& self) {
    check(self.dim() >= 2, "tensor.mT is only supported on matrices or batches of matrices. Got ",
          self.dim(), "-D tensor.");
    return transpose(self, -2, -1);
}

Tensor numpy_T(const Tensor& self) {
    Dims order(at(self.dim()));
    for (size_t i = 0; i < order.size(); i++) order[i] = self.dim() - 1 - static_cast<int64_t>(i);
    return permute(self, order);
}

Tensor expand(const Tensor& self, IntSpan size, bool) {
    check(size.size() >= at(self.dim()), "expand(", self.sizes(), ", size=", size,
          "): the number of sizes provided (", size.size(),
          ") must be greater or equal to the number of dimensions in the tensor (", self.dim(),
          ")");
    const size_t lead = size.size() - at(self.dim());
    Dims sizes = size.dims(), strides(size.size());
    for (size_t i = 0; i < size.size(); i++) {
        if (i < lead) {
            check(size[i] >= 0, "expand(): The expanded size of the tensor (", size[i],
                  ") isn't allowed in a leading, non-existing dimension ", i);
            continue;
        }
        const int64_t have = self.sizes()[i - lead];
        if (size[i] == -1 || size[i] == have) {
            sizes[i] = have;
            strides[i] = self.strides()[i - lead];
        } else {
            check(have == 1, "expand(): The expanded size of the tensor (", size[i],
                  ") must match the existing size (", have, ") at non-singleton dimension ", i,
                  ".  Target sizes: ", size, ".  Tensor sizes: ", self.sizes());
            check(size[i] >= 0, "expand(): negative size in ", size);
        }
    }
    (void)numel_of(sizes);
    return attach_view(
        "ExpandBackward0", self, alias(self, sizes, strides, self.offset()),
        [from = self.sizes()](Backward& ctx) { ctx.set(0, sum_to_size(ctx.grad(), from)); });
}

namespace {

// Adds a gradient laid out by strides into the elements that those strides reach. Where the layout
// overlaps itself contributions add up; where the input overlaps itself they are shared out evenly.
Tensor as_strided_backward(const Tensor& grad, IntSpan in_sizes, IntSpan in_strides,
                           int64_t in_offset, IntSpan sizes, IntSpan strides, int64_t offset) {
    const int64_t base = std::min(in_offset, offset);
    const int64_t in_reach = in_offset - base + extent_of(in_sizes, in_strides);
    const int64_t reach = offset - base + extent_of(sizes, strides);
    const int64_t length = std::max<int64_t>(std::max(in_reach, reach), 0);
    const Tensor places =
        arange(Scalar(int64_t{0}), Scalar(length), Scalar(int64_t{1}), DType::Int64);
    auto flat = [&](IntSpan z, IntSpan s, int64_t o) {
        return reshape(alias(places, z, s, o - base), {-1});
    };
    Tensor line = zeros({length}, grad.dtype(), grad.device());
    if (grad.numel())
        line = index_add(line, 0, flat(sizes, strides, offset), reshape(grad, {-1}), 1);
    const Tensor in_places = flat(in_sizes, in_strides, in_offset);
    Tensor picked = reshape(index_select(line, 0, in_places), in_sizes);
    bool overlaps = false;
    for (size_t i = 0; i < in_sizes.size(); i++) overlaps |= in_strides[i] == 0 && in_sizes[i] > 1;
    if (overlaps) {
        const Tensor count = index_add(zeros({length}, grad.dtype(), grad.device()), 0, in_places,
                                       ones({in_places.numel()}, grad.dtype(), grad.device()), 1);
        picked = div(picked, reshape(index_select(count, 0, in_places), in_sizes));
    }
    return picked;
}

}  // namespace

Tensor as_strided(const Tensor& self, IntSpan size, IntSpan stride, std::optional<int64_t> offset) {
    const int64_t start = offset.value_or(self.offset());
    check(size.size() == stride.size(),
          "as_strided(): mismatch in length of strides and shape: size ", size, ", stride ",
          stride);
    for (int64_t s : stride)
        check(s >= 0,
              "as_strided(): Negative strides are not supported at the moment, got strides: ",
              stride);
    check(start >= 0, "as_strided(): Tensor: invalid storage offset ", start);
    (void)numel_of(size);
    const int64_t extent = extent_of(size, stride);
    int64_t reach;
    check(!__builtin_add_overflow(extent, start, &reach), "as_strided(): storage offset too large");
    const auto room = static_cast<int64_t>(self.storage()->bytes()) / self.item_size();
    check(extent == 0 || reach <= room, "setStorage: sizes ", size, ", strides ", stride,
          ", storage offset ", start, ", and itemsize ", self.item_size(),
          " requiring a storage of ", extent == 0 ? 0 : reach,
          " elements are out of bounds for storage of size ", self.storage()->bytes());
    // An empty view reads nothing: its place must only not lie beyond all addresses.
    const int64_t place = extent == 0 ? std::min(start, room) : start;
    return attach_view(
        "AsStridedBackward0", self, alias(self, size, stride, place),
        [in_sizes = self.sizes(), in_strides = self.strides(), in_offset = self.offset(),
         sizes = size.dims(), strides = stride.dims(), place](Backward& ctx) {
            ctx.set(0, as_strided_backward(ctx.grad(), in_sizes, in_strides, in_offset, sizes,
                                           strides, place));
        });
}

Tensor narrow(const Tensor& self, int64_t dim, int64_t start, int64_t length) {
    check(self.dim() > 0, "narrow() cannot be applied to a 0-dim tensor.");
    check(length >= 0, "narrow(): length must be non-negative.");
    const int64_t d = wrap_dim(dim, self.dim()), n = self.size(d);
    check_index(-n <= start && start <= n, "start out of range (expected to be in range of [", -n,
                ", ", n, "], but got ", start, ")");
    const int64_t begin = start < 0 ? start + n : start;
    check(begin <= n - length, "start (", begin, ") + length (", length,
          ") exceeds dimension size (", n, ").");
    return slice(self, d, begin, begin + length, 1);
}

Tensor select(const Tensor& self, int64_t dim, int64_t index) {
    check_index(self.dim() > 0, "select() cannot be applied to a 0-dim tensor.");
    const int64_t d = wrap_dim(dim, self.dim()), n = self.sizes()[at(d)];
    if (index < -n || index >= n)
        raise(ErrorKind::Index, "select(): index ", index, " out of range for tensor of size ",
              self.sizes(), " at dimension ", d);
    const int64_t i = index < 0 ? index + n : index;
    Dims sizes = self.sizes(), strides = self.strides();
    const int64_t offset = self.offset() + i * strides[at(d)];
    sizes.erase(at(d));
    strides.erase(at(d));
    return attach_view(
        "SelectBackward0", self, alias(self, sizes, strides, offset),
        [from = self.sizes(), d, i](Backward& ctx) {
            ctx.set(0, embed(ctx.grad(), from, [&](const Tensor& w) { return select(w, d, i); }));
        });
}

Tensor slice(const Tensor& self, int64_t dim, std::optional<int64_t> start,
             std::optional<int64_t> end, int64_t step) {
    check(self.dim() > 0, "slice() cannot be applied to a 0-dim tensor.");
    check_value(step > 0, "slice step must be positive, got ", step);
    const int64_t d = wrap_dim(dim, self.dim()), n = self.sizes()[at(d)];
    auto clip = [n](int64_t v) { return std::clamp<int64_t>(v < 0 ? v + n : v, 0, n); };
    const int64_t first = clip(start.value_or(0));
    const int64_t last = std::max(first, clip(end.value_or(INT64_MAX)));
    Dims sizes = self.sizes(), strides = self.strides();
    const int64_t offset = self.offset() + first * strides[at(d)];
    sizes[at(d)] = (last - first) / step + ((last - first) % step != 0);
    int64_t stride;
    strides[at(d)] = __builtin_mul_overflow(strides[at(d)], step, &stride) ? 0 : stride;
    return attach_view("SliceBackward0", self, alias(self, sizes, strides, offset),
                       [from = self.sizes(), d, first, last, step](Backward& ctx) {
                           ctx.set(0, embed(ctx.grad(), from, [&](const Tensor& w) {
                                       return slice(w, d, first, last, step);
                                   }));
                       });
}

Tensor diagonal(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
    const int64_t a = wrap_dim(dim1, self.dim()), b = wrap_dim(dim2, self.dim());
    check(a != b, "diagonal dimensions cannot be identical ", dim1, ", ", dim2);
    Dims sizes = self.sizes(), strides = self.strides();
    const int64_t rows = sizes[at(a)], cols = sizes[at(b)];
    const int64_t length = std::max<int64_t>(
        offset >= 0 ? std::min(rows, cols - offset) : std::min(rows + offset, cols), 0);
    const int64_t stride = strides[at(a)] + strides[at(b)];
    const int64_t begin = length == 0   ? 0
                          : offset >= 0 ? offset * strides[at(b)]
                                        : -offset * strides[at(a)];
    for (int64_t d : {std::max(a, b), std::min(a, b)}) {
        sizes.erase(at(d));
        strides.erase(at(d));
    }
    sizes.push_back(length);
    strides.push_back(stride);
    return attach_view(
        "DiagonalBackward0", self, alias(self, sizes, strides, self.offset() + begin),
        [from = self.sizes(), offset, a, b](Backward& ctx) {
            ctx.set(0, embed(ctx.grad(), from,
                             [&](const Tensor& w) { return diagonal(w, offset, a, b); }));
        });
}

namespace {
Tensor squeeze_where(const char* node, const Tensor& self, const std::vector<bool>& mask) {
    Dims sizes, strides;
    for (size_t i = 0; i < mask.size(); i++)
        if (!mask[i] || self.sizes()[i] != 1) {
            sizes.push_back(self.sizes()[i]);
            strides.push_back(self.strides()[i]);
        }
    return attach_view(
        node, self, alias(self, sizes, strides, self.offset()),
        [from = self.sizes()](Backward& ctx) { ctx.set(0, reshape(ctx.grad(), from)); });
}
}  // namespace

Tensor squeeze(const Tensor& self) {
    return squeeze_where("SqueezeBackward0", self, std::vector<bool>(at(self.dim()), true));
}

Tensor squeeze_dims(const Tensor& self, IntSpan dims) {
    std::vector<bool> mask(at(self.dim()), false);
    for (int64_t d : wrap_dims(dims, self.dim(), "squeeze"))
        if (self.dim()) mask[at(d)] = true;
    return squeeze_where(dims.size() == 1 ? "SqueezeBackward1" : "SqueezeBackward2", self, mask);
}

Tensor unsqueeze(const Tensor& self, int64_t dim) {
    const int64_t d = wrap_dim(dim, self.dim() + 1);
    Dims sizes = self.sizes(), strides = self.strides();
    const int64_t stride = d < self.dim() ? sizes[at(d)] * strides[at(d)] : 1;
    sizes.insert(at(d), 1);
    strides.insert(at(d), stride);
    return attach_view(
        "UnsqueezeBackward0", self, alias(self, sizes, strides, self.offset()),
        [from = self.sizes()](Backward& ctx) { ctx.set(0, reshape(ctx.grad(), from)); });
}

Tensor flatten(const Tensor& self, int64_t start_dim, int64_t end_dim) {
    const int64_t a = wrap_dim(start_dim, self.dim()), b = wrap_dim(end_dim, self.dim());
    check(a <= b, "flatten() has invalid args: start_dim cannot come after end_dim, got ",
          start_dim, " and ", end_dim, " for shape ", self.sizes());
    if (self.dim() == 0) return reshape(self, {1});
    if (a == b) return self;
    Dims sizes;
    for (int64_t i = 0; i < self.dim(); i++) {
        if (i > a && i <= b)
            sizes.back() *= self.size(i);
        else
            sizes.push_back(self.size(i));
    }
    return reshape(self, sizes);
}

Tensor unflatten(const Tensor& self, int64_t dim, IntSpan sizes) {
    const int64_t d = wrap_dim(dim, self.dim(), "unflatten");
    check(!sizes.empty(), "unflatten: sizes must be non-empty");
    check(self.dim() > 0, "unflatten(): self must have at least one dimension");
    Dims piece = sizes.dims();
    int64_t known = 1, unknown = -1;
    for (size_t i = 0; i < piece.size(); i++) {
        if (piece[i] == -1) {
            check(unknown < 0, "unflatten: only one dimension can be inferred, got ", sizes);
            unknown = static_cast<int64_t>(i);
        } else {
            known *= piece[i];
        }
    }
    const int64_t n = self.size(d);
    const bool fits = unknown >= 0 ? known > 0 && n % known == 0 : known == n;
    check(fits, "unflatten: Provided sizes ", sizes, " don't multiply up to the size of dim ", d,
          " (", n, ") in the input tensor");
    if (unknown >= 0) piece[at(unknown)] = n / known;
    Dims out;
    for (int64_t i = 0; i < self.dim(); i++) {
        if (i == d)
            for (int64_t s : piece) out.push_back(s);
        else
            out.push_back(self.size(i));
    }
    return view(self, out);
}

Tensor movedim(const Tensor& self, IntSpan source, IntSpan destination) {
    check(source.size() == destination.size(),
          "movedim: Invalid source or destination dims: source (", source,
          " dims) should contain the same number of dims as destination (", destination, " dims)");
    const Dims from = wrap_dims(source, self.dim(), "movedim");
    const Dims to = wrap_dims(destination, self.dim(), "movedim");
    Dims order(at(self.dim()), -1);
    std::vector<bool> used(at(self.dim()), false);
    for (size_t i = 0; i < from.size(); i++) {
        if (self.dim() == 0) continue;
        order[at(to[i])] = from[i];
        used[at(from[i])] = true;
    }
    size_t next = 0;
    for (int64_t& o : order) {
        if (o >= 0) continue;
        while (used[next]) next++;
        o = static_cast<int64_t>(next++);
    }
    return permute(self, order);
}

Tensor unfold(const Tensor& self, int64_t dimension, int64_t size, int64_t step) {
    const int64_t d = wrap_dim(dimension, self.dim());
    const int64_t n = self.dim() == 0 ? 1 : self.size(d);
    check(size >= 0, "size is ", size, " but must be >= 0");
    check(size <= n, "maximum size for tensor at dimension ", d, " is ", n, " but size is ", size);
    check(step > 0, "step is ", step, " but must be > 0");
    Dims sizes = self.sizes(), strides = self.strides();
    const int64_t stride = self.dim() == 0 ? 1 : strides[at(d)];
    if (self.dim() > 0) {
        sizes[at(d)] = (n - size) / step + 1;
        strides[at(d)] = step * stride;
    }
    sizes.push_back(size);
    strides.push_back(stride);
    return attach_view(
        "UnfoldBackward0", self, alias(self, sizes, strides, self.offset()),
        [from = self.sizes(), d, size, step](Backward& ctx) {
            // Windows overlap: the places that they show are added up.
            const int64_t count = numel_of(from);
            const Tensor places = view(
                arange(Scalar(int64_t{0}), Scalar(count), Scalar(int64_t{1}), DType::Int64), from);
            const Tensor line = zeros({count}, ctx.grad().dtype(), ctx.grad().device());
            ctx.set(0, reshape(index_add(line, 0, reshape(unfold(places, d, size, step), {-1}),
                                         reshape(ctx.grad(), {-1}), 1),
                               from));
        });
}

namespace {
// All pieces of one split share a node, so that its gradient is a single concatenation.
TensorList split_at(const char* node, const Tensor& self, const Dims& lengths, int64_t d) {
    TensorList pieces;
    pieces.reserve(lengths.size());
    int64_t offset = self.offset();
    for (int64_t length : lengths) {
        Dims sizes = self.sizes();
        sizes[at(d)] = length;
        pieces.push_back(alias(self, sizes, self.strides(), offset));
        offset += length * self.strides()[at(d)];
        mark_view(self, pieces.back(), ViewOrigin::MultipleOutputs, {});
    }
    if (is_differentiable(self.dtype()))
        attach_all(node, pieces, {&self, 1}, {}, [d, count = pieces.size()](Backward& ctx) {
            TensorList grads;
            for (size_t i = 0; i < count; i++) grads.push_back(ctx.grad_or_zeros(i));
            ctx.set(0, cat(grads, d));
        });
    return pieces;
}
}  // namespace

TensorList split(const Tensor& self, int64_t split_size, int64_t dim) {
    check(self.dim() > 0, "split expects at least a 1-dimensional tensor");
    check(split_size >= 0,
          "split expects split_size be non-negative, but got split_size=", split_size);
    const int64_t d = wrap_dim(dim, self.dim()), n = self.size(d);
    check(split_size > 0 || n == 0,
          "split_size can only be 0 if dimension size is 0, but got dimension "
          "size of ",
          n);
    Dims lengths;
    const int64_t count =
        split_size == 0 ? 1 : std::max<int64_t>((n + split_size - 1) / split_size, 1);
    for (int64_t i = 0; i < count; i++) lengths.push_back(std::min(split_size, n - i * split_size));
    return split_at("SplitBackward0", self, lengths, d);
}

TensorList split_sizes(const Tensor& self, IntSpan sizes, int64_t dim) {
    check(self.dim() > 0, "split_with_sizes expects at least a 1-dimensional tensor");
    const int64_t d = wrap_dim(dim, self.dim()), n = self.size(d);
    int64_t total = 0;
    for (int64_t s : sizes) {
        check(s >= 0,
              "split_with_sizes expects split_sizes have only non-negative entries, but got "
              "split_sizes=",
              sizes);
        total += s;
    }
    check(total == n, "split_with_sizes expects split_sizes to sum exactly to ", n,
          " (input tensor's size at dimension ", d, "), but got split_sizes=", sizes);
    return split_at("SplitWithSizesBackward0", self, sizes.dims(), d);
}

TensorList chunk(const Tensor& self, int64_t chunks, int64_t dim) {
    check(self.dim() > 0, "chunk expects at least a 1-dimensional tensor");
    check(chunks > 0, "chunk expects `chunks` to be greater than 0, got: ", chunks);
    const int64_t d = wrap_dim(dim, self.dim()), n = self.size(d);
    const int64_t each = (n + chunks - 1) / chunks;
    if (each == 0) return split_at("SplitWithSizesBackward0", self, Dims(at(chunks), 0), d);
    return split(self, each, d);
}

TensorList unbind(const Tensor& self, int64_t dim) {
    check_index(self.dim() > 0, "Dimension specified as ", dim, " but tensor has no dimensions");
    const int64_t d = wrap_dim(dim, self.dim()), n = self.size(d);
    TensorList pieces;
    pieces.reserve(at(n));
    Dims sizes = self.sizes(), strides = self.strides();
    const int64_t step = strides[at(d)];
    sizes.erase(at(d));
    strides.erase(at(d));
    for (int64_t i = 0; i < n; i++) {
        pieces.push_back(alias(self, sizes, strides, self.offset() + i * step));
        mark_view(self, pieces.back(), ViewOrigin::MultipleOutputs, {});
    }
    if (is_differentiable(self.dtype()))
        attach_all("UnbindBackward0", pieces, {&self, 1}, {}, [d, n](Backward& ctx) {
            TensorList grads;
            for (int64_t i = 0; i < n; i++) grads.push_back(ctx.grad_or_zeros(at(i)));
            ctx.set(0, stack(grads, d));
        });
    return pieces;
}

Tensor view_as_real(const Tensor& self) {
    check(is_complex(self.dtype()), "view_as_real is only supported for complex tensors, got ",
          self.dtype());
    Dims sizes = self.sizes(), strides = self.strides();
    for (int64_t& s : strides) s *= 2;
    sizes.push_back(2);
    strides.push_back(1);
    Tensor out = alias(self, sizes, strides, self.offset() * 2);
    out.impl()->dtype = real_type(self.dtype());
    return attach_view(
        "ViewAsRealBackward0", self, out,
        [](Backward& ctx) { ctx.set(0, view_as_complex(contiguous(ctx.grad()))); },
        ViewOrigin::Default, [](const Tensor& base) { return view_as_real(base); });
}

Tensor view_as_complex(const Tensor& self) {
    check(self.dtype() == DType::Float16 || self.dtype() == DType::Float32 ||
              self.dtype() == DType::Float64,
          "view_as_complex is only supported for half, float and double tensors, but got a tensor "
          "of scalar "
          "type: ",
          info(self.dtype()).tensor_name);
    check(self.dim() > 0, "Input tensor must have one or more dimensions");
    check(self.size(-1) == 2, "Tensor must have a last dimension of size 2");
    check(self.stride(-1) == 1, "Tensor must have a last dimension with stride 1");
    Dims sizes = self.sizes(), strides = self.strides();
    sizes.pop_back();
    strides.pop_back();
    for (int64_t& s : strides) {
        check(s % 2 == 0, "Tensor must have a stride divisible by 2 for all but last dimension");
        s /= 2;
    }
    check(self.offset() % 2 == 0, "Tensor must have a storage_offset divisible by 2");
    Tensor out = alias(self, sizes, strides, self.offset() / 2);
    out.impl()->dtype = complex_type(self.dtype());
    return attach_view(
        "ViewAsComplexBackward0", self, out,
        [](Backward& ctx) { ctx.set(0, view_as_real(contiguous(ctx.grad()))); },
        ViewOrigin::Default, [](const Tensor& base) { return view_as_complex(base); });
}

Tensor real(const Tensor& self) {
    return is_complex(self.dtype()) ? select(view_as_real(self), -1, 0) : self;
}

Tensor imag(const Tensor& self) {
    check(is_complex(self.dtype()), "imag is not implemented for tensors with non-complex dtypes.");
    return select(view_as_real(self), -1, 1);
}

Tensor detach_(const Tensor& self) {
    if (AutogradMeta* meta = meta_of(self)) {
        check(!meta->view, "Can't detach views in-place. Use detach() instead.");
        meta->grad_fn.reset();
        meta->requires_grad = false;
        meta->output = 0;
        meta->tangents.reset();
    }
    return self;
}

Tensor sum_to_size(const Tensor& self, IntSpan size) {
    check(expandable_to(size, self.sizes()), "size ", size, " is not expandable to size ",
          self.sizes(), ".");
    if (size.empty()) return sum(self, Dims{}, false, std::nullopt);
    const size_t lead = at(self.dim()) - size.size();
    Dims dims;
    for (size_t i = 0; i < at(self.dim()); i++)
        if (i < lead || (size[i - lead] == 1 && self.sizes()[i] != 1))
            dims.push_back(static_cast<int64_t>(i));
    Tensor out = dims.empty() ? self : sum(self, dims, true, std::nullopt);
    return lead ? view(out, size) : out;
}

}  // namespace kajo::ops
