// The gradient of the weights without packing a patch for each pixel: the image's channels are
// put side by side once, and every tap reads them from another pixel on.
#pragma once

#include "cpu/gemm/conv_direct.h"

namespace kajo::cpu::KAJO_ISA {

// out[k * panel + lane] from read(lane, k, steps), which gives so many steps of a lane.
template <class S, class Read>
void pack_transposed(Read&& read, int lanes, int panel, int64_t count, S* out) {
    constexpr int W = kLanes<S>;
    Vector<S> square[W];
    for (int l0 = 0; l0 < panel; l0 += W)
        for (int64_t k = 0; k < count; k += W) {
            const int steps = int(std::min<int64_t>(W, count - k));
            for (int l = 0; l < W; l++)
                square[l] = l0 + l < lanes ? read(l0 + l, k, steps) : Vector<S>{};
            transpose<S>(square);
            for (int i = 0; i < steps; i++)
                store_first(out + (k + i) * panel + l0, square[i], panel - l0);
        }
}

// Sums over the pixels of images [first, first + images) for channels [channel, channel + channels)
// of a group: dw[(o * all_channels + c) * taps + tap]. Images are those that one packed element
// holds.
template <class M>
class DirectWeight {
    using S = typename M::Scalar;
    using Element = typename Elements<M>::Element;
    static constexpr int W = kLanes<S>, kColumns = kTileColumns<S>;

  public:
    DirectWeight(const Grid& grid, const GroupImage<M>& image, const GroupImage<M>& gradient)
        : grid_(grid), image_(image), gradient_(gradient), layout_(grid) {
        // As many pixels as leave 32 channels of them in the L1 cache.
        constexpr int64_t kPixels = 384;
        const int64_t most = std::clamp<int64_t>(kPixels / grid.output[2], 1, grid.output[1]);
        const int64_t bands = (grid.output[1] + most - 1) / most;
        rows_ = (grid.output[1] + bands - 1) / bands;
        height_ = tile_rows(gradient.channels);
        tiles_ = (gradient.channels + height_ - 1) / height_;
        phase_pixels_ = layout_.phase_size<S>(rows_);
        for (int64_t r = 0; r < rows_; r++) lines_.push_back({r * layout_.pitch, grid.output[2]});
    }

    void run(int64_t first, int64_t images, int64_t channel, int64_t channels, S* dw) const {
        const int lanes = int((channels + W - 1) / W * W);
        const int64_t outs = gradient_.channels, taps = grid_.tap_count();
        const int64_t phases = int64_t(layout_.phases.size());
        const Scratch image_memory(size_t(phases * phase_pixels_ * lanes) * sizeof(S));
        const Scratch gradient_memory(size_t(tiles_ * height_ * rows_ * grid_.output[2]) *
                                      sizeof(S));
        const Scratch sum_memory(size_t(outs * taps * lanes) * sizeof(S));
        S* const image = image_memory.as<S>();
        S* const gradient = gradient_memory.as<S>();
        S* const sums = sum_memory.as<S>();
        std::vector<TileRun> lines = lines_;
        for (TileRun& line : lines) line.offset *= lanes;
        Write write = Write::Overwrite;
        for (int64_t n = first; n < first + images; n++)
            for (int64_t row = 0; row < grid_.output[1]; row += rows_) {
                const int64_t rows = std::min(rows_, grid_.output[1] - row);
                copy_image(n, row, rows, channel, channels, lanes, image);
                copy_gradient(n, row, rows, gradient);
                multiply(image, gradient, lines.data(), rows, lanes, write, sums);
                write = Write::Continue;
            }
        for (int64_t o = 0; o < outs; o++)
            for (int64_t c = 0; c < channels; c++)
                for (int64_t t = 0; t < taps; t++)
                    dw[(o * image_.channels + channel + c) * taps + t] =
                        sums[(o * taps + t) * lanes + c];
    }

  private:
    // The images of packed image n, from channel c on, and how far the second one is away.
    static const Element* plane(const GroupImage<M>& from, int64_t n, int64_t offset,
                                int64_t& second) {
        constexpr int64_t kValues = Elements<M>::kValues;
        second = n * kValues + 1 < from.batch ? from.batch_stride : 0;
        return from.data + n * kValues * from.batch_stride + offset;
    }

    void copy_image(int64_t n, int64_t row, int64_t rows, int64_t channel, int64_t channels,
                    int lanes, S* to) const {
        int64_t second = 0;
        const Element* const from = plane(image_, n, channel * grid_.image_pixels, second);
        const int64_t step = grid_.stride[2];
        for (const auto& phase : layout_.phases) {
            S* at = to + layout_.left * lanes;
            std::fill(to, at, S(0));
            layout_.for_rows(phase, row, rows, [&](int64_t, int64_t first) {
                const int64_t width = first < 0 ? 0 : std::min(phase.width, layout_.pitch);
                with_stride(step, [&](auto stride) {
                    pack_transposed<S>(
                        [&](int64_t c, int64_t x, int steps) {
                            return Elements<M>::template read<stride>(
                                from + c * grid_.image_pixels + first + x * step, second, steps,
                                step);
                        },
                        int(channels), lanes, width, at);
                });
                std::fill(at + width * lanes, at + layout_.pitch * lanes, S(0));
                at += layout_.pitch * lanes;
            });
            to += phase_pixels_ * lanes;
            std::fill(at, to, S(0));
        }
    }

    void copy_gradient(int64_t n, int64_t row, int64_t rows, S* to) const {
        int64_t second = 0;
        const Element* const from = plane(gradient_, n, row * grid_.output[2], second);
        const int64_t pixels = rows * grid_.output[2];
        for (int64_t o = 0; o < gradient_.channels; o += height_, to += pixels * height_)
            pack_transposed<S>(
                [&](int64_t l, int64_t x, int steps) {
                    return Elements<M>::template read<1>(from + (o + l) * grid_.output_pixels + x,
                                                         second, steps, 1);
                },
                int(std::min<int64_t>(height_, gradient_.channels - o)), height_, pixels, to);
    }

    void multiply(const S* image, const S* gradient, const TileRun* lines, int64_t rows, int lanes,
                  Write write, S* sums) const {
        const int64_t taps = grid_.tap_count(), pixels = rows * grid_.output[2];
        for (int lane = 0; lane < lanes; lane += kColumns)
            for (int64_t tap = 0; tap < taps; tap++)
                for (int64_t tile = 0; tile < tiles_; tile++) {
                    const int64_t o = tile * height_;
                    const int height = int(std::min<int64_t>(height_, gradient_.channels - o));
                    const S* b = image + layout_.offset(tap, phase_pixels_) * lanes + lane;
                    TileCall<S> call{pixels,
                                     gradient + o * pixels,
                                     1,
                                     height_,
                                     b,
                                     lanes,
                                     sums + (o * taps + tap) * lanes + lane,
                                     taps * lanes,
                                     S(1),
                                     S(1),
                                     write,
                                     first_lanes<S>(W)};
                    call.runs = lines;
                    call.run_count = rows;
                    kTiles<M, true>[lanes - lane > W][height](call);
                }
    }

    const Grid& grid_;
    const GroupImage<M>& image_;
    const GroupImage<M>& gradient_;
    BandLayout layout_;
    int64_t rows_, tiles_, phase_pixels_;
    int height_;
    std::vector<TileRun> lines_;
};

}  // namespace kajo::cpu::KAJO_ISA
