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

    static Ref<Storage> fresh(size_t bytes, Device device);
    static Ref<Storage> adopt(void* data, size_t bytes, Deleter deleter, void* context);
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
    friend void destroy(Storage* s);
    explicit Storage(Device device) : device_(device) {}
    static Storage* make(Device device, size_t bytes_inside);
    // Small memory lies behind the storage in the same block: one allocation instead of two.
    char* inside();
    bool is_inside() { return bytes_inside_ != 0 && data_ == inside(); }

    void* data_ = nullptr;
    size_t bytes_ = 0;
    std::atomic<uint32_t> version_{0};
    Device device_;
    uint16_t bytes_inside_ = 0;
    Deleter deleter_ = nullptr;
    void* context_ = nullptr;
};

void destroy(Storage* s);
using StorageRef = Ref<Storage>;

}  // namespace kajo
