#include "codegen/runtime/spare_memory.h"

#include <catch2/catch.hpp>
#include <cstddef>
#include <thread>
#include <vector>

using latent::codegen::runtime::SpareMemory;

TEST_CASE("spare memory lends of the smallest range and joins what comes back", "[memory_pool]") {
    std::vector<std::byte> large(4096);
    std::vector<std::byte> small(1024);
    SpareMemory spare;
    CHECK(spare.allocate(1) == nullptr);
    spare.add({large.data(), large.size()});
    spare.add({small.data(), small.size()});
    CHECK(spare.allocate(4097) == nullptr);
    std::byte* const first = spare.allocate(1000);
    CHECK(first == small.data());
    std::byte* const second = spare.allocate(1000);
    CHECK(second == large.data());
    std::byte* const third = spare.allocate(1024);
    CHECK(third == large.data() + 1024);
    spare.release(second, 1000);
    CHECK(spare.allocate(3072) == nullptr);
    spare.release(third, 1024);
    CHECK(spare.allocate(4096) == large.data());
    spare.release(first, 1000);
    CHECK(spare.allocate(1024) == small.data());
}

TEST_CASE("several threads share spare memory", "[memory_pool][concurrency]") {
    std::vector<std::byte> memory(1 << 16);
    SpareMemory spare;
    spare.add({memory.data(), memory.size()});
    {
        std::vector<std::jthread> threads;
        for (std::size_t thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&spare, thread] {
                for (std::size_t i = 0; i < 500; ++i) {
                    const std::size_t size = 1 + (i * 977 + thread * 31) % 20'000;
                    if (std::byte* const lent = spare.allocate(size)) {
                        lent[0] = lent[size - 1] = static_cast<std::byte>(thread);
                        spare.release(lent, size);
                    }
                }
            });
        }
    }
    CHECK(spare.allocate(memory.size()) == memory.data());
}
