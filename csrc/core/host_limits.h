// What the machine, the scheduler and the container grant this process.
//
// `root` stands before the paths of /proc and /sys; tests put folders of their own there.
#pragma once

#include <cstddef>
#include <string>

namespace kajo {

// Physical cores this process may use: affinity mask and cgroup CPU quota applied; at least 1.
int usable_cpu_count(const std::string& root = {});

// Bytes of memory this process may use: the machine's memory or the cgroup limit below it.
std::size_t usable_memory_bytes(const std::string& root = {});

// Bytes that can be had now without swapping, in the machine and in every cgroup of this process.
std::size_t available_memory_bytes(const std::string& root = {});

}  // namespace kajo
