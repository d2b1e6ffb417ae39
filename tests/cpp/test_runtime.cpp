// Checks of the runtime ground: thread pool, allocator, random generator.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/allocator.h"
#include "core/error.h"
#include "core/generator.h"
#include "core/half.h"
#include "core/host_limits.h"
#include "core/parallel.h"
#include "core/random_fill.h"
#include "core/random_sampling.h"

namespace {

int failures = 0;

void check(bool ok, const char* what) {
    if (ok) return;
    ++failures;
    std::fprintf(stderr, "failed: %s\n", what);
}

int64_t parallel_sum(int64_t chunks) {
    std::vector<int64_t> seen(static_cast<size_t>(chunks), 0);
    kajo::parallel_for(chunks, [&](int64_t i) { seen[static_cast<size_t>(i)] += i + 1; });
    return std::accumulate(seen.begin(), seen.end(), int64_t{0});
}

void test_every_chunk_once() {
    for (int threads : {1, 2, 5, 3, 8}) {
        kajo::set_num_threads(threads);
        for (int64_t chunks : {0, 1, 2, 7, 1000}) {
            check(parallel_sum(chunks) == chunks * (chunks + 1) / 2, "every chunk runs once");
        }
    }
    for (int round = 0; round < 2000; ++round) {
        if (parallel_sum(4) != 10) return check(false, "short jobs in a row");
    }
    kajo::set_num_threads(4);
}

// While one thread is held in its first chunk, the others run all the rest, its share included.
void test_shares_of_a_late_thread() {
    kajo::set_num_threads(2);
    std::atomic<int64_t> done{0};
    kajo::parallel_for(100, [&](int64_t i) {
        if (i == 0)
            while (done.load() < 99) std::this_thread::yield();
        ++done;
    });
    check(done.load() == 100, "the share of a thread that is held up is run by the others");
    kajo::set_num_threads(4);
}

void test_ranges() {
    for (int64_t n : {0, 1, 9, 10, 11, 95}) {
        std::atomic<int64_t> covered{0};
        std::atomic<bool> bounds{true};
        kajo::parallel_ranges(n, 10, [&](int64_t begin, int64_t end) {
            covered += end - begin;
            if (begin % 10 != 0 || end - begin > 10 || end > n) bounds = false;
        });
        check(covered == n && bounds, "parallel_ranges covers [0, n) in pieces of the grain");
    }
}

void test_nested() {
    std::atomic<int64_t> total{0};
    std::atomic<bool> inside{true};
    kajo::parallel_for(8, [&](int64_t) {
        if (!kajo::in_parallel_region()) inside = false;
        kajo::parallel_for(8, [&](int64_t j) { total += j; });
    });
    check(total == 8 * 28, "nested calls");
    check(inside && !kajo::in_parallel_region(), "in_parallel_region");
}

void test_exceptions() {
    for (int round = 0; round < 50; ++round) {
        bool caught = false;
        try {
            kajo::parallel_for(100, [&](int64_t i) {
                if (i % 10 == 3) throw std::runtime_error("chunk " + std::to_string(i));
            });
        } catch (const std::runtime_error& error) {
            caught = std::string(error.what()).find("chunk") == 0;
        }
        check(caught, "the first exception reaches the caller");
    }
    check(parallel_sum(100) == 5050, "the pool works after an exception");
    bool refused = false;
    try {
        kajo::set_num_threads(0);
    } catch (const kajo::Error&) {
        refused = true;
    }
    check(refused, "set_num_threads(0) is refused");
}

void test_many_callers() {
    std::vector<std::thread> threads;
    std::atomic<bool> right{true};
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int round = 0; round < 200; ++round) {
                if (parallel_sum(50) != 1275) right = false;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    check(right, "several threads call parallel_for at once");
}

// One thread is long done when the other ends its chunk: the caller sleeps or the worker does.
void test_waiting_for_a_late_chunk() {
    std::atomic<int> done{0};
    const std::thread::id caller = std::this_thread::get_id();
    for (int round = 0; round < 20; ++round) {
        kajo::parallel_for(2, [&](int64_t) {
            if (std::this_thread::get_id() != caller) {
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
            }
            done.fetch_add(1);
        });
        check(done == 2 * (round + 1), "the caller waits for the last chunk");
    }
    check(parallel_sum(100) == 5050, "the pool goes on after a late chunk");
}

[[maybe_unused]] bool child_ends_well(int (*run)()) {
    const pid_t child = fork();
    if (child == 0) _exit(run());
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

[[maybe_unused]] void test_fork() {
    check(parallel_sum(100) == 5050, "before fork");
    const auto in_child = [] {
        void* block = kajo::cpu_allocate(3 << 20);
        std::memset(block, 1, 3 << 20);
        kajo::cpu_free(block, 3 << 20);
        return parallel_sum(1000) == 500500 ? 0 : 1;
    };
    check(child_ends_well(in_child), "pool and allocator in a forked child");
    std::atomic<bool> stop{false};
    std::thread busy([&] {
        while (!stop) {
            parallel_sum(20);
            kajo::cpu_free(kajo::cpu_allocate(1 << 20), 1 << 20);
        }
    });
    for (int round = 0; round < 10; ++round) check(child_ends_well(in_child), "fork while in use");
    stop = true;
    busy.join();
    check(parallel_sum(100) == 5050, "after fork");
}

void test_sizes() {
    for (size_t bytes :
         {1u, 63u, 64u, 65u, 1000u, 1024u, 1025u, 4097u, 262144u, 262145u, 5000000u}) {
        void* block = kajo::cpu_allocate(bytes);
        check(reinterpret_cast<uintptr_t>(block) % 64 == 0, "64-byte alignment");
        std::memset(block, 7, bytes);
        kajo::cpu_free(block, bytes);
    }
    check(kajo::cpu_allocate(0) == nullptr, "no bytes, no memory");
    kajo::cpu_free(nullptr, 0);
    bool thrown = false;
    try {
        kajo::cpu_allocate(size_t{1} << 60);
    } catch (const kajo::OutOfMemoryError& error) {
        thrown = std::string(error.what()).find("1152921504606846976") != std::string::npos;
    }
    check(thrown, "out of memory names the bytes");
}

void test_memory_stats() {
    kajo::empty_cpu_cache();
    kajo::reset_peak_cpu_memory();
    const auto before = kajo::cpu_memory_stats();
    void* block = kajo::cpu_allocate(8 << 20);
    kajo::cpu_free(block, 8 << 20);
    const auto after = kajo::cpu_memory_stats();
    check(after.allocated_bytes == before.allocated_bytes, "allocated bytes go back");
    check(after.peak_allocated_bytes == before.allocated_bytes + (8 << 20), "peak");
    check(after.allocations == before.allocations + 1, "allocations are counted");
#if !defined(__SANITIZE_ADDRESS__)
    check(after.cached_bytes >= (8 << 20), "a freed large block is kept");
    void* again = kajo::cpu_allocate(7 << 20);
    check(again == block, "a kept block is reused by best fit");
    check(kajo::cpu_memory_stats().cache_hits == after.cache_hits + 1, "hits are counted");
    kajo::cpu_free(again, 7 << 20);
    kajo::cpu_free(kajo::cpu_allocate(100), 100);
#endif
    kajo::empty_cpu_cache();
    check(kajo::cpu_memory_stats().cached_bytes == 0, "empty_cpu_cache keeps nothing");
}

#if !defined(__SANITIZE_ADDRESS__)
// A program whose sizes never repeat: what is kept stays in proportion to what was in use at once.
void test_kept_bytes_are_bounded_by_the_use() {
    kajo::empty_cpu_cache();
    constexpr size_t kAtOnce = 4;
    constexpr size_t kLargest = 16 << 20;
    std::vector<std::pair<void*, size_t>> blocks;
    std::mt19937 draw(1);
    size_t most = 0;
    for (int round = 0; round < 2000; ++round) {
        if (blocks.size() == kAtOnce) {
            const size_t place = draw() % kAtOnce;
            kajo::cpu_free(blocks[place].first, blocks[place].second);
            blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(place));
        }
        const size_t bytes = (1 << 20) + draw() % (kLargest - (1 << 20));
        blocks.emplace_back(kajo::cpu_allocate(bytes), bytes);
        most = std::max(most, kajo::cpu_memory_stats().cached_bytes);
    }
    for (const auto& [block, bytes] : blocks) kajo::cpu_free(block, bytes);
    check(most > 0, "freed blocks are kept");
    check(most <= 2 * kAtOnce * (kLargest + kLargest / 4) + (64 << 20), "what is kept has a bound");
    kajo::empty_cpu_cache();
}

// After a phase that used much, a phase that uses little gives the rest back by itself.
void test_a_peak_is_forgotten() {
    kajo::empty_cpu_cache();
    constexpr size_t kMuch = 256 << 20;
    constexpr size_t kLittle = 1 << 20;
    kajo::cpu_free(kajo::cpu_allocate(kMuch), kMuch);
    check(kajo::cpu_memory_stats().cached_bytes >= kMuch, "a freed large block is kept");
    for (int round = 0; round < 20000; ++round) {
        kajo::cpu_free(kajo::cpu_allocate(kLittle), kLittle);
    }
    check(kajo::cpu_memory_stats().cached_bytes <= (66 << 20), "and given back when long unused");
    kajo::empty_cpu_cache();
}
#endif

class FakeSystem {
  public:
    FakeSystem() {
        std::string path = (std::filesystem::temp_directory_path() / "kajo_limits_XXXXXX").string();
        if (mkdtemp(path.data()) == nullptr) std::abort();
        root = path;
    }
    ~FakeSystem() { std::filesystem::remove_all(root); }
    FakeSystem(const FakeSystem&) = delete;
    FakeSystem& operator=(const FakeSystem&) = delete;

    void write(const std::string& path, const std::string& text) const {
        const std::filesystem::path file = root + path;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }

    std::string root;
};

// Limits are those of the process's group or of any group around it, in both generations of
// cgroups.
void test_limits_of_containers() {
    const FakeSystem second;
    second.write("/proc/self/cgroup", "0::/kube/pod\n");
    second.write("/proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable:    8000000 kB\n");
    second.write("/sys/fs/cgroup/kube/cpu.max", "100000 100000\n");
    second.write("/sys/fs/cgroup/kube/pod/cpu.max", "max 100000\n");
    check(kajo::usable_cpu_count(second.root) == 1, "cgroup v2: the quota of a parent");
    second.write("/sys/fs/cgroup/kube/pod/memory.max", "1000000\n");
    second.write("/sys/fs/cgroup/kube/memory.max", "max\n");
    check(kajo::usable_memory_bytes(second.root) == 1000000, "cgroup v2: the memory's limit");
    second.write("/sys/fs/cgroup/kube/pod/memory.current", "900000\n");
    check(kajo::available_memory_bytes(second.root) == 100000, "cgroup v2: what is left of it");
    second.write("/sys/fs/cgroup/kube/pod/memory.stat", "anon 5\ninactive_file 200000\n");
    check(kajo::available_memory_bytes(second.root) == 300000,
          "cgroup v2: files are dropped first");

    const FakeSystem first;
    first.write("/proc/self/cgroup", "4:memory:/box\n2:cpu,cpuacct:/box\n");
    first.write("/proc/meminfo", "MemAvailable:    1000 kB\n");
    first.write("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "50000\n");
    first.write("/sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
    check(kajo::usable_cpu_count(first.root) == 1, "cgroup v1: half a core is one thread");
    // The path that /proc names need not be mounted inside a container.
    first.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "2000000\n");
    check(kajo::usable_memory_bytes(first.root) == 2000000, "cgroup v1: the memory's limit");
    check(kajo::available_memory_bytes(first.root) == 1024000, "the machine has less");
    first.write("/sys/fs/cgroup/memory/memory.usage_in_bytes", "1500000\n");
    check(kajo::available_memory_bytes(first.root) == 500000, "cgroup v1: the group has less");

    const FakeSystem none;
    check(kajo::usable_cpu_count(none.root) >= 1, "no files, no limits");
    check(kajo::available_memory_bytes(none.root) > (size_t{1} << 60), "nothing known, no limit");
}

struct Block {
    unsigned char* data;
    size_t bytes;
    unsigned char mark;
};

// Threads allocate, mark, check and free, and hand half of their blocks to the next thread.
void test_allocator_stress() {
    constexpr int kThreads = 4;
    std::vector<std::vector<Block>> handed(kThreads);
    std::atomic<bool> intact{true};
    const auto release = [&](const Block& block) {
        if (block.data[0] != block.mark || block.data[block.bytes - 1] != block.mark)
            intact = false;
        kajo::cpu_free(block.data, block.bytes);
    };
    for (int round = 0; round < 3; ++round) {
        std::vector<std::vector<Block>> next(kThreads);
        std::vector<std::thread> threads;
        for (int t = 0; t < kThreads; ++t) {
            threads.emplace_back([&, t] {
                std::minstd_rand random(static_cast<unsigned>(t + 10 * round + 1));
                for (const Block& block : handed[static_cast<size_t>(t)]) release(block);
                std::vector<Block> mine;
                for (int i = 0; i < 3000; ++i) {
                    const size_t bytes = 1 + random() % (size_t{1} << (4 + random() % 16));
                    auto* data = static_cast<unsigned char*>(kajo::cpu_allocate(bytes));
                    const auto mark = static_cast<unsigned char>(random());
                    data[0] = data[bytes - 1] = mark;
                    mine.push_back({data, bytes, mark});
                    if (random() % 3 != 0) {
                        std::swap(mine[random() % mine.size()], mine.back());
                        release(mine.back());
                        mine.pop_back();
                    }
                }
                next[static_cast<size_t>((t + 1) % kThreads)] = std::move(mine);
            });
        }
        for (std::thread& thread : threads) thread.join();
        handed = std::move(next);
    }
    for (const auto& blocks : handed) {
        for (const Block& block : blocks) release(block);
    }
    check(intact, "blocks keep their content across threads");
}

void test_mersenne_twister() {
    kajo::Mt19937 engine(5489);
    std::mt19937 reference(5489);
    bool equal = true;
    for (int i = 0; i < 10000; ++i) equal = equal && engine.next() == reference();
    check(equal, "mt19937 produces the standard stream");
    std::vector<uint32_t> block(1300);
    engine.fill(block.data(), block.size());
    for (uint32_t word : block) equal = equal && word == reference();
    check(equal, "mt19937 in bulk continues the stream");
}

void test_generator_state() {
    for (size_t drawn : {0u, 1u, 623u, 624u, 625u}) {
        kajo::Generator generator(0x123456789abcdefull);
        for (size_t i = 0; i < drawn; ++i) generator.random();
        const double first = generator.normal();
        auto state = generator.get_state();
        const double second = generator.normal();
        const uint32_t third = generator.random();
        kajo::Generator other;
        other.set_state(state);
        check(other.initial_seed() == 0x123456789abcdefull, "the seed is part of the state");
        check(first != second && other.normal() == second, "the kept normal sample is as well");
        check(other.random() == third, "a restored generator continues the stream");
        check(kajo::Generator(1).random() != third, "another seed, another stream");
        state[12] = 0;
        bool refused = false;
        try {
            other.set_state(state);
        } catch (const kajo::Error&) {
            refused = true;
        }
        check(refused, "a state that was never seeded is refused");
    }
}

void test_fills() {
    kajo::Generator generator(1234);
    std::vector<float> uniform(4);
    kajo::fill_uniform(uniform.data(), 4, 0.0, 1.0, generator);
    check(uniform[0] == 822569775 % (1 << 24) * 0x1p-24f, "uniform_ takes the low 24 bits");
    std::vector<float> one(100003), many(100003);
    for (auto [values, threads] : {std::pair{&one, 1}, std::pair{&many, 4}}) {
        kajo::set_num_threads(threads);
        generator.manual_seed(7);
        kajo::fill_normal(values->data(), 100003, 1.0, 2.0, generator);
    }
    check(one == many, "normal_ does not depend on the number of threads");
    const double mean = std::accumulate(one.begin(), one.end(), 0.0) / 100003;
    check(mean > 0.97 && mean < 1.03, "normal_ has the mean asked for");
    std::vector<kajo::BFloat16> half(1000);
    kajo::fill_uniform(half.data(), 1000, 0.0, 1.0, generator);
    for (kajo::BFloat16 x : half) check(float(x) >= 0 && float(x) < 1, "uniform_ stays below `to`");
    std::vector<int64_t> permutation(100);
    kajo::random_permutation(permutation.data(), 100, generator);
    check(std::accumulate(permutation.begin(), permutation.end(), int64_t{0}) == 4950, "randperm");
    kajo::fill_random_range(permutation.data(), 100, -3, 5, generator);
    for (int64_t x : permutation) check(x >= -3 && x < 2, "random_ stays in its range");
    const std::vector<float> weights = {0.F, 1.F, 2.F, 0.F};
    std::vector<int64_t> drawn(2);
    kajo::sample_multinomial(weights.data(), 1, 4, 2, false, drawn.data(), generator);
    check(drawn[0] + drawn[1] == 3 && drawn[0] != drawn[1], "multinomial without replacement");
}

void test_fills_from_threads() {
    kajo::Generator generator(3);
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&] {
            std::vector<double> values(3000);
            for (int i = 0; i < 20; ++i) {
                kajo::fill_exponential(values.data(), 3000, 2.0, generator);
                kajo::fill_normal(values.data(), 5, 0.0, 1.0, generator);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    kajo::Generator alone(3);
    std::vector<uint32_t> words(3 * 20 * 6000);
    alone.fill(words.data(), words.size());
    // Two normals take two uniforms of two words each.
    for (int i = 0; i < 3 * 20 * 5 / 2; ++i) alone.fill(words.data(), 4);
    check(alone.random() == generator.random(),
          "threads share one stream without losing any of it");
}

}  // namespace

int main() {
    test_every_chunk_once();
    test_shares_of_a_late_thread();
    test_ranges();
    test_nested();
    test_exceptions();
    test_many_callers();
    test_waiting_for_a_late_chunk();
#if !defined(__SANITIZE_THREAD__)  // which allows no threads in a forked child
    test_fork();
#endif
    test_sizes();
    test_memory_stats();
#if !defined(__SANITIZE_ADDRESS__)
    test_kept_bytes_are_bounded_by_the_use();
    test_a_peak_is_forgotten();
#endif
    test_limits_of_containers();
    test_allocator_stress();
    test_mersenne_twister();
    test_generator_state();
    test_fills();
    test_fills_from_threads();
    if (failures == 0) std::puts("runtime: all checks passed");
    return failures == 0 ? 0 : 1;
}
