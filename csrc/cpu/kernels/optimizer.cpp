// The formulas of optimisers on contiguous runs. Numbers 0 and 1 of every rule: the sign of the
// gradient, and the weight decay that is added to it.
#include "cpu/optimizer.h"

#include "cpu/vec.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

constexpr unsigned kNoMasks = 0;

// f(parameter, gradient, states, numbers) updates parameter and states in place.
template <class V, int states, class F>
void update(const void* const* in, void* const* out, const void* scalars, int64_t n, F f) {
    const auto* numbers = static_cast<const Lane<V>*>(scalars);
    tile<V, 2 + states, 1 + states, kNoMasks, kNoMasks, 1>(
        in, out, n, [&](const V* a, V* r) __attribute__((always_inline)) {
            V p = a[0], s[states + 1];
            for (int k = 0; k < states; k++) s[k] = a[2 + k];
            V g = a[1] * numbers[0];
            if (numbers[1] != 0) g = g + p * numbers[1];
            f(p, g, s, numbers);
            r[0] = p;
            for (int k = 0; k < states; k++) r[1 + k] = s[k];
        });
}

template <class V>
KAJO_INLINE V lerp(V a, V b, Lane<V> weight) {
    return weight < Lane<V>(0.5) ? a + (b - a) * weight : b - (b - a) * (Lane<V>(1) - weight);
}

// 2: -lr, 3: momentum, 4: 1 - dampening, 5: first step, 6: Nesterov
template <class V, int states>
void sgd(const void* const* in, void* const* out, const void* scalars, int64_t n) {
    update<V, states>(in, out, scalars, n, [](V& p, V g, [[maybe_unused]] V* s, const Lane<V>* c) {
        V step = g;
        if constexpr (states > 0) {
            s[0] = c[5] != 0 ? g : s[0] * c[3] + g * c[4];
            step = c[6] != 0 ? g + s[0] * c[3] : s[0];
        }
        p = p + step * c[2];
    });
}

// 2: 1 - lr * weight decay, 3: 1 - beta1, 4: beta2, 5: 1 - beta2, 6: the root of the second
// correction, 7: eps, 8: -lr over the first correction
template <class V, int states>
void adam(const void* const* in, void* const* out, const void* scalars, int64_t n) {
    update<V, states>(in, out, scalars, n, [](V& p, V g, V* s, const Lane<V>* c) {
        p = p * c[2];
        s[0] = lerp(s[0], g, c[3]);
        s[1] = s[1] * c[4] + g * g * c[5];
        V squares = s[1];
        if constexpr (states > 2) squares = s[2] = v_max(s[2], s[1]);
        p = p + s[0] / (v_sqrt(squares) / c[6] + c[7]) * c[8];
    });
}

// 2: -lr, 3: alpha, 4: 1 - alpha, 5: eps, 6: momentum, 7: centered. States: squares, then the
// mean gradient where centered, then the momentum buffer.
template <class V, int states>
void rmsprop(const void* const* in, void* const* out, const void* scalars, int64_t n) {
    update<V, states>(in, out, scalars, n, [](V& p, V g, V* s, const Lane<V>* c) {
        s[0] = s[0] * c[3] + g * g * c[4];
        V squares = s[0];
        if (states > 1 && c[7] != 0) {
            s[1] = lerp(s[1], g, c[4]);
            squares = squares - s[1] * s[1];
        }
        V step = g / (v_sqrt(squares) + c[5]);
        if (states > 1 && c[6] > 0) step = s[states - 1] = s[states - 1] * c[6] + step;
        p = p + step * c[2];
    });
}

// 2: -rate, 3: eps
template <class V, int states>
void adagrad(const void* const* in, void* const* out, const void* scalars, int64_t n) {
    update<V, states>(in, out, scalars, n, [](V& p, V g, V* s, const Lane<V>* c) {
        s[0] = s[0] + g * g;
        p = p + g / (v_sqrt(s[0]) + c[3]) * c[2];
    });
}

// 2: -lr, 3: rho, 4: 1 - rho, 5: eps
template <class V, int states>
void adadelta(const void* const* in, void* const* out, const void* scalars, int64_t n) {
    update<V, states>(in, out, scalars, n, [](V& p, V g, V* s, const Lane<V>* c) {
        s[0] = s[0] * c[3] + g * g * c[4];
        const V delta = v_sqrt(s[1] + c[5]) / v_sqrt(s[0] + c[5]) * g;
        s[1] = s[1] * c[3] + delta * delta * c[4];
        p = p + delta * c[2];
    });
}

// 2: -lr over the correction, 3: 1 - beta1, 4: beta2, 5: eps
template <class V, int states>
void adamax(const void* const* in, void* const* out, const void* scalars, int64_t n) {
    update<V, states>(in, out, scalars, n, [](V& p, V g, V* s, const Lane<V>* c) {
        s[0] = lerp(s[0], g, c[3]);
        s[1] = v_max(s[1] * c[4], v_abs(g) + c[5]);
        p = p + s[0] / s[1] * c[2];
    });
}

}  // namespace

extern const OptimizerKernels optimizer_kernels;
const OptimizerKernels optimizer_kernels{{
    {{sgd<VF, 0>, sgd<VD, 0>}, {sgd<VF, 1>, sgd<VD, 1>}},
    {{}, {}, {adam<VF, 2>, adam<VD, 2>}, {adam<VF, 3>, adam<VD, 3>}},
    {{},
     {rmsprop<VF, 1>, rmsprop<VD, 1>},
     {rmsprop<VF, 2>, rmsprop<VD, 2>},
     {rmsprop<VF, 3>, rmsprop<VD, 3>}},
    {{}, {adagrad<VF, 1>, adagrad<VD, 1>}},
    {{}, {}, {adadelta<VF, 2>, adadelta<VD, 2>}},
    {{}, {}, {adamax<VF, 2>, adamax<VD, 2>}},
}};

}  // namespace kajo::cpu::KAJO_ISA
