// LU factors of matrices so small that a call of LAPACK costs more than the work. Columns are
// adjacent, pivots count from 1, as there.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace kajo::cpu {

inline constexpr int64_t kSmallSystem = 16;

// Returns 0, or the first column, counted from 1, whose pivot is 0.
template <class T>
int factor_small(T* a, int64_t rows, int64_t columns, int32_t* pivots) {
    int info = 0;
    for (int64_t j = 0; j < std::min(rows, columns); j++) {
        T* const column = a + j * rows;
        int64_t largest = j;
        for (int64_t i = j + 1; i < rows; i++)
            if (std::abs(column[i]) > std::abs(column[largest])) largest = i;
        pivots[j] = static_cast<int32_t>(largest + 1);
        if (column[largest] == T(0)) {
            if (info == 0) info = static_cast<int>(j + 1);
            continue;
        }
        if (largest != j)
            for (int64_t c = 0; c < columns; c++) std::swap(a[c * rows + j], a[c * rows + largest]);
        for (int64_t i = j + 1; i < rows; i++) column[i] /= column[j];
        for (int64_t c = j + 1; c < columns; c++) {
            T* const other = a + c * rows;
            for (int64_t i = j + 1; i < rows; i++) other[i] -= column[i] * other[j];
        }
    }
    return info;
}

// x = A^-1 x
template <class T>
void solve_small(const T* lu, int64_t n, const int32_t* pivots, T* x) {
    for (int64_t i = 0; i < n; i++) std::swap(x[i], x[pivots[i] - 1]);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = j + 1; i < n; i++) x[i] -= lu[j * n + i] * x[j];
    for (int64_t j = n - 1; j >= 0; j--) {
        x[j] /= lu[j * n + j];
        for (int64_t i = 0; i < j; i++) x[i] -= lu[j * n + i] * x[j];
    }
}

// x = A^-T x
template <class T>
void solve_small_transposed(const T* lu, int64_t n, const int32_t* pivots, T* x) {
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i < j; i++) x[j] -= lu[j * n + i] * x[i];
        x[j] /= lu[j * n + j];
    }
    for (int64_t j = n - 1; j >= 0; j--)
        for (int64_t i = j + 1; i < n; i++) x[j] -= lu[j * n + i] * x[i];
    for (int64_t i = n - 1; i >= 0; i--) std::swap(x[i], x[pivots[i] - 1]);
}

}  // namespace kajo::cpu
