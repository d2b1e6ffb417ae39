// What the machine, the scheduler and the container grant this process.
#pragma once

#include <cstddef>

namespace kajo {

// Physical cores this process may use: affinity mask and cgroup CPU quota applied; at least 1.
int usable_cpu_count();

// Bytes of memory this process may use: the machine's memory or the cgroup limit below it.
std::size_t usable_memory_bytes();

}  // namespace kajo
