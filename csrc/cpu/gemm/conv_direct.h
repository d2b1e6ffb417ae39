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
bool suits_direct(const Grid& grid, int64_t batch, int64_t channels, int64_t m, bool ordered) {
    if (!is_flat(grid) || (grid.tap_count() == 1 && Elements<M>::kValues == 1)) return false;
    const BandLayout layout(grid);
    const BandCut<M> cut(layout, channels, m, ordered);
    const int64_t tiles = (m + tile_rows(m) - 1) / tile_rows(m);
    // The last panel of a single image's pixels may be mostly empty.
    constexpr int64_t kColumns = kTileColumns<typename M::Scalar>;
    const int64_t pixels = grid.output_pixels;
    const int64_t columns = (pixels + kColumns - 1) / kColumns * kColumns;
    const double waste = batch == 1 ? double(columns) / double(pixels) : 1;
    const double patches = double(m + tiles) / double(m) * (1 + 8.0 / double(m)) * waste;
    return std::min(direct_cost(TileLanes::Pixels, layout, cut, m),
                    direct_cost(TileLanes::Channels, layout, cut, m)) < patches;
}

// sink = a times the patches of the image; steps of k are those of Steps.
template <class M, class T>
class DirectProduct {
    using S = typename M::Scalar;
    static constexpr int64_t kColumns = kTileColumns<S>, W = kLanes<S>;
    static constexpr int64_t kFewestTasks = 8;

  public:
    DirectProduct(const Grid& grid, const GroupImage<M>& image, int64_t m, const Source<S>& a,
                  const PlaneSink<T>& sink, bool ordered)
        : grid_(grid),
          image_(image),
          m_(m),
          sink_(sink),
          layout_(grid),
          cut_(layout_, image.channels, m, ordered),
          lanes_(direct_cost(TileLanes::Channels, layout_, cut_, m) <
                         direct_cost(TileLanes::Pixels, layout_, cut_, m)
                     ? TileLanes::Channels
                     : TileLanes::Pixels),
          panel_(lanes_ == TileLanes::Channels ? int(kColumns) : tile_rows(m)),
          panels_((m + panel_ - 1) / panel_),
          k_(cut_.channels * grid.tap_count()),
          a_(a),
          prepacked_(image.batch > 1 || cut_.rows < grid.output[1] || panels_ < kFewestTasks),
          weights_(prepacked_ ? size_t(panels_ * panel_ * k_) * sizeof(S) : 0) {
        block_ = cut_.block * grid.tap_count();
        const Steps steps{cut_.channels, grid.tap_count()};
        steps.for_runs(0, k_, [&](int64_t tap, int64_t channel, int64_t channels, int64_t step) {
            if (step % block_ == 0) firsts_.push_back(runs_.size());
            const int64_t at = channel * cut_.channel_size + layout_.offset(tap, cut_.phase_size);
            runs_.push_back({at, channels});
        });
        firsts_.push_back(runs_.size());
        if (prepacked_) pack_weights();
    }

    void run() const {
        const int64_t bands = (grid_.output[1] + cut_.rows - 1) / cut_.rows;
        const double work = double(m_) * double(image_.batch * grid_.output_pixels) * double(k_);
        // Small images go together, since all weights pass through the cache for each task.
        const int64_t images = std::clamp<int64_t>(image_.batch / kFewestTasks, 1, cut_.images);
        const int64_t tasks = (image_.batch + images - 1) / images * bands;
        const bool alone = tasks >= kFewestTasks / 2;
        const auto run = [&](int64_t task, auto&& multiply) {
            const int64_t first = task / bands * images, row = task % bands * cut_.rows;
            const int64_t count = std::min(images, image_.batch - first);
            const int64_t size = (alone ? cut_.block : cut_.channels) * cut_.channel_size;
            const Scratch memory(size_t(count * size + kColumns) * sizeof(S));
            multiply(Bands{first, count, row, std::min(cut_.rows, grid_.output[1] - row), size,
                           memory.as<S>()});
        };
        if (alone)
            return for_tasks(tasks, work, [&](int64_t task) {
                run(task, [&](const Bands& bands) { run_alone(bands); });
            });
        for (int64_t task = 0; task < tasks; task++)
            run(task, [&](const Bands& bands) { run_together(bands, work / double(tasks)); });
    }

  private:
    // What one tile computes of the pixels.
    struct Piece {
        int64_t at, second;    // in the bands: the first pixel, and the second vector's from it
        int count;             // vectors, or pixels
        int64_t image, first;  // of the result: the vector, or the pixel
    };
    struct Bands {
        int64_t image, images, row, rows;
        int64_t size;  // of an image, in the scratch
        S* data;
    };
    // Pieces and panels that one task multiplies.
    struct Part {
        const Bands& bands;
        const std::vector<Piece>& pieces;
        size_t first_piece, last_piece;
        int64_t first_panel, last_panel;
        S* sums = nullptr;
        S* packed = nullptr;        // the weights of one panel
        int64_t first_channel = 0;  // in the bands
    };

    int64_t steps(int64_t k0) const { return std::min(block_, k_ - k0); }
    S* weights(int64_t k0, int64_t panel) const {
        return weights_.as<S>() + (k0 * panels_ + panel * steps(k0)) * panel_;
    }

    void pack_panel(int64_t panel, int64_t k0, S* to) const {
        const int64_t row = panel * panel_;
        const int lanes = int(std::min<int64_t>(panel_, m_ - row));
        a_.begin(row, lanes, k0, steps(k0));
        a_.pack(row, lanes, k0, steps(k0), panel_, to);
    }
    void pack_weights() const {
        for_tasks(panels_, double(m_) * double(k_), [&](int64_t panel) {
            for (int64_t k0 = 0; k0 < k_; k0 += block_) pack_panel(panel, k0, weights(k0, panel));
        });
    }

    void copy_band(int64_t image, int64_t row, int64_t rows, int64_t channel, int64_t last,
                   S* band) const {
        with_stride(grid_.stride[2], [&](auto stride) {
            for (int64_t c = channel; c < last; c++) {
                constexpr int64_t kValues = Elements<M>::kValues;
                const bool pair = c * kValues + 1 < image_.channels;
                const auto* plane =
                    image_.data + image * image_.batch_stride + c * kValues * grid_.image_pixels;
                S* to = band + (c - channel) * cut_.channel_size;
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

    std::vector<Piece> pieces_of(const Bands& bands) const {
        std::vector<Piece> pieces;
        for (int64_t n = 0; n < bands.images; n++) {
            if (lanes_ == TileLanes::Channels)
                add_pixels(n, n * bands.size, bands.rows, pieces);
            else
                add_vectors(n, n * bands.size, bands.rows, pieces);
        }
        return pieces;
    }

    void copy_bands(const Bands& bands, int64_t channel, int64_t last, int64_t to) const {
        for (int64_t n = 0; n < bands.images; n++)
            copy_band(bands.image + n, bands.row, bands.rows, channel, last,
                      bands.data + n * bands.size + to * cut_.channel_size);
    }

    // Some channels at a time, whose bands stay in the cache.
    void run_alone(const Bands& bands) const {
        const std::vector<Piece> pieces = pieces_of(bands);
        Part part{bands, pieces, 0, pieces.size(), 0, panels_};
        const Scratch sums(sum_bytes(part));
        part.sums = sums.as<S>();
        for (int64_t k0 = 0; k0 < k_; k0 += block_) {
            part.first_channel = k0 / grid_.tap_count();
            const int64_t last = std::min(cut_.channels, part.first_channel + cut_.block);
            copy_bands(bands, part.first_channel, last, 0);
            run_tiles(part, k0);
        }
    }
    // Where bands are few, tasks share each.
    void run_together(const Bands& bands, double work) const {
        const int64_t channels = (cut_.channels + kFewestTasks - 1) / kFewestTasks;
        for_tasks(kFewestTasks, work, [&](int64_t task) {
            const int64_t first = std::min(cut_.channels, task * channels);
            const int64_t last = std::min(cut_.channels, first + channels);
            copy_bands(bands, first, last, first);
        });
        const std::vector<Piece> pieces = pieces_of(bands);
        const int64_t count = int64_t(pieces.size());
        const int64_t across = std::min(panels_, kFewestTasks);
        const int64_t along = std::min(count, (kFewestTasks + across - 1) / across);
        for_tasks(across * along, work, [&](int64_t task) {
            const int64_t i = task / across, j = task % across;
            multiply_part({bands, pieces, size_t(count * i / along),
                           size_t(count * (i + 1) / along), panels_ * j / across,
                           panels_ * (j + 1) / across, nullptr});
        });
    }

    size_t sum_bytes(const Part& part) const {
        const int64_t tiles =
            int64_t(part.last_piece - part.first_piece) * (part.last_panel - part.first_panel);
        return size_t((k_ <= block_ ? 1 : tiles) * kTileRows * kColumns) * sizeof(S);
    }
    const S* data(const Part& part, const Piece& piece) const {
        return part.bands.data + piece.at - part.first_channel * cut_.channel_size;
    }
    void multiply_part(Part part) const {
        const Scratch sums(sum_bytes(part));
        part.sums = sums.as<S>();
        if (prepacked_) {
            for (int64_t k0 = 0; k0 < k_; k0 += block_) run_tiles(part, k0);
            return;
        }
        // Of a single image each panel is needed but here, and stays in the L1 cache.
        const Scratch packed(size_t(block_ * panel_) * sizeof(S));
        part.packed = packed.as<S>();
        const int64_t end = part.last_panel;
        for (; part.first_panel < end; part.first_panel++) {
            part.last_panel = part.first_panel + 1;
            for (int64_t k0 = 0; k0 < k_; k0 += block_) {
                pack_panel(part.first_panel, k0, part.packed);
                run_tiles(part, k0);
            }
        }
    }
    void run_tiles(const Part& part, int64_t k0) const {
        if (lanes_ == TileLanes::Channels)
            run_channel_tiles(part, k0);
        else
            run_pixel_tiles(part, k0);
    }
    const S* weights(const Part& part, int64_t k0, int64_t panel) const {
        return part.packed ? part.packed : weights(k0, panel);
    }

    S* sums(const Part& part, size_t piece, int64_t panel) const {
        const int64_t panels = part.last_panel - part.first_panel;
        const int64_t tile =
            k_ <= block_ ? 0
                         : int64_t(piece - part.first_piece) * panels + panel - part.first_panel;
        return part.sums + tile * kTileRows * kColumns;
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

    void run_pixel_tiles(const Part& part, int64_t k0) const {
        for (size_t i = part.first_piece; i < part.last_piece; i++) {
            const Piece& piece = part.pieces[i];
            for (int64_t panel = part.first_panel; panel < part.last_panel; panel++) {
                const int64_t row = panel * panel_;
                const int rows = int(std::min<int64_t>(panel_, m_ - row));
                S* const to = sums(part, i, panel);
                TileCall<S> call = tile_call(k0, weights(part, k0, panel), panel_,
                                             data(part, piece), cut_.channel_size, to);
                call.second = piece.second;
                multiply(call, k0, piece.count, rows);
                if (sink_.has_epilogue && k0 == 0)
                    sink_.finish(to, kColumns, row, rows, 0, piece.count * int(W));
                if (!is_last(k0)) continue;
                for (int v = 0; v < piece.count; v++)
                    put_vector(part.bands, piece, piece.first + v, to + v * W, row, rows);
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

    void run_channel_tiles(const Part& part, int64_t k0) const {
        for (int64_t panel = part.first_panel; panel < part.last_panel; panel++)
            for (size_t i = part.first_piece; i < part.last_piece; i++) {
                const Piece& piece = part.pieces[i];
                const int64_t channel = panel * kColumns;
                const int lanes = int(std::min(kColumns, m_ - channel));
                S* const to = sums(part, i, panel);
                TileCall<S> call = tile_call(k0, data(part, piece), cut_.channel_size,
                                             weights(part, k0, panel), kColumns, to);
                call.runs_of_a = true;
                multiply(call, k0, lanes > W ? 2 : 1, piece.count);
                if (sink_.has_epilogue && k0 == 0)
                    sink_.add_bias_along(to, piece.count, channel, lanes);
                if (is_last(k0))
                    sink_.store_transposed(to, piece.count, channel, lanes,
                                           first_pixel(part.bands, piece) + piece.first);
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
    int64_t panels_, k_;
    const Source<S>& a_;
    bool prepacked_;
    Scratch weights_;
    int64_t block_;
    std::vector<TileRun> runs_;
    std::vector<size_t> firsts_;  // of the runs of each block of k
};

}  // namespace kajo::cpu::KAJO_ISA
