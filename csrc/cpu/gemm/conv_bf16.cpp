// Convolutions of bfloat16 by the hardware's dot products of pairs; compiled with
// KAJO_ISA=avx512bf16. Neighbouring channels, or neighbouring images for the weights' gradient, are
// put side by side in 32 bits: to the product they are one channel, or one image, of float32.
#include "cpu/gemm/bfloat16.h"
#include "cpu/gemm/conv_product.h"
#include "cpu/gemm/pairs.h"

namespace kajo::cpu::KAJO_ISA {

template <>
struct Elements<MultiplyPairs> {
    using Element = BFloat16;
    static constexpr int kValues = 2;

    template <int STRIDE>
    static Vector<float> read(const BFloat16* p, int64_t second, int lanes, int64_t stride) {
        using Wide = Vector<uint32_t>;
        if constexpr (STRIDE == 1)
            return as_pairs(load_halves(p, lanes),
                            second ? load_halves(p + second, lanes) : Halves{});
        if constexpr (STRIDE == 2) {
            const auto values = __mmask32((uint64_t{1} << (2 * lanes - 1)) - 1);
            const Wide low = (Wide)_mm512_maskz_loadu_epi16(values, p);
            const Wide high = second ? (Wide)_mm512_maskz_loadu_epi16(values, p + second) : Wide{};
            return (Vector<float>)((low & 0xffff) | high << 16);
        }
        Wide v{};
        for (int l = 0; l < lanes; l++) {
            const uint32_t high = second ? p[second + l * stride].bits : 0;
            v[l] = p[l * stride].bits | high << 16;
        }
        return (Vector<float>)v;
    }

    struct Packed {
        Packed(const BFloat16* from, int64_t blocks, int64_t from_stride, int64_t count,
               int64_t run)
            : memory(size_t(blocks * ((count + 1) / 2) * run) * sizeof(float)),
              data(memory.as<float>()),
              block_stride((count + 1) / 2 * run) {
            constexpr int64_t kPiece = 4096;
            const int64_t pairs = (count + 1) / 2, pieces = (run + kPiece - 1) / kPiece;
            const int64_t rows = std::max<int64_t>(1, kPiece / run), all = blocks * pairs;
            for_tasks((all + rows - 1) / rows * pieces, double(all * run), [&](int64_t task) {
                const int64_t first = task / pieces * rows, begin = task % pieces * kPiece;
                const int64_t length = std::min(kPiece, run - begin);
                for (int64_t row = first; row < std::min(all, first + rows); row++) {
                    const int64_t i = row % pairs * 2;
                    const BFloat16* p = from + row / pairs * from_stride + i * run + begin;
                    float* const to = memory.as<float>() + row * run + begin;
                    const int64_t second = i + 1 < count ? run : 0;
                    for (int64_t l = 0; l < length; l += kLanes<float>) {
                        const int lanes = int(std::min<int64_t>(kLanes<float>, length - l));
                        store_first(to + l, read<1>(p + l, second, lanes, 1), lanes);
                    }
                }
            });
        }

        Scratch memory;
        const float* data;
        int64_t block_stride;
    };
};

namespace {

GemmKernels plain;  // what goes where `multiplies` says no

bool multiplies(const ConvShape& s, DType type) {
    const bool empty = s.batch * s.in_channels * s.out_channels == 0 || product3(s.kernel) == 0 ||
                       product3(s.input) == 0 || product3(s.output) == 0;
    return type == DType::BFloat16 && !empty && !is_depthwise(in_three_dims(s));
}

void conv_forward(const ConvShape& shape, DType type, const void* x, const void* w,
                  const void* bias, void* y) {
    if (!multiplies(shape, type)) return plain.conv_forward(shape, type, x, w, bias, y);
    product_forward<MultiplyPairs>(in_three_dims(shape), static_cast<const BFloat16*>(x),
                                   static_cast<const BFloat16*>(w),
                                   static_cast<const BFloat16*>(bias), static_cast<BFloat16*>(y));
}

void conv_backward_input(const ConvShape& shape, DType type, const void* dy, const void* w,
                         const void* bias, void* dx) {
    if (!multiplies(shape, type)) return plain.conv_backward_input(shape, type, dy, w, bias, dx);
    product_backward_input<MultiplyPairs>(
        in_three_dims(shape), static_cast<const BFloat16*>(dy), static_cast<const BFloat16*>(w),
        static_cast<const BFloat16*>(bias), static_cast<BFloat16*>(dx));
}

void conv_backward_weight(const ConvShape& shape, DType type, const void* x, const void* dy,
                          void* dw) {
    // A single image has no partner.
    if (!multiplies(shape, type) || shape.batch == 1)
        return plain.conv_backward_weight(shape, type, x, dy, dw);
    const ConvShape s = in_three_dims(shape);
    const int64_t count = s.groups * GroupSizes(s).weights;
    const Scratch sums(size_t(count) * sizeof(float));
    product_backward_weight<MultiplyPairs>(s, static_cast<const BFloat16*>(x),
                                           static_cast<const BFloat16*>(dy), sums.as<float>());
    auto* const to = static_cast<BFloat16*>(dw);
    for (int64_t i = 0; i < count; i += kLanes<float>) {
        const int lanes = int(std::min<int64_t>(kLanes<float>, count - i));
        store_first(to + i, load_first(sums.as<float>() + i, lanes), lanes);
    }
}

}  // namespace

void replace_convolutions(GemmKernels& kernels) {
    plain = kernels;
    kernels.conv_forward = conv_forward;
    kernels.conv_backward_input = conv_backward_input;
    kernels.conv_backward_weight = conv_backward_weight;
}

}  // namespace kajo::cpu::KAJO_ISA
