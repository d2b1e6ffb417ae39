#include "core/tensor.h"

#include "core/inference_mode.h"
#include "core/living_memory.h"
#include "core/shape.h"

namespace kajo {

TensorImpl::~TensorImpl() {
    if (python_object && release_python_object) release_python_object(this);
}

void TensorImpl::set_sizes(IntSpan new_sizes, IntSpan new_strides) {
    sizes = new_sizes.dims();
    strides = new_strides.dims();
    numel = 1;
    contiguous = true;
    for (size_t i = new_sizes.size(); i-- > 0;) {
        if (new_sizes[i] == 1) continue;
        contiguous &= new_strides[i] == numel;
        numel *= new_sizes[i];
    }
    contiguous |= numel == 0;
}

void TensorImpl::set_contiguous_sizes(IntSpan new_sizes, int64_t new_numel) {
    sizes = new_sizes.dims();
    strides = contiguous_strides(new_sizes);
    numel = new_numel;
    contiguous = true;
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
    return is_contiguous();
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

Ref<TensorImpl> on_fresh_memory(IntSpan sizes, DType dtype, Device device, int64_t elements) {
    int64_t bytes;
    check(!__builtin_mul_overflow(elements, item_size(dtype), &bytes), "empty(): sizes ", sizes,
          " of ", dtype, " need more than 2**63 bytes");
    Ref<TensorImpl> impl = Ref<TensorImpl>::fresh(new TensorImpl);
    impl->storage = Storage::fresh(static_cast<size_t>(bytes), device);
    impl->dtype = dtype;
    impl->device = device;
    impl->inference = InferenceMode::enabled();
    if (bytes >= kLeastListed && !device.is_meta()) list_living(*impl->storage, sizes, dtype);
    return impl;
}

Tensor make(IntSpan sizes, IntSpan strides, DType dtype, Device device, int64_t elements) {
    Ref<TensorImpl> impl = on_fresh_memory(sizes, dtype, device, elements);
    impl->set_sizes(sizes, strides);
    return Tensor(std::move(impl));
}

}  // namespace

Tensor empty(IntSpan sizes, DType dtype, Device device, MemoryFormat format) {
    const int64_t numel = numel_of(sizes);
    if (format == MemoryFormat::ChannelsLast || format == MemoryFormat::ChannelsLast3d)
        return make(sizes, strides_for(sizes, format), dtype, device, numel);
    Ref<TensorImpl> impl = on_fresh_memory(sizes, dtype, device, numel);
    impl->set_contiguous_sizes(sizes, numel);
    return Tensor(std::move(impl));
}

Tensor empty_strided(IntSpan sizes, IntSpan strides, DType dtype, Device device) {
    check(sizes.size() == strides.size(), "empty_strided(): sizes ", sizes, " and strides ",
          strides, " must have the same length");
    for (int64_t s : strides)
        check(s >= 0, "empty_strided(): negative strides are not supported, got ", strides);
    (void)numel_of(sizes);
    return make(sizes, strides, dtype, device, extent_of(sizes, strides));
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
    Ref<TensorImpl> impl = Ref<TensorImpl>::fresh(new TensorImpl);
    const TensorImpl& from = *base.impl();
    impl->storage = from.storage;
    impl->dtype = from.dtype;
    impl->device = from.device;
    impl->lazy = from.lazy;
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
