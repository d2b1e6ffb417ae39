// What the elements of an image are to a product.
#pragma once

#include "cpu/gemm/half.h"
#include "cpu/gemm/tile.h"

namespace kajo::cpu::KAJO_ISA {

// kValues values of as many planes make up one packed element.
template <class M>
struct Elements;

template <class S>
struct Elements<Multiply<S>> {
    using Element = S;
    static constexpr int kValues = 1;

    // The packed elements of `lanes` values, `stride` apart; STRIDE is 1, 2 or 0 for any other. The
    // second values are `second` elements away; 0: there are none.
    template <int STRIDE>
    static Vector<S> read(const S* p, int64_t, int lanes, int64_t stride) {
        constexpr int W = kLanes<S>;
        if constexpr (STRIDE == 1) return load_first(p, lanes);
        if constexpr (STRIDE == 2) {
            const int values = 2 * lanes - 1;
            return even_lanes<S>(load_first(p, values), load_first(p + W, values - W));
        }
        Vector<S> v{};
        for (int l = 0; l < lanes; l++) v[l] = p[l * stride];
        return v;
    }

    // `blocks` of `count` planes each, with kValues of them packed into one.
    struct Packed {
        Packed(const S* from, int64_t blocks, int64_t block_stride, int64_t count, int64_t run)
            : data(from), block_stride(block_stride) {
            (void)blocks, (void)count, (void)run;
        }
        const S* data;
        int64_t block_stride;
    };
};

template <class M>
int64_t packed_count(int64_t values) {
    constexpr int64_t kValues = Elements<M>::kValues;
    return (values + kValues - 1) / kValues;
}

}  // namespace kajo::cpu::KAJO_ISA
