// The one door: every kernel on every device is reached through `launch`.
#pragma once

#include <array>
#include <atomic>
#include <type_traits>

#include "core/tensor.h"

namespace kajo {

// Reads the inputs, writes the outputs; shapes, types and devices were checked by the operation.
using KernelFunction = void (*)(TensorRefs outputs, TensorRefs inputs, const void* attributes);

// One static object a kernel: its name and its implementation for each device (null: none).
struct Kernel {
    const char* name;
    KernelFunction cpu = nullptr;
    uint8_t families = kCommon;  // beside the common types, those of these families
};

struct Launch {
    const Kernel& kernel;
    TensorRefs outputs, inputs;
    const void* attributes;
    size_t attribute_bytes;
};

// Sees all work before it is done: recorders, profilers, checks.
class LaunchObserver {
  public:
    virtual ~LaunchObserver() = default;
    virtual void before(const Launch&) {}
    virtual void after(const Launch&) {}
};
void add_launch_observer(LaunchObserver* observer);
void remove_launch_observer(LaunchObserver* observer);

void launch(const Launch& work);

// Set by the language bindings: gives up the interpreter lock while a large kernel runs. Returns
// what `reacquire` wants back, or null if this thread did not hold the lock.
struct KernelLock {
    static inline void* (*give_up)() = nullptr;
    static inline void (*reacquire)(void*) = nullptr;
};

// Attributes are plain values, so that a recorder can keep and compare them as bytes.
template <class A>
inline void launch(const Kernel& kernel, std::initializer_list<Tensor> outputs,
                   std::initializer_list<Tensor> inputs, const A& attributes) {
    static_assert(std::is_trivially_copyable_v<A>);
    launch(Launch{kernel,
                  {outputs.begin(), outputs.size()},
                  {inputs.begin(), inputs.size()},
                  &attributes,
                  sizeof(A)});
}
template <class A>
inline void launch(const Kernel& kernel, TensorRefs outputs, TensorRefs inputs,
                   const A& attributes) {
    static_assert(std::is_trivially_copyable_v<A>);
    launch(Launch{kernel, outputs, inputs, &attributes, sizeof(A)});
}

}  // namespace kajo
