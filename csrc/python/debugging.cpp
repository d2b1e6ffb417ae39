#include "python/debugging.h"

#include <nanobind/stl/string.h>

#include "autograd/engine.h"
#include "autograd/node.h"
#include "core/living_memory.h"
#include "core/nonfinite.h"
#include "python/autograd.h"
#include "python/object.h"
#include "python/program_place.h"

namespace kajo::python {

namespace nb = nanobind;

namespace {

nb::tuple dims_tuple(const Dims& dims) {
    nb::list list;
    for (const int64_t n : dims) list.append(n);
    return nb::tuple(list);
}

nb::object place_or_none(const SourceLocation& place) {
    return place.code ? nb::cast(describe_location(place)) : nb::none();
}

// Never destroyed, as the interpreter may be gone first.
nb::object& nonfinite_callback() {
    static auto* callback = new nb::object;
    return *callback;
}

void report_nonfinite(const NonFinite& found) {
    const HoldInterpreter lock;
    const BackwardStep* step = BackwardStep::current;
    nb::object callback = nonfinite_callback();
    if (!callback.is_valid() || callback.is_none()) return;
    try {
        callback(found.kernel, found.is_nan, dims_tuple(found.sizes), info(found.dtype).name,
                 step ? nb::cast(step->name) : nb::none(),
                 step ? place_or_none(step->made_at) : nb::none(), step ? step->made_at.module : 0);
    } catch (nb::python_error& error) {
        error.restore();
        throw PythonError{};
    }
}

void track_nonfinite(nb::object callback) {
    nonfinite_callback() = callback;
    watch_for_nonfinite(callback.is_none() ? nullptr : report_nonfinite);
}

nb::list living_memory() {
    nb::list all;
    for (const LivingTensor& t : living_tensors()) {
        const bool in_backward = t.asked_at.code;
        const bool by_package = in_backward && (!t.made_at.code || is_in_package(t.made_at));
        all.append(nb::make_tuple(t.bytes, dims_tuple(t.sizes), info(t.dtype).name,
                                  place_or_none(by_package ? t.asked_at : t.made_at), in_backward));
    }
    return all;
}

}  // namespace

void bind_debugging(nb::module_& m) {
    m.def(
        "_track_nonfinite", &track_nonfinite, nb::arg("callback").none(),
        "callback(kernel, is_nan, sizes, dtype, node, place, module), at each kernel that makes a "
        "nan or an infinity; None ends it.");
    m.def("_set_package_folder",
          [](const std::string& folder) { ProgramPlaces::package_folder = folder; });
    m.def("_note_places_outside", [](bool on) { ProgramPlaces::outside_only = on; });
    m.def(
        "_enter_module",
        [](int32_t number) { return std::exchange(ProgramPlaces::module, number); },
        nb::arg("number"),
        "The number of the module that runs from now on; returns the one before.");
    m.def("_living_memory", &living_memory,
          "(bytes, sizes, dtype, place, whether in backward) of each large living storage.");
}

}  // namespace kajo::python
