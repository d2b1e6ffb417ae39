#include "cpu/joining.h"

#include <cstring>

#include "core/parallel.h"
#include "cpu/lanes.h"
#include "cpu/move.h"

namespace kajo::cpu {

void cat(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto dim = static_cast<size_t>(static_cast<const JoinedDim*>(attributes)->dim);
    const Tensor& result = out[0];
    int64_t outer = 1, inner = result.item_size();
    for (size_t d = 0; d < result.sizes().size(); d++)
        (d < dim ? outer : inner) *= d == dim ? 1 : result.sizes()[d];
    struct Part {
        const char* data;
        int64_t bytes, at, step;  // step: from row to row
    };
    std::vector<Part> parts;
    int64_t row_bytes = 0;
    for (const Tensor& t : in) {
        const int64_t bytes = t.sizes()[dim] * inner;
        int64_t step = 0;
        for (size_t d = 0; d < dim; d++)
            if (t.sizes()[d] != 1) step = t.strides()[d] * t.item_size();
        if (bytes != 0) parts.push_back({t.data<char>(), bytes, row_bytes, step});
        row_bytes += bytes;
    }
    char* to = result.data<char>();
    constexpr int64_t kPiece = int64_t{1} << 18;
    // Parts that give one element to a row, as stacking along the last dimension has them.
    const int64_t item = result.item_size();
    const bool one_each =
        std::all_of(parts.begin(), parts.end(), [&](const Part& p) { return p.bytes == item; });
    const auto interleave = [&](int64_t begin, int64_t end) {
        constexpr int64_t kRows = 256;  // whose part of the result stays in the cache
        const MoveFn move = move_of(result.dtype());
        for (; begin < end; begin += kRows)
            for (const Part& p : parts)
                move(to + begin * row_bytes + p.at, 0, row_bytes / item, p.data + begin * p.step, 0,
                     p.step / item, 1, std::min(kRows, end - begin));
    };
    if (outer >= 8 || outer * row_bytes <= kPiece) {
        parallel_ranges(outer, grain_for(row_bytes, kPiece), [&](int64_t begin, int64_t end) {
            if (one_each) return interleave(begin, end);
            for (int64_t o = begin; o < end; o++)
                for (const Part& p : parts)
                    copy_run(to + o * row_bytes + p.at, p.data + o * p.step, p.bytes);
        });
        return;
    }
    // A few long rows: the parts themselves are cut.
    for (int64_t o = 0; o < outer; o++)
        for (const Part& p : parts)
            parallel_ranges(p.bytes, kPiece, [&](int64_t begin, int64_t end) {
                copy_run(to + o * row_bytes + p.at + begin, p.data + o * p.step + begin,
                         end - begin);
            });
}

void flip(TensorRefs out, TensorRefs in, const void* attributes) {
    const uint64_t mask = static_cast<const FlippedDims*>(attributes)->mask;
    const Tensor& self = in[0];
    if (self.numel() == 0) return;
    Dims strides = self.strides();
    int64_t start = self.offset();
    for (size_t d = 0; d < strides.size(); d++) {
        if ((mask >> d & 1) == 0) continue;
        start += (self.sizes()[d] - 1) * strides[d];
        strides[d] = -strides[d];
    }
    const Tensor reversed = alias(self, self.sizes(), strides, start);
    if (self.dim() == 0) {
        std::memcpy(out[0].raw_data(), self.raw_data(), static_cast<size_t>(self.item_size()));
        return;
    }
    // Lanes run along the dimension whose elements stand closest.
    int64_t last = self.dim() - 1;
    for (int64_t d = last; d-- > 0;)
        if (self.size(d) > 1 && (self.size(last) == 1 || self.stride(d) < self.stride(last)))
            last = d;
    const Lanes from(reversed, last), to(out[0], last);
    const int64_t n = from.length(), item = self.item_size();
    const MoveFn move = move_of(self.dtype());
    parallel_ranges(from.count(), grain_for(n * item), [&](int64_t begin, int64_t end) {
        for (int64_t lane = begin; lane < end; lane++)
            move(out[0].data<char>() + to.offset(lane) * item, 0, to.stride(),
                 reversed.data<char>() + from.offset(lane) * item, 0, from.stride(), 1, n);
    });
}

void triangle(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& shape = *static_cast<const Triangle*>(attributes);
    const Tensor& self = in[0];
    if (self.numel() == 0) return;
    const int64_t rows = self.size(-2), columns = self.size(-1), item = self.item_size();
    const char* from = self.data<char>();
    char* to = out[0].data<char>();
    parallel_ranges(self.numel() / columns, grain_for(columns * item),
                    [&](int64_t begin, int64_t end) {
                        for (int64_t i = begin; i < end; i++) {
                            const int64_t edge = std::clamp<int64_t>(
                                i % rows + shape.diagonal + (shape.upper ? 0 : 1), 0, columns);
                            const char* source = from + i * columns * item;
                            char* target = to + i * columns * item;
                            const auto left = static_cast<size_t>(edge * item);
                            const auto right = static_cast<size_t>((columns - edge) * item);
                            if (shape.upper) {
                                std::memset(target, 0, left);
                                copy_run(target + left, source + left, (columns - edge) * item);
                            } else {
                                copy_run(target, source, edge * item);
                                std::memset(target + left, 0, right);
                            }
                        }
                    });
}

void triangle_indices(TensorRefs out, TensorRefs, const void* attributes) {
    const auto& shape = *static_cast<const TriangleShape*>(attributes);
    auto* row = out[0].data<int64_t>();
    auto* column = row + out[0].size(1);
    for (int64_t r = 0; r < shape.rows; r++) {
        const int64_t edge =
            std::clamp<int64_t>(r + shape.diagonal + (shape.upper ? 0 : 1), 0, shape.columns);
        for (int64_t c = shape.upper ? edge : 0; c < (shape.upper ? shape.columns : edge); c++) {
            *row++ = r;
            *column++ = c;
        }
    }
}

void repeat_sources(TensorRefs out, TensorRefs in, const void*) {
    auto* source = out[0].data<int64_t>();
    const auto* ends = in[0].data<int64_t>();
    int64_t at = 0;
    for (int64_t i = 0; i < in[0].numel(); i++)
        for (; at < ends[i]; at++) source[at] = i;
}

}  // namespace kajo::cpu
