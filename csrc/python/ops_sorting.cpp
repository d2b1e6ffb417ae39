// Sorting, order statistics, searches, running operations.
#include "ops/cumulative.h"
#include "ops/ops.h"
#include "ops/searching.h"
#include "ops/sorting.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

// The values alone, or a tuple with what else was asked for.
PyObject* distinct(const std::tuple<Tensor, Tensor, Tensor>& found, bool inverse, bool counts) {
    const auto& [values, indices, lengths] = found;
    if (!inverse && !counts) return to_python(values);
    TensorList results{values};
    if (inverse) results.push_back(indices);
    if (counts) results.push_back(lengths);
    return to_python(results);
}

PyObject* unique(const Tensor& self, bool sorted, bool inverse, bool counts,
                 std::optional<int64_t> dim) {
    return distinct(dim ? ops::unique_dim(self, *dim, sorted, inverse, counts)
                        : ops::unique(self, sorted, inverse, counts),
                    inverse, counts);
}
PyObject* unique_consecutive(const Tensor& self, bool inverse, bool counts,
                             std::optional<int64_t> dim) {
    return distinct(ops::unique_consecutive(self, inverse, counts, dim), inverse, counts);
}

const OpEntry kOperations[] = {
    {"sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)",
     bind<&ops::sort>, kFunction | kMethod | kOutSame},
    {"sort(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor values, "
     "Tensor indices)",
     bind<&ops::sort_stable>, kFunction | kMethod | kOutSame},
    {"argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor", bind<&ops::argsort>,
     kFunction | kMethod},
    {"argsort(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> Tensor",
     bind<&ops::argsort_stable>, kFunction | kMethod | kOutSame},
    {"msort(Tensor self) -> Tensor", bind<&ops::msort>, kFunction | kMethod | kOutSame},
    {"topk(Tensor self, int k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, "
     "Tensor indices)",
     bind<&ops::topk>, kFunction | kMethod | kOutSame},
    {"kthvalue(Tensor self, int k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor "
     "indices)",
     bind<&ops::kthvalue>, kFunction | kMethod | kOutSame | kOutApart},
    {"median(Tensor self) -> Tensor", bind<&ops::median_all>, kFunction | kMethod},
    {"median(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
     bind<&ops::median>, kFunction | kMethod | kOutSame},
    {"nanmedian(Tensor self) -> Tensor", bind<&ops::nanmedian_all>, kFunction | kMethod},
    {"nanmedian(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
     bind<&ops::nanmedian>, kFunction | kMethod | kOutSame},
    {"mode(Tensor self, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)",
     bind<&ops::mode>, kFunction | kMethod | kOutSame},

    {"unique(Tensor self, bool sorted=True, bool return_inverse=False, bool return_counts=False, "
     "int? dim=None) -> Tensor",
     bind<&unique>, kFunction | kMethod},
    {"unique_consecutive(Tensor self, bool return_inverse=False, bool return_counts=False, "
     "int? dim=None) -> Tensor",
     bind<&unique_consecutive>, kFunction | kMethod},
    {"searchsorted(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, bool right=False, "
     "str? side=None, Tensor? sorter=None) -> Tensor",
     bind<&ops::searchsorted>, kFunction | kOutSame},
    {"searchsorted(Tensor sorted_sequence, Scalar self, *, bool out_int32=False, bool right=False, "
     "str? side=None, Tensor? sorter=None) -> Tensor",
     bind<&ops::searchsorted_number>, kFunction | kOutSame},
    {"bucketize(Tensor self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> "
     "Tensor",
     bind<&ops::bucketize>, kFunction | kOutSame},
    {"bucketize(Scalar self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> "
     "Tensor",
     bind<&ops::bucketize_number>, kFunction | kOutSame},
    {"isin(Tensor elements, Tensor test_elements, *, bool assume_unique=False, bool invert=False) "
     "-> Tensor",
     bind<&ops::isin>, kFunction | kOutSame},
    {"isin(Tensor elements, Scalar test_element, *, bool assume_unique=False, bool invert=False) "
     "-> Tensor",
     bind<&ops::isin_tensor_number>, kFunction | kOutSame},
    {"isin(Scalar element, Tensor test_elements, *, bool assume_unique=False, bool invert=False) "
     "-> Tensor",
     bind<&ops::isin_number_tensor>, kFunction | kOutSame},

    {"cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor", bind<&ops::cumsum>,
     kFunction | kMethod | kInplace | kOut},
    {"cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor", bind<&ops::cumprod>,
     kFunction | kMethod | kInplace | kOut},
    {"logcumsumexp(Tensor self, int dim) -> Tensor", bind<&ops::logcumsumexp>,
     kFunction | kMethod | kOutSame},
    {"cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)", bind<&ops::cummax>,
     kFunction | kMethod | kOutSame},
    {"cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)", bind<&ops::cummin>,
     kFunction | kMethod | kOutSame},
    {"linear_scan(Tensor decay, Tensor input, int dim) -> Tensor", bind<&ops::linear_scan>,
     kPrivate},
    {"diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor",
     bind<&ops::diff>, kFunction | kMethod | kOut},
    {"trapezoid(Tensor y, Tensor x, *, int dim=-1) -> Tensor", bind<&ops::trapezoid_at>, kFunction},
    {"trapezoid(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor", bind<&ops::trapezoid>, kFunction},
    {"trapz(Tensor y, Tensor x, *, int dim=-1) -> Tensor", bind<&ops::trapezoid_at>, kFunction},
    {"trapz(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor", bind<&ops::trapezoid>, kFunction},
    {"cumulative_trapezoid(Tensor y, Tensor x, *, int dim=-1) -> Tensor",
     bind<&ops::cumulative_trapezoid_at>, kFunction},
    {"cumulative_trapezoid(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor",
     bind<&ops::cumulative_trapezoid>, kFunction},
};

}  // namespace

std::span<const OpEntry> sorting_operations() { return kOperations; }

}  // namespace kajo::python
