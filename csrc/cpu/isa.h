// The instruction sets that kernels are compiled for, and the choice among them at load time.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace kajo::cpu {

enum class Isa : int8_t { Baseline, AVX2, AVX512 };

constexpr const char* isa_name(Isa isa) {
    constexpr const char* names[] = {"baseline", "avx2", "avx512"};
    return names[static_cast<int>(isa)];
}

// The best compiled set that both this machine and its operating system support.
inline Isa machine_isa() {
#if defined(KAJO_X86)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("f16c"))
        return Isa::Baseline;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512cd"))
        return Isa::AVX512;
    return Isa::AVX2;
#else
    return Isa::Baseline;
#endif
}

// The set in use: the machine's, lowered (never raised) by KAJO_ISA=baseline|avx2|avx512.
inline Isa cpu_isa() {
    static const Isa chosen = [] {
        const Isa machine = machine_isa();
        const char* wish = std::getenv("KAJO_ISA");
        if (wish == nullptr) return machine;
        for (Isa isa : {Isa::Baseline, Isa::AVX2, Isa::AVX512})
            if (std::string_view(wish) == isa_name(isa) && isa < machine) return isa;
        return machine;
    }();
    return chosen;
}

// Each set's kernels lie in a namespace of its own; elsewhere than on x86 there is only one.
namespace baseline {}
#if !defined(KAJO_X86)
namespace avx2 = baseline;
namespace avx512 = baseline;
#endif

// Of one table for each set, the table of the set in use.
template <class Kernels>
const Kernels& of_cpu_isa(const Kernels& plain, const Kernels& avx2, const Kernels& avx512) {
    const Isa isa = cpu_isa();
    return isa == Isa::AVX512 ? avx512 : isa == Isa::AVX2 ? avx2 : plain;
}

}  // namespace kajo::cpu
