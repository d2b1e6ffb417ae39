// Checks the products and convolutions of every instruction set of this machine against plain
// float64 loops. Runs itself again with KAJO_ISA lowered. Exit status 0 means all passed.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "core/parallel.h"
#include "cpu/gemm/gemm.h"
#include "cpu/isa.h"

using namespace kajo::cpu;
using kajo::DType;

namespace {

int failures = 0;

void fail(const std::string& what) {
    failures++;
    std::printf("FAILED: %s\n", what.c_str());
}

// Values of each type as complex doubles, so that one reference serves all.
using Value = std::complex<double>;

double tolerance(DType type) {  // of the sum of |products|
    switch (type) {
        case DType::Float16:
            return 1e-3;
        case DType::BFloat16:
            return 5e-3;
        case DType::Float32:
            return 1e-6;
        case DType::Float64:
            return 1e-14;
        case DType::Complex64:
            return 2e-6;
        case DType::Complex128:
            return 2e-14;
        default:
            return 0;
    }
}
bool is_integer(DType type) { return kajo::is_integral(type, false); }

template <class T>
T get(const void* p) {
    T value;
    std::memcpy(&value, p, sizeof(T));
    return value;
}
template <class T>
void set(void* p, T value) {
    std::memcpy(p, &value, sizeof(T));
}

double half_to_double(uint16_t h) {
    const int exponent = h >> 10 & 31, mantissa = h & 1023;
    const double sign = h >> 15 ? -1 : 1;
    if (exponent == 31) return mantissa ? NAN : sign * INFINITY;
    return sign *
           (exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24));
}

Value read(DType type, const void* base, int64_t i) {
    const char* p = static_cast<const char*>(base) + i * kajo::item_size(type);
    switch (type) {
        case DType::Float32:
            return get<float>(p);
        case DType::Float64:
            return get<double>(p);
        case DType::BFloat16: {
            const uint32_t bits = uint32_t(get<uint16_t>(p)) << 16;
            return get<float>(&bits);
        }
        case DType::Float16:
            return half_to_double(get<uint16_t>(p));
        case DType::Int8:
            return get<int8_t>(p);
        case DType::Int16:
            return get<int16_t>(p);
        case DType::Int32:
            return get<int32_t>(p);
        case DType::Int64:
            return double(get<int64_t>(p));
        case DType::UInt8:
            return get<uint8_t>(p);
        case DType::Complex64:
            return std::complex<double>(get<std::complex<float>>(p));
        case DType::Complex128:
            return get<std::complex<double>>(p);
        default:
            break;
    }
    return 0;
}

// Small multiples of 1/64 are exact in every floating type; integers take -100..100.
void write(DType type, void* base, int64_t i, int re, int im) {
    char* p = static_cast<char*>(base) + i * kajo::item_size(type);
    const float f = float(re) / 64;
    switch (type) {
        case DType::Float32:
            return set(p, f);
        case DType::Float64:
            return set(p, double(f));
        case DType::BFloat16: {
            uint32_t bits;
            std::memcpy(&bits, &f, 4);
            return set(p, uint16_t(bits >> 16));
        }
        case DType::Float16: {
            int exponent;
            const double m = std::frexp(std::fabs(f), &exponent);
            const int bits = f == 0 ? 0 : (exponent + 14) << 10 | (int(m * 2048) & 1023);
            return set(p, uint16_t(bits | (f < 0 ? 0x8000 : 0)));
        }
        case DType::Int8:
            return set(p, int8_t(re));
        case DType::Int16:
            return set(p, int16_t(re));
        case DType::Int32:
            return set(p, int32_t(re));
        case DType::Int64:
            return set(p, int64_t(re));
        case DType::UInt8:
            return set(p, uint8_t(re & 255));
        case DType::Complex64:
            return set(p, std::complex<float>(f, float(im) / 64));
        case DType::Complex128:
            return set(p, std::complex<double>(f, double(im) / 64));
        default:
            break;
    }
}

uint32_t random_state = 1;
int random_int(int low, int high) {
    random_state = random_state * 1664525 + 1013904223;
    return low + int((random_state >> 8) % uint32_t(high - low + 1));
}

struct Buffer {
    DType type;
    std::vector<char> bytes;
    Buffer(DType type, int64_t count)
        : type(type), bytes(size_t(count) * size_t(kajo::item_size(type))) {
        for (int64_t i = 0; i < count; i++)
            write(type, data(), i, random_int(-100, 100), random_int(-100, 100));
    }
    void* data() { return bytes.data(); }
    const void* data() const { return bytes.data(); }
    int64_t count() const { return int64_t(bytes.size() / size_t(kajo::item_size(type))); }
    Value at(int64_t i) const { return read(type, data(), i); }
    std::vector<Value> values() const {
        std::vector<Value> out;
        for (int64_t i = 0; i < count(); i++) out.push_back(at(i));
        return out;
    }
};

// Runs with one and with two threads and demands the same bits; the result stays in `out`.
template <class F>
void run_twice(const std::string& what, Buffer& out, F&& f) {
    const Buffer before = out;
    kajo::set_num_threads(1);
    f();
    const Buffer one = out;
    out = before;
    kajo::set_num_threads(2);
    f();
    kajo::set_num_threads(1);
    if (out.bytes != one.bytes) fail(what + ": two threads give other bits");
}

bool close(DType type, Value got, Value want, double magnitude) {
    if (is_integer(type)) {
        const double modulus = std::ldexp(1.0, int(kajo::item_size(type)) * 8);
        return std::fmod(std::fabs(got.real() - want.real()), modulus) == 0;
    }
    return std::abs(got - want) <= tolerance(type) * (magnitude + 1e-3);
}

struct Options {
    bool transpose_a = false, transpose_b = false, spread = false;
    Value alpha = 1, beta = 0;
    int bias = 0;  // 1 along columns, 2 along rows
    bool conjugate_a = false, conjugate_b = false, relu = false;
    int64_t batch = 0;
    bool share_b = false;
};

void relu_float(void* values, int64_t n) {
    auto* p = static_cast<float*>(values);
    for (int64_t i = 0; i < n; i++) p[i] = p[i] > 0 ? p[i] : 0;
}
void relu_double(void* values, int64_t n) {
    auto* p = static_cast<double*>(values);
    for (int64_t i = 0; i < n; i++) p[i] = p[i] > 0 ? p[i] : 0;
}

void check_matmul(DType type, int64_t m, int64_t n, int64_t k, const Options& o) {
    const std::string what =
        std::string("matmul ") + kajo::info(type).name + " " + std::to_string(m) + "x" +
        std::to_string(n) + "x" + std::to_string(k) + " ta" + std::to_string(o.transpose_a) +
        " tb" + std::to_string(o.transpose_b) + " spread" + std::to_string(o.spread) + " bias" +
        std::to_string(o.bias) + " batch" + std::to_string(o.batch) + " alpha " +
        std::to_string(o.alpha.real()) + " beta " + std::to_string(o.beta.real());
    const int64_t gap = o.spread ? 2 : 1, entries = std::max<int64_t>(o.batch, 1);
    MatmulArgs args;
    args.type = type;
    args.m = m, args.n = n, args.k = k;
    args.a_row_stride = o.transpose_a ? gap : k * gap + (o.spread ? 3 : 0);
    args.a_column_stride = o.transpose_a ? m * gap : gap;
    args.b_row_stride = o.transpose_b ? gap : n * gap;
    args.b_column_stride = o.transpose_b ? k * gap + (o.spread ? 1 : 0) : gap;
    args.c_row_stride = n + (o.spread ? 5 : 0);
    const int64_t a_size = (m + 1) * (k + 4) * gap, b_size = (k + 4) * (n + 1) * gap;
    const int64_t c_size = m * args.c_row_stride;
    Buffer a(type, a_size * entries), b(type, b_size * (o.share_b ? 1 : entries));
    Buffer c(type, c_size * entries), bias(type, std::max(m, n));
    if (o.beta == 0.0 && !is_integer(type))
        for (int64_t i = 0; i < c.count(); i++)  // beta = 0 must not read C
            if (i % args.c_row_stride < n)
                std::memset(c.bytes.data() + i * kajo::item_size(type), 0xff,
                            size_t(kajo::item_size(type)));
    args.a = a.data(), args.b = b.data(), args.c = c.data();
    args.alpha = o.alpha, args.beta = o.beta;
    args.a_conjugate = o.conjugate_a, args.b_conjugate = o.conjugate_b;
    if (o.bias) args.bias = bias.data();
    args.bias_along = o.bias == 2 ? BiasAlong::Rows : BiasAlong::Columns;
    if (o.relu) args.activation = type == DType::Float64 ? relu_double : relu_float;
    if (o.batch) {
        args.batch_dims = 1;
        args.batch_sizes[0] = o.batch;
        args.a_batch_strides[0] = a_size;
        args.b_batch_strides[0] = o.share_b ? 0 : b_size;
        args.c_batch_strides[0] = c_size;
    }
    const Buffer before = c;
    run_twice(what, c, [&] { matmul(args); });
    const bool complex = kajo::is_complex(type);
    std::vector<Value> av = a.values(), bv = b.values();
    if (complex && o.conjugate_a)
        for (Value& x : av) x = std::conj(x);
    if (complex && o.conjugate_b)
        for (Value& x : bv) x = std::conj(x);
    for (int64_t e = 0; e < entries; e++)
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < args.c_row_stride; j++) {
                const int64_t at = e * c_size + i * args.c_row_stride + j;
                if (j >= n) {
                    if (c.at(at) != before.at(at)) return fail(what + ": wrote beside C");
                    continue;
                }
                Value sum = 0;
                double magnitude = 0;
                for (int64_t l = 0; l < k; l++) {
                    const Value& x =
                        av[size_t(e * a_size + i * args.a_row_stride + l * args.a_column_stride)];
                    const Value& y = bv[size_t((o.share_b ? 0 : e * b_size) +
                                               l * args.b_row_stride + j * args.b_column_stride)];
                    if (!complex) {
                        sum += x.real() * y.real();
                        magnitude += std::fabs(x.real() * y.real());
                        continue;
                    }
                    sum += x * y;
                    magnitude += std::abs(x * y);
                }
                sum *= o.alpha;
                magnitude *= std::abs(o.alpha);
                if (o.beta != 0.0) {
                    sum += o.beta * before.at(at);
                    magnitude += std::abs(o.beta * before.at(at));
                }
                if (o.bias) sum += bias.at(o.bias == 2 ? i : j);
                if (o.relu && sum.real() < 0) sum = 0;
                if (!close(type, c.at(at), sum, magnitude + std::abs(sum)))
                    return fail(what + ": at " + std::to_string(i) + ", " + std::to_string(j) +
                                " got " + std::to_string(c.at(at).real()) + " want " +
                                std::to_string(sum.real()));
            }
}

void check_matmuls() {
    const int64_t sizes[][3] = {
        {1, 1, 1},     {2, 2, 2},   {3, 5, 7},      {14, 32, 16},   {15, 33, 17},  {1, 70, 37},
        {37, 1, 70},   {1, 1, 100}, {65, 100, 130}, {150, 90, 800}, {20, 1200, 9}, {1, 600, 5},
        {0, 4, 3},     {4, 0, 3},   {5, 6, 0},      {1, 5, 0},      {3, 70, 200},  {9, 70, 700},
        {16, 66, 601}, {2, 9, 130}, {20, 30, 25},   {10, 33, 2300}, {70, 900, 14}};
    for (int t = 0; t < kajo::kCommonDTypes; t++) {
        const auto type = static_cast<DType>(t);
        if (type == DType::Bool) continue;
        for (const auto& [m, n, k] : sizes) {
            if (m * n * k > 1000000 && type != DType::Float32 && type != DType::Float64 &&
                type != DType::BFloat16)
                continue;
            for (int layout = 0; layout < 8; layout++) {
                if (m * n * k > 1000000 && layout > 3) continue;
                Options o;
                o.transpose_a = layout & 1, o.transpose_b = layout & 2, o.spread = layout & 4;
                check_matmul(type, m, n, k, o);
                o.alpha = 2, o.beta = is_integer(type) ? 3 : 0.5, o.bias = 1 + layout % 2;
                if (kajo::is_complex(type)) {
                    if (layout & 1) o.alpha = {2, 0.5};
                    if (layout & 2) o.beta = {0.5, -1};
                    o.conjugate_a = layout & 4, o.conjugate_b = layout & 2;
                }
                o.relu = !is_integer(type) && !kajo::is_complex(type) && layout % 3 == 0;
                check_matmul(type, m, n, k, o);
            }
        }
        for (int64_t batch : {1, 3, 40})
            for (int share = 0; share < 2; share++) {
                Options o;
                o.batch = batch, o.share_b = share, o.transpose_b = share;
                check_matmul(type, 6, 7, 8, o);
                check_matmul(type, 33, 20, 18, o);
            }
    }
    Options transposed;
    transposed.transpose_b = true;
    check_matmul(DType::Float32, 700, 1100, 100, transposed);
    check_matmul(DType::Float32, 460, 40, 900, transposed);
    check_matmul(DType::BFloat16, 300, 520, 901, Options{});
}

// A batch over two dimensions that repeats A along one and B along the other.
void check_broadcast_batch() {
    const auto type = DType::Float64;
    Buffer a(type, 2 * 12), b(type, 3 * 20), c(type, 6 * 15);
    MatmulArgs args;
    args.type = type;
    args.m = 3, args.n = 5, args.k = 4;
    args.a = a.data(), args.b = b.data(), args.c = c.data();
    args.a_row_stride = 4, args.b_row_stride = 5, args.c_row_stride = 5;
    args.batch_dims = 2;
    args.batch_sizes[0] = 2, args.batch_sizes[1] = 3;
    args.a_batch_strides[0] = 12, args.b_batch_strides[1] = 20;
    args.c_batch_strides[0] = 45, args.c_batch_strides[1] = 15;
    matmul(args);
    for (int e = 0; e < 6; e++)
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 5; j++) {
                Value sum = 0;
                for (int l = 0; l < 4; l++)
                    sum += a.at(e / 3 * 12 + i * 4 + l) * b.at(e % 3 * 20 + l * 5 + j);
                if (std::abs(c.at(e * 15 + i * 5 + j) - sum) > 1e-12)
                    return fail("broadcast batch");
            }
}

struct ConvCase {
    int dims;
    int64_t batch, groups, in, out;
    std::vector<int64_t> input, kernel, stride, padding, dilation;
};

struct Sums {
    std::vector<double> value, magnitude;
    explicit Sums(int64_t n) : value(size_t(n), 0.0), magnitude(size_t(n), 0.0) {}
    void add(int64_t i, double x) {
        value[size_t(i)] += x;
        magnitude[size_t(i)] += std::fabs(x);
    }
};

void compare(const std::string& what, const Buffer& got, const Sums& want) {
    for (int64_t i = 0; i < got.count(); i++)
        if (!close(got.type, got.at(i), want.value[size_t(i)],
                   want.magnitude[size_t(i)] + std::fabs(want.value[size_t(i)])))
            return fail(what + " at " + std::to_string(i) + ": got " +
                        std::to_string(got.at(i).real()) + " want " +
                        std::to_string(want.value[size_t(i)]));
}

void poison(Buffer& b) { std::fill(b.bytes.begin(), b.bytes.end(), char(0xff)); }

void check_conv(DType type, const ConvCase& c, const std::string& name) {
    ConvShape s;
    s.dims = c.dims;
    s.batch = c.batch, s.groups = c.groups, s.in_channels = c.in, s.out_channels = c.out;
    int64_t in[3] = {1, 1, 1}, kernel[3] = {1, 1, 1}, out[3] = {1, 1, 1};
    int64_t stride[3] = {1, 1, 1}, padding[3] = {0, 0, 0}, dilation[3] = {1, 1, 1};
    for (int d = 0; d < c.dims; d++) {
        const size_t i = size_t(d);
        s.input[d] = c.input[i], s.kernel[d] = c.kernel[i], s.stride[d] = c.stride[i];
        s.padding[d] = c.padding[i], s.dilation[d] = c.dilation[i];
        s.output[d] =
            (s.input[d] + 2 * s.padding[d] - s.dilation[d] * (s.kernel[d] - 1) - 1) / s.stride[d] +
            1;
        const int to = 3 - c.dims + d;
        in[to] = s.input[d], kernel[to] = s.kernel[d], out[to] = s.output[d];
        stride[to] = s.stride[d], padding[to] = s.padding[d], dilation[to] = s.dilation[d];
    }
    const int64_t ip = in[0] * in[1] * in[2], op = out[0] * out[1] * out[2];
    const int64_t kp = kernel[0] * kernel[1] * kernel[2];
    const int64_t ig = c.in / c.groups, og = c.out / c.groups;
    Buffer x(type, c.batch * c.in * ip), w(type, c.out * ig * kp), bias(type, c.out);
    Buffer dy(type, c.batch * c.out * op), in_bias(type, c.in);
    Buffer y = dy, dx = x, dw = w, db = bias;
    const std::vector<Value> xv = x.values(), wv = w.values();
    Sums ys(y.count()), xs(x.count()), ws(w.count()), bs(c.out);
    for (int64_t n = 0; n < c.batch; n++)
        for (int64_t o = 0; o < c.out; o++)
            for (int64_t p = 0; p < op; p++) {
                const int64_t yi = (n * c.out + o) * op + p;
                const double g = dy.at(yi).real();
                ys.add(yi, bias.at(o).real());
                bs.add(o, g);
                for (int64_t q = 0; q < ig; q++)
                    for (int64_t t = 0; t < kp; t++) {
                        const int64_t at[3] = {
                            p / (out[1] * out[2]) * stride[0] - padding[0] +
                                t / (kernel[1] * kernel[2]) * dilation[0],
                            p / out[2] % out[1] * stride[1] - padding[1] +
                                t / kernel[2] % kernel[1] * dilation[1],
                            p % out[2] * stride[2] - padding[2] + t % kernel[2] * dilation[2]};
                        bool inside = true;
                        for (int d = 0; d < 3; d++) inside = inside && at[d] >= 0 && at[d] < in[d];
                        if (!inside) continue;
                        const int64_t xi = (n * c.in + o / og * ig + q) * ip +
                                           (at[0] * in[1] + at[1]) * in[2] + at[2];
                        const int64_t wi = (o * ig + q) * kp + t;
                        const double xr = xv[size_t(xi)].real(), wr = wv[size_t(wi)].real();
                        ys.add(yi, xr * wr);
                        xs.add(xi, g * wr);
                        ws.add(wi, g * xr);
                    }
            }
    for (int64_t i = 0; i < x.count(); i++) xs.add(i, in_bias.at(i / ip % c.in).real());
    const GemmKernels& k = gemm_kernels();
    const std::string what = std::string("conv ") + kajo::info(type).name + " " + name;
    poison(y), poison(dx), poison(dw), poison(db);
    run_twice(what, y, [&] { k.conv_forward(s, type, x.data(), w.data(), bias.data(), y.data()); });
    compare(what + " forward", y, ys);
    run_twice(what, dx, [&] {
        k.conv_backward_input(s, type, dy.data(), w.data(), in_bias.data(), dx.data());
    });
    compare(what + " input", dx, xs);
    run_twice(what, dw, [&] { k.conv_backward_weight(s, type, x.data(), dy.data(), dw.data()); });
    run_twice(what, db, [&] { k.conv_backward_bias(s, type, dy.data(), db.data()); });
    compare(what + " weight", dw, ws);
    compare(what + " bias", db, bs);
}

void check_convs() {
    const ConvCase cases[] = {
        {2, 2, 1, 3, 5, {9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {2, 3, 1, 4, 6, {7, 7}, {3, 3}, {2, 2}, {1, 1}, {1, 1}},
        {2, 2, 2, 4, 6, {8, 10}, {3, 2}, {2, 1}, {1, 0}, {2, 1}},
        {2, 2, 1, 5, 33, {13, 12}, {5, 7}, {3, 2}, {2, 3}, {1, 1}},
        {2, 4, 1, 17, 20, {6, 6}, {1, 1}, {1, 1}, {0, 0}, {1, 1}},
        {2, 2, 3, 6, 6, {12, 9}, {3, 3}, {2, 3}, {2, 2}, {2, 2}},
        {2, 3, 1, 40, 50, {14, 14}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {2, 2, 1, 3, 16, {30, 30}, {7, 7}, {2, 2}, {3, 3}, {1, 1}},
        {2, 40, 1, 2, 3, {4, 4}, {3, 3}, {1, 1}, {0, 0}, {1, 1}},
        {2, 2, 1, 5, 9, {17, 17}, {1, 1}, {2, 2}, {0, 0}, {1, 1}},
        {2, 3, 1, 1, 40, {9, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {2, 9, 1, 3, 8, {32, 32}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {2, 1, 1, 120, 20, {7, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {2, 2, 1, 2, 3, {6, 6}, {1, 1}, {4, 3}, {0, 0}, {1, 1}},
        // depthwise, with a multiplier, wide padding, and strides
        {2, 5, 8, 8, 8, {5, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {2, 2, 6, 6, 12, {20, 37}, {5, 3}, {1, 1}, {2, 1}, {1, 2}},
        {2, 2, 6, 6, 6, {19, 40}, {3, 3}, {2, 2}, {1, 1}, {1, 1}},
        {2, 2, 3, 3, 6, {11, 23}, {3, 2}, {3, 4}, {4, 5}, {1, 1}},
        {2, 2, 2, 2, 2, {50, 70}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        // one and three dimensions
        {1, 3, 1, 4, 5, {50}, {5}, {2}, {2}, {1}},
        {1, 2, 4, 4, 4, {50}, {4}, {1}, {3}, {2}},
        {1, 2, 2, 6, 4, {9}, {3}, {1}, {1}, {1}},
        {3, 2, 1, 3, 5, {5, 6, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
        {3, 2, 2, 4, 6, {7, 6, 9}, {2, 3, 3}, {2, 1, 2}, {1, 0, 1}, {1, 2, 1}},
        {3, 1, 3, 3, 3, {4, 5, 6}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
        {2, 0, 1, 3, 4, {5, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        // long rows, which tiles read where they lie: paddings, steps, and an odd number of
        // channels
        {2, 3, 1, 18, 15, {20, 33}, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {2, 2, 1, 13, 17, {30, 31}, {5, 3}, {1, 1}, {4, 0}, {1, 2}},
        {2, 3, 1, 12, 15, {33, 60}, {3, 4}, {2, 2}, {1, 3}, {2, 1}},
        {2, 2, 2, 26, 30, {17, 40}, {2, 3}, {3, 1}, {0, 2}, {1, 1}},
        {1, 3, 1, 14, 20, {300}, {7}, {1}, {5}, {2}},
    };
    int index = 0;
    for (const ConvCase& c : cases) {
        const std::string name = std::to_string(index++);
        check_conv(DType::Float32, c, name);
        check_conv(DType::Float64, c, name);
        check_conv(DType::BFloat16, c, name);
        if (index % 5 == 0) check_conv(DType::Float16, c, name);
    }
}

}  // namespace

int main() {
    const char* names[] = {"baseline", "avx2", "avx512"};
    check_matmuls();
    check_broadcast_batch();
    check_convs();
    std::printf("%s: %d failures\n", names[static_cast<int>(cpu_isa())], failures);
    return failures != 0;
}
