#include "codegen/runtime/machine.h"

#include <catch2/catch.hpp>

using namespace latent;
using codegen::runtime::reached_cache_bytes;

TEST_CASE("a cache that is a mesh of slices counts as far as the processors have their own") {
    constexpr std::int64_t mebibyte = 1 << 20;
    CHECK(reached_cache_bytes(300 * mebibyte, 2, true) == 8 * mebibyte);
    CHECK(reached_cache_bytes(105 * mebibyte, 112, true) == 105 * mebibyte);
    CHECK(reached_cache_bytes(300 * mebibyte, 0, true) == 4 * mebibyte);
    CHECK(reached_cache_bytes(32 * mebibyte, 2, false) == 32 * mebibyte);
}

TEST_CASE("the machine is found with caches that grow and vectors of its instruction set") {
    const ir::Machine machine = codegen::runtime::detect_machine("");
    CHECK(machine.l1_bytes > 0);
    CHECK(machine.l2_bytes > machine.l1_bytes);
    CHECK(machine.l3_bytes >= machine.l2_bytes);
    CHECK(codegen::runtime::detect_machine("sse41").vector_bytes == 16);
}
