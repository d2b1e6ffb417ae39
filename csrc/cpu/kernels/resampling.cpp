// Weighted sums of rows.
#include "cpu/resampling.h"

#include "cpu/fold.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

template <class T, int kVectors>
void sum_of(T* y, const T* const* rows, const T* weights, int64_t count, int64_t at) {
    V<T> sums[kVectors];
    for (int v = 0; v < kVectors; v++) sums[v] = load(rows[0] + at + v * kLanes<T>) * weights[0];
    for (int64_t k = 1; k < count; k++)
        for (int v = 0; v < kVectors; v++)
            sums[v] += load(rows[k] + at + v * kLanes<T>) * weights[k];
    std::memcpy(y + at, sums, sizeof sums);
}

template <class T>
void weighted_sum(T* y, const T* const* rows, const T* weights, int64_t count, int64_t n) {
    if (count == 0) {
        std::memset(y, 0, static_cast<size_t>(n) * sizeof(T));
        return;
    }
    int64_t i = 0;
    for (; i + 4 * kLanes<T> <= n; i += 4 * kLanes<T>) sum_of<T, 4>(y, rows, weights, count, i);
    for (; i + kLanes<T> <= n; i += kLanes<T>) sum_of<T, 1>(y, rows, weights, count, i);
    for (; i < n; i++) {
        T sum = rows[0][i] * weights[0];
        for (int64_t k = 1; k < count; k++) sum += rows[k][i] * weights[k];
        y[i] = sum;
    }
}

void weighted_bytes(uint8_t* y, const uint8_t* const* rows, const int32_t* weights, int64_t count,
                    int64_t n, int precision) {
    typedef uint8_t Bytes __attribute__((vector_size(16)));
    typedef int32_t Sums __attribute__((vector_size(64)));
    const int32_t half = 1 << precision >> 1;
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        Sums sums = half - Sums{};
        for (int64_t k = 0; k < count; k++) {
            Bytes row;
            std::memcpy(&row, rows[k] + i, sizeof row);
            sums += __builtin_convertvector(row, Sums) * weights[k];
        }
        sums >>= precision;
        sums = sums < 0 ? Sums{} : sums > 255 ? 255 - Sums{} : sums;
        const Bytes result = __builtin_convertvector(sums, Bytes);
        std::memcpy(y + i, &result, sizeof result);
    }
    for (; i < n; i++) {
        int32_t sum = half;
        for (int64_t k = 0; k < count; k++) sum += rows[k][i] * weights[k];
        y[i] = static_cast<uint8_t>(std::min(255, std::max(0, sum >> precision)));
    }
}

}  // namespace

extern const ResamplingKernels resampling_kernels;
const ResamplingKernels resampling_kernels{weighted_sum<float>, weighted_sum<double>,
                                           weighted_bytes};

}  // namespace kajo::cpu::KAJO_ISA
