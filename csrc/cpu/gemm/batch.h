// Batches of products: which entries run together on a thread.
#pragma once

#include <algorithm>

#include "cpu/gemm/gemm.h"
#include "cpu/gemm/tasks.h"

namespace kajo::cpu::KAJO_ISA {

// The arguments of batch entry `index`.
template <class T>
MatmulArgs batch_entry(const MatmulArgs& args, int64_t index) {
    MatmulArgs entry = args;
    entry.batch_dims = 0;
    int64_t a = 0, b = 0, c = 0;
    for (int d = args.batch_dims - 1; d >= 0; d--) {
        const int64_t i = index % args.batch_sizes[d];
        index /= args.batch_sizes[d];
        a += i * args.a_batch_strides[d];
        b += i * args.b_batch_strides[d];
        c += i * args.c_batch_strides[d];
    }
    entry.a = static_cast<const T*>(args.a) + a;
    entry.b = static_cast<const T*>(args.b) + b;
    entry.c = static_cast<T*>(args.c) + c;
    return entry;
}

// One batch dimension that shares B is one taller product where rows follow on.
inline MatmulArgs fold_batch(const MatmulArgs& args) {
    const bool by_row = args.bias && args.bias_along == BiasAlong::Rows;
    if (args.batch_dims != 1 || args.b_batch_strides[0] != 0 || by_row ||
        args.a_batch_strides[0] != args.m * args.a_row_stride ||
        args.c_batch_strides[0] != args.m * args.c_row_stride)
        return args;
    MatmulArgs folded = args;
    folded.batch_dims = 0;
    folded.m *= args.batch_sizes[0];
    return folded;
}

// Calls multiply(args) for each entry of the batch.
template <class T, class F>
void for_batch(const MatmulArgs& given, F&& multiply) {
    const MatmulArgs args = given.batch_dims ? fold_batch(given) : given;
    if (args.batch_dims == 0) {
        if (args.m > 0 && args.n > 0) multiply(args);
        return;
    }
    int64_t entries = 1;
    for (int d = 0; d < args.batch_dims; d++) entries *= args.batch_sizes[d];
    if (entries <= 0 || args.m <= 0 || args.n <= 0) return;
    const double work = double(args.m) * double(args.n) * double(std::max<int64_t>(args.k, 1));
    // Large products share themselves out; small ones go to a thread by the handful.
    constexpr double kLarge = 16e6, kTask = 250e3;
    if (work > kLarge) {
        for (int64_t i = 0; i < entries; i++) multiply(batch_entry<T>(args, i));
        return;
    }
    const int64_t group = std::max<int64_t>(1, int64_t(kTask / work));
    for_tasks((entries + group - 1) / group, work * double(entries), [&](int64_t task) {
        const int64_t end = std::min(entries, (task + 1) * group);
        for (int64_t i = task * group; i < end; i++) multiply(batch_entry<T>(args, i));
    });
}

}  // namespace kajo::cpu::KAJO_ISA
