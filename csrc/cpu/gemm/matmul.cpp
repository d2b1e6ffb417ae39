// Matrix products of real and complex floating point types.
#include "cpu/gemm/batch.h"
#include "cpu/gemm/few_rows.h"
#include "cpu/gemm/gemv.h"
#include "cpu/gemm/kernels.h"
#include "cpu/gemm/long_sums.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

#if defined(__AVX2__)
constexpr bool kFastMasks = true;
#else
constexpr bool kFastMasks = false;
#endif

// Packing does not pay where few rows use each panel of B, or where all of B is near anyway.
template <class S>
bool reads_in_place(const MatmulArgs& args) {
    constexpr int64_t kFewTiles = 10, kNear = 65536, kManySteps = 128;
    const bool along_rows = args.a_column_stride != 1 && args.k > kManySteps;
    if (along_rows && !near_rows<S>(args.a_row_stride, args.a_column_stride)) return false;
    if (args.b_column_stride != 1 || (!kFastMasks && args.n % kLanes<S> != 0)) return false;
    return args.m <= kFewTiles * kTileRows || args.k * args.n <= kNear;
}

template <class S>
void multiply_in_place(const MatmulArgs& args) {
    constexpr int W = kLanes<S>, kColumns = kTileColumns<S>;
    constexpr int64_t kSteps = 512, kShort = 32, kTaskColumns = 8 * kColumns;
    constexpr double kRowTaskWork = kTaskWork / 3;
    const auto* a = static_cast<const S*>(args.a);
    const auto* b = static_cast<const S*>(args.b);
    const MatrixSink<S> sink = sink_of<S>(args);
    const int height = tile_rows(args.m);
    const int64_t tiles = (args.m + height - 1) / height;
    const int64_t column_tasks = (args.n + kTaskColumns - 1) / kTaskColumns;
    const double work = double(args.m) * double(args.n) * double(args.k);
    const int64_t row_tasks =
        std::clamp(int64_t(work / kRowTaskWork / double(column_tasks)), (tiles + 9) / 10, tiles);

    auto run_tile = [&](int64_t i, int64_t j, int64_t k0) {
        const int rows = int(std::min<int64_t>(height, args.m - i));
        const int columns = int(std::min<int64_t>(kColumns, args.n - j));
        const int vectors = (columns + W - 1) / W;
        const int64_t k = std::min(kSteps, args.k - k0);
        const S beta = k0 ? S(1) : sink.beta;
        S* const c = sink.c + i * args.c_row_stride + j;
        const bool last = k0 + k == args.k;
        TileCall<S> call{k,
                         a + i * args.a_row_stride + k0 * args.a_column_stride,
                         args.a_row_stride,
                         args.a_column_stride,
                         b + k0 * args.b_row_stride + j,
                         args.b_row_stride,
                         c,
                         args.c_row_stride,
                         sink.alpha,
                         beta,
                         beta == 0 ? Write::Overwrite : Write::Update,
                         first_lanes<S>(columns - (vectors - 1) * W),
                         last && sink.column_bias ? sink.column_bias + j : nullptr};
        call.sum_steps = sum_steps(k);
        kTiles<Multiply<S>, false>[vectors - 1][rows](call);
        if (sink.has_epilogue && last) sink.finish(c, args.c_row_stride, i, rows, j, columns);
    };
    for_tasks(row_tasks * column_tasks, work, [&](int64_t task) {
        const int64_t rows = task / column_tasks, j0 = task % column_tasks * kTaskColumns;
        const int64_t i0 = rows * tiles / row_tasks * height;
        const int64_t i1 = std::min(args.m, (rows + 1) * tiles / row_tasks * height);
        const int64_t j1 = std::min(args.n, j0 + kTaskColumns);
        // A short sum is all writing: rows of the result in order.
        if (args.k <= kShort) {
            for (int64_t i = i0; i < i1; i += height)
                for (int64_t j = j0; j < j1; j += kColumns) run_tile(i, j, 0);
            return;
        }
        for (int64_t j = j0; j < j1; j += kColumns)
            for (int64_t k0 = 0; k0 < args.k; k0 += kSteps)
                for (int64_t i = i0; i < i1; i += height) run_tile(i, j, k0);
    });
}

// A small B with its columns adjacent is transposed first, then read in place.
constexpr int64_t kSmallBytes = 32768;

template <class S>
int64_t whole_vectors(int64_t n) {
    return (n + kLanes<S> - 1) / kLanes<S> * kLanes<S>;
}

template <class S>
bool is_small_transposed(const MatmulArgs& args) {
    return args.b_column_stride != 1 &&
           args.k * whole_vectors<S>(args.n) * int64_t(sizeof(S)) <= kSmallBytes;
}

template <class S>
void multiply_transposed(MatmulArgs args) {
    alignas(kVectorBytes) S rows[kSmallBytes / sizeof(S)];
    const int64_t panel = whole_vectors<S>(args.n);
    pack_panel(static_cast<const S*>(args.b), args.b_column_stride, args.b_row_stride, int(args.n),
               int(panel), args.k, rows);
    args.b = rows;
    args.b_row_stride = panel;
    args.b_column_stride = 1;
    multiply_in_place<S>(args);
}

template <class T>
void multiply_matrix(const MatmulArgs& args) {
    using S = ComputeType<T>;
    if (args.k <= 0) return put_empty_product<T>(args);
    if (args.m == 1 || args.n == 1) return multiply_vector(vector_product<T>(args));
    if constexpr (std::is_same_v<S, T>) {
        if (has_few_rows(args))
            return multiply_few_rows<Multiply<S>, T>(few_rows<S>(args, 1), args);
        if (is_small_transposed<S>(args)) return multiply_transposed<S>(args);
        if (reads_in_place<S>(args)) return multiply_in_place<S>(args);
    }
    const MatrixSource<T> a(static_cast<const T*>(args.a), args.a_row_stride, args.a_column_stride);
    const MatrixSource<T> b(static_cast<const T*>(args.b), args.b_column_stride, args.b_row_stride);
    multiply_sources<Multiply<S>, T>(args, args.k, a, b, kProductBlocking);
}

// A complex product is the real product of [Re A, Im A] pairs of columns with pairs of rows
// [Re B, Im B] and [-Im B, Re B], all interleaved as they lie in memory.
template <class S>
struct ComplexRows final : Source<S> {
    ComplexRows(const S* p, int64_t row_stride, int64_t column_stride)
        : p(p), row_stride(row_stride), column_stride(column_stride) {}

    void pack(int64_t lane, int lanes, int64_t k0, int64_t k, int panel, S* out) const override {
        const S* rows = p + 2 * lane * row_stride;
        if (column_stride == 1)
            return pack_columns(rows + k0, 2 * row_stride, lanes, panel, k, out);
        for (int64_t i = k0; i < k0 + k; i++) {
            const S* column = rows + 2 * (i / 2) * column_stride + i % 2;
            for (int l = 0; l < panel; l++) *out++ = l < lanes ? column[2 * l * row_stride] : S(0);
        }
    }

    const S* p;
    int64_t row_stride, column_stride;
};

template <class S>
struct ComplexColumns final : Source<S> {
    explicit ComplexColumns(const MatmulArgs& args)
        : p(static_cast<const S*>(args.b)),
          row_stride(args.b_row_stride),
          column_stride(args.b_column_stride),
          alpha(S(args.alpha.real()), S(args.alpha.imag())),
          sign(args.b_conjugate ? S(-1) : S(1)),
          // conj(A) B negates what Im A multiplies.
          odd_sign(args.a_conjugate ? S(-1) : S(1)) {}

    void pack(int64_t lane, int lanes, int64_t k0, int64_t k, int panel, S* out) const override {
        const S ar = alpha.real(), ai = alpha.imag();
        if (column_stride == 1 && ai == 0) return pack_pairs(lane, lanes, k0, k, panel, out);
        for (int64_t i = k0; i < k0 + k; i++, out += panel) {
            const S* row = p + 2 * ((i / 2) * row_stride + lane / 2 * column_stride);
            for (int l = 0; l < lanes; l += 2, row += 2 * column_stride) {
                const S im = sign * row[1];
                const S scaled_re = ai == 0 ? ar * row[0] : ar * row[0] - ai * im;
                const S scaled_im = ai == 0 ? ar * im : ar * im + ai * row[0];
                out[l] = i % 2 ? -odd_sign * scaled_im : scaled_re;
                out[l + 1] = i % 2 ? odd_sign * scaled_re : scaled_im;
            }
            std::fill(out + lanes, out + panel, S(0));
        }
    }

    // Numbers side by side: [re, im] times alpha, and [-im, re].
    void pack_pairs(int64_t lane, int lanes, int64_t k0, int64_t k, int panel, S* out) const {
        constexpr int W = kLanes<S>;
        Vector<S> plain, swapped;
        for (int l = 0; l < W; l += 2) {
            plain[l] = alpha.real(), plain[l + 1] = sign * alpha.real();
            swapped[l] = -odd_sign * plain[l + 1], swapped[l + 1] = odd_sign * alpha.real();
        }
        for (int64_t i = k0; i < k0 + k; i++, out += panel)
            for (int l = 0; l < panel; l += W) {
                const S* row = p + 2 * (i / 2) * row_stride + lane + l;
                __builtin_prefetch(row + 8 * row_stride);
                const Vector<S> v = load_first(row, lanes - l);
                store(out + l, i % 2 ? swap_pairs<S>(v) * swapped : v * plain);
            }
    }

    const S* p;
    int64_t row_stride, column_stride;
    std::complex<S> alpha;
    S sign, odd_sign;
};

// C = beta * C + bias along rows, which the real sink cannot express.
template <class S>
void prepare_complex(const MatmulArgs& args, const S* row_bias) {
    auto* c = static_cast<S*>(args.c);
    const S re = S(args.beta.real()), im = S(args.beta.imag());
    const bool zero = re == 0 && im == 0;
    for (int64_t i = 0; i < args.m; i++)
        for (int64_t j = 0; j < args.n; j++) {
            S* value = c + 2 * (i * args.c_row_stride + j);
            const S old_re = zero ? S(0) : value[0], old_im = zero ? S(0) : value[1];
            value[0] = re * old_re - im * old_im + (row_bias ? row_bias[2 * i] : S(0));
            value[1] = re * old_im + im * old_re + (row_bias ? row_bias[2 * i + 1] : S(0));
        }
}

template <class S>
void multiply_complex(const MatmulArgs& args) {
    MatmulArgs real = args;  // the same memory as a real problem
    real.n = 2 * args.n;
    real.k = 2 * args.k;
    real.c_row_stride = 2 * args.c_row_stride;
    real.alpha = 1.0;
    real.activation = nullptr;
    const bool row_bias = args.bias && args.bias_along == BiasAlong::Rows;
    if (row_bias || args.beta.imag() != 0) {
        prepare_complex<S>(args, row_bias ? static_cast<const S*>(args.bias) : nullptr);
        real.beta = 1.0;
        if (row_bias) real.bias = nullptr;
    }
    if (args.k <= 0) return put_empty_product<S>(real);
    const ComplexRows<S> a(static_cast<const S*>(args.a), args.a_row_stride, args.a_column_stride);
    const ComplexColumns<S> b(args);
    multiply_sources<Multiply<S>, S>(real, real.k, a, b, kProductBlocking);
}

}  // namespace

template <class T>
void matmul_real(const MatmulArgs& args) {
    for_batch<T>(args, multiply_matrix<T>);
}

template <class S>
void matmul_complex(const MatmulArgs& args) {
    for_batch<std::complex<S>>(args, multiply_complex<S>);
}

template void matmul_real<float>(const MatmulArgs&);
template void matmul_real<double>(const MatmulArgs&);
template void matmul_real<BFloat16>(const MatmulArgs&);
template void matmul_real<Half>(const MatmulArgs&);
template void matmul_complex<float>(const MatmulArgs&);
template void matmul_complex<double>(const MatmulArgs&);

}  // namespace kajo::cpu::KAJO_ISA
