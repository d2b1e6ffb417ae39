// Intrusive reference counting for what tensors and graphs are made of.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace kajo {

// A counted object; `Ref<T>` calls `destroy(T*)`, found by argument lookup, for the last reference.
class RefCounted {
  public:
    RefCounted() = default;
    RefCounted(const RefCounted&) = delete;
    RefCounted& operator=(const RefCounted&) = delete;

    void retain() const { count_.fetch_add(1, std::memory_order_relaxed); }
    // True: that was the last reference. Nobody else can write the count of what only the caller
    // holds, so that this needs no atomic write; what weak observers may hold counts instead.
    bool release() const { return use_count() == 1 || release_observed(); }
    bool release_observed() const { return count_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
    // The first reference to what nobody else knows yet.
    void retain_fresh() const { count_.store(1, std::memory_order_relaxed); }
    uint32_t use_count() const { return count_.load(std::memory_order_acquire); }
    // For weak observers: succeeds only while somebody else still holds the object.
    bool try_retain() const {
        uint32_t n = count_.load(std::memory_order_relaxed);
        while (n != 0)
            if (count_.compare_exchange_weak(n, n + 1, std::memory_order_acquire)) return true;
        return false;
    }

  protected:
    ~RefCounted() = default;

  private:
    mutable std::atomic<uint32_t> count_{0};
};

template <class T>
class Ref {
  public:
    Ref() = default;
    Ref(std::nullptr_t) {}
    explicit Ref(T* p) : p_(p) {
        if (p_) p_->retain();
    }
    Ref(const Ref& other) : Ref(other.p_) {}
    Ref(Ref&& other) noexcept : p_(std::exchange(other.p_, nullptr)) {}
    template <class U>
        requires std::is_convertible_v<U*, T*>
    Ref(const Ref<U>& other) : Ref(other.get()) {}
    Ref& operator=(const Ref& other) {
        Ref(other).swap(*this);
        return *this;
    }
    Ref& operator=(Ref&& other) noexcept {
        Ref(std::move(other)).swap(*this);
        return *this;
    }
    ~Ref() {
        if (p_ && p_->release()) destroy(p_);
    }

    // The first reference to an object that was just made.
    static Ref fresh(T* p) {
        p->retain_fresh();
        return adopt(p);
    }
    // Takes over a reference that was counted already.
    static Ref adopt(T* p) {
        Ref r;
        r.p_ = p;
        return r;
    }

    // Gives the reference to the caller, still counted.
    T* detach() { return std::exchange(p_, nullptr); }
    void swap(Ref& other) noexcept { std::swap(p_, other.p_); }
    void reset() { Ref().swap(*this); }
    T* get() const { return p_; }
    T* operator->() const { return p_; }
    T& operator*() const { return *p_; }
    explicit operator bool() const { return p_ != nullptr; }
    bool operator==(const Ref& other) const { return p_ == other.p_; }

  private:
    T* p_ = nullptr;
};

}  // namespace kajo
