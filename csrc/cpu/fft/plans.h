// What transforms of one length have in common: factors, roots of unity, spectra. Made once and
// kept.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <numeric>

#include "cpu/fft/passes.h"
#include "cpu/scratch.h"

namespace kajo::cpu::KAJO_ISA {

inline bool has_passes(int64_t n) { return n == 1 || !radices_of(n).empty(); }

// At least n, of small factors.
inline int64_t easy_length(int64_t n) {
    int64_t best = INT64_MAX;
    for (const int64_t odd : {1, 3, 5, 9, 15}) {
        int64_t length = 16 * odd;
        while (length < n) length *= 2;
        best = std::min(best, length);
    }
    return best;
}

// The transform of n points as a convolution, after Bluestein: j k is half of j j + k k - (k - j)
// (k - j), so frequency k is chirp[k] times the sum over j of (x[j] chirp[j]) conj(chirp[k - j]).
template <class S>
struct Chirp {
    std::vector<S> chirp;     // exp(-pi i j j / n)
    std::vector<S> spectrum;  // of the conjugate chirp, over the convolution's length
    int64_t length = 0;       // of the convolution

    // `transform` replaces the values, given as pairs, by their frequencies in order.
    template <class F>
    Chirp(int64_t n, int64_t length, const F& transform) : length(length) {
        const Roots roots(2 * n);
        std::vector<double> values(2 * static_cast<size_t>(length));
        const double scale = 1.0 / static_cast<double>(length);
        int64_t square = 0;  // j * j modulo 2 n
        for (int64_t j = 0; j < n; square = (square + 2 * j + 1) % (2 * n), j++) {
            const auto w = roots(square);
            chirp.push_back(static_cast<S>(w.real()));
            chirp.push_back(static_cast<S>(w.imag()));
            for (const int64_t at : {j, (length - j) % length}) {
                values[2 * static_cast<size_t>(at)] = static_cast<double>(w.real()) * scale;
                values[2 * static_cast<size_t>(at) + 1] = -static_cast<double>(w.imag()) * scale;
            }
        }
        transform(values);
        spectrum.assign(values.begin(), values.end());
    }
    size_t bytes() const { return (chirp.size() + spectrum.size()) * sizeof(S); }
};

// For signals in the lanes of a vector.
template <class S>
struct LanePlan {
    Passes<S> passes;  // of the convolution where there is one
    std::unique_ptr<Chirp<S>> chirp;
    std::vector<int32_t> place;  // of the frequencies at the end, and of one more

    explicit LanePlan(int64_t n)
        : passes(make_passes<S>(has_passes(n) ? n : easy_length(2 * n - 1))) {
        if (passes.points == n) {
            place = passes.place;
            return;
        }
        place.resize(static_cast<size_t>(n + 1));
        std::iota(place.begin(), place.end(), 0);
        chirp = std::make_unique<Chirp<S>>(n, passes.points, [&](std::vector<double>& values) {
            const Passes<double> exact = make_passes<double>(passes.points);
            const Scratch scratch(static_cast<size_t>(passes.points) * sizeof(Point<double>));
            auto* const x = scratch.as<Point<double>>();
            const size_t points = values.size() / 2;
            for (size_t j = 0; j < points; j++)
                x[j] = {broadcast(values[2 * j]), broadcast(values[2 * j + 1])};
            run_passes<double>(x, exact);
            for (size_t k = 0; k < points; k++) {
                values[2 * k] = x[exact.place[k]].re[0];
                values[2 * k + 1] = x[exact.place[k]].im[0];
            }
        });
    }
    size_t bytes() const {
        return passes.place.size() * (2 * sizeof(int32_t) + 4 * sizeof(S)) +
               (chirp ? chirp->bytes() : 0);
    }
};

// For one long signal: a matrix of `rows` times `columns` points, of which first the columns are
// transformed, then, once multiplied by roots of unity, the rows.
template <class S>
struct MatrixPlan {
    int64_t points, rows = 1, columns;
    Passes<S> down, along;
    // The root for row k and column c + l is start[c / lanes][k] times step[k][l].
    std::vector<S> start, step;

    explicit MatrixPlan(int64_t n) : points(n) {
        constexpr int W = kLanes<S>;
        for (int64_t d = 1; d * d <= n; d++)
            if (n % d == 0) rows = d;
        columns = n / rows;
        down = make_passes<S>(rows);
        along = make_passes<S>(columns);
        const Roots roots(n);
        const auto add = [&](std::vector<S>& to, int64_t k) {
            const auto w = roots(k % n);
            to.push_back(static_cast<S>(w.real()));
            to.push_back(static_cast<S>(w.imag()));
        };
        for (int64_t c = 0; c < columns; c += W)
            for (int64_t k = 0; k < rows; k++) add(start, k * c);
        step.resize(static_cast<size_t>(2 * W * rows));
        for (int64_t k = 0; k < rows; k++)
            for (int64_t l = 0; l < W; l++) {
                const auto w = roots(k * l % n);
                S* const to = step.data() + 2 * W * k + l;
                to[0] = static_cast<S>(w.real());
                to[W] = static_cast<S>(w.imag());
            }
    }
    size_t bytes() const {
        return (start.size() + step.size()) * sizeof(S) +
               static_cast<size_t>(rows + columns) * (4 * sizeof(S) + sizeof(int32_t));
    }
};

// exp(-2 pi i k / n) for k up to n / 2.
template <class S>
struct HalfRoots {
    std::vector<S> values;

    explicit HalfRoots(int64_t n) {
        const Roots roots(n);
        for (int64_t k = 0; k <= n / 2; k++) {
            values.push_back(static_cast<S>(roots(k).real()));
            values.push_back(static_cast<S>(roots(k).imag()));
        }
    }
    size_t bytes() const { return values.size() * sizeof(S); }
};

// The plan of a length. Those used last are kept, as many as fit into some megabytes.
template <class Plan>
std::shared_ptr<const Plan> plan_of(int64_t n) {
    struct Entry {
        int64_t n;
        std::shared_ptr<const Plan> plan;
    };
    constexpr size_t kKept = 16 << 20;
    // Never destroyed: threads may still transform while the process ends.
    static auto& mutex = *new std::mutex;
    static auto& entries = *new std::list<Entry>;
    {
        const std::lock_guard lock(mutex);
        for (auto it = entries.begin(); it != entries.end(); ++it)
            if (it->n == n) {
                entries.splice(entries.begin(), entries, it);
                return it->plan;
            }
    }
    auto made = std::make_shared<const Plan>(n);
    const std::lock_guard lock(mutex);
    entries.push_front({n, made});
    size_t bytes = 0;
    for (auto it = entries.begin(); it != entries.end();) {
        bytes += it->plan->bytes();
        it = it != entries.begin() && bytes > kKept ? entries.erase(it) : std::next(it);
    }
    return made;
}

}  // namespace kajo::cpu::KAJO_ISA
