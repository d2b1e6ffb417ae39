#include "cpu/fft.h"

#include "cpu/isa.h"

namespace kajo::cpu {

namespace baseline {
extern const FourierKernels fourier_kernels;
}
#if KAJO_X86
namespace avx2 {
extern const FourierKernels fourier_kernels;
}
namespace avx512 {
extern const FourierKernels fourier_kernels;
}
#endif

namespace {

const FourierFunctions& functions_for(const Tensor& out) {
    const FourierKernels& chosen =
        of_cpu_isa(baseline::fourier_kernels, avx2::fourier_kernels, avx512::fourier_kernels);
    const DType type = out.dtype();
    return type == DType::Float64 || type == DType::Complex128 ? chosen.f64 : chosen.f32;
}

}  // namespace

void fourier(TensorRefs out, TensorRefs in, const void* attributes) {
    functions_for(out[0]).complex(*static_cast<const FourierAttributes*>(attributes),
                                  in[0].raw_data(), out[0].raw_data());
}
void fourier_from_real(TensorRefs out, TensorRefs in, const void* attributes) {
    functions_for(out[0]).from_real(*static_cast<const FourierAttributes*>(attributes),
                                    in[0].raw_data(), out[0].raw_data());
}
void fourier_to_real(TensorRefs out, TensorRefs in, const void* attributes) {
    functions_for(out[0]).to_real(*static_cast<const FourierAttributes*>(attributes),
                                  in[0].raw_data(), out[0].raw_data());
}

}  // namespace kajo::cpu
