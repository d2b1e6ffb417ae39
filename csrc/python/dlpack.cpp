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
struct DLManagedTensor {
    DLTensor tensor;
    void* context;
    void (*deleter)(DLManagedTensor*);
};

constexpr int32_t kCpu = 1;
constexpr const char* kFresh = "dltensor";
constexpr const char* kUsed = "used_dltensor";

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

// What an exported capsule keeps.
struct Exported {
    DLManagedTensor managed{};
    Tensor tensor;
    Dims sizes, strides;
};

void delete_unused(PyObject* capsule) {
    if (!PyCapsule_IsValid(capsule, kFresh)) return;  // its taker will
    auto* managed = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, kFresh));
    if (managed->deleter) managed->deleter(managed);
}

void give_back(void* context) {
    auto* managed = static_cast<DLManagedTensor*>(context);
    if (!managed->deleter || !Py_IsInitialized()) return;
    const PyGILState_STATE state = PyGILState_Ensure();
    managed->deleter(managed);
    PyGILState_Release(state);
}

}  // namespace

PyObject* to_dlpack(const Tensor& t) {
    if (t.is_meta()) raise(ErrorKind::Buffer, "to_dlpack(): a meta tensor has no data");
    auto kept = std::make_unique<Exported>();
    kept->tensor = t;
    kept->sizes = t.sizes();
    kept->strides = t.strides();
    kept->managed.context = kept.get();
    kept->managed.deleter = [](DLManagedTensor* m) { delete static_cast<Exported*>(m->context); };
    kept->managed.tensor = {t.raw_data(),
                            kCpu,
                            0,
                            static_cast<int32_t>(t.dim()),
                            data_type(t.dtype()),
                            kept->sizes.data(),
                            kept->strides.data(),
                            0};
    PyObject* capsule = PyCapsule_New(&kept->managed, kFresh, delete_unused);
    if (!capsule) throw PythonError{};
    kept.release();
    return capsule;
}

Tensor from_dlpack(PyObject* capsule) {
    check_type(PyCapsule_IsValid(capsule, kFresh),
               "from_dlpack(): expected a fresh DLPack capsule; a capsule can be used only once");
    auto* managed = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, kFresh));
    const DLTensor& source = managed->tensor;
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
    out.impl()->storage = StorageRef(
        new Storage(data, static_cast<size_t>(extent * item_size(dtype)), give_back, managed));
    out.impl()->set_sizes(sizes, strides);
    if (PyCapsule_SetName(capsule, kUsed) < 0) throw PythonError{};
    return out;
}

}  // namespace kajo::python
