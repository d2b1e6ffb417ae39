// One row of an LSTM's cells.
#include "cpu/lstm.h"

#include "cpu/fold.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

void apply(TileFn function, const void* from, void* to, int64_t n) {
    function(&from, &to, nullptr, n);
}

template <class T>
struct Lstm {
    static void forward(void* gates, const void* cell, void* next_, void* hidden_, int64_t n,
                        TileFn sigmoid, TileFn tanh) {
        T *enter = static_cast<T*>(gates), *keep = enter + n, *fresh = keep + n, *leave = fresh + n;
        T *next = static_cast<T*>(next_), *hidden = static_cast<T*>(hidden_);
        apply(sigmoid, enter, enter, 2 * n);
        apply(tanh, fresh, fresh, n);
        apply(sigmoid, leave, leave, n);
        map(
            next, n, [](auto c, auto f, auto i, auto g) { return f * c + i * g; },
            static_cast<const T*>(cell), keep, enter, fresh);
        apply(tanh, next, hidden, n);
        map(hidden, n, [](auto o, auto t) { return o * t; }, leave, hidden);
    }

    static void backward(void* grad_gates, void* grad_cell, const void* grad_hidden,
                         const void* more_grad_hidden, const void* gates, const void* cell,
                         const void* next, int64_t n, TileFn tanh) {
        const T *enter = static_cast<const T*>(gates), *keep = enter + n, *fresh = keep + n,
                *leave = fresh + n, *before = static_cast<const T*>(cell);
        const T *first = static_cast<const T*>(grad_hidden),
                *second = static_cast<const T*>(more_grad_hidden);
        T *to = static_cast<T*>(grad_gates), *along = static_cast<T*>(grad_cell);
        apply(tanh, next, to + 3 * n, n);
        const auto step = [&](int64_t at, auto read, auto write) {
            const auto dh = read(first + at) + read(second + at), t = read(to + 3 * n + at);
            const auto i = read(enter + at), f = read(keep + at), g = read(fresh + at),
                       o = read(leave + at);
            const auto dc = read(along + at) + dh * o * (T(1) - t * t);
            write(to + at, dc * g * i * (T(1) - i));
            write(to + n + at, dc * read(before + at) * f * (T(1) - f));
            write(to + 2 * n + at, dc * i * (T(1) - g * g));
            write(to + 3 * n + at, dh * t * o * (T(1) - o));
            write(along + at, dc * f);
        };
        int64_t at = 0;
        for (; at + kLanes<T> <= n; at += kLanes<T>)
            step(
                at, [](const T* p) { return load(p); },
                [](T* p, V<T> v) { std::memcpy(p, &v, sizeof v); });
        for (; at < n; at++) step(at, [](const T* p) { return *p; }, [](T* p, T v) { *p = v; });
    }

    static constexpr LstmFunctions functions{forward, backward};
};

}  // namespace

extern const LstmKernels lstm_kernels;
const LstmKernels lstm_kernels{Lstm<float>::functions, Lstm<double>::functions};

}  // namespace kajo::cpu::KAJO_ISA
