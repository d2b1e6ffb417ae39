#include "cpu/linalg.h"

#include <algorithm>
#include <vector>

#include "core/parallel.h"
#include "core/shape.h"
#include "cpu/copy.h"
#include "cpu/lapack.h"
#include "cpu/small_systems.h"

namespace kajo::cpu {

namespace {

template <class F>
void with_type(DType type, F&& f) {
    dispatch<kFloats | kComplexes>(type, "linalg", f);
}

int64_t matrix_elements(const Tensor& t) { return t.size(-1) * t.size(-2); }

int64_t batch_of(const Tensor& t) { return numel_of({t.sizes().data(), t.sizes().size() - 2}); }

// Calls f(entry) for the entries of a batch of rows x columns matrices.
template <class F>
void for_batch(int64_t batch, int64_t rows, int64_t columns, F&& f) {
    constexpr int64_t kTask = 20000;
    const int64_t work = std::max<int64_t>(1, rows * columns * std::min(rows, columns));
    parallel_ranges(batch, std::max<int64_t>(1, kTask / work), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) f(i);
    });
}

// LAPACK wants leading dimensions of at least 1.
int leading(int64_t n) { return static_cast<int>(std::max<int64_t>(1, n)); }

// A matrix of a contiguous column-major copy of `from`.
template <class T>
class ColumnCopy {
  public:
    ColumnCopy(const Tensor& from, int64_t entry) {
        const int64_t rows = from.size(-2), columns = from.size(-1);
        values_.resize(static_cast<size_t>(std::max<int64_t>(1, rows * columns)));
        int64_t offset = 0;
        for (int64_t d = from.dim() - 3; d >= 0; d--) {
            offset += entry % from.size(d) * from.stride(d);
            entry /= from.size(d);
        }
        const T* const base = from.data<T>() + offset;
        for (int64_t j = 0; j < columns; j++)
            for (int64_t i = 0; i < rows; i++)
                values_[static_cast<size_t>(j * rows + i)] =
                    base[i * from.stride(-2) + j * from.stride(-1)];
    }
    T* data() { return values_.data(); }

  private:
    std::vector<T> values_;
};

// The size of work space that a query returned.
template <class T>
int work_size(const T& answer) {
    return std::max(1, static_cast<int>(std::real(answer)));
}

template <class T>
std::vector<T> space(int64_t n) {
    return std::vector<T>(static_cast<size_t>(std::max<int64_t>(1, n)));
}

template <class T>
void clear_above_diagonal(T* a, int64_t n) {
    for (int64_t j = 1; j < n; j++) std::fill(a + j * n, a + j * n + j, T(0));
}

void put_info(const Tensor& info, int64_t entry, int value) { info.data<int32_t>()[entry] = value; }

}  // namespace

void cholesky(TensorRefs out, TensorRefs in, const void*) {
    cpu::copy(out.subspan(0, 1), in.subspan(0, 1), nullptr);
    const int64_t n = in[0].size(-1);
    with_type(in[0].dtype(), [&]<class T>() {
        for_batch(batch_of(in[0]), n, n, [&](int64_t entry) {
            T* const a = out[0].data<T>() + entry * n * n;
            const int size = static_cast<int>(n), lead = leading(n);
            int info = 0;
            lapack<T>().potrf("L", &size, a, &lead, &info, 1);
            clear_above_diagonal(a, n);
            put_info(out[1], entry, info);
        });
    });
}

void lu_factor(TensorRefs out, TensorRefs in, const void*) {
    cpu::copy(out.subspan(0, 1), in.subspan(0, 1), nullptr);
    const int64_t m = in[0].size(-2), n = in[0].size(-1), k = std::min(m, n);
    with_type(in[0].dtype(), [&]<class T>() {
        for_batch(batch_of(in[0]), m, n, [&](int64_t entry) {
            T* const a = out[0].data<T>() + entry * m * n;
            int32_t* const pivots = out[1].data<int32_t>() + entry * k;
            if constexpr (std::is_floating_point_v<T>)
                if (std::max(m, n) <= kSmallSystem)
                    return put_info(out[2], entry, factor_small(a, m, n, pivots));
            const int rows = static_cast<int>(m), columns = static_cast<int>(n), lead = leading(m);
            int info = 0;
            lapack<T>().getrf(&rows, &columns, a, &lead, pivots, &info);
            put_info(out[2], entry, info);
        });
    });
}

void lu_solve(TensorRefs out, TensorRefs in, const void* attributes) {
    const char transpose = static_cast<const LuSolveAttributes*>(attributes)->transpose;
    cpu::copy(out.subspan(0, 1), in.subspan(2, 1), nullptr);
    const int64_t n = out[0].size(-2), k = out[0].size(-1);
    with_type(out[0].dtype(), [&]<class T>() {
        for_batch(batch_of(out[0]), n, n, [&](int64_t entry) {
            ColumnCopy<T> lu(in[0], entry);
            const int32_t* const pivots = in[1].data<int32_t>() + entry * n;
            T* const x = out[0].data<T>() + entry * n * k;
            if constexpr (std::is_floating_point_v<T>)
                if (n <= kSmallSystem) {
                    const auto solve =
                        transpose == 'N' ? solve_small<T> : solve_small_transposed<T>;
                    for (int64_t c = 0; c < k; c++) solve(lu.data(), n, pivots, x + c * n);
                    return;
                }
            const int size = static_cast<int>(n), columns = static_cast<int>(k), lead = leading(n);
            int info = 0;
            lapack<T>().getrs(&transpose, &size, &columns, lu.data(), &lead, pivots, x, &lead,
                              &info, 1);
        });
    });
}

void solve_triangular(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& given = *static_cast<const TriangularAttributes*>(attributes);
    cpu::copy(out.subspan(0, 1), in.subspan(1, 1), nullptr);
    const int64_t m = out[0].size(-2), n = out[0].size(-1), size = in[0].size(-1);
    with_type(out[0].dtype(), [&]<class T>() {
        for_batch(batch_of(out[0]), m, n, [&](int64_t entry) {
            ColumnCopy<T> a(in[0], entry);
            const int rows = static_cast<int>(m), columns = static_cast<int>(n);
            const int lead_a = leading(size), lead_b = leading(m);
            const T one = 1;
            lapack<T>().trsm(given.left ? "L" : "R", given.upper ? "U" : "L", "N",
                             given.unitriangular ? "U" : "N", &rows, &columns, &one, a.data(),
                             &lead_a, out[0].data<T>() + entry * m * n, &lead_b, 1, 1, 1, 1);
        });
    });
}

void ldl_factor(TensorRefs out, TensorRefs in, const void* attributes) {
    const bool hermitian = static_cast<const LinalgAttributes*>(attributes)->flag;
    cpu::copy(out.subspan(0, 1), in.subspan(0, 1), nullptr);
    const int64_t n = in[0].size(-1);
    with_type(in[0].dtype(), [&]<class T>() {
        const auto factor = hermitian ? lapack<T>().hetrf : lapack<T>().sytrf;
        for_batch(batch_of(in[0]), n, n, [&](int64_t entry) {
            const int size = static_cast<int>(n), lead = leading(n), query = -1;
            T* const a = out[0].data<T>() + entry * n * n;
            int* const pivots = out[1].data<int32_t>() + entry * n;
            int info = 0;
            T answer{};
            factor("L", &size, a, &lead, pivots, &answer, &query, &info, 1);
            const int room = work_size(answer);
            factor("L", &size, a, &lead, pivots, space<T>(room).data(), &room, &info, 1);
            clear_above_diagonal(a, n);
            put_info(out[2], entry, info);
        });
    });
}

namespace {

// Whether exchanges stay within the matrix: negative ones come in pairs.
bool possible_pivots(const int32_t* pivots, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        const int64_t p = pivots[i];
        if (p == 0 || std::abs(p) > n) return false;
        if (p > 0) continue;
        if (++i >= n || pivots[i] >= 0 || -int64_t{pivots[i]} > n) return false;
    }
    return true;
}

}  // namespace

void ldl_solve(TensorRefs out, TensorRefs in, const void* attributes) {
    const bool hermitian = static_cast<const LinalgAttributes*>(attributes)->flag;
    cpu::copy(out.subspan(0, 1), in.subspan(2, 1), nullptr);
    const int64_t n = out[0].size(-2), k = out[0].size(-1);
    with_type(out[0].dtype(), [&]<class T>() {
        const auto solve = hermitian ? lapack<T>().hetrs : lapack<T>().sytrs;
        for_batch(batch_of(out[0]), n, n, [&](int64_t entry) {
            const int32_t* const pivots = in[1].data<int32_t>() + entry * n;
            int info = possible_pivots(pivots, n) ? 0 : 1;
            if (info == 0) {
                ColumnCopy<T> ld(in[0], entry);
                const int size = static_cast<int>(n), columns = static_cast<int>(k);
                const int lead = leading(n);
                solve("L", &size, &columns, ld.data(), &lead, pivots,
                      out[0].data<T>() + entry * n * k, &lead, &info, 1);
            }
            put_info(out[1], entry, info);
        });
    });
}

void geqrf(TensorRefs out, TensorRefs in, const void*) {
    cpu::copy(out.subspan(0, 1), in.subspan(0, 1), nullptr);
    const int64_t m = in[0].size(-2), n = in[0].size(-1), k = std::min(m, n);
    with_type(in[0].dtype(), [&]<class T>() {
        for_batch(batch_of(in[0]), m, n, [&](int64_t entry) {
            const int rows = static_cast<int>(m), columns = static_cast<int>(n), lead = leading(m);
            T* const a = out[0].data<T>() + entry * m * n;
            T* const tau = out[1].data<T>() + entry * k;
            int info = 0, query = -1;
            T answer{};
            lapack<T>().geqrf(&rows, &columns, a, &lead, tau, &answer, &query, &info);
            const int size = work_size(answer);
            lapack<T>().geqrf(&rows, &columns, a, &lead, tau, space<T>(size).data(), &size, &info);
        });
    });
}

void qr(TensorRefs out, TensorRefs in, const void*) {
    const Tensor &q = out[0], &r = out[1];
    const int64_t m = in[0].size(-2), n = in[0].size(-1), k = std::min(m, n);
    const int64_t q_columns = q.size(-1), r_rows = r.size(-2);
    with_type(in[0].dtype(), [&]<class T>() {
        for_batch(batch_of(in[0]), m, n, [&](int64_t entry) {
            ColumnCopy<T> a(in[0], entry);
            std::vector<T> tau = space<T>(k);
            const int rows = static_cast<int>(m), columns = static_cast<int>(n), lead = leading(m);
            const int reflectors = static_cast<int>(k), wanted = static_cast<int>(q_columns);
            int info = 0, query = -1;
            T answer[2] = {};
            lapack<T>().geqrf(&rows, &columns, a.data(), &lead, tau.data(), answer, &query, &info);
            lapack<T>().orgqr(&rows, &wanted, &reflectors, a.data(), &lead, tau.data(), answer + 1,
                              &query, &info);
            const int size = std::max(work_size(answer[0]), work_size(answer[1]));
            std::vector<T> work = space<T>(size);
            lapack<T>().geqrf(&rows, &columns, a.data(), &lead, tau.data(), work.data(), &size,
                              &info);
            T* const upper = r.data<T>() + entry * r_rows * n;
            for (int64_t j = 0; j < n; j++)
                for (int64_t i = 0; i < r_rows; i++)
                    upper[j * r_rows + i] = i <= j && i < m ? a.data()[j * m + i] : T(0);
            T* const to = q.data<T>() + entry * m * q_columns;
            std::copy(a.data(), a.data() + m * k, to);
            lapack<T>().orgqr(&rows, &wanted, &reflectors, to, &lead, tau.data(), work.data(),
                              &size, &info);
        });
    });
}

namespace {

template <class T>
int run_svd(char job, int m, int n, T* a, Real<T>* s, T* u, int u_lead, T* vh, int v_lead) {
    using R = Real<T>;
    const int lead = leading(m), k = std::min(m, n), big = std::max(m, n), query = -1;
    int info = 0;
    std::vector<int> integers = space<int>(8 * k);
    const auto run = [&](T* work, Int size) {
        if constexpr (kIsComplex<T>) {
            using Gesdd = void (*)(Char, Int, Int, T*, Int, R*, T*, Int, T*, Int, T*, Int, R*, int*,
                                   int*, size_t);
            const int64_t p = k, q = big;
            static thread_local std::vector<R> reals;
            reals.resize(static_cast<size_t>(
                std::max<int64_t>({1, 7 * p, 5 * p * p + 7 * p, 2 * q * p + 2 * p * p + p})));
            reinterpret_cast<Gesdd>(lapack<T>().gesdd)(&job, &m, &n, a, &lead, s, u, &u_lead, vh,
                                                       &v_lead, work, size, reals.data(),
                                                       integers.data(), &info, 1);
        } else {
            using Gesdd = void (*)(Char, Int, Int, T*, Int, R*, T*, Int, T*, Int, T*, Int, int*,
                                   int*, size_t);
            reinterpret_cast<Gesdd>(lapack<T>().gesdd)(&job, &m, &n, a, &lead, s, u, &u_lead, vh,
                                                       &v_lead, work, size, integers.data(), &info,
                                                       1);
        }
    };
    T answer{};
    run(&answer, &query);
    const int size = work_size(answer);
    std::vector<T> work = space<T>(size);
    run(work.data(), &size);
    return info;
}

template <class T>
void identity(T* to, int64_t n) {
    std::fill(to, to + n * n, T(0));
    for (int64_t i = 0; i < n; i++) to[i * n + i] = T(1);
}

}  // namespace

void svd(TensorRefs out, TensorRefs in, const void* attributes) {
    const bool full = static_cast<const LinalgAttributes*>(attributes)->flag;
    const bool vectors = out.size() == 4;
    const Tensor &s = out[vectors ? 1 : 0], &info = out[vectors ? 3 : 1];
    const int64_t m = in[0].size(-2), n = in[0].size(-1), k = std::min(m, n);
    with_type(in[0].dtype(), [&]<class T>() {
        for_batch(batch_of(in[0]), m, n, [&](int64_t entry) {
            ColumnCopy<T> a(in[0], entry);
            T unused[1];
            T* const u = vectors ? out[0].data<T>() + entry * matrix_elements(out[0]) : unused;
            T* const vh = vectors ? out[2].data<T>() + entry * matrix_elements(out[2]) : unused;
            if (k == 0) {  // which LAPACK leaves at once
                if (full) identity(u, m), identity(vh, n);
                return put_info(info, entry, 0);
            }
            put_info(info, entry,
                     run_svd<T>(!vectors ? 'N'
                                : full   ? 'A'
                                         : 'S',
                                static_cast<int>(m), static_cast<int>(n), a.data(),
                                s.data<Real<T>>() + entry * k, u, leading(m), vh,
                                vectors ? leading(out[2].size(-2)) : 1));
        });
    });
}

void eigh(TensorRefs out, TensorRefs in, const void* attributes) {
    const char* const triangle = static_cast<const LinalgAttributes*>(attributes)->flag ? "U" : "L";
    cpu::copy(out.subspan(1, 1), in.subspan(0, 1), nullptr);
    const int64_t n = in[0].size(-1);
    with_type(in[0].dtype(), [&]<class T>() {
        using R = Real<T>;
        for_batch(batch_of(in[0]), n, n, [&](int64_t entry) {
            T* const a = out[1].data<T>() + entry * n * n;
            R* const w = out[0].data<R>() + entry * n;
            const int size = static_cast<int>(n), lead = leading(n);
            int info = 0;
            const auto run = [&](T* work, int work_n, R* reals, int real_n, int* integers,
                                 int integer_n) {
                if constexpr (kIsComplex<T>) {
                    using Heevd = void (*)(Char, Char, Int, T*, Int, R*, T*, Int, R*, Int, int*,
                                           Int, int*, size_t, size_t);
                    reinterpret_cast<Heevd>(lapack<T>().syevd)("V", triangle, &size, a, &lead, w,
                                                               work, &work_n, reals, &real_n,
                                                               integers, &integer_n, &info, 1, 1);
                } else {
                    using Syevd = void (*)(Char, Char, Int, T*, Int, R*, T*, Int, int*, Int, int*,
                                           size_t, size_t);
                    reinterpret_cast<Syevd>(lapack<T>().syevd)("V", triangle, &size, a, &lead, w,
                                                               work, &work_n, integers, &integer_n,
                                                               &info, 1, 1);
                }
            };
            T work_n{};
            R real_n = 1;
            int integer_n = 1;
            run(&work_n, -1, &real_n, -1, &integer_n, -1);
            std::vector<T> work = space<T>(work_size(work_n));
            std::vector<R> reals = space<R>(work_size(real_n));
            std::vector<int> integers = space<int>(integer_n);
            run(work.data(), work_size(work_n), reals.data(), work_size(real_n), integers.data(),
                std::max(1, integer_n));
            put_info(out[2], entry, info);
        });
    });
}

namespace {

template <class T>
int run_eig(int n, T* a, std::complex<Real<T>>* w, std::complex<Real<T>>* v) {
    using R = Real<T>;
    using C = std::complex<R>;
    const int lead = leading(n), one = 1, query = -1;
    int info = 0;
    T unused[1], answer{};
    if constexpr (kIsComplex<T>) {
        using Geev = void (*)(Char, Char, Int, T*, Int, T*, T*, Int, T*, Int, T*, Int, R*, int*,
                              size_t, size_t);
        std::vector<R> reals = space<R>(2 * n);
        const auto run = [&](T* work, Int size) {
            reinterpret_cast<Geev>(lapack<T>().geev)("N", "V", &n, a, &lead, w, unused, &one, v,
                                                     &lead, work, size, reals.data(), &info, 1, 1);
        };
        run(&answer, &query);
        const int size = work_size(answer);
        run(space<T>(size).data(), &size);
    } else {
        using Geev = void (*)(Char, Char, Int, T*, Int, T*, T*, T*, Int, T*, Int, T*, Int, int*,
                              size_t, size_t);
        std::vector<T> re = space<T>(n), im = space<T>(n), vectors = space<T>(int64_t{n} * n);
        const auto run = [&](T* work, Int size) {
            reinterpret_cast<Geev>(lapack<T>().geev)("N", "V", &n, a, &lead, re.data(), im.data(),
                                                     unused, &one, vectors.data(), &lead, work,
                                                     size, &info, 1, 1);
        };
        run(&answer, &query);
        const int size = work_size(answer);
        run(space<T>(size).data(), &size);
        // Conjugate pairs share two real columns: the real and the imaginary part of the first.
        for (int64_t j = 0; j < n; j++) {
            w[j] = C(re[j], im[j]);
            const bool pair = im[j] != 0 && j + 1 < n;
            for (int64_t i = 0; i < n; i++) {
                const T x = vectors[j * n + i], y = pair ? vectors[(j + 1) * n + i] : T(0);
                v[j * n + i] = C(x, y);
                if (pair) v[(j + 1) * n + i] = C(x, -y);
            }
            if (pair) {
                j++;
                w[j] = C(re[j], im[j]);
            }
        }
    }
    return info;
}

}  // namespace

void eig(TensorRefs out, TensorRefs in, const void*) {
    const int64_t n = in[0].size(-1);
    with_type(in[0].dtype(), [&]<class T>() {
        using C = std::complex<Real<T>>;
        for_batch(batch_of(in[0]), n, n, [&](int64_t entry) {
            ColumnCopy<T> a(in[0], entry);
            put_info(out[2], entry,
                     n == 0
                         ? 0
                         : run_eig<T>(static_cast<int>(n), a.data(), out[0].data<C>() + entry * n,
                                      out[1].data<C>() + entry * n * n));
        });
    });
}

void lstsq(TensorRefs out, TensorRefs in, const void* attributes) {
    const double tolerance = static_cast<const LeastSquaresAttributes*>(attributes)->rcond;
    const int64_t m = in[0].size(-2), n = in[0].size(-1), k = in[1].size(-1);
    const int64_t tall = std::max(m, n), s_size = std::min(m, n);
    with_type(in[0].dtype(), [&]<class T>() {
        using R = Real<T>;
        for_batch(batch_of(in[0]), m, n, [&](int64_t entry) {
            ColumnCopy<T> a(in[0], entry), b(in[1], entry);
            T* const x = out[0].data<T>() + entry * tall * k;
            std::fill(x, x + tall * k, T(0));
            for (int64_t j = 0; j < k; j++)
                std::copy(b.data() + j * m, b.data() + (j + 1) * m, x + j * tall);
            R* const s = out[2].data<R>() + entry * s_size;
            const int rows = static_cast<int>(m), columns = static_cast<int>(n),
                      right = static_cast<int>(k), lead_a = leading(m), lead_b = leading(tall);
            const R rcond = static_cast<R>(tolerance);
            int rank = 0, info = 0;
            const auto run = [&](T* work, int work_n, R* reals, int* integers) {
                if constexpr (kIsComplex<T>) {
                    using Gelsd = void (*)(Int, Int, Int, T*, Int, T*, Int, R*, const R*, int*, T*,
                                           Int, R*, int*, int*);
                    reinterpret_cast<Gelsd>(lapack<T>().gelsd)(
                        &rows, &columns, &right, a.data(), &lead_a, x, &lead_b, s, &rcond, &rank,
                        work, &work_n, reals, integers, &info);
                } else {
                    using Gelsd = void (*)(Int, Int, Int, T*, Int, T*, Int, R*, const R*, int*, T*,
                                           Int, int*, int*);
                    reinterpret_cast<Gelsd>(lapack<T>().gelsd)(
                        &rows, &columns, &right, a.data(), &lead_a, x, &lead_b, s, &rcond, &rank,
                        work, &work_n, integers, &info);
                }
            };
            T work_n{};
            R real_n = 1;
            int integer_n = 1;
            run(&work_n, -1, &real_n, &integer_n);
            std::vector<T> work = space<T>(work_size(work_n));
            std::vector<R> reals = space<R>(work_size(real_n));
            std::vector<int> integers = space<int>(integer_n);
            run(work.data(), work_size(work_n), reals.data(), integers.data());
            out[1].data<int64_t>()[entry] = rank;
            put_info(out[3], entry, info);
        });
    });
}

}  // namespace kajo::cpu
