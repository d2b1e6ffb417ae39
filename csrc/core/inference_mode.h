#pragma once

namespace kajo {

// Tensors made while it is on have no version counter and can never take part in autograd: per
// thread.
struct InferenceMode {
    static bool enabled() { return enabled_; }
    static void set_enabled(bool on) { enabled_ = on; }

  private:
    static inline thread_local bool enabled_ = false;
};

}  // namespace kajo
