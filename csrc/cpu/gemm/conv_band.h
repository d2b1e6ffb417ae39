// Convolutions whose tiles read the image where it lies, without packing a patch for each pixel.
//
// A band of rows of the image, padded with zeros, is copied to the cache; what stride 2 skips lies
// in planes of its own (phases). Then 32 pixels in a row of the result read 32 pixels in a row of
// the band for every tap. Rows follow each other, so that a tile may run over the end of one; the
// few sums between the rows are left out at the end.
#pragma once

#include "cpu/gemm/conv_elements.h"
#include "cpu/gemm/conv_operands.h"

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
    int64_t vector_offset(int64_t v, int64_t rows, int64_t lanes) const {
        if (!by_rows(rows, lanes)) return v * lanes;
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

// How many rows of the result a task computes: its sums, and the bands of the channels that are
// multiplied at a time, stay in the L2 cache.
template <class M>
struct BandCut {
    using S = typename M::Scalar;
    static constexpr int64_t kBandBytes = int64_t{256} << 10, kSumBytes = int64_t{512} << 10;

    int64_t rows = 0;        // of the result in a band
    int64_t phase_size = 0;  // elements
    int64_t channel_size = 0;
    int64_t channels;  // packed
    int64_t block;     // channels at a time
    int64_t images;    // that go into one task where they are small

    BandCut(const BandLayout& layout, int64_t channels, int64_t m, bool ordered)
        : channels(packed_count<M>(channels)) {
        constexpr int64_t kSteps = 400;
        const int64_t each = kChannelBlock * layout.grid.tap_count();
        block = kChannelBlock * (ordered ? 1 : std::max<int64_t>(1, kSteps / each));
        block = std::min(block, this->channels);
        const int64_t height = layout.grid.output[1];
        int64_t bands = 1;
        while (bands < height && fitting(layout, (height + bands - 1) / bands, m) == 0) bands++;
        set_rows(layout, (height + bands - 1) / bands);
        images = bands > 1 ? 1 : std::max<int64_t>(1, fitting(layout, rows, m));
    }

  private:
    int64_t set_rows(const BandLayout& layout, int64_t count) {
        rows = count;
        phase_size = layout.phase_size<S>(rows);
        // An odd number of cache lines apart, channels do not fall on the same places of the cache.
        constexpr int64_t kLine = 64 / int64_t(sizeof(S));
        const int64_t lines = (int64_t(layout.phases.size()) * phase_size + kLine - 1) / kLine;
        return channel_size = (lines | 1) * kLine;
    }
    // Images of so many rows.
    int64_t fitting(const BandLayout& layout, int64_t rows, int64_t m) {
        const int64_t bytes = int64_t(sizeof(S));
        const int64_t sums = block < channels ? m * rows * layout.grid.output[2] * bytes : 1;
        return std::min(kBandBytes / (block * set_rows(layout, rows) * bytes), kSumBytes / sums);
    }
};

}  // namespace kajo::cpu::KAJO_ISA
