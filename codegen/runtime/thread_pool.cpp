#include "codegen/runtime/thread_pool.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "codegen/runtime/worker_placement.h"
#include "ir/errors.h"

namespace latent::codegen::runtime {
namespace {

constexpr std::uint32_t gate_open = 1u << 31;
// What a program does between two evaluations, as building a graph of a thousand nodes, and twice
// what a futex wake-up costs in a virtual machine.
constexpr std::chrono::microseconds time_before_sleep{100};
// Enough pieces that a thread which falls behind delays the others little, few enough that claiming
// them is free.
constexpr int chunks_per_thread = 16;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

template <typename Condition>
bool spin_until(Condition condition) {
    constexpr int spins_between_looks = 32;  // at the clock
    const auto end = std::chrono::steady_clock::now() + time_before_sleep;
    do {
        for (int spin = 0; spin < spins_between_looks; ++spin) {
            if (condition()) {
                return true;
            }
            pause();
        }
    } while (std::chrono::steady_clock::now() < end);
    return condition();
}

int run_serially(int begin, int extent, ThreadPool::Task task, void* closure) {
    for (int i = 0; i < extent; ++i) {
        if (const int result = task(closure, begin + i); result != 0) {
            return result;
        }
    }
    return 0;
}

void check_count(int count) {
    if (count < 1) {
        throw ValueError(fmt::format("set_num_threads: expected at least 1 thread, got {}", count));
    }
}

// Threads made while it lives leave the program's signals to the program's own threads.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_;
};

}  // namespace

int hardware_threads() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
        return std::max(1, CPU_COUNT(&allowed));
    }
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

ThreadPool::ThreadPool(int count) : wanted_threads_(count) {
    check_count(count);
}

ThreadPool::~ThreadPool() {
    stop_workers(0);
}

void ThreadPool::set_num_threads(int count) {
    check_count(count);
    wanted_threads_.store(count, std::memory_order_relaxed);
}

int ThreadPool::parallel_for(int begin, int extent, Task task, void* closure) {
    if (extent <= 1 || num_threads() == 1 || busy_.exchange(true, std::memory_order_acquire)) {
        return run_serially(begin, extent, task, closure);
    }
    resize_workers();
    const int result = workers_.empty() ? run_serially(begin, extent, task, closure)
                                        : run_shared(begin, extent, task, closure);
    busy_.store(false, std::memory_order_release);
    return result;
}

int ThreadPool::run_shared(int begin, int extent, Task task, void* closure) {
    const auto workers = static_cast<int>(workers_.size());
    const std::int64_t pieces = static_cast<std::int64_t>(workers + 1) * chunks_per_thread;
    loop_ = {task,          closure, begin, extent, std::max<std::int64_t>(1, extent / pieces),
             sched_getcpu()};
    next_.store(0, std::memory_order_relaxed);
    result_.store(0, std::memory_order_relaxed);
    gate_.store(gate_open, std::memory_order_release);
    epoch_.fetch_add(1, std::memory_order_seq_cst);
    wake_workers(std::min(workers, extent - 1));
    work();
    gate_.fetch_and(~gate_open, std::memory_order_acq_rel);
    wait_until_left();
    return result_.load(std::memory_order_relaxed);
}

void ThreadPool::work() {
    while (true) {
        const std::int64_t first = next_.fetch_add(loop_.chunk, std::memory_order_relaxed);
        if (first >= loop_.extent) {
            return;
        }
        const std::int64_t last = std::min(first + loop_.chunk, loop_.extent);
        for (std::int64_t i = first; i < last; ++i) {
            if (const int result = loop_.task(loop_.closure, static_cast<int>(loop_.begin + i));
                result != 0) {
                int none = 0;
                result_.compare_exchange_strong(none, result, std::memory_order_relaxed);
                next_.store(loop_.extent, std::memory_order_relaxed);
                return;
            }
        }
    }
}

bool ThreadPool::enter() {
    std::uint32_t gate = gate_.load(std::memory_order_relaxed);
    while ((gate & gate_open) != 0) {
        // Acquires what the caller wrote before it opened the gate.
        if (gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acquire,
                                        std::memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

void ThreadPool::leave() {
    // Sequentially consistent with wait_until_left: either the caller sees the gate empty, or this
    // thread sees that it waits.
    if (gate_.fetch_sub(1, std::memory_order_seq_cst) == 1 &&
        caller_waits_.load(std::memory_order_seq_cst)) {
        const std::lock_guard lock(mutex_);
        left_.notify_one();
    }
}

void ThreadPool::wait_until_left() {
    const auto all_left = [this] { return gate_.load(std::memory_order_seq_cst) == 0; };
    if (spin_until(all_left)) {
        return;
    }
    std::unique_lock lock(mutex_);
    caller_waits_.store(true, std::memory_order_seq_cst);
    left_.wait(lock, all_left);
    caller_waits_.store(false, std::memory_order_relaxed);
}

void ThreadPool::wake_workers(int count) {
    // Sequentially consistent with wait_for_news: either the sleeper sees the new epoch, or it is
    // seen here.
    const int sleepers = sleepers_.load(std::memory_order_seq_cst);
    if (sleepers == 0) {
        return;
    }
    // A worker that has counted itself holds the mutex until it waits.
    {
        const std::lock_guard lock(mutex_);
    }
    if (count >= sleepers) {
        news_.notify_all();
        return;
    }
    for (int i = 0; i < count; ++i) {
        news_.notify_one();
    }
}

bool ThreadPool::has_news(int index, std::uint32_t seen) const {
    return epoch_.load(std::memory_order_seq_cst) != seen ||
           index >= worker_limit_.load(std::memory_order_seq_cst);
}

void ThreadPool::wait_for_news(int index, std::uint32_t seen) {
    const auto news = [this, index, seen] { return has_news(index, seen); };
    if (spin_until(news)) {
        return;
    }
    std::unique_lock lock(mutex_);
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    news_.wait(lock, news);
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
}

void ThreadPool::run_worker(int index, std::uint32_t seen) {
    WorkerPlacement placement;
    while (true) {
        wait_for_news(index, seen);
        if (index >= worker_limit_.load(std::memory_order_acquire)) {
            return;
        }
        seen = epoch_.load(std::memory_order_acquire);
        if (enter()) {
            placement.keep_off(loop_.caller_cpu);
            work();
            leave();
        }
    }
}

void ThreadPool::resize_workers() {
    const int wanted = num_threads() - 1;
    const auto present = static_cast<int>(workers_.size());
    if (wanted < present) {
        stop_workers(wanted);
    } else if (wanted > present) {
        start_workers(wanted);
    }
}

void ThreadPool::start_workers(int count) {
    const SignalsBlocked signals_blocked;
    worker_limit_.store(count, std::memory_order_release);
    workers_.reserve(static_cast<std::size_t>(count));
    const std::uint32_t seen = epoch_.load(std::memory_order_relaxed);
    try {
        while (static_cast<int>(workers_.size()) < count) {
            const auto index = static_cast<int>(workers_.size());
            workers_.emplace_back([this, index, seen] { run_worker(index, seen); });
            pthread_setname_np(workers_.back().native_handle(), "latent-worker");
        }
    } catch (const std::system_error&) {
        // The system gives no more threads. Fewer only cost time; asking again at each loop would
        // cost more.
        int wanted = count + 1;
        wanted_threads_.compare_exchange_strong(wanted, static_cast<int>(workers_.size()) + 1);
    }
}

void ThreadPool::stop_workers(int remaining) {
    {
        const std::lock_guard lock(mutex_);
        worker_limit_.store(remaining, std::memory_order_seq_cst);
    }
    news_.notify_all();
    while (static_cast<int>(workers_.size()) > remaining) {
        workers_.back().join();
        workers_.pop_back();
    }
}

}  // namespace latent::codegen::runtime
