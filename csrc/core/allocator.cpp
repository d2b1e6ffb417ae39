#include "core/allocator.h"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/host_limits.h"

namespace kajo {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kLargestSmall = 256 * kKiB;
constexpr std::size_t kHugePage = 2 * kMiB;
constexpr std::size_t kLargeRounding = 64 * kKiB;
// Large blocks in use and kept stay below so many times what was in use at most lately, and a bit.
constexpr std::size_t kKeptPeaks = 2;
constexpr std::size_t kKeptAnyway = 64 * kMiB;
// After so many fresh bytes the system is asked whether memory is short.
constexpr std::size_t kPressureInterval = 32 * kMiB;
// AddressSanitizer ends the process on larger requests instead of refusing them.
constexpr std::size_t kLargestRequest =
    kCachesCpuMemory ? std::numeric_limits<std::ptrdiff_t>::max() / 2 : std::size_t{1} << 39;

// Size classes: multiples of 64 up to 1 KiB, then four in each doubling.
constexpr std::size_t kLinearClasses = kKiB / kAlignment;
constexpr std::size_t kClasses =
    kLinearClasses + 4 * (std::countr_zero(kLargestSmall) - std::countr_zero(kKiB));

constexpr std::size_t class_of(std::size_t bytes) {
    if (bytes <= kKiB) return (bytes - 1) / kAlignment;
    const std::size_t doubling = std::bit_width(bytes - 1) - 1;
    const std::size_t quarter = ((bytes - 1) >> (doubling - 2)) & 3;
    return kLinearClasses + 4 * (doubling - std::countr_zero(kKiB)) + quarter;
}

constexpr std::size_t class_bytes(std::size_t index) {
    if (index < kLinearClasses) return (index + 1) * kAlignment;
    const std::size_t doubling = (index - kLinearClasses) / 4;
    const std::size_t quarter = (index - kLinearClasses) % 4;
    return ((kKiB << doubling) / 4) * (5 + quarter);
}

static_assert(class_of(1) == 0 && class_of(1024) == 15 && class_of(1025) == 16);
static_assert(class_bytes(16) == 1280 && class_of(1280) == 16 && class_of(1281) == 17);
static_assert(class_bytes(kClasses - 1) == kLargestSmall &&
              class_of(kLargestSmall) == kClasses - 1);

std::size_t cache_limit() {
    static const std::size_t limit = [] {
        if (const char* text = std::getenv("KAJO_CPU_CACHE_BYTES")) {
            return static_cast<std::size_t>(std::strtoull(text, nullptr, 10));
        }
        return usable_memory_bytes() / 4;
    }();
    return limit;
}

// Free blocks of one size class, linked through their first word. One thread changes it at a time;
// any may read the count.
class FreeList {
  public:
    void push(void* block) {
        first_ = ::new (block) Link{first_};
        set_count(count() + 1);
    }
    void* pop() {
        Link* block = first_;
        if (block == nullptr) return nullptr;
        first_ = block->next;
        set_count(count() - 1);
        return block;
    }
    uint32_t count() const { return count_.load(std::memory_order_relaxed); }

    uint32_t most = 0;  // what a thread keeps for itself

  private:
    struct Link {
        Link* next;
    };
    void set_count(uint32_t n) { count_.store(n, std::memory_order_relaxed); }

    Link* first_ = nullptr;
    std::atomic<uint32_t> count_{0};
};
using FreeLists = std::array<FreeList, kClasses>;

std::size_t bytes_in(const FreeLists& lists) {
    std::size_t bytes = 0;
    for (std::size_t index = 0; index < kClasses; ++index)
        bytes += lists[index].count() * class_bytes(index);
    return bytes;
}

void* system_allocate(std::size_t bytes) {
    void* block = nullptr;
    return posix_memalign(&block, kAlignment, bytes) == 0 ? block : nullptr;
}

// Blocks of a huge page and more start on a huge page, so that they can consist of them.
void* map_pages(std::size_t bytes) {
    const std::size_t slack = bytes >= kHugePage ? kHugePage : 0;
    void* mapped =
        mmap(nullptr, bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    if (slack == 0) return mapped;
    char* start = static_cast<char*>(mapped);
    const std::size_t before = (~reinterpret_cast<std::uintptr_t>(start) + 1) & (kHugePage - 1);
    if (before > 0) munmap(start, before);
    if (slack > before) munmap(start + before + bytes, slack - before);
    madvise(start + before, bytes, MADV_HUGEPAGE);
    return start + before;
}

// One thread's blocks and counts, so that the fast path shares no cache line with other threads.
struct ThreadCache {
    FreeLists lists;
    std::atomic<uint64_t> hits{0}, misses{0};  // allocations, served from the lists and otherwise
    // Bytes handed out less bytes given back that `allocated_bytes` does not know of yet.
    std::atomic<int64_t> uncounted{0};
    ThreadCache* next = nullptr;
    ThreadCache* previous = nullptr;

    ThreadCache();
    template <class T>
    static void add(std::atomic<T>& counter, T amount) {
        counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
};

// The most bytes in use at once, lately: since the last turn of a window, or in the window before
// it. A window lasts until many times as much has been handed out, and so for several steps of a
// program that repeats itself.
class RecentPeak {
  public:
    void note(std::size_t bytes, std::size_t live) {
        now_ = std::max(now_, live);
        handed_out_ += bytes;
        if (handed_out_ < std::max(kWindowPeaks * now_, kShortestWindow)) return;
        before_ = std::exchange(now_, live);
        handed_out_ = 0;
    }
    std::size_t bytes() const { return std::max(now_, before_); }

  private:
    static constexpr std::size_t kWindowPeaks = 32;
    static constexpr std::size_t kShortestWindow = 1024 * kMiB;
    std::size_t now_ = 0;
    std::size_t before_ = 0;
    std::size_t handed_out_ = 0;
};

// What all threads share. Everything here is guarded by `mutex`.
class Central {
  public:
    std::mutex mutex;

    void* take_small(std::size_t index) { return small_[index].pop(); }

    void keep_small(void* block, std::size_t index) {
        const std::size_t bytes = class_bytes(index);
        const std::size_t most = std::min<std::size_t>(8 * kMiB, cache_limit() / kClasses);
        if ((small_[index].count() + 1) * bytes > most)
            std::free(block);
        else
            small_[index].push(block);
    }

    void* allocate_large(std::size_t bytes, bool& hit) {
        bytes = (bytes + kLargeRounding - 1) / kLargeRounding * kLargeRounding;
        auto found = by_size_.lower_bound({bytes, 0});
        hit = found != by_size_.end() && found->first.first <= bytes + bytes / 4;
        void* block = nullptr;
        if (hit) {
            block = found->second;
            bytes = found->first.first;
            forget(found);
        } else {
            make_room(bytes);
            block = map_pages(bytes);
            if (!block) return nullptr;
        }
        live_large_.emplace(block, bytes);
        live_large_bytes_ += bytes;
        peak_.note(bytes, live_large_bytes_);
        return block;
    }

    void free_large(void* block) {
        const auto live = live_large_.find(block);
        if (live == live_large_.end()) std::abort();  // not ours: the heap is broken
        const std::size_t bytes = live->second;
        live_large_.erase(live);
        live_large_bytes_ -= bytes;
        const std::size_t most = most_kept(live_large_bytes_);
        if (bytes > most) {
            munmap(block, bytes);
            return;
        }
        evict_until(most - bytes);
        const Key key{bytes, ++clock_};
        try {
            by_age_.emplace(key.second, key);
            by_size_.emplace(key, block);
        } catch (const std::bad_alloc&) {
            by_age_.erase(key.second);
            munmap(block, bytes);
            return;
        }
        large_cached_bytes_ += bytes;
    }

    void empty() {
        evict_until(0);
        for (std::size_t index = 0; index < kClasses; ++index) {
            while (void* block = take_small(index)) std::free(block);
        }
    }

    void enlist(ThreadCache& cache) {
        cache.next = caches_;
        if (caches_) caches_->previous = &cache;
        caches_ = &cache;
    }

    void retire(ThreadCache& cache) {
        (cache.previous ? cache.previous->next : caches_) = cache.next;
        if (cache.next) cache.next->previous = cache.previous;
        const uint64_t hits = cache.hits.load(std::memory_order_relaxed);
        retired_allocations_ += hits + cache.misses.load(std::memory_order_relaxed);
        retired_cache_hits_ += hits;
    }

    void count(bool hit) {
        ++retired_allocations_;
        retired_cache_hits_ += hit;
    }

    CpuMemoryStats stats() const {
        CpuMemoryStats stats{};
        stats.allocations = retired_allocations_;
        stats.cache_hits = retired_cache_hits_;
        stats.cached_bytes = bytes_in(small_) + large_cached_bytes_;
        for (const ThreadCache* cache = caches_; cache; cache = cache->next) {
            const uint64_t hits = cache->hits.load(std::memory_order_relaxed);
            stats.allocations += hits + cache->misses.load(std::memory_order_relaxed);
            stats.cache_hits += hits;
            stats.cached_bytes += bytes_in(cache->lists);
        }
        return stats;
    }

    int64_t uncounted_bytes() const {
        int64_t bytes = 0;
        for (const ThreadCache* cache = caches_; cache; cache = cache->next)
            bytes += cache->uncounted.load(std::memory_order_relaxed);
        return bytes;
    }

  private:
    using Key = std::pair<std::size_t, uint64_t>;  // bytes, time of freeing

    void forget(std::map<Key, void*>::iterator entry) {
        large_cached_bytes_ -= entry->first.first;
        by_age_.erase(entry->first.second);
        by_size_.erase(entry);
    }

    // How much may be kept beside so many bytes in use.
    std::size_t most_kept(std::size_t live) const {
        const std::size_t together = kKeptPeaks * peak_.bytes() + kKeptAnyway;
        // Live and kept blocks together stay below three quarters of the memory.
        const std::size_t most = std::min(together, memory_ / 4 * 3);
        return std::min(cache_limit(), most > live ? most - live : 0);
    }

    // Gives back what has to go before so many bytes come fresh from the system.
    void make_room(std::size_t bytes) {
        evict_until(most_kept(live_large_bytes_ + bytes));
        fresh_bytes_ += bytes;
        if (fresh_bytes_ < kPressureInterval || large_cached_bytes_ == 0) return;
        fresh_bytes_ = 0;
        if (available_memory_bytes() < bytes + memory_ / 16) evict_until(0);
    }

    // Gives the longest unused blocks back until no more than `bytes` are kept.
    void evict_until(std::size_t bytes) {
        while (large_cached_bytes_ > bytes) {
            const auto oldest = by_size_.find(by_age_.begin()->second);
            munmap(oldest->second, oldest->first.first);
            forget(oldest);
        }
    }

    FreeLists small_{};
    std::map<Key, void*> by_size_;
    std::map<uint64_t, Key> by_age_;
    std::unordered_map<void*, std::size_t> live_large_;
    std::size_t large_cached_bytes_ = 0;
    std::size_t live_large_bytes_ = 0;
    std::size_t fresh_bytes_ = 0;
    RecentPeak peak_;
    const std::size_t memory_ = usable_memory_bytes();
    uint64_t clock_ = 0;
    ThreadCache* caches_ = nullptr;
    uint64_t retired_allocations_ = 0;
    uint64_t retired_cache_hits_ = 0;
};

// Never destroyed: blocks are freed until the very end of the process.
std::atomic<Central*> made_central{nullptr};

Central& make_central() {
    made_central.store(new Central);
    // A child must not inherit the mutex in the hands of a thread it does not have.
    constexpr auto unlock = [] { made_central.load()->mutex.unlock(); };
    pthread_atfork([] { made_central.load()->mutex.lock(); }, unlock, unlock);
    return *made_central.load();
}

Central& central() {
    static Central& instance = make_central();
    return instance;
}

std::atomic<int64_t> allocated_bytes{0};  // but for what threads have not counted yet
std::atomic<int64_t> peak_allocated_bytes{0};
constexpr int64_t kMostUncounted = 64 * kKiB;

void raise_peak(int64_t now) {
    int64_t peak = peak_allocated_bytes.load(std::memory_order_relaxed);
    while (now > peak && !peak_allocated_bytes.compare_exchange_weak(peak, now)) {
    }
}

void count_for_all(int64_t bytes) {
    raise_peak(allocated_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes);
}

void count_for_all(ThreadCache& cache) {
    count_for_all(cache.uncounted.exchange(0, std::memory_order_relaxed));
}

// Small blocks are counted by the thread, and for all when they have become many.
void count(ThreadCache& cache, int64_t bytes) {
    const int64_t sum = cache.uncounted.load(std::memory_order_relaxed) + bytes;
    cache.uncounted.store(sum, std::memory_order_relaxed);
    if (sum >= kMostUncounted || sum <= -kMostUncounted) [[unlikely]]
        count_for_all(cache);
}

void flush(ThreadCache& cache, std::size_t index, std::size_t keep) {
    FreeList& list = cache.lists[index];
    while (list.count() > keep) central().keep_small(list.pop(), index);
}

void flush_all(ThreadCache& cache) {
    for (std::size_t index = 0; index < kClasses; ++index) flush(cache, index, 0);
}

// The pointer outlives the owner: blocks freed after the owner's end go to the shared lists.
thread_local ThreadCache* thread_cache = nullptr;
thread_local bool thread_cache_ended = false;

struct ThreadCacheOwner {
    ThreadCache cache;

    ThreadCacheOwner() {
        std::lock_guard lock(central().mutex);
        central().enlist(cache);
        thread_cache = &cache;
    }
    ~ThreadCacheOwner() {
        thread_cache = nullptr;
        thread_cache_ended = true;
        std::lock_guard lock(central().mutex);
        flush_all(cache);
        count_for_all(cache);
        central().retire(cache);
    }
};

ThreadCache* own_cache() {
    if (thread_cache == nullptr && !thread_cache_ended) {
        thread_local ThreadCacheOwner owner;
    }
    return thread_cache;
}

// Where the thread has no block of the class at hand.
void* allocate_small(std::size_t bytes) {
    const std::size_t index = class_of(bytes);
    ThreadCache* cache = own_cache();
    if (void* block = cache ? cache->lists[index].pop() : nullptr) {
        ThreadCache::add<uint64_t>(cache->hits, 1);
        return block;
    }
    void* block = nullptr;
    bool hit = false;
    {
        std::lock_guard lock(central().mutex);
        block = central().take_small(index);
        hit = block != nullptr;
        if (!cache) central().count(hit);
    }
    if (!block) block = system_allocate(class_bytes(index));
    if (cache) ThreadCache::add<uint64_t>(hit ? cache->hits : cache->misses, block != nullptr);
    return block;
}

// Where the thread has no lists, or too much in this one.
[[gnu::noinline]] void free_small(void* block, std::size_t bytes) {
    const std::size_t index = class_of(bytes);
    ThreadCache* cache = own_cache();
    std::lock_guard lock(central().mutex);
    if (cache) flush(*cache, index, cache->lists[index].most / 2);
    central().keep_small(block, index);
}

void* try_allocate(std::size_t bytes) {
    if (bytes > kLargestRequest) return nullptr;
    if constexpr (!kCachesCpuMemory) {
        std::lock_guard lock(central().mutex);
        central().count(false);
        return system_allocate(bytes);
    }
    if (bytes <= kLargestSmall) return allocate_small(bytes);
    std::lock_guard lock(central().mutex);
    bool hit = false;
    void* block = central().allocate_large(bytes, hit);
    if (block) central().count(hit);
    return block;
}

ThreadCache::ThreadCache() {
    const std::size_t bytes = std::min<std::size_t>(kMiB, cache_limit() / 256);
    for (std::size_t index = 0; index < kClasses; ++index)
        lists[index].most =
            static_cast<uint32_t>(std::min<std::size_t>(256, bytes / class_bytes(index)));
}

[[gnu::noinline]] void* allocate_slowly(std::size_t bytes) {
    if (bytes == 0) return nullptr;
    void* block = try_allocate(bytes);
    if (!block) {
        empty_cpu_cache();
        block = try_allocate(bytes);
    }
    if (!block) {
        throw OutOfMemoryError("cpu_allocate: cannot allocate " + std::to_string(bytes) +
                               " bytes of CPU memory (" + std::to_string(cpu_allocated_bytes()) +
                               " bytes are in use); free tensors or use smaller ones");
    }
    if (thread_cache) count_for_all(*thread_cache);
    count_for_all(static_cast<int64_t>(bytes));
    return block;
}

[[gnu::noinline]] void free_slowly(void* block, std::size_t bytes) noexcept {
    allocated_bytes.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed);
    if constexpr (!kCachesCpuMemory) {
        std::free(block);
    } else if (bytes <= kLargestSmall) {
        free_small(block, bytes);
    } else {
        std::lock_guard lock(central().mutex);
        central().free_large(block);
    }
}

}  // namespace

void* cpu_allocate(std::size_t bytes) {
    ThreadCache* const cache = thread_cache;
    if (kCachesCpuMemory && cache && bytes - 1 < kLargestSmall) [[likely]] {
        if (void* block = cache->lists[class_of(bytes)].pop()) [[likely]] {
            ThreadCache::add<uint64_t>(cache->hits, 1);
            count(*cache, static_cast<int64_t>(bytes));
            return block;
        }
    }
    return allocate_slowly(bytes);
}

void cpu_free(void* block, std::size_t bytes) noexcept {
    if (block == nullptr) return;
    ThreadCache* const cache = thread_cache;
    if (kCachesCpuMemory && cache && bytes <= kLargestSmall) [[likely]] {
        FreeList& list = cache->lists[class_of(bytes)];
        if (list.count() < list.most) [[likely]] {
            list.push(block);
            count(*cache, -static_cast<int64_t>(bytes));
            return;
        }
    }
    free_slowly(block, bytes);
}

CpuMemoryStats cpu_memory_stats() {
    CpuMemoryStats stats;
    {
        std::lock_guard lock(central().mutex);
        stats = central().stats();
    }
    const int64_t now = cpu_allocated_bytes();
    raise_peak(now);
    stats.allocated_bytes = static_cast<std::size_t>(std::max<int64_t>(now, 0));
    stats.peak_allocated_bytes = static_cast<std::size_t>(peak_allocated_bytes.load());
    return stats;
}

int64_t cpu_allocated_bytes() {
    std::lock_guard lock(central().mutex);
    return allocated_bytes.load(std::memory_order_relaxed) + central().uncounted_bytes();
}

void reset_peak_cpu_memory() { peak_allocated_bytes.store(cpu_allocated_bytes()); }

void empty_cpu_cache() {
    ThreadCache* cache = own_cache();
    std::lock_guard lock(central().mutex);
    if (cache) flush_all(*cache);
    central().empty();
}

}  // namespace kajo
