// Tensors as operands of a loop.
#pragma once

#include "core/shape.h"
#include "cpu/loop.h"

namespace kajo::cpu {

// Keeps the strides that operands point to.
template <size_t kCapacity>
class TensorOperands {
  public:
    explicit TensorOperands(IntSpan shape) : shape_(shape) {}

    void add(const Tensor& t, DType computing) {
        Operand& o = operands_[count_];
        o = {t.raw_data(), t.dtype(), computing, nullptr};
        if (!(IntSpan(t.sizes()) == shape_ && t.is_contiguous())) {
            strides_[count_] = broadcast_strides(t, shape_);
            o.strides = strides_[count_].data();
        }
        count_++;
    }
    // Only for inputs: what has one element needs no strides.
    void add_input(const Tensor& t, DType computing) {
        if (t.numel() != 1) return add(t, computing);
        operands_[count_++] = {t.raw_data(), t.dtype(), computing, nullptr, true};
    }
    void add_constant(void* value, DType dtype) {
        operands_[count_++] = {value, dtype, dtype, nullptr, true};
    }
    std::span<const Operand> span() const { return {operands_.data(), count_}; }

  private:
    IntSpan shape_;
    size_t count_ = 0;
    std::array<Operand, kCapacity> operands_;
    std::array<Dims, kCapacity> strides_;
};

// A number as one element of a type; it must fit 16 bytes.
inline void store_number(const Scalar& value, DType dtype, void* to) {
    dispatch<kEveryType>(dtype, "fill", [&]<class T>() { *static_cast<T*>(to) = value.to<T>(); });
}

}  // namespace kajo::cpu
