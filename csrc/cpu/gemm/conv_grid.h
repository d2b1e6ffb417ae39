// Where the taps of a convolution read the image, as masked vector loads. No image is copied or
// padded: the packing of the engine's operands reads it through these tables.
#pragma once

#include <atomic>
#include <vector>

#include "cpu/gemm/conv.h"
#include "cpu/gemm/half.h"

namespace kajo::cpu::KAJO_ISA {

struct Tap {
    int64_t offset[3];  // of the pixel read, in the image
};

// Pixel o of an output grid reads pixel o * stride + tap.offset of an image, zero outside of it.
// Fewer than three dimensions lead with sizes of 1.
struct Grid {
    int64_t image[3], output[3], stride[3];
    int64_t image_pixels = 0, output_pixels = 0;
    int64_t batch_stride = 0;  // between the images of a batch
    std::vector<Tap> taps;
    int64_t id = 0;  // tables of grids with the same id are equal

    int64_t tap_count() const { return int64_t(taps.size()); }
};

inline int64_t next_grid_id() {
    static std::atomic<int64_t> next{1};
    return next++;
}

inline void set_sizes(Grid& grid, const int64_t* image, const int64_t* output, int64_t channels) {
    std::copy(image, image + 3, grid.image);
    std::copy(output, output + 3, grid.output);
    grid.image_pixels = product3(image);
    grid.output_pixels = product3(output);
    grid.batch_stride = channels * grid.image_pixels;
    grid.id = next_grid_id();
}

// Lane l of `lanes` reads image[offset + l * stride]; of dense pairs the even ones (stride 2).
struct Segment {
    int64_t offset;
    LaneBits lanes;
    LaneBits even;
};

// For vectors of consecutive output pixels and each tap: the segments that make up the vector.
struct LoadTable {
    struct End {
        uint32_t value;
    };
    std::vector<Segment> segments;
    std::vector<End> ends;  // ends[0] = 0; entry e has segments ends[e] to ends[e + 1]

    void clear() {
        segments.clear();
        ends.assign(1, End{0});
    }
    const Segment* begin(int64_t entry) const {
        return segments.data() + ends[size_t(entry)].value;
    }
    const Segment* end(int64_t entry) const { return begin(entry + 1); }
};

constexpr LaneBits spread_bits(LaneBits bits) {
    LaneBits out = 0;
    for (int l = 0; l < 16; l++) out |= (bits >> l & 1) << 2 * l;
    return out;
}

// Output pixels in one row of the grid, as lanes of a vector.
struct PixelRun {
    int lane;
    int64_t length;
    int64_t image_offset;
    int64_t at[3];
};

// Appends one entry a tap for `lanes` output pixels from `pixel` on (counted over the batch).
template <class S>
void append_vector(const Grid& grid, int64_t pixel, int lanes, LoadTable& table) {
    PixelRun runs[kLanes<S>];
    int run_count = 0;
    int64_t rest = pixel % grid.output_pixels, image = pixel / grid.output_pixels;
    int64_t at[3] = {rest / (grid.output[1] * grid.output[2]),
                     rest / grid.output[2] % grid.output[1], rest % grid.output[2]};
    for (int lane = 0; lane < lanes;) {
        const int64_t length = std::min<int64_t>(lanes - lane, grid.output[2] - at[2]);
        runs[run_count++] = {lane, length, image * grid.batch_stride, {at[0], at[1], at[2]}};
        lane += int(length);
        at[2] = 0;
        if (++at[1] < grid.output[1]) continue;
        at[1] = 0;
        if (++at[0] < grid.output[0]) continue;
        at[0] = 0;
        image++;
    }
    const int64_t stride = grid.stride[2], width = grid.image[2];
    for (const Tap& tap : grid.taps) {
        const size_t first = table.segments.size();
        for (int r = 0; r < run_count; r++) {
            const PixelRun& run = runs[r];
            const int64_t z = run.at[0] * grid.stride[0] + tap.offset[0];
            const int64_t y = run.at[1] * grid.stride[1] + tap.offset[1];
            const int64_t x = run.at[2] * stride + tap.offset[2];
            if (z < 0 || z >= grid.image[0] || y < 0 || y >= grid.image[1]) continue;
            const int64_t low = x < 0 ? (-x + stride - 1) / stride : 0;
            const int64_t high =
                x >= width ? 0 : std::min(run.length, (width - 1 - x) / stride + 1);
            if (low >= high) continue;
            const LaneBits bits = ((LaneBits{1} << high) - 1) & ~((LaneBits{1} << low) - 1);
            const LaneBits mask = bits << run.lane;
            const int64_t offset =
                run.image_offset + (z * grid.image[1] + y) * width + x - run.lane * stride;
            // Where padding keeps the size, rows run on and one load serves several.
            if (table.segments.size() > first && table.segments.back().offset == offset) {
                table.segments.back().lanes |= mask;
            } else {
                table.segments.push_back({offset, mask, 0});
            }
        }
        // Always one load: the common case then has no branch to miss.
        if (table.segments.size() == first) table.segments.push_back({0, 0, 0});
        if (stride == 2)
            for (size_t s = first; s < table.segments.size(); s++)
                table.segments[s].even = spread_bits(table.segments[s].lanes);
        table.ends.push_back({uint32_t(table.segments.size())});
    }
}

// STRIDE is 1, 2 or 0 for any other.
template <int STRIDE, class S>
inline Vector<S> load_pixels(const Segment* segment, const Segment* end, const S* image,
                             int64_t stride, int64_t ahead) {
    using Bits = Vector<std::conditional_t<sizeof(S) == 4, uint32_t, uint64_t>>;
    constexpr int W = kLanes<S>;
    Vector<S> v{};
    do {
        const S* p = image + segment->offset;
        __builtin_prefetch(p + ahead);
        if constexpr (STRIDE == 1) {
            v = load_over(v, mask<S>(segment->lanes), p);
        } else if constexpr (STRIDE == 2) {
            const LaneBits low = segment->even & first_lanes<S>(W), high = segment->even >> W;
            // As bits: a lane may hold two values of half the size.
            v = (Vector<S>)((Bits)v |
                            (Bits)even_lanes<S>(load(mask<S>(low), p), load(mask<S>(high), p + W)));
        } else {
            for (int l = 0; l < W; l++)
                if (segment->lanes >> l & 1) v[l] = p[l * stride];
        }
    } while (++segment != end);
    return v;
}

}  // namespace kajo::cpu::KAJO_ISA
