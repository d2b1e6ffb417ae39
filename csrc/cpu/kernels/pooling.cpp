// Maxima and means of windows. Rows are taken whole, so that the compiler makes vectors of them.
#include "cpu/pooling.h"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <vector>

namespace kajo::cpu::KAJO_ISA {
namespace {

// The part of one window that lies in the input, in one dimension.
struct Window {
    int64_t begin, end, count;  // count: what a mean divides by
};

Window window_of(const PoolAttributes& p, int d, int64_t at) {
    if (p.adaptive) {
        const int64_t begin = at * p.input[d] / p.output[d];
        const int64_t end = ((at + 1) * p.input[d] + p.output[d] - 1) / p.output[d];
        return {begin, end, end - begin};
    }
    const int64_t begin = at * p.stride[d] - p.padding[d];
    const int64_t past = std::min(begin + p.kernel[d], p.input[d] + p.padding[d]);
    const int64_t first = std::max<int64_t>(begin, 0), last = std::min(past, p.input[d]);
    return {first, last, p.count_include_pad ? past - begin : last - first};
}

std::vector<Window> windows_of(const PoolAttributes& p, int d) {
    std::vector<Window> out;
    for (int64_t at = 0; at < p.output[d]; at++) out.push_back(window_of(p, d, at));
    return out;
}

template <class T>
constexpr T lowest() {
    return std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::lowest();
}

template <class T>
using Place = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

// One tap of a run of windows: a nan wins, and among equals the first.
template <class T, int kStride, bool kIndexed>
void take_tap(const T* __restrict row, int64_t stride, int64_t count, Place<T> place,
              T* __restrict best, Place<T>* __restrict places) {
    const int64_t step = kStride ? kStride : stride;
    for (int64_t i = 0; i < count; i++) {
        const T value = row[i * step];
        const bool wins = (value > best[i]) | (value != value);
        best[i] = wins ? value : best[i];
        if constexpr (kIndexed) places[i] = wins ? Place<T>(place + i * step) : places[i];
    }
}

template <class T, bool kIndexed>
void take_taps(const PoolAttributes& p, const T* row, int64_t place, T* best, Place<T>* places) {
    const int64_t stride = p.stride[2];
    for (int64_t tap = 0; tap < p.kernel[2]; tap++) {
        const int64_t shift = tap * p.dilation[2] - p.padding[2];
        const int64_t first = shift < 0 ? (-shift + stride - 1) / stride : 0;
        const int64_t reach = p.input[2] - 1 - shift;
        const int64_t last = reach < 0 ? 0 : std::min(p.output[2], reach / stride + 1);
        if (last <= first) continue;
        const int64_t at = first * stride + shift;
        const auto take = stride == 1   ? take_tap<T, 1, kIndexed>
                          : stride == 2 ? take_tap<T, 2, kIndexed>
                                        : take_tap<T, 0, kIndexed>;
        take(row + at, stride, last - first, Place<T>(place + at), best + first, places + first);
    }
}

template <class T, bool kIndexed>
void take_adaptive(const std::vector<Window>& windows, const T* row, int64_t place, T* best,
                   Place<T>* places) {
    for (size_t i = 0; i < windows.size(); i++)
        for (int64_t at = windows[i].begin; at < windows[i].end; at++) {
            if (!(row[at] > best[i] || row[at] != row[at])) continue;
            best[i] = row[at];
            if (kIndexed) places[i] = Place<T>(place + at);
        }
}

template <class T, bool kIndexed>
void max_rows(const PoolAttributes& p, const T* in, T* out, int64_t* indices) {
    const int64_t width = p.output[2];
    static thread_local std::vector<Place<T>> places;
    places.resize(static_cast<size_t>(width));
    const std::vector<Window> windows = p.adaptive ? windows_of(p, 2) : std::vector<Window>();
    const auto taps = [&](int d, int64_t at, auto&& f) {
        if (p.adaptive) {
            const Window w = window_of(p, d, at);
            for (int64_t i = w.begin; i < w.end; i++) f(i);
            return;
        }
        for (int64_t tap = 0; tap < p.kernel[d]; tap++) {
            const int64_t i = at * p.stride[d] - p.padding[d] + tap * p.dilation[d];
            if (i >= 0 && i < p.input[d]) f(i);
        }
    };
    for (int64_t z = 0; z < p.output[0]; z++)
        for (int64_t y = 0; y < p.output[1]; y++, out += width) {
            std::fill(out, out + width, lowest<T>());
            bool first = true;
            taps(0, z, [&](int64_t iz) {
                taps(1, y, [&](int64_t iy) {
                    const int64_t place = (iz * p.input[1] + iy) * p.input[2];
                    if (kIndexed && first) {
                        // Where all is at its lowest, the window's first place counts.
                        for (int64_t x = 0; x < width; x++) {
                            int64_t at =
                                p.adaptive ? windows[x].begin : x * p.stride[2] - p.padding[2];
                            while (at < 0) at += p.dilation[2];
                            places[x] = Place<T>(place + at);
                        }
                        first = false;
                    }
                    if (p.adaptive)
                        take_adaptive<T, kIndexed>(windows, in + place, place, out, places.data());
                    else
                        take_taps<T, kIndexed>(p, in + place, place, out, places.data());
                });
            });
            if constexpr (kIndexed) {
                for (int64_t x = 0; x < width; x++) indices[x] = places[x];
                indices += width;
            }
        }
}

template <class T>
void max_plane(const PoolAttributes& p, const void* in, void* out, int64_t* indices) {
    const auto* from = static_cast<const T*>(in);
    auto* to = static_cast<T*>(out);
    if (indices)
        max_rows<T, true>(p, from, to, indices);
    else
        max_rows<T, false>(p, from, to, nullptr);
}

template <class T>
void add_row(const T* __restrict row, int64_t n, T* __restrict sums) {
    for (int64_t i = 0; i < n; i++) sums[i] += row[i];
}

// Calls f(row offset in the plane) for the rows of a window.
template <class F>
void for_window_rows(const PoolAttributes& p, const Window& z, const Window& y, F&& f) {
    for (int64_t iz = z.begin; iz < z.end; iz++)
        for (int64_t iy = y.begin; iy < y.end; iy++) f((iz * p.input[1] + iy) * p.input[2]);
}

template <class T>
T divisor_of(const PoolAttributes& p, const Window& z, const Window& y, const Window& x) {
    return T(p.divisor_override ? p.divisor_override : z.count * y.count * x.count);
}

// Integers are cut towards zero; an empty window, and what would overflow, must not trap.
template <class T>
T quotient(T sum, T count) {
    if constexpr (std::is_integral_v<T>) {
        if (count == 0) return 0;
        if (count == -1) return static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(sum));
    }
    return sum / count;
}

template <class T>
void average_plane(const PoolAttributes& p, const void* input, void* output) {
    const auto* in = static_cast<const T*>(input);
    auto* out = static_cast<T*>(output);
    const std::vector<Window> zs = windows_of(p, 0), ys = windows_of(p, 1), xs = windows_of(p, 2);
    static thread_local std::vector<T> sums;
    for (const Window& z : zs)
        for (const Window& y : ys) {
            sums.assign(static_cast<size_t>(p.input[2]), T(0));
            for_window_rows(p, z, y,
                            [&](int64_t at) { add_row(in + at, p.input[2], sums.data()); });
            for (const Window& x : xs) {
                T sum = 0;
                for (int64_t i = x.begin; i < x.end; i++) sum += sums[i];
                *out++ = quotient(sum, divisor_of<T>(p, z, y, x));
            }
        }
}

template <class T>
void spread_plane(const PoolAttributes& p, const void* gradient, void* output) {
    const auto* grad = static_cast<const T*>(gradient);
    auto* out = static_cast<T*>(output);
    const std::vector<Window> zs = windows_of(p, 0), ys = windows_of(p, 1), xs = windows_of(p, 2);
    static thread_local std::vector<T> row;
    std::fill(out, out + p.input[0] * p.input[1] * p.input[2], T(0));
    for (const Window& z : zs)
        for (const Window& y : ys) {
            row.assign(static_cast<size_t>(p.input[2]), T(0));
            for (const Window& x : xs) {
                const T share = *grad++ / divisor_of<T>(p, z, y, x);
                for (int64_t i = x.begin; i < x.end; i++) row[i] += share;
            }
            for_window_rows(p, z, y,
                            [&](int64_t at) { add_row(row.data(), p.input[2], out + at); });
        }
}

}  // namespace

extern const PoolingKernels pooling_kernels;
const PoolingKernels pooling_kernels = {
    {max_plane<float>, max_plane<double>, max_plane<int64_t>},
    {average_plane<float>, average_plane<double>, average_plane<int64_t>},
    {spread_plane<float>, spread_plane<double>}};

}  // namespace kajo::cpu::KAJO_ISA
