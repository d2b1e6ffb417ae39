// One long signal at a time, whose parts fill the lanes and the threads.
#pragma once

#include <cmath>

#include "cpu/fft/group.h"
#include "cpu/fft/plans.h"
#include "cpu/gemm/tasks.h"

namespace kajo::cpu::KAJO_ISA {

inline double work_of(int64_t points, int64_t signals) {
    return 2.0 * static_cast<double>(points * signals) * std::log2(static_cast<double>(points) + 1);
}

// Lanes next to each other in memory.
template <class S>
Signals<S> beside(S* first, int64_t count, int64_t step) {
    Signals<S> signals{
        Lie::Beside, static_cast<int>(std::min<int64_t>(kLanes<S>, count)), {}, step};
    signals.lane[0] = first;
    return signals;
}

// Lanes that begin every `distance` scalars.
template <class S>
Signals<S> runs(S* first, int64_t count, int64_t distance) {
    Signals<S> signals{Lie::Runs, static_cast<int>(std::min<int64_t>(kLanes<S>, count)), {}, 0};
    for (int l = 0; l < kLanes<S>; l++) signals.lane[l] = first + (l < count ? l : 0) * distance;
    return signals;
}

// out = scale * transform(in) of points that follow each other; in and out are apart.
template <class S>
void transform_matrix(const MatrixPlan<S>& plan, const S* in, S* out, int exchange, S scale) {
    constexpr int64_t W = kLanes<S>;
    const int64_t rows = plan.rows, columns = plan.columns;
    const double work = work_of(plan.points, 1);
    const Scratch between(static_cast<size_t>(2 * plan.points) * sizeof(S));
    S* const middle = between.as<S>();
    for_tasks((columns + W - 1) / W, work, [&](int64_t group) {
        const Scratch scratch(static_cast<size_t>(rows) * sizeof(Point<S>));
        auto* const x = scratch.as<Point<S>>();
        const int64_t c = group * W;
        load_points<Element::Complex, S>(
            beside(const_cast<S*>(in) + 2 * c, columns - c, 2 * columns), rows, exchange, x);
        run_passes<S>(x, plan.down);
        const S* const start = plan.start.data() + 2 * group * rows;
        store_points<Element::Complex, S>(
            beside(middle + 2 * c, columns - c, 2 * columns), rows, 0,
            [&](int64_t k, Vector<S>& re, Vector<S>& im) {
                const S* const step = plan.step.data() + 2 * W * k;
                const Point<S> w = times<S>({load(step), load(step + W)}, broadcast(start[2 * k]),
                                            broadcast(start[2 * k + 1]));
                const Point<S> v = times<S>(x[plan.down.place[static_cast<size_t>(k)]], w.re, w.im);
                re = v.re;
                im = v.im;
            });
    });
    for_tasks((rows + W - 1) / W, work, [&](int64_t group) {
        const Scratch scratch(static_cast<size_t>(columns) * sizeof(Point<S>));
        auto* const x = scratch.as<Point<S>>();
        const int64_t r = group * W;
        load_points<Element::Complex, S>(runs(middle + 2 * r * columns, rows - r, 2 * columns),
                                         columns, 0, x);
        run_passes<S>(x, plan.along);
        store_points<Element::Complex, S>(beside(out + 2 * r, rows - r, 2 * rows), columns,
                                          exchange,
                                          scaled_point(x, plan.along.place.data(), scale));
    });
}

// Lengths with a large prime factor.
template <class S>
struct LongChirp {
    MatrixPlan<S> plan;
    Chirp<S> chirp;

    explicit LongChirp(int64_t n)
        : plan(easy_length(2 * n - 1)), chirp(n, plan.points, [&](std::vector<double>& values) {
              const std::vector<double> in = values;
              transform_matrix<double>(MatrixPlan<double>(plan.points), in.data(), values.data(), 0,
                                       1.0);
          }) {}
    size_t bytes() const { return plan.bytes() + chirp.bytes(); }
};

template <class S>
std::complex<S> product(const S* a, const S* b) {
    return {a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]};
}

template <class S>
void transform_chirped(int64_t n, const S* in, S* out, int exchange, S scale) {
    constexpr int64_t kGrain = 16384;
    const auto plan = plan_of<LongChirp<S>>(n);
    const int64_t length = plan->chirp.length;
    const S *const chirp = plan->chirp.chirp.data(), *const spectrum = plan->chirp.spectrum.data();
    const Scratch first(static_cast<size_t>(2 * length) * sizeof(S));
    const Scratch second(static_cast<size_t>(2 * length) * sizeof(S));
    S *const a = first.as<S>(), *const b = second.as<S>();
    parallel_ranges(length, kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t j = begin; j < end; j++) {
            const S value[2] = {j < n ? in[2 * j + exchange] : 0,
                                j < n ? in[2 * j + 1 - exchange] : 0};
            const std::complex<S> v = j < n ? product(value, chirp + 2 * j) : std::complex<S>{};
            a[2 * j] = v.real();
            a[2 * j + 1] = v.imag();
        }
    });
    transform_matrix<S>(plan->plan, a, b, 0, 1);
    parallel_ranges(length, kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t k = begin; k < end; k++) {
            const std::complex<S> v = product(b + 2 * k, spectrum + 2 * k);
            b[2 * k] = v.real();
            b[2 * k + 1] = v.imag();
        }
    });
    transform_matrix<S>(plan->plan, b, a, 1, 1);
    parallel_ranges(n, kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t k = begin; k < end; k++) {
            const std::complex<S> v = product(a + 2 * k, chirp + 2 * k);
            out[2 * k + exchange] = v.real() * scale;
            out[2 * k + 1 - exchange] = v.imag() * scale;
        }
    });
}

template <class S>
void transform_long(int64_t n, const S* in, S* out, int exchange, S scale) {
    if (!has_passes(n)) return transform_chirped<S>(n, in, out, exchange, scale);
    transform_matrix<S>(*plan_of<MatrixPlan<S>>(n), in, out, exchange, scale);
}

}  // namespace kajo::cpu::KAJO_ISA
