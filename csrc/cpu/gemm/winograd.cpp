// Winograd's minimal filtering F(2x2, 3x3): patches of 4x4 pixels that overlap by 2 and the weights
// are transformed, so that 16 matrix products, one for each element of a patch, replace the 36
// multiplications of 2x2 results by 16. Vectors hold one element of consecutive patches.
#include "cpu/gemm/conv_grid.h"
#include "cpu/gemm/pack.h"
#include "cpu/gemm/tasks.h"
#include "cpu/gemm/tile.h"
#include "cpu/scratch.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

using V = Vector<float>;
constexpr int W = kLanes<float>;
constexpr int kColumns = kTileColumns<float>;
constexpr int kElements = 16;  // of a patch

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// ---- the transforms in one dimension; along both they make those of a patch
// ------------------------------------------------------------------------------

void image_transform(const V* d, int step, V* out) {
    const V a = d[0], b = d[step], c = d[2 * step], e = d[3 * step];
    out[0] = a - c, out[step] = b + c, out[2 * step] = c - b, out[3 * step] = b - e;
}
// To the 2 results of 4 sums.
void result_transform(const V* m, int step, V* out) {
    out[0] = m[0] + m[step] + m[2 * step];
    out[step] = m[step] - m[2 * step] - m[3 * step];
}
// Its transpose: from the gradients of 2 results.
void gradient_transform(const V* g, int step, V* out) {
    const V a = g[0], b = g[step];
    out[0] = a, out[step] = a + b, out[2 * step] = a - b, out[3 * step] = -b;
}
void weight_transform(const V* g, int step, V* out) {
    const V half = broadcast(0.5f), a = g[0], b = g[step], c = g[2 * step];
    out[0] = a, out[step] = half * (a + b + c), out[2 * step] = half * (a - b + c),
    out[3 * step] = c;
}
// Its transpose: to the gradients of 3 weights.
void weight_gradient_transform(const V* m, int step, V* out) {
    const V half = broadcast(0.5f), sum = half * (m[step] + m[2 * step]);
    out[0] = m[0] + sum, out[step] = half * (m[step] - m[2 * step]);
    out[2 * step] = sum + m[3 * step];
}
// `in` and `out` are arrays of 4x4 of which the upper left parts are used.
template <int ROWS, int COLUMNS, class F>
void along_both(F transform, const V* in, V* out) {
    V between[kElements];
#pragma GCC unroll 4
    for (int c = 0; c < COLUMNS; c++) transform(in + c, 4, between + c);
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) transform(between + 4 * r, 1, out + 4 * r);
}

// ---- patches of images
// ------------------------------------------------------------------------------

// Pairs of neighbouring pixels in the rows of patches: `tap` 2 * r + c reads the pixels 2 * c and
// 2 * c + 1 of row r of every patch.
struct Patches {
    Patches(int64_t channels, const int64_t* image, const int64_t* tiles, const int64_t* padding,
            int rows, int pairs)
        : tile_count(tiles[0] * tiles[1]) {
        const int64_t pixels[3] = {1, tiles[0], 2 * tiles[1]};
        set_sizes(grid, image, pixels, channels);
        grid.stride[0] = grid.stride[2] = 1;
        grid.stride[1] = 2;
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < pairs; c++)
                grid.taps.push_back({{0, r - padding[1], 2 * c - padding[2]}});
    }

    // Tables for tiles [first, first + count), counted over the batch.
    LoadTable table(int64_t first, int64_t count) const {
        LoadTable table;
        table.clear();
        for (int64_t pixel = 0; pixel < 2 * ceil_div(count, W) * W; pixel += W)
            append_vector<float>(grid, 2 * first + pixel,
                                 int(std::clamp<int64_t>(2 * count - pixel, 0, W)), table);
        return table;
    }

    // Elements of patches in the vector-th W tiles.
    template <int ROWS, int PAIRS>
    void load(const LoadTable& table, int64_t vector, const float* channel, V* patch) const {
#pragma GCC unroll 4
        for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 2
            for (int c = 0; c < PAIRS; c++) {
                const auto pixels = [&](int half) {
                    const int64_t entry = (2 * vector + half) * ROWS * PAIRS + r * PAIRS + c;
                    return load_pixels<1>(table.begin(entry), table.end(entry), channel, 1,
                                          grid.image_pixels);
                };
                const V low = pixels(0), high = pixels(1);
                patch[4 * r + 2 * c] = even_lanes<float>(low, high);
                patch[4 * r + 2 * c + 1] = odd_lanes<float>(low, high);
            }
    }

    // Writes the 2x2 results where the image has them.
    void store(const LoadTable& table, int64_t vector, const V* patch, float* channel) const {
        constexpr auto sequence = std::make_integer_sequence<int, W>();
        for (int r = 0; r < 2; r++) {
            const V even = patch[4 * r], odd = patch[4 * r + 1];
            const V halves[2] = {interleave<float, 0>(even, odd, sequence),
                                 interleave<float, 1>(even, odd, sequence)};
            for (int half = 0; half < 2; half++) {
                const int64_t entry = (2 * vector + half) * 2 + r;
                for (const Segment* s = table.begin(entry); s != table.end(entry); s++)
                    KAJO_ISA::store(mask<float>(s->lanes), channel + s->offset, halves[half]);
            }
        }
    }

    Grid grid;
    int64_t tile_count;  // of an image
};

// A correlation of images with 3x3 weights and its sizes; `out` are the channels of the result.
struct Problem {
    int64_t batch, in, out;
    int64_t image[3], result[3], padding[3];
    int64_t tiles[2];
    Patches patches, results;

    Problem(int64_t batch, int64_t in, int64_t out, const int64_t* from, const int64_t* to,
            const int64_t* pad)
        : batch(batch),
          in(in),
          out(out),
          image{1, from[1], from[2]},
          result{1, to[1], to[2]},
          padding{0, pad[1], pad[2]},
          tiles{ceil_div(to[1], 2), ceil_div(to[2], 2)},
          patches(in, image, tiles, padding, 4, 2),
          results(out, result, tiles, kNoPadding, 2, 1) {}

    int64_t all_tiles() const { return batch * tiles[0] * tiles[1]; }
    double work() const { return double(in) * double(out) * double(all_tiles()) * kElements; }
    // Tiles that are worked on together, so that their transforms take so many bytes.
    int64_t block_tiles(int64_t bytes, int64_t least) const {
        const int64_t fit = bytes / (kElements * (in + out) * int64_t(sizeof(float)));
        return std::min(std::clamp(fit / kColumns * kColumns, least, 4 * least),
                        ceil_div(all_tiles(), W) * W);
    }

  private:
    static constexpr int64_t kNoPadding[3] = {0, 0, 0};
};

// Weight (o, i, tap) is at o * out_stride + i * in_stride + tap, from the last tap on if flipped.
struct Weights {
    const float* data;
    int64_t out_stride, in_stride;
    bool flipped;
};

// Panels of the products' left operands, in the order in which they are read:
// [element][run of `steps` of i][panel of o][i][lane].
void transform_weights(const Problem& p, const Weights& w, int height, int64_t steps, float* to) {
    const int64_t panels = ceil_div(p.out, height), panel_size = p.in * height;
    for_tasks(panels, double(p.in * p.out) * 32, [&](int64_t panel) {
        const int lanes = int(std::min<int64_t>(height, p.out - panel * height));
        for (int64_t i = 0; i < p.in; i++)
            for (int l0 = 0; l0 < height; l0 += W) {
                alignas(kVectorBytes) float taps[9][W] = {};
                for (int l = l0; l < std::min(lanes, l0 + W); l++) {
                    const float* from =
                        w.data + (panel * height + l) * w.out_stride + i * w.in_stride;
                    for (int t = 0; t < 9; t++) taps[t][l - l0] = from[w.flipped ? 8 - t : t];
                }
                V patch[kElements], transformed[kElements];
                for (int t = 0; t < 9; t++) patch[t / 3 * 4 + t % 3] = load(taps[t]);
                along_both<4, 3>(weight_transform, patch, transformed);
                const int64_t k = i / steps * steps, run = std::min(steps, p.in - k);
                float* out = to + (k * panels + panel * run + i - k) * height + l0;
                for (int e = 0; e < kElements; e++)
                    store_first(out + e * panels * panel_size, transformed[e], height - l0);
            }
    });
}

void multiply(int64_t k, const float* a, int height, const float* b, float* c, int64_t c_row,
              int rows, int columns, bool update) {
    const int vectors = (columns + W - 1) / W;
    kTiles<Multiply<float>, true>[vectors - 1][rows](
        {k, a, 1, height, b, kColumns, c, c_row, 1, 1, update ? Write::Update : Write::Overwrite,
         first_lanes<float>(columns - (vectors - 1) * W)});
}

// The same into whole vectors, each sixteen steps of k summed from zero: transforms magnify the
// rounding of sums, which so stays that of the plain convolution. Half of the registers hold sums
// of sixteen, the others all.
constexpr int kRunRows = kTileRows * 3 / 7;  // more would not all stay in registers

template <int ROWS, int VECTORS>
void multiply_runs(int64_t k, const float* a, int height, const float* b, float* c, int64_t c_row,
                   bool update) {
    constexpr int64_t kRun = 16;
    V sum[ROWS][VECTORS];
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 2
        for (int j = 0; j < VECTORS; j++) sum[i][j] = update ? load(c + i * c_row + j * W) : V{};
    const float* next = a + k * height;  // the next panel follows this one
    for (; k > 0; k -= kRun) {
        V run[ROWS][VECTORS] = {};
#pragma GCC unroll 8
        for (int line = 0; line < ROWS; line++) __builtin_prefetch(next + line * (64 / 4));
        next += ROWS * (64 / 4);
        for (int64_t step = std::min(kRun, k); step > 0; step--) {
            V row[VECTORS];
#pragma GCC unroll 2
            for (int j = 0; j < VECTORS; j++) row[j] = load(b + j * W);
#pragma GCC unroll 8
            for (int i = 0; i < ROWS; i++) {
                const V x = broadcast(a[i]);
#pragma GCC unroll 2
                for (int j = 0; j < VECTORS; j++) run[i][j] = fma(x, row[j], run[i][j]);
            }
            a += height;
            b += kColumns;
        }
#pragma GCC unroll 8
        for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 2
            for (int j = 0; j < VECTORS; j++) sum[i][j] += run[i][j];
    }
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 2
        for (int j = 0; j < VECTORS; j++) store(c + i * c_row + j * W, sum[i][j]);
}

using RunKernel = void (*)(int64_t, const float*, int, const float*, float*, int64_t, bool);
template <int VECTORS, size_t... I>
constexpr std::array<RunKernel, kRunRows + 1> run_kernels(std::index_sequence<I...>) {
    return {nullptr, multiply_runs<int(I) + 1, VECTORS>...};
}
constexpr std::array<RunKernel, kRunRows + 1> kRunKernels[kTileVectors] = {
    run_kernels<1>(std::make_index_sequence<kRunRows>()),
    run_kernels<2>(std::make_index_sequence<kRunRows>()),
};

// The height of panels of so many channels; a tile costs about one row more than that.
int run_rows(int64_t channels) {
    const auto cost = [&](int height) { return ceil_div(channels, height) * (height + 1); };
    int best = kRunRows;
    for (int height = kRunRows; height > kRunRows / 2; height--)
        if (cost(height) < cost(best)) best = height;
    return best;
}

// y = x * w + bias
void correlate(const Problem& p, const float* x, const Weights& w, const float* bias, float* y) {
    constexpr int64_t kBytes = int64_t{1} << 20, kFewestTiles = 64, kSteps = 128;
    const int height = run_rows(p.out);
    const int64_t row_panels = ceil_div(p.out, height);
    const Scratch weight_memory(size_t(kElements * row_panels * height * p.in) * sizeof(float));
    float* const weights = weight_memory.as<float>();
    const int64_t steps = ceil_div(p.in, ceil_div(p.in, kSteps));
    transform_weights(p, w, height, steps, weights);

    const int64_t block = p.block_tiles(kBytes, kFewestTiles);
    for_tasks(ceil_div(p.all_tiles(), block), p.work(), [&](int64_t task) {
        const int64_t first = task * block, tiles = std::min(block, p.all_tiles() - first);
        const int64_t vectors = ceil_div(tiles, W), panels = ceil_div(tiles, kColumns);
        const int64_t width = panels * kColumns;
        const Scratch image_memory(size_t(kElements * p.in * width) * sizeof(float));
        const Scratch sum_memory(size_t(kElements * p.out * width) * sizeof(float));
        float* const image = image_memory.as<float>();  // [element][panel of tiles][i][lane]
        float* const sums = sum_memory.as<float>();     // [element][o][tile]

        const LoadTable loads = p.patches.table(first, tiles);
        for (int64_t i = 0; i < p.in; i++)
            for (int64_t v = 0; v < vectors; v++) {
                V patch[kElements], transformed[kElements];
                p.patches.load<4, 2>(loads, v, x + i * p.patches.grid.image_pixels, patch);
                along_both<4, 4>(image_transform, patch, transformed);
                float* to = image + (v * W / kColumns * p.in + i) * kColumns + v * W % kColumns;
                for (int e = 0; e < kElements; e++) store(to + e * width * p.in, transformed[e]);
            }

        // All columns take a run of the weights while it is in the cache.
        for (int e = 0; e < kElements; e++)
            for (int64_t k = 0; k < p.in; k += steps)
                for (int64_t panel = 0; panel < panels; panel++)
                    for (int64_t r = 0; r < row_panels; r++) {
                        const int64_t row = r * height, run = std::min(steps, p.in - k);
                        const int rows = int(std::min<int64_t>(height, p.out - row));
                        const bool pair = (panel * kTileVectors + 1) < vectors;
                        kRunKernels[pair][rows](
                            run, weights + ((e * p.in + k) * row_panels + r * run) * height, height,
                            image + ((e * panels + panel) * p.in + k) * kColumns,
                            sums + (e * p.out + row) * width + panel * kColumns, width, k > 0);
                    }

        const LoadTable stores = p.results.table(first, tiles);
        for (int64_t o = 0; o < p.out; o++)
            for (int64_t v = 0; v < vectors; v++) {
                V sum[kElements], result[kElements];
                for (int e = 0; e < kElements; e++)
                    sum[e] = load(sums + (e * p.out + o) * width + v * W);
                along_both<2, 4>(result_transform, sum, result);
                if (bias)
                    for (int e : {0, 1, 4, 5}) result[e] += broadcast(bias[o]);
                p.results.store(stores, v, result, y + o * p.results.grid.image_pixels);
            }
    });
}

// ---- the gradient of the weights
// ------------------------------------------------------------------------------

// Panels whose steps are tiles: [element][panel of channels][tile][lane].
template <int ROWS, int PAIRS, class F>
void transform_for_weights(const Patches& patches, F transform, const LoadTable& table,
                           int64_t tiles, const float* image, int64_t channels, int panel_width,
                           int64_t panel, float* to) {
    const int64_t first = panel * panel_width, panels = ceil_div(channels, panel_width);
    const int64_t element_size = panels * tiles * panel_width;
    const int64_t lanes = std::min<int64_t>(panel_width, channels - first);
    alignas(kVectorBytes) V transformed[W][kElements];
    for (int64_t v = 0; v * W < tiles; v++)
        for (int l0 = 0; l0 < panel_width; l0 += W) {
            for (int l = 0; l < W; l++) {
                V patch[kElements];
                if (l0 + l >= lanes) {
                    std::fill(transformed[l], transformed[l] + kElements, V{});
                    continue;
                }
                patches.load<ROWS, PAIRS>(
                    table, v, image + (first + l0 + l) * patches.grid.image_pixels, patch);
                along_both<4, 2 * PAIRS>(transform, patch, transformed[l]);
            }
            const int steps = int(std::min<int64_t>(W, tiles - v * W));
            for (int e = 0; e < kElements; e++) {
                V square[W];
                for (int l = 0; l < W; l++) square[l] = transformed[l][e];
                transpose<float>(square);
                float* out = to + e * element_size + (panel * tiles + v * W) * panel_width + l0;
                for (int s = 0; s < steps; s++)
                    store_first(out + s * panel_width, square[s], panel_width - l0);
            }
        }
}

// dw[o][i] from the products' [element][o][i].
void finish_weights(const Problem& p, const float* sums, float* dw) {
    for_tasks(p.out, double(p.in * p.out) * 32, [&](int64_t o) {
        for (int64_t i = 0; i < p.in; i += W) {
            const int lanes = int(std::min<int64_t>(W, p.in - i));
            V sum[kElements], result[kElements];
            for (int e = 0; e < kElements; e++)
                sum[e] = load_first(sums + (e * p.out + o) * p.in + i, lanes);
            along_both<3, 4>(weight_gradient_transform, sum, result);
            for (int t = 0; t < 9; t++)
                for (int l = 0; l < lanes; l++)
                    dw[(o * p.in + i + l) * 9 + t] = result[t / 3 * 4 + t % 3][l];
        }
    });
}

Problem forward_problem(const ConvShape& s) {
    return {s.batch, s.in_channels, s.out_channels, s.input, s.output, s.padding};
}

}  // namespace

bool suits_winograd(const ConvShape& s) {
    // With fewer channels convolutions add in PyTorch's order, to the last bit (see adds_in_order).
    constexpr int64_t kFewestChannels = 64, kFewestTiles = 64;
    const bool square = s.kernel[0] == 1 && s.kernel[1] == 3 && s.kernel[2] == 3;
    const bool flat = s.input[0] == 1 && s.padding[0] == 0;
    const bool dense = product3(s.stride) == 1 && product3(s.dilation) == 1 && s.groups == 1;
    if (!square || !flat || !dense || s.padding[1] > 2 || s.padding[2] > 2) return false;
    const int64_t least = std::min(s.in_channels, s.out_channels);
    if (least < kFewestChannels) return false;
    // Patches reach beyond images of odd sizes.
    const int64_t tiles = ceil_div(s.output[1], 2) * ceil_div(s.output[2], 2);
    return 2 * 4 * tiles <= 3 * s.output[1] * s.output[2] && s.batch * tiles >= kFewestTiles;
}

void winograd_forward(const ConvShape& s, const float* x, const float* w, const float* bias,
                      float* y) {
    correlate(forward_problem(s), x, {w, s.in_channels * 9, 9, false}, bias, y);
}

void winograd_backward_input(const ConvShape& s, const float* dy, const float* w, const float* bias,
                             float* dx) {
    const int64_t padding[3] = {0, 2 - s.padding[1], 2 - s.padding[2]};
    const Problem p(s.batch, s.out_channels, s.in_channels, s.output, s.input, padding);
    correlate(p, dy, {w, 9, s.in_channels * 9, true}, bias, dx);
}

void winograd_backward_weight(const ConvShape& s, const float* x, const float* dy, float* dw) {
    constexpr int64_t kBytes = int64_t{4} << 20, kFewestTiles = 128;
    const Problem p = forward_problem(s);
    const int height = tile_rows(p.out);
    const int64_t row_panels = ceil_div(p.out, height), column_panels = ceil_div(p.in, kColumns);
    const int64_t block = p.block_tiles(kBytes, kFewestTiles);
    const Scratch gradient_memory(size_t(kElements * row_panels * height * block) * sizeof(float));
    const Scratch image_memory(size_t(kElements * column_panels * kColumns * block) *
                               sizeof(float));
    const Scratch sum_memory(size_t(kElements * p.out * p.in) * sizeof(float));
    float* const gradients = gradient_memory.as<float>();
    float* const images = image_memory.as<float>();
    float* const sums = sum_memory.as<float>();

    for (int64_t first = 0; first < p.all_tiles(); first += block) {
        const int64_t tiles = std::min(block, p.all_tiles() - first);
        const LoadTable image_table = p.patches.table(first, tiles);
        const LoadTable gradient_table = p.results.table(first, tiles);
        const double work = double(p.in) * double(p.out) * double(tiles) * kElements;
        for_tasks(row_panels + column_panels, work, [&](int64_t task) {
            if (task < column_panels)
                transform_for_weights<4, 2>(p.patches, image_transform, image_table, tiles, x, p.in,
                                            kColumns, task, images);
            else
                transform_for_weights<2, 1>(p.results, gradient_transform, gradient_table, tiles,
                                            dy, p.out, height, task - column_panels, gradients);
        });
        for_tasks(kElements * column_panels, work, [&](int64_t task) {
            const int64_t e = task / column_panels, panel = task % column_panels;
            const int64_t column = panel * kColumns;
            for (int64_t r = 0; r < row_panels; r++) {
                const int64_t row = r * height;
                multiply(tiles, gradients + (e * row_panels + r) * tiles * height, height,
                         images + (e * column_panels + panel) * tiles * kColumns,
                         sums + (e * p.out + row) * p.in + column, p.in,
                         int(std::min<int64_t>(height, p.out - row)),
                         int(std::min<int64_t>(kColumns, p.in - column)), first > 0);
            }
        });
    }
    finish_weights(p, sums, dw);
}

}  // namespace kajo::cpu::KAJO_ISA
