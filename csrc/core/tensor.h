// The tensor: a counted pointer to a strided view of a storage.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "core/allocator.h"
#include "core/device.h"
#include "core/dims.h"
#include "core/dtype.h"
#include "core/ref.h"
#include "core/scalar.h"
#include "core/short_list.h"
#include "core/storage.h"

namespace kajo {

enum class MemoryFormat : int8_t { Contiguous, Preserve, ChannelsLast, ChannelsLast3d };

// Conjugation and negation that a view has not carried out: its elements are those in memory,
// changed so. Layout like strides, to operations; kernels see resolved data (core/launch.h).
enum LazyBits : uint8_t { kConjugated = 1, kNegated = 2 };

// What automatic differentiation keeps with a tensor; the core only owns it.
struct AutogradMetaBase {
    virtual ~AutogradMetaBase() = default;
};

struct TensorImpl : RefCounted, FromCpuMemory {
    StorageRef storage;
    int64_t offset = 0;  // in elements
    int64_t numel = 1;
    Dims sizes, strides;     // changed by the functions below only
    bool contiguous = true;  // what sizes and strides say
    DType dtype = DType::Float32;
    Device device;
    uint8_t lazy = 0;               // LazyBits
    bool inference = false;         // made in inference mode: no version counter, no autograd
    bool detached_version = false;  // `.data`: writes through it do not count
    bool wrapped_number = false;    // a Python number made a 0-d tensor: ranks low in promotion
    bool python_owned_by_impl = false;
    std::unique_ptr<AutogradMetaBase> autograd;
    void* python_object = nullptr;  // the wrapper that lives now, not counted unless owned above

    ~TensorImpl();
    void set_sizes(IntSpan new_sizes, IntSpan new_strides);
    void set_contiguous_sizes(IntSpan new_sizes, int64_t new_numel);

    // Set by the language bindings: gives up the wrapper of a dying tensor.
    static inline void (*release_python_object)(TensorImpl*) = nullptr;
};
inline void destroy(TensorImpl* t) { delete t; }

class Tensor {
  public:
    Tensor() = default;
    explicit Tensor(Ref<TensorImpl> impl) : impl_(std::move(impl)) {}

    bool defined() const { return static_cast<bool>(impl_); }
    explicit operator bool() const { return defined(); }
    TensorImpl* impl() const { return impl_.get(); }
    bool is_same(const Tensor& other) const { return impl_ == other.impl_; }
    uint32_t use_count() const { return impl_->use_count(); }
    void reset() { impl_.reset(); }
    // Gives the reference to the caller, still counted.
    TensorImpl* detach_impl() { return impl_.detach(); }

    int64_t dim() const { return static_cast<int64_t>(impl_->sizes.size()); }
    const Dims& sizes() const { return impl_->sizes; }
    const Dims& strides() const { return impl_->strides; }
    // Accepts negative dimensions.
    int64_t size(int64_t d) const { return impl_->sizes[static_cast<size_t>(wrap(d))]; }
    int64_t stride(int64_t d) const { return impl_->strides[static_cast<size_t>(wrap(d))]; }
    int64_t numel() const { return impl_->numel; }
    int64_t offset() const { return impl_->offset; }
    DType dtype() const { return impl_->dtype; }
    int64_t item_size() const { return kajo::item_size(impl_->dtype); }
    Device device() const { return impl_->device; }
    bool is_meta() const { return impl_->device.is_meta(); }
    uint8_t lazy() const { return impl_->lazy; }
    bool is_conj() const { return impl_->lazy & kConjugated; }
    bool is_neg() const { return impl_->lazy & kNegated; }
    const StorageRef& storage() const { return impl_->storage; }

    void* raw_data() const {
        char* base = static_cast<char*>(impl_->storage->data());
        return base ? base + impl_->offset * item_size() : nullptr;
    }
    template <class T>
    T* data() const {
        return static_cast<T*>(raw_data());
    }

    bool is_contiguous() const { return impl_->contiguous; }
    bool is_contiguous(MemoryFormat format) const;
    // Elements fill one block of memory in some order of dimensions.
    bool is_non_overlapping_and_dense() const;
    // "[2, 3]" for messages.
    const Dims& shape() const { return impl_->sizes; }

    uint32_t version() const { return impl_->detached_version ? 0 : impl_->storage->version(); }
    void bump_version() const {
        if (!impl_->detached_version && !impl_->inference) impl_->storage->bump_version();
    }

  private:
    int64_t wrap(int64_t d) const;
    Ref<TensorImpl> impl_;
};

using TensorList = ShortList<Tensor, 4>;
using TensorRefs = std::span<const Tensor>;

// Tensors that somebody else holds for the time of a call, side by side and not counted again.
template <size_t N>
class BorrowedTensors {
  public:
    template <class... T>
    explicit BorrowedTensors(const T&... tensors)
        : tensors_{Tensor(Ref<TensorImpl>::adopt(tensors.impl()))...} {
        static_assert(sizeof...(T) == N);
    }
    ~BorrowedTensors() {
        for (Tensor& t : tensors_) t.detach_impl();
    }
    BorrowedTensors(const BorrowedTensors&) = delete;
    BorrowedTensors& operator=(const BorrowedTensors&) = delete;
    const Tensor& operator[](size_t i) const { return tensors_[i]; }
    operator TensorRefs() const { return tensors_; }

  private:
    std::array<Tensor, N> tensors_;
};
template <class... T>
BorrowedTensors(const T&...) -> BorrowedTensors<sizeof...(T)>;

// Fresh, uninitialised.
Tensor empty(IntSpan sizes, DType dtype, Device device = {},
             MemoryFormat format = MemoryFormat::Contiguous);
Tensor empty_strided(IntSpan sizes, IntSpan strides, DType dtype, Device device = {});
// The shape and, where dense, the order of dimensions of `like`.
Tensor empty_like(const Tensor& like);
Tensor empty_like(const Tensor& like, DType dtype);
// Another view of the same storage, unknown to autograd. Bounds are the caller's business.
Tensor alias(const Tensor& base, IntSpan sizes, IntSpan strides, int64_t offset);
Tensor alias(const Tensor& base);

}  // namespace kajo
