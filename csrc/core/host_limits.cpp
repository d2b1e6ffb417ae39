#include "core/host_limits.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kajo {
namespace {

std::optional<std::string> first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    if (!file || !std::getline(file, line)) return std::nullopt;
    return line;
}

// The folders of one cgroup hierarchy that bound this process: its own group and all parents.
// Inside a container the path that /proc names is often not mounted; the root then holds the limit.
std::vector<std::string> cgroup_folders(const std::string& root, const std::string& controller) {
    const std::string mount =
        root + "/sys/fs/cgroup" + (controller.empty() ? "" : "/" + controller);
    std::string path;
    std::ifstream file(root + "/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
        if (names == "," + controller + "," || names.find("," + controller + ",") < names.size()) {
            path = line.substr(second + 1);
        }
    }
    std::vector<std::string> folders;
    while (!path.empty() && path != "/") {
        folders.push_back(mount + path);
        path.resize(std::min(path.rfind('/'), path.size()));
    }
    folders.push_back(mount);
    return folders;
}

double cgroup_cpu_quota(const std::string& root) {
    double quota = std::numeric_limits<double>::infinity();
    for (const std::string& folder : cgroup_folders(root, "")) {
        if (auto line = first_line(folder + "/cpu.max"); line && line->compare(0, 3, "max") != 0) {
            char* rest = nullptr;
            const double used = std::strtod(line->c_str(), &rest);
            const double period = std::strtod(rest, nullptr);
            if (used > 0 && period > 0) quota = std::min(quota, used / period);
        }
    }
    for (const std::string& folder : cgroup_folders(root, "cpu")) {
        auto used = first_line(folder + "/cpu.cfs_quota_us");
        auto period = first_line(folder + "/cpu.cfs_period_us");
        if (!used || !period) continue;
        const double microseconds = std::strtod(used->c_str(), nullptr);
        const double length = std::strtod(period->c_str(), nullptr);
        if (microseconds > 0 && length > 0) quota = std::min(quota, microseconds / length);
    }
    return quota;
}

// Hyper-threads of one core share its vector units, so cores are counted, not hyper-threads.
int cores_in_affinity_mask(const std::string& root) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    if (sched_getaffinity(0, sizeof(mask), &mask) != 0) {
        return static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    }
    std::set<std::string> cores;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &mask)) continue;
        const std::string folder = root + "/sys/devices/system/cpu/cpu" + std::to_string(cpu);
        auto siblings = first_line(folder + "/topology/thread_siblings_list");
        cores.insert(siblings.value_or("cpu" + std::to_string(cpu)));
    }
    return std::max<int>(1, static_cast<int>(cores.size()));
}

// A number that is the whole first line of a file; none where it is a word such as "max".
std::optional<std::size_t> number_in(const std::string& path) {
    const auto line = first_line(path);
    if (!line || line->empty() || line->find_first_not_of("0123456789") < line->size()) {
        return std::nullopt;
    }
    return std::strtoull(line->c_str(), nullptr, 10);
}

// The number behind a name that begins a line of a file.
std::optional<std::size_t> number_after(const std::string& path, const std::string& name) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.compare(0, name.size(), name) == 0) {
            return std::strtoull(line.c_str() + name.size(), nullptr, 10);
        }
    }
    return std::nullopt;
}

// How the two generations of cgroups call the same things.
struct MemoryFiles {
    const char* controller;
    const char* limit;
    const char* used;
    const char* reclaimable;  // pages of files not used lately, which the system drops first
};
constexpr MemoryFiles kMemoryFiles[] = {
    {"", "/memory.max", "/memory.current", "inactive_file "},
    {"memory", "/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file "},
};

}  // namespace

int usable_cpu_count(const std::string& root) {
    const double quota = std::max(1.0, std::ceil(cgroup_cpu_quota(root)));
    return static_cast<int>(std::min<double>(cores_in_affinity_mask(root), quota));
}

std::size_t usable_memory_bytes(const std::string& root) {
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_bytes = sysconf(_SC_PAGESIZE);
    std::size_t bytes = static_cast<std::size_t>(pages) * static_cast<std::size_t>(page_bytes);
    for (const MemoryFiles& files : kMemoryFiles) {
        for (const std::string& folder : cgroup_folders(root, files.controller)) {
            bytes = std::min(bytes, number_in(folder + files.limit).value_or(bytes));
        }
    }
    return bytes;
}

std::size_t available_memory_bytes(const std::string& root) {
    const std::size_t all = std::numeric_limits<std::size_t>::max();
    const auto kibibytes = number_after(root + "/proc/meminfo", "MemAvailable:");
    std::size_t bytes = kibibytes ? *kibibytes * 1024 : all;
    for (const MemoryFiles& files : kMemoryFiles) {
        for (const std::string& folder : cgroup_folders(root, files.controller)) {
            const auto limit = number_in(folder + files.limit);
            const auto used = number_in(folder + files.used);
            if (!limit || !used) continue;
            const auto spare = number_after(folder + "/memory.stat", files.reclaimable);
            const std::size_t held = *used - std::min(*used, spare.value_or(0));
            bytes = std::min(bytes, *limit - std::min(*limit, held));
        }
    }
    return bytes;
}

}  // namespace kajo
