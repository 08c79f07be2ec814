#include "codegen/runtime/disk_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/codegen/runtime_fixtures.h"

using namespace latent::codegen::runtime;
using namespace latent::codegen::runtime::testing;
namespace fs = std::filesystem;

namespace {

const std::string key = "build 1\nthe kernel's request";

KernelImage sample_image(std::size_t size = 1000) {
    KernelImage image;
    image.shared_object.resize(size, std::byte{0x5A});
    image.notes = {{"schedule", "vectorize(x, 8)\n"}, {"empty", ""}};
    return image;
}

struct Fixture {
    TemporaryFolder temporary;
    fs::path folder = temporary.path() / "a" / "cache";
    Warnings warnings;

    DiskCache cache(std::uint64_t limit = DiskCache::default_byte_limit) {
        return DiskCache({folder, limit, warnings.handler()});
    }
    fs::path file(const std::string& of = key) const { return folder / DiskCache::file_name(of); }
    void age(const std::string& of, int seconds) const {
        fs::last_write_time(file(of),
                            fs::file_time_type::clock::now() - std::chrono::seconds(seconds));
    }
};

}  // namespace

TEST_CASE("a stored kernel is found again with all that belongs to it", "[disk_cache]") {
    Fixture fixture;
    fixture.cache().store(key, sample_image());
    const auto image = fixture.cache().load(key);
    REQUIRE(image);
    CHECK(image->shared_object == sample_image().shared_object);
    CHECK(image->notes == sample_image().notes);
    CHECK_FALSE(fixture.cache().load("another key"));
    CHECK(fixture.warnings.messages.empty());
    CHECK((fs::status(fixture.folder).permissions() & fs::perms::mask) == fs::perms::owner_all);
    CHECK(std::distance(fs::directory_iterator(fixture.folder), {}) == 1);
}

TEST_CASE("looking into a cache that does not exist makes no folder and no noise", "[disk_cache]") {
    Fixture fixture;
    CHECK_FALSE(fixture.cache().load(key));
    fixture.cache().clear();
    CHECK_FALSE(fs::exists(fixture.folder));
    CHECK(fixture.warnings.messages.empty());
}

TEST_CASE("a cache without a folder keeps nothing", "[disk_cache]") {
    Warnings warnings;
    DiskCache cache({{}, 1000, warnings.handler()});
    cache.store(key, sample_image());
    CHECK_FALSE(cache.load(key));
    CHECK(warnings.messages.empty());
}

TEST_CASE("the environment says where the cache is", "[disk_cache]") {
    const ScopedEnvironment off("LATENT_CACHE", nullptr);
    const ScopedEnvironment size("LATENT_CACHE_SIZE", "3M");
    const ScopedEnvironment home("HOME", "/home/someone");
    const ScopedEnvironment no_cache_home("XDG_CACHE_HOME", nullptr);
    const ScopedEnvironment no_folder("LATENT_CACHE_DIR", nullptr);
    CHECK(DiskCache::options_from_environment().folder == "/home/someone/.cache/latent");
    CHECK(DiskCache::options_from_environment().byte_limit == 3 << 20);
    const ScopedEnvironment cache_home("XDG_CACHE_HOME", "/var/someone");
    CHECK(DiskCache::options_from_environment().folder == "/var/someone/latent");
    const ScopedEnvironment folder("LATENT_CACHE_DIR", "/elsewhere");
    CHECK(DiskCache::options_from_environment().folder == "/elsewhere");
    const ScopedEnvironment really_off("LATENT_CACHE", "off");
    CHECK(DiskCache::options_from_environment().folder.empty());
}

TEST_CASE("a truncated cache file is a miss, whatever its length", "[disk_cache]") {
    Fixture fixture;
    fixture.cache().store(key, sample_image());
    const auto whole = read_file(fixture.file()).value();
    for (std::size_t length = 0; length < whole.size(); length += length < 200 ? 1 : 97) {
        REQUIRE(write_file(fixture.file(), std::span(whole).first(length)));
        CAPTURE(length);
        fixture.warnings.messages.clear();
        REQUIRE_FALSE(fixture.cache().load(key));
        REQUIRE(fixture.warnings.messages.size() == 1);
    }
    CHECK(fixture.warnings.mention("is damaged"));
}

TEST_CASE("a cache file with a changed byte is a miss, wherever it is", "[disk_cache]") {
    Fixture fixture;
    fixture.cache().store(key, sample_image());
    const auto whole = read_file(fixture.file()).value();
    for (std::size_t position = 0; position < whole.size(); position += position < 200 ? 1 : 89) {
        auto changed = whole;
        changed[position] ^= std::byte{0x10};
        REQUIRE(write_file(fixture.file(), changed));
        CAPTURE(position);
        REQUIRE_FALSE(fixture.cache().load(key));
    }
    CHECK(fixture.warnings.mention("is damaged"));
    auto longer = whole;
    longer.push_back(std::byte{0});
    REQUIRE(write_file(fixture.file(), longer));
    CHECK_FALSE(fixture.cache().load(key));
}

TEST_CASE("damage is warned about once and mended by storing again", "[disk_cache]") {
    Fixture fixture;
    DiskCache cache = fixture.cache();
    for (int round = 0; round < 3; ++round) {
        cache.store(key, sample_image());
        REQUIRE(cache.load(key));
        REQUIRE(write_file(fixture.file(), bytes_of("garbage")));
        CHECK_FALSE(cache.load(key));
    }
    CHECK(fixture.warnings.messages.size() == 1);
}

TEST_CASE("a file for another key under the same name is a quiet miss", "[disk_cache]") {
    Fixture fixture;
    fixture.cache().store("another key", sample_image());
    fs::rename(fixture.file("another key"), fixture.file());
    CHECK_FALSE(fixture.cache().load(key));
    CHECK(fixture.warnings.messages.empty());
}

TEST_CASE("a folder or file that others can write to is ignored with one warning", "[disk_cache]") {
    Fixture fixture;
    DiskCache cache = fixture.cache();
    cache.store(key, sample_image());
    const auto check_ignored = [&] {
        DiskCache fresh = fixture.cache();
        fixture.warnings.messages.clear();
        CHECK_FALSE(fresh.load(key));
        CHECK_FALSE(fresh.load(key));
        CHECK(fixture.warnings.messages.size() == 1);
        CHECK(fixture.warnings.mention("is ignored"));
    };
    for (const mode_t mode : {0770, 0707, 0777}) {
        chmod(fixture.folder.c_str(), mode);
        check_ignored();
    }
    chmod(fixture.folder.c_str(), 0700);
    chmod(fixture.file().c_str(), 0666);
    check_ignored();
    chmod(fixture.file().c_str(), 0600);
    CHECK(fixture.cache().load(key));
    if (geteuid() == 0) {  // only root can give files away
        REQUIRE(chown(fixture.file().c_str(), 65534, 65534) == 0);
        check_ignored();
        REQUIRE(chown(fixture.file().c_str(), 0, 0) == 0);
        REQUIRE(chown(fixture.folder.c_str(), 65534, 65534) == 0);
        check_ignored();
    }
}

TEST_CASE("a cache file that is a link or a pipe is not followed", "[disk_cache]") {
    Fixture fixture;
    fixture.cache().store(key, sample_image());
    fs::rename(fixture.file(), fixture.folder / "elsewhere");
    fs::create_symlink("elsewhere", fixture.file());
    CHECK_FALSE(fixture.cache().load(key));
    CHECK(fixture.warnings.messages.size() == 1);
    fs::remove(fixture.file());
    REQUIRE(mkfifo(fixture.file().c_str(), 0600) == 0);
    CHECK_FALSE(fixture.cache().load(key));
    fs::remove(fixture.file());
    fs::create_directory(fixture.file());
    CHECK_FALSE(fixture.cache().load(key));
    fixture.cache().store(key, sample_image());
}

TEST_CASE("a folder that cannot be made or written is warned about once", "[disk_cache]") {
    Fixture fixture;
    fs::create_directories(fixture.folder.parent_path().parent_path());
    REQUIRE(write_file(fixture.folder.parent_path(), bytes_of("a file where a folder should be")));
    DiskCache cache = fixture.cache();
    cache.store(key, sample_image());
    cache.store(key, sample_image());
    CHECK_FALSE(cache.load(key));
    CHECK(fixture.warnings.messages.size() == 1);
    CHECK(fixture.warnings.mention("not kept on disk"));
    if (geteuid() != 0) {  // root writes anywhere
        Fixture read_only;
        read_only.cache().store(key, sample_image());
        chmod(read_only.folder.c_str(), 0500);
        read_only.cache().store("another key", sample_image());
        CHECK(read_only.warnings.messages.size() == 1);
        CHECK(read_only.cache().load(key));
        chmod(read_only.folder.c_str(), 0700);
    }
}

TEST_CASE("a full disk is warned about once and leaves no rest", "[disk_cache]") {
    Fixture fixture;
    DiskCache cache = fixture.cache();
    cache.store("small", sample_image(10));
    {
        const FullDisk full(500);
        cache.store(key, sample_image());
        cache.store(key, sample_image());
    }
    CHECK(fixture.warnings.messages.size() == 1);
    CHECK(fixture.warnings.mention("cannot write to"));
    CHECK(std::distance(fs::directory_iterator(fixture.folder), {}) == 1);
    CHECK_FALSE(cache.load(key));
    CHECK(cache.load("small"));
    cache.store(key, sample_image());
    CHECK(cache.load(key));
}

TEST_CASE("the kernels used least recently go when the cache is full", "[disk_cache]") {
    Fixture fixture;
    {
        DiskCache cache = fixture.cache();
        for (const char* name : {"a", "b", "c"}) {
            cache.store(name, sample_image());
        }
    }
    fixture.age("a", 300);
    fixture.age("b", 200);
    fixture.age("c", 100);
    REQUIRE(fixture.cache().load("a"));  // used: now b is the oldest
    REQUIRE(write_file(fixture.folder / "notes.txt", bytes_of("not ours")));
    const std::uint64_t one = fs::file_size(fixture.file("a"));
    DiskCache cache = fixture.cache(3 * one);
    cache.store("d", sample_image());
    CHECK_FALSE(cache.load("b"));
    for (const char* name : {"a", "c", "d"}) {
        CHECK(cache.load(name));
    }
    fixture.age("c", 100);
    cache.store("e", sample_image());
    CHECK_FALSE(cache.load("c"));
    CHECK(cache.load("e"));
    cache.clear();
    CHECK_FALSE(cache.load("e"));
    CHECK(fs::exists(fixture.folder / "notes.txt"));
    CHECK(fixture.warnings.messages.empty());
}

TEST_CASE("what a process that died left half written is removed in time", "[disk_cache]") {
    Fixture fixture;
    fixture.cache().store(key, sample_image());
    const fs::path old = fixture.folder / "x.kernel.1.0.tmp";
    const fs::path young = fixture.folder / "y.kernel.1.0.tmp";
    REQUIRE(write_file(old, bytes_of("half")));
    REQUIRE(write_file(young, bytes_of("half")));
    fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
    fixture.cache().store("another key", sample_image());
    CHECK_FALSE(fs::exists(old));
    CHECK(fs::exists(young));
}

TEST_CASE("several threads and instances share a folder", "[disk_cache][concurrency]") {
    Fixture fixture;
    DiskCache one = fixture.cache(8000);
    DiskCache two = fixture.cache(8000);
    std::atomic<int> wrong{0};
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&, thread] {
                DiskCache& cache = thread % 2 == 0 ? one : two;
                for (int i = 0; i < 50; ++i) {
                    const std::string name = "k" + std::to_string((i + thread) % 12);
                    cache.store(name, sample_image());
                    const auto image = cache.load(name);
                    if (image && image->shared_object != sample_image().shared_object) {
                        ++wrong;
                    }
                }
            });
        }
    }
    CHECK(wrong == 0);
    CHECK(fixture.warnings.messages.empty());
}
