#include "cpu/copy.h"

#include <cmath>
#include <cstring>

#include "core/parallel.h"
#include "cpu/pointwise.h"
#include "cpu/tensor_operands.h"
#include "pointwise_ids.h"

namespace kajo::cpu {

namespace {

void change(const Tensor& to, const Tensor& from, OpId op) {
    PointwiseAttributes attributes{};
    attributes.op = op;
    attributes.part = PointwisePart::Forward;
    attributes.promoted = to.dtype();
    attributes.number_at = -1;
    pointwise({&to, 1}, {&from, 1}, &attributes);
}

// Whether there was something to change between views of which one is lazy.
bool copy_changed(const Tensor& to, const Tensor& from, int differ) {
    const bool conjugate = differ & kConjugated && is_complex(to.dtype());
    const bool negate = differ & kNegated && to.dtype() != DType::Bool;
    if (conjugate) change(to, from, OpId::conj);
    if (negate) change(to, conjugate ? to : from, OpId::neg);
    return conjugate || negate;
}

}  // namespace

void copy(TensorRefs outputs, TensorRefs inputs, const void*) {
    const Tensor &to = outputs[0], &from = inputs[0];
    if (const int differ = to.lazy() ^ from.lazy(); differ && copy_changed(to, from, differ))
        return;
    TensorOperands<2> operands(to.sizes());
    operands.add(to, to.dtype());
    operands.add_input(from, to.dtype());
    copy_tiles(to.sizes(), operands.span()[0], operands.span()[1]);
}

void fill(TensorRefs outputs, TensorRefs, const void* attributes) {
    const Tensor& to = outputs[0];
    alignas(16) char value[16] = {};
    const Scalar& number = static_cast<const FillAttributes*>(attributes)->value;
    const bool zero = number.is_integral() && !number.as_bool();  // all types have it
    if (!zero) store_number(number, to.dtype(), value);
    const bool all_zero = std::all_of(value, value + to.item_size(), [](char c) { return c == 0; });
    constexpr int64_t kShort = int64_t{64} << 10;
    if (const int64_t bytes = to.numel() * to.item_size();
        all_zero && to.is_contiguous() && bytes <= kShort) {
        std::memset(to.raw_data(), 0, static_cast<size_t>(bytes));
        return;
    }
    TensorOperands<2> operands(to.sizes());
    operands.add(to, to.dtype());
    operands.add_constant(value, to.dtype());
    copy_tiles(to.sizes(), operands.span()[0], operands.span()[1]);
}

void range(TensorRefs outputs, TensorRefs, const void* attributes) {
    const auto& a = *static_cast<const RangeAttributes*>(attributes);
    const Tensor& to = outputs[0];
    const int64_t n = to.numel();
    dispatch(to.dtype(), "range", [&]<class T>() {
        // Integers count in integers unless a step is fractional; floats count in double.
        using Real = std::conditional_t<kIsComplex<T>, std::complex<double>, double>;
        T* out = to.data<T>();
        const bool whole = a.start.is_integral() && a.step.is_integral() && a.base == 0.0;
        parallel_ranges(n, int64_t{1} << 14, [&](int64_t begin, int64_t end) {
            if constexpr (std::is_integral_v<T>)
                if (whole) {
                    const uint64_t start = static_cast<uint64_t>(a.start.as_int());
                    const uint64_t step = static_cast<uint64_t>(a.step.as_int());
                    for (int64_t i = begin; i < end; i++)
                        out[i] = static_cast<T>(start + step * static_cast<uint64_t>(i));
                    return;
                }
            const Real start = a.start.to<Real>(), step = a.step.to<Real>(),
                       last = a.end.to<Real>();
            for (int64_t i = begin; i < end; i++) {
                Real x = i < a.mirror ? start + step * static_cast<double>(i)
                                      : last - step * static_cast<double>(n - 1 - i);
                if (a.base != 0.0) x = std::pow(Real(a.base), x);
                if constexpr (kIsComplex<T>)
                    out[i] = static_cast<T>(x);
                else
                    out[i] = Scalar(x).to<T>();
            }
        });
    });
}

}  // namespace kajo::cpu
