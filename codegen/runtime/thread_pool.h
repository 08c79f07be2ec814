#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace latent::codegen::runtime {

/// CPUs that this process may run on.
int hardware_threads();

/// Persistent threads that run one parallel loop at a time; the caller takes part. No thread exists
/// before the first loop that needs one. Idle threads spin for a tenth of a millisecond, so
/// that loops which follow each other closely cost no system call, then sleep.
///
/// Safe to use from several threads at once, and from inside a loop: a loop that finds the pool
/// busy runs on its caller alone. Which thread runs which index is left open, so results must not
/// depend on it.
class ThreadPool {
  public:
    /// One index of a loop. A value other than zero cancels the indices that have not begun. Must
    /// not throw.
    using Task = int (*)(void* closure, int index);

    /// `count`: threads that take part in a loop, the caller included. Throws ValueError if less
    /// than one.
    explicit ThreadPool(int count = hardware_threads());
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;
    ~ThreadPool();

    /// Runs `task(closure, i)` for begin <= i < begin + extent and returns when all have ended: 0,
    /// or the value other than zero that a task returned first.
    int parallel_for(int begin, int extent, Task task, void* closure);

    int num_threads() const noexcept { return wanted_threads_.load(std::memory_order_relaxed); }

    /// Takes effect at the next loop. Throws ValueError if less than one.
    void set_num_threads(int count);

  private:
    // The loop that runs; written by its caller while no worker is inside.
    struct Loop {
        Task task = nullptr;
        void* closure = nullptr;
        int begin = 0;
        std::int64_t extent = 0;
        std::int64_t chunk = 1;
        int caller_cpu = -1;
    };

    int run_shared(int begin, int extent, Task task, void* closure);
    void work();
    bool enter();
    void leave();
    void wait_until_left();
    void wake_workers(int count);
    void resize_workers();
    void start_workers(int count);
    void stop_workers(int remaining);
    void run_worker(int index, std::uint32_t seen);
    bool has_news(int index, std::uint32_t seen) const;
    void wait_for_news(int index, std::uint32_t seen);

    std::atomic<int> wanted_threads_;
    std::atomic<bool> busy_{
        false};  // held by the caller of the running loop; guards `workers_` and `loop_`
    std::vector<std::thread> workers_;
    Loop loop_;

    std::atomic<std::int64_t> next_{
        0};  // first index of the loop, from zero, that nobody has claimed
    std::atomic<int> result_{0};
    std::atomic<std::uint32_t> gate_{0};  // workers inside the loop, and a bit that lets more enter
    std::atomic<std::uint32_t> epoch_{
        0};  // counts loops, so that a worker sees that there is a new one
    std::atomic<int> worker_limit_{0};  // a worker whose index is not below it ends

    std::mutex mutex_;
    std::condition_variable news_;  // for sleeping workers
    std::condition_variable left_;  // for a caller that waits for the last worker
    std::atomic<int> sleepers_{0};
    std::atomic<bool> caller_waits_{false};
};

}  // namespace latent::codegen::runtime
