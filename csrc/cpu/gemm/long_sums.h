// Few results of long sums, as gradients of weights are: the sums are cut into pieces, which are
// products of their own and added up in order.
#pragma once

#include "cpu/gemm/matrix.h"
#include "cpu/gemm/tasks.h"
#include "cpu/scratch.h"

namespace kajo::cpu::KAJO_ISA {

// 1 where the engine finds enough tasks without.
inline int64_t sum_pieces(int64_t m, int64_t n, int64_t k) {
    constexpr int64_t kLong = 2048, kPiece = 512, kMost = 16;
    if (k < kLong || k < 16 * std::max(m, n)) return 1;
    return std::min(k / kPiece, kMost);
}

// An operand from a later k on.
template <class S>
struct LaterSource final : Source<S> {
    LaterSource(const Source<S>& all, int64_t begin) : all(all), begin_k(begin) {
        this->group = all.group;
        this->steps_at_once = all.steps_at_once;
    }

    Strided<S> in_place() const override {
        Strided<S> matrix = all.in_place();
        if (matrix.data) matrix.data += begin_k * matrix.k_stride;
        return matrix;
    }
    void begin(int64_t lane, int64_t lanes, int64_t k0, int64_t k) const override {
        all.begin(lane, lanes, begin_k + k0, k);
    }
    void pack(int64_t lane, int lanes, int64_t k0, int64_t k, int panel, S* out) const override {
        all.pack(lane, lanes, begin_k + k0, k, panel, out);
    }

    const Source<S>& all;
    int64_t begin_k;
};

// The product of two sources over k packed steps into the matrix of `args`.
template <class M, class T, class S = typename M::Scalar>
void multiply_sources(const MatmulArgs& args, int64_t k, const Source<S>& a, const Source<S>& b,
                      const Blocking& blocking) {
    MatrixSink<T> sink = sink_of<T>(args);
    const int64_t m = args.m, n = args.n, pieces = sum_pieces(m, n, k);
    if (pieces == 1) return run_product<M>({m, n, k, a, b, sink, blocking});
    const Scratch sums(size_t(pieces * m * n) * sizeof(S));
    const int64_t steps = (k + pieces - 1) / pieces;
    for_tasks(pieces, double(m) * double(n) * double(k), [&](int64_t piece) {
        const int64_t k0 = piece * steps;
        const LaterSource<S> later_a(a, k0), later_b(b, k0);
        const MatrixSink<S> part(sums.as<S>() + piece * m * n, n, 1, 0, {});
        run_product<M>({m, n, std::min(steps, k - k0), later_a, later_b, part, blocking});
    });
    sink.epilogue = epilogue_of<T>(args);  // no tile adds the bias
    const S alpha = sink.alpha;
    for_tasks(m, double(pieces) * double(m) * double(n), [&](int64_t row) {
        S* const sum = sums.as<S>() + row * n;
        for (int64_t piece = 1; piece < pieces; piece++)
            for (int64_t j = 0; j < n; j++) sum[j] += sum[piece * m * n + j];
        if (alpha != 1)
            for (int64_t j = 0; j < n; j++) sum[j] *= alpha;
        sink.put_row(sum, row, 0, n);
    });
}

}  // namespace kajo::cpu::KAJO_ISA
