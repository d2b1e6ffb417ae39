#include "python/profiler.h"

#include <nanobind/stl/string.h>

namespace kajo::python {

namespace nb = nanobind;

std::vector<Dims> argument_shapes(std::span<PyObject* const> arguments) {
    std::vector<Dims> shapes;
    for (PyObject* o : arguments) {
        if (is_tensor(o))
            shapes.emplace_back(reinterpret_cast<TensorObject*>(o)->impl->sizes);
        else
            shapes.emplace_back();
    }
    return shapes;
}

namespace {

nb::tuple event_tuple(const ProfileEvent& e) {
    nb::list shapes;
    for (const Dims& dims : e.shapes) {
        nb::list shape;
        for (const int64_t n : dims) shape.append(n);
        shapes.append(shape);
    }
    return nb::make_tuple(e.name, static_cast<int>(e.kind), e.begin, e.end, e.thread, e.depth,
                          e.bytes, shapes, e.stack);
}

}  // namespace

void bind_profiler(nb::module_& m) {
    m.def(
        "_start_profiling",
        [](bool shapes, bool stacks) {
            ProfileDetail::shapes = shapes;
            ProfileDetail::stacks = stacks;
            start_profiling();
        },
        nb::arg("shapes"), nb::arg("stacks"));
    m.def(
        "_stop_profiling",
        [] {
            nb::list events;
            for (const ProfileEvent& e : stop_profiling()) events.append(event_tuple(e));
            return events;
        },
        "A tuple for each range: name, kind, begin, end (ns), thread, depth, bytes, shapes, "
        "stack.");
    m.def("_is_profiling", &is_profiling);
    m.def("_open_range", [](const std::string& name) { open_range(name, RangeKind::Program); });
    m.def("_close_range", &close_range);
}

}  // namespace kajo::python
