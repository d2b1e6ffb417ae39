// Python names of reductions.
#include "ops/ops.h"
#include "ops/reduction.h"
#include "python/bind.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

constexpr uint32_t kBoth = kFunction | kMethod;
constexpr uint32_t kAll = kBoth | kOut;
constexpr uint32_t kAllSame = kBoth | kOutSame;
using ops::OptionalDims;
using OptionalScalar = std::optional<Scalar>;
using Pair = std::tuple<Tensor, Tensor>;

constexpr auto kSum =
    static_cast<Tensor (*)(const Tensor&, OptionalDims, bool, std::optional<DType>)>(&ops::sum);

// ---- overloads
// ----------------------------------------------------------------------------------------------

template <auto function>
Tensor whole(const Tensor& self, std::optional<DType> dtype) {
    return function(self, std::nullopt, false, dtype);
}
Tensor all_whole(const Tensor& self) { return ops::all(self); }
Tensor any_whole(const Tensor& self) { return ops::any(self); }

OptionalScalar correction_of(bool unbiased) { return Scalar(int64_t{unbiased}); }
template <auto function>
auto spread_whole(const Tensor& self, bool unbiased) {
    return function(self, std::nullopt, correction_of(unbiased), false);
}
template <auto function>
auto spread_dims(const Tensor& self, OptionalDims dim, bool unbiased, bool keepdim) {
    return function(self, dim, correction_of(unbiased), keepdim);
}

Tensor norm_whole(const Tensor& self, const Scalar& p) {
    return ops::norm(self, p, std::nullopt, false, std::nullopt);
}
Tensor norm_whole_typed(const Tensor& self, const OptionalScalar& p, DType dtype) {
    return ops::norm(self, p, std::nullopt, false, dtype);
}
Tensor norm_dims(const Tensor& self, const OptionalScalar& p, IntSpan dim, bool keepdim) {
    return ops::norm(self, p, dim, keepdim, std::nullopt);
}
Tensor norm_dims_typed(const Tensor& self, const OptionalScalar& p, IntSpan dim, bool keepdim,
                       DType dtype) {
    return ops::norm(self, p, dim, keepdim, dtype);
}

const OpEntry table[] = {
    {"sum(Tensor self, *, ScalarType? dtype=None) -> Tensor", bind<&whole<kSum>>, kBoth},
    {"sum(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
     bind<kSum>, kAll},
    {"nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> "
     "Tensor",
     bind<&ops::nansum>, kBoth | kOutUnsupported},
    {"mean(Tensor self, *, ScalarType? dtype=None) -> Tensor", bind<&whole<&ops::mean>>, kAll},
    {"mean(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
     bind<&ops::mean>, kAll},
    {"nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> "
     "Tensor",
     bind<&ops::nanmean>, kBoth | kOutUnsupported},
    {"prod(Tensor self, *, ScalarType? dtype=None) -> Tensor", bind<&ops::prod_all>, kBoth},
    {"prod(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
     bind<&ops::prod>, kAll},
    {"count_nonzero(Tensor self, int[1]? dim=None) -> Tensor", bind<&ops::count_nonzero>, kBoth},

    {"all(Tensor self) -> Tensor", bind<&all_whole>, kAllSame},
    {"all(Tensor self, int[1]? dim, bool keepdim=False) -> Tensor", bind<&ops::all>, kAllSame},
    {"any(Tensor self) -> Tensor", bind<&any_whole>, kAllSame},
    {"any(Tensor self, int[1]? dim, bool keepdim=False) -> Tensor", bind<&ops::any>, kAllSame},

    {"max(Tensor self) -> Tensor", bind<&ops::max_all>, kAllSame},
    {"max(Tensor self, Tensor other) -> Tensor", bind<&ops::maximum>, kAll},
    {"max(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
     bind<&ops::max>, kAllSame},
    {"min(Tensor self) -> Tensor", bind<&ops::min_all>, kAllSame},
    {"min(Tensor self, Tensor other) -> Tensor", bind<&ops::minimum>, kAll},
    {"min(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
     bind<&ops::min>, kAllSame},
    {"amax(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor", bind<&ops::amax>, kAllSame},
    {"amin(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor", bind<&ops::amin>, kAllSame},
    {"aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)",
     bind<&ops::aminmax>, kAllSame},
    {"argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor", bind<&ops::argmax>,
     kAllSame},
    {"argmin(Tensor self, int? dim=None, bool keepdim=False) -> Tensor", bind<&ops::argmin>,
     kAllSame},

    {"var(Tensor self, bool unbiased=True) -> Tensor", bind<&spread_whole<&ops::var>>, kBoth},
    {"var(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor",
     bind<&spread_dims<&ops::var>>, kAll},
    {"var(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor",
     bind<&ops::var>, kAll},
    {"std(Tensor self, bool unbiased=True) -> Tensor", bind<&spread_whole<&ops::std_>>, kBoth},
    {"std(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor",
     bind<&spread_dims<&ops::std_>>, kAll},
    {"std(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor",
     bind<&ops::std_>, kAll},
    {"var_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)",
     bind<&spread_whole<&ops::var_mean>>, kFunction},
    {"var_mean(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, "
     "Tensor)",
     bind<&spread_dims<&ops::var_mean>>, kFunction},
    {"var_mean(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> "
     "(Tensor, Tensor)",
     bind<&ops::var_mean>, kFunction},
    {"std_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)",
     bind<&spread_whole<&ops::std_mean>>, kFunction},
    {"std_mean(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, "
     "Tensor)",
     bind<&spread_dims<&ops::std_mean>>, kFunction},
    {"std_mean(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> "
     "(Tensor, Tensor)",
     bind<&ops::std_mean>, kFunction},

    // Python adds the named norms ("fro", "nuc") in front of these.
    {"_norm(Tensor self, Scalar p=2) -> Tensor", bind<&norm_whole>, kPrivate},
    {"_norm(Tensor self, Scalar? p, *, ScalarType dtype) -> Tensor", bind<&norm_whole_typed>,
     kPrivate},
    {"_norm(Tensor self, Scalar? p, int[1] dim, bool keepdim=False) -> Tensor", bind<&norm_dims>,
     kPrivate},
    {"_norm(Tensor self, Scalar? p, int[1] dim, bool keepdim=False, *, ScalarType dtype) -> Tensor",
     bind<&norm_dims_typed>, kPrivate},
    {"linalg.vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, "
     "ScalarType? dtype=None) -> Tensor",
     bind<&ops::vector_norm>, kFunction | kOutSame},
    {"dist(Tensor self, Tensor other, Scalar p=2) -> Tensor", bind<&ops::dist>, kBoth},
    {"logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor", bind<&ops::logsumexp>,
     kAll},
    {"special.logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor",
     bind<&ops::logsumexp>, kFunction | kOut},
};

}  // namespace

std::span<const OpEntry> reduction_operations() { return table; }

}  // namespace kajo::python
