#include "core/launch.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace kajo {

namespace {
std::atomic<int> observer_count{0};
std::mutex observer_mutex;
std::vector<LaunchObserver*> observers;

std::vector<LaunchObserver*> current_observers() {
    std::lock_guard lock(observer_mutex);
    return observers;
}

// Below this many elements other threads hardly wait, and giving up the lock costs more.
constexpr int64_t kLargeKernel = 16384;

bool is_large(const Launch& work) {
    for (const Tensor& t : work.outputs)
        if (t.numel() >= kLargeKernel) return true;
    for (const Tensor& t : work.inputs)
        if (t.defined() && t.numel() >= kLargeKernel) return true;
    return false;
}

class LockRelease {
  public:
    explicit LockRelease(bool wanted)
        : state_(wanted && KernelLock::give_up ? KernelLock::give_up() : nullptr) {}
    ~LockRelease() {
        if (state_) KernelLock::reacquire(state_);
    }
    LockRelease(const LockRelease&) = delete;
    LockRelease& operator=(const LockRelease&) = delete;

  private:
    void* state_;
};

void check_families(const Launch& work) {
    const auto check_all = [&](TensorRefs tensors) {
        for (const Tensor& t : tensors)
            if (t.defined() && !is_common(t.dtype()) &&
                !(info(t.dtype()).family & work.kernel.families))
                raise_unsupported(work.kernel.name, t.dtype());
    };
    check_all(work.outputs);
    check_all(work.inputs);
}

void run_kernel(const Launch& work) {
    const LockRelease unlocked(is_large(work));
    work.kernel.cpu(work.outputs, work.inputs, work.attributes);
}

TensorList resolved(TensorRefs tensors) {
    TensorList all(tensors.data(), tensors.data() + tensors.size());
    for (Tensor& t : all) {
        if (!t.defined() || !t.lazy()) continue;
        const Tensor plain = empty_like(t);
        LazyViews::copy(plain, t);
        t = plain;
    }
    return all;
}

// Kernels may write parts of their outputs, so that a lazy one's values are copied there and back.
void run_resolved(const Launch& work) {
    const TensorList outputs = resolved(work.outputs), inputs = resolved(work.inputs);
    run_kernel({work.kernel, outputs, inputs, work.attributes, work.attribute_bytes});
    for (size_t i = 0; i < outputs.size(); i++)
        if (work.outputs[i].lazy()) LazyViews::copy(work.outputs[i], outputs[i]);
}

// Tensors that are not plain memory of a common type.
[[gnu::noinline]] void run_special(const Launch& work) {
    for (const Tensor& t : work.outputs)
        if (t.is_meta()) return;
    for (const Tensor& t : work.inputs)
        if (t.defined() && t.is_meta())
            raise(ErrorKind::Runtime, work.kernel.name,
                  "(): reads a meta tensor, which has no data; use tensors on one device");
    check_families(work);
    if (work.kernel.reads_lazy_views) return run_kernel(work);
    run_resolved(work);
}

bool is_special(const Tensor& t) {
    return (static_cast<uint8_t>(t.device().type) | t.lazy()) != 0 || !is_common(t.dtype());
}

void run(const Launch& work) {
    for (const Tensor& t : work.outputs)
        if (is_special(t)) return run_special(work);
    for (const Tensor& t : work.inputs)
        if (t.defined() && is_special(t)) return run_special(work);
    run_kernel(work);
}
}  // namespace

void add_launch_observer(LaunchObserver* observer) {
    std::lock_guard lock(observer_mutex);
    observers.push_back(observer);
    observer_count++;
}

void remove_launch_observer(LaunchObserver* observer) {
    std::lock_guard lock(observer_mutex);
    std::erase(observers, observer);
    observer_count--;
}

void launch(const Launch& work) {
    if (observer_count.load(std::memory_order_relaxed) == 0) [[likely]]
        return run(work);
    const auto seen_by = current_observers();
    for (LaunchObserver* o : seen_by) o->before(work);
    run(work);
    for (LaunchObserver* o : seen_by) o->after(work);
}

}  // namespace kajo
