// The instruction sets that kernels are compiled for, and which of them this process uses.
#pragma once

#include <cstdint>

namespace kajo::cpu {

enum class Isa : uint8_t { Baseline, AVX2, AVX512 };

// Best instruction set of this machine; the environment variable KAJO_ISA
// (baseline, avx2 or avx512) can only lower it. Decided once.
Isa cpu_isa();

}  // namespace kajo::cpu
