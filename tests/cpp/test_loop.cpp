// Checks the loop engine against one element at a time: shapes, strides and types drawn at random.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "cpu/loop.h"
#include "cpu/move.h"
#include "cpu/tensor_operands.h"

namespace {

using kajo::Dims;
using kajo::DType;
using kajo::cpu::Operand;

int failures = 0;
std::mt19937 engine(7);

int64_t draw(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine);
}

constexpr DType kTypes[] = {DType::UInt8,     DType::Int8,       DType::Int16,   DType::Int32,
                            DType::Int64,     DType::Float16,    DType::Float32, DType::Float64,
                            DType::Complex64, DType::Complex128, DType::Bool,    DType::BFloat16};

double read(const char* p, DType t) {
    return kajo::dispatch(t, "test", [&]<class T>() -> double {
        T x;
        std::memcpy(&x, p, sizeof x);
        if constexpr (kajo::kIsComplex<T>)
            return static_cast<double>(x.real());
        else
            return static_cast<double>(static_cast<kajo::Accumulator<T>>(x));
    });
}

// A strided block of elements of a type, in a permuted, padded, offset piece of memory.
struct Block {
    DType type;
    Dims strides;
    std::vector<char> memory;
    size_t start;
    bool constant = false;

    Block(const Dims& shape, DType dtype, bool may_broadcast) : type(dtype), strides(shape.size()) {
        std::vector<size_t> order(shape.size());
        std::iota(order.begin(), order.end(), size_t{0});
        if (draw(0, 2)) std::shuffle(order.begin(), order.end(), engine);
        int64_t step = draw(0, 3) ? 1 : draw(1, 3);
        for (size_t i = order.size(); i-- > 0;) {
            if (may_broadcast && draw(0, 5) == 0) continue;
            strides[order[i]] = step;
            step *= shape[order[i]];
            if (draw(0, 6) == 0) step += draw(1, 5);
        }
        if (may_broadcast && draw(0, 9) == 0) {
            constant = true;
            step = 1;
            for (auto& s : strides) s = 0;
        }
        const size_t size = static_cast<size_t>(kajo::item_size(type));
        const size_t count = static_cast<size_t>(step) + 16;
        memory.resize((count + 3) * size);
        start = static_cast<size_t>(draw(0, 3)) * size;
        for (size_t i = 0; i < count; i++)
            kajo::cpu::store_number(kajo::Scalar(draw(0, type == DType::Bool ? 1 : 9)), type,
                                    memory.data() + i * size);
    }
    Operand operand(DType computing) {
        return {memory.data() + start, type, computing, strides.data(), constant};
    }
    const char* at(const std::vector<int64_t>& index) const {
        int64_t offset = 0;
        for (size_t d = 0; d < strides.size(); d++) offset += index[d] * strides[d];
        return memory.data() + start + offset * kajo::item_size(type);
    }
};

template <class F>
void each_index(const Dims& shape, F f) {
    std::vector<int64_t> index(shape.size(), 0);
    for (int64_t s : shape)
        if (s == 0) return;
    for (;;) {
        f(index);
        size_t d = shape.size();
        while (d > 0 && ++index[d - 1] == shape[d - 1]) index[--d] = 0;
        if (d == 0) return;
    }
}

Dims random_shape() {
    const size_t n = static_cast<size_t>(draw(0, 5));
    Dims shape(n);
    int64_t total = 1;
    for (size_t d = 0; d < n; d++) {
        const int64_t limit = std::max<int64_t>(1, std::min<int64_t>(1200, 100000 / total));
        shape[d] = draw(0, 3) ? draw(1, std::min<int64_t>(limit, 40)) : draw(1, limit);
        if (draw(0, 40) == 0) shape[d] = 0;
        total *= std::max<int64_t>(shape[d], 1);
    }
    return shape;
}

template <class T>
void add_twice(const void* const* in, void* const* out, const void*, int64_t n) {
    const T *a = static_cast<const T*>(in[0]), *b = static_cast<const T*>(in[1]);
    for (int64_t i = 0; i < n; i++) {
        const T sum = static_cast<T>(a[i] + b[i] + b[i]);
        static_cast<T*>(out[0])[i] = sum;
        static_cast<bool*>(out[1])[i] = a[i] < b[i];
    }
}

void test_kernels() {
    struct Way {
        DType type;
        kajo::cpu::TileFn function;
    };
    const Way ways[] = {{DType::Float32, add_twice<float>},
                        {DType::Float64, add_twice<double>},
                        {DType::Int32, add_twice<int32_t>}};
    for (int round = 0; round < 300; round++) {
        const Dims shape = random_shape();
        const Way& way = ways[draw(0, 2)];
        const bool same = draw(0, 1);
        const auto type = [&] { return same ? way.type : kTypes[draw(0, 11)]; };
        Block a(shape, type(), true), b(shape, type(), true);
        Block sum(shape, same ? way.type : DType::Float64, false);
        Block less(shape, DType::Bool, false);
        const Operand inputs[] = {a.operand(way.type), b.operand(way.type)};
        const Operand outputs[] = {sum.operand(way.type), less.operand(DType::Bool)};
        kajo::cpu::run_tiles(way.function, nullptr, shape, outputs, inputs);
        bool ok = true;
        each_index(shape, [&](const std::vector<int64_t>& i) {
            const double x = read(a.at(i), a.type), y = read(b.at(i), b.type);
            ok &= read(sum.at(i), sum.type) == x + 2 * y;
            ok &= read(less.at(i), less.type) == double(x < y);
        });
        if (!ok) {
            failures++;
            std::fprintf(stderr, "failed: kernel, round %d\n", round);
        }
    }
}

bool was_repeated = false;

// Reads one number for all where the flags say so.
template <class T>
void add_flagged(const void* const* in, void* const* out, const void*, int64_t flagged) {
    const int64_t n = flagged & ((int64_t{1} << kajo::cpu::kRepeatedShift) - 1);
    int64_t step[2];
    for (int k = 0; k < 2; k++) {
        const bool one = flagged >> (kajo::cpu::kRepeatedShift + k) & 1;
        step[k] = one ? 0 : 1;
        was_repeated |= one;
        for (int64_t i = 1; one && i < kajo::cpu::kRepeatedElements; i++)
            if (static_cast<const T*>(in[k])[i] != static_cast<const T*>(in[k])[0]) failures++;
    }
    const T *a = static_cast<const T*>(in[0]), *b = static_cast<const T*>(in[1]);
    for (int64_t i = 0; i < n; i++) static_cast<T*>(out[0])[i] = a[i * step[0]] + b[i * step[1]];
}

void test_rows_of_one_number() {
    for (int round = 0; round < 100; round++) {
        const Dims rows{draw(1, 9), draw(200, 3000)};
        const bool same = draw(0, 1);
        const DType stored = same ? DType::Float32 : kTypes[draw(0, 11)];
        Block column({rows[0], 1}, stored, false), x(rows, DType::Float32, true);
        Block sum(rows, DType::Float64, false);
        Operand one = column.operand(DType::Float32);
        const int64_t strides[] = {column.strides.empty() ? 1 : column.strides[0], 0};
        one.strides = strides;
        const Operand inputs[] = {x.operand(DType::Float32), one};
        const Operand outputs[] = {sum.operand(DType::Float32)};
        kajo::cpu::run_tiles(add_flagged<float>, nullptr, rows, outputs, inputs, true);
        bool ok = true;
        each_index(rows, [&](const std::vector<int64_t>& i) {
            const double wanted = static_cast<float>(read(x.at(i), x.type)) +
                                  static_cast<float>(read(column.at({i[0], 0}), column.type));
            ok &= read(sum.at(i), sum.type) == static_cast<float>(wanted);
        });
        if (!ok) {
            failures++;
            std::fprintf(stderr, "failed: one number for a row, round %d\n", round);
        }
    }
    if (!was_repeated) failures++;
}

void test_copies() {
    for (int round = 0; round < 400; round++) {
        const Dims shape = random_shape();
        const DType from_type = kTypes[draw(0, 11)];
        const DType to_type = draw(0, 1) ? from_type : kTypes[draw(0, 11)];
        Block from(shape, from_type, true), to(shape, to_type, false);
        kajo::cpu::copy_tiles(shape, to.operand(to_type), from.operand(from_type));
        bool ok = true;
        each_index(shape, [&](const std::vector<int64_t>& i) {
            const double x = read(from.at(i), from.type);
            ok &= read(to.at(i), to.type) == (to.type == DType::Bool ? double(x != 0) : x);
        });
        if (!ok) {
            failures++;
            std::fprintf(stderr, "failed: copy, round %d\n", round);
        }
    }
}

// Elements next to the written ones must stay as they were.
void test_transposes() {
    for (int64_t size : {1, 2, 4, 8, 16})
        for (int64_t n : {1, 7, 16, 33, 64, 100}) {
            const int64_t m = n + 3;
            std::vector<char> from(static_cast<size_t>(n * m * size)), to(from.size() + 64, 1);
            for (char& c : from) c = static_cast<char>(draw(-128, 127));
            const auto move = kajo::cpu::move_kernels().by_size[std::countr_zero(uint64_t(size))];
            move(to.data(), m, 1, from.data(), 1, n, n, m);
            bool ok = std::all_of(to.end() - 64, to.end(), [](char c) { return c == 1; });
            for (int64_t i = 0; i < n; i++)
                for (int64_t j = 0; j < m; j++)
                    ok &= !std::memcmp(to.data() + (i * m + j) * size,
                                       from.data() + (j * n + i) * size, static_cast<size_t>(size));
            if (!ok) {
                failures++;
                std::fprintf(stderr, "failed: transpose of %d bytes, %d\n", int(size), int(n));
            }
        }
}

}  // namespace

int main() {
    test_transposes();
    test_copies();
    test_kernels();
    test_rows_of_one_number();
    if (failures == 0) std::puts("loop: all checks passed");
    return failures == 0 ? 0 : 1;
}
