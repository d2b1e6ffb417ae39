// Creation, copying and filling.
#include "autograd/attach.h"
#include "core/promotion.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "python/deterministic.h"
#include "python/entries.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

using Type = std::optional<DType>;
using Where = std::optional<Device>;
using Flag = std::optional<bool>;

DType or_default(Type t) { return t.value_or(default_dtype()); }

Tensor marked(Tensor t, bool requires_grad) {
    if (requires_grad) set_requires_grad(t, true);
    return t;
}

// The layout is always strided, and memory of this device is never pinned: both are only accepted.
using Layout = PyObject*;

Tensor empty(IntSpan size, Type dtype, Layout, Where device, Flag, bool requires_grad,
             MemoryFormat format) {
    const Tensor made = kajo::empty(size, or_default(dtype), device.value_or(Device{}), format);
    return marked(filled_if_deterministic(made), requires_grad);
}
Tensor zeros(IntSpan size, Type dtype, Layout, Where device, Flag, bool requires_grad) {
    return marked(ops::zeros(size, or_default(dtype), device.value_or(Device{})), requires_grad);
}
Tensor ones(IntSpan size, Type dtype, Layout, Where device, Flag, bool requires_grad) {
    return marked(ops::ones(size, or_default(dtype), device.value_or(Device{})), requires_grad);
}
Tensor full(IntSpan size, const Scalar& value, Type dtype, Layout, Where device, Flag,
            bool requires_grad) {
    return marked(
        ops::full(size, value, dtype.value_or(dtype_of(value)), device.value_or(Device{})),
        requires_grad);
}
Tensor empty_strided(IntSpan size, IntSpan stride, Type dtype, Layout, Where device, Flag,
                     bool requires_grad) {
    const Tensor made =
        kajo::empty_strided(size, stride, or_default(dtype), device.value_or(Device{}));
    return marked(filled_if_deterministic(made), requires_grad);
}
Tensor scalar_tensor(const Scalar& value, Type dtype, Layout, Where device, Flag,
                     bool requires_grad) {
    return full({}, value, or_default(dtype), nullptr, device, {}, requires_grad);
}

Tensor arange(const Scalar& start, const Scalar& end, const Scalar& step, Type dtype, Layout,
              Where device, Flag, bool requires_grad) {
    return marked(ops::arange(start, end, step, dtype, device.value_or(Device{})), requires_grad);
}
Tensor arange_to(const Scalar& end, Type dtype, Layout layout, Where device, Flag pin, bool grad) {
    return arange(0, end, 1, dtype, layout, device, pin, grad);
}
DType spaced_type(const Scalar& start, const Scalar& end, Type dtype) {
    const bool complex = start.is_complex() || end.is_complex();
    return dtype.value_or(complex ? default_complex_dtype() : default_dtype());
}
Tensor linspace(const Scalar& start, const Scalar& end, int64_t steps, Type dtype, Layout,
                Where device, Flag, bool requires_grad) {
    return marked(
        ops::linspace(start, end, steps, spaced_type(start, end, dtype), device.value_or(Device{})),
        requires_grad);
}
Tensor logspace(const Scalar& start, const Scalar& end, int64_t steps, double base, Type dtype,
                Layout, Where device, Flag, bool requires_grad) {
    return marked(ops::logspace(start, end, steps, base, spaced_type(start, end, dtype),
                                device.value_or(Device{})),
                  requires_grad);
}
// Ends of one or more dimensions, which the overloads for numbers do not take.
template <class Start, class End>
void refuse_ends(const char* name, const Start& start, const End& end) {
    const auto dims = []<class T>(const T& x) {
        if constexpr (std::is_same_v<T, Tensor>)
            return x.dim();
        else
            return int64_t{0};
    };
    raise(ErrorKind::Runtime, name,
          "() only supports 0-dimensional start and end tensors, but got start with ", dims(start),
          " dimension(s) and end with ", dims(end), " dimension(s)");
}
template <class Start, class End>
Tensor linspace_between(const Start& start, const End& end, int64_t, Type, Layout, Where, Flag,
                        bool) {
    refuse_ends("linspace", start, end);
    return {};
}
template <class Start, class End>
Tensor logspace_between(const Start& start, const End& end, int64_t, double, Type, Layout, Where,
                        Flag, bool) {
    refuse_ends("logspace", start, end);
    return {};
}

Tensor eye(int64_t n, int64_t m, Type dtype, Layout, Where device, Flag, bool requires_grad) {
    return marked(ops::eye(n, m, or_default(dtype), device.value_or(Device{})), requires_grad);
}
Tensor eye_square(int64_t n, Type dtype, Layout layout, Where device, Flag pin, bool grad) {
    return eye(n, n, dtype, layout, device, pin, grad);
}

// Of the shape and, unless another is asked for, the order in memory of another tensor.
Tensor uninitialized_like(const Tensor& self, Type dtype, Where device, MemoryFormat format) {
    const DType type = dtype.value_or(self.dtype());
    const Device place = device.value_or(self.device());
    if (format != MemoryFormat::Preserve) return kajo::empty(self.sizes(), type, place, format);
    const Tensor same = kajo::empty_like(self, type);
    if (place.type == self.device().type) return same;
    return kajo::empty_strided(self.sizes(), same.strides(), type, place);
}
Tensor empty_like(const Tensor& self, Type dtype, Layout, Where device, Flag, bool requires_grad,
                  MemoryFormat format) {
    return marked(filled_if_deterministic(uninitialized_like(self, dtype, device, format)),
                  requires_grad);
}
Tensor full_like(const Tensor& self, const Scalar& value, Type dtype, Layout, Where device, Flag,
                 bool requires_grad, MemoryFormat format) {
    const Tensor out = uninitialized_like(self, dtype, device, format);
    GradModeGuard off(false);
    return marked(ops::fill_(out, value), requires_grad);
}
Tensor zeros_like(const Tensor& self, Type dtype, Layout layout, Where device, Flag pin,
                  bool requires_grad, MemoryFormat format) {
    return full_like(self, 0, dtype, layout, device, pin, requires_grad, format);
}
Tensor ones_like(const Tensor& self, Type dtype, Layout layout, Where device, Flag pin,
                 bool requires_grad, MemoryFormat format) {
    return full_like(self, 1, dtype, layout, device, pin, requires_grad, format);
}

Tensor new_empty(const Tensor& self, IntSpan size, Type dtype, Layout, Where device, Flag,
                 bool requires_grad) {
    const Tensor made =
        kajo::empty(size, dtype.value_or(self.dtype()), device.value_or(self.device()));
    return marked(filled_if_deterministic(made), requires_grad);
}
Tensor new_empty_strided(const Tensor& self, IntSpan size, IntSpan stride, Type dtype, Layout,
                         Where device, Flag, bool requires_grad) {
    const Tensor made = kajo::empty_strided(size, stride, dtype.value_or(self.dtype()),
                                            device.value_or(self.device()));
    return marked(filled_if_deterministic(made), requires_grad);
}
Tensor new_full(const Tensor& self, IntSpan size, const Scalar& value, Type dtype, Layout,
                Where device, Flag, bool requires_grad) {
    return marked(
        ops::full(size, value, dtype.value_or(self.dtype()), device.value_or(self.device())),
        requires_grad);
}
Tensor new_zeros(const Tensor& self, IntSpan size, Type dtype, Layout layout, Where device,
                 Flag pin, bool requires_grad) {
    return new_full(self, size, 0, dtype, layout, device, pin, requires_grad);
}
Tensor new_ones(const Tensor& self, IntSpan size, Type dtype, Layout layout, Where device, Flag pin,
                bool requires_grad) {
    return new_full(self, size, 1, dtype, layout, device, pin, requires_grad);
}

Tensor copy_(const Tensor& self, const Tensor& src, bool) { return ops::copy_(self, src); }
Tensor clone(const Tensor& self, MemoryFormat format) { return ops::clone(self, format); }
Tensor fill(const Tensor& self, const Scalar& value) { return ops::fill_(ops::clone(self), value); }
Tensor fill_tensor(const Tensor& self, const Tensor& value) {
    return ops::fill_tensor_(ops::clone(self), value);
}

// Stands for the options that all of these take.
constexpr std::string_view kPlaceholder = "OPTIONS";
constexpr std::string_view kOptions =
    "*, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, "
    "bool requires_grad=False";

constexpr uint32_t kMaker = kFunction | kOut;
constexpr uint32_t kBoth = kFunction | kMethod;

const OpEntry table[] = {
    {"empty(int[] size, OPTIONS, MemoryFormat? memory_format=None) -> Tensor", bind<&empty>,
     kMaker},
    {"zeros(int[] size, OPTIONS) -> Tensor", bind<&zeros>, kMaker},
    {"ones(int[] size, OPTIONS) -> Tensor", bind<&ones>, kMaker},
    {"full(int[1] size, Scalar fill_value, OPTIONS) -> Tensor", bind<&full>, kMaker},
    {"empty_strided(int[] size, int[] stride, OPTIONS) -> Tensor", bind<&empty_strided>, kFunction},
    {"scalar_tensor(Scalar s, OPTIONS) -> Tensor", bind<&scalar_tensor>, kFunction},
    {"arange(Scalar end, OPTIONS) -> Tensor", bind<&arange_to>, kMaker},
    {"arange(Scalar start, Scalar end, Scalar step=1, OPTIONS) -> Tensor", bind<&arange>, kMaker},
    {"linspace(Scalar start, Scalar end, int steps, OPTIONS) -> Tensor", bind<&linspace>, kMaker},
    {"logspace(Scalar start, Scalar end, int steps, float base=10.0, OPTIONS) -> Tensor",
     bind<&logspace>, kMaker},
    {"linspace(Tensor start, Tensor end, int steps, OPTIONS) -> Tensor",
     bind<&linspace_between<Tensor, Tensor>>, kMaker},
    {"linspace(Tensor start, Scalar end, int steps, OPTIONS) -> Tensor",
     bind<&linspace_between<Tensor, Scalar>>, kMaker},
    {"linspace(Scalar start, Tensor end, int steps, OPTIONS) -> Tensor",
     bind<&linspace_between<Scalar, Tensor>>, kMaker},
    {"logspace(Tensor start, Tensor end, int steps, float base=10.0, OPTIONS) -> Tensor",
     bind<&logspace_between<Tensor, Tensor>>, kMaker},
    {"logspace(Tensor start, Scalar end, int steps, float base=10.0, OPTIONS) -> Tensor",
     bind<&logspace_between<Tensor, Scalar>>, kMaker},
    {"logspace(Scalar start, Tensor end, int steps, float base=10.0, OPTIONS) -> Tensor",
     bind<&logspace_between<Scalar, Tensor>>, kMaker},
    {"eye(int n, OPTIONS) -> Tensor", bind<&eye_square>, kMaker},
    {"eye(int n, int m, OPTIONS) -> Tensor", bind<&eye>, kMaker},
    {"empty_like(Tensor self, OPTIONS, MemoryFormat? memory_format=None) -> Tensor",
     bind<&empty_like>, kFunction},
    {"zeros_like(Tensor self, OPTIONS, MemoryFormat? memory_format=None) -> Tensor",
     bind<&zeros_like>, kMaker},
    {"ones_like(Tensor self, OPTIONS, MemoryFormat? memory_format=None) -> Tensor",
     bind<&ones_like>, kMaker},
    {"full_like(Tensor self, Scalar fill_value, OPTIONS, MemoryFormat? memory_format=None) -> "
     "Tensor",
     bind<&full_like>, kMaker},
    {"new_empty(Tensor self, int[] size, OPTIONS) -> Tensor", bind<&new_empty>, kMethod},
    {"new_empty_strided(Tensor self, int[] size, int[] stride, OPTIONS) -> Tensor",
     bind<&new_empty_strided>, kMethod},
    {"new_full(Tensor self, int[1] size, Scalar fill_value, OPTIONS) -> Tensor", bind<&new_full>,
     kMethod},
    {"new_zeros(Tensor self, int[] size, OPTIONS) -> Tensor", bind<&new_zeros>, kMethod},
    {"new_ones(Tensor self, int[] size, OPTIONS) -> Tensor", bind<&new_ones>, kMethod},

    {"copy_(Tensor self, Tensor src, bool non_blocking=False) -> Tensor", bind<&copy_>, kMethod},
    {"clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor", bind<&clone>, kBoth},
    {"contiguous(Tensor self, *, MemoryFormat memory_format=contiguous_format) -> Tensor",
     bind<&ops::contiguous>, kMethod},
    {"fill(Tensor self, Tensor value) -> Tensor", bind<&fill_tensor>, kFunction},
    {"fill(Tensor self, Scalar value) -> Tensor", bind<&fill>, kFunction},
    {"fill_(Tensor self, Tensor value) -> Tensor", bind<&ops::fill_tensor_>, kBoth},
    {"fill_(Tensor self, Scalar value) -> Tensor", bind<&ops::fill_>, kBoth},
    {"zero_(Tensor self) -> Tensor", bind<&ops::zero_>, kBoth},
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

std::span<const OpEntry> creation_operations() {
    static const Entries all = make_entries();
    return all.all();
}

}  // namespace kajo::python
