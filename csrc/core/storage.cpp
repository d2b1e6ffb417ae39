#include "core/storage.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "core/allocator.h"
#include "core/error.h"
#include "core/living_memory.h"

namespace kajo {

namespace {
constexpr size_t kAlignment = 64;  // of what the allocator gives
constexpr size_t kHeader = (sizeof(Storage) + kAlignment - 1) / kAlignment * kAlignment;
constexpr size_t kMostInside = kCachesCpuMemory ? 1024 - kHeader : 0;
}  // namespace

Storage* Storage::make(Device device, size_t bytes_inside) {
    Storage* s = ::new (cpu_allocate(kHeader + bytes_inside)) Storage(device);
    s->bytes_inside_ = static_cast<uint16_t>(bytes_inside);
    return s;
}

char* Storage::inside() { return reinterpret_cast<char*>(this) + kHeader; }

Ref<Storage> Storage::fresh(size_t bytes, Device device) {
    const size_t inside = device.is_meta() || bytes > kMostInside ? 0 : bytes;
    StorageRef s = StorageRef::fresh(make(device, inside));
    s->bytes_ = bytes;
    if (inside)
        s->data_ = s->inside();
    else if (!device.is_meta())
        s->data_ = cpu_allocate(bytes);
    return s;
}

Ref<Storage> Storage::adopt(void* data, size_t bytes, Deleter deleter, void* context) {
    StorageRef s = StorageRef::fresh(make(Device{}, 0));
    s->data_ = data;
    s->bytes_ = bytes;
    s->deleter_ = deleter;
    s->context_ = context;
    return s;
}

Storage::~Storage() {
    if (entry) forget_living(entry);
    if (deleter_)
        deleter_(context_);
    else if (!is_inside())
        cpu_free(data_, bytes_);
}

void destroy(Storage* s) {
    const size_t bytes = kHeader + s->bytes_inside_;
    s->~Storage();
    cpu_free(s, bytes);
}

void Storage::resize(size_t bytes) {
    check(resizable(), "resize_(): this storage belongs to another library; clone() it first");
    if (device_.is_meta()) {
        bytes_ = bytes;
        return;
    }
    void* grown = bytes ? cpu_allocate(bytes) : nullptr;
    if (grown && data_) std::memcpy(grown, data_, std::min(bytes, bytes_));
    if (!is_inside()) cpu_free(data_, bytes_);
    data_ = grown;
    bytes_ = bytes;
}

}  // namespace kajo
