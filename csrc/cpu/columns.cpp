#include "cpu/columns.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/parallel.h"
#include "cpu/isa.h"
#include "cpu/move.h"
#include "cpu/scratch.h"

namespace kajo::cpu {

namespace baseline {
extern const ColumnKernels column_kernels;
}
#if KAJO_X86
namespace avx2 {
extern const ColumnKernels column_kernels;
}
namespace avx512 {
extern const ColumnKernels column_kernels;
}
#endif

const ColumnKernels& column_kernels() {
    return of_cpu_isa(baseline::column_kernels, avx2::column_kernels, avx512::column_kernels);
}

void run_columns(const Layout& layout, DType computing, TensorRefs inputs, const Tensor* output,
                 ColumnBody body, void* context) {
    const int64_t n = layout.n, elements = layout.elements_of_task();
    const bool across = layout.inner > 1;  // rows lie beside each other in memory already
    const int64_t rows = across ? layout.inner : layout.outer, sets = across ? layout.outer : 1;
    if (rows == 0 || sets == 0) return;
    const auto rounded = [](int64_t columns) { return (columns + 15) / 16 * 16; };
    // A line of a block fills whole lines of the cache.
    const int64_t least = inputs[0].item_size() >= 4 ? 16 : 32;
    const int64_t block =
        std::min(rounded(rows), rounded(std::clamp<int64_t>(elements / n, least, kMaxColumns)));
    const int64_t blocks = (rows + block - 1) / block;
    const size_t places = inputs.size() + (output ? 1 : 0);
    parallel_ranges(
        sets * blocks, std::max<int64_t>(1, elements / (n * block)),
        [&](int64_t begin, int64_t end) {
            std::optional<Scratch> scratch[3];
            for (size_t k = 0; k < places; k++)
                scratch[k].emplace(static_cast<size_t>(n * block * 8));
            std::optional<Scratch> moved;
            for (int64_t task = begin; task < end; task++) {
                const int64_t set = task / blocks, first = task % blocks * block;
                ColumnBlock b{{}, 0, std::min(block, rows - first), set * layout.inner + first};
                if (!across) b.first = first;
                b.width = rounded(b.count);
                const int64_t at = across ? set * n * layout.inner + first : first * n;
                const auto place = [&](const Tensor& t) {
                    return static_cast<char*>(t.raw_data()) + at * t.item_size();
                };
                // Where a tensor has another type, its elements are arranged first, then converted.
                const auto arranged = [&](const Tensor& t, size_t k) {
                    if (t.dtype() == computing) return scratch[k]->data();
                    if (!moved) moved.emplace(static_cast<size_t>(n * block * 8));
                    return moved->data();
                };
                for (size_t k = 0; k < places; k++) b.data[k] = scratch[k]->data();
                for (size_t k = 0; k < inputs.size(); k++) {
                    const Tensor& t = inputs[k];
                    void* to = arranged(t, k);
                    if (b.count < b.width)
                        std::memset(to, 0, static_cast<size_t>(n * b.width * t.item_size()));
                    move_of(t.dtype())(to, b.width, 1, place(t), across ? layout.inner : 1,
                                       across ? 1 : n, n, b.count);
                    if (t.dtype() != computing)
                        convert_of(t.dtype(), computing)(b.data[k], to, n * b.width);
                }
                body(context, b);
                if (!output) continue;
                const void* from = b.data[places - 1];
                if (output->dtype() != computing) {
                    void* to = arranged(*output, 0);
                    convert_of(computing, output->dtype())(to, from, n * b.width);
                    from = to;
                }
                if (across)
                    move_of(output->dtype())(place(*output), layout.inner, 1, from, b.width, 1, n,
                                             b.count);
                else
                    move_of(output->dtype())(place(*output), n, 1, from, 1, b.width, b.count, n);
            }
        });
}

}  // namespace kajo::cpu
