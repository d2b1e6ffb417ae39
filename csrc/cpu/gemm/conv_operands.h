// The operands and results of convolutions as sources and sinks of the engine.
#pragma once

#include "cpu/gemm/conv_grid.h"
#include "cpu/gemm/matrix.h"
#include "cpu/scratch.h"

namespace kajo::cpu::KAJO_ISA {

// The order in which a convolution adds up: sixteen channels at a time, of these tap by tap, and
// channel by channel within a tap. PyTorch's convolutions on AVX-512 add in this order, each
// sixteen channels from zero and the bias after the first: results then agree to the last bit, and
// a network that is trained alike does not part where two pixels of a pooling window nearly tie.
inline constexpr int64_t kChannelBlock = 16;

struct Steps {
    int64_t channels, taps;

    // Calls f(tap, channel, channels, step) for the runs of channels that make up k0 to k0 + k.
    template <class F>
    void for_runs(int64_t k0, int64_t k, F&& f) const {
        for (int64_t i = 0; i < k;) {
            const int64_t block = (k0 + i) / (kChannelBlock * taps) * kChannelBlock;
            const int64_t width = std::min(kChannelBlock, channels - block);
            const int64_t at = k0 + i - block * taps, tap = at / width, first = at % width;
            const int64_t run = std::min(width - first, k - i);
            f(tap, block + first, run, i);
            i += run;
        }
    }
};

// Forward and backward to the input: lanes are output pixels, k is as in Steps.
template <class S, int STRIDE>
struct ImageSource final : Source<S> {
    ImageSource(const S* image, const Grid& grid, int64_t channels)
        : image(image), grid(grid), steps{channels, grid.tap_count()} {
        this->group = grid.tap_count() == 1 ? 4 : 1;
    }

    void begin(int64_t pixel, int64_t pixels, int64_t, int64_t) const override {
        State& s = state();
        s.at = pixel;
        s.shift = 0;
        const bool same_grid = s.grid_id == grid.id && s.pixels == pixels;
        if (same_grid && s.first == pixel) return;
        const int64_t whole = grid.output_pixels;
        if (same_grid && pixels == whole && pixel % whole == 0 && s.first % whole == 0) {
            s.shift = (pixel - s.first) / whole * grid.batch_stride;
            return;
        }
        s.grid_id = grid.id;
        s.first = pixel;
        s.pixels = pixels;
        s.table.clear();
        for (int64_t p = 0; p < pixels; p += kLanes<S>)
            append_vector<S>(grid, pixel + p, int(std::min<int64_t>(kLanes<S>, pixels - p)),
                             s.table);
    }

    void pack(int64_t pixel, int pixels, int64_t k0, int64_t k, int panel, S* out) const override {
        constexpr int W = kLanes<S>;
        const State& s = state();
        const int64_t taps = grid.tap_count(), channel_stride = grid.image_pixels;
        const int64_t first = (pixel - s.at) / W, vectors = (pixels + W - 1) / W;
        // Channels lie too far apart for the hardware's prefetching.
        const int64_t ahead = channel_stride * (taps < 4 ? 8 : 4);
        steps.for_runs(k0, k, [&](int64_t tap, int64_t channel, int64_t channels, int64_t i) {
            const S* from = image + s.shift + channel * channel_stride;
            for (int64_t v = 0; v < vectors; v++) {
                const int64_t entry = (first + v) * taps + tap;
                S* to = out + v / kTileVectors * panel * k + i * panel + v % kTileVectors * W;
                pack_channels(s.table.begin(entry), s.table.end(entry), from, channels, ahead,
                              panel, to);
            }
        });
    }

    const S* image;
    const Grid& grid;
    Steps steps;

  private:
    // A vector of pixels of each channel; of one or two parts these stay in registers.
    void pack_channels(const Segment* begin, const Segment* end, const S* from, int64_t channels,
                       int64_t ahead, int panel, S* to) const {
        const int64_t channel_stride = grid.image_pixels;
        if (STRIDE != 1 || end - begin > 2) {
            for (int64_t c = 0; c < channels; c++, from += channel_stride, to += panel)
                store(to, load_pixels<STRIDE>(begin, end, from, grid.stride[2], ahead));
            return;
        }
        const Mask<S> low = mask<S>(begin->lanes), high = mask<S>((end - 1)->lanes);
        const int64_t second = (end - 1)->offset - begin->offset;
        from += begin->offset;
        if (second == 0) {
            for (int64_t c = 0; c < channels; c++, from += channel_stride, to += panel) {
                __builtin_prefetch(from + ahead);
                store(to, load(low, from));
            }
            return;
        }
        for (int64_t c = 0; c < channels; c++, from += channel_stride, to += panel) {
            __builtin_prefetch(from + ahead);
            store(to, load_over(load(low, from), high, from + second));
        }
    }

    // A thread keeps its last table: tasks over the same pixels of other images or groups share it.
    struct State {
        LoadTable table;
        int64_t grid_id = 0, first = 0, pixels = 0;
        int64_t at = 0, shift = 0;  // the pixels in use, and how far they lie from the table's
    };
    static State& state() {
        static thread_local State s;
        return s;
    }
};

// Backward to the weights: lanes are (channel, tap), k is the output pixel.
template <class S, int STRIDE>
struct PatchSource final : Source<S> {
    PatchSource(const S* image, const Grid& grid, int64_t first_pixel)
        : image(image), grid(grid), first_pixel(first_pixel) {}

    void begin(int64_t, int64_t, int64_t k0, int64_t k) const override {
        LoadTable& t = table();
        t.clear();
        for (int64_t p = k0; p < k0 + k; p += kLanes<S>)
            append_vector<S>(grid, first_pixel + p, int(std::min<int64_t>(kLanes<S>, k0 + k - p)),
                             t);
    }

    void pack(int64_t lane, int lanes, int64_t, int64_t k, int panel, S* out) const override {
        constexpr int W = kLanes<S>;
        const LoadTable& t = table();
        const int64_t taps = grid.tap_count();
        const int64_t ahead = (panel / taps + (taps > 1)) * grid.image_pixels;
        Vector<S> square[W];
        for (int l0 = 0; l0 < panel; l0 += W)
            for (int64_t i = 0; i < k; i += W) {
                int64_t tap = (lane + l0) % taps;
                const S* channel = image + (lane + l0) / taps * grid.image_pixels;
                for (int l = 0; l < W; l++) {
                    const int64_t entry = i / W * taps + tap;
                    square[l] = l0 + l < lanes ? load_pixels<STRIDE>(t.begin(entry), t.end(entry),
                                                                     channel, grid.stride[2], ahead)
                                               : Vector<S>{};
                    if (++tap == taps) {
                        tap = 0;
                        channel += grid.image_pixels;
                    }
                }
                transpose<S>(square);
                const int steps = int(std::min<int64_t>(W, k - i));
                for (int s = 0; s < steps; s++)
                    store_first(out + (i + s) * panel + l0, square[s], panel - l0);
            }
    }

    const S* image;
    const Grid& grid;
    int64_t first_pixel;

  private:
    static LoadTable& table() {
        static thread_local LoadTable t;
        return t;
    }
};

// Backward to the weights: lanes are output channels, k is the output pixel.
template <class S>
struct GradientSource final : Source<S> {
    GradientSource(const S* dy, int64_t pixels, int64_t batch_stride, int64_t first_pixel)
        : dy(dy), pixels(pixels), batch_stride(batch_stride), first_pixel(first_pixel) {}

    void pack(int64_t lane, int lanes, int64_t k0, int64_t k, int panel, S* out) const override {
        for (int64_t p = first_pixel + k0, end = p + k; p < end;) {
            const int64_t image = p / pixels, at = p % pixels;
            const int64_t run = std::min(end - p, pixels - at);
            pack_panel(dy + image * batch_stride + lane * pixels + at, pixels, int64_t{1}, lanes,
                       panel, run, out);
            out += run * panel;
            p += run;
        }
    }

    const S* dy;
    int64_t pixels, batch_stride, first_pixel;
};

// Forward: lanes are output channels, k is as in Steps.
template <class S>
struct ForwardWeights final : Source<S> {
    ForwardWeights(const S* w, int64_t channels, int64_t taps) : w(w), steps{channels, taps} {}

    void pack(int64_t lane, int lanes, int64_t k0, int64_t k, int panel, S* out) const override {
        const int64_t row = steps.channels * steps.taps;
        const S* const rows = w + lane * row;
        if (steps.taps == 1) return pack_panel(rows + k0, row, int64_t{1}, lanes, panel, k, out);
        // As the weights lie, whole channels; then put in order.
        const int64_t block = kChannelBlock * steps.taps;
        const int64_t begin = k0 / block * block;
        const int64_t end = std::min((k0 + k + block - 1) / block * block, row);
        const Scratch memory(size_t((end - begin) * panel) * sizeof(S));
        S* const lying = memory.as<S>();
        pack_panel(rows + begin, row, int64_t{1}, lanes, panel, end - begin, lying);
        steps.for_runs(k0, k, [&](int64_t tap, int64_t channel, int64_t channels, int64_t i) {
            const S* from = lying + (channel * steps.taps + tap - begin) * panel;
            S* to = out + i * panel;
            for (int64_t c = 0; c < channels; c++, from += steps.taps * panel, to += panel)
                for (int l = 0; l < panel; l += kLanes<S>)
                    store_first(to + l, load_first(from + l, panel - l), panel - l);
        });
    }

    const S* w;
    Steps steps;
};

// Backward to the input: lanes are input channels, k is as in Steps, of the output's channels and
// the taps of this phase.
template <class S>
struct FlippedWeights final : Source<S> {
    // w[(out_channel * channels + lane) * kernel_size + kernel_taps[tap]]
    FlippedWeights(const S* w, int64_t channels, int64_t kernel_size, const int64_t* kernel_taps,
                   Steps steps)
        : w(w),
          channels(channels),
          kernel_size(kernel_size),
          kernel_taps(kernel_taps),
          steps(steps) {}

    void pack(int64_t lane, int lanes, int64_t k0, int64_t k, int panel, S* out) const override {
        const int64_t row = channels * kernel_size;
        steps.for_runs(k0, k, [&](int64_t tap, int64_t channel, int64_t count, int64_t i) {
            const S* p = w + channel * row + lane * kernel_size + kernel_taps[tap];
            S* to = out + i * panel;
            for (int64_t c = 0; c < count; c++, p += row, to += panel) {
                __builtin_prefetch(p + 4 * row);
                for (int l = 0; l < lanes; l++) to[l] = p[l * kernel_size];
                for (int l = lanes; l < panel; l++) to[l] = 0;
            }
        });
    }

    const S* w;
    int64_t channels, kernel_size;
    const int64_t* kernel_taps;
    Steps steps;
};

// Channels by pixels of a grid over the image: every pixel, or every stride-th from an origin.
template <class T>
struct PlaneSink final : Sink<ComputeType<T>> {
    using S = ComputeType<T>;

    T* y = nullptr;  // at the origin of the first channel
    int64_t grid[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, image[3] = {1, 1, 1};
    int64_t batch_stride = 0;
    Epilogue<T> epilogue;

    void set_bias(const T* bias, int64_t channel) {
        epilogue.bias = bias ? bias + channel : nullptr;
        epilogue.bias_row = 1;
        this->has_epilogue = this->epilogue_first = bias != nullptr;
    }
    bool dense() const { return stride[0] == 1 && stride[1] == 1 && stride[2] == 1; }
    int64_t grid_pixels() const { return grid[0] * grid[1] * grid[2]; }
    int64_t channel_stride() const { return image[0] * image[1] * image[2]; }

    S* direct(int64_t row, int64_t column, int columns, int64_t& row_stride) const override {
        if constexpr (std::is_same_v<S, T>) {
            const int64_t pixels = grid_pixels(), at = column % pixels;
            if (!dense() || at + columns > pixels) return nullptr;
            row_stride = channel_stride();
            return y + column / pixels * batch_stride + row * row_stride + at;
        }
        return nullptr;
    }

    void finish(S* values, int64_t row_stride, int64_t row, int rows, int64_t column,
                int columns) const override {
        for (int i = 0; i < rows; i++)
            epilogue.apply(values + i * row_stride, row + i, column, columns);
    }

    void put(S* values, int64_t row, int rows, int64_t column, int columns) const override {
        if (!this->epilogue_first) finish(values, kTileColumns<S>, row, rows, column, columns);
        store(values, row, rows, column, columns);
    }

    void store(const S* values, int64_t row, int rows, int64_t column, int columns) const {
        T* const planes = y + row * channel_stride();
        if (!dense()) return put_apart(values, planes, rows, column, columns);
        const int64_t pixels = grid_pixels();
        for (int j = 0; j < columns;) {
            const int64_t at = (column + j) % pixels;
            const int run = int(std::min<int64_t>(columns - j, pixels - at));
            put_run(values + j, planes + (column + j) / pixels * batch_stride + at, rows, run);
            j += run;
        }
    }

    // Of pixels by channels, from `channel` and `pixel` on.
    void add_bias_along(S* values, int pixels, int64_t channel, int channels) const {
        for (int p = 0; p < pixels; p++, values += kTileColumns<S>)
            for (int c = 0; c < channels; c += kLanes<S>)
                store_first(values + c,
                            load_first(values + c, channels - c) +
                                load_first(epilogue.bias + channel + c, channels - c),
                            channels - c);
    }
    void store_transposed(const S* values, int pixels, int64_t channel, int channels,
                          int64_t pixel) const {
        constexpr int W = kLanes<S>;
        T* const to = y + channel * channel_stride() + offset_of(pixel);
        Vector<S> square[W];
        for (int p = 0; p < pixels; p += W)
            for (int c = 0; c < channels; c += W) {
#pragma GCC unroll 16
                for (int i = 0; i < W; i++)
                    square[i] =
                        p + i < pixels ? load(values + (p + i) * kTileColumns<S> + c) : Vector<S>{};
                transpose<S>(square);
                put_planes(square, to + c * channel_stride() + p * stride[2],
                           std::min(W, channels - c), std::min(W, pixels - p));
            }
    }

  private:
    int64_t offset_of(int64_t pixel) const {
        const int64_t image_index = pixel / grid_pixels(), at = pixel % grid_pixels();
        const int64_t line = at / grid[2];
        const int64_t z = line / grid[1] * stride[0], py = line % grid[1] * stride[1];
        return image_index * batch_stride + (z * image[1] + py) * image[2] +
               at % grid[2] * stride[2];
    }

    // Neighbouring pixels of several channels.
    void put_planes(const Vector<S>* lines, T* to, int channels, int pixels) const {
        if (stride[2] == 1) {
            for (int c = 0; c < channels; c++, to += channel_stride())
                store_first(to, lines[c], pixels);
            return;
        }
        for (int c = 0; c < channels; c++, to += channel_stride())
            for (int p = 0; p < pixels; p++) to[p * stride[2]] = T(lines[c][p]);
    }

    void put_run(const S* values, T* to, int rows, int count) const {
        for (int i = 0; i < rows; i++, values += kTileColumns<S>, to += channel_stride())
            for (int j = 0; j < count; j += kLanes<S>)
                store_first(to + j, load_first(values + j, count - j), count - j);
    }

    void put_apart(const S* values, T* planes, int rows, int64_t column, int columns) const {
        int64_t offsets[kTileColumns<S>];
        for (int j = 0; j < columns; j++) offsets[j] = offset_of(column + j);
        for (int i = 0; i < rows; i++, planes += channel_stride())
            for (int j = 0; j < columns; j++)
                planes[offsets[j]] = T(values[i * kTileColumns<S> + j]);
    }
};

// The transpose of a row-major matrix.
template <class S>
struct TransposedSink final : Sink<S> {
    TransposedSink(S* c, int64_t column_stride) : c(c), column_stride(column_stride) {}

    S* direct(int64_t, int64_t, int, int64_t&) const override { return nullptr; }
    void finish(S*, int64_t, int64_t, int, int64_t, int) const override {}
    void put(S* values, int64_t row, int rows, int64_t column, int columns) const override {
        for (int j = 0; j < columns; j++)
            for (int i = 0; i < rows; i++)
                c[(column + j) * column_stride + row + i] = values[i * kTileColumns<S> + j];
    }

    S* c;
    int64_t column_stride;
};

}  // namespace kajo::cpu::KAJO_ISA
