// Indexing, masks, gather and scatter, embedding.
#include "ops/embedding.h"
#include "ops/indexing.h"
#include "ops/masking.h"
#include "ops/ops.h"
#include "ops/scatter.h"
#include "python/bind.h"
#include "python/deterministic.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

// One tensor of rows, or one vector a dimension.
PyObject* nonzero(const Tensor& self, bool as_tuple) {
    return as_tuple ? to_python(ops::nonzero_as_tuple(self)) : to_python(ops::nonzero(self));
}

// PyTorch does not say which of several values for one place stays.
Tensor put(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate) {
    if (!accumulate) alert_not_deterministic("put_");
    return ops::put(self, index, source, accumulate);
}
Tensor put_(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate) {
    if (!accumulate) alert_not_deterministic("put_");
    return ops::put_(self, index, source, accumulate);
}

const OpEntry kOperations[] = {
    {"index(Tensor self, Tensor?[] indices) -> Tensor", bind<&ops::index>, kPrivate},
    {"index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor",
     bind<&ops::index_put>, kFunction | kMethod},
    {"index_put_(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor",
     bind<&ops::index_put_>, kFunction | kMethod},
    {"index_select(Tensor self, int dim, Tensor index) -> Tensor", bind<&ops::index_select>,
     kFunction | kMethod | kOutSame | kOutApart},
    {"index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor",
     bind<&ops::index_add>, kFunction | kMethod | kOutSame},
    {"index_add_(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor",
     bind<&ops::index_add_>, kMethod},
    {"index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor",
     bind<&ops::index_copy>, kFunction | kMethod | kOutSame},
    {"index_copy_(Tensor self, int dim, Tensor index, Tensor source) -> Tensor",
     bind<&ops::index_copy_>, kMethod},
    {"index_fill(Tensor self, int dim, Tensor index, Tensor value) -> Tensor",
     bind<&ops::index_fill_tensor>, kFunction | kMethod},
    {"index_fill(Tensor self, int dim, Tensor index, Scalar value) -> Tensor",
     bind<&ops::index_fill>, kFunction | kMethod},
    {"index_fill_(Tensor self, int dim, Tensor index, Tensor value) -> Tensor",
     bind<&ops::index_fill_tensor_>, kMethod},
    {"index_fill_(Tensor self, int dim, Tensor index, Scalar value) -> Tensor",
     bind<&ops::index_fill_>, kMethod},
    {"index_reduce(Tensor self, int dim, Tensor index, Tensor source, str reduce, *, "
     "bool include_self=True) -> Tensor",
     bind<&ops::index_reduce>, kFunction | kMethod | kOutSame},
    {"index_reduce_(Tensor self, int dim, Tensor index, Tensor source, str reduce, *, "
     "bool include_self=True) -> Tensor",
     bind<&ops::index_reduce_>, kMethod},
    {"sum_rows(Tensor self, Tensor index, Tensor starts, Tensor? weights) -> Tensor",
     bind<&ops::sum_rows>, kPrivate},
    {"take(Tensor self, Tensor index) -> Tensor", bind<&ops::take>,
     kFunction | kMethod | kOutSame | kOutApart},
    {"put(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor", bind<&put>,
     kFunction | kMethod},
    {"put_(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor", bind<&put_>,
     kMethod},

    {"gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor",
     bind<&ops::gather>, kFunction | kMethod | kOutSame | kOutApart},
    {"scatter(Tensor self, int dim, Tensor index, Tensor src) -> Tensor", bind<&ops::scatter>,
     kFunction | kMethod | kOutSame},
    {"scatter(Tensor self, int dim, Tensor index, Scalar value) -> Tensor",
     bind<&ops::scatter_value>, kFunction | kMethod | kOutSame},
    {"scatter(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor",
     bind<&ops::scatter_with>, kFunction | kMethod | kOutSame},
    {"scatter(Tensor self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor",
     bind<&ops::scatter_value_with>, kFunction | kMethod | kOutSame},
    {"scatter_(Tensor self, int dim, Tensor index, Tensor src) -> Tensor", bind<&ops::scatter_>,
     kMethod},
    {"scatter_(Tensor self, int dim, Tensor index, Scalar value) -> Tensor",
     bind<&ops::scatter_value_>, kMethod},
    {"scatter_(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor",
     bind<&ops::scatter_with_>, kMethod},
    {"scatter_(Tensor self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor",
     bind<&ops::scatter_value_with_>, kMethod},
    {"scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor",
     bind<&ops::scatter_add>, kFunction | kMethod | kOutSame},
    {"scatter_add_(Tensor self, int dim, Tensor index, Tensor src) -> Tensor",
     bind<&ops::scatter_add_>, kMethod},
    {"scatter_reduce(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, "
     "bool include_self=True) -> Tensor",
     bind<&ops::scatter_reduce>, kFunction | kMethod | kOutSame},
    {"scatter_reduce_(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, "
     "bool include_self=True) -> Tensor",
     bind<&ops::scatter_reduce_>, kMethod},
    {"take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor",
     bind<&ops::take_along_dim>, kFunction | kMethod | kOutSame},

    {"nonzero(Tensor self, *, bool as_tuple=False) -> Tensor", bind<&nonzero>,
     kFunction | kMethod | kOutSame},
    {"where(Tensor condition) -> Tensor[]", bind<&ops::nonzero_as_tuple>, kFunction},
    {"argwhere(Tensor self) -> Tensor", bind<&ops::argwhere>, kFunction | kMethod},
    {"masked_fill(Tensor self, Tensor mask, Tensor value) -> Tensor",
     bind<&ops::masked_fill_tensor>, kFunction | kMethod},
    {"masked_fill(Tensor self, Tensor mask, Scalar value) -> Tensor", bind<&ops::masked_fill>,
     kFunction | kMethod},
    {"masked_fill_(Tensor self, Tensor mask, Tensor value) -> Tensor",
     bind<&ops::masked_fill_tensor_>, kMethod},
    {"masked_fill_(Tensor self, Tensor mask, Scalar value) -> Tensor", bind<&ops::masked_fill_>,
     kMethod},
    {"masked_select(Tensor self, Tensor mask) -> Tensor", bind<&ops::masked_select>,
     kFunction | kMethod | kOutSame | kOutApart},
    {"masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor",
     bind<&ops::masked_scatter>, kFunction | kMethod},
    {"masked_scatter_(Tensor self, Tensor mask, Tensor source) -> Tensor",
     bind<&ops::masked_scatter_>, kMethod},

    {"embedding(Tensor weight, Tensor indices, int padding_idx=-1, bool scale_grad_by_freq=False, "
     "bool sparse=False) -> Tensor",
     bind<&ops::embedding>, kFunction},
    {"one_hot(Tensor self, int num_classes=-1) -> Tensor", bind<&ops::one_hot>, kPrivate},
    {"bincount(Tensor self, Tensor? weights=None, int minlength=0) -> Tensor", bind<&ops::bincount>,
     kFunction | kMethod},
    {"histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor", bind<&ops::histc>,
     kFunction | kMethod | kOutSame},
};

}  // namespace

std::span<const OpEntry> indexing_operations() { return kOperations; }

}  // namespace kajo::python
