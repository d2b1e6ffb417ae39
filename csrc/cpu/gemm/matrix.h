// Strided matrices as sources and row-major matrices as sinks of the engine.
#pragma once

#include "cpu/gemm/engine.h"
#include "cpu/gemm/gemm.h"
#include "cpu/gemm/pack.h"

namespace kajo::cpu::KAJO_ISA {

// Whether tiles read A's rows without packing. Lines 4096 bytes apart would compete for the same
// few places of the caches, and far apart no stream is followed.
template <class S>
bool near_rows(int64_t lane_stride, int64_t k_stride) {
    constexpr int64_t kCrowded = 4096 / int64_t(sizeof(S));
    if (k_stride == 1) return lane_stride % kCrowded != 0;
    return lane_stride == 1 && k_stride % (kCrowded / 2) != 0;
}

// Element (lane, k) at p[lane * lane_stride + k * k_stride], converted to the computing type.
template <class T>
struct MatrixSource final : Source<ComputeType<T>> {
    MatrixSource(const T* p, int64_t lane_stride, int64_t k_stride)
        : p(p), lane_stride(lane_stride), k_stride(k_stride) {
        if (lane_stride == 1) this->steps_at_once = 32;
    }

    Strided<ComputeType<T>> in_place() const override {
        if constexpr (std::is_same_v<ComputeType<T>, T>)
            if (near_rows<T>(lane_stride, k_stride)) return {p, lane_stride, k_stride};
        return {};
    }

    void pack(int64_t lane, int lanes, int64_t k0, int64_t k, int panel,
              ComputeType<T>* out) const override {
        pack_panel(p + lane * lane_stride + k0 * k_stride, lane_stride, k_stride, lanes, panel, k,
                   out);
    }

    const T* p;
    int64_t lane_stride, k_stride;
};

// Few tasks repeat the packing of B; A is packed once.
inline constexpr Blocking kProductBlocking{.k = 512,
                                           .in_parts = true,
                                           .task_rows = 1120,
                                           .tasks = 8,
                                           .fewest_rows = 192,
                                           .even = true,
                                           .prepack = int64_t{64} << 20,
                                           .near_in_place = 768,
                                           .far_in_place = 256};

using Activation = void (*)(void* values, int64_t count);

// What follows the product: C = activation(AB + bias), AB being scaled already.
template <class T>
struct Epilogue {
    using S = ComputeType<T>;
    const T* bias = nullptr;
    int64_t bias_row = 0, bias_column = 0;  // strides; 0 repeats
    Activation activation = nullptr;

    bool empty() const { return !bias && !activation; }

    void apply(S* values, int64_t row, int64_t column, int64_t count) const {
        constexpr int W = kLanes<S>;
        if (bias) {
            const T* p = bias + row * bias_row + column * bias_column;
            const Vector<S> same = broadcast(S(*p));
            for (int64_t j = 0; j < count; j += W) {
                const int lanes = int(std::min<int64_t>(W, count - j));
                const Vector<S> add = bias_column ? load_first(p + j, lanes) : same;
                store_first(values + j, load_first(values + j, lanes) + add, lanes);
            }
        }
        if (activation) activation(values, count);
    }
};

template <class T>
struct MatrixSink final : Sink<ComputeType<T>> {
    using S = ComputeType<T>;

    MatrixSink(T* c, int64_t row_stride, S alpha, S beta, const Epilogue<T>& epilogue)
        : c(c), row_stride(row_stride), epilogue(epilogue) {
        this->alpha = alpha;
        this->beta = beta;
        this->has_epilogue = !epilogue.empty();
        if constexpr (std::is_same_v<S, T>)
            if (epilogue.bias && epilogue.bias_column) {
                this->column_bias = epilogue.bias;
                this->epilogue.bias = nullptr;
                this->has_epilogue = !this->epilogue.empty();
            }
        if constexpr (std::is_same_v<T, BFloat16>) {
            const bool by_row = epilogue.bias && !epilogue.bias_column;
            if (beta != 0 || by_row || epilogue.activation) return;
            this->narrow = reinterpret_cast<uint16_t*>(c);
            this->narrow_row = row_stride;
            this->narrow_bias = reinterpret_cast<const uint16_t*>(epilogue.bias);
        }
    }

    S* direct(int64_t row, int64_t column, int, int64_t& stride) const override {
        if constexpr (std::is_same_v<S, T>) {
            stride = row_stride;
            return c + row * row_stride + column;
        }
        return nullptr;
    }

    void finish(S* values, int64_t stride, int64_t row, int rows, int64_t column,
                int columns) const override {
        for (int i = 0; i < rows; i++)
            epilogue.apply(values + i * stride, row + i, column, columns);
    }

    void put(S* values, int64_t row, int rows, int64_t column, int columns) const override {
        for (int i = 0; i < rows; i++)
            put_row(values + i * kTileColumns<S>, row + i, column, columns);
    }

    void put_whole(const S* values, int64_t row, int rows, int64_t column) const {
        constexpr int W = kLanes<S>;
        T* out = c + row * row_stride + column;
        for (int i = 0; i < rows; i++, out += row_stride, values += kTileColumns<S>)
#pragma GCC unroll 2
            for (int j = 0; j < kTileColumns<S>; j += W) store_first(out + j, load(values + j), W);
    }

    void put_row(S* values, int64_t row, int64_t column, int64_t count) const {
        constexpr int W = kLanes<S>;
        T* const out = c + row * row_stride + column;
        if (this->beta != 0)
            for (int64_t j = 0; j < count; j += W) {
                const int lanes = int(std::min<int64_t>(W, count - j));
                store_first(values + j,
                            fma(load_first(out + j, lanes), broadcast(this->beta),
                                load_first(values + j, lanes)),
                            lanes);
            }
        epilogue.apply(values, row, column, count);
        for (int64_t j = 0; j < count; j += W) {
            const int lanes = int(std::min<int64_t>(W, count - j));
            store_first(out + j, load_first(values + j, lanes), lanes);
        }
    }

    T* c;
    int64_t row_stride;
    Epilogue<T> epilogue;
};

template <class T>
Epilogue<T> epilogue_of(const MatmulArgs& args) {
    const bool columns = args.bias_along == BiasAlong::Columns;
    return {static_cast<const T*>(args.bias), columns ? 0 : 1, columns ? 1 : 0, args.activation};
}

template <class T>
MatrixSink<T> sink_of(const MatmulArgs& args) {
    using S = ComputeType<T>;
    return {static_cast<T*>(args.c), args.c_row_stride, S(args.alpha.real()), S(args.beta.real()),
            epilogue_of<T>(args)};
}

// C = activation(beta * C + bias): the product over an empty k.
template <class T>
void put_empty_product(const MatmulArgs& args) {
    using S = ComputeType<T>;
    constexpr int64_t kRun = 256;
    MatrixSink<T> sink = sink_of<T>(args);
    sink.epilogue = epilogue_of<T>(args);  // no tile adds the bias
    S values[kRun];
    for (int64_t i = 0; i < args.m; i++)
        for (int64_t j = 0; j < args.n; j += kRun) {
            std::fill(values, values + kRun, S(0));
            sink.put_row(values, i, j, std::min(kRun, args.n - j));
        }
}

}  // namespace kajo::cpu::KAJO_ISA
