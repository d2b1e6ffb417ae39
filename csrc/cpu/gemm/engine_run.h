// The loops of engine.h, for the files that instantiate them.
#pragma once

#include "cpu/gemm/engine.h"
#include "cpu/gemm/tasks.h"
#include "cpu/scratch.h"

namespace kajo::cpu::KAJO_ISA {

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// How a product is cut; a function of its sizes only.
struct Cut {
    int height;     // rows of a tile
    int64_t tiles;  // in a column of C
    int64_t k;      // packed steps of a block
    bool single;    // one block covers k
    bool in_place;  // A is not packed
    bool prepack;   // A is packed once for all tasks
    int64_t task_tiles, row_tasks;
    int64_t task_columns, column_tasks;
};

// Where A is read in place: along rows first, since each task packs its panels of B; along columns
// where tasks are still few.
template <class M>
void cut_evenly(const Product<M>& p, Cut& cut) {
    using S = typename M::Scalar;
    constexpr int64_t kFewestRows = 384, kMostTasks = 32, kNear = int64_t{1} << 20;
    const int64_t panels = ceil_div(p.n, kTileColumns<S>);
    const double work = double(p.m) * double(p.n) * double(p.k);
    const int64_t tasks = std::clamp(int64_t(work / kTaskWork), int64_t{1}, kMostTasks);
    const int64_t rows = std::max(std::clamp<int64_t>(p.m / kFewestRows, 1, tasks),
                                  ceil_div(p.m, 8 * p.blocking.task_rows));
    cut.task_tiles = ceil_div(cut.tiles, rows);
    cut.row_tasks = ceil_div(cut.tiles, cut.task_tiles);
    // An A beyond the caches is not read again for every panel.
    const bool near = p.m * p.k * int64_t(sizeof(S)) <= kNear * rows;
    const int64_t most = near ? panels : ceil_div(panels, 4);
    const int64_t fewest = ceil_div(p.n, p.blocking.wide);
    const int64_t columns =
        std::clamp(ceil_div(tasks, cut.row_tasks), fewest, std::max(most, fewest));
    cut.task_columns = ceil_div(panels, columns) * kTileColumns<S>;
    cut.column_tasks = ceil_div(p.n, cut.task_columns);
}

template <class M>
Cut cut_product(const Product<M>& p) {
    using S = typename M::Scalar;
    const Blocking& block = p.blocking;
    Cut cut;
    cut.height = tile_rows(p.m);
    cut.tiles = ceil_div(p.m, cut.height);
    const int64_t blocks = ceil_div(p.k, block.k);
    cut.k = block.whole_k ? std::min(block.k, p.k) : ceil_div(p.k, blocks);
    cut.single = blocks == 1;
    const bool small = cut.tiles * cut.height * p.k * int64_t(sizeof(S)) <= block.prepack;
    // Tasks of a tall A are its rows anyway.
    const bool near = p.m * p.k * int64_t(sizeof(S)) <= int64_t{4} << 20 || p.m >= 2048;
    const int64_t most_columns = near ? block.near_in_place : block.far_in_place;
    cut.in_place = p.a.in_place().data != nullptr && (p.n <= most_columns || !small);
    if (cut.in_place) {
        cut.prepack = false;
        cut_evenly(p, cut);
        return cut;
    }
    cut.prepack = p.n > block.columns && small;

    const int64_t multiple = block.column_multiple ? block.column_multiple : kTileColumns<S>;
    const int64_t most = cut.prepack ? block.columns : block.wide;
    int64_t pieces = ceil_div(p.n, most);
    if (block.even && pieces > 1) pieces += pieces % 2;
    cut.task_columns = ceil_div(ceil_div(p.n, pieces), multiple) * multiple;
    cut.column_tasks = ceil_div(p.n, cut.task_columns);

    // Where columns are few, the rows are cut so that several cores have work.
    const int64_t few = std::min(ceil_div(block.tasks, cut.column_tasks), p.m / block.fewest_rows);
    const int64_t row_tasks = std::max<int64_t>({1, ceil_div(p.m, block.task_rows), few});
    cut.task_tiles = ceil_div(cut.tiles, row_tasks);
    cut.row_tasks = ceil_div(cut.tiles, cut.task_tiles);
    return cut;
}

template <class M>
class Runner {
    using S = typename M::Scalar;
    static constexpr int kColumns = kTileColumns<S>;
    static constexpr int64_t kShortSum = 128;
    static constexpr bool kWritesNarrow = requires { &M::store_narrow; };

  public:
    explicit Runner(const Product<M>& product)
        : p_(product),
          cut_(cut_product(product)),
          in_place_(product.a.in_place()),
          packed_a_(cut_.prepack ? bytes(cut_.tiles * cut_.height * p_.k) : 0),
          stream_(cut_.single && !p_.sink.has_epilogue && p_.sink.alpha == 1 && p_.sink.beta == 0 &&
                  !p_.sink.column_bias && p_.m * p_.n > p_.blocking.streamed) {}

    void run() {
        const double work = double(p_.m) * double(p_.n) * double(p_.k);
        if (cut_.prepack) {
            constexpr int64_t kGroup = 8;
            for_tasks(ceil_div(cut_.tiles, kGroup), work, [&](int64_t group) {
                const int64_t begin = group * kGroup;
                for (int64_t k0 = 0; k0 < p_.k; k0 += cut_.k)
                    pack_a(begin, std::min(cut_.tiles - begin, kGroup), k0, prepacked(begin, k0));
            });
        }
        for_tasks(cut_.row_tasks * cut_.column_tasks, work, [&](int64_t task) {
            run_task(task / cut_.column_tasks * cut_.task_tiles,
                     task % cut_.column_tasks * cut_.task_columns);
        });
    }

  private:
    struct Task {
        int64_t tile, tiles;  // rows of tiles
        int64_t column, columns;
        int64_t panels;    // of B
        int64_t l2_tiles;  // rows of tiles that share one pass over B's panels
        bool keep_b;       // several such passes: B's panels are kept
        const S* a;
        S* b;
        S* waiting;
    };

    static size_t bytes(int64_t elements) { return size_t(elements) * sizeof(S); }
    int64_t steps(int64_t k0) const { return std::min(cut_.k, p_.k - k0); }
    S* prepacked(int64_t tile, int64_t k0) const {
        return packed_a_.template as<S>() + (k0 * cut_.tiles + tile * steps(k0)) * cut_.height;
    }

    void pack_a(int64_t tile, int64_t tiles, int64_t k0, S* out) const {
        const int height = cut_.height;
        const int64_t k = steps(k0), begin = tile * height;
        const int64_t end = std::min(p_.m, begin + tiles * height);
        p_.a.begin(begin, end - begin, k0, k);
        for (int64_t i = 0; i < k; i += p_.a.steps_at_once) {
            const int64_t some = std::min(p_.a.steps_at_once, k - i);
            S* to = out + i * height;
            for (int64_t row = begin; row < end; row += height, to += height * k)
                p_.a.pack(row, int(std::min<int64_t>(height, end - row)), k0 + i, some, height, to);
        }
    }

    void run_task(int64_t tile, int64_t column) const {
        Task task;
        task.tile = tile;
        task.tiles = std::min(cut_.task_tiles, cut_.tiles - tile);
        task.column = column;
        task.columns = std::min(cut_.task_columns, p_.n - column);
        task.panels = ceil_div(task.columns, kColumns);
        task.l2_tiles = std::max<int64_t>(1, p_.blocking.rows / cut_.height);
        task.keep_b = task.tiles > task.l2_tiles;
        const int64_t group = p_.b.group, kept = task.keep_b ? task.panels + group : group;
        const Scratch b(bytes(kept * kColumns * cut_.k));
        const bool packs_a = !cut_.prepack && !cut_.in_place;
        const Scratch a(packs_a ? bytes(task.tiles * cut_.height * cut_.k) : 0);
        // Tiles that cannot be written in place wait here until all of k is summed.
        const int64_t waiting_tiles = cut_.single ? 1 : task.tiles * task.panels;
        const Scratch waiting(bytes(waiting_tiles * cut_.height * kColumns));
        task.b = b.as<S>();
        task.waiting = waiting.as<S>();
        for (int64_t k0 = 0; k0 < p_.k; k0 += cut_.k) {
            if (packs_a) pack_a(tile, task.tiles, k0, a.as<S>());
            task.a = cut_.prepack ? prepacked(tile, k0) : a.as<S>();
            run_block(task, k0);
        }
        if (stream_) stream_fence();  // results are visible before the task counts as done
    }

    void run_block(const Task& task, int64_t k0) const {
        const int64_t k = steps(k0), group = p_.b.group;
        p_.b.begin(task.column, task.columns, k0, k);
        for (int64_t i0 = 0; i0 < task.tiles; i0 += task.l2_tiles)
            for (int64_t panel = 0; panel < task.panels; panel++) {
                const int64_t left = task.columns - panel * kColumns;
                S* b = task.b + (task.keep_b ? panel : panel % group) * kColumns * k;
                // Packed just before its use: the panel is still in the L1 cache.
                if (i0 == 0 && panel % group == 0)
                    p_.b.pack(task.column + panel * kColumns,
                              int(std::min<int64_t>(group * kColumns, left)), k0, k, kColumns, b);
                const int64_t end = std::min(task.tiles, i0 + task.l2_tiles);
                for (int64_t i = i0; i < end; i++) run_tile(task, i, panel, b, k0);
            }
    }

    void run_tile(const Task& task, int64_t tile, int64_t panel, const S* b, int64_t k0) const {
        constexpr int W = kLanes<S>;
        const Sink<S>& sink = p_.sink;
        const int height = cut_.height;
        const int64_t k = steps(k0), row = (task.tile + tile) * height;
        const int64_t column = task.column + panel * kColumns;
        const int rows = int(std::min<int64_t>(height, p_.m - row));
        const int columns = int(std::min<int64_t>(kColumns, task.columns - panel * kColumns));
        const int vectors = (columns + W - 1) / W;
        const bool first = k0 == 0, last = k0 + k == p_.k;

        int64_t c_row = kColumns;
        // A long sum hides the writing of a result that another pass narrows.
        const bool narrow = kWritesNarrow && sink.narrow && p_.k <= kShortSum;
        S* const direct = sink.direct(row, column, columns, c_row);
        S* const waiting =
            task.waiting + (cut_.single ? 0 : tile * task.panels + panel) * height * kColumns;
        S* const c = direct ? direct : waiting;
        const S beta = !first ? S(1) : direct ? sink.beta : S(0);
        const bool stream = stream_ && direct && columns == kColumns && c_row % W == 0 &&
                            reinterpret_cast<uintptr_t>(c) % kVectorBytes == 0;
        const Write write = stream                        ? Write::Stream
                            : beta == 0                   ? Write::Overwrite
                            : p_.blocking.chain && !first ? Write::Continue
                                                          : Write::Update;
        TileCall<S> call{k,          task.a + tile * height * k,
                         1,          height,
                         b,          kColumns,
                         c,          direct ? c_row : kColumns,
                         sink.alpha, beta,
                         write,      first_lanes<S>(columns - (vectors - 1) * W)};
        if (p_.blocking.in_parts) call.sum_steps = sum_steps(k);
        if (last && sink.column_bias) call.bias = sink.column_bias + column;
        if (narrow) {
            call.narrow = sink.narrow + row * sink.narrow_row + column;
            call.narrow_row = sink.narrow_row;
            if (sink.narrow_bias) call.narrow_bias = sink.narrow_bias + column;
        }
        if (cut_.in_place) {
            call.a = in_place_.data + row * in_place_.lane_stride + k0 * in_place_.k_stride;
            call.a_row = in_place_.lane_stride;
            call.a_k = in_place_.k_stride;
            kTiles<M, true, false>[vectors - 1][rows](call);
        } else {
            kTiles<M, true>[vectors - 1][rows](call);
        }
        if (narrow) return;
        const bool finishes = sink.has_epilogue && (sink.epilogue_first ? first : last);
        if (finishes && (direct || sink.epilogue_first))
            sink.finish(c, direct ? c_row : kColumns, row, rows, column, columns);
        if (last && !direct) sink.put(c, row, rows, column, columns);
    }

    const Product<M>& p_;
    Cut cut_;
    Strided<S> in_place_;
    Scratch packed_a_;
    bool stream_;
};

template <class M>
void run_product(const Product<M>& product) {
    Runner<M>(product).run();
}

}  // namespace kajo::cpu::KAJO_ISA
