#include "ops/resampling.h"

#include "autograd/attach.h"
#include "core/launch.h"
#include "cpu/grid.h"
#include "ops/ops.h"

namespace kajo::ops {

static const Kernel resample_kernel{"resample", cpu::resample};
static const Kernel pick_kernel{"pick_places", cpu::pick_places, kConverted | kBits};

static const Kernel grid_sample_kernel{"grid_sample", cpu::grid_sample};
static const Kernel grid_gradients_kernel{"grid_sample_backward", cpu::grid_sample_backward};

using cpu::Axis;
using cpu::Source;

namespace {

// Axes without a place on the heap, for formulas to capture.
struct Axes {
    size_t count = 0;
    Axis axes[3];

    explicit Axes(const std::vector<Axis>& from) : count(from.size()) {
        std::copy(from.begin(), from.end(), axes);
    }
};

Dims sizes_after(const Tensor& self, const Axes& axes, bool transposed) {
    Dims sizes = self.sizes();
    const size_t first = sizes.size() - axes.count;
    for (size_t i = 0; i < axes.count; i++)
        sizes[first + i] = transposed ? axes.axes[i].size : axes.axes[i].out;
    return sizes;
}

// One dimension after the other, from the last on; `self` is contiguous and of a computing type.
// `tail`: dimensions behind those of the axes.
Tensor sums(const Tensor& self, const Axes& axes, bool transposed, int64_t tail) {
    Tensor result = self;
    for (size_t i = axes.count; i-- > 0;) {
        const Axis& axis = axes.axes[i];
        if (axis.is_identity()) continue;
        const int64_t dim =
            self.dim() - tail - static_cast<int64_t>(axes.count) + static_cast<int64_t>(i);
        Dims sizes = result.sizes();
        sizes[static_cast<size_t>(dim)] = transposed ? axis.size : axis.out;
        const Tensor next = empty(sizes, result.dtype(), result.device());
        launch(resample_kernel, {next}, {result}, cpu::Resampling{axis, dim, transposed});
        result = next;
    }
    return result.is_same(self) ? clone(self) : result;
}

Tensor computed(const Tensor& self, const Axes& axes, bool transposed) {
    const GradModeGuard no_grad(false);
    if (!transposed && !is_weighted(axes.axes[0].source)) {
        const Tensor out = empty(sizes_after(self, axes, false), self.dtype(), self.device());
        cpu::Picking picking{static_cast<int32_t>(axes.count), {}};
        std::copy_n(axes.axes, axes.count, picking.axes);
        launch(pick_kernel, {out}, {contiguous(self)}, picking);
        return out;
    }
    if (is_complex(self.dtype()))
        return view_as_complex(
            sums(view_as_real(contiguous(resolve_conj(self))), axes, transposed, 1));
    const bool narrow = self.dtype() == DType::Float16 || self.dtype() == DType::BFloat16;
    const Tensor wide = contiguous(narrow ? to(self, DType::Float32) : self);
    const Tensor result = sums(wide, axes, transposed, 0);
    return narrow ? to(result, self.dtype()) : result;
}

Tensor attached(const char* node, const Tensor& self, const Axes& axes, bool transposed) {
    return attach(node, computed(self, axes, transposed), {self}, {},
                  [node, axes, transposed](Backward& ctx) {
                      ctx.set(0, attached(node, ctx.grad(), axes, !transposed));
                  });
}

struct Mode {
    std::string_view name;
    Source source, wide;
    const char* nodes[3];  // for one, two and three dimensions
    const char* wide_node;
};
constexpr Mode kModes[] = {
    {"linear", Source::Linear, Source::WideLinear, {"UpsampleLinear1DBackward0"}, nullptr},
    {"bilinear",
     Source::Linear,
     Source::WideLinear,
     {nullptr, "UpsampleBilinear2DBackward0"},
     "UpsampleBilinear2DAaBackward0"},
    {"trilinear",
     Source::Linear,
     Source::WideLinear,
     {nullptr, nullptr, "UpsampleTrilinear3DBackward0"},
     nullptr},
    {"bicubic",
     Source::Cubic,
     Source::WideCubic,
     {nullptr, "UpsampleBicubic2DBackward0"},
     "UpsampleBicubic2DAaBackward0"},
    {"nearest",
     Source::Nearest,
     Source::Nearest,
     {"UpsampleNearest1DBackward0", "UpsampleNearest2DBackward0", "UpsampleNearest3DBackward0"},
     nullptr},
    {"nearest-exact",
     Source::NearestExact,
     Source::NearestExact,
     {"UpsampleNearestExact1DBackward0", "UpsampleNearestExact2DBackward0",
      "UpsampleNearestExact3DBackward0"},
     nullptr},
};

}  // namespace

Tensor resample_axes(const char* node, const Tensor& self, const std::vector<Axis>& axes) {
    return attached(node, self, Axes(axes), false);
}

Tensor resample(const Tensor& self, IntSpan size, const std::vector<double>& steps,
                std::string_view mode, bool align_corners, bool antialias) {
    const size_t dims = size.size();
    check(
        dims >= 1 && dims <= 3 && steps.size() == dims && self.dim() >= static_cast<int64_t>(dims),
        "interpolate(): sizes ", size, " do not go with an input of shape ", self.sizes());
    for (const Mode& m : kModes) {
        if (m.name != mode) continue;
        const char* node = antialias ? m.wide_node : m.nodes[dims - 1];
        check(node != nullptr, "interpolate(): mode '", mode, "' is not for ", dims, " dimensions");
        if (is_weighted(m.source) && !is_differentiable(self.dtype()) &&
            self.dtype() != DType::UInt8)
            raise(ErrorKind::NotImplemented, "interpolate(): mode '", mode,
                  "' is not implemented for ", self.dtype());
        std::vector<Axis> axes;
        for (size_t i = 0; i < dims; i++) {
            const int64_t from = self.size(static_cast<int64_t>(i) - static_cast<int64_t>(dims));
            check(from > 0 && size[i] > 0,
                  "interpolate(): Input and output sizes should be greater than 0, but got input ",
                  self.sizes(), " and output ", size);
            axes.push_back(
                {antialias ? m.wide : m.source, align_corners, from, size[i], steps[i], 0});
        }
        return resample_axes(node, self, axes);
    }
    raise(ErrorKind::Value, "interpolate(): there is no mode '", mode, "'");
}

namespace {
cpu::GridSampling sampling_of(const Tensor& self, const Tensor& grid, int64_t mode, int64_t padding,
                              bool align_corners) {
    check(self.dtype() == grid.dtype() &&
              (self.dtype() == DType::Float32 || self.dtype() == DType::Float64) &&
              (self.dim() == 4 || self.dim() == 5) && grid.dim() == self.dim() &&
              grid.size(0) == self.size(0) && grid.size(-1) == self.dim() - 2 && mode >= 0 &&
              mode <= 2 && (mode != 2 || self.dim() == 4) && padding >= 0 && padding <= 2,
          "grid_sample(): an image of shape ", self.sizes(), " and a grid of shape ", grid.sizes(),
          " do not go together");
    int64_t plane = 1;
    for (int64_t d = 2; d < self.dim(); d++) plane *= self.size(d);
    check(plane > 0 && plane < cpu::kGridPlane, "grid_sample(): a plane of ", plane,
          " elements is empty or too large");
    return {static_cast<cpu::GridMode>(mode), static_cast<cpu::GridPadding>(padding),
            align_corners};
}
}  // namespace

Tensor grid_sample(const Tensor& self, const Tensor& grid, int64_t mode, int64_t padding,
                   bool align_corners) {
    const GradModeGuard no_grad(false);
    const cpu::GridSampling how = sampling_of(self, grid, mode, padding, align_corners);
    Dims sizes{self.size(0), self.size(1)};
    for (int64_t d = 1; d + 1 < grid.dim(); d++) sizes.push_back(grid.size(d));
    const Tensor out = empty(sizes, self.dtype(), self.device());
    launch(grid_sample_kernel, {out}, {contiguous(self), contiguous(grid)}, how);
    return out;
}

std::tuple<Tensor, Tensor> grid_sample_gradients(const Tensor& grad, const Tensor& self,
                                                 const Tensor& grid, int64_t mode, int64_t padding,
                                                 bool align_corners, bool of_image) {
    const GradModeGuard no_grad(false);
    const cpu::GridSampling how = sampling_of(self, grid, mode, padding, align_corners);
    check(grad.dtype() == self.dtype() && grad.dim() == self.dim() &&
              grad.size(0) == self.size(0) && grad.size(1) == self.size(1) &&
              grad.numel() * (self.dim() - 2) == grid.numel() * self.size(1),
          "grid_sample(): a gradient of shape ", grad.sizes(), " does not go with a grid of shape ",
          grid.sizes());
    const Tensor grad_grid = empty(grid.sizes(), grid.dtype(), grid.device());
    TensorList out{grad_grid};
    if (of_image) out.push_back(empty(self.sizes(), self.dtype(), self.device()));
    const Tensor operands[] = {contiguous(grad), contiguous(self), contiguous(grid)};
    launch(grid_gradients_kernel, TensorRefs(out), TensorRefs(operands), how);
    return {of_image ? out[1] : Tensor(), grad_grid};
}

}  // namespace kajo::ops
