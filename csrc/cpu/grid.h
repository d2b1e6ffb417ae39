// Images and volumes sampled at places that a grid names, (x, y) or (x, y, z) within [-1, 1].
#pragma once

#include "core/launch.h"

namespace kajo::cpu {

enum class GridMode : int8_t { Linear, Nearest, Cubic };
enum class GridPadding : int8_t { Zeros, Border, Reflection };

struct GridSampling {
    GridMode mode;
    GridPadding padding;
    bool align_corners;
};

// One sample: the image's spatial sizes with the last dimension first, as grids name them.
struct GridShape {
    GridSampling how;
    int dims;
    int64_t size[3];
    int64_t channels, points;
};
// Places are named by int32, and three that are outside must add up to less than none.
constexpr int64_t kGridPlane = int64_t{1} << 29;

struct GridFunctions {
    // The points from `begin` to `end`, of all channels.
    void (*forward)(const GridShape&, void* out, const void* image, const void* grid, int64_t begin,
                    int64_t end);
    // Adds to grad_image, which may be null; writes grad_grid.
    void (*backward)(const GridShape&, void* grad_image, void* grad_grid, const void* grad,
                     const void* image, const void* grid);
};
struct GridKernels {
    GridFunctions f32, f64;
};
// Those of this machine's instruction set.
const GridKernels& grid_kernels();

// Contiguous float32 or float64. Inputs: image (N, C, spatial..), grid (N, places.., dims).
// Outputs: (N, C, places..).
void grid_sample(TensorRefs out, TensorRefs in, const void* sampling);
// Inputs: grad, image, grid. Outputs: grad_grid and, where it is wanted, grad_image.
void grid_sample_backward(TensorRefs out, TensorRefs in, const void* sampling);

}  // namespace kajo::cpu
