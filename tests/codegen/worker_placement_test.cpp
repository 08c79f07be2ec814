#include "codegen/runtime/worker_placement.h"

#include <sched.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

using latent::codegen::runtime::WorkerPlacement;

namespace {

cpu_set_t allowed_cpus() {
    cpu_set_t set = {};
    REQUIRE(sched_getaffinity(0, sizeof(set), &set) == 0);
    return set;
}

bool allows(int cpu) {
    const cpu_set_t set = allowed_cpus();
    return CPU_ISSET(static_cast<std::size_t>(cpu), &set) != 0;
}

/// Asks to be kept off the CPU on which this thread runs, as often as it takes: the system may move
/// it at any time. Gives that CPU, or -1 if it may still run there.
int leave(WorkerPlacement& placement) {
    for (int attempt = 0; attempt < 100; ++attempt) {
        const int cpu = sched_getcpu();
        placement.keep_off(cpu);
        if (!allows(cpu)) {
            return cpu;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
    return -1;
}

template <typename Body>
void on_another_thread(Body body) {
    std::thread(body).join();
}

/// The same, where there are CPUs to move between; `body` is told which.
template <typename Body>
void on_a_thread_that_may_move(Body body) {
    on_another_thread([&] {
        const cpu_set_t cpus = allowed_cpus();
        if (CPU_COUNT(&cpus) < 2) {
            WARN("there is one CPU");
        } else {
            body(cpus);
        }
    });
}

}  // namespace

TEST_CASE("a worker leaves the CPU of its caller, and may come back when that has moved",
          "[worker_placement]") {
    on_a_thread_that_may_move([](const cpu_set_t& before) {
        WorkerPlacement placement;
        const int first = leave(placement);
        REQUIRE(first >= 0);
        CHECK(sched_getcpu() != first);
        const int second = leave(placement);
        REQUIRE(second >= 0);
        CHECK(second != first);
        CHECK(allows(first));
        const cpu_set_t after = allowed_cpus();
        CHECK(CPU_COUNT(&after) == CPU_COUNT(&before) - 1);
    });
}

TEST_CASE("a worker that may run on one CPU alone stays there, whatever its caller does",
          "[worker_placement]") {
    on_another_thread([] {
        cpu_set_t one = {};
        CPU_SET(static_cast<std::size_t>(sched_getcpu()), &one);
        REQUIRE(sched_setaffinity(0, sizeof(one), &one) == 0);
        WorkerPlacement placement;
        placement.keep_off(sched_getcpu());
        const cpu_set_t after = allowed_cpus();
        CHECK(CPU_EQUAL(&after, &one) != 0);
    });
}

TEST_CASE("a worker on another CPU than its caller may still run on all", "[worker_placement]") {
    on_another_thread([] {
        const cpu_set_t before = allowed_cpus();
        WorkerPlacement placement;
        placement.keep_off(-1);
        placement.keep_off(CPU_SETSIZE);
        const cpu_set_t after = allowed_cpus();
        CHECK(CPU_EQUAL(&after, &before) != 0);
    });
}

TEST_CASE("what the program says about where a worker may run is kept", "[worker_placement]") {
    on_a_thread_that_may_move([](const cpu_set_t&) {
        WorkerPlacement placement;
        const int left = leave(placement);
        REQUIRE(left >= 0);
        cpu_set_t one = {};
        CPU_SET(static_cast<std::size_t>(left), &one);
        REQUIRE(sched_setaffinity(0, sizeof(one), &one) == 0);
        std::this_thread::sleep_for(std::chrono::milliseconds(3));
        placement.keep_off(sched_getcpu());
        const cpu_set_t after = allowed_cpus();
        CHECK(CPU_EQUAL(&after, &one) != 0);
    });
}
