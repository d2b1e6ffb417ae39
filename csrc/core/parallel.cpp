#include "core/parallel.h"

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/host_limits.h"

namespace kajo {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::microseconds kSpinTime{20};
// A worker whose work came while it spun, or soon after, waits for the next as long as being woken
// takes; the pauses between the operations of a training step are shorter.
constexpr std::chrono::microseconds kPatience{60}, kSoon{200};

thread_local bool inside_region = false;

class RegionGuard {
  public:
    RegionGuard() : before_(std::exchange(inside_region, true)) {}
    ~RegionGuard() { inside_region = before_; }
    RegionGuard(const RegionGuard&) = delete;
    RegionGuard& operator=(const RegionGuard&) = delete;

  private:
    bool before_;
};

void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Spins until `done()` or until the time is over; returns whether it was done.
template <class Done>
bool spin_until(Done done, std::chrono::microseconds time = kSpinTime) {
    const auto end = Clock::now() + time;
    do {
        for (int i = 0; i < 32; ++i) {
            if (done()) return true;
            relax();
        }
    } while (Clock::now() < end);
    return false;
}

// Moves the calling thread to another of the processors that it may use.
void leave_processor(int processor) {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) return;
    cpu_set_t others = allowed;
    CPU_CLR(processor, &others);
    if (sched_setaffinity(0, sizeof others, &others) == 0)
        sched_setaffinity(0, sizeof allowed, &allowed);
}

// Chunks that one thread runs unless others are done before it. A thread finds in its cache what it
// wrote in the operation before, as equal operations are shared out alike.
class alignas(64) Share {
  public:
    static constexpr int64_t kMostChunks = 0xffffffff;

    void set(int64_t begin, int64_t end) {
        left_.store(static_cast<uint64_t>(begin) << 32 | static_cast<uint64_t>(end),
                    std::memory_order_relaxed);
    }
    bool take_first(int64_t& chunk) {
        uint64_t left = left_.load(std::memory_order_relaxed);
        while (first(left) < last(left)) {
            chunk = first(left);
            if (left_.compare_exchange_weak(left, left + kFirst, std::memory_order_relaxed))
                return true;
        }
        return false;
    }
    bool take_last(int64_t& chunk) {
        uint64_t left = left_.load(std::memory_order_relaxed);
        while (first(left) < last(left)) {
            chunk = last(left) - 1;
            if (left_.compare_exchange_weak(left, left - 1, std::memory_order_relaxed)) return true;
        }
        return false;
    }

  private:
    static constexpr uint64_t kFirst = uint64_t{1} << 32;
    static int64_t first(uint64_t left) { return static_cast<int64_t>(left >> 32); }
    static int64_t last(uint64_t left) { return static_cast<int64_t>(left % kFirst); }

    std::atomic<uint64_t> left_{0};
};

class Pool {
  public:
    explicit Pool(Pool* abandoned) : abandoned_(abandoned) {}
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // Returns false, having done nothing, where the pool is in use or no worker can be had.
    bool try_run(int64_t chunks, detail::ChunkFunction function, void* context, int threads) {
        if (chunks > Share::kMostChunks) return false;
        std::unique_lock owner(owner_, std::try_to_lock);
        if (!owner.owns_lock()) return false;
        resize(static_cast<std::size_t>(threads - 1));
        if (workers_.empty()) return false;
        chunks_ = chunks;
        function_ = function;
        context_ = context;
        error_ = nullptr;
        failed_.store(false, std::memory_order_relaxed);
        share_out();
        open();
        work(0);
        close();
        if (const int flags = flags_.exchange(0)) std::feraiseexcept(flags);
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
        return true;
    }

    void stop_if_idle() {
        std::unique_lock owner(owner_, std::try_to_lock);
        if (owner.owns_lock()) resize(0);
    }

  private:
    // state_ holds: workers inside the job (16 bits), whether the job is open (1 bit), whether the
    // owner sleeps until the last worker leaves (1 bit), the job's number. A worker may enter only
    // an open job, so the owner never waits for one that is late. The number wraps; a worker that
    // slept through exactly one round misses one job, no more.
    static constexpr uint32_t kActiveMask = 0xffff;
    static constexpr uint32_t kOpen = 0x10000;
    static constexpr uint32_t kOwnerSleeps = 0x20000;
    static constexpr uint32_t kJob = 0x40000;
    static constexpr std::size_t kMaxWorkers = 4096;

    static uint32_t job_of(uint32_t state) { return state / kJob; }

    void open() {
        const uint32_t job = job_of(state_.load(std::memory_order_relaxed)) + 1;
        owner_processor_.store(sched_getcpu(), std::memory_order_relaxed);
        state_.store(job * kJob | kOpen);
        const int64_t sleepers = sleepers_.load();
        if (sleepers == 0) return;
        {
            std::lock_guard lock(sleep_mutex_);
        }
        if (chunks_ > sleepers) return wake_.notify_all();
        for (int64_t helper = 1; helper < chunks_; ++helper) wake_.notify_one();
    }

    void close() {
        state_.fetch_and(~kOpen);
        const auto empty = [&] {
            return (state_.load(std::memory_order_acquire) & kActiveMask) == 0;
        };
        if (spin_until(empty)) return;
        // A worker was preempted in its chunk. Whoever sleeps meanwhile is scheduled at once when
        // woken; whoever yields waits for a whole slice of the process that preempted.
        uint32_t state = state_.fetch_or(kOwnerSleeps) | kOwnerSleeps;
        while ((state & kActiveMask) != 0) {
            state_.wait(state);
            state = state_.load(std::memory_order_acquire);
        }
    }

    void leave() {
        const uint32_t before = state_.fetch_sub(1, std::memory_order_release);
        if ((before & kOwnerSleeps) && (before & kActiveMask) == 1) state_.notify_one();
    }

    void share_out() {
        const auto sharers = std::min<int64_t>(static_cast<int64_t>(workers_.size()) + 1, chunks_);
        if (shares_.size() < workers_.size() + 1) shares_ = std::vector<Share>(workers_.size() + 1);
        sharers_ = static_cast<std::size_t>(sharers);
        for (int64_t i = 0; i < sharers; ++i)
            shares_[i].set(chunks_ * i / sharers, chunks_ * (i + 1) / sharers);
    }

    // The chunks of one's own share from its front, then those of the others from their ends.
    void work(std::size_t place) {
        const RegionGuard region;
        int64_t chunk;
        if (place < sharers_)
            while (shares_[place].take_first(chunk)) run(chunk);
        for (std::size_t i = 1; i <= sharers_; ++i)
            while (shares_[(place + i) % sharers_].take_last(chunk)) run(chunk);
    }

    void run(int64_t chunk) {
        if (failed_.load(std::memory_order_relaxed)) return;
        try {
            function_(context_, chunk);
        } catch (...) {
            if (!failed_.exchange(true)) error_ = std::current_exception();
        }
    }

    void work_and_gather_flags(std::size_t place) {
        if (!gather_floating_flags.load(std::memory_order_relaxed)) return work(place);
        std::feclearexcept(FE_ALL_EXCEPT);
        work(place);
        flags_.fetch_or(std::fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW));
    }

    // A scheduler that wakes a worker where the owner runs leaves it there for seconds, and the two
    // take turns.
    void avoid_owner() {
        const int here = sched_getcpu();
        if (here >= 0 && here == owner_processor_.load(std::memory_order_relaxed))
            leave_processor(here);
    }

    void worker(std::size_t index, uint32_t last_job) {
        const auto something_to_do = [&] {
            const uint32_t state = state_.load();
            return ((state & kOpen) && job_of(state) != last_job) || index >= wanted_.load();
        };
        auto patience = kSpinTime;
        for (;;) {
            if (spin_until(something_to_do, patience)) {
                patience = kPatience;
            } else {
                const auto before = Clock::now();
                std::unique_lock lock(sleep_mutex_);
                sleepers_.fetch_add(1);
                wake_.wait(lock, something_to_do);
                sleepers_.fetch_sub(1);
                lock.unlock();
                avoid_owner();
                patience = Clock::now() - before < kSoon ? kPatience : kSpinTime;
            }
            if (index >= wanted_.load()) return;
            uint32_t state = state_.load();
            while ((state & kOpen) && job_of(state) != last_job) {
                if (!state_.compare_exchange_weak(state, state + 1)) continue;
                last_job = job_of(state);
                work_and_gather_flags(index + 1);
                leave();
                break;
            }
        }
    }

    void resize(std::size_t count) {
        count = std::min(count, kMaxWorkers);
        if (count == workers_.size()) return;
        wanted_.store(count);
        if (count < workers_.size()) {
            {
                std::lock_guard lock(sleep_mutex_);
            }
            wake_.notify_all();
            while (workers_.size() > count) {
                workers_.back().join();
                workers_.pop_back();
            }
        }
        const uint32_t job = job_of(state_.load());
        try {
            while (workers_.size() < count) {
                workers_.emplace_back(&Pool::worker, this, workers_.size(), job);
            }
        } catch (const std::system_error&) {
            // The system grants no further thread: go on with those there are.
        }
    }

    std::mutex owner_;
    std::vector<std::thread> workers_;
    std::atomic<std::size_t> wanted_{0};
    int64_t chunks_ = 0;
    detail::ChunkFunction function_ = nullptr;
    void* context_ = nullptr;
    std::exception_ptr error_;
    std::mutex sleep_mutex_;
    std::condition_variable wake_;
    alignas(64) std::atomic<uint32_t> state_{0};
    std::atomic<int> sleepers_{0};
    std::vector<Share> shares_;
    std::size_t sharers_ = 0;
    alignas(64) std::atomic<bool> failed_{false};
    std::atomic<int> flags_{0};
    std::atomic<int> owner_processor_{-1};
    // A forked child's pool points to its parent's, which has no threads there and is never used.
    [[maybe_unused]] Pool* abandoned_;
};

// The pool is never destroyed, since threads may still use it while the process ends.
std::atomic<Pool*> current_pool{nullptr};

void make_pool_after_fork() {
    inside_region = false;
    if (Pool* pool = current_pool.load()) current_pool.store(new Pool(pool));
}

Pool& pool() {
    static const bool made = [] {
        current_pool.store(new Pool(nullptr));
        pthread_atfork(nullptr, nullptr, make_pool_after_fork);
        return true;
    }();
    static_cast<void>(made);
    return *current_pool.load(std::memory_order_acquire);
}

struct StopAtExit {
    ~StopAtExit() {
        if (Pool* pool = current_pool.load()) pool->stop_if_idle();
    }
} stop_at_exit;

int initial_num_threads() {
    if (const char* text = std::getenv("OMP_NUM_THREADS")) {
        const long n = std::strtol(text, nullptr, 10);
        if (n >= 1 && n <= 4096) return static_cast<int>(n);
    }
    return usable_cpu_count();
}

std::atomic<int>& thread_setting() {
    static std::atomic<int> setting{initial_num_threads()};
    return setting;
}

std::atomic<int>& interop_setting() {
    static std::atomic<int> setting{usable_cpu_count()};
    return setting;
}

void set_positive(std::atomic<int>& setting, int n, const char* name) {
    check(n >= 1, name, ": the number of threads must be at least 1, got ", n);
    setting.store(n);
}

}  // namespace

int num_threads() { return thread_setting().load(std::memory_order_relaxed); }
void set_num_threads(int n) { set_positive(thread_setting(), n, "set_num_threads"); }

int num_interop_threads() { return interop_setting().load(std::memory_order_relaxed); }
void set_num_interop_threads(int n) {
    set_positive(interop_setting(), n, "set_num_interop_threads");
}

bool in_parallel_region() { return inside_region; }

namespace detail {

void run_chunks(int64_t chunks, ChunkFunction function, void* context) {
    const int threads = num_threads();
    if (!inside_region && threads > 1 && pool().try_run(chunks, function, context, threads)) return;
    const RegionGuard region;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) function(context, chunk);
}

}  // namespace detail
}  // namespace kajo
