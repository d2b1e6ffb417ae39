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
#endif

const PanelKernels& panel_kernels() {
    return of_cpu_isa(baseline::panel_kernels, avx2::panel_kernels, avx512::panel_kernels);
}

}  // namespace kajo::cpu
