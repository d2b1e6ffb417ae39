#include "cpu/resampling.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <type_traits>
#include <vector>

#include "core/parallel.h"
#include "cpu/isa.h"
#include "cpu/lanes.h"
#include "cpu/move.h"
#include "cpu/scratch.h"

namespace kajo::cpu {

namespace baseline {
extern const ResamplingKernels resampling_kernels;
}
#if KAJO_X86
namespace avx2 {
extern const ResamplingKernels resampling_kernels;
}
namespace avx512 {
extern const ResamplingKernels resampling_kernels;
}
#endif

const ResamplingKernels& resampling_kernels() {
    return of_cpu_isa(baseline::resampling_kernels, avx2::resampling_kernels,
                      avx512::resampling_kernels);
}

namespace {

// ---- what each place is made of
// -----------------------------------------------------------------------------

// Of every place its sources and their weights, one place after the other.
template <class W>
struct Taps {
    std::vector<int64_t> first{0};  // of each place; one more at the end
    std::vector<int64_t> index;
    std::vector<W> weight;

    int64_t places() const { return static_cast<int64_t>(first.size()) - 1; }
    void add(int64_t at, W w) {
        index.push_back(at);
        weight.push_back(w);
    }
    void end_place() { first.push_back(static_cast<int64_t>(index.size())); }
};

// The cubic convolution kernel with parameter `a`.
template <class W>
W cubic(W distance, W a) {
    const W x = std::abs(distance);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : W{0};
}

template <class W>
void interpolate(Taps<W>& taps, const Axis& axis, int64_t place) {
    const W step = static_cast<W>(axis.step), at = static_cast<W>(place);
    const int64_t last = axis.size - 1;
    W source =
        axis.align_corners ? at * step : (at + static_cast<W>(0.5)) * step - static_cast<W>(0.5);
    if (axis.source == Source::Cubic) {
        const W floor = std::floor(source);
        for (int k = -1; k < 3; k++) {
            const W index = floor + static_cast<W>(k);
            taps.add(std::clamp<int64_t>(static_cast<int64_t>(index), 0, last),
                     cubic(source - index, static_cast<W>(-0.75)));
        }
        return;
    }
    source = std::max(source, W{0});
    const W floor = std::min(std::floor(source), static_cast<W>(last));
    const W share = std::clamp(source - floor, W{0}, W{1});
    const auto index = static_cast<int64_t>(floor);
    taps.add(index, 1 - share);
    taps.add(std::min(index + 1, last), share);
}

template <class W>
void average(Taps<W>& taps, const Axis& axis, int64_t place) {
    const bool is_cubic = axis.source == Source::WideCubic;
    const double stretch = std::max(axis.step, 1.0);
    const W support = static_cast<W>((is_cubic ? 2.0 : 1.0) * stretch);
    const W half = static_cast<W>(0.5);
    const W center = (static_cast<W>(place) + half) * static_cast<W>(axis.step);
    const auto first = std::max<int64_t>(static_cast<int64_t>(center - support + half), 0);
    const auto last = std::min<int64_t>(static_cast<int64_t>(center + support + half), axis.size);
    W total = 0;
    const size_t begin = taps.weight.size();
    for (int64_t index = first; index < last; index++) {
        const W distance = (static_cast<W>(index) - center + half) / static_cast<W>(stretch);
        const W weight = is_cubic ? cubic(distance, static_cast<W>(-0.5))
                                  : std::max(1 - std::abs(distance), W{0});
        taps.add(index, weight);
        total += weight;
    }
    for (size_t i = begin; i < taps.weight.size(); i++) taps.weight[i] /= total;
}

int64_t single_source(const Axis& axis, int64_t place) {
    const int64_t last = axis.size - 1, at = place - axis.before;
    switch (axis.source) {
        case Source::Reflect:
            return at < 0 ? -at : at > last ? 2 * last - at : at;
        case Source::Replicate:
            return std::clamp<int64_t>(at, 0, last);
        case Source::Circular:
            return (at % axis.size + axis.size) % axis.size;
        default:
            break;
    }
    // float32 as the arithmetic of the reference has it; ties must fall the same way.
    const float center = axis.source == Source::NearestExact ? 0.5f : 0.0f;
    const float source = (static_cast<float>(place) + center) * static_cast<float>(axis.step);
    return std::min(static_cast<int64_t>(std::floor(source)), last);
}

template <class W>
Taps<W> taps_of(const Axis& axis) {
    Taps<W> taps;
    for (int64_t place = 0; place < axis.out; place++) {
        if (!is_weighted(axis.source))
            taps.add(single_source(axis, place), W{1});
        else if (axis.source == Source::Linear || axis.source == Source::Cubic)
            interpolate(taps, axis, place);
        else
            average(taps, axis, place);
        taps.end_place();
    }
    return taps;
}

template <class W>
Taps<W> transposed(const Taps<W>& taps, int64_t size) {
    Taps<W> result;
    result.first.assign(static_cast<size_t>(size) + 1, 0);
    for (const int64_t i : taps.index) result.first[static_cast<size_t>(i) + 1]++;
    for (size_t i = 1; i < result.first.size(); i++) result.first[i] += result.first[i - 1];
    std::vector<int64_t> next(result.first);
    result.index.resize(taps.index.size());
    result.weight.resize(taps.index.size());
    for (size_t place = 0; place + 1 < taps.first.size(); place++)
        for (auto k = static_cast<size_t>(taps.first[place]);
             k < static_cast<size_t>(taps.first[place + 1]); k++) {
            const auto to = static_cast<size_t>(next[static_cast<size_t>(taps.index[k])]++);
            result.index[to] = static_cast<int64_t>(place);
            result.weight[to] = taps.weight[k];
        }
    return result;
}

// Whole parts as 16 bits hold them; what names a place twice is added up before it is rounded.
Taps<int32_t> whole_parts(const Taps<double>& taps, int* precision) {
    Taps<int32_t> result;
    std::vector<double> weights;
    for (size_t place = 0; place + 1 < taps.first.size(); place++) {
        for (auto k = static_cast<size_t>(taps.first[place]);
             k < static_cast<size_t>(taps.first[place + 1]); k++) {
            const bool again = static_cast<int64_t>(result.index.size()) > result.first.back() &&
                               result.index.back() == taps.index[k];
            if (again) {
                weights.back() += taps.weight[k];
                continue;
            }
            result.index.push_back(taps.index[k]);
            weights.push_back(taps.weight[k]);
        }
        result.end_place();
    }
    const double largest = *std::max_element(weights.begin(), weights.end());
    *precision = 0;
    while (*precision < 22 && 0.5 + largest * (2 << *precision) < (1 << 15)) (*precision)++;
    for (const double w : weights)
        result.weight.push_back(static_cast<int32_t>(
            std::copysign(std::trunc(std::abs(w) * (1 << *precision) + 0.5), w)));
    return result;
}

// ---- sums along a dimension
// ---------------------------------------------------------------------------------

// `sum(y, rows, weights, count, n)` for each place along a dimension of (outer, size, inner).
template <class T, class W, class Sum>
void sum_along(const Taps<W>& taps, const T* x, T* y, int64_t outer, int64_t size, int64_t inner,
               const Sum& sum) {
    const int64_t places = taps.places();
    const auto one = [&](T* to, const T* from, int64_t place, int64_t n,
                         std::vector<const T*>& rows) {
        const int64_t first = taps.first[static_cast<size_t>(place)];
        const int64_t count = taps.first[static_cast<size_t>(place) + 1] - first;
        rows.clear();
        for (int64_t k = first; k < first + count; k++)
            rows.push_back(from + taps.index[static_cast<size_t>(k)] * n);
        sum(to, rows.data(), taps.weight.data() + first, count, n);
    };
    if (inner > 1) {
        parallel_ranges(
            outer * places, grain_for(inner * int64_t{sizeof(T)}), [&](int64_t begin, int64_t end) {
                std::vector<const T*> rows;
                for (int64_t i = begin; i < end; i++)
                    one(y + i * inner, x + i / places * size * inner, i % places, inner, rows);
            });
        return;
    }
    // Some rows are turned to stand beside each other.
    constexpr int64_t kElements = 8192;
    const int64_t block = std::clamp<int64_t>(kElements / std::max(size, places), 16, 64);
    const MoveFn move = move_kernels().by_size[std::countr_zero(sizeof(T))];
    parallel_ranges((outer + block - 1) / block, grain_for(block * places * int64_t{sizeof(T)}),
                    [&](int64_t begin, int64_t end) {
                        const Scratch from(static_cast<size_t>(block * size) * sizeof(T)),
                            to(static_cast<size_t>(block * places) * sizeof(T));
                        std::vector<const T*> rows;
                        for (int64_t b = begin; b < end; b++) {
                            const int64_t row = b * block, n = std::min(block, outer - row);
                            move(from.data(), n, 1, x + row * size, 1, size, size, n);
                            for (int64_t place = 0; place < places; place++)
                                one(to.as<T>() + place * n, from.as<T>(), place, n, rows);
                            move(y + row * places, places, 1, to.data(), 1, n, n, places);
                        }
                    });
}

template <class T>
void sum_numbers(const Resampling& how, const T* x, T* y, int64_t outer, int64_t inner,
                 WeightedSum<T> sum) {
    const Taps<T> taps = taps_of<T>(how.axis);
    if (how.transposed)
        sum_along(transposed(taps, how.axis.size), x, y, outer, how.axis.out, inner, sum);
    else
        sum_along(taps, x, y, outer, how.axis.size, inner, sum);
}

}  // namespace

void resample(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& how = *static_cast<const Resampling*>(attributes);
    const Tensor &x = in[0], &y = out[0];
    if (y.numel() == 0) return;
    int64_t outer = 1, inner = 1;
    for (int64_t d = 0; d < x.dim(); d++)
        if (d != how.dim) (d < how.dim ? outer : inner) *= x.size(d);
    const ResamplingKernels& kernels = resampling_kernels();
    if (x.dtype() == DType::UInt8) {
        int precision;
        const Taps<int32_t> taps = whole_parts(taps_of<double>(how.axis), &precision);
        sum_along(
            taps, x.data<uint8_t>(), y.data<uint8_t>(), outer, how.axis.size, inner,
            [&](uint8_t* to, const uint8_t* const* rows, const int32_t* weights, int64_t count,
                int64_t n) { kernels.bytes(to, rows, weights, count, n, precision); });
    } else if (x.dtype() == DType::Float64) {
        sum_numbers(how, x.data<double>(), y.data<double>(), outer, inner, kernels.f64);
    } else {
        sum_numbers(how, x.data<float>(), y.data<float>(), outer, inner, kernels.f32);
    }
}

// ---- single elements
// ------------------------------------------------------------------------------------------

namespace {

// Along one dimension, and the pieces in which its places follow each other.
struct Picks {
    struct Run {
        int64_t to, from, n;
    };
    std::vector<int64_t> index;
    std::vector<Run> runs;

    explicit Picks(const Axis& axis) : index(static_cast<size_t>(axis.out)) {
        // What lies inside a border is one run.
        const bool is_border = axis.source == Source::Reflect || axis.source == Source::Replicate ||
                               axis.source == Source::Circular;
        const int64_t begin = is_border ? std::clamp<int64_t>(axis.before, 0, axis.out) : axis.out;
        const int64_t end = std::clamp(axis.before + axis.size, begin, axis.out);
        add_places(axis, 0, begin);
        if (end > begin) {
            const int64_t from = begin - axis.before;
            std::iota(index.begin() + begin, index.begin() + end, from);
            runs.push_back({begin, from, end - begin});
        }
        add_places(axis, end, axis.out);
    }
    bool is_in_runs() const { return runs.size() * 8 <= index.size() + 32; }

  private:
    void add_places(const Axis& axis, int64_t begin, int64_t end) {
        for (int64_t place = begin; place < end; place++) {
            const int64_t from = single_source(axis, place);
            index[static_cast<size_t>(place)] = from;
            if (place > begin && from == index[static_cast<size_t>(place) - 1] + 1)
                runs.back().n++;
            else
                runs.push_back({place, from, 1});
        }
    }
};

template <class T>
void pick_row(T* to, const T* from, const Picks& picks, bool in_runs) {
    if (!in_runs) {
        const int64_t* at = picks.index.data();
        for (size_t i = 0; i < picks.index.size(); i++) to[i] = from[at[i]];
        return;
    }
    for (const Picks::Run& run : picks.runs) {
        if (run.n == 1)
            to[run.to] = from[run.from];
        else
            copy_run(to + run.to, from + run.from, run.n * int64_t{sizeof(T)});
    }
}

}  // namespace

void pick_places(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& how = *static_cast<const Picking*>(attributes);
    if (out[0].numel() == 0) return;
    const auto dims = static_cast<size_t>(how.dims);
    const Picks last(how.axes[dims - 1]);
    const bool in_runs = last.is_in_runs();
    const int64_t width = how.axes[dims - 1].size, out_width = how.axes[dims - 1].out;
    // Where the rows of one sample come from.
    std::vector<int64_t> rows{0};
    int64_t sample = width;
    for (size_t d = 0; d + 1 < dims; d++) {
        std::vector<int64_t> next;
        for (const int64_t row : rows)
            for (const int64_t i : Picks(how.axes[d]).index)
                next.push_back(row * how.axes[d].size + i);
        rows = std::move(next);
        sample *= how.axes[d].size;
    }
    const auto per_sample = static_cast<int64_t>(rows.size());
    dispatch_by_size(in[0].item_size(), [&]<class T>() {
        const T* x = in[0].data<T>();
        T* y = out[0].data<T>();
        parallel_ranges(
            out[0].numel() / out_width, grain_for(out_width * int64_t{sizeof(T)}),
            [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i++) {
                    const auto r = static_cast<size_t>(i % per_sample);
                    T* to = y + i * out_width;
                    if (i > begin && r > 0 && rows[r] == rows[r - 1])
                        std::memcpy(to, to - out_width, static_cast<size_t>(out_width) * sizeof(T));
                    else
                        pick_row(to, x + i / per_sample * sample + rows[r] * width, last, in_runs);
                }
            });
    });
}

}  // namespace kajo::cpu
