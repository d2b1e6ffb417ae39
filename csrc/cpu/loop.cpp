#include "cpu/loop.h"

#include <array>
#include <cstring>
#include <memory>

#include "core/parallel.h"
#include "cpu/move.h"

namespace kajo::cpu {

namespace {

constexpr int64_t kTileBytes = 4096;
constexpr int64_t kTileElements = 1024;
constexpr int64_t kStreamBytes = int64_t{32} << 20;  // results from this size bypass the caches
constexpr int64_t kLongRow = 256;  // elements from which rows are walked one by one
constexpr int kMaxDims = 64;

struct Scratch {
    alignas(64) char slots[kMaxOperands + 1][kTileBytes];
};

Scratch& thread_scratch() {
    static thread_local const std::unique_ptr<Scratch> scratch = std::make_unique<Scratch>();
    return *scratch;
}

// A constant repeated in scratch.
const void* repeat(const Operand& o, Scratch& scratch, size_t slot, int64_t n) {
    const void* value = o.data;
    if (const ConvertFn convert = convert_of(o.stored, o.computing)) {
        convert(scratch.slots[kMaxOperands], value, 1);
        value = scratch.slots[kMaxOperands];
    }
    move_of(o.computing)(scratch.slots[slot], 0, 1, value, 0, 0, 1, n);
    return scratch.slots[slot];
}

// An operand as the loop walks it, dimensions from the innermost outwards.
struct Lane {
    char* data = nullptr;
    DType stored{}, computing{};
    int64_t size = 0;             // bytes of a stored element
    ConvertFn convert = nullptr;  // inputs: stored to computing; outputs: back; null: same type
    MoveFn move = nullptr;
    bool repeats = false;         // every tile reads the same, as it does of a constant
    bool single = false;          // a tile reads one element, which is not repeated over all of it
    Dims strides;                 // along the dimensions of the loop
    Dims own_sizes, own_strides;  // merged as far as this operand alone allows
};

enum class Direction { Gather, Scatter };

// A rectangle of elements of a lane: rows along one dimension of the loop, columns along another.
struct Box {
    int64_t rows, cols;
    int64_t offset_row, offset_col;
    size_t row_dim;
    const int64_t* outer;  // the position along all other dimensions
};

class Loop {
  public:
    Loop(IntSpan shape, std::span<const Operand> outputs, std::span<const Operand> inputs)
        : outputs_(outputs.size()), count_(outputs.size() + inputs.size()) {
        for (size_t i = 0; i < count_; i++) {
            const bool is_output = i < outputs_;
            const Operand& o = is_output ? outputs[i] : inputs[i - outputs_];
            Lane& lane = lanes_[i];
            lane.data = static_cast<char*>(o.data);
            lane.stored = o.stored;
            lane.computing = o.computing;
            lane.size = item_size(o.stored);
            lane.move = move_of(o.stored);
            lane.convert =
                is_output ? convert_of(o.computing, o.stored) : convert_of(o.stored, o.computing);
            lane.repeats = o.constant;
            widest_ = std::max({widest_, lane.size, item_size(o.computing)});
        }
        for (int64_t s : shape) total_ *= s;
        set_dims(shape, outputs, inputs);
    }

    void run(TileFn function, const void* scalars, bool takes_repeated) {
        if (total_ == 0) return;
        takes_repeated_ = takes_repeated;
        function_ = function;
        scalars_ = scalars;
        if (row_dim_ != 0)
            run_boxes();
        else if (sizes_.size() > 1 && sizes_[0] >= kLongRow)
            run_rows();
        else
            run_ranges();
    }

  private:
    void set_dims(IntSpan shape, std::span<const Operand> outputs, std::span<const Operand> inputs);
    void sort_and_merge(const Dims& sizes);
    static void merge_alone(Lane& lane, const Dims& sizes, const Dims& order);
    bool comes_inside(size_t a, size_t b) const;
    void choose_row_dim();
    bool may_stream(int64_t tile) const;
    void run_ranges();
    void run_rows();
    void run_boxes();

    int64_t tile_elements() const { return std::min(kTileElements, kTileBytes / widest_); }
    void fill_repeated(Scratch& scratch) const;
    template <class Direct, class Transfer>
    void run_tile(Scratch& scratch, int64_t n, Direct direct, Transfer transfer) const;
    template <class Direct, class Transfer>
    void copy_tile(Scratch& scratch, int64_t n, Direct direct, Transfer transfer) const;

    static char* direct_range(const Lane& lane, int64_t begin, int64_t n);
    static void walk(const Lane& lane, Direction way, int64_t begin, int64_t n, char* buffer);
    static char* box_start(const Lane& lane, const Box& box, size_t dims);

    std::array<Lane, kMaxOperands> lanes_;
    size_t outputs_, count_;
    Dims sizes_;  // innermost first, merged as far as all operands allow
    int64_t total_ = 1;
    int64_t widest_ = 1;  // bytes of the largest element
    size_t row_dim_ = 0;  // not 0: a dimension along which some operand is contiguous, unlike dim 0
    TileFn function_ = nullptr;  // null: copies the input
    const void* scalars_ = nullptr;
    bool stream_ = false;
    bool takes_repeated_ = false;
    int64_t flags_ = 0;  // the bits from kRepeatedShift on that say which inputs are single
};

void Loop::set_dims(IntSpan shape, std::span<const Operand> outputs,
                    std::span<const Operand> inputs) {
    bool flat = true;
    for (const auto& o : outputs) flat &= o.strides == nullptr;
    for (const auto& o : inputs) flat &= o.strides == nullptr || o.constant;
    if (flat) {
        sizes_ = {total_};
        for (size_t i = 0; i < count_; i++) {
            lanes_[i].own_sizes = sizes_;
            lanes_[i].own_strides = lanes_[i].strides = {lanes_[i].repeats ? 0 : 1};
        }
        return;
    }
    const size_t n = shape.size();
    for (size_t i = 0; i < count_; i++) {
        const Operand& o = i < outputs_ ? outputs[i] : inputs[i - outputs_];
        Lane& lane = lanes_[i];
        lane.strides = Dims(n);
        if (o.constant) continue;
        int64_t step = 1;
        for (size_t d = 0; d < n; d++) {
            lane.strides[d] = o.strides ? o.strides[n - 1 - d] : step;
            step *= shape[n - 1 - d];
        }
    }
    Dims sizes(n);
    for (size_t d = 0; d < n; d++) sizes[d] = shape[n - 1 - d];
    sort_and_merge(sizes);
    choose_row_dim();
}

// The first operand that is not constant along either dimension decides, outputs before inputs.
bool Loop::comes_inside(size_t a, size_t b) const {
    for (size_t i = 0; i < count_; i++) {
        const int64_t x = lanes_[i].strides[a], y = lanes_[i].strides[b];
        if (x == 0 || y == 0 || x == y) continue;
        return std::abs(x) < std::abs(y);
    }
    return false;
}

void Loop::sort_and_merge(const Dims& sizes) {
    Dims order;
    for (size_t d = 0; d < sizes.size(); d++) {
        if (sizes[d] == 1) continue;
        size_t at = order.size();
        while (at > 0 && comes_inside(d, static_cast<size_t>(order[at - 1]))) at--;
        order.insert(at, static_cast<int64_t>(d));
    }
    if (order.empty() && !sizes.empty()) order.push_back(0);

    for (size_t i = 0; i < count_; i++) merge_alone(lanes_[i], sizes, order);
    // Keeps a dimension, or widens the one inside it where all lanes step alike.
    std::array<Dims, kMaxOperands> merged;
    for (const int64_t from : order) {
        const size_t d = static_cast<size_t>(from);
        bool joins = !sizes_.empty();
        for (size_t i = 0; joins && i < count_; i++)
            joins = lanes_[i].strides[d] == merged[i].back() * sizes_.back();
        if (joins) {
            sizes_.back() *= sizes[d];
            continue;
        }
        sizes_.push_back(sizes[d]);
        for (size_t i = 0; i < count_; i++) merged[i].push_back(lanes_[i].strides[d]);
    }
    if (sizes_.empty()) sizes_.push_back(1);
    for (size_t i = 0; i < count_; i++) {
        if (merged[i].empty()) merged[i].push_back(1);
        lanes_[i].strides = std::move(merged[i]);
    }
}

// The same for one lane by itself: what it needs to walk a range.
void Loop::merge_alone(Lane& lane, const Dims& sizes, const Dims& order) {
    Dims &to_sizes = lane.own_sizes, &to_strides = lane.own_strides;
    for (const int64_t from : order) {
        const size_t d = static_cast<size_t>(from);
        if (!to_sizes.empty() && lane.strides[d] == to_strides.back() * to_sizes.back()) {
            to_sizes.back() *= sizes[d];
            continue;
        }
        to_sizes.push_back(sizes[d]);
        to_strides.push_back(lane.strides[d]);
    }
    if (!to_sizes.empty()) return;
    to_sizes.push_back(1);
    to_strides.push_back(1);
}

void Loop::choose_row_dim() {
    constexpr int64_t kWorthABox = 256;
    int64_t best = INT64_MAX;
    for (size_t i = 0; i < count_; i++) {
        const Dims& strides = lanes_[i].strides;
        for (size_t d = 1; d < sizes_.size(); d++) {
            if (strides[d] == 0 || strides[d] >= strides[0] || strides[d] >= best) continue;
            if (sizes_[0] < 4 || sizes_[d] < 4 || sizes_[0] * sizes_[d] < kWorthABox) continue;
            best = strides[d];
            row_dim_ = d;
        }
    }
}

// Where [begin, begin + n) lies in memory as the kernel wants it, or null.
char* Loop::direct_range(const Lane& lane, int64_t begin, int64_t n) {
    if (lane.own_strides[0] != 1) return nullptr;
    if (lane.own_sizes.size() == 1) return lane.data + begin * lane.size;
    if (begin % lane.own_sizes[0] + n > lane.own_sizes[0]) return nullptr;
    char* p = lane.data;
    for (size_t d = 0; d < lane.own_sizes.size(); d++) {
        p += begin % lane.own_sizes[d] * lane.own_strides[d] * lane.size;
        begin /= lane.own_sizes[d];
    }
    return p;
}

// Moves the elements of a range between a lane and a contiguous buffer of its stored type.
void Loop::walk(const Lane& lane, Direction way, int64_t begin, int64_t n, char* buffer) {
    const Dims &sizes = lane.own_sizes, &strides = lane.own_strides;
    const size_t dims = sizes.size();
    const int64_t row_stride = dims > 1 ? strides[1] : 0;
    int64_t index[kMaxDims];
    char* p = lane.data;
    for (size_t d = 0; d < dims; d++) {
        index[d] = begin % sizes[d];
        begin /= sizes[d];
        p += index[d] * strides[d] * lane.size;
    }
    while (n > 0) {
        int64_t rows = 1, cols = std::min(sizes[0] - index[0], n);
        size_t d = 0;
        if (index[0] == 0 && dims > 1 && n >= sizes[0]) {
            rows = std::min(sizes[1] - index[1], n / cols);
            d = 1;
        }
        if (way == Direction::Gather)
            lane.move(buffer, cols, 1, p, row_stride, strides[0], rows, cols);
        else
            lane.move(p, row_stride, strides[0], buffer, cols, 1, rows, cols);
        buffer += rows * cols * lane.size;
        n -= rows * cols;
        const int64_t moved = d == 0 ? cols : rows;
        index[d] += moved;
        p += moved * strides[d] * lane.size;
        while (index[d] == sizes[d] && d + 1 < dims) {
            p += (strides[d + 1] - sizes[d] * strides[d]) * lane.size;
            index[d] = 0;
            index[++d]++;
        }
    }
}

// What all tiles of a piece read alike is gathered and converted once.
void Loop::fill_repeated(Scratch& scratch) const {
    const int64_t n = std::min(tile_elements(), total_);
    for (size_t i = outputs_; i < count_; i++) {
        const Lane& lane = lanes_[i];
        if (!lane.repeats) continue;
        char* const staging = lane.convert ? scratch.slots[kMaxOperands] : scratch.slots[i];
        walk(lane, Direction::Gather, 0, n, staging);
        if (lane.convert) lane.convert(scratch.slots[i], staging, n);
    }
}

// direct(lane) finds the tile in memory or gives null; transfer(lane, way, buffer) moves it.
template <class Direct, class Transfer>
void Loop::run_tile(Scratch& scratch, int64_t n, Direct direct, Transfer transfer) const {
    if (!function_) return copy_tile(scratch, n, direct, transfer);
    const void* in[kMaxOperands];
    void* out[kMaxOperands];
    char* const staging = scratch.slots[kMaxOperands];
    for (size_t i = outputs_; i < count_; i++) {
        const Lane& lane = lanes_[i];
        char* slot = scratch.slots[i];
        char* p = lane.repeats ? slot : direct(lane);
        if (p && (lane.repeats || !lane.convert)) {
            in[i - outputs_] = p;
            continue;
        }
        if (!p) transfer(lane, Direction::Gather, p = lane.convert ? staging : slot);
        if (lane.convert) lane.convert(slot, p, lane.single ? kRepeatedElements : n);
        in[i - outputs_] = slot;
    }
    for (size_t i = 0; i < outputs_; i++) {
        char* p = lanes_[i].convert || stream_ ? nullptr : direct(lanes_[i]);
        out[i] = p ? p : scratch.slots[i];
    }
    function_(in, out, scalars_, n | flags_);
    for (size_t i = 0; i < outputs_; i++)
        if (out[i] == scratch.slots[i]) {
            const Lane& lane = lanes_[i];
            char* p = direct(lane);
            char* from = scratch.slots[i];
            if (lane.convert) {
                char* to = p && !stream_ ? p : staging;
                lane.convert(to, from, n);
                if (to == p) continue;
                from = staging;
            }
            if (stream_)
                move_kernels().stream(p, from, n * lane.size);
            else
                transfer(lane, Direction::Scatter, from);
        }
}

template <class Direct, class Transfer>
void Loop::copy_tile(Scratch& scratch, int64_t n, Direct direct, Transfer transfer) const {
    const Lane &to = lanes_[0], &from = lanes_[1];
    char* const target = stream_ ? nullptr : direct(to);
    char* source = from.repeats ? scratch.slots[1] : direct(from);
    if (!source || (from.convert && !from.repeats)) {
        char* const slot = target ? target : scratch.slots[0];
        char* const gathered = from.convert ? scratch.slots[kMaxOperands] : slot;
        if (!source) transfer(from, Direction::Gather, source = gathered);
        if (from.convert) from.convert(slot, source, n);
        source = slot;
    }
    if (source == target) return;
    if (stream_)
        move_kernels().stream(direct(to), source, n * to.size);
    else if (target)
        copy_run(target, source, n * to.size);
    else
        transfer(to, Direction::Scatter, source);
}

// Whether the result is large enough to bypass the caches, and tiles of it begin where they have
// to.
bool Loop::may_stream(int64_t tile) const {
    const Lane& first = lanes_[0];
    for (size_t i = outputs_; i < count_; i++)
        if (lanes_[i].data == first.data) return false;
    return outputs_ == 1 && total_ * first.size >= kStreamBytes && first.own_sizes.size() == 1 &&
           first.own_strides[0] == 1 && reinterpret_cast<uintptr_t>(first.data) % 64 == 0 &&
           tile * first.size % 64 == 0;
}

void Loop::run_ranges() {
    int64_t tile = tile_elements();
    if (sizes_.size() > 1) {
        tile = tile / sizes_[0] * sizes_[0];
        // One row for all rows, as of a bias.
        for (size_t i = outputs_; i < count_; i++) {
            Lane& lane = lanes_[i];
            lane.repeats |= lane.own_sizes.size() == 2 && lane.own_sizes[0] == sizes_[0] &&
                            lane.own_strides[0] == 1 && lane.own_strides[1] == 0;
        }
    }
    const int64_t tiles = (total_ + tile - 1) / tile;
    const int64_t mean = std::max<int64_t>(1, total_ / tiles);

    stream_ = may_stream(tile);
    parallel_ranges(
        tiles, std::max<int64_t>(1, kParallelGrain / mean), [&](int64_t t0, int64_t t1) {
            Scratch& scratch = thread_scratch();
            fill_repeated(scratch);
            for (int64_t t = t0; t < t1; t++) {
                const int64_t begin = t * tile, n = std::min(tile, total_ - begin);
                run_tile(
                    scratch, n, [&](const Lane& lane) { return direct_range(lane, begin, n); },
                    [&](const Lane& lane, Direction way, char* buffer) {
                        walk(lane, way, begin, n, buffer);
                    });
            }
            if (stream_) move_kernels().finish_stream();
        });
}

// Tiles do not cross long rows: each operand is a pointer and a step, and most need no gathering.
void Loop::run_rows() {
    const int64_t length = sizes_[0];
    // What is only copied needs no scratch.
    const bool plain = !function_ && !lanes_[1].convert && !lanes_[1].repeats &&
                       lanes_[0].strides[0] == 1 && lanes_[1].strides[0] == 1;
    const int64_t limit = plain ? kParallelGrain : tile_elements();
    const int64_t pieces = (length + limit - 1) / limit;
    const int64_t tile = std::min(limit, ((length + pieces - 1) / pieces + 63) / 64 * 64);
    const size_t dims = sizes_.size();
    for (size_t i = outputs_; takes_repeated_ && i < count_; i++) {
        Lane& lane = lanes_[i];
        lane.single = lane.strides[0] == 0 && !lane.repeats;
        flags_ |= static_cast<int64_t>(lane.single) << (kRepeatedShift + i - outputs_);
    }
    stream_ = may_stream(tile) && length * lanes_[0].size % 64 == 0;
    parallel_ranges(
        total_ / length * pieces, std::max<int64_t>(1, kParallelGrain / tile),
        [&](int64_t t0, int64_t t1) {
            Scratch& scratch = thread_scratch();
            fill_repeated(scratch);
            int64_t index[kMaxDims];
            char* row[kMaxOperands];
            for (size_t i = 0; i < count_; i++) row[i] = lanes_[i].data;
            for (int64_t d = 1, rest = t0 / pieces; d < static_cast<int64_t>(dims); d++) {
                const auto at = static_cast<size_t>(d);
                index[at] = rest % sizes_[at];
                rest /= sizes_[at];
                for (size_t i = 0; i < count_; i++)
                    row[i] += index[at] * lanes_[i].strides[at] * lanes_[i].size;
            }
            for (int64_t t = t0, piece = t0 % pieces; t < t1; t++) {
                const int64_t begin = piece * tile, n = std::min(tile, length - begin);
                const auto start = [&](const Lane& lane) {
                    return row[&lane - lanes_.data()] + begin * lane.strides[0] * lane.size;
                };
                run_tile(
                    scratch, n,
                    [&](const Lane& lane) { return lane.strides[0] == 1 ? start(lane) : nullptr; },
                    [&](const Lane& lane, Direction way, char* buffer) {
                        if (way == Direction::Gather)
                            lane.move(buffer, n, 1, start(lane), 0, lane.strides[0], 1,
                                      lane.single ? kRepeatedElements : n);
                        else
                            lane.move(start(lane), 0, lane.strides[0], buffer, n, 1, 1, n);
                    });
                if (++piece < pieces) continue;
                piece = 0;
                for (size_t d = 1; d < dims; d++) {
                    const bool carries = ++index[d] == sizes_[d];
                    const int64_t steps = carries ? 1 - sizes_[d] : 1;
                    for (size_t i = 0; i < count_; i++)
                        row[i] += steps * lanes_[i].strides[d] * lanes_[i].size;
                    if (!carries) break;
                    index[d] = 0;
                }
            }
            if (stream_) move_kernels().finish_stream();
        });
}

char* Loop::box_start(const Lane& lane, const Box& box, size_t dims) {
    int64_t offset = box.offset_row * lane.strides[box.row_dim] + box.offset_col * lane.strides[0];
    for (size_t d = 1; d < dims; d++)
        if (d != box.row_dim) offset += box.outer[d] * lane.strides[d];
    return lane.data + offset * lane.size;
}

void Loop::run_boxes() {
    const size_t dims = sizes_.size();
    const bool moves_only = !function_ && !lanes_[1].convert && !lanes_[1].repeats;
    // 64 x 64 while nothing passes through scratch, else about 32 x 32.
    int64_t rows = std::min<int64_t>(sizes_[row_dim_], moves_only ? 64 : 32);
    int64_t cols = std::min(sizes_[0], moves_only ? 64 : tile_elements() / rows);
    if (cols < 32 && !moves_only) rows = std::min(sizes_[row_dim_], tile_elements() / cols);
    const int64_t across = (sizes_[0] + cols - 1) / cols;
    const int64_t down = (sizes_[row_dim_] + rows - 1) / rows;
    const int64_t outer = total_ / sizes_[0] / sizes_[row_dim_];

    parallel_ranges(
        across * down * outer, std::max<int64_t>(1, kParallelGrain / (rows * cols)),
        [&](int64_t t0, int64_t t1) {
            Scratch& scratch = thread_scratch();
            fill_repeated(scratch);
            int64_t position[kMaxDims];
            for (int64_t t = t0; t < t1; t++) {
                int64_t rest = t / across / down;
                for (size_t d = 1; d < dims; d++) {
                    if (d == row_dim_) continue;
                    position[d] = rest % sizes_[d];
                    rest /= sizes_[d];
                }
                Box box{0, 0, t / across % down * rows, t % across * cols, row_dim_, position};
                box.rows = std::min(rows, sizes_[row_dim_] - box.offset_row);
                box.cols = std::min(cols, sizes_[0] - box.offset_col);
                if (moves_only) {
                    const Lane &to = lanes_[0], &from = lanes_[1];
                    to.move(box_start(to, box, dims), to.strides[row_dim_], to.strides[0],
                            box_start(from, box, dims), from.strides[row_dim_], from.strides[0],
                            box.rows, box.cols);
                    continue;
                }
                run_tile(
                    scratch, box.rows * box.cols,
                    [&](const Lane& lane) -> char* {
                        const bool dense = lane.strides[0] == 1 &&
                                           (box.rows == 1 || lane.strides[row_dim_] == box.cols);
                        return dense ? box_start(lane, box, dims) : nullptr;
                    },
                    [&](const Lane& lane, Direction way, char* buffer) {
                        char* p = box_start(lane, box, dims);
                        const int64_t row = lane.strides[row_dim_], col = lane.strides[0];
                        if (way == Direction::Gather)
                            lane.move(buffer, box.cols, 1, p, row, col, box.rows, box.cols);
                        else
                            lane.move(p, row, col, buffer, box.cols, 1, box.rows, box.cols);
                    });
            }
        });
}

// All operands as the kernel wants them, or one element for all: no tiles but for the constants.
bool run_direct(TileFn function, const void* scalars, IntSpan shape,
                std::span<const Operand> outputs, std::span<const Operand> inputs,
                bool takes_repeated) {
    int64_t total = 1, piece = INT64_MAX, flags = 0;
    for (int64_t s : shape) total *= s;
    const void* in[kMaxOperands];
    void* out[kMaxOperands];
    int64_t in_step[kMaxOperands], out_step[kMaxOperands];
    for (size_t k = 0; k < outputs.size(); k++) {
        const Operand& o = outputs[k];
        if (o.strides || o.stored != o.computing) return false;
        out[k] = o.data;
        out_step[k] = item_size(o.stored);
    }
    for (size_t k = 0; k < inputs.size(); k++) {
        const Operand& o = inputs[k];
        in[k] = o.data;
        in_step[k] = o.constant ? 0 : item_size(o.stored);
        if (o.constant && takes_repeated)
            flags |= int64_t{1} << (kRepeatedShift + k);
        else if (o.constant)
            piece = std::min(kTileElements, kTileBytes / item_size(o.computing));
        else if (o.strides || o.stored != o.computing)
            return false;
    }
    if (total == 0) return true;
    if (outputs.size() == 1 && total * item_size(outputs[0].stored) >= kStreamBytes) return false;
    const auto run = [&](int64_t begin, int64_t end) {
        const void* from[kMaxOperands];
        void* to[kMaxOperands];
        for (size_t i = 0; i < inputs.size(); i++)
            from[i] = in_step[i] ? static_cast<const char*>(in[i]) + begin * in_step[i]
                                 : repeat(inputs[i], thread_scratch(), i,
                                          flags ? kRepeatedElements : std::min(piece, end - begin));
        for (size_t i = 0; i < outputs.size(); i++)
            to[i] = static_cast<char*>(out[i]) + begin * out_step[i];
        for (int64_t at = begin; at < end; at += piece) {
            const int64_t n = std::min(piece, end - at);
            function(from, to, scalars, n | flags);
            if (n < piece) break;
            for (size_t i = 0; i < inputs.size(); i++)
                from[i] = static_cast<const char*>(from[i]) + n * in_step[i];
            for (size_t i = 0; i < outputs.size(); i++)
                to[i] = static_cast<char*>(to[i]) + n * out_step[i];
        }
    };
    if (total <= kParallelGrain)
        run(0, total);
    else
        parallel_ranges(total, kParallelGrain, run);
    return true;
}

}  // namespace

void run_tiles(TileFn function, const void* scalars, IntSpan shape,
               std::span<const Operand> outputs, std::span<const Operand> inputs,
               bool takes_repeated) {
    if (run_direct(function, scalars, shape, outputs, inputs, takes_repeated)) return;
    Loop(shape, outputs, inputs).run(function, scalars, takes_repeated);
}

void copy_tiles(IntSpan shape, const Operand& to, const Operand& from) {
    Operand target = to, source = from;
    target.computing = source.computing = to.stored;
    if (!to.strides && !from.strides && !from.constant && to.stored == from.stored) {
        int64_t bytes = item_size(to.stored);
        for (int64_t s : shape) bytes *= s;
        const bool stream = bytes >= kStreamBytes && reinterpret_cast<uintptr_t>(to.data) % 64 == 0;
        constexpr int64_t kPiece = int64_t{256} << 10;
        parallel_ranges(bytes, kPiece, [&](int64_t begin, int64_t end) {
            char* p = static_cast<char*>(to.data) + begin;
            const char* q = static_cast<const char*>(from.data) + begin;
            if (!stream) {
                copy_run(p, q, end - begin);
                return;
            }
            move_kernels().stream(p, q, end - begin);
            move_kernels().finish_stream();
        });
        return;
    }
    Loop(shape, {&target, 1}, {&source, 1}).run(nullptr, nullptr, false);
}

}  // namespace kajo::cpu
