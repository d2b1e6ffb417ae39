// What convolutions are made of: stencils, Winograd's patches or products; half types by float32.
#include "cpu/gemm/conv.h"

#include "cpu/gemm/conv_product.h"
#include "cpu/gemm/kernels.h"

namespace kajo::cpu::KAJO_ISA {
namespace {

// Writes bias (or 0) to every pixel of an image tensor.
template <class S>
void fill_channels(S* y, int64_t batch, int64_t channels, int64_t pixels, const S* bias) {
    for (int64_t p = 0; p < batch * channels; p++)
        std::fill(y + p * pixels, y + (p + 1) * pixels, bias ? bias[p % channels] : S(0));
}

template <class S>
void forward(const ConvShape& s, const S* x, const S* w, const S* bias, S* y) {
    const GroupSizes g(s);
    if (s.batch * s.out_channels * g.output_pixels == 0) return;
    if (g.in * g.kernel == 0)
        return fill_channels(y, s.batch, s.out_channels, g.output_pixels, bias);
    if (is_depthwise(s)) return depthwise_forward(s, x, w, bias, y);
    if constexpr (std::is_same_v<S, float>)
        if (suits_winograd(s)) return winograd_forward(s, x, w, bias, y);
    product_forward<Multiply<S>>(s, x, w, bias, y);
}

template <class S>
void backward_input(const ConvShape& s, const S* dy, const S* w, const S* bias, S* dx) {
    const GroupSizes g(s);
    if (s.batch * s.in_channels * g.input_pixels == 0) return;
    if (g.out * g.kernel * g.output_pixels == 0)
        return fill_channels(dx, s.batch, s.in_channels, g.input_pixels, bias);
    if (is_depthwise(s)) return depthwise_backward_input(s, dy, w, bias, dx);
    if constexpr (std::is_same_v<S, float>)
        if (suits_winograd(s)) return winograd_backward_input(s, dy, w, bias, dx);
    product_backward_input<Multiply<S>>(s, dy, w, bias, dx);
}

template <class S>
void backward_weight(const ConvShape& s, const S* x, const S* dy, S* dw) {
    const GroupSizes g(s);
    if (s.groups * g.weights == 0) return;
    if (s.batch * g.output_pixels == 0) return std::fill(dw, dw + s.groups * g.weights, S(0));
    if (is_depthwise(s)) return depthwise_backward_weight(s, x, dy, dw);
    if constexpr (std::is_same_v<S, float>)
        if (suits_winograd(s)) return winograd_backward_weight(s, x, dy, dw);
    product_backward_weight<Multiply<S>>(s, x, dy, dw);
}

// In the order of the weights' gradient.
template <class T>
void backward_bias(const ConvShape& s, const T* dy, T* dbias) {
    using S = ComputeType<T>;
    const int64_t pixels = product3(s.output);
    const bool ordered = adds_in_order(product3(s.kernel));
    const ImageParts pieces = ordered ? image_parts(s) : ImageParts{s.batch, 1};
    // Of several channels side by side, since each sum waits for its last addition.
    constexpr int64_t kChannels = 8;
    for_tasks((s.out_channels + kChannels - 1) / kChannels,
              double(s.batch * s.out_channels * pixels), [&](int64_t task) {
                  const int64_t first = task * kChannels;
                  const int64_t count = std::min(kChannels, s.out_channels - first);
                  S total[kChannels] = {};
                  for (int64_t part = 0; part < pieces.parts; part++) {
                      S sum[kChannels] = {};
                      const int64_t end = std::min(s.batch, (part + 1) * pieces.images);
                      for (int64_t n = part * pieces.images; n < end; n++) {
                          const T* planes[kChannels];
                          for (int64_t c = 0; c < kChannels; c++)
                              planes[c] =
                                  dy +
                                  (n * s.out_channels + first + std::min(c, count - 1)) * pixels;
                          for (int64_t p = 0; p < pixels; p++)
                              for (int64_t c = 0; c < kChannels; c++) sum[c] += S(planes[c][p]);
                      }
                      for (int64_t c = 0; c < count; c++) total[c] += sum[c];
                  }
                  std::copy_n(total, count, dbias + first);
              });
}

// Half types: float32 copies of the operands.
constexpr int64_t kConvertRun = 4096;

template <class T>
struct FloatCopy {
    FloatCopy(const void* from, int64_t count)
        : memory(from ? size_t(count) * sizeof(float) : 0),
          data(from ? memory.as<float>() : nullptr) {
        if (!from) return;
        const T* p = static_cast<const T*>(from);
        for_tasks((count + kConvertRun - 1) / kConvertRun, double(count), [&](int64_t run) {
            const int64_t end = std::min(count, (run + 1) * kConvertRun);
            for (int64_t i = run * kConvertRun; i < end; i += kLanes<float>) {
                const int lanes = int(std::min<int64_t>(kLanes<float>, end - i));
                store_first(data + i, load_first(p + i, lanes), lanes);
            }
        });
    }
    Scratch memory;
    float* data;
};

template <class T>
struct FloatResult {
    FloatResult(void* to, int64_t count)
        : to(static_cast<T*>(to)),
          count(count),
          memory(to ? size_t(count) * sizeof(float) : 0),
          data(to ? memory.as<float>() : nullptr) {}
    void convert() const {
        if (!to) return;
        for_tasks((count + kConvertRun - 1) / kConvertRun, double(count), [&](int64_t run) {
            const int64_t end = std::min(count, (run + 1) * kConvertRun);
            for (int64_t i = run * kConvertRun; i < end; i += kLanes<float>) {
                const int lanes = int(std::min<int64_t>(kLanes<float>, end - i));
                store_first(to + i, load_first(data + i, lanes), lanes);
            }
        });
    }
    T* to;
    int64_t count;
    Scratch memory;
    float* data;
};

struct Counts {
    int64_t x, w, y;
    explicit Counts(const ConvShape& s)
        : x(s.batch * s.in_channels * product3(s.input)),
          w(s.groups * GroupSizes(s).weights),
          y(s.batch * s.out_channels * product3(s.output)) {}
};

bool has_work(const ConvShape& s) {
    const Counts count(s);
    return count.x > 0 && count.w > 0 && count.y > 0;
}

template <class T>
struct Convolution {
    using S = ComputeType<T>;
    static constexpr bool kHalf = !std::is_same_v<S, T>;

    static void run_forward(const ConvShape& s, const void* x, const void* w, const void* bias,
                            void* y) {
        if constexpr (kHalf) {
            if (has_work(s) && is_depthwise(s))
                return depthwise_forward(s, static_cast<const T*>(x), static_cast<const T*>(w),
                                         static_cast<const T*>(bias), static_cast<T*>(y));
            const Counts count(s);
            const FloatCopy<T> xf(x, count.x), wf(w, count.w), bf(bias, s.out_channels);
            const FloatResult<T> yf(y, count.y);
            forward<S>(s, xf.data, wf.data, bf.data, yf.data);
            yf.convert();
        } else {
            forward(s, static_cast<const S*>(x), static_cast<const S*>(w),
                    static_cast<const S*>(bias), static_cast<S*>(y));
        }
    }

    static void run_backward_input(const ConvShape& s, const void* dy, const void* w,
                                   const void* bias, void* dx) {
        if constexpr (kHalf) {
            if (has_work(s) && is_depthwise(s) && !adds_planes(s))
                return depthwise_backward_input(s, static_cast<const T*>(dy),
                                                static_cast<const T*>(w),
                                                static_cast<const T*>(bias), static_cast<T*>(dx));
            const Counts count(s);
            const FloatCopy<T> gf(dy, count.y), wf(w, count.w), bf(bias, s.in_channels);
            const FloatResult<T> xf(dx, count.x);
            backward_input<S>(s, gf.data, wf.data, bf.data, xf.data);
            xf.convert();
        } else {
            backward_input(s, static_cast<const S*>(dy), static_cast<const S*>(w),
                           static_cast<const S*>(bias), static_cast<S*>(dx));
        }
    }

    static void run_backward_weight(const ConvShape& s, const void* x, const void* dy, void* dw) {
        if constexpr (kHalf) {
            if (has_work(s) && is_depthwise(s))
                return depthwise_backward_weight(s, static_cast<const T*>(x),
                                                 static_cast<const T*>(dy), static_cast<T*>(dw));
            const Counts count(s);
            const FloatCopy<T> xf(x, count.x), gf(dy, count.y);
            const FloatResult<T> wf(dw, count.w);
            backward_weight<S>(s, xf.data, gf.data, wf.data);
            wf.convert();
        } else {
            backward_weight(s, static_cast<const S*>(x), static_cast<const S*>(dy),
                            static_cast<S*>(dw));
        }
    }

    static void run_backward_bias(const ConvShape& s, const void* dy, void* dbias) {
        backward_bias(s, static_cast<const T*>(dy), static_cast<T*>(dbias));
    }
};

template <class F>
void with_type(DType type, F&& f) {
    if (type == DType::Float64) return f(Convolution<double>());
    if (type == DType::BFloat16) return f(Convolution<BFloat16>());
    if (type == DType::Float16) return f(Convolution<Half>());
    f(Convolution<float>());
}

}  // namespace

void conv_forward(const ConvShape& shape, DType type, const void* x, const void* w,
                  const void* bias, void* y) {
    with_type(type, [&](auto conv) { conv.run_forward(in_three_dims(shape), x, w, bias, y); });
}

void conv_backward_input(const ConvShape& shape, DType type, const void* dy, const void* w,
                         const void* bias, void* dx) {
    with_type(type,
              [&](auto conv) { conv.run_backward_input(in_three_dims(shape), dy, w, bias, dx); });
}

void conv_backward_weight(const ConvShape& shape, DType type, const void* x, const void* dy,
                          void* dw) {
    with_type(type, [&](auto conv) { conv.run_backward_weight(in_three_dims(shape), x, dy, dw); });
}

void conv_backward_bias(const ConvShape& shape, DType type, const void* dy, void* dbias) {
    with_type(type, [&](auto conv) { conv.run_backward_bias(in_three_dims(shape), dy, dbias); });
}

}  // namespace kajo::cpu::KAJO_ISA
