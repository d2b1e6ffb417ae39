#include "autograd/attach.h"
#include "core/range.h"
#include "core/shape.h"
#include "ops/joining.h"
#include "ops/ops.h"
#include "ops/resampling.h"

namespace kajo::ops {

namespace {

using cpu::Source;

void check_pairs(const Tensor& self, IntSpan pad) {
    check(pad.size() % 2 == 0, "pad(): Padding length must be divisible by 2, but got ", pad);
    check(static_cast<int64_t>(pad.size()) <= 2 * self.dim(),
          "pad(): Padding length should be less than or equal to two times the input dimension but "
          "got padding length ",
          pad.size(), " and input of dimension ", self.dim());
}

Tensor crop(const Tensor& t, int64_t dim, int64_t before, int64_t after) {
    const int64_t front = std::max<int64_t>(0, -before), back = std::max<int64_t>(0, -after);
    return front + back == 0 ? t : narrow(t, dim, front, t.size(dim) - front - back);
}

struct BorderMode {
    std::string_view mode;
    Source source;
    const char* node_names[3];  // for one, two and three padded dimensions
};

constexpr BorderMode kBorders[] = {
    {"reflect",
     Source::Reflect,
     {"ReflectionPad1DBackward0", "ReflectionPad2DBackward0", "ReflectionPad3DBackward0"}},
    {"replicate",
     Source::Replicate,
     {"ReplicationPad1DBackward0", "ReplicationPad2DBackward0", "ReplicationPad3DBackward0"}},
    {"circular",
     Source::Circular,
     {"CircularPadBackward0", "CircularPadBackward0", "CircularPadBackward0"}},
};

void check_border(const Tensor& self, IntSpan pad, const BorderMode& mode) {
    const auto dims = static_cast<int64_t>(pad.size() / 2);
    check(dims >= 1 && dims <= 3 && (self.dim() == dims + 1 || self.dim() == dims + 2),
          "pad(): mode '", mode.mode,
          "' pads the last 1, 2 or 3 dimensions of a tensor that has one or two more, but "
          "got padding ",
          pad, " for shape ", self.sizes());
    for (int64_t k = 0; k < dims; k++) {
        const int64_t size = self.size(-1 - k);
        const int64_t before = pad[static_cast<size_t>(2 * k)];
        const int64_t after = pad[static_cast<size_t>(2 * k + 1)];
        check(size > 0, "pad(): Expected a tensor with non-zero size to pad, but got shape ",
              self.sizes());
        if (mode.source == Source::Reflect)
            check(before < size && after < size,
                  "pad(): Padding size should be less than the corresponding input dimension, but "
                  "got: padding (",
                  before, ", ", after, ") at dimension ", self.dim() - 1 - k, " of input ",
                  self.sizes());
        if (mode.source == Source::Circular)
            check(before <= size && after <= size,
                  "pad(): Padding value causes wrapping around more than once: padding (", before,
                  ", ", after, ") for size ", size);
        check(size + before + after >= 1, "pad(): input ", self.sizes(),
              " is too small for padding ", pad);
    }
}

Tensor pad_border(const Tensor& self, const Dims& pad, const BorderMode& mode) {
    check_border(self, pad, mode);
    const size_t dims = pad.size() / 2;
    std::vector<cpu::Axis> axes;
    for (size_t k = dims; k-- > 0;) {
        const int64_t size = self.size(-1 - static_cast<int64_t>(k));
        axes.push_back(
            {mode.source, false, size, size + pad[2 * k] + pad[2 * k + 1], 1, pad[2 * k]});
    }
    return resample_axes(mode.node_names[dims - 1], self, axes);
}

// What negative padding cuts off is no part of the circle.
Tensor pad_circular(const Tensor& self, const Dims& pad, const BorderMode& mode) {
    if (std::none_of(pad.begin(), pad.end(), [](int64_t p) { return p < 0; }))
        return pad_border(self, pad, mode);
    check_border(self, pad, mode);
    Tensor kept = self;
    Dims rest = pad;
    for (size_t k = 0; k < pad.size() / 2; k++)
        kept = crop(kept, self.dim() - 1 - static_cast<int64_t>(k), pad[2 * k], pad[2 * k + 1]);
    for (int64_t& p : rest) p = std::max<int64_t>(p, 0);
    return pad_border(kept, rest, mode);
}

}  // namespace

Tensor constant_pad_nd(const Tensor& self, IntSpan pad, const Scalar& value) {
    check_pairs(self, pad);
    const Dims pairs = pad.dims();
    Dims sizes = self.sizes();
    for (size_t k = 0; k < pairs.size() / 2; k++) {
        const size_t d = sizes.size() - 1 - k;
        const int64_t size = sizes[d] + pairs[2 * k] + pairs[2 * k + 1];
        check(size >= 0, "pad(): The input size ", sizes[d], ", plus negative padding ",
              pairs[2 * k], " and ", pairs[2 * k + 1],
              ", resulted in a negative output size at dimension ", d);
        sizes[d] = size;
    }
    check_fits(value, self.dtype(), "constant_pad_nd");
    const Tensor out = empty(sizes, self.dtype(), self.device());
    {
        const GradModeGuard no_grad(false);
        const bool grows =
            std::all_of(pairs.begin(), pairs.end(), [](int64_t p) { return p >= 0; });
        if (!grows) fill_raw(out, value);
        Tensor from = self, to = out;
        for (size_t k = pairs.size() / 2; k-- > 0;) {
            const int64_t dim = self.dim() - 1 - static_cast<int64_t>(k);
            const int64_t before = pairs[2 * k], after = pairs[2 * k + 1];
            // Only what the copy leaves.
            if (grows && before > 0) fill_raw(narrow(to, dim, 0, before), value);
            if (grows && after > 0) fill_raw(narrow(to, dim, to.size(dim) - after, after), value);
            from = crop(from, dim, before, after);
            to = crop(to, dim, -before, -after);
        }
        if (from.numel() != 0) copy_raw(to, from);
    }
    return attach("ConstantPadNdBackward0", out, {self}, {}, [pairs](Backward& ctx) {
        Dims back = pairs;
        for (int64_t& p : back) p = -p;
        ctx.set(0, constant_pad_nd(ctx.grad(), back, Scalar(0)));
    });
}

Tensor pad(const Tensor& self, IntSpan pad, std::string_view mode, std::optional<double> value) {
    check_pairs(self, pad);
    if (mode == "constant") return constant_pad_nd(self, pad, Scalar(value.value_or(0.0)));
    check(!value || *value == 0.0, "pad(): Padding mode \"", mode,
          "\" doesn't take in value argument");
    for (const BorderMode& border : kBorders) {
        if (border.mode != mode) continue;
        if (border.mode == "circular") return pad_circular(self, pad.dims(), border);
        return pad_border(self, pad.dims(), border);
    }
    raise(ErrorKind::NotImplemented, "pad(): Unrecognised padding mode ", mode,
          "; use constant, reflect, replicate or circular");
}

}  // namespace kajo::ops
