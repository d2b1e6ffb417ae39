// The large storages that are alive, and the line of the program that made each.
#pragma once

#include <vector>

#include "core/dims.h"
#include "core/dtype.h"
#include "core/storage.h"

namespace kajo {

// Below this many bytes a storage is not listed: noting it would take a good part of making it.
constexpr int64_t kLeastListed = 16384;

struct LivingMemory {
    const Storage* storage;
    Dims sizes;  // of the tensor that it was made for
    DType dtype;
    SourceLocation made_at;   // in backward: of the forward step
    SourceLocation asked_at;  // in backward: where the program asked for it
    LivingMemory *previous = nullptr, *next = nullptr;
};

struct LivingTensor {
    size_t bytes;
    Dims sizes;
    DType dtype;
    SourceLocation made_at, asked_at;
};

void list_living(Storage& storage, IntSpan sizes, DType dtype);
void forget_living(LivingMemory* entry);
// Newest first.
std::vector<LivingTensor> living_tensors();

}  // namespace kajo
