// The blocked product: panels packed by two sources run through the register tile into a sink.
// It knows neither matrices nor images. Work is cut by size only.
#pragma once

#include "cpu/gemm/tile.h"

namespace kajo::cpu::KAJO_ISA {

// An operand in memory: element (lane, k) at data[lane * lane_stride + k * k_stride].
template <class S>
struct Strided {
    const S* data = nullptr;
    int64_t lane_stride = 0, k_stride = 0;
};

// One operand: `lanes` are rows of A or columns of B.
template <class S>
struct Source {
    // Where the tile may read A itself; null where A is to be packed.
    virtual Strided<S> in_place() const { return {}; }
    // Called by the thread that packs next, for the lanes and k that it will pack.
    virtual void begin(int64_t lane, int64_t lanes, int64_t k0, int64_t k) const {
        (void)lane, (void)lanes, (void)k0, (void)k;
    }
    // out[k * panel + lane], zeros from `lanes` on. Where lanes > panel (see `group`), consecutive
    // panels follow each other at distance k * panel.
    virtual void pack(int64_t lane, int lanes, int64_t k0, int64_t k, int panel, S* out) const = 0;
    int group = 1;  // panels of B packed in one call
    // Of k, that all panels of A take before the next ones: then rows far apart are read in order.
    int64_t steps_at_once = INT64_MAX;

  protected:
    ~Source() = default;
};

// The result and what happens to it last.
template <class S>
struct Sink {
    // Where the tile at (row, column) can be written in place; null where it cannot.
    virtual S* direct(int64_t row, int64_t column, int columns, int64_t& row_stride) const = 0;
    // The epilogue of a tile that was written in place, or waits while `epilogue_first`.
    virtual void finish(S* c, int64_t row_stride, int64_t row, int rows, int64_t column,
                        int columns) const = 0;
    // Takes alpha * AB of a tile that was not: adds beta * C, runs the epilogue unless that came
    // first, stores it.
    virtual void put(S* tile, int64_t row, int rows, int64_t column, int columns) const = 0;
    S alpha = 1, beta = 0;
    const S* column_bias = nullptr;  // added by the tile, where all tiles are written in place
    // The result in 16 bits, where a tile may write it itself: alpha * AB + bias, rounded.
    uint16_t* narrow = nullptr;
    int64_t narrow_row = 0;
    const uint16_t* narrow_bias = nullptr;
    bool has_epilogue = false;
    bool epilogue_first = false;  // after the first block of k rather than the last

  protected:
    ~Sink() = default;
};

struct Blocking {
    int64_t k = 384;              // packed steps: a panel of B stays in the L1 cache
    bool whole_k = false;         // blocks of k are that long, rather than of equal length
    bool chain = false;           // one sum over all of k, not one a block; alpha is 1
    bool in_parts = false;        // long sums are taken in parts (see sum_steps)
    int64_t rows = 16 * 14;       // of A: stay in the L2 cache while the panels of B pass
    int64_t columns = 256;        // of a task when all of A is packed beforehand
    int64_t wide = 512;           // of a task that packs its own A or packs none
    int64_t column_multiple = 0;  // tasks start at multiples of this; 0: of the tile's width
    int64_t task_rows = 448;      // of a task
    int64_t tasks = 4;            // at least, of as many rows as the next line says
    int64_t fewest_rows = 64;
    bool even = false;                   // an even number of tasks along columns
    int64_t prepack = int64_t{1} << 20;  // bytes of A packed beforehand
    // Columns up to which A is read in place if it can be: where it is small or tall, and else.
    int64_t near_in_place = INT64_MAX, far_in_place = INT64_MAX;
    int64_t streamed = int64_t{6} << 20;  // elements of a result that bypasses the cache
};

template <class M>
struct Product {
    using S = typename M::Scalar;
    int64_t m, n, k;  // k in packed steps
    const Source<S>& a;
    const Source<S>& b;
    const Sink<S>& sink;
    Blocking blocking = {};
};

// m, n and k must not be 0.
template <class M>
void run_product(const Product<M>& product);

extern template void run_product<Multiply<float>>(const Product<Multiply<float>>&);
extern template void run_product<Multiply<double>>(const Product<Multiply<double>>&);

}  // namespace kajo::cpu::KAJO_ISA
