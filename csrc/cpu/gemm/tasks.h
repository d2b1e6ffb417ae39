// Sharing work out over threads, unless one core ends in a few microseconds.
#pragma once

#include <cstdint>

#include "core/parallel.h"

namespace kajo::cpu::KAJO_ISA {

// Multiply-adds of a task that shares nothing with its neighbours: some tens of microseconds.
inline constexpr double kTaskWork = 1.5e6;

// `work` counts multiply-adds, or elements moved where those decide.
template <class F>
void for_tasks(int64_t tasks, double work, F&& f) {
    constexpr double kWorthThreads = 500e3;
    if (tasks > 1 && work > kWorthThreads) {
        parallel_for(tasks, f);
    } else {
        for (int64_t task = 0; task < tasks; task++) f(task);
    }
}

}  // namespace kajo::cpu::KAJO_ISA
