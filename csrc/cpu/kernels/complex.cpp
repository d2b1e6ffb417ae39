// Sums and products of complex numbers as vectors of their parts.
#include "cpu/complex.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cpu/fold.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

template <class T>
struct Parts {
    static constexpr int kStep = kLanes<T>;
    using Places = decltype(V<T>{} < V<T>{});

    static V<T> arranged(V<T> x, int even, int odd) {
        Places places;
        for (int i = 0; i < kStep; i++)
            places[i] = static_cast<decltype(places[0] + 0)>(i / 2 * 2 + (i % 2 ? odd : even));
        return __builtin_shuffle(x, places);
    }
    static V<T> signs() {
        V<T> s;
        for (int i = 0; i < kStep; i++) s[i] = i % 2 ? T{1} : T{-1};
        return s;
    }
    // (a + ib)(c + id) = (ac - bd) + i(ad + bc)
    static V<T> product(V<T> x, V<T> y) {
        return arranged(x, 0, 0) * y + arranged(x, 1, 1) * arranged(y, 1, 0) * signs();
    }

    // out = f(in...) over n complex numbers.
    template <class F, class... In>
    static void each(void* out_, int64_t n, F f, const In*... in) {
        T* out = static_cast<T*>(out_);
        const int64_t parts = 2 * n;
        int64_t i = 0;
        for (; i + kStep <= parts; i += kStep) {
            const V<T> v = f(load(static_cast<const T*>(in) + i)...);
            std::memcpy(out + i, &v, sizeof v);
        }
        if (i == parts) return;
        const auto bytes = static_cast<size_t>(parts - i) * sizeof(T);
        const auto rest = [&](const void* p) {
            V<T> v{};
            std::memcpy(&v, static_cast<const T*>(p) + i, bytes);
            return v;
        };
        const V<T> v = f(rest(in)...);
        std::memcpy(out + i, &v, bytes);
    }

    static V<T> number(const void* scalars) {
        const T* p = static_cast<const T*>(scalars);
        V<T> v;
        for (int i = 0; i < kStep; i++) v[i] = p[i % 2];
        return v;
    }
    static bool is_one(const void* scalars) {
        const T* p = static_cast<const T*>(scalars);
        return p[0] == 1 && p[1] == 0;
    }

    static void add(const void* const* in, void* const* out, const void* scalars, int64_t n) {
        if (is_one(scalars))
            return each(out[0], n, [](V<T> a, V<T> b) { return a + b; }, in[0], in[1]);
        const V<T> alpha = number(scalars);
        each(out[0], n, [&](V<T> a, V<T> b) { return a + product(alpha, b); }, in[0], in[1]);
    }
    static void sub(const void* const* in, void* const* out, const void* scalars, int64_t n) {
        if (is_one(scalars))
            return each(out[0], n, [](V<T> a, V<T> b) { return a - b; }, in[0], in[1]);
        const V<T> alpha = number(scalars);
        each(out[0], n, [&](V<T> a, V<T> b) { return a - product(alpha, b); }, in[0], in[1]);
    }
    static void mul(const void* const* in, void* const* out, const void*, int64_t n) {
        each(out[0], n, [](V<T> a, V<T> b) { return product(a, b); }, in[0], in[1]);
    }
    static void square(const void* const* in, void* const* out, const void*, int64_t n) {
        each(out[0], n, [](V<T> a) { return product(a, a); }, in[0]);
    }
    static void neg(const void* const* in, void* const* out, const void*, int64_t n) {
        each(out[0], n, [](V<T> a) { return -a; }, in[0]);
    }
    static void conj(const void* const* in, void* const* out, const void*, int64_t n) {
        const V<T> s = -signs();
        each(out[0], n, [&](V<T> a) { return a * s; }, in[0]);
    }

    // The larger part of each number, in both of its places.
    static V<T> size(V<T> x) {
        const V<T> a = x < 0 ? -x : x, b = arranged(a, 1, 0);
        return a > b ? a : b;
    }
    static V<T> sum_of_squares(V<T> x) {
        const V<T> s = x * x;
        return arranged(s, 0, 0) + arranged(s, 1, 1);
    }
    // Scaled by the larger part of the divisor, so that its square does not overflow.
    static V<T> quotient(V<T> x, V<T> y) {
        const V<T> larger = size(y), scaled = y / larger;
        const V<T> square = sum_of_squares(scaled) * larger;
        return larger == 0 ? x / larger : product(x, scaled * -signs()) / square;
    }
    static void div(const void* const* in, void* const* out, const void*, int64_t n) {
        each(out[0], n, [](V<T> a, V<T> b) { return quotient(a, b); }, in[0], in[1]);
    }
    static void reciprocal(const void* const* in, void* const* out, const void*, int64_t n) {
        V<T> one;
        for (int i = 0; i < kStep; i++) one[i] = i % 2 ? T{0} : T{1};
        each(out[0], n, [&](V<T> a) { return quotient(one, a); }, in[0]);
    }
    static void sgn(const void* const* in, void* const* out, const void*, int64_t n) {
        each(
            out[0], n,
            [](V<T> a) {
                const V<T> larger = size(a), scaled = a / larger;
                V<T> length = sum_of_squares(scaled);
                for (int i = 0; i < kStep; i++) length[i] = std::sqrt(length[i]);
                const V<T> infinite = larger + std::numeric_limits<T>::infinity() - larger;
                const V<T> y = infinite != infinite ? scaled : scaled / length;
                return larger == 0 ? V<T>{} : y;
            },
            in[0]);
    }

    static constexpr ComplexTiles tiles{add, sub, mul, square, neg, conj, div, reciprocal, sgn};
};

}  // namespace

extern const ComplexKernels complex_kernels;
const ComplexKernels complex_kernels{Parts<float>::tiles, Parts<double>::tiles};

}  // namespace kajo::cpu::KAJO_ISA
