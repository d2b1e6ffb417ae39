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
    bool constant = false;
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
            lane.constant = o.constant;
            widest_ = std::max({widest_, lane.size, item_size(o.computing)});
        }
        for (int64_t s : shape) total_ *= s;
        set_dims(shape, outputs, inputs);
    }

    void run(TileFn function, const void* scalars) {
        if (total_ == 0) return;
        function_ = function;
        scalars_ = scalars;
        if (row_dim_ != 0)
            run_boxes();
        else
            run_ranges();
    }

  private:
    void set_dims(IntSpan shape, std::span<const Operand> outputs, std::span<const Operand> inputs);
    void sort_and_merge(const Dims& sizes);
    static void merge_alone(Lane& lane, const Dims& sizes, const Dims& order);
    bool comes_inside(size_t a, size_t b) const;
    void choose_row_dim();
    void run_ranges();
    void run_boxes();

    int64_t tile_elements() const { return std::min(kTileElements, kTileBytes / widest_); }
    void fill_constants(Scratch& scratch) const;
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
            lanes_[i].own_strides = lanes_[i].strides = {lanes_[i].constant ? 0 : 1};
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

// Constants are converted and repeated once, then serve all tiles of a piece.
void Loop::fill_constants(Scratch& scratch) const {
    const int64_t n = std::min(tile_elements(), total_);
    for (size_t i = outputs_; i < count_; i++) {
        const Lane& lane = lanes_[i];
        if (lane.constant)
            repeat({lane.data, lane.stored, lane.computing, nullptr, true}, scratch, i, n);
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
        char* p = lane.constant ? slot : direct(lane);
        if (p && (lane.constant || !lane.convert)) {
            in[i - outputs_] = p;
            continue;
        }
        if (!p) transfer(lane, Direction::Gather, p = lane.convert ? staging : slot);
        if (lane.convert) lane.convert(slot, p, n);
        in[i - outputs_] = slot;
    }
    for (size_t i = 0; i < outputs_; i++) {
        char* p = lanes_[i].convert || stream_ ? nullptr : direct(lanes_[i]);
        out[i] = p ? p : scratch.slots[i];
    }
    function_(in, out, scalars_, n);
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
    char* source = from.constant ? scratch.slots[1] : direct(from);
    if (!source || (from.convert && !from.constant)) {
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
        std::memcpy(target, source, static_cast<size_t>(n * to.size));
    else
        transfer(to, Direction::Scatter, source);
}

void Loop::run_ranges() {
    const int64_t limit = tile_elements();
    constexpr int64_t kLongRow = 256;
    // Tiles do not cross long rows, so that most operands need no gathering.
    int64_t unit = total_, tile = limit;
    if (sizes_.size() > 1 && sizes_[0] >= kLongRow)
        unit = sizes_[0];
    else if (sizes_.size() > 1 && sizes_[0] <= limit)
        tile = limit / sizes_[0] * sizes_[0];
    const int64_t per_unit = (unit + tile - 1) / tile;
    const int64_t tiles = total_ / unit * per_unit;
    const int64_t mean = std::max<int64_t>(1, total_ / tiles);

    const Lane& first = lanes_[0];
    stream_ = outputs_ == 1 && total_ * first.size >= kStreamBytes && first.own_sizes.size() == 1 &&
              first.own_strides[0] == 1 && unit == total_ &&
              reinterpret_cast<uintptr_t>(first.data) % 64 == 0 && tile * first.size % 64 == 0;
    for (size_t i = outputs_; i < count_; i++) stream_ &= lanes_[i].data != first.data;

    parallel_ranges(
        tiles, std::max<int64_t>(1, kParallelGrain / mean), [&](int64_t t0, int64_t t1) {
            Scratch& scratch = thread_scratch();
            fill_constants(scratch);
            for (int64_t t = t0; t < t1; t++) {
                const int64_t inside = t % per_unit * tile;
                const int64_t begin = t / per_unit * unit + inside;
                const int64_t n = std::min(tile, unit - inside);
                run_tile(
                    scratch, n, [&](const Lane& lane) { return direct_range(lane, begin, n); },
                    [&](const Lane& lane, Direction way, char* buffer) {
                        walk(lane, way, begin, n, buffer);
                    });
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
    const bool moves_only = !function_ && !lanes_[1].convert && !lanes_[1].constant;
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
            fill_constants(scratch);
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

// All operands as the kernel wants them, or repeated for few elements: no tiles.
bool run_direct(TileFn function, const void* scalars, IntSpan shape,
                std::span<const Operand> outputs, std::span<const Operand> inputs) {
    int64_t total = 1;
    for (int64_t s : shape) total *= s;
    const void* in[kMaxOperands];
    void* out[kMaxOperands];
    size_t k = 0;
    for (const Operand& o : outputs) {
        if (o.strides || o.stored != o.computing) return false;
        out[k++] = o.data;
    }
    k = 0;
    for (const Operand& o : inputs) {
        if (o.constant) {
            if (total > kTileBytes / item_size(o.computing)) return false;
            in[k] = repeat(o, thread_scratch(), k, total);
            k++;
            continue;
        }
        if (o.strides || o.stored != o.computing) return false;
        in[k++] = o.data;
    }
    if (total <= kParallelGrain) {
        if (total) function(in, out, scalars, total);
        return true;
    }
    if (outputs.size() == 1 && total * item_size(outputs[0].stored) >= kStreamBytes) return false;
    parallel_ranges(total, kParallelGrain, [&](int64_t begin, int64_t end) {
        const void* piece_in[kMaxOperands];
        void* piece_out[kMaxOperands];
        for (size_t i = 0; i < inputs.size(); i++)
            piece_in[i] = static_cast<const char*>(in[i]) + begin * item_size(inputs[i].stored);
        for (size_t i = 0; i < outputs.size(); i++)
            piece_out[i] = static_cast<char*>(out[i]) + begin * item_size(outputs[i].stored);
        function(piece_in, piece_out, scalars, end - begin);
    });
    return true;
}

}  // namespace

void run_tiles(TileFn function, const void* scalars, IntSpan shape,
               std::span<const Operand> outputs, std::span<const Operand> inputs) {
    if (run_direct(function, scalars, shape, outputs, inputs)) return;
    Loop(shape, outputs, inputs).run(function, scalars);
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
                std::memcpy(p, q, static_cast<size_t>(end - begin));
                return;
            }
            move_kernels().stream(p, q, end - begin);
            move_kernels().finish_stream();
        });
        return;
    }
    Loop(shape, {&target, 1}, {&source, 1}).run(nullptr, nullptr);
}

}  // namespace kajo::cpu
