#include "core/shape.h"

#include <numeric>

namespace kajo {

int64_t wrap_dim(int64_t dim, int64_t ndim, const char* operation) {
    const int64_t n = ndim == 0 ? 1 : ndim;
    if (dim < -n || dim >= n) [[unlikely]]
        raise(ErrorKind::Index, operation ? operation : "", operation ? "(): " : "",
              "Dimension out of range (expected to be in range of [", -n, ", ", n - 1,
              "], but got ", dim, ")");
    return dim < 0 ? dim + n : dim;
}

Dims wrap_dims(IntSpan dims, int64_t ndim, const char* operation) {
    Dims out = dims.dims();
    for (size_t i = 0; i < out.size(); i++) {
        out[i] = wrap_dim(out[i], ndim, operation);
        for (size_t j = 0; j < i; j++)
            check(out[i] != out[j], operation, "(): dim ", out[i],
                  " appears multiple times in the list of dims ", dims);
    }
    return out;
}

std::vector<bool> dim_mask(std::optional<IntSpan> dims, int64_t ndim, const char* operation) {
    const bool all = !dims || dims->empty();
    std::vector<bool> mask(static_cast<size_t>(ndim), all);
    if (all) return mask;
    for (int64_t d : wrap_dims(*dims, ndim, operation))
        if (ndim > 0) mask[static_cast<size_t>(d)] = true;
    return mask;
}

int64_t numel_of(IntSpan sizes) {
    int64_t n = 1;
    bool zero = false, overflow = false;
    for (int64_t s : sizes) {
        check(s >= 0, "Trying to create tensor with negative dimension ", s, ": ", sizes);
        zero |= s == 0;
        overflow |= __builtin_mul_overflow(n, s, &n);
    }
    if (zero) return 0;
    check(!overflow, "sizes ", sizes, " hold more than 2**63 elements");
    return n;
}

Dims contiguous_strides(IntSpan sizes) {
    Dims strides(sizes.size());
    int64_t step = 1;
    for (size_t i = sizes.size(); i-- > 0;) {
        strides[i] = step;
        step *= std::max<int64_t>(sizes[i], 1);
    }
    return strides;
}

Dims strides_for(IntSpan sizes, MemoryFormat format) {
    if (format != MemoryFormat::ChannelsLast && format != MemoryFormat::ChannelsLast3d)
        return contiguous_strides(sizes);
    const size_t n = format == MemoryFormat::ChannelsLast ? 4 : 5;
    check(sizes.size() == n, "required rank ", n, " tensor to use ",
          n == 4 ? "channels_last" : "channels_last_3d", " format, got sizes ", sizes);
    Dims strides(n);
    int64_t step = 1;
    strides[1] = step;
    step *= std::max<int64_t>(sizes[1], 1);
    for (size_t i = n; i-- > 2;) {
        strides[i] = step;
        step *= std::max<int64_t>(sizes[i], 1);
    }
    strides[0] = step;
    return strides;
}

Dims dense_strides_like(IntSpan sizes, IntSpan strides) {
    const size_t n = sizes.size();
    Dims order(n);
    std::iota(order.begin(), order.end(), 0);
    // Insertion sort from the innermost outwards: stable, and moves only where strides say so.
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0; j--) {
            const size_t a = static_cast<size_t>(order[j - 1]), b = static_cast<size_t>(order[j]);
            if (strides[a] == 0 || strides[b] == 0 || strides[a] > strides[b]) break;
            if (strides[a] == strides[b] && sizes[a] >= sizes[b]) break;
            std::swap(order[j - 1], order[j]);
        }
    Dims out(n);
    int64_t step = 1;
    for (size_t i = n; i-- > 0;) {
        const size_t d = static_cast<size_t>(order[i]);
        out[d] = step;
        step *= std::max<int64_t>(sizes[d], 1);
    }
    return out;
}

int64_t extent_of(IntSpan sizes, IntSpan strides) {
    int64_t last = 0;
    for (size_t i = 0; i < sizes.size(); i++) {
        if (sizes[i] == 0) return 0;
        int64_t step;
        check(!__builtin_mul_overflow(sizes[i] - 1, strides[i], &step) &&
                  !__builtin_add_overflow(last, step, &last),
              "sizes ", sizes, " with strides ", strides, " reach beyond 2**63 elements");
    }
    return last + 1;
}

Dims broadcast_shapes(IntSpan a, IntSpan b, const char* operation) {
    const size_t n = std::max(a.size(), b.size());
    Dims out(n);
    for (size_t i = 0; i < n; i++) {
        const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
        const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
        if (x != y && x != 1 && y != 1) [[unlikely]]
            raise(ErrorKind::Runtime, operation, "(): The size of tensor a (", x,
                  ") must match the size of tensor b (", y, ") at non-singleton dimension ",
                  n - 1 - i, ": shapes ", a, " and ", b, " do not broadcast");
        out[n - 1 - i] = x == 1 ? y : x;
    }
    return out;
}

bool expandable_to(IntSpan from, IntSpan to) {
    if (from.size() > to.size()) return false;
    for (size_t i = 0; i < from.size(); i++) {
        const int64_t f = from[from.size() - 1 - i], t = to[to.size() - 1 - i];
        if (f != t && f != 1) return false;
    }
    return true;
}

Dims broadcast_strides(const Tensor& t, IntSpan to) {
    Dims out(to.size());
    const size_t lead = to.size() - t.sizes().size();
    for (size_t i = 0; i < t.sizes().size(); i++)
        out[lead + i] = t.sizes()[i] == 1 && to[lead + i] != 1 ? 0 : t.strides()[i];
    return out;
}

Dims infer_size(IntSpan requested, int64_t numel) {
    Dims out = requested.dims();
    int64_t known = 1;
    std::optional<size_t> unknown;
    for (size_t i = 0; i < out.size(); i++) {
        if (out[i] == -1) {
            check(!unknown, "only one dimension can be inferred, got ", requested);
            unknown = i;
        } else {
            check(out[i] >= 0, "invalid shape dimension ", out[i], " in ", requested);
            check(!__builtin_mul_overflow(known, out[i], &known), "shape ", requested,
                  " is too large");
        }
    }
    if (unknown) {
        check(known != 0, "cannot reshape tensor of ", numel, " elements into shape ", requested,
              " because the unspecified dimension size -1 can be any value and is ambiguous");
        if (numel % known == 0) {
            out[*unknown] = numel / known;
            return out;
        }
    } else if (known == numel) {
        return out;
    }
    raise(ErrorKind::Runtime, "shape '", requested, "' is invalid for input of size ", numel);
}

std::optional<Dims> view_strides(IntSpan sizes, IntSpan strides, IntSpan new_sizes) {
    const int64_t numel = numel_of(sizes);
    if (numel == 0)
        return sizes == new_sizes ? Dims(strides.data(), strides.size())
                                  : contiguous_strides(new_sizes);
    Dims out(new_sizes.size());
    int64_t view_d = static_cast<int64_t>(new_sizes.size()) - 1;
    int64_t chunk_stride = sizes.empty() ? 1 : strides.back();
    int64_t chunk = 1, view_chunk = 1;
    // Runs of old dimensions that lie evenly in memory take any new dimensions of the same count.
    for (int64_t d = static_cast<int64_t>(sizes.size()) - 1; d >= 0; d--) {
        const size_t i = static_cast<size_t>(d);
        chunk *= sizes[i];
        if (d > 0 && (sizes[i - 1] == 1 || strides[i - 1] == chunk * chunk_stride)) continue;
        while (view_d >= 0 && (view_chunk < chunk || new_sizes[static_cast<size_t>(view_d)] == 1)) {
            out[static_cast<size_t>(view_d)] = view_chunk * chunk_stride;
            view_chunk *= new_sizes[static_cast<size_t>(view_d)];
            view_d--;
        }
        if (view_chunk != chunk) return std::nullopt;
        if (d > 0) {
            chunk_stride = strides[i - 1];
            chunk = view_chunk = 1;
        }
    }
    for (; view_d >= 0; view_d--) out[static_cast<size_t>(view_d)] = view_chunk * chunk_stride;
    return out;
}

}  // namespace kajo
