#include "codegen/runtime/thread_pool.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <limits>
#include <set>
#include <thread>
#include <vector>

#include "ir/errors.h"

using latent::codegen::runtime::ThreadPool;

namespace {

struct Visits {
    int begin = 0;
    std::vector<std::atomic<int>> counts;

    Visits(int first, int extent) : begin(first), counts(static_cast<std::size_t>(extent)) {}

    static int visit(void* closure, int index) {
        auto& visits = *static_cast<Visits*>(closure);
        ++visits.counts[static_cast<std::size_t>(index - visits.begin)];
        return 0;
    }
    bool each_once() const {
        for (const auto& count : counts) {
            if (count != 1) {
                return false;
            }
        }
        return true;
    }
};

bool visits_each_once(ThreadPool& pool, int begin, int extent) {
    Visits visits(begin, extent);
    return pool.parallel_for(begin, extent, &Visits::visit, &visits) == 0 && visits.each_once();
}

std::size_t threads_of_process() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

}  // namespace

TEST_CASE("a parallel loop visits each index once", "[thread_pool][concurrency]") {
    ThreadPool pool(4);
    for (const int extent : {1, 2, 3, 4, 5, 63, 64, 65, 1000, 100003}) {
        REQUIRE(visits_each_once(pool, 0, extent));
        REQUIRE(visits_each_once(pool, -7, extent));
    }
    REQUIRE(visits_each_once(pool, std::numeric_limits<int>::max() - 100, 100));
    REQUIRE(visits_each_once(pool, std::numeric_limits<int>::min(), 100));
}

TEST_CASE("a parallel loop over nothing does nothing", "[thread_pool]") {
    ThreadPool pool(4);
    const auto fail = [](void*, int) { return 1; };
    CHECK(pool.parallel_for(0, 0, fail, nullptr) == 0);
    CHECK(pool.parallel_for(3, -5, fail, nullptr) == 0);
}

TEST_CASE("a pool makes its threads at the first loop that needs them", "[thread_pool]") {
    const std::size_t before = threads_of_process();
    ThreadPool pool(3);
    REQUIRE(visits_each_once(pool, 0, 1));
    CHECK(threads_of_process() == before);
    REQUIRE(visits_each_once(pool, 0, 2));
    CHECK(threads_of_process() == before + 2);
}

TEST_CASE("the number of threads changes between loops", "[thread_pool][concurrency]") {
    const std::size_t before = threads_of_process();
    ThreadPool pool(1);
    for (const int count : {4, 2, 1, 3}) {
        pool.set_num_threads(count);
        CHECK(pool.num_threads() == count);
        REQUIRE(visits_each_once(pool, 0, 1000));
    }
    CHECK(threads_of_process() == before + 2);
    CHECK_THROWS_AS(pool.set_num_threads(0), latent::ValueError);
    CHECK_THROWS_AS(ThreadPool(-1), latent::ValueError);
}

TEST_CASE("a task that fails cancels the rest and its value is returned",
          "[thread_pool][concurrency]") {
    struct Run {
        std::atomic<int> calls{0};
    };
    for (const int threads : {1, 4}) {
        ThreadPool pool(threads);
        Run run;
        const auto fail_at_ten = [](void* closure, int index) {
            ++static_cast<Run*>(closure)->calls;
            return index == 10 ? 42 : 0;
        };
        CHECK(pool.parallel_for(0, 10'000'000, fail_at_ten, &run) == 42);
        CHECK(run.calls < 9'000'000);
        REQUIRE(visits_each_once(pool, 0, 100));
    }
}

TEST_CASE("a loop inside a loop runs on its caller", "[thread_pool][concurrency]") {
    struct Nested {
        ThreadPool pool{4};
        std::atomic<int> inner{0};
        std::atomic<bool> moved{false};
    } nested;
    const auto outer = [](void* closure, int) {
        auto& state = *static_cast<Nested*>(closure);
        struct Inner {
            Nested& nested;
            std::thread::id caller;
        } inner{state, std::this_thread::get_id()};
        return state.pool.parallel_for(
            0, 50,
            [](void* opaque, int) {
                auto& inside = *static_cast<Inner*>(opaque);
                ++inside.nested.inner;
                if (std::this_thread::get_id() != inside.caller) {
                    inside.nested.moved = true;
                }
                return 0;
            },
            &inner);
    };
    REQUIRE(nested.pool.parallel_for(0, 40, outer, &nested) == 0);
    CHECK(nested.inner == 2000);
    CHECK_FALSE(nested.moved);
}

TEST_CASE("several threads share a pool", "[thread_pool][concurrency]") {
    ThreadPool pool(3);
    std::atomic<int> failures{0};
    {
        std::vector<std::jthread> clients;
        for (int client = 0; client < 4; ++client) {
            clients.emplace_back([&, client] {
                for (int loop = 0; loop < 300; ++loop) {
                    if (!visits_each_once(pool, client, 1 + loop)) {
                        ++failures;
                    }
                    if (loop % 50 == 0) {
                        pool.set_num_threads(1 + (client + loop / 50) % 4);
                    }
                }
            });
        }
    }
    CHECK(failures == 0);
}

TEST_CASE("workers that fell asleep wake for the next loop", "[thread_pool][concurrency]") {
    struct Meeting {
        std::atomic<int> arrived{0};
    };
    ThreadPool pool(2);
    for (int round = 0; round < 5; ++round) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        Meeting meeting;
        // Each of the two tasks waits for the other, so both threads must take part.
        const auto meet = [](void* closure, int) {
            auto& arrived = static_cast<Meeting*>(closure)->arrived;
            ++arrived;
            const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
            while (arrived < 2 && std::chrono::steady_clock::now() < deadline) {
                std::this_thread::yield();
            }
            return arrived < 2 ? 1 : 0;
        };
        REQUIRE(pool.parallel_for(0, 2, meet, &meeting) == 0);
    }
}
