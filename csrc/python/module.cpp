// The extension module kajo._core.
#include <nanobind/nanobind.h>

#include "autograd/meta.h"
#include "core/allocator.h"
#include "core/parallel.h"
#include "core/promotion.h"
#include "cpu/isa.h"
#include "ops/attention.h"
#include "ops/copy.h"
#include "python/autograd.h"
#include "python/bind.h"
#include "python/debugging.h"
#include "python/deterministic.h"
#include "python/dlpack.h"
#include "python/grad_block.h"
#include "python/module_base.h"
#include "python/overrides.h"
#include "python/plain_copy.h"
#include "python/profiler.h"
#include "python/subscript.h"
#include "python/tables.h"

namespace kajo::python {

namespace {

namespace nb = nanobind;

Tensor checked_tensor(nb::handle o) {
    if (!is_tensor(o.ptr())) throw nb::type_error("expected a Tensor");
    return tensor_of(o.ptr());
}

template <class F>
nb::object object_from(F&& f) {
    PyObject* o = guarded(std::forward<F>(f));
    if (!o) throw nb::python_error();
    return nb::steal(o);
}

const char* isa_name() {
    switch (cpu::cpu_isa()) {
        case cpu::Isa::AVX512:
            return "avx512";
        case cpu::Isa::AVX2:
            return "avx2";
        default:
            return "baseline";
    }
}

nb::object from_buffer(nb::object data, nb::object dtype) {
    return object_from([&] {
        return wrap(
            tensor_from_buffer(data.ptr(), dtype.is_none() ? std::nullopt : as_dtype(dtype.ptr())));
    });
}

nb::object from_data(nb::object data, nb::object dtype, nb::object device, bool tracked) {
    return object_from([&] {
        std::optional<DType> type;
        if (!dtype.is_none()) type = to_dtype(dtype.ptr());
        Tensor t = tensor_from_data(data.ptr(), type);
        if (!device.is_none()) {
            const auto d = as_device(device.ptr());
            check_type(d.has_value(),
                       "tensor(): argument 'device' must be kajo.device or str, not ",
                       Py_TYPE(device.ptr())->tp_name);
            t = ops::to(t, std::nullopt, d, false);
        }
        if (tracked) set_requires_grad(t, true);
        return wrap(t);
    });
}

nb::object build_info() {
    nb::dict d;
    d["version"] = KAJO_VERSION;
    d["build_type"] = KAJO_BUILD_TYPE;
    d["compiler"] = KAJO_COMPILER;
    d["compiler_flags"] = KAJO_COMPILER_FLAGS;
    d["instruction_sets"] = KAJO_INSTRUCTION_SETS;
    d["instruction_set"] = isa_name();
    return d;
}

void bind_generator(nb::module_& m) {
    nb::class_<Generator>(m, "Generator",
                          R"(A source of random numbers with its own state.

>>> import kajo
>>> source = kajo.Generator().manual_seed(0)
>>> kajo.rand(2, generator=source)
tensor([0.4963, 0.7682])
)")
        .def(
            "__init__",
            [](Generator* self, nb::object device) {
                object_from([&] {
                    const auto where = as_device(device.ptr());
                    check_type(where.has_value(),
                               "Generator(): argument 'device' must be kajo.device or str, not ",
                               Py_TYPE(device.ptr())->tp_name);
                    check(where->type == DeviceType::CPU, "Generator(): there are generators for ",
                          "the CPU only, not for device ", *where);
                    return Py_NewRef(Py_None);
                });
                new (self) Generator();
            },
            nb::arg("device") = "cpu")
        .def(
            "manual_seed",
            [](nb::object self, nb::int_ seed) {
                // Negative seeds count back from 2**64, as in the field.
                nb::int_ wrapped =
                    nb::steal<nb::int_>(PyNumber_And(seed.ptr(), nb::int_(UINT64_MAX).ptr()));
                nb::cast<Generator&>(self).manual_seed(nb::cast<uint64_t>(wrapped));
                return self;
            },
            nb::arg("seed"), "Restarts the stream; returns the generator.")
        .def("seed", &Generator::seed, "Seeds from the system and returns the seed.")
        .def("initial_seed", &Generator::initial_seed, "The seed that the stream started from.")
        .def(
            "get_state",
            [](Generator& g) {
                return object_from([&] {
                    const auto bytes = g.get_state();
                    const Tensor t = empty({static_cast<int64_t>(bytes.size())}, DType::UInt8);
                    std::copy(bytes.begin(), bytes.end(), t.data<uint8_t>());
                    return wrap(t);
                });
            },
            "The state as a tensor of bytes, exchangeable with PyTorch's.")
        .def(
            "set_state",
            [](Generator& g, nb::object state) {
                object_from([&] {
                    check_type(is_tensor(state.ptr()), "set_state(): expected a ByteTensor, got ",
                               Py_TYPE(state.ptr())->tp_name);
                    const Tensor t = tensor_of(state.ptr());
                    check_type(t.dtype() == DType::UInt8 && t.dim() == 1 && t.is_contiguous(),
                               "RNG state must be a contiguous kajo.ByteTensor");
                    g.set_state({t.data<uint8_t>(), static_cast<size_t>(t.numel())});
                    return Py_NewRef(Py_None);
                });
            },
            nb::arg("new_state"), "Continues from a state that get_state() gave.")
        .def_prop_ro("device",
                     [](Generator&) { return object_from([] { return wrap_device(Device{}); }); });
    m.attr("default_generator") = nb::cast(&default_generator(), nb::rv_policy::reference);
    m.def(
        "_current_generator", [] { return &default_generator(); }, nb::rv_policy::reference,
        "The generator that this thread draws from where none is given.");
    m.def("_set_thread_generator", &set_thread_generator, nb::arg("generator").none(),
          "Gives this thread a generator of its own; None takes it away.");
}

void bind_runtime(nb::module_& m) {
    m.def("get_num_threads", &num_threads, R"(The threads that one operation may use.

>>> import kajo
>>> kajo.get_num_threads() >= 1
True
)");
    m.def(
        "set_num_threads", [](int n) { set_num_threads(n); }, nb::arg("num_threads"),
        R"(Set the threads that one operation may use; results do not depend on it.

Raises:
    RuntimeError: for fewer than 1.

>>> import kajo
>>> before = kajo.get_num_threads()
>>> kajo.set_num_threads(1)
>>> kajo.get_num_threads()
1
>>> kajo.set_num_threads(before)
)");
    m.def("get_num_interop_threads", &num_interop_threads,
          R"(The threads for operations at the same time, as set: kajo runs one after another.

>>> import kajo
>>> kajo.get_num_interop_threads() >= 1
True
)");
    m.def("set_num_interop_threads", &set_num_interop_threads, nb::arg("num_threads"),
          R"(Remember a number of threads for operations at the same time, of which there are none.

>>> import kajo
>>> kajo.set_num_interop_threads(kajo.get_num_interop_threads())
)");
    m.def(
        "get_default_dtype", [] { return nb::borrow(wrap_dtype(default_dtype())); },
        R"(The dtype of new floating-point tensors for which none is given.

>>> import kajo
>>> kajo.get_default_dtype()
kajo.float32
)");
    // The largest and the smallest normal number, the step from 1, and the decimal resolution.
    m.def("_float_limits", [](nb::object t) -> nb::object {
        const auto dtype = as_dtype(t.ptr());
        if (!dtype || info(*dtype).largest == 0) return nb::none();
        const DTypeInfo& i = info(*dtype);
        return nb::make_tuple(i.largest, i.tiny, i.epsilon, i.resolution);
    });
    m.def("_is_whole", [](nb::object t) {
        const auto dtype = as_dtype(t.ptr());
        return dtype && is_integral(*dtype, true);
    });
    m.def("_set_default_dtype", [](nb::object t) {
        object_from([&] {
            set_default_dtype(to_dtype(t.ptr()));
            return Py_NewRef(Py_None);
        });
    });
    m.def("_set_deterministic", [](bool enabled, bool warn_only) {
        deterministic().enabled = enabled;
        deterministic().warn_only = warn_only;
    });
    m.def("_deterministic",
          [] { return nb::make_tuple(deterministic().enabled, deterministic().warn_only); });
    m.def("_set_attention_ways",
          [](bool fused, bool plain) { ops::attention_ways() = {fused, plain}; });
    m.def("_set_fill_uninitialized", [](bool fill) { deterministic().fill_uninitialized = fill; });
    m.def("_fill_uninitialized", [] { return deterministic().fill_uninitialized; });
    m.def("_alert_not_deterministic", [](const char* operation) {
        object_from([&] {
            alert_not_deterministic(operation);
            return Py_NewRef(Py_None);
        });
    });
    m.def("_memory_stats", [] {
        const CpuMemoryStats s = cpu_memory_stats();
        nb::dict d;
        d["allocated_bytes"] = s.allocated_bytes;
        d["peak_allocated_bytes"] = s.peak_allocated_bytes;
        d["cached_bytes"] = s.cached_bytes;
        d["allocations"] = s.allocations;
        d["cache_hits"] = s.cache_hits;
        return d;
    });
    m.def("_reset_peak_memory", &reset_peak_cpu_memory);
    m.def("_empty_cache", &empty_cpu_cache);
    m.def("build_info", &build_info, R"(How this build was made and what it runs on.

>>> import kajo
>>> kajo.build_info()["version"] == kajo.__version__
True
)");
    m.def("_to_dlpack", [](nb::handle t, bool versioned, bool copied) {
        return object_from([&] { return to_dlpack(checked_tensor(t), versioned, copied); });
    });
    m.attr("_dlpack_exchange_api") = nb::steal(dlpack_exchange_capsule());
    m.def("_from_dlpack", [](nb::handle capsule) {
        return object_from([&] { return wrap(from_dlpack(capsule.ptr())); });
    });
    m.def("_from_buffer", &from_buffer, nb::arg("object"), nb::arg("dtype") = nb::none());
    m.def("tensor", &from_data, nb::arg("data").none(), nb::kw_only(),
          nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(),
          nb::arg("requires_grad") = false,
          R"(A new tensor with a copy of the data.

Args:
    data: a number, nested sequences of numbers or tensors, an array or a tensor.
    dtype: the type of the elements; by default found from the data: bool, int64, the default
        floating-point type or its complex counterpart.
    device: where it is.
    requires_grad: whether gradients are computed for it.

Raises:
    ValueError: if nested sequences have different lengths.
    TypeError: for what is no number.

>>> import kajo
>>> kajo.tensor([[1, 2], [3, 4]])
tensor([[1, 2],
        [3, 4]])
>>> kajo.tensor([1, 2], dtype=kajo.float64)
tensor([1., 2.], dtype=kajo.float64)
)");
    m.def(
        "_define",
        [m](const char* schema, nb::object body, uint32_t flags) {
            return object_from(
                [&] { return define_operation(m.ptr(), schema, body.ptr(), flags); });
        },
        nb::arg("schema"), nb::arg("body"), nb::arg("flags"),
        "An operation, or a further overload of one, whose body is a Python function.");
    nb::dict forms;
    forms["function"] = static_cast<uint32_t>(kFunction);
    forms["method"] = static_cast<uint32_t>(kMethod);
    forms["inplace"] = static_cast<uint32_t>(kInplace);
    forms["out"] = static_cast<uint32_t>(kOut);
    forms["out_same"] = static_cast<uint32_t>(kOutSame);
    forms["out_any"] = static_cast<uint32_t>(kOutAnyType);
    forms["out_type_error"] = static_cast<uint32_t>(kOutTypeError);
    forms["out_apart"] = static_cast<uint32_t>(kOutApart);
    forms["private"] = static_cast<uint32_t>(kPrivate);
    m.attr("_FORMS") = forms;
    m.def("_storage_bytes", [](nb::handle t) { return checked_tensor(t).storage()->bytes(); });
    m.def("_storage_id", [](nb::handle t) {
        return reinterpret_cast<uintptr_t>(checked_tensor(t).storage().get());
    });
    m.def("_storage_pointer", [](nb::handle t) {
        return reinterpret_cast<uintptr_t>(checked_tensor(t).storage()->data());
    });
    m.def("_storage_resize", [](nb::handle t, int64_t bytes) {
        object_from([&] {
            check(bytes >= 0, "resize_(): size must be non-negative, got ", bytes);
            checked_tensor(t).storage()->resize(static_cast<size_t>(bytes));
            return Py_NewRef(Py_None);
        });
    });
    m.def(
        "_storage_bytes_tensor",
        [](nb::handle h) {
            return object_from([&] {
                const Tensor t = checked_tensor(h);
                const Tensor bytes = alias(t, {static_cast<int64_t>(t.storage()->bytes())}, {1}, 0);
                bytes.impl()->dtype = DType::UInt8;
                bytes.impl()->lazy = 0;
                return wrap(bytes);
            });
        },
        "All bytes of the storage as a uint8 tensor that shares it.");
}

}  // namespace

Generator* to_generator(PyObject* o) { return nanobind::cast<Generator*>(nanobind::handle(o)); }

NB_MODULE(_core, m) {
    nb::set_leak_warnings(false);
    try {
        PyObject* module = m.ptr();
        PyObject* lin_alg_error = PyErr_NewExceptionWithDoc(
            "kajo.linalg.LinAlgError",
            "A matrix does not allow the computation, for example because it is singular.",
            PyExc_RuntimeError, nullptr);
        m.attr("_LinAlgError") = nb::steal(lin_alg_error);
        add_named_values(module);
        add_tensor_type(module);
        add_overrides(module);
        add_module_base(module);
        add_grad_block(module);
        add_autograd(module);
        bind_generator(m);
        bind_runtime(m);
        bind_profiler(m);
        bind_plain_copy(m);
        bind_debugging(m);
        m.attr("tensor") = m.attr("_overridable")(m.attr("tensor"));
        for (const auto table : operation_tables()) add_operations(table());
        publish_operations(module);
    } catch (const PythonError&) {
        throw nb::python_error();
    } catch (const Error& e) {
        throw std::runtime_error(e.what());
    }
}

}  // namespace kajo::python
