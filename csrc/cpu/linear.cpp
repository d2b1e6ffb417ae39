#include "cpu/linear.h"

#include "core/parallel.h"
#include "core/shape.h"
#include "cpu/copy.h"
#include "cpu/gemm/gemm.h"

namespace kajo::cpu {

namespace {

int64_t last_stride(const Tensor& t, size_t from_end) {
    const size_t at = t.sizes().size() - from_end;
    // Any stride serves one element; 1 lets the engine take its fastest way.
    return t.sizes()[at] == 1 ? (from_end == 1 ? 1 : t.sizes()[at + 1]) : t.strides()[at];
}

// The stride of dimension `d` of the result's batch; 0 where the operand repeats.
int64_t batch_stride(const Tensor& t, size_t d, size_t batch_dims) {
    const size_t own = t.sizes().size() - 2;
    if (d + own < batch_dims) return 0;
    const size_t at = d + own - batch_dims;
    return t.sizes()[at] == 1 ? 0 : t.strides()[at];
}

// Folds neighbouring batch dimensions through which all operands step evenly.
void merge_batch(MatmulArgs& args) {
    int kept = 0;
    for (int d = 0; d < args.batch_dims; d++) {
        const int64_t size = args.batch_sizes[d];
        if (size == 1) continue;
        const auto follows = [&](const int64_t* strides) {
            return strides[kept - 1] == strides[d] * size;
        };
        if (kept && follows(args.a_batch_strides) && follows(args.b_batch_strides) &&
            follows(args.c_batch_strides)) {
            args.batch_sizes[kept - 1] *= size;
        } else {
            args.batch_sizes[kept++] = size;
        }
        args.a_batch_strides[kept - 1] = args.a_batch_strides[d];
        args.b_batch_strides[kept - 1] = args.b_batch_strides[d];
        args.c_batch_strides[kept - 1] = args.c_batch_strides[d];
    }
    args.batch_dims = kept;
}

}  // namespace

void matmul_tensors(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& given = *static_cast<const MatmulAttributes*>(attributes);
    const Tensor &a = in[0], &b = in[1], &c = out[0];
    if (c.numel() == 0) return;
    if (given.beta != 0.0) cpu::copy(out, in.subspan(2, 1), nullptr);
    MatmulArgs args;
    args.type = c.dtype();
    args.m = a.size(-2);
    args.n = b.size(-1);
    args.k = a.size(-1);
    args.a = a.raw_data();
    args.a_row_stride = last_stride(a, 2);
    args.a_column_stride = last_stride(a, 1);
    args.b = b.raw_data();
    args.b_row_stride = last_stride(b, 2);
    args.b_column_stride = last_stride(b, 1);
    args.c = c.raw_data();
    args.c_row_stride = args.n;
    args.a_conjugate = given.a_conjugate;
    args.b_conjugate = given.b_conjugate;
    args.alpha = given.alpha;
    args.beta = given.beta;
    if (given.column_bias) args.bias = in[2].raw_data();
    const size_t batch_dims = c.sizes().size() - 2;
    args.batch_dims = static_cast<int>(batch_dims);
    for (size_t d = 0; d < batch_dims; d++) {
        args.batch_sizes[d] = c.sizes()[d];
        args.a_batch_strides[d] = batch_stride(a, d, batch_dims);
        args.b_batch_strides[d] = batch_stride(b, d, batch_dims);
        args.c_batch_strides[d] = c.strides()[d];
    }
    merge_batch(args);
    matmul(args);
}

void vector_product(TensorRefs out, TensorRefs in, const void* attributes) {
    const int64_t dim = static_cast<const VectorDim*>(attributes)->dim;
    int64_t inner = 1;
    for (int64_t d = dim + 1; d < out[0].dim(); d++) inner *= out[0].size(d);
    dispatch<kFloats>(out[0].dtype(), "cross", [&]<class T>() {
        const T *a = in[0].data<T>(), *b = in[1].data<T>();
        T* y = out[0].data<T>();
        parallel_ranges(out[0].numel() / 3, 8192, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) {
                const int64_t at = inner == 1 ? 3 * i : i / inner * 3 * inner + i % inner;
                const T a0 = a[at], a1 = a[at + inner], a2 = a[at + 2 * inner];
                const T b0 = b[at], b1 = b[at + inner], b2 = b[at + 2 * inner];
                y[at] = a1 * b2 - a2 * b1;
                y[at + inner] = a2 * b0 - a0 * b2;
                y[at + 2 * inner] = a0 * b1 - a1 * b0;
            }
        });
    });
}

}  // namespace kajo::cpu
