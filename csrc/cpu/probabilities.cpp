#include "cpu/probabilities.h"

#include <atomic>

#include "cpu/tensor_operands.h"

namespace kajo::cpu {

namespace {

template <class T>
void find_outside(const void* const* in, void* const*, const void* found, int64_t n) {
    const T* p = static_cast<const T*>(in[0]);
    bool outside = false;
    for (int64_t i = 0; i < n; i++) outside |= !(p[i] >= 0 && p[i] <= 1);
    if (outside)
        (*static_cast<std::atomic<bool>* const*>(found))->store(true, std::memory_order_relaxed);
}

}  // namespace

void all_probabilities(TensorRefs outputs, TensorRefs inputs, const void*) {
    const Tensor& t = inputs[0];
    const bool wide = t.dtype() == DType::Float64;
    std::atomic<bool> outside{false};
    std::atomic<bool>* const where = &outside;
    TensorOperands<1> operand(t.sizes());
    operand.add(t, wide ? DType::Float64 : DType::Float32);
    run_tiles(wide ? find_outside<double> : find_outside<float>, &where, t.sizes(), {},
              operand.span());
    *outputs[0].data<bool>() = !outside;
}

}  // namespace kajo::cpu
