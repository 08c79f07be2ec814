#include "codegen/runtime/environment.h"

#include <catch2/catch.hpp>

#include "codegen/runtime/hash.h"
#include "tests/codegen/runtime_fixtures.h"

using namespace latent::codegen::runtime;
using namespace latent::codegen::runtime::testing;

TEST_CASE("sizes are read with binary units", "[environment]") {
    CHECK(parse_bytes("0") == 0);
    CHECK(parse_bytes("4096") == 4096);
    CHECK(parse_bytes("4096B") == 4096);
    CHECK(parse_bytes("2k") == 2048);
    CHECK(parse_bytes("512M") == std::uint64_t{512} << 20);
    CHECK(parse_bytes("2GiB") == std::uint64_t{2} << 30);
    CHECK(parse_bytes("1TB") == std::uint64_t{1} << 40);
    for (const char* text :
         {"", "M", "-1", "1.5G", "3X", "1Mx", "99999999T", "18446744073709551616"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_bytes(text));
    }
}

TEST_CASE("a value of the environment that makes no sense is warned about and ignored",
          "[environment]") {
    Warnings warnings;
    {
        const ScopedEnvironment count("LATENT_TEST_VALUE", "3");
        CHECK(environment_count("LATENT_TEST_VALUE", warnings.handler()) == 3);
    }
    CHECK_FALSE(environment_count("LATENT_TEST_VALUE", warnings.handler()));
    CHECK(warnings.messages.empty());
    for (const char* text : {"0", "-2", "two", "3x"}) {
        const ScopedEnvironment count("LATENT_TEST_VALUE", text);
        CHECK_FALSE(environment_count("LATENT_TEST_VALUE", warnings.handler()));
    }
    CHECK(warnings.messages.size() == 4);
    const ScopedEnvironment bytes("LATENT_TEST_VALUE", "lots");
    CHECK_FALSE(environment_bytes("LATENT_TEST_VALUE", warnings.handler()));
    CHECK(warnings.mention("LATENT_TEST_VALUE='lots'"));
}

TEST_CASE("the checksum is XXH64", "[hash]") {
    CHECK(xxhash64(bytes_of("")) == 0xEF46DB3751D8E999u);
    CHECK(xxhash64(bytes_of("a")) == 0xD24EC4F1A98C6E5Bu);
    CHECK(xxhash64(bytes_of("abc")) == 0x44BC2CF5AD770999u);
    CHECK(xxhash64(bytes_of("Nobody inspects the spammish repetition")) == 0xFBCEA83C8A378BF1u);
}

TEST_CASE("names of different texts differ", "[hash]") {
    CHECK(hash_name("a").size() == 32);
    CHECK(hash_name("a") == hash_name("a"));
    CHECK(hash_name("a") != hash_name("b"));
    CHECK(hash_name("a").substr(0, 16) != hash_name("a").substr(16));
}
