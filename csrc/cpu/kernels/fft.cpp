// Fourier transforms along one dimension of (outer, points, inner).
#include "cpu/fft.h"

#include "cpu/fft/long.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

// Signals of one side of a transform.
template <class S>
struct Side {
    S* first;
    int64_t elements;  // along the dimension
    int64_t inner;
    int scalars;  // of an element

    S* at(int64_t signal) const {
        return first + (signal / inner * elements * inner + signal % inner) * scalars;
    }
    Signals<S> group(Lie lie, int64_t signal, int count) const {
        Signals<S> signals{lie, count, {}, inner * scalars};
        for (int l = 0; l < kLanes<S>; l++) signals.lane[l] = at(signal + (l < count ? l : 0));
        return signals;
    }
};

// How the signals are shared out over lanes; a function of the sizes only.
template <class S>
struct Groups {
    static constexpr int64_t W = kLanes<S>;

    Groups(int64_t outer, int64_t inner) : inner(inner) {
        const bool filled = inner >= W / 2;
        lie = inner == 1 ? Lie::Runs : filled ? Lie::Beside : Lie::Apart;
        in_row = lie == Lie::Beside ? inner : outer * inner;
        per_row = (in_row + W - 1) / W;
        count = outer * inner / in_row * per_row;
    }
    int64_t first(int64_t group) const { return group / per_row * in_row + group % per_row * W; }
    int lanes(int64_t group) const {
        return static_cast<int>(std::min(W, in_row - group % per_row * W));
    }

    Lie lie;
    int64_t inner, in_row, per_row, count;
};

template <class S>
constexpr int kFewLanes = kLanes<S> / 2;

// Whether each signal is rather cut into parts that fill the lanes.
template <class S>
bool goes_alone(int64_t points, int64_t signals, int64_t groups) {
    constexpr int64_t kWorthCutting = 128, kWorthThreads = 8192, kNear = 16384;
    return points >= kWorthCutting &&
           (signals <= kFewLanes<S> || points > kNear || (points >= kWorthThreads && groups < 4));
}

// Transforms x, of which frequency k then is at plan.place[k].
template <class S>
void transform_lanes(const LanePlan<S>& plan, int64_t n, Point<S>* x, Point<S>* spare) {
    if (!plan.chirp) return run_passes<S>(x, plan.passes);
    const int64_t length = plan.passes.points;
    const int32_t* const place = plan.passes.place.data();
    const S *chirp = plan.chirp->chirp.data(), *spectrum = plan.chirp->spectrum.data();
    for (int64_t j = 0; j < n; j++)
        x[j] = times<S>(x[j], broadcast(chirp[2 * j]), broadcast(chirp[2 * j + 1]));
    for (int64_t j = n; j < length; j++) x[j] = Point<S>{};
    run_passes<S>(x, plan.passes);
    for (int64_t k = 0; k < length; k++) {
        const Point<S> v =
            times<S>(x[place[k]], broadcast(spectrum[2 * k]), broadcast(spectrum[2 * k + 1]));
        spare[k] = {v.im, v.re};
    }
    run_passes<S>(spare, plan.passes);
    for (int64_t k = 0; k < n; k++) {
        const Point<S> v{spare[place[k]].im, spare[place[k]].re};
        x[k] = times<S>(v, broadcast(chirp[2 * k]), broadcast(chirp[2 * k + 1]));
    }
}

// Calls load(group, x), transforms n points, calls store(group, x, place) for every group of lanes.
template <class S, class Load, class Store>
void for_groups(const Groups<S>& groups, int64_t n, const Load& load, const Store& store) {
    constexpr int64_t kTaskPoints = 1024;
    const auto plan = plan_of<LanePlan<S>>(n);
    const size_t length = static_cast<size_t>(plan->passes.points);
    const int64_t grain = std::max<int64_t>(1, kTaskPoints / static_cast<int64_t>(length));
    const double work = work_of(n, groups.count * kLanes<S>);
    for_tasks((groups.count + grain - 1) / grain, work, [&](int64_t task) {
        // One more: half a spectrum has a point more than its signal has pairs.
        const Scratch points((length + 1) * sizeof(Point<S>));
        const Scratch more(plan->chirp ? length * sizeof(Point<S>) : 0);
        auto* const x = points.as<Point<S>>();
        const int64_t end = std::min(groups.count, (task + 1) * grain);
        for (int64_t group = task * grain; group < end; group++) {
            load(group, x);
            transform_lanes<S>(*plan, n, x, more.as<Point<S>>());
            store(group, x, plan->place.data());
        }
    });
}

// Signal `i` of a side as points that follow each other: where they are, or a copy.
template <class S>
const S* gathered(const Side<S>& side, int64_t i, S* copy) {
    if (side.inner == 1) return side.at(i);
    const S* from = side.at(i);
    for (int64_t j = 0; j < side.elements; j++, from += side.inner * side.scalars)
        for (int h = 0; h < side.scalars; h++) *copy++ = from[h];
    return copy - side.elements * side.scalars;
}
template <class S>
void scatter(const Side<S>& side, int64_t i, const S* from) {
    S* to = side.at(i);
    for (int64_t j = 0; j < side.elements; j++, to += side.inner * side.scalars)
        for (int h = 0; h < side.scalars; h++) to[h] = *from++;
}

// Calls f(in, out) for each signal, both following each other.
template <class S, class F>
void for_each_signal(const Side<S>& from, const Side<S>& to, int64_t signals, const F& f) {
    const bool apart = from.inner != 1;
    const auto room = [&](const Side<S>& side) {
        return apart ? static_cast<size_t>(side.elements * side.scalars) * sizeof(S) : 0;
    };
    const Scratch in(room(from)), out(room(to));
    for (int64_t i = 0; i < signals; i++) {
        S* const result = apart ? out.as<S>() : to.at(i);
        f(gathered(from, i, in.as<S>()), result);
        if (apart) scatter(to, i, result);
    }
}

template <class S>
void complex(const FourierAttributes& how, const void* in, void* out) {
    const int64_t n = how.points, signals = how.outer * how.inner;
    const int exchange = how.inverse;
    const S scale = static_cast<S>(how.scale);
    const Side<S> from{static_cast<S*>(const_cast<void*>(in)), n, how.inner, 2};
    const Side<S> to{static_cast<S*>(out), n, how.inner, 2};
    const Groups<S> groups(how.outer, how.inner);
    if (goes_alone<S>(n, signals, groups.count))
        return for_each_signal(from, to, signals, [&](const S* signal, S* result) {
            transform_long<S>(n, signal, result, exchange, scale);
        });
    for_groups<S>(
        groups, n,
        [&](int64_t g, Point<S>* x) {
            load_points<Element::Complex, S>(
                from.group(groups.lie, groups.first(g), groups.lanes(g)), n, exchange, x);
        },
        [&](int64_t g, const Point<S>* x, const int32_t* place) {
            store_points<Element::Complex, S>(
                to.group(groups.lie, groups.first(g), groups.lanes(g)), n, exchange,
                scaled_point(x, place, scale));
        });
}

// ---- real signals
// ---------------------------------------------------------------------------------------
// An even number n of real points is transformed as n / 2 complex ones z, of which the real parts
// are the even points; w = exp(-2 pi i / n). Frequency k is
//     ((z[k] + conj(z[n/2 - k])) - i w^k (z[k] - conj(z[n/2 - k]))) / 2.

template <class V>
struct Pair {
    V re, im;
};
// All of them, in place; the last one is put after the others.
template <class S>
void unfold_frequencies(Point<S>* x, const int32_t* place, int64_t half, const S* w, S scale) {
    const Vector<S> s = broadcast(scale);
    for (int64_t k = 0; k <= half / 2; k++) {
        Point<S>&low = x[place[k]], &high = x[place[half - k]];
        const Vector<S> wr = broadcast(w[2 * k]) * s, wi = broadcast(w[2 * k + 1]) * s;
        const Vector<S> low_re = low.re, low_im = low.im;
        const Vector<S> high_re = k ? high.re : low_re, high_im = k ? high.im : low_im;
        const Vector<S> sum_re = (low_re + high_re) * s, sum_im = (low_im - high_im) * s;
        const Vector<S> odd_re = low_im + high_im, odd_im = high_re - low_re;
        const Point<S> odd = times<S>({odd_re, odd_im}, wr, wi);
        high = {sum_re - odd.re, odd.im - sum_im};
        low = {sum_re + odd.re, sum_im + odd.im};
    }
}
// The other way, times 2: z[k] from frequencies k and n/2 - k; `mirror` is z[n/2 - k].
template <class V>
inline Pair<V> half_point(Pair<V> a, Pair<V> b, V wr, V wi, Pair<V>& mirror) {
    const V sum_re = a.re + b.re, sum_im = a.im - b.im;
    const V dif_re = a.re - b.re, dif_im = a.im + b.im;
    const V odd_re = dif_re * wr + dif_im * wi, odd_im = dif_im * wr - dif_re * wi;
    mirror = {sum_re + odd_im, odd_re - sum_im};
    return {sum_re - odd_im, sum_im + odd_re};
}

template <class S>
void long_from_real(int64_t n, const S* in, S* out, S scale) {
    constexpr int64_t kGrain = 8192;
    const int64_t points = n % 2 ? n : n / 2;
    const Scratch scratch(static_cast<size_t>(2 * points) * sizeof(S));
    S* const z = scratch.as<S>();
    if (n % 2) {
        const Scratch filled(static_cast<size_t>(2 * n) * sizeof(S));
        S* const x = filled.as<S>();
        for (int64_t j = 0; j < n; j++) {
            x[2 * j] = in[j];
            x[2 * j + 1] = 0;
        }
        transform_long<S>(n, x, z, 0, scale);
        std::memcpy(out, z, static_cast<size_t>(n / 2 + 1) * 2 * sizeof(S));
        return;
    }
    transform_long<S>(points, in, z, 0, scale / 2);
    const auto roots = plan_of<HalfRoots<S>>(n);
    const S* const w = roots->values.data();
    parallel_ranges(points + 1, kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t k = begin; k < end; k++) {
            const S* const a = z + 2 * (k == points ? 0 : k);
            const S* const b = z + 2 * (k == 0 ? 0 : points - k);
            const S odd[2] = {a[1] + b[1], b[0] - a[0]};  // -i (a - conj(b))
            const std::complex<S> turned = product(odd, w + 2 * k);
            out[2 * k] = a[0] + b[0] + turned.real();
            out[2 * k + 1] = a[1] - b[1] + turned.imag();
        }
    });
}

template <class S>
void from_real(const FourierAttributes& how, const void* in, void* out) {
    const int64_t n = how.points, signals = how.outer * how.inner, half = n / 2;
    const bool even = n % 2 == 0;
    const int64_t points = even ? half : n;
    const S scale = static_cast<S>(how.scale);
    const Side<S> from{static_cast<S*>(const_cast<void*>(in)), n, how.inner, 1};
    const Side<S> to{static_cast<S*>(out), half + 1, how.inner, 2};
    const Groups<S> groups(how.outer, how.inner);
    if (goes_alone<S>(points, signals, groups.count))
        return for_each_signal(from, to, signals, [&](const S* signal, S* result) {
            long_from_real<S>(n, signal, result, scale);
        });
    const auto roots = plan_of<HalfRoots<S>>(n);
    const S* const w = roots->values.data();
    for_groups<S>(
        groups, points,
        [&](int64_t g, Point<S>* x) {
            const auto signal = from.group(groups.lie, groups.first(g), groups.lanes(g));
            if (even)
                load_points<Element::RealHalf, S>(signal, points, 0, x);
            else
                load_points<Element::RealPart, S>(signal, points, 0, x);
        },
        [&](int64_t g, Point<S>* x, const int32_t* place) {
            const auto result = to.group(groups.lie, groups.first(g), groups.lanes(g));
            if (even) unfold_frequencies<S>(x, place, half, w, scale / 2);
            store_points<Element::Complex, S>(result, half + 1, 0,
                                              scaled_point(x, place, even ? S(1) : scale));
        });
}

// The points whose inverse transform gives n real ones, from n / 2 + 1 frequencies in x, parts
// exchanged.
template <class P>
void mirror_frequencies(P* x, int64_t n) {
    x[0].im = decltype(x[0].im){};
    for (int64_t k = 1; k <= n / 2; k++) x[n - k] = {-x[k].im, x[k].re};
    for (int64_t k = 0; k <= n / 2; k++) x[k] = {x[k].im, x[k].re};
}
template <class V, class P, class Root>
void halve_frequencies(P* x, int64_t half, const Root& root) {
    x[0].im = x[half].im = V{};
    for (int64_t k = 0; k <= half / 2; k++) {
        const P a = x[k], b = x[half - k];
        Pair<V> mirror;
        const Pair<V> v =
            half_point<V>({a.re, a.im}, {b.re, b.im}, root(2 * k), root(2 * k + 1), mirror);
        x[half - k] = {mirror.im, mirror.re};
        x[k] = {v.im, v.re};
    }
}

template <class S>
void long_to_real(int64_t n, const S* in, S* out, S scale) {
    const int64_t half = n / 2, points = n % 2 ? n : half;
    const Scratch scratch(static_cast<size_t>(2 * (points + 1)) * sizeof(S));
    const Scratch whole(n % 2 ? static_cast<size_t>(2 * n) * sizeof(S) : 0);
    auto* const x = scratch.as<Pair<S>>();
    std::memcpy(x, in, static_cast<size_t>(half + 1) * 2 * sizeof(S));
    if (n % 2) {
        mirror_frequencies(x, n);
    } else {
        const auto roots = plan_of<HalfRoots<S>>(n);
        halve_frequencies<S>(x, half, [&](int64_t i) { return roots->values[size_t(i)]; });
    }
    // The parts are exchanged already, so that the forward transform is asked for, and its result
    // is exchanged here.
    S* const z = n % 2 ? whole.as<S>() : out;
    transform_long<S>(points, scratch.as<S>(), z, 0, scale);
    if (n % 2)
        for (int64_t j = 0; j < n; j++) out[j] = z[2 * j + 1];
    else
        for (int64_t j = 0; j < n; j += 2) std::swap(out[j], out[j + 1]);
}

template <class S>
void to_real(const FourierAttributes& how, const void* in, void* out) {
    const int64_t n = how.points, signals = how.outer * how.inner, half = n / 2;
    const bool even = n % 2 == 0;
    const int64_t points = even ? half : n;
    const S scale = static_cast<S>(how.scale);
    const Side<S> from{static_cast<S*>(const_cast<void*>(in)), half + 1, how.inner, 2};
    const Side<S> to{static_cast<S*>(out), n, how.inner, 1};
    const Groups<S> groups(how.outer, how.inner);
    if (goes_alone<S>(points, signals, groups.count))
        return for_each_signal(from, to, signals, [&](const S* signal, S* result) {
            long_to_real<S>(n, signal, result, scale);
        });
    const auto roots = plan_of<HalfRoots<S>>(n);
    const S* const w = roots->values.data();
    for_groups<S>(
        groups, points,
        [&](int64_t g, Point<S>* x) {
            load_points<Element::Complex, S>(
                from.group(groups.lie, groups.first(g), groups.lanes(g)), half + 1, 0, x);
            if (even)
                halve_frequencies<Vector<S>>(x, half, [&](int64_t i) { return broadcast(w[i]); });
            else
                mirror_frequencies(x, n);
        },
        [&](int64_t g, const Point<S>* x, const int32_t* place) {
            const auto result = to.group(groups.lie, groups.first(g), groups.lanes(g));
            const auto scaled = scaled_point(x, place, scale);
            if (even)
                store_points<Element::RealHalf, S>(result, points, 1, scaled);
            else
                store_points<Element::RealPart, S>(result, points, 1, scaled);
        });
}

template <class S>
constexpr FourierFunctions kFunctions{complex<S>, from_real<S>, to_real<S>};

}  // namespace

extern const FourierKernels fourier_kernels;
const FourierKernels fourier_kernels{kFunctions<float>, kFunctions<double>};

}  // namespace kajo::cpu::KAJO_ISA
