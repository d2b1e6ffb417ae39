// Convolutions whose tiles read the image where it lies, without packing a patch for each pixel.
//
// A band of rows of the image, padded with zeros, is copied to the cache; what stride 2 skips lies
// in planes of its own (phases). Then 32 pixels in a row of the result read 32 pixels in a row of
// the band for every tap. Rows follow each other, so that a tile may run over the end of one; the
// few sums between the rows are left out at the end.
#pragma once

#include "cpu/gemm/conv_elements.h"
#include "cpu/gemm/conv_operands.h"
#include "cpu/gemm/tasks.h"
#include "cpu/scratch.h"

namespace kajo::cpu::KAJO_ISA {

inline int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

// Where the taps of a grid find their pixels in a band; [0] rows, [1] columns.
struct BandLayout {
    struct Phase {
        int64_t origin[2], width;
    };
    struct Place {
        int64_t phase, shift[2];
    };
    std::vector<Phase> phases;  // only what the taps read
    std::vector<Place> places;  // of the taps
    int64_t least[2], most[2];  // shifts
    int64_t left = 0, pitch = 0;
    const Grid& grid;

    explicit BandLayout(const Grid& grid) : grid(grid) {
        for (int d = 0; d < 2; d++) least[d] = INT64_MAX, most[d] = INT64_MIN;
        for (const Tap& tap : grid.taps) {
            Place place;
            Phase phase;
            for (int d = 0; d < 2; d++) {
                const int64_t offset = tap.offset[d + 1], stride = grid.stride[d + 1];
                place.shift[d] = floor_div(offset, stride);
                phase.origin[d] = offset - place.shift[d] * stride;
                least[d] = std::min(least[d], place.shift[d]);
                most[d] = std::max(most[d], place.shift[d]);
            }
            const int64_t stride = grid.stride[2];
            phase.width =
                std::max<int64_t>(0, (grid.image[2] - phase.origin[1] + stride - 1) / stride);
            place.phase = index_of(phase);
            places.push_back(place);
        }
        left = std::max<int64_t>(0, -least[1]);
        // The zeros after a row are those before the next one.
        pitch = grid.output[2] + std::max<int64_t>(0, most[1]);
        for (const Phase& phase : phases) pitch = std::max(pitch, phase.width + left);
    }

    int64_t band_rows(int64_t rows) const { return rows + most[0] - least[0]; }
    // Vectors of a product over so many rows: each row begins one, or all follow each other.
    int64_t row_vectors(int64_t lanes) const { return (grid.output[2] + lanes - 1) / lanes; }
    int64_t dense_vectors(int64_t rows, int64_t lanes) const {
        return ((rows - 1) * pitch + grid.output[2] + lanes - 1) / lanes;
    }
    bool by_rows(int64_t rows, int64_t lanes) const {
        return rows * row_vectors(lanes) <= dense_vectors(rows, lanes);
    }
    int64_t vectors(int64_t rows, int64_t lanes) const {
        return std::min(rows * row_vectors(lanes), dense_vectors(rows, lanes));
    }
    // Of vector v the first pixel, in the band.
    int64_t vector_offset(int64_t v, bool by_rows, int64_t lanes) const {
        if (!by_rows) return v * lanes;
        return v / row_vectors(lanes) * pitch + v % row_vectors(lanes) * lanes;
    }
    // Elements of a phase, with what the last vectors read beyond their columns.
    template <class S>
    int64_t phase_size(int64_t rows) const {
        return band_rows(rows) * pitch + left + std::max<int64_t>(0, most[1]) + 3 * kLanes<S>;
    }
    int64_t offset(int64_t tap, int64_t phase_size) const {
        const Place& place = places[size_t(tap)];
        return place.phase * phase_size + (place.shift[0] - least[0]) * pitch + left +
               place.shift[1];
    }

    // f(row of the band, first pixel of its row in the plane; negative where that is outside)
    template <class F>
    void for_rows(const Phase& phase, int64_t row, int64_t rows, F&& f) const {
        for (int64_t r = 0; r < band_rows(rows); r++) {
            const int64_t y = (row + least[0] + r) * grid.stride[1] + phase.origin[0];
            const bool inside = y >= 0 && y < grid.image[1] && phase.width > 0;
            f(r, inside ? y * grid.image[2] + phase.origin[1] : int64_t{-1});
        }
    }

  private:
    int64_t index_of(const Phase& phase) {
        for (size_t i = 0; i < phases.size(); i++)
            if (phases[i].origin[0] == phase.origin[0] && phases[i].origin[1] == phase.origin[1])
                return int64_t(i);
        phases.push_back(phase);
        return int64_t(phases.size()) - 1;
    }
};

inline bool is_flat(const Grid& grid) {
    bool flat = grid.image[0] == 1 && grid.output[0] == 1;
    for (const Tap& tap : grid.taps) flat = flat && tap.offset[0] == 0;
    return flat;
}

// A group's image in the type of its elements.
template <class M>
struct GroupImage {
    const typename Elements<M>::Element* data;
    int64_t batch, channels, batch_stride;
};

template <class F>
void with_stride(int64_t stride, F&& f) {
    if (stride == 1) return f(std::integral_constant<int, 1>());
    if (stride == 2) return f(std::integral_constant<int, 2>());
    f(std::integral_constant<int, 0>());
}

// One plane of a band: rows [row, row + rows) of the result read it.
template <class M, int STRIDE>
void copy_phase(const BandLayout& layout, const BandLayout::Phase& phase,
                const typename Elements<M>::Element* plane, int64_t second, int64_t row,
                int64_t rows, typename M::Scalar* to, int64_t size) {
    using S = typename M::Scalar;
    constexpr int W = kLanes<S>;
    typename M::Scalar* const end = to + size;
    std::fill(to, to + layout.left, S(0));
    to += layout.left;
    layout.for_rows(phase, row, rows, [&](int64_t, int64_t first) {
        for (int64_t i = 0; i < layout.pitch; i += W) {
            const int lanes = first < 0 ? 0 : int(std::clamp<int64_t>(phase.width - i, 0, W));
            const auto* p = plane + first + i * layout.grid.stride[2];
            store(to + i, lanes ? Elements<M>::template read<STRIDE>(p, second, lanes,
                                                                     layout.grid.stride[2])
                                : Vector<S>{});
        }
        to += layout.pitch;
    });
    std::fill(to, end, S(0));
}

template <class M>
struct DirectCut {
    using S = typename M::Scalar;
    static constexpr int64_t kBandBytes = int64_t{256} << 10, kMostBytes = int64_t{768} << 10;

    int64_t rows = 0;        // of the result in a band
    int64_t phase_size = 0;  // elements
    int64_t channel_size = 0;
    int64_t channels;  // packed

    DirectCut(const BandLayout& layout, int64_t channels) : channels(packed_count<M>(channels)) {
        const int64_t height = layout.grid.output[1];
        const auto bytes = [&](int64_t rows) {
            return this->channels * set_rows(layout, rows) * int64_t(sizeof(S));
        };
        int64_t bands = 1;
        while (bands < height && bytes((height + bands - 1) / bands) > kBandBytes) bands++;
        set_rows(layout, (height + bands - 1) / bands);
    }
    int64_t bytes() const { return channels * channel_size * int64_t(sizeof(S)); }

  private:
    int64_t set_rows(const BandLayout& layout, int64_t count) {
        rows = count;
        phase_size = layout.phase_size<S>(rows);
        // An odd number of cache lines apart, channels do not fall on the same places of the cache.
        constexpr int64_t kLine = 64 / int64_t(sizeof(S));
        const int64_t lines = (int64_t(layout.phases.size()) * phase_size + kLine - 1) / kLine;
        return channel_size = (lines | 1) * kLine;
    }
};

// Whether fewer columns are wasted than packing costs.
template <class M>
bool suits_direct(const Grid& grid, int64_t channels, int64_t m) {
    using S = typename M::Scalar;
    if (!is_flat(grid) || (grid.tap_count() == 1 && Elements<M>::kValues == 1)) return false;
    const BandLayout layout(grid);
    const DirectCut<M> cut(layout, channels);
    if (cut.bytes() > DirectCut<M>::kMostBytes) return false;
    const double waste =
        double(layout.vectors(cut.rows, kLanes<S>) * kLanes<S>) / double(cut.rows * grid.output[2]);
    return waste < 1 + 16.0 / double(m);
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
          height_(tile_rows(m)),
          tiles_((m + height_ - 1) / height_),
          k_(cut_.channels * grid.tap_count()),
          weights_(size_t(tiles_ * height_ * k_) * sizeof(S)) {
        const int64_t block = kChannelBlock * grid.tap_count();
        constexpr int64_t kSteps = 400;
        block_ = ordered ? block : std::max<int64_t>(1, kSteps / block) * block;
        const Steps steps{cut_.channels, grid.tap_count()};
        steps.for_runs(0, k_, [&](int64_t tap, int64_t channel, int64_t channels, int64_t step) {
            if (step % block_ == 0) firsts_.push_back(runs_.size());
            runs_.push_back(
                {channel * cut_.channel_size + layout_.offset(tap, cut_.phase_size), channels});
        });
        firsts_.push_back(runs_.size());
        pack_weights(a);
    }

    void run() const {
        const int64_t bands = (grid_.output[1] + cut_.rows - 1) / cut_.rows;
        const double work = double(m_) * double(image_.batch * grid_.output_pixels) * double(k_);
        for_tasks(image_.batch * bands, work,
                  [&](int64_t task) { run_band(task / bands, task % bands * cut_.rows); });
    }

  private:
    int64_t steps(int64_t k0) const { return std::min(block_, k_ - k0); }
    S* weights(int64_t k0, int64_t tile) const {
        return weights_.as<S>() + (k0 * tiles_ + tile * steps(k0)) * height_;
    }

    void pack_weights(const Source<S>& a) const {
        for_tasks(tiles_, double(m_) * double(k_), [&](int64_t tile) {
            const int64_t row = tile * height_;
            const int lanes = int(std::min<int64_t>(height_, m_ - row));
            for (int64_t k0 = 0; k0 < k_; k0 += block_) {
                a.begin(row, lanes, k0, steps(k0));
                a.pack(row, lanes, k0, steps(k0), height_, weights(k0, tile));
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

    struct Band {
        int64_t first_pixel;  // of the result, over the batch
        int64_t rows, vectors, panels;
        bool by_rows;
        const S* image;
        S* sums;
    };

    void run_band(int64_t image, int64_t row) const {
        const int64_t rows = std::min(cut_.rows, grid_.output[1] - row);
        const Scratch image_memory(size_t(cut_.channels * cut_.channel_size + kColumns) *
                                   sizeof(S));
        Band band;
        band.first_pixel = image * grid_.output_pixels + row * grid_.output[2];
        band.rows = rows;
        band.vectors = layout_.vectors(rows, W);
        band.panels = (band.vectors + kTileVectors - 1) / kTileVectors;
        band.by_rows = layout_.by_rows(rows, W);
        const int64_t kept = k_ <= block_ ? 1 : band.panels * tiles_;
        const Scratch sum_memory(size_t(kept * height_ * kColumns) * sizeof(S));
        band.image = image_memory.as<S>();
        band.sums = sum_memory.as<S>();
        copy_band(image, row, rows, image_memory.as<S>());
        for (int64_t k0 = 0; k0 < k_; k0 += block_)
            for (int64_t panel = 0; panel < band.panels; panel++)
                for (int64_t tile = 0; tile < tiles_; tile++) run_tile(band, k0, panel, tile);
    }

    void run_tile(const Band& band, int64_t k0, int64_t panel, int64_t tile) const {
        const int64_t vector = panel * kTileVectors, row = tile * height_;
        const int rows = int(std::min<int64_t>(height_, m_ - row));
        const int vectors = int(std::min<int64_t>(kTileVectors, band.vectors - vector));
        const bool first = k0 == 0, last = k0 + block_ >= k_;
        S* const sums = band.sums + (k_ <= block_ ? 0 : panel * tiles_ + tile) * height_ * kColumns;
        const size_t block = size_t(k0 / block_);
        const int64_t at = layout_.vector_offset(vector, band.by_rows, W);
        TileCall<S> call{steps(k0),
                         weights(k0, tile),
                         1,
                         height_,
                         band.image + at,
                         cut_.channel_size,
                         sums,
                         kColumns,
                         S(1),
                         S(1),
                         first ? Write::Overwrite : Write::Update,
                         first_lanes<S>(W)};
        call.runs = runs_.data() + firsts_[block];
        call.run_count = int64_t(firsts_[block + 1] - firsts_[block]);
        call.second = layout_.vector_offset(vector + 1, band.by_rows, W) - at;
        kTiles<M, true>[vectors - 1][rows](call);
        if (sink_.has_epilogue && first) sink_.finish(sums, kColumns, row, rows, 0, vectors * W);
        if (!last) return;
        for (int v = 0; v < vectors; v++)
            put(band, sums + v * W, layout_.vector_offset(vector + v, band.by_rows, W), row, rows);
    }

    // The lanes that are pixels of the result.
    void put(const Band& band, const S* sums, int64_t at, int64_t row, int rows) const {
        const int64_t width = grid_.output[2];
        int64_t line = at / layout_.pitch, x = at % layout_.pitch;
        for (int64_t lane = 0; lane < W && line < band.rows;) {
            const int64_t run = std::min(W - lane, width - x);
            if (run > 0)
                sink_.store(sums + lane, row, rows, band.first_pixel + line * width + x, int(run));
            if (band.by_rows) return;
            lane += std::min(W - lane, layout_.pitch - x);
            x = 0;
            line++;
        }
    }

    const Grid& grid_;
    const GroupImage<M>& image_;
    int64_t m_;
    const PlaneSink<T>& sink_;
    BandLayout layout_;
    DirectCut<M> cut_;
    int height_;
    int64_t tiles_, k_, block_;
    Scratch weights_;
    std::vector<TileRun> runs_;
    std::vector<size_t> firsts_;  // of the runs of each block of k
};

}  // namespace kajo::cpu::KAJO_ISA
