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

namespace {
template <class Kernels>
const Kernels& choose([[maybe_unused]] const Kernels& avx512, [[maybe_unused]] const Kernels& avx2,
                      const Kernels& baseline) {
    const Isa isa = cpu_isa();
    return isa == Isa::AVX512 ? avx512 : isa == Isa::AVX2 ? avx2 : baseline;
}
}  // namespace

#if !KAJO_X86
namespace avx2 = baseline;
namespace avx512 = baseline;
#endif

const MoveKernels& move_kernels() {
    static const MoveKernels& chosen =
        choose(avx512::move_kernels, avx2::move_kernels, baseline::move_kernels);
    return chosen;
}

const ConvertKernels& convert_kernels() {
    static const ConvertKernels& chosen =
        choose(avx512::convert_kernels, avx2::convert_kernels, baseline::convert_kernels);
    return chosen;
}

}  // namespace kajo::cpu
