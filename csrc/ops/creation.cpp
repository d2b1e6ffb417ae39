#include "ops/creation.h"

#include <cmath>

#include "autograd/attach.h"
#include "core/launch.h"
#include "core/promotion.h"
#include "core/range.h"
#include "cpu/copy.h"
#include "ops/copy.h"

namespace kajo::ops {

namespace {

const Kernel fill_kernel{"fill_", cpu::fill, kMoved | kSubByte};
const Kernel arange_kernel{"arange", cpu::range};
const Kernel linspace_kernel{"linspace", cpu::range};
const Kernel logspace_kernel{"logspace", cpu::range};

int64_t range_length(const Scalar& start, const Scalar& end, const Scalar& step) {
    if (start.is_integral() && end.is_integral() && step.is_integral()) {
        const int64_t a = start.as_int(), b = end.as_int(), s = step.as_int();
        check(s != 0, "arange(): step must be nonzero");
        check((s > 0 && b >= a) || (s < 0 && b <= a),
              "arange(): upper bound and lower bound inconsistent with step sign, got start ", a,
              ", end ", b, ", step ", s);
        const uint64_t span = s > 0 ? static_cast<uint64_t>(b) - static_cast<uint64_t>(a)
                                    : static_cast<uint64_t>(a) - static_cast<uint64_t>(b);
        const uint64_t stride = s > 0 ? static_cast<uint64_t>(s) : -static_cast<uint64_t>(s);
        const uint64_t n = span / stride + (span % stride != 0);
        check(n <= static_cast<uint64_t>(INT64_MAX), "arange(): invalid size, possible overflow?");
        return static_cast<int64_t>(n);
    }
    const double a = start.as_double(), b = end.as_double(), s = step.as_double();
    check(s != 0.0 && !std::isnan(s), "arange(): step must be nonzero, got ", s);
    check(std::isfinite(a) && std::isfinite(b), "arange(): unsupported range: ", a, " -> ", b);
    check((s > 0 && b >= a) || (s < 0 && b <= a),
          "arange(): upper bound and lower bound inconsistent with step sign, got start ", a,
          ", end ", b, ", step ", s);
    const double n = std::ceil((b - a) / s);
    check(n >= 0 && n < 0x1p63, "arange(): invalid size, possible overflow?");
    return static_cast<int64_t>(n);
}

Tensor spaced(const Kernel& kernel, const Scalar& start, const Scalar& end, int64_t steps,
              double base, DType dtype, Device device) {
    check(steps >= 0, kernel.name, "(): number of steps must be non-negative, got ", steps);
    Tensor out = kajo::empty({steps}, dtype, device);
    if (steps == 0) return out;
    const double gaps = static_cast<double>(std::max<int64_t>(steps - 1, 1));
    const Scalar step = start.is_complex() || end.is_complex()
                            ? Scalar((end.as_complex() - start.as_complex()) / gaps)
                            : Scalar((end.as_double() - start.as_double()) / gaps);
    const int64_t mirror = steps == 1 ? 1 : steps / 2;
    launch(kernel, {&out, 1}, {}, cpu::RangeAttributes{start, step, end, mirror, base});
    return out;
}

}  // namespace

Tensor full(IntSpan size, const Scalar& value, DType dtype, Device device) {
    check_fits(value, dtype, "full");
    Tensor out = kajo::empty(size, dtype, device);
    fill_raw(out, value);
    return out;
}

Tensor zeros(IntSpan size, DType dtype, Device device) { return full(size, 0, dtype, device); }
Tensor ones(IntSpan size, DType dtype, Device device) { return full(size, 1, dtype, device); }

Tensor full_like(const Tensor& self, const Scalar& value) {
    check_fits(value, self.dtype(), "full_like");
    Tensor out = empty_like(self);
    fill_raw(out, value);
    return out;
}
Tensor zeros_like(const Tensor& self) { return full_like(self, 0); }
Tensor ones_like(const Tensor& self) { return full_like(self, 1); }

Tensor scalar_tensor(const Scalar& value) {
    // Numbers are float64 at heart: their rank, not their width, decides what they become.
    const DType dtype = value.is_bool()       ? DType::Bool
                        : value.is_integral() ? DType::Int64
                        : value.is_complex()  ? DType::Complex128
                                              : DType::Float64;
    Tensor out = full({}, value, dtype);
    out.impl()->wrapped_number = true;
    return out;
}
Tensor scalar_tensor(const Scalar& value, DType dtype, Device device) {
    return full({}, value, dtype, device);
}

Tensor arange(const Scalar& start, const Scalar& end, const Scalar& step,
              std::optional<DType> dtype, Device device) {
    check(!start.is_complex() && !end.is_complex() && !step.is_complex(),
          "arange(): complex numbers are not supported, got ", start, ", ", end, ", ", step);
    const bool whole = start.is_integral() && end.is_integral() && step.is_integral();
    const DType type = dtype.value_or(whole ? DType::Int64 : default_dtype());
    if (type == DType::Bool) raise_unsupported("arange", type);
    check_value(!is_integral(type, true) || whole || step.as_int() != 0,
                "arange(): step must be nonzero, got ", step, " for dtype ", type);
    const int64_t n = is_integral(type, true) && !whole
                          ? range_length(start.as_int(), end.as_int(), step.as_int())
                          : range_length(start, end, step);
    Tensor out = kajo::empty({n}, type, device);
    const bool truncates = is_integral(type, true);
    launch(arange_kernel, {&out, 1}, {},
           cpu::RangeAttributes{truncates ? Scalar(start.as_int()) : start,
                                truncates ? Scalar(step.as_int()) : step, end, INT64_MAX, 0.0});
    return out;
}

namespace {
// An end of a range in the result's type; integer types take its whole part. The step may be
// fractional even then.
Scalar range_end(const Scalar& end, DType dtype) {
    if (end.is_complex()) return end;
    if (dtype == DType::Float16) return Scalar(double(float(Half(float(end.as_double())))));
    if (dtype == DType::BFloat16) return Scalar(double(float(BFloat16(float(end.as_double())))));
    return Scalar(is_integral(dtype, true) ? std::trunc(end.as_double()) : end.as_double());
}
}  // namespace

Tensor linspace(const Scalar& start, const Scalar& end, int64_t steps, DType dtype, Device device) {
    return spaced(linspace_kernel, range_end(start, dtype), range_end(end, dtype), steps, 0.0,
                  dtype, device);
}

Tensor logspace(const Scalar& start, const Scalar& end, int64_t steps, double base, DType dtype,
                Device device) {
    return spaced(logspace_kernel, range_end(start, dtype), range_end(end, dtype), steps, base,
                  dtype, device);
}

Tensor eye(int64_t n, int64_t m, DType dtype, Device device) {
    check(n >= 0, "eye(): n must be greater or equal to 0, got ", n);
    check(m >= 0, "eye(): m must be greater or equal to 0, got ", m);
    Tensor out = zeros({n, m}, dtype, device);
    fill_raw(alias(out, {std::min(n, m)}, {m + 1}, out.offset()), 1);
    return out;
}

void fill_raw(const Tensor& out, const Scalar& value) {
    launch(fill_kernel, {&out, 1}, {}, cpu::FillAttributes{value});
}
void zero_raw(const Tensor& out) { fill_raw(out, 0); }

namespace {
// Old values that were written over have no effect.
void forget(Backward& ctx) { ctx.set(0, zeros_like(ctx.grad())); }
}  // namespace

Tensor fill_(const Tensor& self, const Scalar& value) {
    check_inplace(self, "fill_");
    check_fits(value, self.dtype(), "fill_");
    fill_raw(self, value);
    return attach_inplace("FillBackward0", self, {&self, 1}, {}, forget);
}

Tensor fill_tensor_(const Tensor& self, const Tensor& value) {
    check(value.dim() == 0, "fill_(): only supports a 0-dimensional value tensor, but got ",
          value.dim(), " dimensions");
    check_inplace(self, "fill_");
    copy_raw(self, may_overlap(self, value) ? clone(detach(value)) : value);
    return attach_inplace("FillBackward1", self, {self, value}, {}, [](Backward& ctx) {
        if (ctx.needs(0)) forget(ctx);
        if (ctx.needs(1)) ctx.set(1, ctx.grad());
    });
}

Tensor zero_(const Tensor& self) {
    check_inplace(self, "zero_");
    zero_raw(self);
    return attach_inplace("ZeroBackward0", self, {&self, 1}, {}, forget);
}

}  // namespace kajo::ops
