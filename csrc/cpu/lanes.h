// Where the elements of strided tensors lie: tables of offsets, and lanes along one dimension.
#pragma once

#include <memory>
#include <vector>

#include "core/tensor.h"

namespace kajo::cpu {

// The offsets, in elements, of every position of the given dimensions, in row-major order.
inline std::vector<int64_t> offset_table(const Tensor& t, size_t first_dim, size_t last_dim) {
    std::vector<int64_t> table{0};
    for (size_t d = first_dim; d < last_dim; d++) {
        const int64_t size = t.sizes()[d], stride = t.strides()[d];
        std::vector<int64_t> next;
        next.reserve(table.size() * static_cast<size_t>(size));
        for (const int64_t base : table)
            for (int64_t i = 0; i < size; i++) next.push_back(base + i * stride);
        table = std::move(next);
    }
    return table;
}

// True where a table of offsets is 0, 1, 2, ...: its positions are one run of memory.
inline bool is_run(const Tensor& t, size_t first_dim, size_t last_dim) {
    int64_t expected = 1;
    for (size_t d = last_dim; d-- > first_dim;) {
        if (t.sizes()[d] != 1 && t.strides()[d] != expected) return false;
        expected *= t.sizes()[d];
    }
    return true;
}

// The one-dimensional lanes of a tensor along `dim`; a 0-d tensor is one lane of one element.
class Lanes {
  public:
    Lanes(const Tensor& t, int64_t dim) {
        for (int64_t d = 0; d < t.dim(); d++) {
            const auto i = static_cast<size_t>(d);
            if (d == dim) {
                length_ = t.sizes()[i];
                stride_ = t.strides()[i];
            } else {
                count_ *= t.sizes()[i];
                append(t.sizes()[i], t.strides()[i]);
            }
        }
    }
    int64_t count() const { return count_; }
    int64_t length() const { return length_; }
    int64_t stride() const { return stride_; }
    // Of the first element of a lane, in elements.
    int64_t offset(int64_t lane) const {
        int64_t at = 0;
        for (size_t d = sizes_.size(); d-- > 0;) {
            at += lane % sizes_[d] * strides_[d];
            lane /= sizes_[d];
        }
        return at;
    }

  private:
    // Merges with the dimension before where both step through memory alike.
    void append(int64_t size, int64_t stride) {
        if (size == 1) return;
        if (!sizes_.empty() && strides_.back() == size * stride) {
            sizes_.back() *= size;
            strides_.back() = stride;
        } else {
            sizes_.push_back(size);
            strides_.push_back(stride);
        }
    }

    int64_t count_ = 1, length_ = 1, stride_ = 1;
    Dims sizes_, strides_;
};

// Uninitialised scratch memory.
template <class T>
std::unique_ptr<T[]> scratch(int64_t n) {
    return std::make_unique_for_overwrite<T[]>(static_cast<size_t>(n));
}

// How many items of `bytes` each make a piece of work worth handing to a thread.
inline int64_t grain_for(int64_t bytes_per_item, int64_t piece_bytes = int64_t{1} << 17) {
    return std::max<int64_t>(1, piece_bytes / std::max<int64_t>(1, bytes_per_item));
}

}  // namespace kajo::cpu
