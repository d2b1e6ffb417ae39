#include "core/tensor.h"

#include "core/allocator.h"
#include "core/inference_mode.h"
#include "core/living_memory.h"
#include "core/shape.h"

namespace kajo {

TensorImpl::~TensorImpl() {
    if (python_object && release_python_object) release_python_object(this);
}

void* TensorImpl::operator new(size_t bytes) { return cpu_allocate(bytes); }
void TensorImpl::operator delete(void* p, size_t bytes) { cpu_free(p, bytes); }

void TensorImpl::set_sizes(IntSpan new_sizes, IntSpan new_strides) {
    sizes = new_sizes.dims();
    strides = new_strides.dims();
    numel = 1;
    for (int64_t s : new_sizes) numel *= s;
}

int64_t Tensor::wrap(int64_t d) const {
    // Without a dimension there is nothing to read, though -1 and 0 pass as dimensions elsewhere.
    check_index(dim() != 0, "Dimension specified as ", d, " but tensor has no dimensions");
    return wrap_dim(d, dim());
}

bool Tensor::is_contiguous(MemoryFormat format) const {
    if (format == MemoryFormat::ChannelsLast || format == MemoryFormat::ChannelsLast3d) {
        const size_t n = format == MemoryFormat::ChannelsLast ? 4 : 5;
        if (sizes().size() != n) return false;
        if (numel() == 0) return true;
        const Dims wanted = strides_for(sizes(), format);
        for (size_t i = 0; i < n; i++)
            if (sizes()[i] != 1 && strides()[i] != wanted[i]) return false;
        return true;
    }
    if (numel() == 0) return true;
    int64_t step = 1;
    for (size_t i = sizes().size(); i-- > 0;) {
        if (sizes()[i] == 1) continue;
        if (strides()[i] != step) return false;
        step *= sizes()[i];
    }
    return true;
}

bool Tensor::is_non_overlapping_and_dense() const {
    if (is_contiguous()) return true;
    Dims order;
    for (size_t i = 0; i < sizes().size(); i++)
        if (sizes()[i] != 1) order.push_back(static_cast<int64_t>(i));
    std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return strides()[static_cast<size_t>(a)] < strides()[static_cast<size_t>(b)];
    });
    int64_t step = 1;
    for (int64_t d : order) {
        if (strides()[static_cast<size_t>(d)] != step) return false;
        step *= sizes()[static_cast<size_t>(d)];
    }
    return true;
}

namespace {

Tensor make(IntSpan sizes, Dims strides, DType dtype, Device device, int64_t elements) {
    const int64_t numel = numel_of(sizes);
    int64_t bytes;
    check(!__builtin_mul_overflow(elements, item_size(dtype), &bytes), "empty(): sizes ", sizes,
          " of ", dtype, " need more than 2**63 bytes");
    Ref<TensorImpl> impl(new TensorImpl);
    impl->storage = StorageRef(new Storage(static_cast<size_t>(bytes), device));
    impl->sizes = sizes.dims();
    impl->strides = std::move(strides);
    impl->numel = numel;
    impl->dtype = dtype;
    impl->device = device;
    impl->inference = InferenceMode::enabled();
    if (bytes >= kLeastListed && !device.is_meta()) list_living(*impl->storage, sizes, dtype);
    return Tensor(std::move(impl));
}

}  // namespace

Tensor empty(IntSpan sizes, DType dtype, Device device, MemoryFormat format) {
    const int64_t numel = numel_of(sizes);
    return make(sizes, strides_for(sizes, format), dtype, device, numel);
}

Tensor empty_strided(IntSpan sizes, IntSpan strides, DType dtype, Device device) {
    check(sizes.size() == strides.size(), "empty_strided(): sizes ", sizes, " and strides ",
          strides, " must have the same length");
    for (int64_t s : strides)
        check(s >= 0, "empty_strided(): negative strides are not supported, got ", strides);
    (void)numel_of(sizes);
    return make(sizes, strides.dims(), dtype, device, extent_of(sizes, strides));
}

Tensor empty_like(const Tensor& like) { return empty_like(like, like.dtype()); }

Tensor empty_like(const Tensor& like, DType dtype) {
    if (like.is_contiguous()) return empty(like.sizes(), dtype, like.device());
    const bool dense = like.is_non_overlapping_and_dense();
    return make(like.sizes(),
                dense ? like.strides() : dense_strides_like(like.sizes(), like.strides()), dtype,
                like.device(), like.numel());
}

Tensor alias(const Tensor& base, IntSpan sizes, IntSpan strides, int64_t offset) {
    Ref<TensorImpl> impl(new TensorImpl);
    const TensorImpl& from = *base.impl();
    impl->storage = from.storage;
    impl->dtype = from.dtype;
    impl->device = from.device;
    impl->inference = from.inference;
    impl->detached_version = from.detached_version;
    impl->offset = offset;
    impl->set_sizes(sizes, strides);
    return Tensor(std::move(impl));
}

Tensor alias(const Tensor& base) {
    return alias(base, base.sizes(), base.strides(), base.offset());
}

}  // namespace kajo
