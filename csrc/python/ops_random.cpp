// Random numbers and dropout.
#include "autograd/attach.h"
#include "core/promotion.h"
#include "ops/random.h"
#include "python/entries.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

using Type = std::optional<DType>;
using Where = std::optional<Device>;
using Flag = std::optional<bool>;
using Layout = PyObject*;  // always strided; only accepted

Tensor marked(const Tensor& t, bool requires_grad) {
    if (requires_grad) set_requires_grad(t, true);
    return t;
}
Tensor fresh(IntSpan size, Type dtype, Where device) {
    return kajo::empty(size, dtype.value_or(default_dtype()), device.value_or(Device{}));
}
Tensor fresh_like(const Tensor& self, Type dtype, Where device, MemoryFormat format) {
    const DType type = dtype.value_or(self.dtype());
    if (format != MemoryFormat::Preserve)
        return kajo::empty(self.sizes(), type, device.value_or(self.device()), format);
    const Tensor same = kajo::empty_like(self, type);
    const Device place = device.value_or(self.device());
    return place == self.device() ? same
                                  : kajo::empty_strided(self.sizes(), same.strides(), type, place);
}

Tensor rand(IntSpan size, Generator* generator, Type dtype, Layout, Where device, Flag,
            bool requires_grad) {
    return marked(ops::uniform_(fresh(size, dtype, device), 0, 1, generator), requires_grad);
}
Tensor randn(IntSpan size, Generator* generator, Type dtype, Layout, Where device, Flag,
             bool requires_grad) {
    return marked(ops::normal_(fresh(size, dtype, device), 0, 1, generator), requires_grad);
}
Tensor randint(int64_t low, int64_t high, IntSpan size, Generator* generator, Type dtype, Layout,
               Where device, Flag, bool requires_grad) {
    const Tensor out = fresh(size, dtype.value_or(DType::Int64), device);
    return marked(ops::random_range_(out, low, high, generator), requires_grad);
}
Tensor randint_to(int64_t high, IntSpan size, Generator* generator, Type dtype, Layout layout,
                  Where device, Flag pin, bool requires_grad) {
    return randint(0, high, size, generator, dtype, layout, device, pin, requires_grad);
}
Tensor randperm(int64_t n, Generator* generator, Type dtype, Layout, Where device, Flag,
                bool requires_grad) {
    return marked(
        ops::randperm(n, dtype.value_or(DType::Int64), device.value_or(Device{}), generator),
        requires_grad);
}
Tensor normal_sized(double mean, double std, IntSpan size, Generator* generator, Type dtype, Layout,
                    Where device, Flag, bool requires_grad) {
    return marked(ops::normal_(fresh(size, dtype, device), mean, std, generator), requires_grad);
}

Tensor rand_like(const Tensor& self, Generator* generator, Type dtype, Layout, Where device, Flag,
                 bool requires_grad, MemoryFormat format) {
    return marked(ops::uniform_(fresh_like(self, dtype, device, format), 0, 1, generator),
                  requires_grad);
}
Tensor randn_like(const Tensor& self, Generator* generator, Type dtype, Layout, Where device, Flag,
                  bool requires_grad, MemoryFormat format) {
    return marked(ops::normal_(fresh_like(self, dtype, device, format), 0, 1, generator),
                  requires_grad);
}
Tensor randint_like(const Tensor& self, int64_t low, int64_t high, Generator* generator, Type dtype,
                    Layout, Where device, Flag, bool requires_grad, MemoryFormat format) {
    return marked(ops::random_range_(fresh_like(self, dtype, device, format), low, high, generator),
                  requires_grad);
}
Tensor randint_like_to(const Tensor& self, int64_t high, Generator* generator, Type dtype,
                       Layout layout, Where device, Flag pin, bool requires_grad,
                       MemoryFormat format) {
    return randint_like(self, 0, high, generator, dtype, layout, device, pin, requires_grad,
                        format);
}

constexpr std::string_view kPlaceholder = "OPTIONS";
constexpr std::string_view kOptions =
    "*, Generator? generator=None, ScalarType? dtype=None, Layout? layout=None, Device? "
    "device=None, "
    "bool? pin_memory=None, bool requires_grad=False";

constexpr uint32_t kMaker = kFunction | kOut;
constexpr uint32_t kBoth = kFunction | kMethod;

const OpEntry table[] = {
    {"rand(int[] size, OPTIONS) -> Tensor", bind<&rand>, kMaker},
    {"randn(int[] size, OPTIONS) -> Tensor", bind<&randn>, kMaker},
    {"randint(int high, int[] size, OPTIONS) -> Tensor", bind<&randint_to>, kMaker},
    {"randint(int low, int high, int[] size, OPTIONS) -> Tensor", bind<&randint>, kMaker},
    {"randperm(int n, OPTIONS) -> Tensor", bind<&randperm>, kMaker},
    {"rand_like(Tensor self, OPTIONS, MemoryFormat? memory_format=None) -> Tensor",
     bind<&rand_like>, kMaker},
    {"randn_like(Tensor self, OPTIONS, MemoryFormat? memory_format=None) -> Tensor",
     bind<&randn_like>, kMaker},
    {"randint_like(Tensor self, int high, OPTIONS, MemoryFormat? memory_format=None) -> Tensor",
     bind<&randint_like_to>, kMaker},
    {"randint_like(Tensor self, int low, int high, OPTIONS, MemoryFormat? memory_format=None) -> "
     "Tensor",
     bind<&randint_like>, kMaker},
    {"normal(Tensor mean, Tensor std, *, Generator? generator=None) -> Tensor",
     bind<&ops::normal_tensor_tensor>, kFunction | kOutUnsupported},
    {"normal(Tensor mean, float std=1.0, *, Generator? generator=None) -> Tensor",
     bind<&ops::normal_tensor_number>, kFunction | kOutUnsupported},
    {"normal(float mean, Tensor std, *, Generator? generator=None) -> Tensor",
     bind<&ops::normal_number_tensor>, kFunction | kOutUnsupported},
    {"normal(float mean, float std, int[] size, OPTIONS) -> Tensor", bind<&normal_sized>, kMaker},

    {"bernoulli(Tensor self, *, Generator? generator=None) -> Tensor", bind<&ops::bernoulli>,
     kBoth | kOutAnyType},
    {"bernoulli(Tensor self, float p, *, Generator? generator=None) -> Tensor",
     bind<&ops::bernoulli_p>, kBoth},
    {"multinomial(Tensor self, int num_samples, bool replacement=False, *, Generator? "
     "generator=None) -> Tensor",
     bind<&ops::multinomial>, kBoth | kOutSame},
    {"poisson(Tensor self, Generator? generator=None) -> Tensor", bind<&ops::poisson>, kFunction},
    {"binomial(Tensor count, Tensor prob, Generator? generator=None) -> Tensor",
     bind<&ops::binomial>, kFunction},
    {"_standard_gamma(Tensor self, Generator? generator=None) -> Tensor",
     bind<&ops::standard_gamma>, kFunction},
    {"_standard_gamma_grad(Tensor self, Tensor output) -> Tensor", bind<&ops::standard_gamma_grad>,
     kFunction},
    {"_sample_dirichlet(Tensor self, Generator? generator=None) -> Tensor",
     bind<&ops::sample_dirichlet>, kFunction},
    {"_dirichlet_grad(Tensor x, Tensor alpha, Tensor total) -> Tensor", bind<&ops::dirichlet_grad>,
     kFunction},

    {"uniform_(Tensor self, float from=0.0, float to=1.0, *, Generator? generator=None) -> Tensor",
     bind<&ops::uniform_>, kMethod},
    {"normal_(Tensor self, float mean=0.0, float std=1.0, *, Generator? generator=None) -> Tensor",
     bind<&ops::normal_>, kMethod},
    {"random_(Tensor self, *, Generator? generator=None) -> Tensor", bind<&ops::random_>, kMethod},
    {"random_(Tensor self, int to, *, Generator? generator=None) -> Tensor", bind<&ops::random_to_>,
     kMethod},
    {"random_(Tensor self, int from, int? to, *, Generator? generator=None) -> Tensor",
     bind<&ops::random_range_>, kMethod},
    {"exponential_(Tensor self, float lambd=1.0, *, Generator? generator=None) -> Tensor",
     bind<&ops::exponential_>, kMethod},
    {"cauchy_(Tensor self, float median=0.0, float sigma=1.0, *, Generator? generator=None) -> "
     "Tensor",
     bind<&ops::cauchy_>, kMethod},
    {"log_normal_(Tensor self, float mean=1.0, float std=2.0, *, Generator? generator=None) -> "
     "Tensor",
     bind<&ops::log_normal_>, kMethod},
    {"geometric_(Tensor self, float p, *, Generator? generator=None) -> Tensor",
     bind<&ops::geometric_>, kMethod},
    {"bernoulli_(Tensor self, Tensor p, *, Generator? generator=None) -> Tensor",
     bind<&ops::bernoulli_tensor_>, kMethod},
    {"bernoulli_(Tensor self, float p=0.5, *, Generator? generator=None) -> Tensor",
     bind<&ops::bernoulli_>, kMethod},

    {"dropout(Tensor input, float p, bool train) -> Tensor", bind<&ops::dropout>, kFunction},
    {"dropout_(Tensor input, float p, bool train) -> Tensor", bind<&ops::dropout_>, kFunction},
    {"feature_dropout(Tensor input, float p, bool train) -> Tensor", bind<&ops::feature_dropout>,
     kFunction},
    {"feature_dropout_(Tensor input, float p, bool train) -> Tensor", bind<&ops::feature_dropout_>,
     kFunction},
    {"alpha_dropout(Tensor input, float p, bool train) -> Tensor", bind<&ops::alpha_dropout>,
     kFunction},
    {"alpha_dropout_(Tensor input, float p, bool train) -> Tensor", bind<&ops::alpha_dropout_>,
     kFunction},
    {"feature_alpha_dropout(Tensor input, float p, bool train) -> Tensor",
     bind<&ops::feature_alpha_dropout>, kFunction},
    {"feature_alpha_dropout_(Tensor input, float p, bool train) -> Tensor",
     bind<&ops::feature_alpha_dropout_>, kFunction},
    {"rrelu(Tensor self, Scalar lower=0.125, Scalar upper=0.3333333333333333, bool training=False, "
     "Generator? generator=None) -> Tensor",
     bind<&ops::rrelu>, kFunction},
    {"rrelu_(Tensor self, Scalar lower=0.125, Scalar upper=0.3333333333333333, bool "
     "training=False, Generator? generator=None) -> Tensor",
     bind<&ops::rrelu_>, kFunction},
    {"native_dropout(Tensor input, float p, bool? train) -> (Tensor, Tensor)",
     bind<&ops::native_dropout>, kFunction},
};

Entries make_entries() {
    Entries all;
    for (const OpEntry& entry : table) {
        std::string schema = entry.schema;
        const size_t at = schema.find(kPlaceholder);
        if (at != std::string::npos) schema.replace(at, kPlaceholder.size(), kOptions);
        all.add(std::move(schema), entry.invoke, entry.flags);
    }
    return all;
}

}  // namespace

std::span<const OpEntry> random_operations() {
    static const Entries all = make_entries();
    return all.all();
}

}  // namespace kajo::python
