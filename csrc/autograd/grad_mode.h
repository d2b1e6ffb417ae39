// Whether operations record their history, and whether they compute tangents: per thread.
#pragma once

#include <atomic>
#include <climits>

#include "core/inference_mode.h"

namespace kajo {

struct GradMode {
    static bool enabled() { return enabled_; }
    static void set_enabled(bool on) { enabled_ = on; }

  private:
    static inline thread_local bool enabled_ = true;
};

// Forward mode: tensors may carry a tangent at each open level (autograd/forward.h).
struct ForwardMode {
    // Levels that operations of this thread see: those below the number returned.
    static int levels() {
        const int open = open_.load(std::memory_order_relaxed);
        if (open == 0) [[likely]]
            return 0;
        return InferenceMode::enabled() ? 0 : open < limit_ ? open : limit_;
    }
    static bool enabled() { return levels() > 0; }
    static int limit() { return limit_; }
    static void set_limit(int levels) { limit_ = levels; }
    static constexpr int kAll = INT_MAX;

    static inline std::atomic<int> open_{0};  // of the whole process

  private:
    static inline thread_local int limit_ = kAll;
};

// Whether derivatives may be taken of what is computed now: formulas of gradients choose between a
// fused kernel and operations that have a derivative themselves.
inline bool is_differentiating() { return GradMode::enabled() || ForwardMode::enabled(); }

// RAII: whether history is recorded in a scope; tangents stay as they are.
class ReverseModeGuard {
  public:
    explicit ReverseModeGuard(bool on) : before_(GradMode::enabled()) { GradMode::set_enabled(on); }
    ~ReverseModeGuard() { GradMode::set_enabled(before_); }
    ReverseModeGuard(const ReverseModeGuard&) = delete;
    ReverseModeGuard& operator=(const ReverseModeGuard&) = delete;

  private:
    bool before_;
};

// RAII: only the levels below `levels` are seen.
class ForwardModeGuard {
  public:
    explicit ForwardModeGuard(int levels) : before_(ForwardMode::limit()) {
        ForwardMode::set_limit(levels);
    }
    ~ForwardModeGuard() { ForwardMode::set_limit(before_); }
    ForwardModeGuard(const ForwardModeGuard&) = delete;
    ForwardModeGuard& operator=(const ForwardModeGuard&) = delete;

  private:
    int before_;
};

// RAII, for the inside of operations: off, neither history nor tangents are computed there.
class GradModeGuard {
  public:
    explicit GradModeGuard(bool on) : reverse_(on), forward_(on ? ForwardMode::limit() : 0) {}

  private:
    ReverseModeGuard reverse_;
    ForwardModeGuard forward_;
};

}  // namespace kajo
