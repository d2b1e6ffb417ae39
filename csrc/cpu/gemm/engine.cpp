#include "cpu/gemm/engine_run.h"

namespace kajo::cpu::KAJO_ISA {

template void run_product<Multiply<float>>(const Product<Multiply<float>>&);
template void run_product<Multiply<double>>(const Product<Multiply<double>>&);

}  // namespace kajo::cpu::KAJO_ISA
