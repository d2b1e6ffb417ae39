// A group of signals, one in each lane of a vector, between memory and the passes.
#pragma once

#include <cstring>

#include "cpu/fft/passes.h"

namespace kajo::cpu::KAJO_ISA {

enum class Lie : uint8_t {
    Runs,    // a lane's elements follow each other
    Beside,  // lanes follow each other
    Apart,   // neither
};

// What an element of memory is for the transform.
enum class Element : uint8_t {
    Complex,   // a point
    RealPart,  // a point, of which the imaginary part is zero, or is left out
    RealHalf,  // half of a point: even elements are real, odd ones imaginary parts
};
constexpr int scalars_of_point(Element element) { return element == Element::RealPart ? 1 : 2; }

template <class S>
struct Signals {
    Lie lie;
    int count;           // lanes in use
    S* lane[kLanes<S>];  // their first elements; of lanes not in use the first lane's
    int64_t step;        // scalars from element to element
};

// Where scalar i (0: real, 1: imaginary part of point 0, ...) of a lane is.
template <Element kElement>
inline int64_t scalar_at(int64_t i, int64_t step) {
    if constexpr (kElement == Element::Complex) return i / 2 * step + i % 2;
    if constexpr (kElement == Element::RealPart) return i / 2 * step;
    return i * step;
}

// The inverse transform is the forward one between an exchange of real and imaginary parts, for
// which `exchange` is 1.
template <Element kElement, class S>
void load_points(const Signals<S>& from, int64_t points, int exchange, Point<S>* x) {
    constexpr int W = kLanes<S>;
    S* const to = reinterpret_cast<S*>(x);
    const auto put = [&](int64_t scalar, Vector<S> v) { store(to + (scalar ^ exchange) * W, v); };
    constexpr bool kAlone = kElement == Element::RealPart;
    if (from.lie == Lie::Runs) {
        const int64_t have = kAlone ? points : 2 * points;
        for (int64_t at = 0; at < have; at += W) {
            const int some = static_cast<int>(std::min<int64_t>(W, have - at));
            Vector<S> square[W];
#pragma GCC unroll 16
            for (int l = 0; l < W; l++)
                square[l] =
                    some == W ? load(from.lane[l] + at) : load_first(from.lane[l] + at, some);
            transpose<S>(square);
            if (!kAlone && some == W) {
                S* const here = to + at * W;
#pragma GCC unroll 16
                for (int i = 0; i < W; i++)
                    store(here + i * W, exchange ? square[i ^ 1] : square[i]);
                continue;
            }
            for (int i = 0; i < some; i++) {
                put(kAlone ? 2 * (at + i) : at + i, square[i]);
                if (kAlone) put(2 * (at + i) + 1, Vector<S>{});
            }
        }
    } else if (from.lie == Lie::Beside) {
        const S* p = from.lane[0];
        for (int64_t j = 0; j < points; j++) {
            if constexpr (kElement == Element::Complex) {
                const Vector<S> a = load_first(p, 2 * from.count);
                const Vector<S> b = load_first(p + W, 2 * from.count - W);
                put(2 * j, even_lanes<S>(a, b));
                put(2 * j + 1, odd_lanes<S>(a, b));
            } else if constexpr (kAlone) {
                put(2 * j, load_first(p, from.count));
                put(2 * j + 1, Vector<S>{});
            } else {
                put(2 * j, load_first(p, from.count));
                put(2 * j + 1, load_first(p + from.step, from.count));
                p += from.step;
            }
            p += from.step;
        }
    } else {
        for (int64_t i = 0; i < 2 * points; i++) {
            Vector<S> v{};
            if (!kAlone || i % 2 == 0)
                for (int l = 0; l < from.count; l++)
                    v[l] = from.lane[l][scalar_at<kElement>(i, from.step)];
            put(i, v);
        }
    }
}

// The point that the passes leave at place[k].
template <class S>
auto scaled_point(const Point<S>* x, const int32_t* place, S scale) {
    return [x, place, s = broadcast(scale)](int64_t k, Vector<S>& re, Vector<S>& im) {
        re = x[place[k]].re * s;
        im = x[place[k]].im * s;
    };
}

// `point(k, re, im)` gives the k-th result.
template <Element kElement, class S, class F>
void store_points(const Signals<S>& to, int64_t points, int exchange, const F& point) {
    constexpr int W = kLanes<S>;
    const auto part = [&](int64_t k, Vector<S>& re, Vector<S>& im) {
        if (exchange)
            point(k, im, re);
        else
            point(k, re, im);
    };
    if (to.lie == Lie::Runs) {
        constexpr int kScalars = scalars_of_point(kElement), kPoints = W / kScalars;
        const auto fill = [&](Vector<S>* square, int64_t k) {
            Vector<S> unused;
            part(k, square[0], kScalars == 2 ? square[1] : unused);
        };
        for (int64_t k0 = 0; k0 < points; k0 += kPoints) {
            Vector<S> square[W];
            const int some = static_cast<int>(std::min<int64_t>(kPoints, points - k0));
            if (some == kPoints) {
#pragma GCC unroll 16
                for (int i = 0; i < kPoints; i++) fill(square + i * kScalars, k0 + i);
            } else {
                for (auto& v : square) v = Vector<S>{};
                for (int i = 0; i < some; i++) fill(square + i * kScalars, k0 + i);
            }
            transpose<S>(square);
            if (some == kPoints && to.count == W) {
#pragma GCC unroll 16
                for (int l = 0; l < W; l++) store(to.lane[l] + k0 * kScalars, square[l]);
            } else {
                for (int l = 0; l < to.count; l++)
                    store_first(to.lane[l] + k0 * kScalars, square[l], some * kScalars);
            }
        }
    } else if (to.lie == Lie::Beside) {
        S* p = to.lane[0];
        constexpr auto sequence = std::make_integer_sequence<int, W>();
        for (int64_t k = 0; k < points; k++) {
            Vector<S> re, im;
            part(k, re, im);
            if constexpr (kElement == Element::Complex) {
                store_first(p, interleave<S, 0>(re, im, sequence), 2 * to.count);
                store_first(p + W, interleave<S, 1>(re, im, sequence), 2 * to.count - W);
            } else {
                store_first(p, re, to.count);
                if constexpr (kElement == Element::RealHalf) {
                    p += to.step;
                    store_first(p, im, to.count);
                }
            }
            p += to.step;
        }
    } else {
        for (int64_t k = 0; k < points; k++) {
            Vector<S> values[2];
            part(k, values[0], values[1]);
            for (int h = 0; h < scalars_of_point(kElement); h++)
                for (int l = 0; l < to.count; l++)
                    to.lane[l][scalar_at<kElement>(2 * k + h, to.step)] = values[h][l];
        }
    }
}

}  // namespace kajo::cpu::KAJO_ISA
