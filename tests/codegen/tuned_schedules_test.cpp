#include "codegen/runtime/tuned_schedules.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "tests/codegen/runtime_fixtures.h"

using namespace latent::codegen::runtime;
using namespace latent::codegen::runtime::testing;
namespace fs = std::filesystem;

namespace {

/// A folder that several processes, each a `Process`, share.
struct Fixture {
    TemporaryFolder temporary;
    fs::path path = temporary.path() / "cache";
    Warnings warnings;
    fs::path file = path / TunedSchedules::file_name;
};

struct Process {
    explicit Process(Fixture& fixture) : folder(fixture.path, fixture.warnings.handler()) {}
    CacheFolder folder;
    TunedSchedules schedules{folder};
};

}  // namespace

TEST_CASE("a schedule that is kept is found by its key, here and in other processes") {
    Fixture fixture;
    Process first(fixture);
    CHECK(first.schedules.empty());
    CHECK_FALSE(first.schedules.find("a kernel"));
    first.schedules.keep("a kernel", "unroll 2");
    first.schedules.keep("another\nkernel", "unroll 4");
    first.schedules.keep("a kernel", "unroll 8");
    CHECK(first.schedules.find("a kernel") == "unroll 8");

    Process second(fixture);
    CHECK_FALSE(second.schedules.empty());
    CHECK(second.schedules.find("a kernel") == "unroll 8");
    CHECK(second.schedules.find("another\nkernel") == "unroll 4");
    CHECK_FALSE(second.schedules.find("a third kernel"));
    CHECK(second.schedules.file() == fixture.file);
    CHECK(fixture.warnings.messages.empty());
}

TEST_CASE("what several processes keep is in the file together") {
    Fixture fixture;
    Process first(fixture);
    Process second(fixture);
    CHECK(first.schedules.empty());
    CHECK(second.schedules.empty());
    first.schedules.keep("one", "1");
    second.schedules.keep("two", "2");
    Process third(fixture);
    CHECK(third.schedules.find("one") == "1");
    CHECK(third.schedules.find("two") == "2");
}

TEST_CASE("a schedule that is kept only here, or without a folder, is in no file") {
    Fixture fixture;
    Process process(fixture);
    process.schedules.keep("one", "1", true);
    CHECK(process.schedules.find("one") == "1");
    CHECK_FALSE(fs::exists(fixture.file));

    fixture.path.clear();
    Process without(fixture);
    without.schedules.keep("one", "1");
    CHECK(without.schedules.find("one") == "1");
    CHECK(without.schedules.file().empty());
    CHECK(fixture.warnings.messages.empty());
}

TEST_CASE("a damaged file costs one warning and is written anew") {
    Fixture fixture;
    Process(fixture).schedules.keep("one", "unroll 1");
    const std::vector<std::byte> sound = read_file(fixture.file).value();
    for (std::size_t i = 0; i < sound.size(); i += 7) {
        std::vector<std::byte> damaged = sound;
        damaged[i] ^= std::byte{1};
        write_file(fixture.file, damaged);
        CHECK_FALSE(Process(fixture).schedules.find("one"));
    }
    for (const std::string text : {"", "unroll 1\n", "checksum 0\n"}) {
        write_file(fixture.file, bytes_of(text));
        CHECK_FALSE(Process(fixture).schedules.find("one"));
    }
    fixture.warnings.messages.clear();
    Process process(fixture);
    CHECK_FALSE(process.schedules.find("one"));
    process.schedules.keep("two", "unroll 2");
    CHECK(fixture.warnings.messages.size() == 1);
    CHECK(fixture.warnings.mention("damaged"));
    CHECK(Process(fixture).schedules.find("two") == "unroll 2");
}

TEST_CASE("a file that others can write to is not read") {
    Fixture fixture;
    Process(fixture).schedules.keep("one", "unroll 1");
    fs::permissions(fixture.file, fs::perms::others_write, fs::perm_options::add);
    CHECK_FALSE(Process(fixture).schedules.find("one"));
    CHECK(fixture.warnings.mention("is ignored"));
}

TEST_CASE("a full disk costs one warning") {
    Fixture fixture;
    Process process(fixture);
    {
        const FullDisk full;
        process.schedules.keep("one", "1");
        process.schedules.keep("two", "2");
    }
    CHECK(process.schedules.find("one") == "1");
    CHECK(fixture.warnings.messages.size() == 1);
}
