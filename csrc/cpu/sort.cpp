#include "cpu/sort.h"

#include <cstring>

#include "core/parallel.h"
#include "cpu/lanes.h"
#include "cpu/scratch.h"
#include "cpu/sort_entries.h"

namespace kajo::cpu {

namespace {

constexpr int64_t kPieceElements = int64_t{1} << 14;

template <class Entry, class T>
void read_entries(Entry* entries, const T* source, int64_t n, int64_t stride, bool descending) {
    using Key = decltype(sort_key(T{}));
    const Key flip = descending ? ~Key{0} : Key{0};
    for (int64_t i = 0; i < n; i++)
        entries[i] = Entry::make(static_cast<Key>(sort_key(source[i * stride]) ^ flip), i);
}

// The lanes of a tensor and of the two results that belong to it.
template <class T>
struct LaneSet {
    Lanes from, to_values, to_indices;
    const T* source;
    T* values;
    int64_t* indices;

    LaneSet(TensorRefs out, const Tensor& self, int64_t dim)
        : from(self, dim),
          to_values(out[0], dim),
          to_indices(out[1], dim),
          source(self.data<T>()),
          values(out[0].data<T>()),
          indices(out[1].data<int64_t>()) {}

    const T* read(int64_t lane) const { return source + from.offset(lane); }
    void write(int64_t lane, int64_t position, int64_t at) const {
        values[to_values.offset(lane) + position * to_values.stride()] =
            read(lane)[at * from.stride()];
        indices[to_indices.offset(lane) + position * to_indices.stride()] = at;
    }
    template <class Entry>
    void write_all(int64_t lane, const Entry* entries, int64_t n) const {
        const T* row = read(lane);
        T* value = values + to_values.offset(lane);
        int64_t* index = indices + to_indices.offset(lane);
        for (int64_t i = 0; i < n; i++) {
            const int64_t at = entries[i].at();
            value[i * to_values.stride()] = row[at * from.stride()];
            index[i * to_indices.stride()] = at;
        }
    }
};

// Calls f(lanes, lane, entries, buffer) for each lane, with scratch for its entries.
template <class F>
void for_each_lane(const char* operation, TensorRefs out, const Tensor& self, int64_t dim, F&& f) {
    if (self.numel() == 0) return;
    dispatch<kRealsAndBool>(self.dtype(), operation, [&]<class T>() {
        const LaneSet<T> lanes(out, self, dim);
        const int64_t n = lanes.from.length();
        with_entry<T>(n, [&]<class Entry>() {
            const int64_t grain = std::max<int64_t>(1, kPieceElements / n);
            parallel_ranges(lanes.from.count(), grain, [&](int64_t begin, int64_t end) {
                const Scratch entries(static_cast<size_t>(n) * sizeof(Entry)),
                    buffer(static_cast<size_t>(n) * sizeof(Entry));
                for (int64_t lane = begin; lane < end; lane++)
                    f(lanes, lane, entries.template as<Entry>(), buffer.template as<Entry>());
            });
        });
    });
}

// True where one of the next kAhead values may be better than the worst one kept; nan may be.
constexpr int kAhead = 16;
template <class T>
bool any_better(const T* source, int64_t stride, T worst, bool largest) {
    unsigned better = 0;
    if (largest)
        for (int j = 0; j < kAhead; j++) better |= !(source[j * stride] <= worst);
    else
        for (int j = 0; j < kAhead; j++) better |= !(source[j * stride] >= worst);
    return better != 0;
}

// Keeps the k best seen so far in order; nearly all others fail the first comparison.
template <class Entry, class T>
void best_few(Entry* best, int64_t k, const T* source, int64_t n, int64_t stride, bool largest) {
    using Key = decltype(sort_key(T{}));
    const Key flip = largest ? ~Key{0} : Key{0};
    read_entries(best, source, k, stride, largest);
    std::sort(best, best + k);
    Entry worst = best[k - 1];
    for (int64_t i = k; i < n;) {
        if (i + kAhead <= n &&
            !any_better(source + i * stride, stride, source[worst.at() * stride], largest)) {
            i += kAhead;
            continue;
        }
        for (const int64_t end = std::min(n, i + kAhead); i < end; i++) {
            const auto e = Entry::make(static_cast<Key>(sort_key(source[i * stride]) ^ flip), i);
            if (!(e < worst)) continue;
            int64_t at = k - 1;
            for (; at > 0 && e < best[at - 1]; at--) best[at] = best[at - 1];
            best[at] = e;
            worst = best[k - 1];
        }
    }
}

// The entry that k others come before. Digits, from the most significant on, tell where it is, and
// only those that share them are looked at again; `buffer` has room for n, and keeps some of them.
template <class Entry>
Entry nth_entry(const Entry* entries, Entry* buffer, int64_t n, int64_t k) {
    constexpr int kDigitBits = 11;
    constexpr size_t kBuckets = size_t{1} << kDigitBits;
    constexpr int64_t kFew = 2048;
    uint32_t counts[kBuckets];
    const Entry* from = entries;
    for (int shift = Entry::kKeyBits - kDigitBits; n > kFew && shift > -kDigitBits;
         shift -= kDigitBits) {
        const int by = std::max(shift, 0);
        const auto digit = [by](const Entry& e) {
            return static_cast<size_t>(e.key() >> by) & (kBuckets - 1);
        };
        std::memset(counts, 0, sizeof counts);
        for (int64_t i = 0; i < n; i++) counts[digit(from[i])]++;
        size_t wanted = 0;
        while (k >= static_cast<int64_t>(counts[wanted])) k -= counts[wanted++];
        int64_t kept = 0;
        for (int64_t i = 0; i < n; i++) {
            const Entry e = from[i];
            buffer[kept] = e;
            kept += digit(e) == wanted;
        }
        n = kept;
        from = buffer;
    }
    if (from == entries) std::copy_n(entries, n, buffer);
    std::nth_element(buffer, buffer + k, buffer + n);
    return buffer[k];
}

// The most frequent value, the smallest of several, and its last position. A nan equals nothing,
// not even another one; the sort has put them last, and the first wins where no value occurs twice.
template <class Entry>
int64_t most_frequent(const Entry* sorted, int64_t numbers, int64_t first_nan) {
    int64_t best = 0, best_count = 0;
    for (int64_t i = 0, start = 0; i < numbers; i++) {
        if (sorted[i].key() != sorted[start].key()) start = i;
        if (i - start + 1 > best_count) {
            best_count = i - start + 1;
            best = i;
        }
    }
    return first_nan == 0 && best_count <= 1 ? first_nan : sorted[best].at();
}

template <class T>
int64_t count_numbers(const T* source, int64_t n, int64_t stride, int64_t& first_nan) {
    int64_t count = 0;
    first_nan = -1;
    for (int64_t i = 0; i < n; i++) {
        const T value = source[i * stride];
        if (value == value)
            count++;
        else if (first_nan < 0)
            first_nan = i;
    }
    return count;
}

}  // namespace

namespace {

// Wide integers that lie close together, as indices do, are sorted by their distance from the
// least, in half as many bytes, and need not be looked up afterwards. False where they do not.
bool sort_close(TensorRefs out, const Tensor& self, const SortOrder& order) {
    if (self.dtype() != DType::Int64 || self.dim() != 1 || self.numel() < 1024 ||
        self.numel() >= int64_t{1} << 32 || self.stride(0) != 1)
        return false;
    const int64_t n = self.numel();
    const int64_t* source = self.data<int64_t>();
    int64_t least = source[0], largest = source[0];
    for (int64_t i = 1; i < n; i++) {
        least = std::min(least, source[i]);
        largest = std::max(largest, source[i]);
    }
    const uint64_t width = static_cast<uint64_t>(largest) - static_cast<uint64_t>(least);
    if (width >= uint64_t{1} << 32) return false;
    const uint64_t start = static_cast<uint64_t>(order.descending ? largest : least);
    const auto distance = [&](uint64_t value) {
        return order.descending ? start - value : value - start;
    };
    const Scratch space(2 * static_cast<size_t>(n) * sizeof(NarrowEntry));
    auto* entries = space.as<NarrowEntry>();
    for (int64_t i = 0; i < n; i++)
        entries[i] = NarrowEntry::make(distance(static_cast<uint64_t>(source[i])), i);
    const NarrowEntry* sorted = sort_entries(entries, entries + n, n);
    int64_t *values = out[0].data<int64_t>(), *indices = out[1].data<int64_t>();
    for (int64_t i = 0; i < n; i++) {
        const uint64_t key = sorted[i].key();
        values[i] = static_cast<int64_t>(order.descending ? start - key : start + key);
        indices[i] = sorted[i].at();
    }
    return true;
}

}  // namespace

void sort(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& order = *static_cast<const SortOrder*>(attributes);
    if (sort_close(out, in[0], order)) return;
    for_each_lane("sort", out, in[0], order.dim,
                  [&](const auto& lanes, int64_t lane, auto* entries, auto* buffer) {
                      const int64_t n = lanes.from.length();
                      read_entries(entries, lanes.read(lane), n, lanes.from.stride(),
                                   order.descending);
                      lanes.write_all(lane, sort_entries(entries, buffer, n), n);
                  });
}

void topk(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& choice = *static_cast<const TopkChoice*>(attributes);
    if (choice.k == 0) return;
    for_each_lane("topk", out, in[0], choice.dim,
                  [&](const auto& lanes, int64_t lane, auto* entries, auto* buffer) {
                      const int64_t n = lanes.from.length(), stride = lanes.from.stride();
                      if (choice.k <= 64) {
                          best_few(entries, choice.k, lanes.read(lane), n, stride, choice.largest);
                          return lanes.write_all(lane, entries, choice.k);
                      }
                      read_entries(entries, lanes.read(lane), n, stride, choice.largest);
                      const auto last = nth_entry(entries, buffer, n, choice.k - 1);
                      for (int64_t i = 0, kept = 0; kept < choice.k; i++) {
                          const auto e = entries[i];
                          entries[kept] = e;
                          kept += !(last < e);
                      }
                      lanes.write_all(lane, sort_entries(entries, buffer, choice.k), choice.k);
                  });
}

void pick(TensorRefs out, TensorRefs in, const void* attributes) {
    const auto& choice = *static_cast<const PickChoice*>(attributes);
    for_each_lane("kthvalue", out, in[0], choice.dim,
                  [&](const auto& lanes, int64_t lane, auto* entries, auto* buffer) {
                      const int64_t n = lanes.from.length(), stride = lanes.from.stride();
                      const auto* source = lanes.read(lane);
                      read_entries(entries, source, n, stride, false);
                      if (choice.pick == Pick::Kth)
                          return lanes.write(lane, 0, nth_entry(entries, buffer, n, choice.k).at());
                      int64_t first_nan;
                      const int64_t numbers = count_numbers(source, n, stride, first_nan);
                      if (choice.pick == Pick::Mode) {
                          const auto* sorted = sort_entries(entries, buffer, n);
                          return lanes.write(lane, 0, most_frequent(sorted, numbers, first_nan));
                      }
                      if (first_nan >= 0 && (choice.pick == Pick::Median || numbers == 0))
                          return lanes.write(lane, 0, first_nan);
                      lanes.write(lane, 0, nth_entry(entries, buffer, n, (numbers - 1) / 2).at());
                  });
}

void sort_rows(TensorRefs out, TensorRefs in, const void*) {
    const int64_t n = in[0].size(0), m = in[0].size(1);
    auto* order = out[0].data<int64_t>();
    for (int64_t i = 0; i < n; i++) order[i] = i;
    dispatch<kRealsAndBool>(in[0].dtype(), "unique_dim", [&]<class T>() {
        const T* rows = in[0].data<T>();
        std::stable_sort(order, order + n, [&](int64_t a, int64_t b) {
            for (int64_t j = 0; j < m; j++) {
                const auto x = sort_key(rows[a * m + j]), y = sort_key(rows[b * m + j]);
                if (x != y) return x < y;
            }
            return false;
        });
    });
}

void number_runs(TensorRefs out, TensorRefs in, const void*) {
    const int64_t n = in[0].size(0), m = in[0].size(1);
    auto* run = out[0].data<int64_t>();
    dispatch<kRealsAndBool>(in[0].dtype(), "unique", [&]<class T>() {
        const T* rows = in[0].data<T>();
        int64_t number = 0;
        if (m == 1) {
            for (int64_t i = 0; i < n; i++) run[i] = number += i > 0 && rows[i] != rows[i - 1];
            return;
        }
        for (int64_t i = 0; i < n; i++) {
            if (i > 0 && !std::equal(rows + i * m, rows + (i + 1) * m, rows + (i - 1) * m))
                number++;
            run[i] = number;
        }
    });
}

void describe_runs(TensorRefs out, TensorRefs in, const void*) {
    auto* counts = out[0].data<int64_t>();
    auto* inverse = out[1].data<int64_t>();
    auto* first = out[2].data<int64_t>();
    const auto* run = in[0].data<int64_t>();
    const auto* order = in[1].defined() ? in[1].data<int64_t>() : nullptr;
    const int64_t n = in[0].numel();
    for (int64_t i = 0; i < n; i++) {
        if (i == 0 || run[i] != run[i - 1]) {
            first[run[i]] = i;
            counts[run[i]] = 0;
        }
        counts[run[i]]++;
        inverse[order ? order[i] : i] = run[i];
    }
}

namespace {

// The first position whose element does not come before the value.
template <class Before>
int64_t first_not(int64_t n, Before before) {
    int64_t low = 0;
    while (n > 0) {
        const int64_t half = n / 2;
        const bool right = before(low + half);
        low = right ? low + half + 1 : low;
        n = right ? n - half - 1 : half;
    }
    return low;
}

}  // namespace

void searchsorted(TensorRefs out, TensorRefs in, const void* attributes) {
    const bool right = static_cast<const SearchSide*>(attributes)->right;
    const Tensor &sequences = in[0], &values = in[1];
    if (values.numel() == 0) return;
    const int64_t n = sequences.size(-1);
    const bool shared = sequences.dim() == 1;
    const int64_t per_row = shared ? values.numel() : values.size(-1);
    const auto* sorter = in[2].defined() ? in[2].data<int64_t>() : nullptr;
    auto* positions = out[0].data<int64_t>();
    dispatch<kReals>(values.dtype(), "searchsorted", [&]<class T>() {
        const T *sequence = sequences.data<T>(), *wanted = values.data<T>();
        parallel_ranges(values.numel(), 2048, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) {
                const int64_t base = i / per_row * n;
                const T value = wanted[i];
                const auto element = [&](int64_t k) {
                    return sequence[base + (sorter ? sorter[base + k] : k)];
                };
                positions[i] =
                    right ? first_not(n, [&](int64_t k) { return !(element(k) > value); })
                          : first_not(n, [&](int64_t k) { return !(element(k) >= value); });
            }
        });
    });
}

void isin(TensorRefs out, TensorRefs in, const void* attributes) {
    const bool invert = static_cast<const Membership*>(attributes)->invert;
    auto* found = out[0].data<bool>();
    const int64_t n = in[1].numel();
    dispatch<kRealsAndBool>(in[0].dtype(), "isin", [&]<class T>() {
        const T *elements = in[0].data<T>(), *candidates = in[1].data<T>();
        parallel_ranges(in[0].numel(), 2048, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) {
                const T value = elements[i];
                const int64_t at = first_not(n, [&](int64_t k) { return candidates[k] < value; });
                found[i] = (at < n && candidates[at] == value) != invert;
            }
        });
    });
}

}  // namespace kajo::cpu
