// The thread pool of the CPU kernels.
//
// Work is cut into chunks by its size, never by the number of threads, so that a result is the same
// for every number of threads. A thread runs the chunks of its own share and then those of the
// others, so that a busy neighbour core cannot stall an operation.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace kajo {

// Threads that one operation may use, the caller included. Starts as OMP_NUM_THREADS where that is
// set, else as the cores granted to the process. Setting raises RuntimeError for n < 1.
int num_threads();
void set_num_threads(int n);

// Kept for programs that set it; kajo runs no operations concurrently of its own accord.
int num_interop_threads();
void set_num_interop_threads(int n);

// True while this thread runs a chunk of parallel_for.
bool in_parallel_region();

// While set, floating-point flags that a worker raises are raised in the caller's thread too.
inline std::atomic<bool> gather_floating_flags{false};

namespace detail {
using ChunkFunction = void (*)(void* context, int64_t chunk);
void run_chunks(int64_t chunks, ChunkFunction function, void* context);
}  // namespace detail

// Calls f(i) once for every i in [0, chunks), in any order, on any thread, and returns when all are
// done. A call from inside f, or while another thread uses the pool, runs in the calling thread.
// The first exception that f throws skips the chunks not yet begun and is rethrown here.
template <class F>
void parallel_for(int64_t chunks, F&& f) {
    if (chunks <= 1) {
        if (chunks == 1) f(int64_t{0});
        return;
    }
    using Function = std::remove_reference_t<F>;
    const auto call = [](void* context, int64_t chunk) {
        (*static_cast<Function*>(context))(chunk);
    };
    using Plain = std::remove_const_t<Function>;
    detail::run_chunks(chunks, call, const_cast<Plain*>(std::addressof(f)));
}

// Calls f(begin, end) for the consecutive pieces of [0, n) that are `grain` long (the last may be
// shorter). One piece runs in the calling thread without touching the pool.
template <class F>
void parallel_ranges(int64_t n, int64_t grain, F&& f) {
    if (n <= 0) return;
    grain = std::max<int64_t>(1, grain);
    if (n <= grain) {
        f(int64_t{0}, n);
        return;
    }
    const int64_t pieces = n / grain + (n % grain != 0);
    parallel_for(pieces, [&](int64_t piece) {
        const int64_t begin = piece * grain;
        f(begin, begin + std::min(grain, n - begin));
    });
}

}  // namespace kajo
