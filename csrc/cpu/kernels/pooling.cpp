// Maxima and means of windows. Rows are taken whole, so that the compiler makes vectors of them.
#include "cpu/pooling.h"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <vector>

#include "cpu/fold.h"

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
    // The place that counts where all is at its lowest, or the window lies beside the plane.
    const auto first = [&](int d, int64_t at) {
        if (p.adaptive) return window_of(p, d, at).begin;
        int64_t i = at * p.stride[d] - p.padding[d];
        while (i < 0) i += p.dilation[d];
        return std::min(i, p.input[d] - 1);
    };
    for (int64_t z = 0; z < p.output[0]; z++)
        for (int64_t y = 0; y < p.output[1]; y++, out += width) {
            std::fill(out, out + width, lowest<T>());
            if constexpr (kIndexed) {
                const int64_t row = (first(0, z) * p.input[1] + first(1, y)) * p.input[2];
                for (int64_t x = 0; x < width; x++) places[x] = Place<T>(row + first(2, x));
            }
            taps(0, z, [&](int64_t iz) {
                taps(1, y, [&](int64_t iy) {
                    const int64_t place = (iz * p.input[1] + iy) * p.input[2];
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

// Whether one window takes the whole plane.
bool takes_all(const PoolAttributes& p) {
    bool all = true;
    for (int d = 0; d < 3; d++) {
        const Window w = window_of(p, d, 0);
        all = all && p.output[d] == 1 && w.begin == 0 && w.end == p.input[d] && p.dilation[d] == 1;
    }
    return all;
}
int64_t plane_size(const int64_t* sizes) { return sizes[0] * sizes[1] * sizes[2]; }

// The largest of a plane is found before its place: the first, or a nan's.
template <class T>
void max_of_plane(const T* in, int64_t n, T* out, int64_t* index) {
    const T largest = fold_run<Larger>(in, n);
    *out = largest;
    if (!index) return;
    int64_t i = 0;
    if (largest == largest)
        while (in[i] != largest) i++;
    else
        while (in[i] == in[i]) i++;
    *index = i;
}

// Windows of 2x2 side by side, by vectors of them: rows are mostly too short for the compiler's
// own.
bool takes_pairs(const PoolAttributes& p) {
    bool pairs = !p.adaptive && p.input[0] == 1 && p.kernel[0] == 1 && p.padding[0] == 0;
    for (int d : {1, 2})
        pairs = pairs && p.kernel[d] == 2 && p.stride[d] == 2 && p.padding[d] == 0 &&
                p.dilation[d] == 1 && 2 * p.output[d] <= p.input[d];
    return pairs && p.output[0] == 1;
}

template <int first, int... i>
V<float> every_second(const float* p, const float* end, std::integer_sequence<int, i...>) {
    constexpr int W = kLanes<float>;
    const auto from = [&](const float* at) {
        return end - at >= W ? load(at) : load_some(at, std::max<int64_t>(0, end - at), V<float>{});
    };
    return __builtin_shufflevector(from(p), from(p + W), (2 * i + first)...);
}
template <class T, class To>
void put_some(V<T> v, To* to, const To* end, int64_t count) {
    constexpr int W = kLanes<T>;
    // What is written beyond a row, its next row overwrites.
    if (end - to >= W) return put(to, v);
    std::memcpy(to, &v, static_cast<size_t>(std::min<int64_t>(count, W)) * sizeof(To));
}
// Places are widened.
void put_places(V<int32_t> v, int64_t* to, const int64_t* end, int64_t count) {
    constexpr int W = kLanes<int64_t>;
    typedef int32_t Part __attribute__((vector_size(32)));
    Part parts[2];
    std::memcpy(parts, &v, sizeof v);
    put_some<int64_t>(__builtin_convertvector(parts[0], V<int64_t>), to, end, count);
    if (count > W)
        put_some<int64_t>(__builtin_convertvector(parts[1], V<int64_t>), to + W, end, count - W);
}

template <bool kIndexed>
void max_pairs(const PoolAttributes& p, int64_t planes, const float* in, float* out,
               int64_t* indices) {
    constexpr int W = kLanes<float>;
    constexpr std::make_integer_sequence<int, W> lanes;
    const int64_t width = p.input[2], columns = p.output[2], rows = p.output[1];
    const float* const in_end = in + planes * p.input[1] * width;
    const float* const out_end = out + planes * rows * columns;
    const int64_t* const indices_end = indices + (kIndexed ? planes * rows * columns : 0);
    V<int32_t> twice;
    for (int l = 0; l < W; l++) twice[l] = 2 * l;
    for (; planes > 0; planes--, in += p.input[1] * width)
        for (int64_t y = 0; y < rows; y++, out += columns, indices += kIndexed ? columns : 0)
            for (int64_t x = 0; x < columns; x += W) {
                const int64_t corner = 2 * (y * width + x);
                V<float> best = every_second<0>(in + corner, in_end, lanes);
                const V<int32_t> first = twice + static_cast<int32_t>(corner);
                V<int32_t> place = first;
                const auto take = [&](V<float> v, int64_t at) {
                    const auto wins = (v > best) | (v != v);
                    best = wins ? v : best;
                    if (kIndexed) place = wins ? first + static_cast<int32_t>(at) : place;
                };
                const float* const below = in + corner + width;
                take(every_second<1>(in + corner, in_end, lanes), 1);
                take(every_second<0>(below, in_end, lanes), width);
                take(every_second<1>(below, in_end, lanes), width + 1);
                put_some<float>(best, out + x, out_end, columns - x);
                if (kIndexed) put_places(place, indices + x, indices_end, columns - x);
            }
}

template <class T>
void max_planes(const PoolAttributes& p, int64_t planes, const void* input, void* output,
                int64_t* indices) {
    const auto* in = static_cast<const T*>(input);
    auto* out = static_cast<T*>(output);
    const int64_t in_plane = plane_size(p.input), out_plane = plane_size(p.output);
    const bool all = takes_all(p);
    if constexpr (std::is_same_v<T, float>)
        if (takes_pairs(p) && !all)
            return (indices ? max_pairs<true> : max_pairs<false>)(p, planes, in, out, indices);
    for (; planes > 0; planes--, in += in_plane, out += out_plane) {
        if (all)
            max_of_plane(in, in_plane, out, indices);
        else if (indices)
            max_rows<T, true>(p, in, out, indices);
        else
            max_rows<T, false>(p, in, out, nullptr);
        if (indices) indices += out_plane;
    }
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

struct Windows {
    std::vector<Window> z, y, x;
    explicit Windows(const PoolAttributes& p)
        : z(windows_of(p, 0)), y(windows_of(p, 1)), x(windows_of(p, 2)) {}
};

template <class T>
void average_plane(const PoolAttributes& p, const Windows& windows, const T* in, T* out) {
    static thread_local std::vector<T> sums;
    for (const Window& z : windows.z)
        for (const Window& y : windows.y) {
            sums.assign(static_cast<size_t>(p.input[2]), T(0));
            for_window_rows(p, z, y,
                            [&](int64_t at) { add_row(in + at, p.input[2], sums.data()); });
            for (const Window& x : windows.x) {
                T sum = 0;
                for (int64_t i = x.begin; i < x.end; i++) sum += sums[i];
                *out++ = quotient(sum, divisor_of<T>(p, z, y, x));
            }
        }
}

template <class T>
void average_planes(const PoolAttributes& p, int64_t planes, const void* input, void* output) {
    const auto* in = static_cast<const T*>(input);
    auto* out = static_cast<T*>(output);
    const Windows windows(p);
    const int64_t in_plane = plane_size(p.input), out_plane = plane_size(p.output);
    if (takes_all(p)) {
        const T divisor = divisor_of<T>(p, windows.z[0], windows.y[0], windows.x[0]);
        for (; planes > 0; planes--, in += in_plane)
            *out++ = quotient(fold_run<Add>(in, in_plane), divisor);
        return;
    }
    for (; planes > 0; planes--, in += in_plane, out += out_plane)
        average_plane(p, windows, in, out);
}

template <class T>
void spread_plane(const PoolAttributes& p, const Windows& windows, const T* grad, T* out) {
    static thread_local std::vector<T> row;
    std::fill(out, out + plane_size(p.input), T(0));
    for (const Window& z : windows.z)
        for (const Window& y : windows.y) {
            row.assign(static_cast<size_t>(p.input[2]), T(0));
            for (const Window& x : windows.x) {
                const T share = *grad++ / divisor_of<T>(p, z, y, x);
                for (int64_t i = x.begin; i < x.end; i++) row[i] += share;
            }
            for_window_rows(p, z, y,
                            [&](int64_t at) { add_row(row.data(), p.input[2], out + at); });
        }
}

template <class T>
void spread_planes(const PoolAttributes& p, int64_t planes, const void* gradient, void* output) {
    const auto* grad = static_cast<const T*>(gradient);
    auto* out = static_cast<T*>(output);
    const Windows windows(p);
    const int64_t in_plane = plane_size(p.output), out_plane = plane_size(p.input);
    const bool all = takes_all(p);
    for (; planes > 0; planes--, grad += in_plane, out += out_plane) {
        if (all)
            std::fill(out, out + out_plane,
                      *grad / divisor_of<T>(p, windows.z[0], windows.y[0], windows.x[0]));
        else
            spread_plane(p, windows, grad, out);
    }
}

}  // namespace

extern const PoolingKernels pooling_kernels;
const PoolingKernels pooling_kernels = {
    {max_planes<float>, max_planes<double>, max_planes<int64_t>},
    {average_planes<float>, average_planes<double>, average_planes<int64_t>},
    {spread_planes<float>, spread_planes<double>}};

}  // namespace kajo::cpu::KAJO_ISA
