// One sequence's step through the cells of a recurrent layer.
#include "cpu/recurrence.h"

#include "cpu/fold.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

// f(at, read, write) for every place, as vectors and then one by one.
template <class T, class F>
void for_places(int64_t n, F&& f) {
    int64_t at = 0;
    for (; at + kLanes<T> <= n; at += kLanes<T>)
        f(
            at, [](const T* p) { return load(p); },
            [](T* p, V<T> v) { std::memcpy(p, &v, sizeof v); });
    for (; at < n; at++) f(at, [](const T* p) { return *p; }, [](T* p, T v) { *p = v; });
}

template <class T>
struct Cell {
    static void apply(TileFn function, const T* from, T* to, int64_t n) {
        const void* in[] = {from};
        void* out[] = {to};
        function(in, out, nullptr, n);
    }
    // A run of the products, with the input's share and the bias.
    static T* gate(const CellStep& s, int run) {
        T* const work = static_cast<T*>(s.work) + run * s.run;
        const T* const input = static_cast<const T*>(s.input) + run * s.run;
        const auto add = [](auto... x) { return (x + ...); };
        if (s.bias)
            map(work, s.count, add, input, static_cast<const T*>(work),
                static_cast<const T*>(s.bias) + run * s.run);
        else
            map(work, s.count, add, input, static_cast<const T*>(work));
        return work;
    }
    static T* activated(const CellStep& s, int run, TileFn function) {
        T* const work = gate(s, run);
        apply(function, work, work, s.count);
        return work;
    }

    static void lstm(const CellStep& s) {
        const T *enter = activated(s, 0, s.sigmoid), *keep = activated(s, 1, s.sigmoid),
                *fresh = activated(s, 2, s.tanh), *leave = activated(s, 3, s.sigmoid);
        T *next = static_cast<T*>(s.next_cell), *hidden = static_cast<T*>(s.next_hidden);
        map(
            next, s.count, [](auto c, auto f, auto i, auto g) { return f * c + i * g; },
            static_cast<const T*>(s.cell), keep, enter, fresh);
        apply(s.tanh, next, hidden, s.count);
        map(
            hidden, s.count, [](auto o, auto t) { return o * t; }, leave,
            static_cast<const T*>(hidden));
    }
    static void lstm_backward(const CellSlopes& s) {
        const int64_t run = s.run;
        const T *enter = static_cast<const T*>(s.saved), *keep = enter + run, *fresh = keep + run,
                *leave = fresh + run, *before = static_cast<const T*>(s.cell);
        const T *first = static_cast<const T*>(s.grad_hidden),
                *second = static_cast<const T*>(s.along_hidden);
        T *to = static_cast<T*>(s.grad_gates), *along = static_cast<T*>(s.along_cell);
        apply(s.tanh, static_cast<const T*>(s.next_cell), to + 3 * run, s.count);
        for_places<T>(s.count, [&](int64_t at, auto read, auto write) {
            const auto dh = read(first + at) + read(second + at), t = read(to + 3 * run + at);
            const auto i = read(enter + at), f = read(keep + at), g = read(fresh + at),
                       o = read(leave + at);
            const auto dc = read(along + at) + dh * o * (T(1) - t * t);
            write(to + at, dc * g * i * (T(1) - i));
            write(to + run + at, dc * read(before + at) * f * (T(1) - f));
            write(to + 2 * run + at, dc * i * (T(1) - g * g));
            write(to + 3 * run + at, dh * t * o * (T(1) - o));
            write(along + at, dc * f);
        });
    }

    static void gru(const CellStep& s) {
        const int64_t run = s.run;
        const T *reset = activated(s, 0, s.sigmoid), *update = activated(s, 1, s.sigmoid);
        T *product = static_cast<T*>(s.work) + 2 * run, *fresh = product + run;
        if (s.bias)
            map(
                product, s.count, [](auto p, auto b) { return p + b; },
                static_cast<const T*>(product), static_cast<const T*>(s.bias) + 2 * run);
        map(
            fresh, s.count, [](auto x, auto r, auto p) { return x + r * p; },
            static_cast<const T*>(s.input) + 2 * run, reset, static_cast<const T*>(product));
        apply(s.tanh, fresh, fresh, s.count);
        map(
            static_cast<T*>(s.next_hidden), s.count,
            [](auto h, auto g, auto z) { return g + z * (h - g); }, static_cast<const T*>(s.hidden),
            static_cast<const T*>(fresh), update);
    }
    static void gru_backward(const CellSlopes& s) {
        const int64_t run = s.run;
        const T *reset = static_cast<const T*>(s.saved), *update = reset + run,
                *product = update + run, *fresh = product + run;
        const T *first = static_cast<const T*>(s.grad_hidden),
                *before = static_cast<const T*>(s.hidden);
        T *along = static_cast<T*>(s.along_hidden), *gates = static_cast<T*>(s.grad_gates),
          *products = static_cast<T*>(s.grad_products);
        for_places<T>(s.count, [&](int64_t at, auto read, auto write) {
            const auto dh = read(first + at) + read(along + at);
            const auto r = read(reset + at), z = read(update + at), g = read(fresh + at);
            const auto dg = dh * (T(1) - z) * (T(1) - g * g);
            const auto dz = dh * (read(before + at) - g) * z * (T(1) - z);
            const auto dr = dg * read(product + at) * r * (T(1) - r);
            write(gates + at, dr);
            write(gates + run + at, dz);
            write(gates + 2 * run + at, dg);
            write(products + at, dr);
            write(products + run + at, dz);
            write(products + 2 * run + at, dg * r);
            write(along + at, dh * z);
        });
    }

    static void elman_tanh(const CellStep& s) { activated(s, 0, s.tanh); }
    static void elman_relu(const CellStep& s) {
        T* const work = gate(s, 0);
        map(
            work, s.count,
            [](auto v) {
                const decltype(v) zero{};
                return v < zero ? zero : v;
            },
            static_cast<const T*>(work));
    }
    template <class F>
    static void elman_backward(const CellSlopes& s, F slope) {
        map(
            static_cast<T*>(s.grad_gates), s.count,
            [&](auto a, auto b, auto y) { return slope(a + b, y); },
            static_cast<const T*>(s.grad_hidden), static_cast<const T*>(s.along_hidden),
            static_cast<const T*>(s.next_hidden));
    }
    static void tanh_backward(const CellSlopes& s) {
        elman_backward(s, [](auto g, auto y) { return g * (T(1) - y * y); });
    }
    static void relu_backward(const CellSlopes& s) {
        elman_backward(s, [](auto g, auto y) {
            const decltype(y) zero{};
            return y > zero ? g : zero;
        });
    }

    static constexpr CellFunctions functions{
        {lstm, gru, elman_tanh, elman_relu},
        {lstm_backward, gru_backward, tanh_backward, relu_backward}};
};

}  // namespace

extern const CellKernels cell_kernels;
const CellKernels cell_kernels{Cell<float>::functions, Cell<double>::functions};

}  // namespace kajo::cpu::KAJO_ISA
