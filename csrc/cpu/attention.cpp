#include "cpu/attention.h"

#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "core/shape.h"
#include "cpu/isa.h"
#include "cpu/pointwise.h"
#include "cpu/scratch.h"
#include "pointwise_ids.h"

namespace kajo::cpu {

namespace baseline {
extern const AttentionKernels attention_kernels;
}
#if KAJO_X86
namespace avx2 {
extern const AttentionKernels attention_kernels;
}
namespace avx512 {
extern const AttentionKernels attention_kernels;
}
#endif

const AttentionKernels& attention_kernels() {
    return of_cpu_isa(baseline::attention_kernels, avx2::attention_kernels,
                      avx512::attention_kernels);
}

namespace {

const AttentionFunctions& functions_of(DType type) {
    const AttentionKernels& kernels = attention_kernels();
    switch (type) {
        case DType::Float64:
            return kernels.f64;
        case DType::BFloat16:
            return kernels.bf16;
        case DType::Float16:
            return kernels.f16;
        default:
            return kernels.f32;
    }
}

int64_t pieces(int64_t n, int64_t piece) { return (n + piece - 1) / piece; }

struct Problem {
    int64_t batch;
    Dims batch_sizes;
    const AttentionFunctions& functions;
    int64_t width;          // bytes of the computing type
    AttentionEntry common;  // what all entries share

    Problem(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
            const AttentionAttributes& given)
        : batch_sizes(q.sizes().data(), q.sizes().size() - 2),
          functions(functions_of(q.dtype())),
          width(std::max<int64_t>(q.item_size(), 4)) {
        batch = numel_of(batch_sizes);
        common.queries = q.size(-2);
        common.keys = k.size(-2);
        common.size = q.size(-1);
        common.value_size = v.size(-1);
        common.scale = given.scale;
        common.causal = given.causal;
        common.bool_mask = mask.defined() && mask.dtype() == DType::Bool;
        common.exp = pointwise_op(OpId::exp).forward.by_type[width == 8 ? F64 : F32];
    }

    MatrixPlace place(const Tensor& t, int64_t index) const {
        if (!t.defined()) return {};
        const size_t n = t.sizes().size();
        int64_t offset = 0;
        for (size_t d = batch_sizes.size(); d-- > 0;) {
            offset += index % batch_sizes[d] * t.strides()[d];
            index /= batch_sizes[d];
        }
        return {static_cast<char*>(t.raw_data()) + offset * t.item_size(), t.strides()[n - 2],
                t.strides()[n - 1]};
    }
    AttentionEntry entry(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                         const Tensor& y, const Tensor& statistics, int64_t index) const {
        AttentionEntry e = common;
        e.q = place(q, index);
        e.k = place(k, index);
        e.v = place(v, index);
        e.mask = place(mask, index);
        e.y = place(y, index);
        e.statistics = static_cast<char*>(statistics.raw_data()) + index * e.queries * 2 * width;
        return e;
    }
    // Calls f(entry, piece of it); pieces of little work go to a thread by the handful.
    template <class F>
    void for_pieces(int64_t each, double work, F&& f) const {
        constexpr double kTask = 250e3;
        const auto grain = static_cast<int64_t>(std::clamp(kTask / work, 1.0, 1e6));
        parallel_ranges(batch * each, grain, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) f(i / each, i % each);
        });
    }
};

// As many pieces at least as keep several cores busy, where there is so much.
constexpr int64_t kEnoughForward = 16, kEnoughBackward = 8;

}  // namespace

void attention(TensorRefs out, TensorRefs in, const void* attributes) {
    const Problem p(in[0], in[1], in[2], in[3],
                    *static_cast<const AttentionAttributes*>(attributes));
    const int64_t queries = p.common.queries;
    if (p.batch == 0 || queries == 0) return;
    // Keys and values are laid out anew for each piece, which long pieces share.
    int64_t rows = 224;
    while (rows > 56 && p.batch * pieces(queries, rows) < kEnoughForward) rows /= 2;
    rows = std::min(rows, queries);
    const double work = static_cast<double>(rows) * static_cast<double>(p.common.keys) *
                        static_cast<double>(p.common.size + p.common.value_size);
    p.for_pieces(pieces(queries, rows), std::max(work, 1.0), [&](int64_t index, int64_t piece) {
        const int64_t begin = piece * rows;
        p.functions.forward(p.entry(in[0], in[1], in[2], in[3], out[0], out[1], index), begin,
                            std::min(queries, begin + rows));
    });
}

void attention_backward(TensorRefs out, TensorRefs in, const void* attributes) {
    const Problem p(in[1], in[2], in[3], in[4],
                    *static_cast<const AttentionAttributes*>(attributes));
    if (p.batch == 0) return;
    if (p.common.queries == 0) {
        for (const Tensor& gradient : out)
            std::memset(gradient.raw_data(), 0,
                        static_cast<size_t>(gradient.numel() * gradient.item_size()));
        return;
    }
    const auto entry = [&](int64_t index) {
        AttentionEntry e = p.entry(in[1], in[2], in[3], in[4], in[5], in[6], index);
        e.dy = p.place(in[0], index);
        e.dq = p.place(out[0], index);
        e.dk = p.place(out[1], index);
        e.dv = p.place(out[2], index);
        return e;
    };
    // A piece has some of the keys; each adds to the gradient of all queries.
    const int64_t keys = p.common.keys, blocks = pieces(keys, kAttentionBackwardKeys);
    const int64_t wanted = std::min(blocks, pieces(kEnoughBackward, p.batch));
    const int64_t piece_keys = pieces(blocks, wanted) * kAttentionBackwardKeys;
    const int64_t each = pieces(keys, piece_keys);
    const int64_t bytes = p.common.queries * p.common.size * p.width;
    const double work = static_cast<double>(p.common.queries) *
                        static_cast<double>(std::min(piece_keys, keys)) *
                        static_cast<double>(3 * p.common.size + 2 * p.common.value_size);
    if (each == 1) {
        p.for_pieces(1, std::max(work, 1.0), [&](int64_t index, int64_t) {
            const Scratch sums(static_cast<size_t>(bytes));
            const AttentionEntry e = entry(index);
            p.functions.backward(e, 0, keys, sums.data());
            p.functions.add_up(e, sums.data(), 1);
        });
        return;
    }
    const Scratch sums(static_cast<size_t>(p.batch * each * bytes));
    const auto sums_of = [&](int64_t index) { return sums.as<char>() + index * each * bytes; };
    p.for_pieces(each, std::max(work, 1.0), [&](int64_t index, int64_t piece) {
        const int64_t begin = piece * piece_keys;
        p.functions.backward(entry(index), begin, std::min(keys, begin + piece_keys),
                             sums_of(index) + piece * bytes);
    });
    p.for_pieces(1, static_cast<double>(each * bytes), [&](int64_t index, int64_t) {
        p.functions.add_up(entry(index), sums_of(index), each);
    });
}

}  // namespace kajo::cpu
