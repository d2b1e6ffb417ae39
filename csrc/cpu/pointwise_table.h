// What is known about each element-wise operation. The descriptors and the kernels are generated
// from kajo/ops/pointwise.py by tools/generate_pointwise.py.
#pragma once
#include <cstdint>
#include <string_view>

namespace kajo::cpu {

// Enumerators and kOpCount: the generated pointwise_ids.h. Small integers, in the table's order.
enum class OpId : int16_t;

// The types that kernels compute in. float16 and bfloat16 are converted to float by the loop.
enum ComputeType : int8_t { F32, F64, I8, I16, I32, I64, U8, B8, C64, C128, kComputeTypes };

// A kernel over contiguous runs of n elements. Inputs, outputs and scalars are of the compute type,
// except: mask inputs and Bool results are bytes 0 or 1; where the rule is Real and the compute
// type is complex, the result (and in backward g and y) is of the matching real type; where the
// rule is Complex, inputs are real and the result (g, y) is of the matching complex type.
using TileFn = void (*)(const void* const* in, void* const* out, const void* scalars, int64_t n);

// For kernels that say so (PointwiseOp::takes_repeated): bit kRepeatedShift + k of n says that
// input k is one number for all, of which memory holds kRepeatedElements.
constexpr int kRepeatedShift = 48;
constexpr int64_t kRepeatedElements = 64;

struct KernelSet {
    TileFn by_type[kComputeTypes];  // by the inputs' compute type; null: not supported
};

// From the promoted type of the inputs to the result's type.
enum class ResultRule : int8_t {
    Same,     // the promoted type
    Float,    // integers and bool become the default float type before computing
    Bool,     // bool, whatever was compared
    Real,     // complex becomes the matching real type, all else stays
    Complex,  // real becomes the matching complex type (inputs are real floats)
};

enum DtypeClass : uint8_t {
    FloatClass = 1,
    IntClass = 2,
    BoolClass = 4,
    ComplexClass = 8,
    UnsignedClass = 16,  // uint16, uint32, uint64
    ComplexHalfClass = 32,
    Float8Class = 64,
};

constexpr int kMaxInputs = 4;

// One operation of the table: the register it writes is the next one (see GradientProgram).
struct Instruction {
    int16_t op;                // an OpId
    int16_t args[kMaxInputs];  // registers; -1 where the operation has fewer inputs
};

// A derivative as a program over operations of the table, so that it can be differentiated again.
// Registers in order: g, y, the inputs, the scalars, the constants, then the result of each
// instruction. Scalars and constants enter as zero-dimensional tensors of g's dtype, or the real
// one of it. Operations with scalars of their own run with their defaults.
struct GradientProgram {
    const Instruction* code;
    int16_t length;
    const double* constants;
    int16_t constant_count;
    int16_t results[kMaxInputs];  // the register of each input's gradient; -1: not differentiable
};

// The gradient of one input. Kernel inputs: g, then y where it is read, then the inputs read, in
// order.
struct InputGradient {
    KernelSet kernel;
    bool reads_result;
    uint8_t reads_inputs;  // bit i: reads input i
    int8_t multiple;       // kItself: the gradient is g; i >= 0: it is g times scalar i; or kOther
    static constexpr int8_t kItself = -1, kOther = -2;
};

struct PointwiseOp {
    const char* name;       // PyTorch's function name, for messages ("pow" for pow_scalar as well)
    const char* node_name;  // the autograd node ("MulBackward0"); null: not differentiable
    int8_t inputs, scalars;
    ResultRule rule;
    uint8_t allowed;        // DtypeClass bits of the promoted input type
    uint8_t input_is_mask;  // bit i: input i is a bool mask and takes no part in promotion
    bool
        checks_zero_divisor;  // for integers, a zero in the last input must raise ZeroDivisionError
    const double* scalar_defaults;
    const char* const* scalar_names;

    KernelSet forward;

    // All gradients in one pass. Kernel inputs: g, then y if saves_result, then the saved inputs in
    // order. Kernel outputs: the gradients of the differentiable inputs, in order.
    KernelSet backward;
    bool saves_result;
    uint8_t saved_inputs, differentiable_inputs;  // bit i: input i
    InputGradient backward_of[kMaxInputs];        // one gradient alone

    const GradientProgram* gradient;          // for real types; null: not differentiable
    const GradientProgram* complex_gradient;  // for complex inputs or results; null: none
    uint8_t underivable_inputs;  // bit i: the derivative by input i exists but is not known
    bool takes_repeated;         // the kernels of float32 and float64 do, see kRepeatedShift
};

// The kernels of one operation for one instruction set.
struct OpKernels {
    KernelSet forward, backward, backward_of[kMaxInputs];
};

// The descriptor, with the kernels of this machine's instruction set.
const PointwiseOp& pointwise_op(OpId op);

// The operation with this identifier (not PyTorch's name), or null.
const PointwiseOp* find_pointwise_op(std::string_view id);

}  // namespace kajo::cpu
