// Softmax and its relatives along the columns of a block.
#include "cpu/columns.h"

#include <algorithm>

#include "cpu/fold.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

// Rows are summed up in pieces, whose sums are added: long columns stay accurate.
constexpr int64_t kPiece = 64;

template <class T>
struct Columns {
    static const T* from(const void* p) { return static_cast<const T*>(p); }
    static void store(T* to, V<T> x) { std::memcpy(to, &x, sizeof x); }

    template <class F>
    static void each_vector(int64_t width, F f) {
        for (int64_t j = 0; j < width; j += kLanes<T>) f(j);
    }

    // The sum of f(place) down the column that begins at j.
    template <class F>
    static V<T> summed(int64_t n, int64_t width, int64_t j, F f) {
        V<T> total{};
        for (int64_t first = 0; first < n; first += kPiece) {
            V<T> sum{};
            for (int64_t i = first; i < std::min(n, first + kPiece); i++) sum += f(i * width + j);
            total += sum;
        }
        return total;
    }

    static V<T> largest_of(const T* x, int64_t n, int64_t width, int64_t j) {
        V<T> largest = load(x + j);
        for (int64_t i = 1; i < n; i++) {
            const V<T> v = load(x + i * width + j);
            largest = v > largest ? v : largest;
        }
        return largest;
    }

    static void apply(TileFn f, const T* x, T* y, int64_t n) {
        const void* in[] = {x};
        void* out[] = {y};
        f(in, out, nullptr, n);
    }

    // y = exp(x - shift), with a shift for each column.
    static void shifted_exp(T* y, const T* x, const T* shift, int64_t n, int64_t width,
                            TileFn exp) {
        for (int64_t i = 0; i < n; i++)
            each_vector(width, [&](int64_t j) {
                store(y + i * width + j, load(x + i * width + j) - load(shift + j));
            });
        apply(exp, y, y, n * width);
    }

    static void softmax(void* y_, const void* x_, int64_t n, int64_t width, TileFn exp) {
        T* y = static_cast<T*>(y_);
        alignas(64) T largest[kMaxColumns];
        each_vector(width,
                    [&](int64_t j) { store(largest + j, largest_of(from(x_), n, width, j)); });
        shifted_exp(y, from(x_), largest, n, width, exp);
        each_vector(width, [&](int64_t j) {
            const V<T> scale =
                filled<T>(1) / summed(n, width, j, [&](int64_t at) { return load(y + at); });
            for (int64_t i = 0; i < n; i++) {
                const int64_t at = i * width + j;
                store(y + at, load(y + at) * scale);
            }
        });
    }

    static void log_softmax(void* y_, const void* x_, int64_t n, int64_t width, TileFn exp,
                            TileFn log) {
        T* y = static_cast<T*>(y_);
        const T* x = from(x_);
        alignas(64) T largest[kMaxColumns], log_sum[kMaxColumns];
        log_sum_exp(largest, log_sum, x, n, width, exp, log);
        for (int64_t i = 0; i < n; i++)
            each_vector(width, [&](int64_t j) {
                const int64_t at = i * width + j;
                store(y + at, load(x + at) - load(largest + j) - load(log_sum + j));
            });
    }

    static void softmax_backward(void* out_, const void* grad_, const void* y_, int64_t n,
                                 int64_t width) {
        T* out = static_cast<T*>(out_);
        const T *grad = from(grad_), *y = from(y_);
        each_vector(width, [&](int64_t j) {
            const V<T> sum =
                summed(n, width, j, [&](int64_t at) { return load(grad + at) * load(y + at); });
            for (int64_t i = 0; i < n; i++) {
                const int64_t at = i * width + j;
                store(out + at, load(y + at) * (load(grad + at) - sum));
            }
        });
    }

    static void log_softmax_backward(void* out_, const void* grad_, const void* y_, int64_t n,
                                     int64_t width, TileFn exp) {
        T* out = static_cast<T*>(out_);
        const T* grad = from(grad_);
        apply(exp, from(y_), out, n * width);
        each_vector(width, [&](int64_t j) {
            const V<T> sum = summed(n, width, j, [&](int64_t at) { return load(grad + at); });
            for (int64_t i = 0; i < n; i++) {
                const int64_t at = i * width + j;
                store(out + at, load(grad + at) - load(out + at) * sum);
            }
        });
    }

    static void log_sum_exp(void* largest, void* log_sum, const void* x, int64_t n, int64_t width,
                            TileFn exp, TileFn log) {
        // Long columns are exponentiated a piece at a time.
        constexpr int64_t kLines = 16;
        alignas(64) T buffer[kLines * kMaxColumns];
        T *shift = static_cast<T*>(largest), *sum = static_cast<T*>(log_sum);
        each_vector(width, [&](int64_t j) {
            store(shift + j, largest_of(from(x), n, width, j));
            store(sum + j, V<T>{});
        });
        for (int64_t first = 0; first < n; first += kLines) {
            const int64_t lines = std::min(kLines, n - first);
            shifted_exp(buffer, from(x) + first * width, shift, lines, width, exp);
            each_vector(width, [&](int64_t j) {
                store(sum + j, load(sum + j) + summed(lines, width, j, [&](int64_t at) {
                                   return load(buffer + at);
                               }));
            });
        }
        apply(log, sum, sum, width);
    }

    static void scaled_exp(void* y_, const void* x, const void* shift, const void* scale, int64_t n,
                           int64_t width, TileFn exp) {
        T* y = static_cast<T*>(y_);
        shifted_exp(y, from(x), from(shift), n, width, exp);
        for (int64_t i = 0; i < n; i++)
            each_vector(width, [&](int64_t j) {
                const int64_t at = i * width + j;
                store(y + at, load(y + at) * load(from(scale) + j));
            });
    }

    static constexpr ColumnFunctions functions{
        softmax, log_softmax, softmax_backward, log_softmax_backward, log_sum_exp, scaled_exp};
};

}  // namespace

extern const ColumnKernels column_kernels;
const ColumnKernels column_kernels{Columns<float>::functions, Columns<double>::functions};

}  // namespace kajo::cpu::KAJO_ISA
