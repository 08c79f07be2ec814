#include "codegen/runtime/worker_placement.h"

namespace latent::codegen::runtime {
namespace {

// A move costs tens of microseconds.
constexpr std::chrono::milliseconds between_moves{2};

}  // namespace

void WorkerPlacement::keep_off(int caller_cpu) {
    if (caller_cpu < 0 || sched_getcpu() != caller_cpu) {
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) {
        return;
    }
    next_ = now + between_moves;
    exclude(caller_cpu);
}

void WorkerPlacement::exclude(int cpu) {
    cpu_set_t current = {};
    if (cpu >= CPU_SETSIZE || sched_getaffinity(0, sizeof(current), &current) != 0) {
        return;
    }
    // Someone else may have said since where this thread may run.
    if (!excludes_ || CPU_EQUAL(&current, &remaining_) == 0) {
        allowed_ = current;
    }
    cpu_set_t remaining = allowed_;
    CPU_CLR(static_cast<std::size_t>(cpu), &remaining);
    if (CPU_COUNT(&remaining) > 0 && sched_setaffinity(0, sizeof(remaining), &remaining) == 0) {
        excludes_ = true;
        remaining_ = remaining;
    }
}

}  // namespace latent::codegen::runtime
