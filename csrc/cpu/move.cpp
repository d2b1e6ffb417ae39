#include "cpu/move.h"

#include "cpu/isa.h"

namespace kajo::cpu {

namespace baseline {
extern const MoveKernels move_kernels;
extern const ConvertKernels convert_kernels;
}  // namespace baseline
#if KAJO_X86
namespace avx2 {
extern const MoveKernels move_kernels;
extern const ConvertKernels convert_kernels;
}  // namespace avx2
namespace avx512 {
extern const MoveKernels move_kernels;
extern const ConvertKernels convert_kernels;
}  // namespace avx512
#endif

const MoveKernels& move_kernels() {
    return of_cpu_isa(baseline::move_kernels, avx2::move_kernels, avx512::move_kernels);
}

const ConvertKernels& convert_kernels() {
    return of_cpu_isa(baseline::convert_kernels, avx2::convert_kernels, avx512::convert_kernels);
}

}  // namespace kajo::cpu
