#include "cpu/complex.h"

#include <algorithm>
#include <type_traits>
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

namespace {

// By the real operation's kernel on the parts.
template <class T>
void angle(const void* const* in, void* const* out, const void*, int64_t n) {
    constexpr int64_t kPiece = 256;
    const ComputeType type = std::is_same_v<T, float> ? F32 : F64;
    const TileFn arc = pointwise_op(OpId::atan2).forward.by_type[type];
    const T* from = static_cast<const T*>(in[0]);
    T* to = static_cast<T*>(out[0]);
    T real[kPiece], imaginary[kPiece];
    for (int64_t i = 0; i < n; i += kPiece) {
        const int64_t count = std::min(kPiece, n - i);
        for (int64_t j = 0; j < count; j++) {
            real[j] = from[2 * (i + j)];
            imaginary[j] = from[2 * (i + j) + 1];
        }
        const void* parts[] = {imaginary, real};
        void* angles[] = {to + i};
        arc(parts, angles, nullptr, count);
    }
}

}  // namespace

TileFn complex_tile(OpId op, ComputeType type) {
    if (type != C64 && type != C128) return nullptr;
    const ComplexKernels& chosen =
        of_cpu_isa(baseline::complex_kernels, avx2::complex_kernels, avx512::complex_kernels);
    constexpr std::pair<OpId, TileFn ComplexTiles::*> kTiles[] = {
        {OpId::add, &ComplexTiles::add},
        {OpId::sub, &ComplexTiles::sub},
        {OpId::mul, &ComplexTiles::mul},
        {OpId::square, &ComplexTiles::square},
        {OpId::pow_square, &ComplexTiles::square},
        {OpId::neg, &ComplexTiles::neg},
        {OpId::conj, &ComplexTiles::conj},
        {OpId::div, &ComplexTiles::div},
        {OpId::reciprocal, &ComplexTiles::reciprocal},
        {OpId::pow_inverse, &ComplexTiles::reciprocal},
        {OpId::sgn, &ComplexTiles::sgn}};
    if (op == OpId::angle) return type == C64 ? angle<float> : angle<double>;
    for (const auto& [id, tile] : kTiles)
        if (id == op) return (type == C64 ? chosen.c64 : chosen.c128).*tile;
    return nullptr;
}

}  // namespace kajo::cpu
