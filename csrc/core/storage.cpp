#include "core/storage.h"

#include <algorithm>
#include <cstring>

#include "core/allocator.h"
#include "core/error.h"
#include "core/living_memory.h"

namespace kajo {

Storage::Storage(size_t bytes, Device device) : bytes_(bytes), device_(device) {
    if (!device.is_meta() && bytes) data_ = cpu_allocate(bytes);
}

Storage::Storage(void* data, size_t bytes, Deleter deleter, void* context)
    : data_(data), bytes_(bytes), deleter_(deleter), context_(context) {}

Storage::~Storage() {
    if (entry) forget_living(entry);
    if (deleter_)
        deleter_(context_);
    else if (data_)
        cpu_free(data_, bytes_);
}

void Storage::resize(size_t bytes) {
    check(resizable(), "resize_(): this storage belongs to another library; clone() it first");
    if (device_.is_meta()) {
        bytes_ = bytes;
        return;
    }
    void* grown = bytes ? cpu_allocate(bytes) : nullptr;
    if (grown && data_) std::memcpy(grown, data_, std::min(bytes, bytes_));
    if (data_) cpu_free(data_, bytes_);
    data_ = grown;
    bytes_ = bytes;
}

}  // namespace kajo
