#include "cpu/pooling.h"

#include <algorithm>

#include "core/parallel.h"
#include "cpu/isa.h"

namespace kajo::cpu {

namespace baseline {
extern const PoolingKernels pooling_kernels;
}
#if defined(KAJO_X86)
namespace avx2 {
extern const PoolingKernels pooling_kernels;
}
namespace avx512 {
extern const PoolingKernels pooling_kernels;
}
#endif

namespace {

const PoolingKernels& kernels() {
#if defined(KAJO_X86)
    return of_cpu_isa(baseline::pooling_kernels, avx2::pooling_kernels, avx512::pooling_kernels);
#else
    return baseline::pooling_kernels;
#endif
}

// Calls f(in, out, first plane, planes) for runs of planes; elements of the input and output planes
// are given.
template <class F>
void for_planes(const Tensor& in, int64_t in_plane, const Tensor& out, int64_t out_plane, F&& f) {
    constexpr int64_t kTask = 32768;
    if (in.numel() == 0 || out.numel() == 0) return;
    const int64_t planes = out.numel() / out_plane, bytes = in.item_size();
    const auto* from = static_cast<const char*>(in.raw_data());
    auto* to = static_cast<char*>(out.raw_data());
    const int64_t grain = std::max<int64_t>(1, kTask / std::max(in_plane, out_plane));
    parallel_ranges(planes, grain, [&](int64_t begin, int64_t end) {
        f(from + begin * in_plane * bytes, to + begin * out_plane * bytes, begin, end - begin);
    });
}

int64_t product(const int64_t* sizes) { return sizes[0] * sizes[1] * sizes[2]; }

int type_index(DType t) { return t == DType::Float32 ? 0 : t == DType::Float64 ? 1 : 2; }

}  // namespace

void max_pool(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& pool = *static_cast<const PoolAttributes*>(attributes);
    const auto kernel = kernels().max[type_index(in[0].dtype())];
    const int64_t plane = product(pool.output);
    int64_t* const indices = out.size() > 1 ? out[1].data<int64_t>() : nullptr;
    for_planes(in[0], product(pool.input), out[0], plane,
               [&](auto* from, auto* to, int64_t first, int64_t planes) {
                   kernel(pool, planes, from, to, indices ? indices + first * plane : nullptr);
               });
}

void average_pool(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& pool = *static_cast<const PoolAttributes*>(attributes);
    const auto kernel = kernels().average[type_index(in[0].dtype())];
    for_planes(
        in[0], product(pool.input), out[0], product(pool.output),
        [&](auto* from, auto* to, int64_t, int64_t planes) { kernel(pool, planes, from, to); });
}

void average_pool_spread(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& pool = *static_cast<const PoolAttributes*>(attributes);
    const auto kernel = kernels().spread[type_index(in[0].dtype())];
    for_planes(
        in[0], product(pool.output), out[0], product(pool.input),
        [&](auto* from, auto* to, int64_t, int64_t planes) { kernel(pool, planes, from, to); });
}

void place_in_planes(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& places = *static_cast<const PlaceAttributes*>(attributes);
    const auto* indices = in[1].data<int64_t>();
    const auto place = [&]<class T>() {
        for_planes(in[0], places.from, out[0], places.to,
                   [&](auto* from, auto* to, int64_t first, int64_t planes) {
                       const auto* values = reinterpret_cast<const T*>(from);
                       auto* sums = reinterpret_cast<T*>(to);
                       const int64_t* at = indices + first * places.from;
                       std::fill(sums, sums + planes * places.to, T(0));
                       for (int64_t plane = 0; plane < planes; plane++, sums += places.to)
                           for (int64_t i = 0; i < places.from; i++) sums[*at++] += *values++;
                   });
    };
    if (in[0].dtype() == DType::Float32)
        place.operator()<float>();
    else
        place.operator()<double>();
}

}  // namespace kajo::cpu
