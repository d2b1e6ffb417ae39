// The caching allocator of CPU memory.
//
// Small blocks come from free lists per thread and size class; large blocks are kept and reused by
// best fit, because pages fresh from the system cost more to fault in than most operations cost.
// Built with AddressSanitizer nothing is cached, so that it sees every wrong access.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "core/error.h"

namespace kajo {

// PyTorch raises RuntimeError where CPU memory runs out.
class OutOfMemoryError : public Error {
  public:
    explicit OutOfMemoryError(std::string message)
        : Error(ErrorKind::Runtime, std::move(message)) {}
};

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kCachesCpuMemory = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kCachesCpuMemory = false;
#else
constexpr bool kCachesCpuMemory = true;
#endif
#else
constexpr bool kCachesCpuMemory = true;
#endif

struct CpuMemoryStats {
    std::size_t allocated_bytes;       // in blocks handed out, as asked for
    std::size_t peak_allocated_bytes;  // the most since the start or since reset_peak_cpu_memory;
                                       // may miss 64 KiB of small blocks a thread
    std::size_t cached_bytes;          // kept for reuse
    uint64_t allocations;              // calls that returned memory
    uint64_t cache_hits;               // those of them served without asking the system
};

// Uninitialised memory aligned to 64 bytes; nullptr for 0 bytes. Any thread may free it.
// Throws OutOfMemoryError if there is none even after the cache has been emptied.
void* cpu_allocate(std::size_t bytes);

// `bytes` must be what cpu_allocate was asked for.
void cpu_free(void* block, std::size_t bytes) noexcept;

// A base of small objects that come and go with every operation: from the free lists.
struct FromCpuMemory {
    static void* operator new(std::size_t bytes) { return cpu_allocate(bytes); }
    static void operator delete(void* object, std::size_t bytes) { cpu_free(object, bytes); }
};

CpuMemoryStats cpu_memory_stats();
int64_t cpu_allocated_bytes();
void reset_peak_cpu_memory();

// Gives back to the system what is kept, except for the free lists of other threads.
void empty_cpu_cache();

}  // namespace kajo
