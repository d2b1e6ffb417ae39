#include "core/living_memory.h"

#include <pthread.h>

#include <mutex>

#include "core/spin_lock.h"

namespace kajo {

namespace {

SpinLock list_lock;
LivingMemory* newest = nullptr;

// A child must not inherit the list in the middle of a change by a thread that it does not have.
void heed_forks() {
    static const int registered = pthread_atfork(
        [] { list_lock.lock(); }, [] { list_lock.unlock(); }, [] { list_lock.unlock(); });
    static_cast<void>(registered);
}

}  // namespace

void list_living(Storage& storage, IntSpan sizes, DType dtype) {
    heed_forks();
    const BackwardStep* step = BackwardStep::current;
    const auto outside = source_location_hooks.outside;
    auto* entry = new LivingMemory{&storage, sizes.dims(), dtype, {}, {}};
    if (step) {
        entry->made_at = step->made_at;
        entry->asked_at = BackwardStep::asked_at;
    } else if (outside) {
        entry->made_at = outside();
    }
    const std::lock_guard lock(list_lock);
    entry->next = newest;
    if (newest) newest->previous = entry;
    newest = entry;
    storage.entry = entry;
}

void forget_living(LivingMemory* entry) {
    {
        const std::lock_guard lock(list_lock);
        (entry->previous ? entry->previous->next : newest) = entry->next;
        if (entry->next) entry->next->previous = entry->previous;
    }
    delete entry;
}

std::vector<LivingTensor> living_tensors() {
    std::vector<LivingTensor> all;
    const std::lock_guard lock(list_lock);
    for (const LivingMemory* e = newest; e; e = e->next)
        all.push_back({e->storage->bytes(), e->sizes, e->dtype, e->made_at, e->asked_at});
    return all;
}

}  // namespace kajo
