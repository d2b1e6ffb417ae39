#include "core/mt19937.h"

#include <algorithm>

#include "cpu/random_kernels.h"

namespace kajo {

Mt19937::Mt19937(uint32_t seed) : fresh_(true) {
    state_[0] = seed;
    for (uint32_t i = 1; i < kStateWords; ++i) {
        state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
    }
}

Mt19937::Mt19937(const State& state, std::size_t position) : state_(state), position_(position) {
    for (std::size_t i = 0; i < kStateWords; ++i) output_[i] = tempered(state_[i]);
}

Mt19937 Mt19937::fresh_from(const State& state) {
    Mt19937 engine(state, kStateWords);
    engine.fresh_ = true;
    return engine;
}

uint32_t Mt19937::tempered(uint32_t word) {
    word ^= word >> 11;
    word ^= (word << 7) & 0x9d2c5680u;
    word ^= (word << 15) & 0xefc60000u;
    return word ^ (word >> 18);
}

void Mt19937::refill() {
    cpu::random_kernels().twist(state_.data(), output_.data());
    position_ = 0;
    fresh_ = false;
}

void Mt19937::fill(uint32_t* out, std::size_t n) {
    while (n > 0) {
        if (position_ == kStateWords) refill();
        const std::size_t count = std::min(n, kStateWords - position_);
        std::copy_n(output_.data() + position_, count, out);
        position_ += count;
        out += count;
        n -= count;
    }
}

}  // namespace kajo
