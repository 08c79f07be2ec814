#include "codegen/runtime/kernel_cache.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <numeric>
#include <thread>

#include "codegen/runtime/compile_batches.h"
#include "codegen/runtime/compile_effort.h"
#include "codegen/runtime/context.h"
#include "ir/errors.h"
#include "tests/codegen/runtime_fixtures.h"

using namespace latent::codegen::runtime;
using namespace latent::codegen::runtime::testing;
using Catch::Contains;

namespace {

struct Fixture {
    TemporaryFolder folder;
    Warnings warnings;
    FakeCompiler* compiler = nullptr;  // of the cache made last

    KernelCache::Options options(const std::string& build_id = "1") {
        return {.disk = {.folder = folder.path(), .warn = warnings.handler()},
                .build_id = build_id};
    }
    std::unique_ptr<KernelCache> cache(const std::string& build_id = "1") {
        auto fake = std::make_unique<FakeCompiler>();
        compiler = fake.get();
        return std::make_unique<KernelCache>(options(build_id), std::move(fake));
    }
};

int run(const Kernel& kernel) {
    MemoryPool memory;
    ThreadPool threads(1);
    int value = 0;
    void* arguments[] = {nullptr, &value};
    kernel.run(arguments, {memory, threads});
    return value;
}

}  // namespace

TEST_CASE("a kernel is compiled once, then found in memory, then on disk", "[kernel_cache]") {
    Fixture fixture;
    const auto cache = fixture.cache();
    const auto kernel = cache->get(store_kernel(5));
    CHECK(run(*kernel) == 5);
    CHECK_FALSE(kernel->origin().from_disk);
    CHECK(kernel->origin().compile.count() > 0);
    CHECK(cache->get(store_kernel(5)) == kernel);
    CHECK(cache->statistics().kernels_compiled == 1);
    CHECK(cache->statistics().memory_hits == 1);
    cache->clear();
    const auto again = cache->get(store_kernel(5));
    CHECK(again != kernel);
    CHECK(again->origin().from_disk);
    CHECK(again->notes() == kernel->notes());
    CHECK(again->shared_object_size() == kernel->shared_object_size());
    CHECK(again->symbol() == kernel->symbol());
    CHECK(run(*again) == 5);
    CHECK(run(*kernel) == 5);
    CHECK(cache->statistics().kernels_compiled == 1);
    CHECK(cache->statistics().disk_hits == 1);
    CHECK(fixture.compiler->calls == 1);
    CHECK(fixture.warnings.messages.empty());
}

TEST_CASE("a second process compiles nothing and needs no linker", "[kernel_cache]") {
    Fixture fixture;
    fixture.cache()->get(store_kernel(6));
    const pid_t child = fork();
    if (child == 0) {
        setenv("PATH", "/nonexistent", 1);
        const auto cache = fixture.cache();
        const bool right = run(*cache->get(store_kernel(6))) == 6 && fixture.compiler->calls == 0 &&
                           cache->statistics().disk_hits == 1;
        _exit(right ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

TEST_CASE("requests and builds have kernels of their own", "[kernel_cache]") {
    Fixture fixture;
    const auto cache = fixture.cache();
    CHECK(cache->get(store_kernel(1))->symbol() != cache->get(store_kernel(2))->symbol());
    CHECK(run(*cache->get(store_kernel(1))) == 1);
    CHECK(run(*cache->get(store_kernel(2))) == 2);
    const auto other = fixture.cache("2");
    other->get(store_kernel(1));
    CHECK(other->statistics().kernels_compiled == 1);
}

TEST_CASE("many kernels are asked for at once, some twice", "[kernel_cache][concurrency]") {
    Fixture fixture;
    const auto cache = fixture.cache();
    cache->get(store_kernel(3));
    std::vector<std::string> requests;
    for (const int value : {1, 2, 3, 4, 2, 1}) {
        requests.push_back(store_kernel(value));
    }
    const auto kernels = cache->get_all(requests);
    REQUIRE(kernels.size() == 6);
    for (std::size_t i = 0; i < kernels.size(); ++i) {
        CHECK(kernels[i]->request() == requests[i]);
    }
    CHECK(run(*kernels[3]) == 4);
    CHECK(kernels[1] == kernels[4]);
    CHECK(cache->statistics().kernels_compiled == 4);
    CHECK(cache->statistics().memory_hits == 3);
    CHECK(cache->get_all({}).empty());
}

TEST_CASE("missing kernels are compiled in parallel", "[kernel_cache][concurrency]") {
    if (hardware_threads() < 2) {
        return;
    }
    Fixture fixture;
    const auto cache = fixture.cache();
    std::atomic<int> inside{0};
    std::atomic<bool> met{false};
    fixture.compiler->before_compile = [&] {
        ++inside;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (inside < 2 && std::chrono::steady_clock::now() < deadline) {
            std::this_thread::yield();
        }
        met = inside >= 2;
    };
    const std::vector<std::string> requests = {store_kernel(1), store_kernel(2)};
    cache->get_all(requests);
    CHECK(met);
}

TEST_CASE("where more kernels are missing than there are threads, some are compiled together",
          "[kernel_cache]") {
    Fixture fixture;
    const int count = 4 * hardware_threads();
    std::vector<std::string> requests;
    for (int value = 0; value < count; ++value) {
        requests.push_back(store_kernel(value));
    }
    const auto cache = fixture.cache();
    const auto kernels = cache->get_all(requests);
    CHECK(fixture.compiler->calls < count);
    // Each has an entry of its own, here and on the disk.
    const auto again = fixture.cache();
    for (int value = 0; value < count; ++value) {
        const auto& kernel = kernels[static_cast<std::size_t>(value)];
        CHECK(run(*kernel) == value);
        CHECK(kernel->notes().at("schedule") == "schedule of " + store_kernel(value));
        CHECK(kernel->origin().compile.count() > 0);
        CHECK(run(*again->get(store_kernel(value))) == value);
    }
    CHECK(again->statistics().disk_hits == static_cast<std::uint64_t>(count));
    CHECK(fixture.compiler->calls == 0);
}

TEST_CASE("a kernel that fails among others has an error of its own, and they are made",
          "[kernel_cache]") {
    Fixture fixture;
    const auto cache = fixture.cache();
    const int count = 4 * hardware_threads();
    std::vector<std::string> requests = {"an unknown op"};
    for (int value = 1; value < count; ++value) {
        requests.push_back(store_kernel(value));
    }
    CHECK_THROWS_WITH(cache->get_all(requests), Contains("cannot lower an unknown op"));
    CHECK(cache->statistics().kernels_compiled == static_cast<std::uint64_t>(count - 1));
    for (int value = 1; value < count; ++value) {
        CHECK(run(*cache->get(store_kernel(value))) == value);
    }
    CHECK(cache->statistics().kernels_compiled == static_cast<std::uint64_t>(count - 1));
    CHECK_THROWS_WITH(cache->get("an unknown op"), Contains("cannot lower an unknown op"));
}

namespace {

/// Compiles no two kernels together, and waits for a time until the first two are compiled at once.
class CompilerOfOne final : public FakeCompiler {
  public:
    CompilerOfOne(std::span<const std::string> requests, std::atomic<bool>& met)
        : requests_(requests), met_(met) {}

    CompiledObject compile(std::span<const CompileRequest> requests, unsigned notes) override {
        if (requests.size() > 1) {
            throw latent::CompileError("too many");
        }
        if (requests[0].text == requests_[0] || requests[0].text == requests_[1]) {
            if (++inside_ == 2) {
                met_ = true;
            }
            const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
            while (!met_ && std::chrono::steady_clock::now() < deadline) {
                std::this_thread::yield();
            }
            --inside_;
        }
        return FakeCompiler::compile(requests, notes);
    }

  private:
    const std::span<const std::string> requests_;
    std::atomic<bool>& met_;
    std::atomic<int> inside_{0};
};

}  // namespace

TEST_CASE("the kernels of a batch that fails are compiled in parallel",
          "[kernel_cache][concurrency]") {
    if (hardware_threads() < 2) {
        return;
    }
    const Fixture fixture;
    const int count = 6 * hardware_threads();
    std::vector<std::string> requests;
    for (int value = 0; value < count; ++value) {
        requests.push_back(store_kernel(value));
    }
    std::atomic<bool> met{false};
    KernelCache cache({.disk = {}, .build_id = "1"},
                      std::make_unique<CompilerOfOne>(requests, met));
    const auto kernels = cache.get_all(requests);
    CHECK(met);
    for (int value = 0; value < count; ++value) {
        CHECK(run(*kernels[static_cast<std::size_t>(value)]) == value);
    }
}

TEST_CASE("batches hold all kernels in order and leave small ones for the end", "[kernel_cache]") {
    using Sizes = std::vector<std::size_t>;
    const std::vector<double> efforts = {250, 100, 100, 100, 100, 100, 100, 60, 60, 60,
                                         60,  40,  40,  40,  40,  40,  30,  30, 30, 30};
    CHECK(compile_batches({}, 2) == Sizes());
    CHECK(compile_batches(efforts, 20) == Sizes(20, 1));
    CHECK(compile_batches({efforts.data(), 3}, 4) == Sizes(3, 1));
    CHECK(compile_batches({efforts.data(), 3}, 1) == Sizes{3});  // nobody waits for its end
    for (const std::size_t threads : {1, 2, 3, 4}) {
        const Sizes sizes = compile_batches(efforts, threads);
        CHECK(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}) == efforts.size());
        CHECK(sizes.size() >= threads);
        CHECK(sizes.size() < efforts.size());
        CHECK((threads == 1 || sizes.back() == 1));
    }
    CHECK(compile_batches(std::vector<double>(100, 50.0), 1).size() > 4);  // memory has a limit
}

TEST_CASE("kernels that take long to compile come first", "[kernel_cache]") {
    const auto effort = [](const std::string& kind, int stages) {
        std::string request = "atom 0\n";
        for (int i = 0; i < stages; ++i) {
            request += "stage load f32 input 0\n";
        }
        return compile_effort(request + "schedule " + kind + " avx2\n");
    };
    CHECK(effort("row_chain", 5) > effort("contraction", 5));
    CHECK(effort("contraction", 5) > effort("row", 5));
    CHECK(effort("row", 5) > effort("pointwise", 5));
    CHECK(effort("pointwise", 90) > effort("contraction", 3));
}

TEST_CASE("overlapping requests for one kernel compile it once", "[kernel_cache][concurrency]") {
    Fixture fixture;
    const auto cache = fixture.cache();
    fixture.compiler->before_compile = [] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    };
    std::atomic<int> wrong{0};
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 6; ++thread) {
            threads.emplace_back([&, thread] {
                // In both orders, so that calls wait for each other's kernels.
                std::vector<std::string> requests = {store_kernel(1), store_kernel(2)};
                if (thread % 2 == 0) {
                    std::swap(requests[0], requests[1]);
                }
                for (const auto& kernel : cache->get_all(requests)) {
                    if (store_kernel(run(*kernel)) != kernel->request()) {
                        ++wrong;
                    }
                }
            });
        }
    }
    CHECK(wrong == 0);
    CHECK(fixture.compiler->calls == 2);
}

TEST_CASE("a failed compilation throws to all who asked and is tried again later",
          "[kernel_cache]") {
    Fixture fixture;
    const auto cache = fixture.cache();
    bool fail = true;
    fixture.compiler->before_compile = [&] {
        if (fail) {
            throw latent::CompileError("no such op");
        }
    };
    const std::vector<std::string> requests = {store_kernel(1), store_kernel(1)};
    CHECK_THROWS_AS(cache->get_all(requests), latent::CompileError);
    CHECK_THROWS_WITH(cache->get(store_kernel(1)), Contains("no such op"));
    fail = false;
    CHECK(run(*cache->get(store_kernel(1))) == 1);
    CHECK(cache->statistics().kernels_compiled == 1);
}

TEST_CASE("a damaged file in the cache only costs a compilation", "[kernel_cache]") {
    Fixture fixture;
    fixture.cache()->get(store_kernel(8));
    for (const auto& entry : std::filesystem::directory_iterator(fixture.folder.path())) {
        std::filesystem::resize_file(entry, std::filesystem::file_size(entry) / 2);
    }
    const auto cache = fixture.cache();
    CHECK(run(*cache->get(store_kernel(8))) == 8);
    CHECK(cache->statistics().kernels_compiled == 1);
    CHECK(fixture.warnings.messages.size() == 1);
    cache->clear();
    CHECK(run(*cache->get(store_kernel(8))) == 8);
    CHECK(cache->statistics().disk_hits == 1);
}

TEST_CASE("a sound file whose kernel does not load only costs a compilation", "[kernel_cache]") {
    Fixture fixture;
    const auto cache = fixture.cache();
    cache->disk().store(cache->key(store_kernel(8)), {to_bytes("no shared object"), {}});
    CHECK(run(*cache->get(store_kernel(8))) == 8);
    CHECK(cache->statistics().kernels_compiled == 1);
    CHECK(fixture.warnings.mention("compiled again"));
}

TEST_CASE("without a linker a kernel that must be compiled is an error", "[kernel_cache]") {
    Fixture fixture;
    const auto cache = fixture.cache();
    const ScopedEnvironment linker("LATENT_LINKER", "/nonexistent/ld");
    CHECK_THROWS_AS(cache->get(store_kernel(1)), latent::CompileError);
}

TEST_CASE("a cache that is foreign, off or full only costs time", "[kernel_cache]") {
    Fixture fixture;
    std::filesystem::permissions(fixture.folder.path(), std::filesystem::perms::all);
    const auto foreign = fixture.cache();
    for (int round = 0; round < 2; ++round) {
        CHECK(run(*foreign->get(store_kernel(1))) == 1);
        foreign->clear();
    }
    CHECK(foreign->statistics().kernels_compiled == 2);
    CHECK(fixture.warnings.messages.size() == 1);
    KernelCache off({.disk = {}, .build_id = "1"}, std::make_unique<FakeCompiler>());
    CHECK(run(*off.get(store_kernel(1))) == 1);
}

TEST_CASE("notes that kernels do not keep are asked of the compiler", "[kernel_cache]") {
    Fixture fixture;
    const auto notes = fixture.cache()->describe("request", latent_note_statement);
    CHECK(notes.at("statement") == "request with " + std::to_string(latent_note_statement));
}

TEST_CASE("a context counts launches, kernels and bytes", "[kernel_cache]") {
    Fixture fixture;
    Context context({.num_threads = 2, .kernels = fixture.options()},
                    std::make_unique<FakeCompiler>());
    const auto kernel = context.kernels().get(store_kernel(4));
    const auto storage = context.memory().make_storage(sizeof(int));
    void* arguments[] = {nullptr, storage->data()};
    context.launch(*kernel, arguments);
    context.launch(*kernel, arguments, false);
    const Counters counters = context.counters();
    CHECK(counters.launches == 2);
    CHECK(counters.kernels_compiled == 1);
    CHECK(counters.bytes_now == 64);
    CHECK(counters.bytes_peak == 64);
    CHECK(counters.allocations == 1);
}
