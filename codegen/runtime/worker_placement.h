#pragma once

#include <sched.h>

#include <chrono>

namespace latent::codegen::runtime {

/// Keeps a worker thread off the CPU on which the caller of its loops runs. Linux often wakes a
/// worker on the CPU of the thread that wakes it, though another is idle. The two then take turns,
/// and since they sleep between loops, nothing moves them apart for as long as the process lives
/// (products of 256 on two threads: 0.145 ms, but 0.287 ms in some processes).
class WorkerPlacement {
  public:
    /// Called by the worker inside a loop of a caller that runs on `caller_cpu`. Where both run
    /// there and the thread may run elsewhere, excludes that CPU for this thread; one that was
    /// excluded before is allowed again. Rarely: a machine with more threads than CPUs has them
    /// meet all the time. A failure changes nothing. (Whatever else the program sets for this
    /// thread is kept, but for just what was set here, which is told from nothing.)
    void keep_off(int caller_cpu);

  private:
    void exclude(int cpu);

    std::chrono::steady_clock::time_point next_ = {};  ///< not before
    bool excludes_ = false;
    cpu_set_t allowed_ = {};    ///< by the program, as far as is known
    cpu_set_t remaining_ = {};  ///< of these, as it was set here
};

}  // namespace latent::codegen::runtime
