// The tables of operations, one a family; each is in ops_<family>.cpp.
#pragma once

#include "python/bind.h"

namespace kajo::python {

std::span<const OpEntry> attention_operations();
std::span<const OpEntry> convolution_operations();
std::span<const OpEntry> creation_operations();
std::span<const OpEntry> fourier_operations();
std::span<const OpEntry> indexing_operations();
std::span<const OpEntry> joining_operations();
std::span<const OpEntry> linalg_operations();
std::span<const OpEntry> linear_operations();
std::span<const OpEntry> loss_operations();
std::span<const OpEntry> normalization_operations();
std::span<const OpEntry> optimizer_operations();
std::span<const OpEntry> pointwise_operations();
std::span<const OpEntry> pooling_operations();
std::span<const OpEntry> recurrence_operations();
std::span<const OpEntry> reduction_operations();
std::span<const OpEntry> random_operations();
std::span<const OpEntry> sorting_operations();
std::span<const OpEntry> view_operations();

// The docstring of an element-wise operation by one of its names; null: it is none, or private.
const char* pointwise_documentation(std::string_view name);

using OpTable = std::span<const OpEntry> (*)();

inline std::span<const OpTable> operation_tables() {
    static constexpr OpTable tables[] = {
        attention_operations, convolution_operations,   creation_operations,  fourier_operations,
        indexing_operations,  joining_operations,       linalg_operations,    linear_operations,
        loss_operations,      normalization_operations, optimizer_operations, pointwise_operations,
        pooling_operations,   recurrence_operations,    reduction_operations, random_operations,
        sorting_operations,   view_operations,
    };
    return tables;
}

}  // namespace kajo::python
