#include "codegen/runtime/memory_pool.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "codegen/runtime/system_memory.h"
#include "ir/errors.h"
#include "ir/storage.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

using latent::codegen::runtime::huge_page;
using latent::codegen::runtime::MemoryBlock;
using latent::codegen::runtime::MemoryPool;

namespace {

constexpr std::uint64_t plenty = std::uint64_t{1} << 40;

std::uintptr_t address(const std::byte* data) {
    return reinterpret_cast<std::uintptr_t>(data);
}

}  // namespace

TEST_CASE("blocks are large enough, aligned, and waste at most an eighth", "[memory_pool]") {
    MemoryPool pool(plenty);
    for (const std::size_t size :
         {0, 1, 63, 64, 65, 1000, 4095, 4096, 100'000, 1 << 20, (1 << 21) - 1, 1 << 21,
          (1 << 21) + 1, 3 << 20, 4'000'000, (64 << 20) + 4}) {
        const MemoryBlock block = pool.allocate(size);
        CAPTURE(size);
        REQUIRE(block.data != nullptr);
        CHECK(block.capacity >= size);
        CHECK(address(block.data) % (size >= 4096 ? 128 : 64) == 0);
        if (size >= 512) {
            CHECK(block.capacity - size <= size / 8);
        }
        if (block.capacity >= huge_page) {
            CHECK(address(block.data) % huge_page == 0);
        }
        std::memset(block.data, 1, block.capacity);
        pool.release(block);
    }
    CHECK(pool.statistics().bytes_now == 0);
}

TEST_CASE("kernels may read past the end of a block", "[memory_pool]") {
    MemoryPool pool(plenty);
    for (const std::size_t size : {std::size_t{64}, std::size_t{4096}, huge_page, 3 * huge_page}) {
        const MemoryBlock block = pool.allocate(size);
        const volatile std::byte* const end = block.data + block.capacity;
        for (std::size_t i = 0; i < latent::ir::readable_past_end; ++i) {
            static_cast<void>(end[i]);
        }
        pool.release(block);
    }
}

TEST_CASE("a freed block serves the next request of its class", "[memory_pool]") {
    MemoryPool pool(plenty);
    for (const std::size_t size : {100, 5000, 8 << 20}) {
        const std::uint64_t before = pool.statistics().system_allocations;
        const MemoryBlock first = pool.allocate(size);
        pool.release(first);
        const MemoryBlock second = pool.allocate(size - 1);
        CHECK(second.data == first.data);
        CHECK(pool.statistics().system_allocations == before + 1);
        pool.release(second);
    }
}

TEST_CASE("the pool counts what is handed out, at most handed out, and kept", "[memory_pool]") {
    MemoryPool pool(plenty);
    const MemoryBlock a = pool.allocate(1024);
    const MemoryBlock b = pool.allocate(2048);
    CHECK(pool.statistics().bytes_now == 3072);
    pool.release(a);
    CHECK(pool.statistics().bytes_now == 2048);
    CHECK(pool.statistics().bytes_peak == 3072);
    CHECK(pool.statistics().bytes_pooled == 1024);
    CHECK(pool.statistics().allocations == 2);
    pool.reset_peak();
    CHECK(pool.statistics().bytes_peak == 2048);
    pool.release(b);
    pool.trim();
    CHECK(pool.statistics().bytes_pooled == 0);
}

TEST_CASE("what lies unused longest goes when more than the limit is kept", "[memory_pool]") {
    MemoryPool pool(3 * 1024);
    const MemoryBlock a = pool.allocate(1024);
    const MemoryBlock b = pool.allocate(2048);
    const MemoryBlock c = pool.allocate(1024);
    pool.release(a);
    pool.release(b);
    CHECK(pool.statistics().bytes_pooled == 3072);
    pool.release(c);  // a goes
    CHECK(pool.statistics().bytes_pooled == 3072);
    const MemoryBlock again = pool.allocate(1024);
    CHECK(again.data == c.data);
    pool.set_keep_limit(1024);  // b goes
    CHECK(pool.statistics().bytes_pooled == 0);
    CHECK(pool.keep_limit() == 1024);
    pool.release(again);
    const MemoryBlock large = pool.allocate(16 << 20);
    pool.release(large);
    CHECK(pool.statistics().bytes_pooled == 0);  // larger than the limit: both went
}

TEST_CASE("a storage gives its memory back", "[memory_pool]") {
    MemoryPool pool(plenty);
    {
        const auto storage = pool.make_storage(1000);
        CHECK(storage->size() == 1000);
        std::memset(storage->data(), 1, storage->size());
        CHECK(pool.statistics().bytes_now >= 1000);
        const auto empty = pool.make_storage(0);
        CHECK(empty->size() == 0);
        CHECK(empty->data() != nullptr);
    }
    CHECK(pool.statistics().bytes_now == 0);
}

TEST_CASE("running out of memory throws with the figures and leaves the pool usable",
          "[memory_pool]") {
    MemoryPool pool(plenty);
    const MemoryBlock kept = pool.allocate(1024);
    for (const std::size_t size : {std::numeric_limits<std::size_t>::max(), std::size_t{1} << 55}) {
        try {
            pool.allocate(size);
            FAIL("expected OutOfMemory");
        } catch (const latent::OutOfMemory& error) {
            CHECK_THAT(error.what(),
                       Catch::Contains(std::to_string(size) + " bytes were asked for") &&
                           Catch::Contains("1024 bytes are in use"));
        }
        CHECK_THROWS_AS(pool.make_storage(size), latent::OutOfMemory);
    }
    CHECK(pool.statistics().bytes_now == 1024);
    pool.release(kept);
}

TEST_CASE("several threads share a memory pool", "[memory_pool][concurrency]") {
    MemoryPool pool(256 << 10);
    {
        std::vector<std::jthread> threads;
        for (std::size_t thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&pool, thread] {
                std::vector<MemoryBlock> blocks;
                for (std::size_t i = 0; i < 500; ++i) {
                    blocks.push_back(pool.allocate((i * 977 + thread * 31) % 50'000));
                    std::memset(blocks.back().data, 1, blocks.back().capacity);
                    if (i % 3 == 2) {
                        pool.release(blocks.front());
                        blocks.erase(blocks.begin());
                    }
                }
                for (const MemoryBlock& block : blocks) {
                    pool.release(block);
                }
            });
        }
    }
    CHECK(pool.statistics().bytes_now == 0);
    CHECK(pool.statistics().bytes_pooled <= 256 << 10);
    CHECK(pool.statistics().allocations == 2000);
}

#if defined(__SANITIZE_ADDRESS__)
TEST_CASE("using kept memory is an error that AddressSanitizer sees", "[memory_pool]") {
    MemoryPool pool(plenty);
    const MemoryBlock block = pool.allocate(1000);
    pool.release(block);
    CHECK(__asan_address_is_poisoned(block.data));
    const MemoryBlock again = pool.allocate(1000);
    REQUIRE(again.data == block.data);
    CHECK_FALSE(__asan_address_is_poisoned(block.data));
    pool.release(again);
}
#endif
