#include "core/profile.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>

#include "core/allocator.h"

namespace kajo {

namespace {

// What one thread has noted. Its lock is only ever contended when profiling stops.
struct Notes {
    std::mutex mutex;
    int32_t thread;
    int64_t round = 0;  // the profile that the open ranges belong to
    std::vector<ProfileEvent> open, finished;
};

std::mutex all_mutex;
std::vector<std::shared_ptr<Notes>> all_notes;
std::atomic<int64_t> current_round{0};

Notes& own_notes() {
    thread_local const std::shared_ptr<Notes> notes = [] {
        auto made = std::make_shared<Notes>();
        std::lock_guard lock(all_mutex);
        made->thread = static_cast<int32_t>(all_notes.size());
        all_notes.push_back(made);
        return made;
    }();
    return *notes;
}

int64_t now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

void start_profiling() {
    std::lock_guard lock(all_mutex);
    for (const auto& notes : all_notes) {
        std::lock_guard own(notes->mutex);
        notes->finished.clear();
    }
    current_round++;
    profiling_on = true;
}

std::vector<ProfileEvent> stop_profiling() {
    profiling_on = false;
    std::vector<ProfileEvent> events;
    std::lock_guard lock(all_mutex);
    for (const auto& notes : all_notes) {
        std::lock_guard own(notes->mutex);
        std::move(notes->finished.begin(), notes->finished.end(), std::back_inserter(events));
        notes->finished.clear();
    }
    return events;
}

void open_range(std::string_view name, RangeKind kind, std::vector<Dims> shapes,
                std::string stack) {
    Notes& notes = own_notes();
    std::lock_guard lock(notes.mutex);
    if (notes.round != current_round) {
        notes.open.clear();
        notes.round = current_round;
    }
    notes.open.push_back({std::string(name), kind, 0, 0, notes.thread,
                          static_cast<int32_t>(notes.open.size()), cpu_allocated_bytes(),
                          std::move(shapes), std::move(stack)});
    notes.open.back().begin = now();
}

void close_range() {
    const int64_t end = now();
    Notes& notes = own_notes();
    std::lock_guard lock(notes.mutex);
    // Profiling may have ended, or begun anew, inside of the range.
    if (notes.round != current_round || notes.open.empty()) return;
    ProfileEvent event = std::move(notes.open.back());
    notes.open.pop_back();
    if (!is_profiling()) return;
    event.end = end;
    event.bytes = cpu_allocated_bytes() - event.bytes;
    notes.finished.push_back(std::move(event));
}

}  // namespace kajo
