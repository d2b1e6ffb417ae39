// Exchange of memory by DLPack capsules: the structures of its specification, and both directions.
#include "python/dlpack.h"

#include <memory>

#include "core/shape.h"

namespace kajo::python {

namespace {

struct DLDataType {
    uint8_t code, bits;
    uint16_t lanes;
};
struct DLTensor {
    void* data;
    int32_t device_type, device_id;
    int32_t ndim;
    DLDataType dtype;
    int64_t *shape, *strides;
    uint64_t byte_offset;
};
// The structure up to version 0.8 of the specification, and that since version 1.
struct DLManagedTensor {
    DLTensor tensor;
    void* context;
    void (*deleter)(DLManagedTensor*);
    static constexpr const char *kFresh = "dltensor", *kUsed = "used_dltensor";
};
struct DLManagedTensorVersioned {
    uint32_t major, minor;
    void* context;
    void (*deleter)(DLManagedTensorVersioned*);
    uint64_t flags;
    DLTensor tensor;
    static constexpr const char *kFresh = "dltensor_versioned", *kUsed = "used_dltensor_versioned";
};

constexpr int32_t kCpu = 1;
constexpr uint32_t kMajor = 1, kMinor = 1;
constexpr uint64_t kCopied = 2;  // of the flags: nobody else sees the memory

DLDataType data_type(DType t) {
    enum : uint8_t { Int, UInt, Float, BFloat = 4, Complex, Bool, Float8E4M3FN = 10, Float4 = 17 };
    const DTypeInfo& type = info(t);
    const auto bits = static_cast<uint8_t>(8 * type.size);
    if (t == DType::Bool) return {Bool, bits, 1};
    if (t == DType::BFloat16) return {BFloat, bits, 1};
    if (t == DType::Float4E2M1FNx2) return {Float4, 4, 2};
    // In the order of the specification's codes.
    constexpr DType eights[] = {DType::Float8E4M3FN, DType::Float8E4M3FNUZ, DType::Float8E5M2,
                                DType::Float8E5M2FNUZ, DType::Float8E8M0FNU};
    for (uint8_t i = 0; i < std::size(eights); i++)
        if (t == eights[i]) return {static_cast<uint8_t>(Float8E4M3FN + i), bits, 1};
    if (!is_number(t))
        raise(ErrorKind::Buffer, "to_dlpack(): ", t,
              " cannot be exported: DLPack has no such type");
    const uint8_t code = is_complex(t) ? Complex : is_float(t) ? Float : is_signed(t) ? Int : UInt;
    return {code, bits, 1};
}

DType dtype_of(DLDataType wanted) {
    for (int i = 0; i < kDTypes; i++) {
        const auto t = static_cast<DType>(i);
        if (!is_number(t) && t != DType::Float4E2M1FNx2) continue;
        const DLDataType d = data_type(t);
        if (d.code == wanted.code && d.bits == wanted.bits && d.lanes == wanted.lanes) return t;
    }
    raise(ErrorKind::Buffer, "from_dlpack(): no dtype for type code ", int(wanted.code), " with ",
          int(wanted.bits), " bits and ", wanted.lanes, " lanes");
}

DLTensor description(const Tensor& t, int64_t* sizes, int64_t* strides) {
    if (t.is_meta()) raise(ErrorKind::Buffer, "to_dlpack(): a meta tensor has no data");
    return {t.raw_data(),         kCpu,  0,       static_cast<int32_t>(t.dim()),
            data_type(t.dtype()), sizes, strides, 0};
}

// What is handed out, and what it keeps.
template <class Managed>
struct Exported {
    Managed managed{};
    Tensor tensor;
    Dims sizes, strides;
};

template <class Managed>
Managed* exported(const Tensor& t) {
    auto kept = std::make_unique<Exported<Managed>>();
    kept->tensor = t;
    kept->sizes = t.sizes();
    kept->strides = t.strides();
    kept->managed.context = kept.get();
    kept->managed.deleter = [](Managed* m) { delete static_cast<Exported<Managed>*>(m->context); };
    kept->managed.tensor = description(t, kept->sizes.data(), kept->strides.data());
    if constexpr (requires { kept->managed.flags; }) {
        kept->managed.major = kMajor;
        kept->managed.minor = kMinor;
    }
    return &kept.release()->managed;
}

template <class Managed>
void give_back(void* context) {
    auto* managed = static_cast<Managed*>(context);
    if (!managed->deleter || !Py_IsInitialized()) return;
    const PyGILState_STATE state = PyGILState_Ensure();
    managed->deleter(managed);
    PyGILState_Release(state);
}

template <class Managed>
Tensor imported(Managed* managed) {
    const DLTensor& source = managed->tensor;
    if constexpr (requires { managed->flags; })
        if (managed->major > kMajor)
            raise(ErrorKind::Buffer, "from_dlpack(): version ", managed->major,
                  " of DLPack is not known; export version ", kMajor);
    if (source.device_type != kCpu)
        raise(ErrorKind::Buffer, "from_dlpack(): the memory is not the CPU's");
    const DType dtype = dtype_of(source.dtype);
    Dims sizes, strides;
    for (int32_t i = 0; i < source.ndim; i++) sizes.push_back(source.shape[i]);
    if (source.strides)
        for (int32_t i = 0; i < source.ndim; i++) strides.push_back(source.strides[i]);
    else
        strides = contiguous_strides(sizes);
    for (const int64_t s : strides)
        check_value(s >= 0, "from_dlpack(): negative strides are not supported; copy the array");
    const int64_t extent = extent_of(sizes, strides);
    void* const data = static_cast<char*>(source.data) + source.byte_offset;
    Tensor out = empty({0}, dtype);
    out.impl()->storage = Storage::adopt(data, static_cast<size_t>(extent * item_size(dtype)),
                                         give_back<Managed>, managed);
    out.impl()->set_sizes(sizes, strides);
    return out;
}

template <class Managed>
void delete_unused(PyObject* capsule) {
    if (!PyCapsule_IsValid(capsule, Managed::kFresh)) return;  // its taker will
    auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, Managed::kFresh));
    if (managed->deleter) managed->deleter(managed);
}

template <class Managed>
PyObject* capsule_of(Managed* managed) {
    PyObject* capsule = PyCapsule_New(managed, Managed::kFresh, delete_unused<Managed>);
    if (capsule) return capsule;
    managed->deleter(managed);
    throw PythonError{};
}

template <class Managed>
Tensor taken(PyObject* capsule) {
    Tensor out = imported(static_cast<Managed*>(PyCapsule_GetPointer(capsule, Managed::kFresh)));
    if (PyCapsule_SetName(capsule, Managed::kUsed) < 0) throw PythonError{};
    return out;
}

// ---- the exchange without capsules: functions of C that other libraries call with the lock held

using SetError = void (*)(void* context, const char* kind, const char* message);

int allocate(DLTensor* like, DLManagedTensorVersioned** out, void* context, SetError set_error) {
    try {
        check(like->device_type == kCpu, "DLPack: there is memory of the CPU only");
        Dims sizes;
        for (int32_t i = 0; i < like->ndim; i++) sizes.push_back(like->shape[i]);
        *out = exported<DLManagedTensorVersioned>(empty(sizes, dtype_of(like->dtype)));
        return 0;
    } catch (const std::exception& error) {
        set_error(context, "RuntimeError", error.what());
        return -1;
    }
}
Tensor checked(void* object) {
    auto* o = static_cast<PyObject*>(object);
    check_type(is_tensor(o), "DLPack: expected a Tensor, got ", Py_TYPE(o)->tp_name);
    return tensor_of(o);
}
int from_object(void* object, DLManagedTensorVersioned** out) {
    return guarded_int([&] { *out = exported<DLManagedTensorVersioned>(checked(object)); });
}
int to_object(DLManagedTensorVersioned* managed, void** out) {
    return guarded_int([&] { *out = wrap(imported(managed)); });
}
int describe_object(void* object, DLTensor* out) {
    return guarded_int([&] {
        TensorImpl& t = *checked(object).impl();
        *out = description(checked(object), t.sizes.data(), t.strides.data());
    });
}
int current_stream(int32_t, int32_t, void** out) {
    *out = nullptr;  // work on the CPU is done when a call returns
    return 0;
}

struct DLPackExchangeAPI {
    uint32_t major, minor;
    DLPackExchangeAPI* older;
    int (*allocate)(DLTensor*, DLManagedTensorVersioned**, void*, SetError);
    int (*from_object)(void*, DLManagedTensorVersioned**);
    int (*to_object)(DLManagedTensorVersioned*, void**);
    int (*describe_object)(void*, DLTensor*);
    int (*current_stream)(int32_t, int32_t, void**);
};
DLPackExchangeAPI exchange_functions = {1,           3,         nullptr,         allocate,
                                        from_object, to_object, describe_object, current_stream};

}  // namespace

PyObject* to_dlpack(const Tensor& t, bool versioned, bool copied) {
    if (!versioned) return capsule_of(exported<DLManagedTensor>(t));
    auto* managed = exported<DLManagedTensorVersioned>(t);
    if (copied) managed->flags |= kCopied;
    return capsule_of(managed);
}

Tensor from_dlpack(PyObject* capsule) {
    if (PyCapsule_IsValid(capsule, DLManagedTensorVersioned::kFresh))
        return taken<DLManagedTensorVersioned>(capsule);
    check_type(PyCapsule_IsValid(capsule, DLManagedTensor::kFresh),
               "from_dlpack(): expected a fresh DLPack capsule; a capsule can be used only once");
    return taken<DLManagedTensor>(capsule);
}

PyObject* dlpack_exchange_capsule() {
    return PyCapsule_New(&exchange_functions, "dlpack_exchange_api", nullptr);
}

}  // namespace kajo::python
