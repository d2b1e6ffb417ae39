#include "core/generator.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>
#include <random>
#include <utility>

#include "core/error.h"

namespace kajo {
namespace {

static_assert(std::endian::native == std::endian::little, "state bytes are little-endian");

// The bytes of a state, as PyTorch lays them out.
struct StateLayout {
    uint64_t seed;
    int32_t left;  // numbers left in the block, plus one
    int32_t seeded;
    uint64_t next;  // numbers used up in the block
    uint64_t words[Mt19937::kStateWords];
    double unused;
    double double_sample;
    double unused_too;
    int32_t has_double_sample;
    int32_t padding;
    float float_sample;
    uint8_t has_float_sample;
    uint8_t more_padding[3];
};
static_assert(sizeof(StateLayout) == Generator::kStateBytes);

}  // namespace

void Generator::manual_seed(uint64_t seed) {
    seed_ = seed;
    engine_ = Mt19937(low_bits(seed));
    next_float_normal_sample.reset();
    next_double_normal_sample.reset();
}

uint64_t Generator::seed() {
    std::random_device entropy;
    const uint64_t high = entropy();
    manual_seed(high << 32 | entropy());
    return seed_;
}

double Generator::normal() {
    if (next_double_normal_sample) return *std::exchange(next_double_normal_sample, std::nullopt);
    const double angle = 2 * std::numbers::pi * uniform();
    const double radius = std::sqrt(-2 * std::log1p(-uniform()));
    next_double_normal_sample = radius * std::sin(angle);
    return radius * std::cos(angle);
}

Generator::StateBytes Generator::get_state() const {
    StateLayout layout{};
    const std::size_t position = engine_.position();
    layout.seed = seed_;
    layout.seeded = 1;
    layout.left = static_cast<int32_t>(Mt19937::kStateWords + 1 - position);
    layout.next = engine_.fresh() ? 0 : position;
    for (std::size_t i = 0; i < Mt19937::kStateWords; ++i) layout.words[i] = engine_.state()[i];
    layout.has_double_sample = next_double_normal_sample.has_value();
    layout.double_sample = next_double_normal_sample.value_or(0);
    layout.has_float_sample = next_float_normal_sample.has_value();
    layout.float_sample = next_float_normal_sample.value_or(0);
    return std::bit_cast<StateBytes>(layout);
}

void Generator::set_state(std::span<const uint8_t> bytes) {
    check(bytes.size() == kStateBytes, "set_state: expected a generator state of ", kStateBytes,
          " bytes, got ", bytes.size());
    StateLayout layout;
    std::memcpy(&layout, bytes.data(), kStateBytes);
    constexpr uint64_t kEnd = Mt19937::kStateWords;
    const bool used_up = layout.left == 1 && layout.next <= kEnd;
    const bool within = layout.left > 1 && layout.next < kEnd &&
                        layout.next + static_cast<uint64_t>(layout.left) == kEnd + 1;
    check(layout.seeded == 1 && (used_up || within),
          "set_state: the bytes are not the state of an mt19937 generator");
    Mt19937::State words;
    for (std::size_t i = 0; i < kEnd; ++i) words[i] = static_cast<uint32_t>(layout.words[i]);
    seed_ = layout.seed;
    engine_ = used_up && layout.next == 0 ? Mt19937::fresh_from(words)
                                          : Mt19937(words, used_up ? kEnd : layout.next);
    next_double_normal_sample.reset();
    next_float_normal_sample.reset();
    if (layout.has_double_sample) next_double_normal_sample = layout.double_sample;
    if (layout.has_float_sample) next_float_normal_sample = layout.float_sample;
}

namespace {
thread_local Generator* thread_generator = nullptr;
}  // namespace

Generator& default_generator() {
    static Generator generator;
    return thread_generator ? *thread_generator : generator;
}

void set_thread_generator(Generator* generator) { thread_generator = generator; }

}  // namespace kajo
