#include "ops/searching.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/promotion.h"
#include "core/shape.h"
#include "cpu/sort.h"
#include "ops/creation.h"
#include "ops/indexing.h"
#include "ops/joining.h"
#include "ops/masking.h"
#include "ops/ops.h"
#include "ops/sorting.h"

namespace kajo::ops {

static const Kernel sort_rows_kernel{"sort_rows", cpu::sort_rows};
static const Kernel number_runs_kernel{"number_runs", cpu::number_runs};
static const Kernel describe_runs_kernel{"describe_runs", cpu::describe_runs};
static const Kernel searchsorted_kernel{"searchsorted", cpu::searchsorted};
static const Kernel isin_kernel{"isin", cpu::isin};

namespace {

struct None {};

struct Runs {
    Tensor first, inverse, counts;
};

// `rows` [n, m]; `order` is where each row came from, undefined when they were not moved.
Runs runs_of(const Tensor& rows, const Tensor& order) {
    check(!rows.is_meta(),
          "unique(): the shape of its result depends on data, which a meta tensor "
          "does not have");
    const int64_t n = rows.size(0);
    const Tensor run = empty({n}, DType::Int64);
    launch(number_runs_kernel, {run}, {rows}, None{});
    const int64_t count = n == 0 ? 0 : item(select(run, 0, -1)).as_int() + 1;
    Runs runs{empty({count}, DType::Int64), empty({n}, DType::Int64), empty({count}, DType::Int64)};
    launch(describe_runs_kernel, {runs.counts, runs.inverse, runs.first}, {run, order}, None{});
    return runs;
}

Tensor asked(bool wanted, const Tensor& t) { return wanted ? t : empty({0}, DType::Int64); }

// Of neighbours that are equal, the first.
Tensor first_of_runs(const Tensor& values) {
    const int64_t n = values.numel();
    if (n == 0) return values;
    const Tensor differs = ne(narrow(values, 0, 1, n - 1), narrow(values, 0, 0, n - 1));
    return masked_select(values, cat({ones({1}, DType::Bool, values.device()), differs}, 0));
}

void refuse_complex(const Tensor& self) {
    if (is_complex(self.dtype())) raise_unsupported("unique", self.dtype());
}

// Slices along `dim` as rows of a matrix.
Tensor slices_as_rows(const Tensor& self, int64_t dim) {
    check(self.numel() != 0 || self.size(dim) == 0,
          "unique(): There are 0 sized dimensions, and they aren't selected, so unique cannot be "
          "applied to shape ",
          self.sizes());
    const Tensor first = contiguous(movedim(self, {dim}, {0}));
    return view(first, {first.size(0), self.numel() == 0 ? 1 : self.numel() / self.size(dim)});
}

std::tuple<Tensor, Tensor, Tensor> distinct_slices(const Tensor& self, int64_t dim, bool sort_them,
                                                   bool return_inverse, bool return_counts) {
    const GradModeGuard no_grad(false);
    refuse_complex(self);
    dim = wrap_dim(dim, self.dim());
    Tensor rows = slices_as_rows(in_signed_order(self), dim), order;
    if (sort_them) {
        order = empty({rows.size(0)}, DType::Int64);
        launch(sort_rows_kernel, {order}, {rows}, None{});
        rows = index_select(rows, 0, order);
    }
    const Runs runs = runs_of(rows, order);
    const Tensor from = order.defined() ? index_select(order, 0, runs.first) : runs.first;
    return {index_select(self, dim, from), asked(return_inverse, runs.inverse),
            asked(return_counts, runs.counts)};
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> unique(const Tensor& self, bool, bool return_inverse,
                                          bool return_counts) {
    const GradModeGuard no_grad(false);
    refuse_complex(self);
    const auto [values, order] = sort(in_signed_order(contiguous(reshape(self, {-1}))), 0, false);
    if (!return_inverse && !return_counts && !self.is_meta()) {
        const Tensor none = empty({0}, DType::Int64);
        return {in_unsigned_order(first_of_runs(values), self.dtype()), none, none};
    }
    const Runs runs = runs_of(view(values, {values.numel(), 1}), order);
    return {in_unsigned_order(index_select(values, 0, runs.first), self.dtype()),
            asked(return_inverse, view(runs.inverse, self.sizes())),
            asked(return_counts, runs.counts)};
}

std::tuple<Tensor, Tensor, Tensor> unique_dim(const Tensor& self, int64_t dim, bool,
                                              bool return_inverse, bool return_counts) {
    return distinct_slices(self, dim, true, return_inverse, return_counts);
}

std::tuple<Tensor, Tensor, Tensor> unique_consecutive(const Tensor& self, bool return_inverse,
                                                      bool return_counts,
                                                      std::optional<int64_t> dim) {
    if (dim) return distinct_slices(self, *dim, false, return_inverse, return_counts);
    if (!return_inverse && !return_counts && !self.is_meta() && is_common(self.dtype()) &&
        !is_complex(self.dtype())) {
        const GradModeGuard no_grad(false);
        const Tensor none = empty({0}, DType::Int64);
        return {first_of_runs(contiguous(reshape(self, {-1}))), none, none};
    }
    auto [values, inverse, counts] =
        distinct_slices(reshape(self, {-1}), 0, false, return_inverse, return_counts);
    return {values, return_inverse ? view(inverse, self.sizes()) : inverse, counts};
}

namespace {

// Types differ rarely; both sides are brought to the one that holds both.
std::pair<Tensor, Tensor> in_common_type(const Tensor& a, const Tensor& b) {
    const DType type = result_type(a, b);
    return {contiguous(in_signed_order(to(a, type))), contiguous(in_signed_order(to(b, type)))};
}

void check_search(const Tensor& sequence, const Tensor& values, bool right,
                  const std::optional<std::string_view>& side, const Tensor& sorter) {
    check(!side || *side == "left" || *side == "right",
          "searchsorted(): side can only be 'left' or 'right' but got ", side.value_or(""));
    check(!side || *side == "right" || !right,
          "searchsorted(): side and right can't be set to opposites, got side of left while right "
          "was "
          "True");
    check(sequence.dim() != 0, "searchsorted(): boundaries tensor should have positive dimension");
    bool fits = sequence.dim() == 1 || sequence.dim() == values.dim();
    for (int64_t d = 0; fits && sequence.dim() > 1 && d + 1 < sequence.dim(); d++)
        fits = sequence.size(d) == values.size(d);
    check(fits,
          "searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of "
          "boundaries tensor and input value tensor must match, but we got boundaries tensor ",
          sequence.sizes(), " and input value tensor ", values.sizes());
    if (!sorter.defined()) return;
    check(sorter.sizes() == sequence.sizes(),
          "searchsorted(): boundary and sorter must have the same size, but got boundary tensor ",
          sequence.sizes(), " and got sorter tensor ", sorter.sizes());
    check(sorter.dtype() == DType::Int64,
          "searchsorted(): sorter must be a tensor of long dtype but got dtype ", sorter.dtype());
    if (sorter.numel() == 0 || sorter.is_meta()) return;
    const Tensor extremes = std::get<0>(sort(reshape(sorter, {-1}), 0, false));
    check_index(item(select(extremes, 0, 0)).as_int() >= 0 &&
                    item(select(extremes, 0, -1)).as_int() < sequence.size(-1),
                "searchsorted(): sorter index out of range");
}

}  // namespace

Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& self, bool out_int32, bool right,
                    std::optional<std::string_view> side, const Tensor& sorter) {
    const GradModeGuard no_grad(false);
    check_search(sorted_sequence, self, right, side, sorter);
    const auto [sequence, values] = in_common_type(sorted_sequence, self);
    const Tensor out = empty(self.sizes(), DType::Int64, self.device());
    launch(searchsorted_kernel, {out},
           {sequence, values, sorter.defined() ? contiguous(sorter) : Tensor()},
           cpu::SearchSide{right || side.value_or("left") == "right"});
    return out_int32 ? to(out, DType::Int32) : out;
}
Tensor searchsorted_number(const Tensor& sorted_sequence, const Scalar& self, bool out_int32,
                           bool right, std::optional<std::string_view> side, const Tensor& sorter) {
    check(sorted_sequence.dim() == 1,
          "searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, "
          "but we got boundaries tensor ",
          sorted_sequence.sizes());
    return searchsorted(sorted_sequence, scalar_tensor(self), out_int32, right, side, sorter);
}
Tensor bucketize(const Tensor& self, const Tensor& boundaries, bool out_int32, bool right) {
    check(boundaries.dim() == 1, "bucketize(): boundaries tensor must be 1 dimension, but got dim(",
          boundaries.dim(), ")");
    return searchsorted(boundaries, self, out_int32, right, std::nullopt, Tensor());
}
Tensor bucketize_number(const Scalar& self, const Tensor& boundaries, bool out_int32, bool right) {
    return bucketize(scalar_tensor(self), boundaries, out_int32, right);
}

Tensor isin(const Tensor& elements, const Tensor& test_elements, bool, bool invert) {
    const GradModeGuard no_grad(false);
    const auto [wanted, candidates] = in_common_type(elements, test_elements);
    if (is_complex(wanted.dtype())) raise_unsupported("isin", wanted.dtype());
    const Tensor sorted = std::get<0>(sort(view(candidates, {-1}), 0, false));
    const Tensor out = empty(elements.sizes(), DType::Bool, elements.device());
    launch(isin_kernel, {out}, {wanted, sorted}, cpu::Membership{invert});
    return out;
}
Tensor isin_tensor_number(const Tensor& elements, const Scalar& test_element, bool assume_unique,
                          bool invert) {
    return isin(elements, scalar_tensor(test_element), assume_unique, invert);
}
Tensor isin_number_tensor(const Scalar& element, const Tensor& test_elements, bool assume_unique,
                          bool invert) {
    return isin(scalar_tensor(element), test_elements, assume_unique, invert);
}

}  // namespace kajo::ops
