// Products of matrices and vectors.
#include "ops/linear.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

constexpr uint32_t kBothOut = kFunction | kMethod | kOutSame;
constexpr uint32_t kAdding = kBothOut | kInplace;

const OpEntry kOperations[] = {
    {"mm(Tensor self, Tensor mat2) -> Tensor", bind<&ops::mm>, kBothOut},
    {"bmm(Tensor self, Tensor mat2) -> Tensor", bind<&ops::bmm>, kBothOut},
    {"matmul(Tensor self, Tensor other) -> Tensor", bind<&ops::matmul>, kBothOut},
    {"linalg.matmul(Tensor self, Tensor other) -> Tensor", bind<&ops::matmul>,
     kFunction | kOutSame},
    {"mv(Tensor self, Tensor vec) -> Tensor", bind<&ops::mv>, kBothOut},
    {"dot(Tensor self, Tensor tensor) -> Tensor", bind<&ops::dot>, kBothOut},
    {"vdot(Tensor self, Tensor other) -> Tensor", bind<&ops::vdot>, kBothOut},
    {"inner(Tensor self, Tensor other) -> Tensor", bind<&ops::inner>, kBothOut},
    {"outer(Tensor self, Tensor vec2) -> Tensor", bind<&ops::outer>, kBothOut},
    {"ger(Tensor self, Tensor vec2) -> Tensor", bind<&ops::outer>, kBothOut},
    {"addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
     bind<&ops::addmm>, kAdding},
    {"addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
     bind<&ops::addmv>, kAdding},
    {"addr(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
     bind<&ops::addr>, kAdding},
    {"baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> "
     "Tensor",
     bind<&ops::baddbmm>, kAdding},
    {"addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> "
     "Tensor",
     bind<&ops::addbmm>, kBothOut},
    {"addbmm_(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> "
     "Tensor",
     bind<&ops::addbmm_>, kFunction | kMethod},
    {"linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor", bind<&ops::linear>,
     kPrivate | kOut},
    {"bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor",
     bind<&ops::bilinear>, kFunction},
    {"vector_product(Tensor self, Tensor other, int dim) -> Tensor", bind<&ops::vector_product>,
     kPrivate},
    {"chain_matmul(Tensor[] matrices) -> Tensor", bind<&ops::chain_matmul>, kPrivate},
    {"linalg.multi_dot(Tensor[] tensors) -> Tensor", bind<&ops::multi_dot>, kFunction | kOutSame},
};

}  // namespace

std::span<const OpEntry> linear_operations() { return kOperations; }

}  // namespace kajo::python
