// Working memory of kernels: a 64-byte aligned block that returns to a cache of its thread.
#pragma once

#include <cstddef>

namespace kajo::cpu {

class Scratch {
  public:
    // The contents are not initialised. Throws std::bad_alloc.
    explicit Scratch(size_t bytes);
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    void* data() const { return data_; }
    template <class T>
    T* as() const {
        return static_cast<T*>(data_);
    }

  private:
    void* data_;
    size_t bytes_;
};

}  // namespace kajo::cpu
