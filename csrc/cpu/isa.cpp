#include "csrc/cpu/isa.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace kajo::cpu {
namespace {

Isa supported() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        return Isa::AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Isa::AVX2;
#endif
    return Isa::Baseline;
}

Isa requested() {
    const char* name = std::getenv("KAJO_ISA");
    if (name && !std::strcmp(name, "baseline")) return Isa::Baseline;
    if (name && !std::strcmp(name, "avx2")) return Isa::AVX2;
    return Isa::AVX512;
}

}  // namespace

Isa cpu_isa() {
    static const Isa isa = std::min(supported(), requested());
    return isa;
}

}  // namespace kajo::cpu
