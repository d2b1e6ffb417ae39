// Working memory of kernels: a 64-byte aligned block that returns to a cache of its thread. None
// for 0 bytes.
#pragma once

#include <cstddef>
#include <utility>

#include "core/allocator.h"

namespace kajo::cpu {

class Scratch {
  public:
    // The contents are not initialised. Throws std::bad_alloc.
    explicit Scratch(size_t bytes) : bytes_(bytes) {
        if (bytes <= kSmall)
            data_ = cpu_allocate(bytes);
        else
            take_large();
    }
    Scratch(Scratch&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    ~Scratch() {
        if (bytes_ <= kSmall)
            cpu_free(data_, bytes_);
        else
            give_back_large();
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    void* data() const { return data_; }
    template <class T>
    T* as() const {
        return static_cast<T*>(data_);
    }

  private:
    // Up to here the allocator's free lists are as good; larger blocks it would share.
    static constexpr size_t kSmall = size_t{256} << 10;

    void take_large();
    void give_back_large();

    void* data_ = nullptr;
    size_t bytes_;
};

}  // namespace kajo::cpu
