// Products of few rows with a matrix that was packed before.
#include "cpu/panels.h"

#include "cpu/gemm/pack.h"
#include "cpu/gemm/tile.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

template <class T>
struct Panels {
    static constexpr int kColumns = kTileColumns<T>;

    static size_t bytes(int64_t k, int64_t n) {
        return static_cast<size_t>((n + kColumns - 1) / kColumns * kColumns * k) * sizeof(T);
    }
    static void pack(const void* b, int64_t row_stride, int64_t column_stride, int64_t k, int64_t n,
                     void* panels) {
        const T* from = static_cast<const T*>(b);
        T* to = static_cast<T*>(panels);
        for (int64_t j = 0; j < n; j += kColumns, to += k * kColumns)
            pack_panel<T>(from + j * column_stride, column_stride, row_stride,
                          static_cast<int>(std::min<int64_t>(kColumns, n - j)), kColumns, k, to);
    }
    static void multiply(const void* left, int64_t a_row, const void* panels, void* result,
                         int64_t c_row, int64_t rows, int64_t n, int64_t k, bool add) {
        constexpr int W = kLanes<T>;
        const T *a = static_cast<const T*>(left), *b = static_cast<const T*>(panels);
        T* const c = static_cast<T*>(result);
        const int height = tile_rows(rows);
        for (int64_t j = 0; j < n; j += kColumns, b += k * kColumns) {
            const int columns = static_cast<int>(std::min<int64_t>(kColumns, n - j));
            const int vectors = (columns + W - 1) / W;
            for (int64_t i = 0; i < rows; i += height)
                kTiles<Multiply<T>, false>[vectors - 1][std::min<int64_t>(height, rows - i)](
                    {k, a + i * a_row, a_row, 1, b, kColumns, c + i * c_row + j, c_row, T(1), T(1),
                     add ? Write::Update : Write::Overwrite,
                     first_lanes<T>(columns - (vectors - 1) * W)});
        }
    }

    static constexpr PanelFunctions functions{bytes, pack, multiply};
};

}  // namespace

extern const PanelKernels panel_kernels;
const PanelKernels panel_kernels{Panels<float>::functions, Panels<double>::functions};

}  // namespace kajo::cpu::KAJO_ISA
