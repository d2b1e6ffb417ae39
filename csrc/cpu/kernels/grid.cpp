// Sampling at any places, a block of points at a time: first where each point's neighbours lie and
// what they weigh, which is the same for all channels, then the channels one by one.
#include "cpu/grid.h"

#include <algorithm>

#include "cpu/vec.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

constexpr int kBlock = 128;
constexpr int kMaxTaps = 16;
constexpr int32_t kOutside = -static_cast<int32_t>(kGridPlane);

template <class V>
struct Sampler {
    using T = Lane<V>;

    // One dimension of a block: up to four neighbours, their weights, and how these change with the
    // coordinate in the grid.
    struct Line {
        alignas(64) int32_t place[4][kBlock];
        alignas(64) T weight[4][kBlock];
        alignas(64) T slope[4][kBlock];
    };
    struct Block {
        alignas(64) T source[kBlock];
        Line lines[3];
        alignas(64) int32_t place[kMaxTaps][kBlock];
        alignas(64) T weight[kMaxTaps][kBlock];
        // The same for planes whose first element is finite: what is outside takes none of it.
        alignas(64) int32_t safe_place[kMaxTaps][kBlock];
        alignas(64) T safe_weight[kMaxTaps][kBlock];
        alignas(64) T sums[kMaxTaps][kBlock];
        int line_taps, taps;
    };

    // Thrown back at `low` and `low + span` until it is between them; `slope` follows.
    static V reflected(V x, T low, T span, V& slope) {
        if (span <= 0) {
            slope = V{};
            return V{};
        }
        const V from = x - low, a = v_abs(from);
        slope = from < 0 ? -slope : slope;
        const V extra = a - v_trunc(a / (2 * span)) * (2 * span);
        const V other = 2 * span - extra;
        slope = extra > span ? -slope : slope;
        return (extra > span ? other : extra) + low;
    }

    static V inside(const GridShape& shape, int d, V x, V& slope) {
        const T size = static_cast<T>(shape.size[d]);
        if (shape.how.padding == GridPadding::Zeros) return x;
        if (shape.how.padding == GridPadding::Reflection)
            x = shape.how.align_corners ? reflected(x, T{0}, size - 1, slope)
                                        : reflected(x, T{-0.5}, size, slope);
        // The ends themselves count as outside.
        slope = x <= 0 || x >= size - 1 ? V{} : slope;
        return x < 0 ? V{} : x > size - 1 ? splat<V>(size - 1) : x;
    }

    static void place_of(const GridShape& shape, int d, V x, int32_t* to) {
        const V size = splat<V>(static_cast<T>(shape.size[d]));
        const auto valid = x >= 0 && x < size;
        int32_t stride = 1;
        for (int k = 0; k < d; k++) stride *= static_cast<int32_t>(shape.size[k]);
        const auto place = v_to_int(valid ? x : V{}) * stride;
        const auto chosen = valid ? place : kOutside - decltype(place){};
        if constexpr (sizeof(T) == sizeof(int32_t))
            std::memcpy(to, &chosen, sizeof chosen);
        else
            for (int i = 0; i < kLanes<V>; i++) to[i] = static_cast<int32_t>(chosen[i]);
    }

    static void store(T* to, V x) { std::memcpy(to, &x, sizeof x); }

    static void cubic(Line& line, int i, V t, V factor) {
        const T a = T{-0.75};
        const auto far = [&](V x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
        const auto near = [&](V x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
        const auto far_slope = [&](V x) { return (3 * a * x - 10 * a) * x + 8 * a; };
        const auto near_slope = [&](V x) { return (3 * (a + 2) * x - 2 * (a + 3)) * x; };
        const V before = t + 1, after = 1 - t, last = 2 - t;
        store(line.weight[0] + i, far(before));
        store(line.weight[1] + i, near(t));
        store(line.weight[2] + i, near(after));
        store(line.weight[3] + i, far(last));
        store(line.slope[0] + i, far_slope(before) * factor);
        store(line.slope[1] + i, near_slope(t) * factor);
        store(line.slope[2] + i, -near_slope(after) * factor);
        store(line.slope[3] + i, -far_slope(last) * factor);
    }

    static void fill_line(const GridShape& shape, int d, const T* source, Line& line) {
        const T size = static_cast<T>(shape.size[d]);
        const T half = (shape.how.align_corners ? size - 1 : size) / 2;
        for (int i = 0; i < kBlock; i += kLanes<V>) {
            V x;
            std::memcpy(&x, source + i, sizeof x);
            x = (x + 1) * half;
            if (!shape.how.align_corners) x -= T{0.5};
            V factor = splat<V>(half);
            if (shape.how.mode == GridMode::Cubic) {
                const V floor = v_floor(x);
                for (int k = 0; k < 4; k++) {
                    V unused = factor;
                    place_of(shape, d,
                             v_rint(inside(shape, d, floor + static_cast<T>(k - 1), unused)),
                             line.place[k] + i);
                }
                cubic(line, i, x - floor, factor);
                continue;
            }
            x = inside(shape, d, x, factor);
            if (shape.how.mode == GridMode::Nearest) {
                place_of(shape, d, v_rint(x), line.place[0] + i);
                store(line.weight[0] + i, splat<V>(1));
                store(line.slope[0] + i, V{});
                continue;
            }
            const V floor = v_floor(x), share = x - floor;
            place_of(shape, d, floor, line.place[0] + i);
            place_of(shape, d, floor + 1, line.place[1] + i);
            store(line.weight[0] + i, 1 - share);
            store(line.weight[1] + i, share);
            store(line.slope[0] + i, -factor);
            store(line.slope[1] + i, factor);
        }
    }

    // The tap of a line that takes part in tap k of the block.
    static int line_tap(const Block& block, int k, int d) {
        for (; d > 0; d--) k /= block.line_taps;
        return k % block.line_taps;
    }

    static void prepare(const GridShape& shape, Block& block, const T* grid, int n) {
        block.line_taps = shape.how.mode == GridMode::Linear    ? 2
                          : shape.how.mode == GridMode::Nearest ? 1
                                                                : 4;
        block.taps = 1;
        for (int d = 0; d < shape.dims; d++) {
            for (int i = 0; i < n; i++) block.source[i] = grid[i * shape.dims + d];
            std::fill(block.source + n, block.source + kBlock, T{0});
            fill_line(shape, d, block.source, block.lines[d]);
            block.taps *= block.line_taps;
        }
        for (int k = 0; k < block.taps; k++) {
            for (int d = 0; d < shape.dims; d++) {
                const Line& line = block.lines[d];
                const int t = line_tap(block, k, d);
                for (int i = 0; i < kBlock; i++) {
                    block.place[k][i] = line.place[t][i] + (d ? block.place[k][i] : 0);
                    block.weight[k][i] = line.weight[t][i] * (d ? block.weight[k][i] : T{1});
                }
            }
            for (int i = 0; i < kBlock; i++) {
                block.safe_place[k][i] = std::max(block.place[k][i], 0);
                block.safe_weight[k][i] =
                    block.weight[k][i] * (block.place[k][i] < 0 ? T{0} : T{1});
            }
        }
    }

    template <int kTaps>
    static void taken(const Block& block, T* out, const T* plane, int n) {
        if (!(plane[0] - plane[0] == 0)) {
            for (int i = 0; i < n; i++) {
                out[i] = 0;
                for (int k = 0; k < block.taps; k++) {
                    const int32_t place = block.place[k][i];
                    out[i] += (place < 0 ? T{0} : plane[place]) * block.weight[k][i];
                }
            }
            return;
        }
        for (int first = 0; first < block.taps; first += kTaps)
            for (int i = 0; i < n; i++) {
                T sum = first ? out[i] : T{0};
                for (int k = first; k < first + kTaps; k++)
                    sum += plane[block.safe_place[k][i]] * block.safe_weight[k][i];
                out[i] = sum;
            }
    }

    // `block.source` holds the gradients of one channel.
    template <int kTaps>
    static void spread(Block& block, T* to, const T* from, int n) {
        const T* g = block.source;
        V probe = splat<V>(from[0] - from[0]);
        for (int i = 0; i < kBlock; i += kLanes<V>) {
            V x;
            std::memcpy(&x, g + i, sizeof x);
            probe += x - x;
        }
        if (any(probe != 0)) {
            for (int k = 0; k < block.taps; k++)
                for (int i = 0; i < n; i++) {
                    const int32_t place = block.place[k][i];
                    if (place < 0) continue;
                    block.sums[k][i] += from[place] * g[i];
                    if (to) to[place] += block.weight[k][i] * g[i];
                }
            return;
        }
        for (int first = 0; first < block.taps; first += kTaps)
            for (int i = 0; i < n; i++)
                for (int k = first; k < first + kTaps; k++) {
                    const int32_t place = block.safe_place[k][i];
                    block.sums[k][i] += from[place] * g[i];
                    if (to) to[place] += block.safe_weight[k][i] * g[i];
                }
    }

    static void forward(const GridShape& shape, void* out, const void* image, const void* grid,
                        int64_t begin, int64_t end) {
        Block block;
        int64_t plane = 1;
        for (int d = 0; d < shape.dims; d++) plane *= shape.size[d];
        for (int64_t at = begin; at < end; at += kBlock) {
            const int n = static_cast<int>(std::min<int64_t>(kBlock, end - at));
            prepare(shape, block, static_cast<const T*>(grid) + at * shape.dims, n);
            for (int64_t c = 0; c < shape.channels; c++) {
                T* to = static_cast<T*>(out) + c * shape.points + at;
                const T* from = static_cast<const T*>(image) + c * plane;
                if (block.taps == 1)
                    taken<1>(block, to, from, n);
                else if (block.taps == 4)
                    taken<4>(block, to, from, n);
                else
                    taken<8>(block, to, from, n);
            }
        }
    }

    static void backward(const GridShape& shape, void* grad_image, void* grad_grid,
                         const void* grad, const void* image, const void* grid) {
        Block block;
        int64_t plane = 1;
        for (int d = 0; d < shape.dims; d++) plane *= shape.size[d];
        const bool moves = shape.how.mode != GridMode::Nearest;
        for (int64_t at = 0; at < shape.points; at += kBlock) {
            const int n = static_cast<int>(std::min<int64_t>(kBlock, shape.points - at));
            prepare(shape, block, static_cast<const T*>(grid) + at * shape.dims, n);
            std::memset(block.sums, 0, sizeof block.sums);
            for (int64_t c = 0; c < shape.channels; c++) {
                const T* g = static_cast<const T*>(grad) + c * shape.points + at;
                std::copy_n(g, n, block.source);
                std::fill(block.source + n, block.source + kBlock, T{0});
                const T* from = static_cast<const T*>(image) + c * plane;
                T* to = grad_image ? static_cast<T*>(grad_image) + c * plane : nullptr;
                if (block.taps == 1)
                    spread<1>(block, to, from, n);
                else if (block.taps == 4)
                    spread<4>(block, to, from, n);
                else
                    spread<8>(block, to, from, n);
            }
            for (int k = 0; k < block.taps; k++)
                for (int i = 0; i < kBlock; i++)
                    block.sums[k][i] = block.place[k][i] < 0 ? T{0} : block.sums[k][i];
            T* result = static_cast<T*>(grad_grid) + at * shape.dims;
            for (int d = 0; d < shape.dims; d++) {
                std::fill_n(block.source, kBlock, T{0});
                for (int k = 0; moves && k < block.taps; k++) {
                    const T* slope = block.lines[d].slope[line_tap(block, k, d)];
                    for (int i = 0; i < kBlock; i++) {
                        T product = block.sums[k][i] * slope[i];
                        for (int e = 0; e < shape.dims; e++)
                            if (e != d) product *= block.lines[e].weight[line_tap(block, k, e)][i];
                        block.source[i] += product;
                    }
                }
                for (int i = 0; i < n; i++) result[i * shape.dims + d] = block.source[i];
            }
        }
    }

    static constexpr GridFunctions functions{forward, backward};
};

}  // namespace

extern const GridKernels grid_kernels;
const GridKernels grid_kernels{Sampler<VF>::functions, Sampler<VD>::functions};

}  // namespace kajo::cpu::KAJO_ISA
