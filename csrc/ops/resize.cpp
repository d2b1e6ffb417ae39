#include "ops/resize.h"

#include <algorithm>

#include "autograd/attach.h"
#include "core/shape.h"

namespace kajo::ops {

namespace {
void reserve(const Tensor& self, int64_t elements) {
    const auto bytes = static_cast<size_t>(elements * self.item_size());
    if (bytes > self.storage()->bytes()) self.storage()->resize(bytes);
}
}  // namespace

Tensor resize_(const Tensor& self, IntSpan size) {
    check(!(GradMode::enabled() && requires_grad(self)),
          "cannot resize variables that require grad");
    if (IntSpan(self.sizes()) == size) return self;
    const Dims strides = contiguous_strides(size);
    const int64_t numel = numel_of(size);
    if (numel) reserve(self, self.offset() + numel);
    self.impl()->set_sizes(size, strides);
    return self;
}

Tensor set_(const Tensor& self, const StorageRef& storage, int64_t offset, IntSpan size,
            IntSpan stride) {
    check(offset >= 0, "set_(): storage offset must be non-negative, got ", offset);
    check(size.size() == stride.size(), "set_(): mismatch in length of strides ", stride,
          " and sizes ", size);
    for (int64_t s : stride) check(s >= 0, "set_(): strides must be non-negative, got ", stride);
    (void)numel_of(size);
    const int64_t extent = extent_of(size, stride);
    int64_t reach;
    check(!__builtin_add_overflow(extent, offset, &reach), "set_(): storage offset too large");
    const auto room = static_cast<int64_t>(storage->bytes()) / self.item_size();
    if (extent > 0 && reach > room) {
        check(storage->resizable() && reach < INT64_MAX / 16, "setStorage: sizes ", size,
              ", strides ", stride, ", storage offset ", offset,
              " are out of bounds for storage of size ", storage->bytes());
        storage->resize(static_cast<size_t>(reach * self.item_size()));
    }
    check(storage->device() == self.device(), "set_(): the storage is on device ",
          storage->device(), " but the tensor is on ", self.device());
    self.impl()->storage = storage;
    self.impl()->offset = extent == 0 ? std::min(offset, room) : offset;
    self.impl()->set_sizes(size, stride);
    return self;
}

void set_data(const Tensor& self, const Tensor& other) {
    check(is_differentiable(other.dtype()) || !requires_grad(self),
          "data set to a tensor that requires gradients must be floating point or complex dtype");
    TensorImpl& to = *self.impl();
    const TensorImpl& from = *other.impl();
    to.storage = from.storage;
    to.offset = from.offset;
    to.dtype = from.dtype;
    to.device = from.device;
    to.lazy = from.lazy;
    to.set_sizes(from.sizes, from.strides);
}

}  // namespace kajo::ops
