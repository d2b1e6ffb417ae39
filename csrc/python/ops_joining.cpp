// Joining, repeating, turning, padding, triangles and diagonals.
#include "ops/joining.h"
#include "ops/ops.h"
#include "ops/triangular.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

// The options of a creation function that have one possible value here are accepted and dropped.
Tensor tril_indices(int64_t row, int64_t col, int64_t offset, std::optional<DType> dtype, PyObject*,
                    std::optional<Device> device, std::optional<bool>) {
    return ops::to(ops::tril_indices(row, col, offset, dtype), std::nullopt, device, false);
}
Tensor triu_indices(int64_t row, int64_t col, int64_t offset, std::optional<DType> dtype, PyObject*,
                    std::optional<Device> device, std::optional<bool>) {
    return ops::to(ops::triu_indices(row, col, offset, dtype), std::nullopt, device, false);
}

const OpEntry kOperations[] = {
    {"cat(Tensor[] tensors, int dim=0) -> Tensor", bind<&ops::cat>,
     kFunction | kOutTypeError | kOutApart},
    {"concat(Tensor[] tensors, int dim=0) -> Tensor", bind<&ops::cat>,
     kFunction | kOutTypeError | kOutApart},
    {"concatenate(Tensor[] tensors, int dim=0) -> Tensor", bind<&ops::cat>,
     kFunction | kOutTypeError | kOutApart},
    {"stack(Tensor[] tensors, int dim=0) -> Tensor", bind<&ops::stack>, kFunction | kOutTypeError},
    {"hstack(Tensor[] tensors) -> Tensor", bind<&ops::hstack>, kFunction | kOutTypeError},
    {"vstack(Tensor[] tensors) -> Tensor", bind<&ops::vstack>, kFunction | kOutTypeError},
    {"row_stack(Tensor[] tensors) -> Tensor", bind<&ops::vstack>, kFunction | kOutTypeError},
    {"dstack(Tensor[] tensors) -> Tensor", bind<&ops::dstack>, kFunction | kOutTypeError},
    {"column_stack(Tensor[] tensors) -> Tensor", bind<&ops::column_stack>,
     kFunction | kOutTypeError},
    {"block_diag(Tensor[] tensors) -> Tensor", bind<&ops::block_diag>, kPrivate},
    {"meshgrid(Tensor[] tensors, *, str? indexing=None) -> Tensor[]", bind<&ops::meshgrid>,
     kPrivate},

    {"repeat(Tensor self, int[] repeats) -> Tensor", bind<&ops::repeat>, kMethod},
    {"tile(Tensor self, int[] dims) -> Tensor", bind<&ops::tile>, kFunction | kMethod},
    {"repeat_interleave(Tensor repeats, *, int? output_size=None) -> Tensor",
     bind<&ops::repeat_interleave_sources>, kFunction},
    {"repeat_interleave(Tensor self, Tensor repeats, int? dim=None, *, int? output_size=None) -> "
     "Tensor",
     bind<&ops::repeat_interleave_each>, kFunction | kMethod},
    {"repeat_interleave(Tensor self, int repeats, int? dim=None, *, int? output_size=None) -> "
     "Tensor",
     bind<&ops::repeat_interleave>, kFunction | kMethod},
    {"kron(Tensor self, Tensor other) -> Tensor", bind<&ops::kron>, kFunction | kMethod | kOut},
    {"roll(Tensor self, int[1] shifts, int[1] dims=[]) -> Tensor", bind<&ops::roll>,
     kFunction | kMethod},
    {"flip(Tensor self, int[] dims) -> Tensor", bind<&ops::flip>, kFunction | kMethod},
    {"fliplr(Tensor self) -> Tensor", bind<&ops::fliplr>, kFunction | kMethod},
    {"flipud(Tensor self) -> Tensor", bind<&ops::flipud>, kFunction | kMethod},
    {"rot90(Tensor self, int k=1, int[] dims=[0, 1]) -> Tensor", bind<&ops::rot90>,
     kFunction | kMethod},
    {"constant_pad_nd(Tensor self, int[] pad, Scalar value=0) -> Tensor",
     bind<&ops::constant_pad_nd>, kFunction},
    {"pad(Tensor self, int[] pad, str mode='constant', float? value=None) -> Tensor",
     bind<&ops::pad>, kPrivate},

    {"tril(Tensor self, int diagonal=0) -> Tensor", bind<&ops::tril>,
     kFunction | kMethod | kInplace | kOutSame},
    {"triu(Tensor self, int diagonal=0) -> Tensor", bind<&ops::triu>,
     kFunction | kMethod | kInplace | kOutSame},
    {"tril_indices(int row, int col, int offset=0, *, ScalarType? dtype=None, Layout? layout=None, "
     "Device? device=None, bool? pin_memory=None) -> Tensor",
     bind<&tril_indices>, kFunction},
    {"triu_indices(int row, int col, int offset=0, *, ScalarType? dtype=None, Layout? layout=None, "
     "Device? device=None, bool? pin_memory=None) -> Tensor",
     bind<&triu_indices>, kFunction},
    {"diag(Tensor self, int diagonal=0) -> Tensor", bind<&ops::diag>,
     kFunction | kMethod | kOutSame},
    {"diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor",
     bind<&ops::diag_embed>, kFunction | kMethod},
    {"diagflat(Tensor self, int offset=0) -> Tensor", bind<&ops::diagflat>, kFunction | kMethod},
    {"diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor",
     bind<&ops::diagonal_scatter>, kFunction | kMethod},
    {"select_scatter(Tensor self, Tensor src, int dim, int index) -> Tensor",
     bind<&ops::select_scatter>, kFunction | kMethod},
    {"slice_scatter(Tensor self, Tensor src, int dim=0, int? start=None, int? end=None, int "
     "step=1) "
     "-> Tensor",
     bind<&ops::slice_scatter>, kFunction | kMethod | kOutSame},
};

}  // namespace

std::span<const OpEntry> joining_operations() { return kOperations; }

}  // namespace kajo::python
