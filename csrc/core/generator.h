// The CPU random generator: the same stream and the same state bytes as PyTorch's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include "core/mt19937.h"

namespace kajo {

constexpr uint64_t kDefaultSeed = 67280421310721ull;

class Generator {
  public:
    static constexpr std::size_t kStateBytes = 5056;
    using StateBytes = std::array<uint8_t, kStateBytes>;

    explicit Generator(uint64_t seed = kDefaultSeed) : seed_(seed), engine_(low_bits(seed)) {}

    // Restarts the stream; only the low 32 bits of the seed choose it.
    void manual_seed(uint64_t seed);
    // Seeds from the system's entropy and returns the seed.
    uint64_t seed();
    uint64_t initial_seed() const { return seed_; }

    StateBytes get_state() const;
    // Raises RuntimeError unless the bytes are a state of this generator or of PyTorch's.
    void set_state(std::span<const uint8_t> bytes);

    uint32_t random() { return engine_.next(); }
    uint64_t random64() {
        const uint64_t high = engine_.next();
        return high << 32 | engine_.next();
    }
    void fill(uint32_t* out, std::size_t n) { engine_.fill(out, n); }

    // In [0, 1), by multiples of 2^-53.
    double uniform() {
        return static_cast<double>(random64() & ((uint64_t{1} << 53) - 1)) * 0x1p-53;
    }
    // Standard normal; every second one is the kept partner of the one before.
    double normal();

    std::optional<float> next_float_normal_sample;
    std::optional<double> next_double_normal_sample;

    // Whoever draws holds it; the fills of random_fill.h do so themselves.
    std::mutex& mutex() const { return mutex_; }

  private:
    static uint32_t low_bits(uint64_t seed) { return static_cast<uint32_t>(seed); }

    uint64_t seed_;
    Mt19937 engine_;
    mutable std::mutex mutex_;
};

// The generator used where none is given: this thread's own if it has one, else the program's.
Generator& default_generator();

// Gives this thread a generator of its own, which the caller keeps alive; null takes it away.
void set_thread_generator(Generator* generator);

}  // namespace kajo
