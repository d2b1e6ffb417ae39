// A list that needs no memory of its own while it is short.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <utility>

namespace kajo {

// Of the standard vector's functions those that are used; the first N elements live inside.
template <class T, size_t N>
class ShortList {
  public:
    ShortList() {}
    explicit ShortList(size_t n) { resize(n); }
    ShortList(std::initializer_list<T> list) { append(list.begin(), list.end()); }
    template <std::contiguous_iterator I>
    ShortList(I first, I last) {
        append(std::to_address(first), std::to_address(last));
    }
    ShortList(const ShortList& other) { append(other.begin(), other.end()); }
    ShortList(ShortList&& other) noexcept { take(other); }
    ShortList& operator=(const ShortList& other) {
        if (this != &other) {
            clear();
            append(other.begin(), other.end());
        }
        return *this;
    }
    ShortList& operator=(ShortList&& other) noexcept {
        if (this != &other) {
            clear();
            free_heap();
            take(other);
        }
        return *this;
    }
    ~ShortList() {
        clear();
        free_heap();
    }

    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T* data() { return heap_ ? heap_ : inside(); }
    const T* data() const { return heap_ ? heap_ : inside(); }
    T* begin() { return data(); }
    T* end() { return data() + size_; }
    const T* begin() const { return data(); }
    const T* end() const { return data() + size_; }
    T& operator[](size_t i) { return data()[i]; }
    const T& operator[](size_t i) const { return data()[i]; }
    T& back() { return data()[size_ - 1]; }
    const T& back() const { return data()[size_ - 1]; }

    void reserve(size_t n) {
        if (n > capacity_) grow(std::max<size_t>(n, 2 * capacity_));
    }
    template <class... A>
    T& emplace_back(A&&... arguments) {
        reserve(size_ + 1);
        T* made = ::new (data() + size_) T(std::forward<A>(arguments)...);
        size_++;
        return *made;
    }
    void push_back(T value) { emplace_back(std::move(value)); }
    void pop_back() { data()[--size_].~T(); }
    void resize(size_t n) {
        while (size_ > n) pop_back();
        reserve(n);
        while (size_ < n) emplace_back();
    }
    void append(const T* first, const T* last) {
        reserve(size_ + static_cast<size_t>(last - first));
        for (; first != last; ++first) emplace_back(*first);
    }
    void clear() {
        std::destroy(begin(), end());
        size_ = 0;
    }

  private:
    T* inside() { return reinterpret_cast<T*>(inside_); }
    const T* inside() const { return reinterpret_cast<const T*>(inside_); }

    void take(ShortList& other) noexcept {
        if (other.heap_) {
            heap_ = std::exchange(other.heap_, nullptr);
            capacity_ = std::exchange(other.capacity_, uint32_t{N});
            size_ = std::exchange(other.size_, 0u);
            return;
        }
        std::uninitialized_move(other.begin(), other.end(), inside());
        size_ = other.size_;
        other.clear();
    }
    void grow(size_t n) {
        T* larger = std::allocator<T>().allocate(n);
        std::uninitialized_move(begin(), end(), larger);
        std::destroy(begin(), end());
        free_heap();
        heap_ = larger;
        capacity_ = static_cast<uint32_t>(n);
    }
    void free_heap() noexcept {
        if (heap_) std::allocator<T>().deallocate(std::exchange(heap_, nullptr), capacity_);
        capacity_ = N;
    }

    T* heap_ = nullptr;
    uint32_t size_ = 0, capacity_ = N;
    alignas(T) std::byte inside_[N * sizeof(T)];
};

}  // namespace kajo
