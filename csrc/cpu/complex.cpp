#include "cpu/complex.h"

#include <utility>

#include "cpu/isa.h"
#include "pointwise_ids.h"

namespace kajo::cpu {

namespace baseline {
extern const ComplexKernels complex_kernels;
}
#if KAJO_X86
namespace avx2 {
extern const ComplexKernels complex_kernels;
}
namespace avx512 {
extern const ComplexKernels complex_kernels;
}
#endif

TileFn complex_tile(OpId op, ComputeType type) {
    if (type != C64 && type != C128) return nullptr;
    const ComplexKernels& chosen =
        of_cpu_isa(baseline::complex_kernels, avx2::complex_kernels, avx512::complex_kernels);
    constexpr std::pair<OpId, TileFn ComplexTiles::*> kTiles[] = {
        {OpId::add, &ComplexTiles::add},           {OpId::sub, &ComplexTiles::sub},
        {OpId::mul, &ComplexTiles::mul},           {OpId::square, &ComplexTiles::square},
        {OpId::pow_square, &ComplexTiles::square}, {OpId::neg, &ComplexTiles::neg},
        {OpId::conj, &ComplexTiles::conj}};
    for (const auto& [id, tile] : kTiles)
        if (id == op) return (type == C64 ? chosen.c64 : chosen.c128).*tile;
    return nullptr;
}

}  // namespace kajo::cpu
