#include "cpu/grid.h"

#include <cstring>

#include "core/parallel.h"
#include "cpu/isa.h"
#include "cpu/lanes.h"

namespace kajo::cpu {

namespace baseline {
extern const GridKernels grid_kernels;
}
#if KAJO_X86
namespace avx2 {
extern const GridKernels grid_kernels;
}
namespace avx512 {
extern const GridKernels grid_kernels;
}
#endif

const GridKernels& grid_kernels() {
    return of_cpu_isa(baseline::grid_kernels, avx2::grid_kernels, avx512::grid_kernels);
}

namespace {

GridShape shape_of(const Tensor& image, const Tensor& grid, const void* attributes) {
    GridShape shape{*static_cast<const GridSampling*>(attributes),
                    static_cast<int>(image.dim() - 2),
                    {1, 1, 1},
                    image.size(1),
                    1};
    for (int d = 0; d < shape.dims; d++) {
        shape.size[d] = image.size(-1 - d);
        shape.points *= grid.size(1 + d);
    }
    return shape;
}

const GridFunctions& functions_of(const Tensor& t) {
    return t.dtype() == DType::Float64 ? grid_kernels().f64 : grid_kernels().f32;
}

// Where sample n of a tensor begins.
char* sample_of(const Tensor& t, int64_t n) {
    return t.data<char>() + n * (t.numel() / t.size(0)) * t.item_size();
}

}  // namespace

void grid_sample(TensorRefs out, TensorRefs in, const void* attributes) {
    const Tensor &image = in[0], &grid = in[1];
    if (out[0].numel() == 0) return;
    const GridShape shape = shape_of(image, grid, attributes);
    const GridFunctions& functions = functions_of(image);
    const int64_t piece = grain_for(shape.channels * image.item_size());
    const int64_t pieces = (shape.points + piece - 1) / piece;
    parallel_for(image.size(0) * pieces, [&](int64_t i) {
        const int64_t n = i / pieces, begin = i % pieces * piece;
        functions.forward(shape, sample_of(out[0], n), sample_of(image, n), sample_of(grid, n),
                          begin, std::min(shape.points, begin + piece));
    });
}

void grid_sample_backward(TensorRefs out, TensorRefs in, const void* attributes) {
    const Tensor &grad = in[0], &image = in[1], &grid = in[2];
    const GridShape shape = shape_of(image, grid, attributes);
    const bool of_image = out.size() > 1;
    if (of_image)
        std::memset(out[1].raw_data(), 0, static_cast<size_t>(image.numel() * image.item_size()));
    if (grid.numel() == 0) return;
    // Places may be named by several points: a sample is one piece of work.
    parallel_for(image.size(0), [&](int64_t n) {
        functions_of(image).backward(shape, of_image ? sample_of(out[1], n) : nullptr,
                                     sample_of(out[0], n), sample_of(grad, n), sample_of(image, n),
                                     sample_of(grid, n));
    });
}

}  // namespace kajo::cpu
