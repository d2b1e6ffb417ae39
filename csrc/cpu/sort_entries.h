// Elements to be sorted as plain integers: a key in the order of the values, and the position.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/dtype.h"

namespace kajo::cpu {

// Unsigned keys in the order of the values: nan is the largest, and both zeros are equal.
template <class T>
auto sort_key(T value) {
    if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
        using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
        constexpr Bits kSign = Bits{1} << (8 * sizeof(T) - 1);
        const Bits bits = std::bit_cast<Bits>(value + T(0));  // makes -0 a 0
        if (value != value) return ~Bits{0};
        return (bits & kSign) != 0 ? static_cast<Bits>(~bits) : static_cast<Bits>(bits | kSign);
    } else if constexpr (kIsHalf<T>) {
        return sort_key(static_cast<float>(value));
    } else if constexpr (std::is_same_v<T, bool>) {
        return static_cast<uint32_t>(value);
    } else {
        using Key = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
        constexpr Key kFlip = std::is_signed_v<T> ? Key{1} << (8 * sizeof(T) - 1) : 0;
        using Unsigned = std::make_unsigned_t<T>;
        return static_cast<Key>(static_cast<Key>(static_cast<Unsigned>(value)) ^ kFlip);
    }
}

// Key and position in one word.
struct NarrowEntry {
    uint64_t word;
    static NarrowEntry make(uint64_t key, int64_t at) {
        return {key << 32 | static_cast<uint64_t>(at)};
    }
    uint64_t key() const { return word >> 32; }
    int64_t at() const { return static_cast<int64_t>(word & 0xffffffffu); }
    bool operator<(const NarrowEntry& other) const { return word < other.word; }
    static constexpr int kKeyBits = 32;
};

struct WideEntry {
    uint64_t key_;
    int64_t at_;
    static WideEntry make(uint64_t key, int64_t at) { return {key, at}; }
    uint64_t key() const { return key_; }
    int64_t at() const { return at_; }
    bool operator<(const WideEntry& other) const {
        return key_ != other.key_ ? key_ < other.key_ : at_ < other.at_;
    }
    static constexpr int kKeyBits = 64;
};

// Calls f.template operator()<Entry>() with the smallest entry that holds rows of this length.
template <class T, class F>
void with_entry(int64_t length, F&& f) {
    if constexpr (sizeof(T) <= 4) {
        if (length < int64_t{1} << 32) return f.template operator()<NarrowEntry>();
    }
    f.template operator()<WideEntry>();
}

// Least significant digit first, which keeps the order of equal keys; digits that all keys share
// are skipped. Returns whichever of the two buffers holds the result.
template <int kDigitBits, class Entry>
Entry* radix_sort(Entry* from, Entry* to, int64_t n) {
    constexpr int kDigits = (Entry::kKeyBits + kDigitBits - 1) / kDigitBits;
    constexpr size_t kBuckets = size_t{1} << kDigitBits;
    constexpr uint64_t kMask = kBuckets - 1;
    static thread_local uint64_t counts[kDigits][kBuckets];
    std::memset(counts, 0, sizeof counts);
    for (int64_t i = 0; i < n; i++) {
        const uint64_t key = from[i].key();
        for (int d = 0; d < kDigits; d++) counts[d][key >> (d * kDigitBits) & kMask]++;
    }
    for (int d = 0; d < kDigits; d++) {
        const int shift = d * kDigitBits;
        uint64_t* starts = counts[d];
        if (starts[from[0].key() >> shift & kMask] == static_cast<uint64_t>(n)) continue;
        uint64_t sum = 0;
        for (size_t b = 0; b < kBuckets; b++) {
            const uint64_t count = starts[b];
            starts[b] = sum;
            sum += count;
        }
        for (int64_t i = 0; i < n; i++) to[starts[from[i].key() >> shift & kMask]++] = from[i];
        std::swap(from, to);
    }
    return from;
}

template <class Entry>
Entry* sort_entries(Entry* entries, Entry* buffer, int64_t n) {
    if (n < 128) {
        std::sort(entries, entries + n);
        return entries;
    }
    return n < 1024 ? radix_sort<8>(entries, buffer, n) : radix_sort<11>(entries, buffer, n);
}

}  // namespace kajo::cpu
