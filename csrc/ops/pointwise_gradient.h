// Gradients of the table's operations: by their fused kernels, or as programs of operations where
// the gradient itself must be differentiable.
#pragma once

#include <array>

#include "autograd/attach.h"
#include "cpu/pointwise.h"

namespace kajo::ops {

// Runs a gradient kernel over (g, result?, inputs...).
Tensor launch_gradient(const cpu::PointwiseAttributes& attributes, TensorRefs inputs);
TensorList launch_gradients(const cpu::PointwiseAttributes& attributes, TensorRefs inputs,
                            size_t count);

// What backward needs of the result and the inputs, given which inputs want gradients. `before`
// replaces inputs that are `result` itself, for in-place operations.
class PointwiseSaved {
  public:
    PointwiseSaved(const cpu::PointwiseOp& op, TensorRefs inputs, const Tensor& result,
                   const Tensor& before);
    bool result() const { return result_; }
    uint8_t inputs() const { return inputs_; }
    bool reads(int input) const { return inputs_ >> input & 1; }
    TensorRefs tensors() const { return {tensors_.data(), count_}; }

  private:
    bool result_ = false;
    uint8_t inputs_ = 0;
    size_t count_ = 0;
    std::array<Tensor, cpu::kMaxInputs + 1> tensors_;
};

struct PointwiseBackward {
    static constexpr bool kDiagonal = true;
    cpu::PointwiseAttributes attributes;
    bool saved_result;
    uint8_t saved_inputs;

    void operator()(Backward& ctx) const;

  private:
    // The gradient, the result and the inputs, undefined where not saved.
    using Operands = std::array<Tensor, cpu::kMaxInputs + 2>;
    Operands operands(Backward& ctx) const;
    void run_kernels(Backward& ctx, uint8_t wanted) const;
    void run_program(Backward& ctx, uint8_t wanted, const cpu::GradientProgram& program) const;
    bool passes_unchanged(const cpu::PointwiseOp& op, int input) const;
    double scalar_value(const cpu::PointwiseOp& op, int i) const;
};

}  // namespace kajo::ops
