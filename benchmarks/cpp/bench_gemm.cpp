// GFLOP/s of the products and convolutions on one thread. An argument selects cases by substring.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "core/parallel.h"
#include "cpu/gemm/gemm.h"

using namespace kajo::cpu;
using kajo::DType;

namespace {

const char* filter = "";

double now() {
    const auto time = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double>(time).count();
}

void report(const std::string& name, double flops, const std::function<void()>& run) {
    if (!std::strstr(name.c_str(), filter)) return;
    run();
    double best = 1e9;
    for (int repeat = 0; repeat < 7; repeat++) {
        const double start = now();
        int calls = 0;
        double elapsed;
        do {
            run();
            calls++;
            elapsed = now() - start;
        } while (elapsed < 0.01);
        best = std::min(best, elapsed / calls);
    }
    std::printf("%-44s %10.1f us %8.1f GFLOP/s\n", name.c_str(), best * 1e6, flops / best * 1e-9);
    std::fflush(stdout);
}

struct Case {
    const char* type_name;
    DType type;
    size_t bytes;
};

std::vector<char> values(const Case& c, int64_t count) {
    std::vector<char> out(size_t(count) * c.bytes, 0);
    for (int64_t i = 0; i < count; i++) {
        const float f = float(i % 17 - 8) / 8;
        const double d = f;
        uint32_t bits;
        std::memcpy(&bits, &f, 4);
        const uint16_t half = uint16_t(bits >> 16);
        char* p = out.data() + size_t(i) * c.bytes;
        if (c.bytes == 4) std::memcpy(p, &f, 4);
        if (c.bytes == 8) std::memcpy(p, &d, 8);
        if (c.bytes == 2) std::memcpy(p, &half, 2);
    }
    return out;
}

void bench_matmul(const Case& c, int64_t m, int64_t n, int64_t k, bool transpose_b) {
    const auto a = values(c, m * k), b = values(c, k * n);
    auto out = values(c, m * n);
    MatmulArgs args;
    args.type = c.type;
    args.m = m, args.n = n, args.k = k;
    args.a = a.data(), args.b = b.data(), args.c = out.data();
    args.a_row_stride = k, args.c_row_stride = n;
    args.b_row_stride = transpose_b ? 1 : n, args.b_column_stride = transpose_b ? k : 1;
    const std::string name = std::string("matmul ") + c.type_name + " " + std::to_string(m) + "x" +
                             std::to_string(n) + "x" + std::to_string(k) +
                             (transpose_b ? " transposed B" : "");
    report(name, 2.0 * double(m) * double(n) * double(k), [&] { matmul(args); });
}

void bench_conv(const Case& c, int64_t batch, int64_t in, int64_t out, int64_t size, int64_t kernel,
                int64_t stride, int64_t padding, int64_t groups) {
    ConvShape s;
    s.batch = batch, s.groups = groups, s.in_channels = in, s.out_channels = out;
    double flops = 2.0 * double(batch) * double(out) * double(in / groups);
    for (int d = 0; d < 2; d++) {
        s.input[d] = size, s.kernel[d] = kernel, s.stride[d] = stride, s.padding[d] = padding;
        s.output[d] = (size + 2 * padding - kernel) / stride + 1;
        flops *= double(s.output[d] * kernel);
    }
    const GemmKernels& kernels = gemm_kernels();
    if (!kernels.conv_forward) return;
    const auto x = values(c, batch * in * size * size);
    const auto w = values(c, out * in / groups * kernel * kernel);
    auto y = values(c, batch * out * s.output[0] * s.output[1]);
    auto dx = x, dw = w;
    const std::string name = std::string("conv ") + c.type_name + " " + std::to_string(batch) +
                             "x " + std::to_string(in) + "->" + std::to_string(out) + " " +
                             std::to_string(size) + "^2 k" + std::to_string(kernel) + " s" +
                             std::to_string(stride) + (groups > 1 ? " depthwise" : "");
    report(name + " forward", flops,
           [&] { kernels.conv_forward(s, c.type, x.data(), w.data(), nullptr, y.data()); });
    report(name + " input", flops,
           [&] { kernels.conv_backward_input(s, c.type, y.data(), w.data(), nullptr, dx.data()); });
    report(name + " weight", flops, [&] {
        kernels.conv_backward_weight(s, c.type, x.data(), y.data(), dw.data(), nullptr);
    });
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) filter = argv[1];
    kajo::set_num_threads(1);
    const Case f32{"float32", DType::Float32, 4}, f64{"float64", DType::Float64, 8};
    const Case bf16{"bfloat16", DType::BFloat16, 2}, c64{"complex64", DType::Complex64, 8};
    for (const Case& c : {f32, f64, bf16})
        for (int64_t n : {2, 16, 64, 256, 1024}) bench_matmul(c, n, n, n, false);
    bench_matmul(c64, 256, 256, 256, false);
    bench_matmul(f32, 256, 256, 256, true);
    bench_matmul(f32, 128, 512, 784, true);
    bench_matmul(f32, 1, 1024, 1024, false);
    bench_matmul(f32, 1, 1024, 1024, true);
    bench_matmul(f32, 1024, 1, 1024, false);
    for (const Case& c : {f32, f64, bf16}) {
        bench_conv(c, 4, 64, 64, 56, 3, 1, 1, 1);
        if (c.type != DType::Float32) continue;
        bench_conv(c, 4, 512, 512, 7, 3, 1, 1, 1);
        bench_conv(c, 4, 64, 256, 56, 1, 1, 0, 1);
        bench_conv(c, 4, 3, 64, 224, 7, 2, 3, 1);
        bench_conv(c, 4, 64, 128, 56, 3, 2, 1, 1);
        bench_conv(c, 32, 1, 32, 28, 3, 1, 1, 1);
        bench_conv(c, 4, 128, 128, 28, 3, 1, 1, 128);
    }
}
