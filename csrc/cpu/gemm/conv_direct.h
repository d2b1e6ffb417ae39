// Convolutions whose tiles read bands of the image, without packing a patch for each pixel.
#pragma once

#include "cpu/gemm/conv_band.h"
#include "cpu/gemm/conv_operands.h"
#include "cpu/gemm/tasks.h"
#include "cpu/scratch.h"

namespace kajo::cpu::KAJO_ISA {

// What the lanes of a tile are. Pixels: neighbours in the band, which may run over the end of a
// row, so that some lanes are no pixels of the result. Channels: of the result; the tile's rows are
// then neighbouring pixels, of which there may be few.
enum class TileLanes : uint8_t { Pixels, Channels };

// Multiply-adds per useful one.
template <class M>
double direct_cost(TileLanes lanes, const BandLayout& layout, const BandCut<M>& cut, int64_t m) {
    constexpr int64_t W = kLanes<typename M::Scalar>;
    const int64_t width = layout.grid.output[2], pixels = cut.rows * width;
    // A tile costs about one row more than its height.
    if (lanes == TileLanes::Channels) {
        const int64_t pieces = (width + kTileRows - 1) / kTileRows;
        return double((m + W - 1) / W * W * (width + pieces)) / double(m * width);
    }
    const int64_t height = tile_rows(m), tiles = (m + height - 1) / height;
    const int64_t vectors = layout.vectors(cut.rows, W);
    return double(vectors * W * (m + tiles)) / double(pixels * m);
}

// Whether less is wasted than packing patches costs.
template <class M>
bool suits_direct(const Grid& grid, int64_t channels, int64_t m) {
    if (!is_flat(grid) || (grid.tap_count() == 1 && Elements<M>::kValues == 1)) return false;
    const BandLayout layout(grid);
    const BandCut<M> cut(layout, channels);
    if (cut.bytes() > BandCut<M>::kMostBytes) return false;
    const int64_t tiles = (m + tile_rows(m) - 1) / tile_rows(m);
    const double patches = double(m + tiles) / double(m) * (1 + 8.0 / double(m));
    return std::min(direct_cost(TileLanes::Pixels, layout, cut, m),
                    direct_cost(TileLanes::Channels, layout, cut, m)) < patches;
}

// sink = a times the patches of the image; steps of k are those of Steps.
template <class M, class T>
class DirectProduct {
    using S = typename M::Scalar;
    static constexpr int64_t kColumns = kTileColumns<S>, W = kLanes<S>;

  public:
    DirectProduct(const Grid& grid, const GroupImage<M>& image, int64_t m, const Source<S>& a,
                  const PlaneSink<T>& sink, bool ordered)
        : grid_(grid),
          image_(image),
          m_(m),
          sink_(sink),
          layout_(grid),
          cut_(layout_, image.channels),
          lanes_(direct_cost(TileLanes::Channels, layout_, cut_, m) <
                         direct_cost(TileLanes::Pixels, layout_, cut_, m)
                     ? TileLanes::Channels
                     : TileLanes::Pixels),
          panel_(lanes_ == TileLanes::Channels ? int(kColumns) : tile_rows(m)),
          panels_((m + panel_ - 1) / panel_),
          k_(cut_.channels * grid.tap_count()),
          weights_(size_t(panels_ * panel_ * k_) * sizeof(S)) {
        const int64_t block = kChannelBlock * grid.tap_count();
        constexpr int64_t kSteps = 400;
        block_ = ordered ? block : std::max<int64_t>(1, kSteps / block) * block;
        const Steps steps{cut_.channels, grid.tap_count()};
        steps.for_runs(0, k_, [&](int64_t tap, int64_t channel, int64_t channels, int64_t step) {
            if (step % block_ == 0) firsts_.push_back(runs_.size());
            const int64_t at = channel * cut_.channel_size + layout_.offset(tap, cut_.phase_size);
            runs_.push_back({at, channels});
        });
        firsts_.push_back(runs_.size());
        pack_weights(a);
    }

    void run() const {
        const int64_t bands = (grid_.output[1] + cut_.rows - 1) / cut_.rows;
        const double work = double(m_) * double(image_.batch * grid_.output_pixels) * double(k_);
        // Small images go together, since all weights pass through the cache for each task.
        constexpr int64_t kFewestTasks = 8;
        const int64_t fit = bands > 1 ? 1 : BandCut<M>::kBandBytes / cut_.bytes();
        const int64_t images =
            std::clamp<int64_t>(image_.batch / kFewestTasks, 1, std::max<int64_t>(1, fit));
        for_tasks((image_.batch + images - 1) / images * bands, work, [&](int64_t task) {
            const int64_t first = task / bands * images, row = task % bands * cut_.rows;
            run_bands(first, std::min(images, image_.batch - first), row,
                      std::min(cut_.rows, grid_.output[1] - row));
        });
    }

  private:
    // What one tile computes of the pixels.
    struct Piece {
        int64_t at, second;    // in the bands: the first pixel, and the second vector's from it
        int count;             // vectors, or pixels
        int64_t image, first;  // of the result: the vector, or the pixel
    };
    struct Bands {
        int64_t image, row, rows;
        std::vector<Piece> pieces;
        const S* data;
        S* sums;
    };

    int64_t steps(int64_t k0) const { return std::min(block_, k_ - k0); }
    S* weights(int64_t k0, int64_t panel) const {
        return weights_.as<S>() + (k0 * panels_ + panel * steps(k0)) * panel_;
    }

    void pack_weights(const Source<S>& a) const {
        for_tasks(panels_, double(m_) * double(k_), [&](int64_t panel) {
            const int64_t row = panel * panel_;
            const int lanes = int(std::min<int64_t>(panel_, m_ - row));
            for (int64_t k0 = 0; k0 < k_; k0 += block_) {
                a.begin(row, lanes, k0, steps(k0));
                a.pack(row, lanes, k0, steps(k0), panel_, weights(k0, panel));
            }
        });
    }

    void copy_band(int64_t image, int64_t row, int64_t rows, S* band) const {
        with_stride(grid_.stride[2], [&](auto stride) {
            for (int64_t c = 0; c < cut_.channels; c++) {
                constexpr int64_t kValues = Elements<M>::kValues;
                const bool pair = c * kValues + 1 < image_.channels;
                const auto* plane =
                    image_.data + image * image_.batch_stride + c * kValues * grid_.image_pixels;
                S* to = band + c * cut_.channel_size;
                for (const auto& phase : layout_.phases) {
                    copy_phase<M, stride>(layout_, phase, plane, pair ? grid_.image_pixels : 0, row,
                                          rows, to, cut_.phase_size);
                    to += cut_.phase_size;
                }
            }
        });
    }

    void add_vectors(int64_t image, int64_t at, int64_t rows, std::vector<Piece>& pieces) const {
        const int64_t vectors = layout_.vectors(rows, W);
        for (int64_t v = 0; v < vectors; v += kTileVectors) {
            const int64_t first = layout_.vector_offset(v, rows, W);
            const int64_t second = layout_.vector_offset(v + 1, rows, W) - first;
            const int count = int(std::min<int64_t>(kTileVectors, vectors - v));
            pieces.push_back({at + first, second, count, image, v});
        }
    }
    void add_pixels(int64_t image, int64_t at, int64_t rows, std::vector<Piece>& pieces) const {
        const int64_t width = grid_.output[2], parts = (width + kTileRows - 1) / kTileRows;
        for (int64_t row = 0; row < rows; row++)
            for (int64_t part = 0, x = 0; part < parts; part++) {
                const int64_t count = width / parts + (part < width % parts);
                pieces.push_back(
                    {at + row * layout_.pitch + x, W, int(count), image, row * width + x});
                x += count;
            }
    }

    void run_bands(int64_t first, int64_t images, int64_t row, int64_t rows) const {
        const int64_t size = cut_.channels * cut_.channel_size;
        const Scratch memory(size_t(images * size + kColumns) * sizeof(S));
        Bands bands{first, row, rows, {}, memory.as<S>(), nullptr};
        for (int64_t n = 0; n < images; n++) {
            copy_band(first + n, row, rows, memory.as<S>() + n * size);
            if (lanes_ == TileLanes::Channels)
                add_pixels(n, n * size, rows, bands.pieces);
            else
                add_vectors(n, n * size, rows, bands.pieces);
        }
        const int64_t kept = k_ <= block_ ? 1 : int64_t(bands.pieces.size()) * panels_;
        const Scratch sums(size_t(kept * kTileRows * kColumns) * sizeof(S));
        bands.sums = sums.as<S>();
        for (int64_t k0 = 0; k0 < k_; k0 += block_) {
            if (lanes_ == TileLanes::Channels)
                run_channel_tiles(bands, k0);
            else
                run_pixel_tiles(bands, k0);
        }
    }

    S* sums(const Bands& bands, size_t piece, int64_t panel) const {
        const int64_t tile = k_ <= block_ ? 0 : int64_t(piece) * panels_ + panel;
        return bands.sums + tile * kTileRows * kColumns;
    }
    Write write(int64_t k0) const { return k0 == 0 ? Write::Overwrite : Write::Update; }
    bool is_last(int64_t k0) const { return k0 + block_ >= k_; }

    // A tile of the block of k that begins at k0, of packed operands.
    TileCall<S> tile_call(int64_t k0, const S* a, int64_t a_k, const S* b, int64_t b_k,
                          S* to) const {
        return {steps(k0), a,        1,    a_k,  b,         b_k,
                to,        kColumns, S(1), S(1), write(k0), first_lanes<S>(W)};
    }
    void multiply(TileCall<S> call, int64_t k0, int vectors, int rows) const {
        const size_t block = size_t(k0 / block_);
        call.runs = runs_.data() + firsts_[block];
        call.run_count = int64_t(firsts_[block + 1] - firsts_[block]);
        kTiles<M, true>[vectors - 1][rows](call);
    }

    void run_pixel_tiles(const Bands& bands, int64_t k0) const {
        for (size_t i = 0; i < bands.pieces.size(); i++) {
            const Piece& piece = bands.pieces[i];
            for (int64_t panel = 0; panel < panels_; panel++) {
                const int64_t row = panel * panel_;
                const int rows = int(std::min<int64_t>(panel_, m_ - row));
                S* const to = sums(bands, i, panel);
                TileCall<S> call = tile_call(k0, weights(k0, panel), panel_, bands.data + piece.at,
                                             cut_.channel_size, to);
                call.second = piece.second;
                multiply(call, k0, piece.count, rows);
                if (sink_.has_epilogue && k0 == 0)
                    sink_.finish(to, kColumns, row, rows, 0, piece.count * int(W));
                if (!is_last(k0)) continue;
                for (int v = 0; v < piece.count; v++)
                    put_vector(bands, piece, piece.first + v, to + v * W, row, rows);
            }
        }
    }

    // The lanes that are pixels of the result.
    void put_vector(const Bands& bands, const Piece& piece, int64_t vector, const S* values,
                    int64_t row, int rows) const {
        const int64_t width = grid_.output[2], at = layout_.vector_offset(vector, bands.rows, W);
        const int64_t first = first_pixel(bands, piece);
        int64_t line = at / layout_.pitch, x = at % layout_.pitch;
        for (int64_t lane = 0; lane < W && line < bands.rows;) {
            const int64_t run = std::min(W - lane, width - x);
            if (run > 0) sink_.store(values + lane, row, rows, first + line * width + x, int(run));
            if (layout_.by_rows(bands.rows, W)) return;
            lane += std::min(W - lane, layout_.pitch - x);
            x = 0;
            line++;
        }
    }
    int64_t first_pixel(const Bands& bands, const Piece& piece) const {
        return (bands.image + piece.image) * grid_.output_pixels + bands.row * grid_.output[2];
    }

    void run_channel_tiles(const Bands& bands, int64_t k0) const {
        for (int64_t panel = 0; panel < panels_; panel++)
            for (size_t i = 0; i < bands.pieces.size(); i++) {
                const Piece& piece = bands.pieces[i];
                const int64_t channel = panel * kColumns;
                const int lanes = int(std::min(kColumns, m_ - channel));
                S* const to = sums(bands, i, panel);
                TileCall<S> call = tile_call(k0, bands.data + piece.at, cut_.channel_size,
                                             weights(k0, panel), kColumns, to);
                call.runs_of_a = true;
                multiply(call, k0, lanes > W ? 2 : 1, piece.count);
                if (sink_.has_epilogue && k0 == 0)
                    sink_.add_bias_along(to, piece.count, channel, lanes);
                if (is_last(k0))
                    sink_.store_transposed(to, piece.count, channel, lanes,
                                           first_pixel(bands, piece) + piece.first);
            }
    }

    const Grid& grid_;
    const GroupImage<M>& image_;
    int64_t m_;
    const PlaneSink<T>& sink_;
    BandLayout layout_;
    BandCut<M> cut_;
    TileLanes lanes_;
    int panel_;
    int64_t panels_, k_, block_;
    Scratch weights_;
    std::vector<TileRun> runs_;
    std::vector<size_t> firsts_;  // of the runs of each block of k
};

}  // namespace kajo::cpu::KAJO_ISA
