#include "cpu/panels.h"

#include "cpu/isa.h"

namespace kajo::cpu {

namespace baseline {
extern const PanelKernels panel_kernels;
}
#if KAJO_X86
namespace avx2 {
extern const PanelKernels panel_kernels;
}
namespace avx512 {
extern const PanelKernels panel_kernels;
}
#else
namespace avx2 = baseline;
namespace avx512 = baseline;
#endif

const PanelKernels& panel_kernels() {
    static const PanelKernels& chosen = cpu_isa() == Isa::AVX512 ? avx512::panel_kernels
                                        : cpu_isa() == Isa::AVX2 ? avx2::panel_kernels
                                                                 : baseline::panel_kernels;
    return chosen;
}

}  // namespace kajo::cpu
