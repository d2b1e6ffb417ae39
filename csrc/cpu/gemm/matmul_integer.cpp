// Integer products: plain blocked loops whose sums wrap around.
#include <type_traits>

#include "cpu/gemm/batch.h"
#include "cpu/gemm/kernels.h"
#include "cpu/gemm/simd.h"
#include "cpu/scratch.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

constexpr int64_t kSteps = 128, kColumns = 256;

// Wide enough that C++ does not promote to a signed type that could overflow.
template <class U>
using Wide = std::conditional_t<sizeof(U) < 4, uint32_t, U>;

template <class U>
void add_row(U* c, const U* b, U a, int64_t n) {
    int64_t j = 0;
    for (; j + kLanes<U> <= n; j += kLanes<U>) store(c + j, load(c + j) + load(b + j) * a);
    for (; j < n; j++) c[j] = U(c[j] + Wide<U>(a) * b[j]);
}

// C += alpha * A B on a block of C that stays in registers.
constexpr int kBlockRows = 4, kBlockVectors = 4;

template <class U>
void add_block(U* c, int64_t c_row, const U* a, int64_t a_row, int64_t a_k, Wide<U> alpha,
               const U* b, int64_t b_row, int64_t k) {
    constexpr int W = kLanes<U>;
    Vector<U> sum[kBlockRows][kBlockVectors];
#pragma GCC unroll 4
    for (int i = 0; i < kBlockRows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < kBlockVectors; j++) sum[i][j] = load(c + i * c_row + j * W);
    for (; k > 0; k--, a += a_k, b += b_row) {
#pragma GCC unroll 4
        for (int i = 0; i < kBlockRows; i++) {
            const U x = U(alpha * a[i * a_row]);
#pragma GCC unroll 4
            for (int j = 0; j < kBlockVectors; j++) sum[i][j] += load(b + j * W) * x;
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < kBlockRows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < kBlockVectors; j++) store(c + i * c_row + j * W, sum[i][j]);
}

// U is the unsigned type of the same width: products modulo 2^bits are the same.
template <class T>
void multiply_integer(const MatmulArgs& args) {
    using U = std::make_unsigned_t<T>;
    const auto* a = static_cast<const U*>(args.a);
    const auto* b = static_cast<const U*>(args.b);
    auto* c = static_cast<U*>(args.c);
    const auto* bias = static_cast<const U*>(args.bias);
    const auto alpha = Wide<U>(int64_t(args.alpha.real()));
    const auto beta = Wide<U>(int64_t(args.beta.real()));
    const bool by_column = args.bias_along == BiasAlong::Columns;

    auto start = [&](int64_t i, int64_t j, int64_t n) {
        U* row = c + i * args.c_row_stride;
        for (int64_t l = j; l < j + n; l++) {
            const Wide<U> old = beta == 0 ? 0 : beta * row[l];
            row[l] = U(old + (bias ? bias[by_column ? l : i] : U(0)));
        }
    };
    constexpr int64_t kRows = 32;
    const int64_t row_tasks = (args.m + kRows - 1) / kRows;
    const int64_t column_tasks = (args.n + kColumns - 1) / kColumns;
    const double work = double(args.m) * double(args.n) * double(args.k);
    for_tasks(row_tasks * column_tasks, work, [&](int64_t task) {
        const int64_t i0 = task / column_tasks * kRows, j0 = task % column_tasks * kColumns;
        const int64_t i1 = std::min(args.m, i0 + kRows), n = std::min(kColumns, args.n - j0);
        for (int64_t i = i0; i < i1; i++) start(i, j0, n);
        const bool copy = args.b_column_stride != 1;
        const Scratch block(copy ? size_t(kSteps * kColumns) * sizeof(U) : 0);
        for (int64_t k0 = 0; k0 < args.k; k0 += kSteps) {
            const int64_t k1 = std::min(args.k, k0 + kSteps);
            const U* rows = b + k0 * args.b_row_stride + j0 * args.b_column_stride;
            int64_t stride = args.b_row_stride;
            if (copy) {
                U* out = block.as<U>();
                for (int64_t k = k0; k < k1; k++, out += kColumns)
                    for (int64_t j = 0; j < n; j++)
                        out[j] = rows[(k - k0) * args.b_row_stride + j * args.b_column_stride];
                rows = block.as<U>();
                stride = kColumns;
            }
            constexpr int64_t kBlockColumns = kBlockVectors * kLanes<U>;
            int64_t i = i0;
            const int64_t whole = n / kBlockColumns * kBlockColumns;
            for (; i + kBlockRows <= i1; i += kBlockRows) {
                const U* block = a + i * args.a_row_stride + k0 * args.a_column_stride;
                for (int64_t j = 0; j < whole; j += kBlockColumns)
                    add_block(c + i * args.c_row_stride + j0 + j, args.c_row_stride, block,
                              args.a_row_stride, args.a_column_stride, alpha, rows + j, stride,
                              k1 - k0);
            }
            const auto add_rest = [&](int64_t row, int64_t begin) {
                if (begin == n) return;
                for (int64_t k = k0; k < k1; k++)
                    add_row(c + row * args.c_row_stride + j0 + begin,
                            rows + (k - k0) * stride + begin,
                            U(alpha * a[row * args.a_row_stride + k * args.a_column_stride]),
                            n - begin);
            };
            for (int64_t row = i0; row < i1; row++) add_rest(row, row < i ? whole : 0);
        }
    });
}

}  // namespace

template <class T>
void matmul_integer(const MatmulArgs& args) {
    for_batch<T>(args, multiply_integer<T>);
}

template void matmul_integer<int8_t>(const MatmulArgs&);
template void matmul_integer<int16_t>(const MatmulArgs&);
template void matmul_integer<int32_t>(const MatmulArgs&);
template void matmul_integer<int64_t>(const MatmulArgs&);
template void matmul_integer<uint8_t>(const MatmulArgs&);

}  // namespace kajo::cpu::KAJO_ISA
