#include "cpu/scratch.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>

#include "core/allocator.h"

namespace kajo::cpu {
namespace {

constexpr size_t kAlignment = 64;
// Larger blocks come from the tensors' allocator, whose cache all threads share.
constexpr size_t kMaxKeptBytes = size_t{4} << 20;

struct Block {
    void* data = nullptr;
    size_t bytes = 0;
};

// A few blocks are enough: kernels nest their scratch at most this deep.
struct Cache {
    std::array<Block, 8> blocks;
    bool alive = true;
    ~Cache() {
        for (Block& block : blocks) std::free(block.data);
        alive = false;
    }
};

thread_local Cache cache;

}  // namespace

void Scratch::take_large() {
    const size_t bytes = bytes_;
    if (bytes > kMaxKeptBytes) {
        data_ = cpu_allocate(bytes);
        return;
    }
    Block* best = nullptr;
    for (Block& block : cache.blocks)
        if (block.bytes >= bytes && block.data && (!best || block.bytes < best->bytes))
            best = &block;
    if (best) {
        data_ = best->data;
        bytes_ = best->bytes;
        *best = Block{};
        return;
    }
    // Rounding up to a quarter of a power of two lets a block serve the next, slightly larger size.
    size_t step = kAlignment;
    while (step * 8 < bytes) step *= 2;
    bytes_ = std::min((bytes / step + 1) * step, kMaxKeptBytes);
    data_ = std::aligned_alloc(kAlignment, bytes_);
    if (!data_) throw std::bad_alloc();
}

void Scratch::give_back_large() {
    if (bytes_ > kMaxKeptBytes) {
        cpu_free(data_, bytes_);
        return;
    }
    if (cache.alive) {
        Block* smallest = &cache.blocks[0];
        for (Block& block : cache.blocks)
            if (block.bytes < smallest->bytes) smallest = &block;
        if (smallest->bytes < bytes_) {
            std::free(smallest->data);
            *smallest = Block{data_, bytes_};
            return;
        }
    }
    std::free(data_);
}

}  // namespace kajo::cpu
