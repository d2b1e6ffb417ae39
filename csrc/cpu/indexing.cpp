#include "cpu/indexing.h"

#include <cstring>

#include "core/parallel.h"
#include "cpu/lanes.h"
#include "cpu/move.h"
#include "cpu/reduce.h"
#include "cpu/resampling.h"

namespace kajo::cpu {

namespace {

// Adds each index tensor's part to the offsets of the places named.
std::unique_ptr<int64_t[]> indexed_offsets(const Tensor& self, const IndexLayout& layout,
                                           TensorRefs indices) {
    const int64_t n = indices[0].numel();
    auto offsets = scratch<int64_t>(n);
    for (int32_t k = 0; k < layout.indexed_dims; k++) {
        const auto d = static_cast<size_t>(layout.outer_dims + k);
        const int64_t size = self.sizes()[d], stride = self.strides()[d];
        const auto* index = indices[static_cast<size_t>(k)].data<int64_t>();
        parallel_ranges(n, grain_for(sizeof(int64_t)), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) {
                const int64_t at = index[i];
                if (at < (layout.wraps ? -size : 0) || at >= size) [[unlikely]]
                    raise(layout.error, "index ", at, " is out of bounds for dimension ",
                          int(layout.dimension[k]), " with size ", size);
                const int64_t part = (at < 0 ? at + size : at) * stride;
                offsets[i] = k == 0 ? part : offsets[i] + part;
            }
        });
    }
    return offsets;
}

struct Places {
    std::vector<int64_t> outer, inner;
    std::unique_ptr<int64_t[]> indexed;
    int64_t n, width, rows;
    bool inner_is_run;

    Places(const Tensor& self, const IndexLayout& layout, TensorRefs indices)
        : n(indices[0].numel()) {
        const auto first = static_cast<size_t>(layout.outer_dims);
        const auto last = first + static_cast<size_t>(layout.indexed_dims);
        outer = offset_table(self, 0, first);
        inner_is_run = is_run(self, last, self.sizes().size());
        width = 1;
        for (size_t d = last; d < self.sizes().size(); d++) width *= self.sizes()[d];
        if (!inner_is_run) inner = offset_table(self, last, self.sizes().size());
        indexed = indexed_offsets(self, layout, indices);
        rows = static_cast<int64_t>(outer.size()) * n;
    }
    int64_t offset(int64_t row) const {
        return outer.size() == 1 ? indexed[row]
                                 : outer[static_cast<size_t>(row / n)] + indexed[row % n];
    }
};

template <class T>
void index_elements(const Places& places, const T* self, T* out) {
    const int64_t n = places.n;
    parallel_ranges(places.rows, grain_for(sizeof(T)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end;) {
            const int64_t o = i / n, stop = std::min(end, (o + 1) * n);
            const T* base = self + places.outer[static_cast<size_t>(o)];
            const int64_t* at = places.indexed.get() - o * n;
#pragma GCC unroll 4
            for (; i < stop; i++) out[i] = base[at[i]];
        }
    });
}

void index_rows(const Places& places, const char* self, char* out, int64_t item) {
    const int64_t bytes = places.width * item;
    parallel_ranges(places.rows, grain_for(places.width * item), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) {
            // Random rows miss the cache: ask for one a few steps ahead.
            if (i + 8 < end) __builtin_prefetch(self + places.offset(i + 8) * item);
            copy_run(out + i * bytes, self + places.offset(i) * item, bytes);
        }
    });
}

template <class T, Combine kHow>
void put_row(T* self, const Places& places, const T* value, bool repeat, int64_t begin,
             int64_t end) {
    if (places.inner_is_run && !repeat) {
        if constexpr (kHow == Combine::Assign)
            copy_run(self + begin, value + begin, (end - begin) * int64_t{sizeof(T)});
        else if constexpr (kHow == Combine::Add && std::is_floating_point_v<T>)
            reduce_kernels()
                .table[static_cast<size_t>(Reduction::Sum)][static_cast<size_t>(DTypeOf<T>::value)]
                .merge(self + begin, value + begin, end - begin);
        else
            for (int64_t i = begin; i < end; i++) self[i] = combine<kHow, T>(self[i], value[i]);
        return;
    }
    for (int64_t i = begin; i < end; i++) {
        T& there = self[places.inner_is_run ? i : places.inner[static_cast<size_t>(i)]];
        there = combine<kHow, T>(there, value[repeat ? 0 : i]);
    }
}

}  // namespace

void index(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& layout = *static_cast<const IndexLayout*>(attributes);
    const Tensor& self = in[0];
    if (out[0].numel() == 0) {
        if (in[1].numel() != 0) indexed_offsets(self, layout, in.subspan(1));
        return;
    }
    const Places places(self, layout, in.subspan(1));
    if (places.inner_is_run && places.width > 1)
        return index_rows(places, self.data<char>(), out[0].data<char>(), self.item_size());
    dispatch_by_size(self.item_size(), [&]<class T>() {
        const T* from = self.data<T>();
        T* to = out[0].data<T>();
        if (places.width == 1) return index_elements(places, from, to);
        parallel_ranges(places.rows, grain_for(places.width * int64_t{sizeof(T)}),
                        [&](int64_t begin, int64_t end) {
                            for (int64_t row = begin; row < end; row++) {
                                const T* base = from + places.offset(row);
                                T* target = to + row * places.width;
                                for (int64_t i = 0; i < places.width; i++)
                                    target[i] = base[places.inner[static_cast<size_t>(i)]];
                            }
                        });
    });
}

void index_put(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& layout = *static_cast<const IndexLayout*>(attributes);
    const Tensor &self = out[0], &values = in[0];
    if (in[1].numel() == 0) return;
    const Places places(self, layout, in.subspan(1));
    const bool repeat = values.numel() == 1;
    dispatch_combine(self.dtype(), layout.how, "index_put", [&]<class T, Combine kHow>() {
        T* to = self.data<T>();
        const T* from = values.data<T>();
        // Indices may repeat: rows are taken in order, and threads share out what lies across them.
        const int64_t across =
            std::max<int64_t>(64 / int64_t{sizeof(T)}, grain_for(places.n * int64_t{sizeof(T)}));
        const auto outer = static_cast<int64_t>(places.outer.size());
        const int64_t pieces = (places.width + across - 1) / across;
        parallel_for(outer * pieces, [&](int64_t piece) {
            const int64_t o = piece / pieces, begin = piece % pieces * across;
            const int64_t end = std::min(places.width, begin + across);
            T* base = to + places.outer[static_cast<size_t>(o)];
            if (places.width == 1 && !repeat) {
                const T* value = from + o * places.n;
                for (int64_t j = 0; j < places.n; j++) {
                    T& there = base[places.indexed[j]];
                    there = combine<kHow, T>(there, value[j]);
                }
                return;
            }
            for (int64_t j = 0; j < places.n; j++) {
                const T* value = repeat ? from : from + (o * places.n + j) * places.width;
                put_row<T, kHow>(base + places.indexed[j], places, value, repeat, begin, end);
            }
        });
    });
}

namespace {

// A negative number, or one that leaves nothing up to the last, has its topmost bit set.
void check_lane_indices(const int64_t* at, int64_t n, int64_t dim, int64_t size) {
    const uint64_t last = static_cast<uint64_t>(size - 1);
    uint64_t outside = 0;
    for (int64_t i = 0; i < n; i++)
        outside |= static_cast<uint64_t>(at[i]) | (last - static_cast<uint64_t>(at[i]));
    if (outside >> 63 == 0) [[likely]]
        return;
    for (int64_t i = 0; i < n; i++)
        if (at[i] < 0 || at[i] >= size)
            raise(ErrorKind::Runtime, "index ", at[i], " is out of bounds for dimension ", dim,
                  " with size ", size);
}
void check_lane_indices(const Tensor& index, int64_t dim, int64_t size) {
    const auto* at = index.data<int64_t>();
    parallel_ranges(index.numel(), grain_for(sizeof(int64_t)), [&](int64_t begin, int64_t end) {
        check_lane_indices(at + begin, end - begin, dim, size);
    });
}

// A tensor seen as outer x lane x inner, where the ranges of outer and inner are those of the
// index.
struct LaneTables {
    std::vector<int64_t> outer, inner;
    int64_t stride = 1;

    LaneTables(const Tensor& t, const Tensor& index, int64_t dim) {
        if (t.dim() == 0) {
            outer = inner = {0};
            return;
        }
        const Tensor part = alias(t, index.dim() == 0 ? IntSpan(t.sizes()) : IntSpan(index.sizes()),
                                  t.strides(), t.offset());
        outer = offset_table(part, 0, static_cast<size_t>(dim));
        inner = offset_table(part, static_cast<size_t>(dim) + 1, part.sizes().size());
        stride = t.strides()[static_cast<size_t>(dim)];
    }
};

int64_t lane_size(const Tensor& t, int64_t dim) {
    return t.dim() == 0 ? 1 : t.sizes()[static_cast<size_t>(dim)];
}

}  // namespace

void gather(TensorRefs out, TensorRefs in, const void* attributes) {
    const int64_t dim = static_cast<const LaneIndex*>(attributes)->dim;
    const Tensor &self = in[0], &index = in[1];
    if (index.numel() == 0) return;
    const LaneTables places(self, index, dim);
    const int64_t length = lane_size(index, dim), size = lane_size(self, dim);
    const auto width = static_cast<int64_t>(places.inner.size());
    const auto rows = static_cast<int64_t>(places.outer.size()) * length;
    const auto* at = index.data<int64_t>();
    dispatch_by_size(self.item_size(), [&]<class T>() {
        const T* from = self.data<T>();
        T* to = out[0].data<T>();
        if (width == 1) {
            const int64_t stride = places.stride;
            parallel_ranges(rows, grain_for(sizeof(T)), [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end;) {
                    const T* base = from + places.outer[static_cast<size_t>(row / length)];
                    const int64_t stop = std::min({end, (row / length + 1) * length, row + 1024});
                    check_lane_indices(at + row, stop - row, dim, size);
#pragma GCC unroll 4
                    for (; row < stop; row++) to[row] = base[at[row] * stride];
                }
            });
            return;
        }
        parallel_ranges(
            rows, grain_for(width * int64_t{sizeof(T)}), [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; row++) {
                    const auto o = static_cast<size_t>(row / length);
                    const T* base = from + places.outer[o];
                    check_lane_indices(at + row * width, width, dim, size);
                    for (int64_t i = 0; i < width; i++)
                        to[row * width + i] = base[at[row * width + i] * places.stride +
                                                   places.inner[static_cast<size_t>(i)]];
                }
            });
    });
}

void scatter(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& lane = *static_cast<const LaneIndex*>(attributes);
    const Tensor &self = out[0], &index = in[0], &values = in[1];
    if (index.numel() == 0) return;
    check_lane_indices(index, lane.dim, lane_size(self, lane.dim));
    const LaneTables places(self, index, lane.dim);
    const Tensor repeated =
        alias(values, index.sizes(), Dims(index.sizes().size(), 0), values.offset());
    const LaneTables sources(lane.values_repeat ? repeated : values, index, lane.dim);
    const int64_t length = lane_size(index, lane.dim);
    const auto width = static_cast<int64_t>(places.inner.size());
    const auto outer = static_cast<int64_t>(places.outer.size());
    const auto* at = index.data<int64_t>();
    dispatch_combine(self.dtype(), lane.how, "scatter", [&]<class T, Combine kHow>() {
        T* to = self.data<T>();
        const T* from = values.data<T>();
        // A lane is always done in order by one thread: its indices may repeat.
        const auto part = [&](int64_t o, int64_t begin, int64_t end) {
            T* base = to + places.outer[static_cast<size_t>(o)];
            const T* source = from + sources.outer[static_cast<size_t>(o)];
            if (width == 1) {
                const int64_t* index_of = at + o * length;
                const int64_t step = places.stride, source_step = sources.stride;
                for (int64_t l = 0; l < length; l++) {
                    T& there = base[index_of[l] * step];
                    there = combine<kHow, T>(there, source[l * source_step]);
                }
                return;
            }
            for (int64_t l = 0; l < length; l++, source += sources.stride)
                for (int64_t i = begin; i < end; i++) {
                    const auto k = static_cast<size_t>(i);
                    T& there =
                        base[at[(o * length + l) * width + i] * places.stride + places.inner[k]];
                    there = combine<kHow, T>(there, source[sources.inner[k]]);
                }
        };
        const int64_t across = std::max<int64_t>(16, grain_for(length * int64_t{sizeof(T)}));
        const int64_t pieces = (width + across - 1) / across;
        const int64_t grain = grain_for(std::min(width, across) * length * int64_t{sizeof(T)});
        parallel_ranges(outer * pieces, grain, [&](int64_t begin, int64_t end) {
            for (int64_t p = begin; p < end; p++)
                part(p / pieces, p % pieces * across, std::min(width, (p % pieces + 1) * across));
        });
    });
}

void count_true(TensorRefs out, TensorRefs in, const void*) {
    const auto* mask = in[0].data<uint8_t>();
    auto* ends = out[0].data<int64_t>();
    const int64_t n = in[0].numel(), blocks = out[0].numel();
    parallel_ranges(blocks, 32, [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; b++) {
            const int64_t first = b * kMaskBlock, last = std::min(n, first + kMaskBlock);
            int64_t count = 0, i = first;
            for (; i + 8 <= last; i += 8) {
                uint64_t word;
                std::memcpy(&word, mask + i, 8);
                count += __builtin_popcountll(word);
            }
            for (; i < last; i++) count += mask[i];
            ends[b] = count;
        }
    });
    for (int64_t b = 1; b < blocks; b++) ends[b] += ends[b - 1];
}

void find_true(TensorRefs out, TensorRefs in, const void*) {
    const Tensor& self = in[0];
    const auto* mask = self.data<uint8_t>();
    const auto* ends = in[1].data<int64_t>();
    auto* positions = out[0].data<int64_t>();
    const int64_t n = self.numel(), dims = out[0].size(0), total = out[0].size(1);
    if (out[0].numel() == 0) return;
    parallel_ranges(in[1].numel(), 32, [&](int64_t begin, int64_t end) {
        int64_t found[kMaskBlock + 1];
        for (int64_t b = begin; b < end; b++) {
            const int64_t first = b * kMaskBlock, last = std::min(n, first + kMaskBlock);
            int64_t count = 0;
            // Without a branch: random masks would mispredict every other one.
            for (int64_t i = first; i < last; i++) {
                found[count] = i;
                count += mask[i];
            }
            int64_t* target = positions + (b == 0 ? 0 : ends[b - 1]);
            if (dims == 1) {
                std::memcpy(target, found, static_cast<size_t>(count) * sizeof(int64_t));
                continue;
            }
            for (int64_t k = 0; k < count; k++) {
                int64_t rest = found[k];
                for (int64_t d = dims; d-- > 0;) {
                    const int64_t size = self.sizes()[static_cast<size_t>(d)];
                    target[d * total + k] = rest % size;
                    rest /= size;
                }
            }
        }
    });
}

void embedding_grad(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& how = *static_cast<const EmbeddingGrad*>(attributes);
    const int64_t n = in[1].numel(), rows = out[0].size(0), width = out[0].size(1);
    const auto* index = in[1].data<int64_t>();
    for (int64_t i = 0; i < n; i++)
        check_index(index[i] >= 0 && index[i] < rows, "embedding(): index ", index[i],
                    " is out of range for a weight of ", rows, " rows");
    std::vector<int32_t> frequency;
    if (how.scale_by_frequency) {
        frequency.resize(static_cast<size_t>(rows));
        for (int64_t i = 0; i < n; i++) frequency[static_cast<size_t>(index[i])]++;
    }
    dispatch<kFloatingAndComplex>(out[0].dtype(), "embedding_backward", [&]<class T>() {
        T* to = out[0].data<T>();
        const T* from = in[0].data<T>();
        // Each piece owns a range of rows, clears it, and adds what belongs there in order.
        const int64_t row_bytes = width * int64_t{sizeof(T)};
        const int64_t grain = std::max(grain_for(row_bytes, int64_t{1} << 20), rows / 16 + 1);
        parallel_ranges(rows, grain, [&](int64_t begin, int64_t end) {
            std::memset(static_cast<void*>(to + begin * width), 0,
                        static_cast<size_t>((end - begin) * row_bytes));
            for (int64_t i = 0; i < n; i++) {
                const int64_t row = index[i];
                if (row < begin || row >= end || row == how.padding_index) continue;
                T* target = to + row * width;
                const T* source = from + i * width;
                if (how.scale_by_frequency) {
                    const auto scale =
                        static_cast<Accumulator<T>>(1.0 / frequency[static_cast<size_t>(row)]);
                    for (int64_t c = 0; c < width; c++)
                        target[c] = static_cast<T>(static_cast<Accumulator<T>>(target[c]) +
                                                   static_cast<Accumulator<T>>(source[c]) * scale);
                } else {
                    for (int64_t c = 0; c < width; c++)
                        target[c] = combine<Combine::Add, T>(target[c], source[c]);
                }
            }
        });
    });
}

namespace {
template <class T>
void sum_bags(TensorRefs out, TensorRefs in, WeightedSum<T> sum) {
    const Tensor &self = in[0], &index = in[1], &starts = in[2], &weights = in[3];
    const int64_t rows = self.size(0), width = self.size(1), n = index.numel();
    const auto *at = index.data<int64_t>(), *start = starts.data<int64_t>();
    const T* from = self.data<T>();
    const int64_t bags = out[0].size(0), mean = n / std::max<int64_t>(1, bags) + 1;
    parallel_ranges(
        bags, grain_for(mean * width * int64_t{sizeof(T)}), [&](int64_t begin, int64_t end) {
            std::vector<const T*> places;
            std::vector<T> ones;
            for (int64_t bag = begin; bag < end; bag++) {
                const int64_t first = start[bag], count = start[bag + 1] - first;
                check(first >= 0 && count >= 0 && first + count <= n,
                      "sum_rows(): the starts of rows must rise from 0 to ", n);
                places.clear();
                for (int64_t k = first; k < first + count; k++) {
                    check_index(at[k] >= 0 && at[k] < rows, "index ", at[k],
                                " is out of bounds for dimension 0 with size ", rows);
                    places.push_back(from + at[k] * width);
                }
                const T* weight = weights.defined() ? weights.data<T>() + first : nullptr;
                if (!weight) {
                    if (ones.size() < places.size()) ones.resize(places.size(), T{1});
                    weight = ones.data();
                }
                sum(out[0].data<T>() + bag * width, places.data(), weight, count, width);
            }
        });
}
}  // namespace

void sum_rows(TensorRefs out, TensorRefs in, const void*) {
    const ResamplingKernels& kernels = resampling_kernels();
    if (in[0].dtype() == DType::Float64)
        sum_bags<double>(out, in, kernels.f64);
    else
        sum_bags<float>(out, in, kernels.f32);
}

void bincount(TensorRefs out, TensorRefs in, const void*) {
    auto* counts = out[0].data<int64_t>();
    std::memset(counts, 0, static_cast<size_t>(out[0].numel()) * sizeof(int64_t));
    const auto* values = in[0].data<int64_t>();
    const int64_t n = in[0].numel(), bins = out[0].numel();
    // Counters that take turns: one alone would wait for its own last store where values repeat.
    constexpr int64_t kTurns = 4, kMostBins = 4096;
    std::vector<int64_t> more(static_cast<size_t>(bins <= kMostBins ? (kTurns - 1) * bins : 0));
    int64_t i = 0;
    if (bins <= kMostBins) {
        for (; i + kTurns <= n; i += kTurns) {
            counts[values[i]]++;
            for (int64_t k = 1; k < kTurns; k++)
                more[static_cast<size_t>((k - 1) * bins + values[i + k])]++;
        }
        for (int64_t at = 0; at < static_cast<int64_t>(more.size()); at++)
            counts[at % bins] += more[static_cast<size_t>(at)];
    }
    for (; i < n; i++) counts[values[i]]++;
}

void int_range(TensorRefs out, TensorRefs in, const void*) {
    const auto* values = in[0].data<int64_t>();
    const int64_t n = in[0].numel();
    // Two pairs, so that one comparison does not wait for the one before.
    int64_t low[2] = {values[0], values[0]}, high[2] = {values[0], values[0]};
    int64_t i = 0;
    for (; i + 2 <= n; i += 2)
        for (int64_t k = 0; k < 2; k++) {
            low[k] = std::min(low[k], values[i + k]);
            high[k] = std::max(high[k], values[i + k]);
        }
    out[0].data<int64_t>()[0] = std::min({low[0], low[1], values[n - 1]});
    out[0].data<int64_t>()[1] = std::max({high[0], high[1], values[n - 1]});
}

void histogram(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto range = *static_cast<const HistogramRange*>(attributes);
    dispatch<kFloats | kHalves>(in[0].dtype(), "histc", [&]<class T>() {
        const T* values = in[0].data<T>();
        const int64_t bins = out[0].numel();
        std::vector<int64_t> counts(static_cast<size_t>(bins));
        // Each step is rounded to the input's type, as the borders of the bins depend on it.
        using A = Accumulator<T>;
        const auto rounded = [](auto v) { return static_cast<A>(static_cast<T>(v)); };
        const A low = rounded(range.low), high = rounded(range.high);
        const A width = rounded(high - low), count = rounded(static_cast<A>(bins));
        for (int64_t i = 0, n = in[0].numel(); i < n; i++) {
            const auto v = static_cast<A>(values[i]);
            if (!(v >= low && v <= high)) continue;
            const auto bin =
                static_cast<int64_t>(rounded(rounded(rounded(v - low) * count) / width));
            counts[static_cast<size_t>(std::clamp<int64_t>(bin, 0, bins - 1))]++;
        }
        for (int64_t b = 0; b < bins; b++)
            out[0].data<T>()[b] =
                static_cast<T>(static_cast<Accumulator<T>>(counts[static_cast<size_t>(b)]));
    });
}

}  // namespace kajo::cpu
