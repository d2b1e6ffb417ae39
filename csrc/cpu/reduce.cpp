#include "cpu/reduce.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/parallel.h"
#include "cpu/isa.h"
#include "cpu/move.h"
#include "cpu/scratch.h"

namespace kajo::cpu {

namespace baseline {
extern const ReduceKernels reduce_kernels;
}
#if KAJO_X86
namespace avx2 {
extern const ReduceKernels reduce_kernels;
}
namespace avx512 {
extern const ReduceKernels reduce_kernels;
}
#endif

const ReduceKernels& reduce_kernels() {
    return of_cpu_isa(baseline::reduce_kernels, avx2::reduce_kernels, avx512::reduce_kernels);
}

namespace {

constexpr int64_t kCopiedRun = 4096;       // longest run that passes through scratch
constexpr int64_t kRowBlock = 32;          // rows of columns that are folded into one state
constexpr int64_t kColumns = 1024;         // states side by side
constexpr int64_t kRunsElements = 16384;   // in the runs that are folded side by side
constexpr int64_t kCopiedElements = 8192;  // the same where they pass through scratch
constexpr int64_t kTaskElements = 32768, kMostTaskElements = 262144;
constexpr int64_t kEnoughTasks = 64;

struct Axis {
    int64_t size, in;  // strides in elements
    int64_t out[2];
};

// The axes in order of the input's memory, the innermost last, with neighbours merged.
using Axes = ShortList<Axis, 6>;

void append_merged(Axes& axes, const Axis& a) {
    if (a.size == 1) return;
    if (!axes.empty()) {
        Axis& last = axes.back();
        if (last.in == a.in * a.size && last.out[0] == a.out[0] * a.size &&
            last.out[1] == a.out[1] * a.size) {
            last = {last.size * a.size, a.in, {a.out[0], a.out[1]}};
            return;
        }
    }
    axes.push_back(a);
}

int64_t count_of(const Axes& axes) {
    int64_t n = 1;
    for (const Axis& a : axes) n *= a.size;
    return n;
}

struct Place {
    int64_t in = 0, out[2] = {0, 0};
};
Place place_of(const Axes& axes, int64_t index) {
    Place p;
    for (size_t d = axes.size(); d-- > 0;) {
        const int64_t i = index % axes[d].size;
        index /= axes[d].size;
        p.in += i * axes[d].in;
        p.out[0] += i * axes[d].out[0];
        p.out[1] += i * axes[d].out[1];
    }
    return p;
}

// What is known before the work begins. Outputs along `columns` are made side by side: from rows of
// elements that lie side by side too, or from a run of elements each.
struct Plan {
    const ReduceAttributes& how;
    const ReduceFunctions& functions;
    const Tensor& input;
    Tensor outputs[2];
    Axes kept, reduced;
    Axis columns{1, 1, {0, 0}};  // the innermost axis of `kept`, taken out
    bool by_rows = false;
    int64_t outputs_count = 1, reduced_count = 1;  // without the columns
    Axis inner{1, 1, {0, 0}};                      // of `reduced`
    ConvertFn convert;
    MoveFn move;
    int64_t stored_size, computing_size;

    // Elements that are folded into one state, and outputs that are made side by side.
    int64_t block() const { return by_rows ? kRowBlock : longest_run(); }
    int64_t longest_run() const {
        return reads_in_place() ? functions.longest_run
                                : std::min(kCopiedRun, functions.longest_run);
    }
    bool reads_in_place() const { return !convert && inner.in == 1; }
    int64_t run_length() const { return std::max<int64_t>(1, std::min(inner.size, longest_run())); }
    int64_t tile() const {
        const int64_t elements = reads_in_place() ? kRunsElements : kCopiedElements;
        const int64_t most = by_rows ? kColumns : std::max<int64_t>(1, elements / run_length());
        return std::min({most, columns.size, kColumns});
    }
    const char* at(int64_t offset) const {
        return static_cast<const char*>(input.raw_data()) + offset * stored_size;
    }
};

bool is_located(const ReduceAttributes& how) {
    return how.reduction == Reduction::ArgMax || how.reduction == Reduction::ArgMin;
}

// Whether there are kernels for the elements as they are stored.
bool is_taken_as_stored(DType stored, const ReduceAttributes& how) {
    if (stored == DType::Bool)
        return how.reduction == Reduction::Sum && how.computing == DType::Int64;
    return stored == DType::BFloat16 && how.computing == DType::Float32 &&
           reduce_kernels()
               .table[static_cast<size_t>(how.reduction)][static_cast<size_t>(stored)]
               .runs;
}

Plan make_plan(TensorRefs outputs, const Tensor& input, const ReduceAttributes& how) {
    const bool as_stored = is_taken_as_stored(input.dtype(), how);
    const auto type = static_cast<size_t>(as_stored ? input.dtype() : how.computing);
    Plan plan{how,   reduce_kernels().table[static_cast<size_t>(how.reduction)][type],
              input, {outputs[0], outputs.size() > 1 ? outputs[1] : Tensor()},
              {},    {}};
    if (is_located(how) && outputs.size() == 1) std::swap(plan.outputs[0], plan.outputs[1]);
    plan.stored_size = input.item_size();
    plan.computing_size = item_size(how.computing);
    plan.convert = as_stored || input.dtype() == how.computing
                       ? nullptr
                       : convert_of(input.dtype(), how.computing);
    plan.move = move_of(input.dtype());

    const int64_t n = input.dim();
    Axes axes;
    Dims order;
    size_t out_dim[2] = {0, 0};
    for (int64_t d = 0; d < n; d++) {
        const bool reduced = how.reduced >> d & 1;
        Axis a{input.size(d), input.stride(d), {0, 0}};
        for (int k = 0; k < 2; k++) {
            const Tensor& out = plan.outputs[k];
            if (!out.defined()) continue;
            const bool present = out.dim() == n || !reduced;
            if (present && !reduced) a.out[k] = out.strides()[out_dim[k]];
            out_dim[k] += present;
        }
        axes.push_back(a);
        // Repeated elements (stride 0) go outside, where they cost least. Most come in order.
        const auto place = [&](int64_t i) {
            const int64_t stride = axes[size_t(i)].in;
            return stride == 0 ? INT64_MAX : stride;
        };
        order.push_back(d);
        for (size_t i = order.size() - 1; i > 0 && place(order[i - 1]) < place(order[i]); i--)
            std::swap(order[i - 1], order[i]);
    }
    for (const int64_t d : order)
        append_merged(how.reduced >> d & 1 ? plan.reduced : plan.kept, axes[size_t(d)]);

    if (!plan.kept.empty()) {
        const Axis k = plan.kept.back(),
                   r = plan.reduced.empty() ? Axis{1, 1, {}} : plan.reduced.back();
        const bool kept_inside = plan.reduced.empty() || (k.in != 0 && (k.in < r.in || r.in == 0));
        plan.by_rows =
            kept_inside ? k.size >= 16 || k.size >= r.size : r.size < 16 && r.size < k.size;
        plan.columns = k;
        plan.kept.pop_back();
    }
    if (!plan.reduced.empty()) plan.inner = plan.reduced.back();
    plan.outputs_count = count_of(plan.kept);
    plan.reduced_count = count_of(plan.reduced);
    for (int64_t d = 0; d < n; d++)
        if ((how.reduced >> d & 1) && input.size(d) == 0) plan.reduced_count = 0;
    return plan;
}

// Elements as the kernels want them: in place where they are stored so, else in scratch.
class Reader {
  public:
    explicit Reader(const Plan& plan)
        : plan_(plan),
          gathered_(static_cast<size_t>(block() * plan.stored_size)),
          converted_(static_cast<size_t>(block() * plan.computing_size)) {}

    struct Rows {
        const void* data;
        int64_t stride;
    };
    Rows read(const char* from, int64_t rows, int64_t row_stride, int64_t n, int64_t stride) {
        if (n == 1) stride = 1;
        if (stride != 1) {
            plan_.move(gathered_.data(), n, 1, from, row_stride, stride, rows, n);
            from = static_cast<const char*>(gathered_.data());
            row_stride = n;
        }
        if (!plan_.convert) return {from, row_stride};
        if (row_stride == n || rows == 1) {
            plan_.convert(converted_.data(), from, rows * n);
        } else {
            for (int64_t r = 0; r < rows; r++)
                plan_.convert(static_cast<char*>(converted_.data()) + r * n * plan_.computing_size,
                              from + r * row_stride * plan_.stored_size, n);
        }
        return {converted_.data(), n};
    }

  private:
    int64_t block() const {
        if (!plan_.convert && (plan_.by_rows ? plan_.columns.in : plan_.inner.in) == 1) return 0;
        return plan_.tile() * (plan_.by_rows ? kRowBlock : plan_.run_length());
    }

    const Plan& plan_;
    Scratch gathered_, converted_;
};

// States of equal weight meet: an accurate sum, in an order that depends on the count alone.
class Cascade {
  public:
    Cascade(const ReduceFunctions& f, int64_t width)
        : f_(f), width_(width), bytes_((f.state_bytes * width + 63) / 64 * 64) {}

    void* fresh() {
        void* s = level(used_);
        f_.init(s, width_);
        return s;
    }
    // Takes the state that `fresh` gave.
    void push() {
        count_++;
        used_++;
        for (int64_t c = count_; (c & 1) == 0; c >>= 1) fold_last();
    }
    const void* result() {
        if (used_ == 0) return fresh();
        while (used_ > 1) fold_last();
        return level(0);
    }
    void reset() { count_ = used_ = 0; }

  private:
    void fold_last() {
        used_--;
        f_.merge(level(used_ - 1), level(used_), width_);
    }
    void* level(int64_t i) {
        while (static_cast<int64_t>(levels_.size()) <= i)
            levels_.emplace_back(static_cast<size_t>(bytes_));
        return levels_[static_cast<size_t>(i)].data();
    }

    const ReduceFunctions& f_;
    int64_t width_, bytes_, count_ = 0, used_ = 0;
    ShortList<Scratch, 4> levels_;
};

// Folds the reduced elements [begin, end) of one output, or of `width` columns.
void fold_range(const Plan& plan, Reader& reader, Cascade& cascade, const char* base, int64_t width,
                int64_t begin, int64_t end) {
    const Axis& inner = plan.inner;
    int64_t room = 0;
    void* state = nullptr;
    while (begin < end) {
        const int64_t within = begin % inner.size;
        const char* from = base + place_of(plan.reduced, begin).in * plan.stored_size;
        if (room == 0) {
            state = cascade.fresh();
            room = plan.block();
        }
        const int64_t n = std::min({inner.size - within, end - begin, room});
        if (plan.by_rows) {
            const auto rows = reader.read(from, n, inner.in, width, plan.columns.in);
            plan.functions.rows(state, rows.data, rows.stride, n, width, begin);
        } else {
            const auto runs = reader.read(from, width, plan.columns.in, n, inner.in);
            plan.functions.runs(state, runs.data, runs.stride, width, n, begin);
        }
        begin += n;
        room -= n;
        if (room == 0) cascade.push();
    }
    if (room) cascade.push();
}

// Results in the kernels' type, on their way to the outputs.
class Writer {
  public:
    explicit Writer(const Plan& plan)
        : plan_(plan),
          values_(static_cast<size_t>(16 * plan.tile())),
          converted_(converts() ? static_cast<size_t>(16 * plan.tile()) : 0) {}

    void write(const void* state, int64_t n, const Place& at) {
        alignas(16) char second[16];
        const Scratch more(n > 1 && plan_.outputs[1].defined() ? static_cast<size_t>(16 * n) : 0);
        void* out[2] = {plan_.outputs[0].defined() ? values_.data() : nullptr,
                        !plan_.outputs[1].defined() ? nullptr
                        : n > 1                     ? more.data()
                                                    : second};
        plan_.functions.finish(out, state, n, plan_.how);
        for (int k = 0; k < 2; k++)
            if (out[k])
                store(plan_.outputs[k], at.out[k], plan_.columns.out[k], out[k], made(k), n);
    }

  private:
    // The type of the results as the kernels make them.
    DType made(int k) const {
        return k == 1 && is_located(plan_.how) ? DType::Int64 : plan_.how.computing;
    }
    bool converts() const {
        for (int k = 0; k < 2; k++)
            if (plan_.outputs[k].defined() && plan_.outputs[k].dtype() != made(k)) return true;
        return false;
    }
    void store(const Tensor& to, int64_t offset, int64_t stride, const void* values, DType type,
               int64_t n) {
        if (to.dtype() != type) {
            convert_of(type, to.dtype())(converted_.data(), values, n);
            values = converted_.data();
        }
        char* at = static_cast<char*>(to.raw_data()) + offset * to.item_size();
        if (n == 1 || stride == 1)
            std::memcpy(at, values, static_cast<size_t>(n * to.item_size()));
        else
            move_of(to.dtype())(at, n, stride, values, n, 1, 1, n);
    }

    const Plan& plan_;
    Scratch values_, converted_;
};

// One piece of work: one or more outputs (or one tile of columns) and a range of what is reduced.
class Work {
  public:
    explicit Work(const Plan& plan) : plan_(plan) {
        tile_ = plan.tile();
        tiles_ = (plan.columns.size + tile_ - 1) / tile_;
        items_ = plan.outputs_count * tiles_;
        const int64_t per_item = std::max<int64_t>(1, plan.reduced_count * tile_);
        const int64_t task =
            std::clamp(per_item * items_ / kEnoughTasks, kTaskElements, kMostTaskElements);
        if (items_ < kEnoughTasks && per_item > task) {
            const int64_t step = plan.by_rows ? kRowBlock : kTaskElements;
            range_ = std::max(step, task / tile_ / step * step);
            ranges_ = (plan.reduced_count + range_ - 1) / range_;
        } else {
            range_ = plan.reduced_count;
        }
        group_ = std::max<int64_t>(1, task / per_item);
    }

    void run() const {
        if (ranges_ > 1) return run_split();
        parallel_ranges(items_, group_, [&](int64_t begin, int64_t end) {
            Reader reader(plan_);
            Writer writer(plan_);
            Cascade full(plan_.functions, tile_), last(plan_.functions, width(tiles_ - 1));
            for (int64_t item = begin; item < end; item++) {
                Cascade& cascade = item % tiles_ == tiles_ - 1 ? last : full;
                cascade.reset();
                const Place at = place(item);
                fold_range(plan_, reader, cascade, plan_.at(at.in), width(item % tiles_), 0,
                           plan_.reduced_count);
                writer.write(cascade.result(), width(item % tiles_), at);
            }
        });
    }

  private:
    int64_t width(int64_t tile) const { return std::min(tile_, plan_.columns.size - tile * tile_); }
    Place place(int64_t item) const {
        Place at = place_of(plan_.kept, item / tiles_);
        const int64_t first = item % tiles_ * tile_;
        at.in += first * plan_.columns.in;
        for (int k = 0; k < 2; k++) at.out[k] += first * plan_.columns.out[k];
        return at;
    }

    // Few outputs, much to reduce: ranges are reduced apart, then combined in order.
    void run_split() const {
        const int64_t bytes = (plan_.functions.state_bytes * tile_ + 63) / 64 * 64;
        Scratch states(static_cast<size_t>(bytes * items_ * ranges_));
        const auto state = [&](int64_t item, int64_t range) {
            return static_cast<char*>(states.data()) + (item * ranges_ + range) * bytes;
        };
        parallel_for(items_ * ranges_, [&](int64_t task) {
            const int64_t item = task / ranges_, range = task % ranges_, n = width(item % tiles_);
            Reader reader(plan_);
            Cascade cascade(plan_.functions, n);
            fold_range(plan_, reader, cascade, plan_.at(place(item).in), n, range * range_,
                       std::min(plan_.reduced_count, (range + 1) * range_));
            std::memcpy(state(item, range), cascade.result(),
                        static_cast<size_t>(plan_.functions.state_bytes * n));
        });
        Writer writer(plan_);
        for (int64_t item = 0; item < items_; item++) {
            const int64_t n = width(item % tiles_);
            Cascade cascade(plan_.functions, n);
            for (int64_t range = 0; range < ranges_; range++) {
                std::memcpy(cascade.fresh(), state(item, range),
                            static_cast<size_t>(plan_.functions.state_bytes * n));
                cascade.push();
            }
            writer.write(cascade.result(), n, place(item));
        }
    }

    const Plan& plan_;
    int64_t tile_, tiles_, items_, range_, ranges_ = 1, group_;
};

}  // namespace

void reduce(TensorRefs outputs, TensorRefs inputs, const void* attributes) {
    const auto& how = *static_cast<const ReduceAttributes*>(attributes);
    const Plan plan = make_plan(outputs, inputs[0], how);
    if (!plan.functions.runs) raise_unsupported("reduce", how.computing);
    if (plan.outputs_count == 0 || plan.columns.size == 0) return;
    Work(plan).run();
}

}  // namespace kajo::cpu
