// Images of other sizes, with borders, and sampled at any places.
#pragma once

#include <string_view>
#include <tuple>
#include <vector>

#include "core/tensor.h"
#include "cpu/resampling.h"

namespace kajo::ops {

// The last dimensions, one for each axis, made anew; `node` names the gradient.
Tensor resample_axes(const char* node, const Tensor& self, const std::vector<cpu::Axis>& axes);

// mode: as `interpolate` has it, "area" apart. `steps`: how far apart in the input two neighbours
// of the output are.
Tensor resample(const Tensor& self, IntSpan size, const std::vector<double>& steps,
                std::string_view mode, bool align_corners, bool antialias);

// Without gradients, which `kajo.nn.functional.grid_sample` joins to it. Float32 or float64.
Tensor grid_sample(const Tensor& self, const Tensor& grid, int64_t mode, int64_t padding,
                   bool align_corners);
// Those of the image (undefined unless asked for) and of the grid.
std::tuple<Tensor, Tensor> grid_sample_gradients(const Tensor& grad, const Tensor& self,
                                                 const Tensor& grid, int64_t mode, int64_t padding,
                                                 bool align_corners, bool of_image);

}  // namespace kajo::ops
