// The Mersenne Twister of Matsumoto and Nishimura, its 32-bit stream produced 624 numbers at a
// time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace kajo {

class Mt19937 {
  public:
    static constexpr std::size_t kStateWords = 624;
    using State = std::array<uint32_t, kStateWords>;

    explicit Mt19937(uint32_t seed);
    // Continues a stream: `position` numbers of the block that `state` stands for are used up.
    Mt19937(const State& state, std::size_t position);
    // Starts from seeded words of which no block has been produced yet.
    static Mt19937 fresh_from(const State& state);

    uint32_t next() {
        if (position_ == kStateWords) refill();
        return output_[position_++];
    }
    void fill(uint32_t* out, std::size_t n);

    const State& state() const { return state_; }
    std::size_t position() const { return position_; }
    bool fresh() const { return fresh_; }

  private:
    void refill();
    static uint32_t tempered(uint32_t word);

    alignas(64) State state_;
    alignas(64) State output_;
    std::size_t position_ = kStateWords;
    bool fresh_ = false;  // no block produced since seeding
};

}  // namespace kajo
