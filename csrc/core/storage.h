// Memory that tensors share.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/device.h"
#include "core/ref.h"
#include "core/source_location.h"

namespace kajo {

struct LivingMemory;

class Storage : public RefCounted {
  public:
    // Frees foreign memory: called once with the context that came with it.
    using Deleter = void (*)(void* context);

    Storage(size_t bytes, Device device);                               // fresh memory
    Storage(void* data, size_t bytes, Deleter deleter, void* context);  // adopted CPU memory
    ~Storage();

    void* data() const { return data_; }
    size_t bytes() const { return bytes_; }
    Device device() const { return device_; }
    bool resizable() const { return deleter_ == nullptr; }
    // Keeps the bytes that fit.
    void resize(size_t bytes);

    // Counts in-place writes. Shared by all views, so that a stale saved tensor is noticed.
    uint32_t version() const { return version_.load(std::memory_order_relaxed); }
    void bump_version() { version_.fetch_add(1, std::memory_order_relaxed); }

    // The last in-place operation, for the message about a stale saved tensor.
    const char* last_writer = nullptr;
    SourceLocation last_write;

    LivingMemory* entry = nullptr;  // in the list of large living storages

  private:
    void* data_ = nullptr;
    size_t bytes_ = 0;
    Device device_;
    std::atomic<uint32_t> version_{0};
    Deleter deleter_ = nullptr;
    void* context_ = nullptr;
};

inline void destroy(Storage* s) { delete s; }
using StorageRef = Ref<Storage>;

}  // namespace kajo
