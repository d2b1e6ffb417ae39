// Images of other sizes, and with borders.
#pragma once

#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "cpu/resampling.h"

namespace kajo::ops {

// The last dimensions, one for each axis, made anew; `node` names the gradient.
Tensor resample_axes(const char* node, const Tensor& self, const std::vector<cpu::Axis>& axes);

// mode: as `interpolate` has it, "area" apart. `steps`: how far apart in the input two neighbours of
// the output are.
Tensor resample(const Tensor& self, IntSpan size, const std::vector<double>& steps,
                std::string_view mode, bool align_corners, bool antialias);

}  // namespace kajo::ops
