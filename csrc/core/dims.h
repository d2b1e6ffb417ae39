// Short lists of integers: sizes, strides, dimensions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <ostream>
#include <utility>
#include <vector>

#include "core/error.h"

namespace kajo {

// Owns its elements; up to six live inside, which holds nearly every shape.
class Dims {
  public:
    Dims() = default;
    explicit Dims(size_t n, int64_t value = 0) { resize(n, value); }
    Dims(std::initializer_list<int64_t> list) { assign(list.begin(), list.size()); }
    Dims(const int64_t* data, size_t n) { assign(data, n); }
    Dims(const Dims& other) : size_(other.size_) {
        if (!other.heap_) [[likely]]  // all of them: a fixed size is copied by a few moves
            std::memcpy(inline_, other.inline_, sizeof inline_);
        else
            assign(other.data(), other.size());
    }
    Dims(Dims&& other) noexcept
        : size_(other.size_), capacity_(other.capacity_), heap_(std::move(other.heap_)) {
        std::memcpy(inline_, other.inline_, sizeof inline_);
        other.size_ = 0;
        other.capacity_ = kInline;
    }
    Dims& operator=(const Dims& other) {
        if (this != &other) assign(other.data(), other.size());
        return *this;
    }
    Dims& operator=(Dims&& other) noexcept {
        size_ = other.size_;
        capacity_ = other.capacity_;
        heap_ = std::move(other.heap_);
        std::memcpy(inline_, other.inline_, sizeof inline_);
        other.size_ = 0;
        other.capacity_ = kInline;
        return *this;
    }

    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    int64_t* data() { return heap_ ? heap_.get() : inline_; }
    const int64_t* data() const { return heap_ ? heap_.get() : inline_; }
    int64_t* begin() { return data(); }
    int64_t* end() { return data() + size_; }
    const int64_t* begin() const { return data(); }
    const int64_t* end() const { return data() + size_; }
    int64_t& operator[](size_t i) { return data()[i]; }
    int64_t operator[](size_t i) const { return data()[i]; }
    int64_t& back() { return data()[size_ - 1]; }
    int64_t back() const { return data()[size_ - 1]; }

    void push_back(int64_t value) {
        if (size_ == capacity_) reserve(2 * capacity_);
        data()[size_++] = value;
    }
    void pop_back() { --size_; }
    void resize(size_t n, int64_t value = 0) {
        reserve(n);
        for (size_t i = size_; i < n; i++) data()[i] = value;
        size_ = static_cast<uint32_t>(n);
    }
    void insert(size_t at, int64_t value) {
        push_back(value);
        std::rotate(begin() + at, end() - 1, end());
    }
    void erase(size_t at) {
        std::copy(begin() + at + 1, end(), begin() + at);
        --size_;
    }
    void clear() { size_ = 0; }

    bool operator==(const Dims& other) const {
        return equal(data(), size_, other.data(), other.size_);
    }
    // Short lists are compared faster by a loop than by a call.
    static bool equal(const int64_t* a, size_t n, const int64_t* b, size_t m) {
        if (n != m) return false;
        for (size_t i = 0; i < n; i++)
            if (a[i] != b[i]) return false;
        return true;
    }

  private:
    static constexpr uint32_t kInline = 6;

    // Returns where the elements are then.
    int64_t* reserve(size_t n) {
        if (n <= capacity_) return data();
        std::unique_ptr<int64_t[]> grown(new int64_t[n]);
        int64_t* const elements = grown.get();
        std::copy(begin(), end(), elements);
        heap_ = std::move(grown);
        capacity_ = static_cast<uint32_t>(n);
        return elements;
    }
    void assign(const int64_t* data, size_t n) {
        size_ = 0;
        int64_t* const to = reserve(n);
        if (n <= kInline)
            for (size_t i = 0; i < n; i++) to[i] = data[i];
        else
            std::memcpy(to, data, n * sizeof *data);
        size_ = static_cast<uint32_t>(n);
    }

    uint32_t size_ = 0;
    uint32_t capacity_ = kInline;
    std::unique_ptr<int64_t[]> heap_;
    int64_t inline_[kInline] = {};
};

// A view of such a list, for parameters: never kept beyond the call.
class IntSpan {
  public:
    IntSpan() = default;
    IntSpan(const Dims& d) : data_(d.data()), size_(d.size()) {}
    IntSpan(const std::vector<int64_t>& v) : data_(v.data()), size_(v.size()) {}
    IntSpan(std::initializer_list<int64_t> list) : data_(list.begin()), size_(list.size()) {}
    IntSpan(const int64_t* data, size_t size) : data_(data), size_(size) {}

    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    const int64_t* data() const { return data_; }
    const int64_t* begin() const { return data_; }
    const int64_t* end() const { return data_ + size_; }
    int64_t operator[](size_t i) const { return data_[i]; }
    int64_t back() const { return data_[size_ - 1]; }
    Dims dims() const { return Dims(data_, size_); }

    friend bool operator==(IntSpan a, IntSpan b) {
        return Dims::equal(a.data_, a.size_, b.data_, b.size_);
    }
    // Prints as Python's list does: [2, 3].
    friend std::ostream& operator<<(std::ostream& out, IntSpan s) {
        out << "[";
        for (size_t i = 0; i < s.size(); i++) out << (i ? ", " : "") << s[i];
        return out << "]";
    }

  private:
    const int64_t* data_ = nullptr;
    size_t size_ = 0;
};

inline std::ostream& operator<<(std::ostream& out, const Dims& d) { return out << IntSpan(d); }

}  // namespace kajo
