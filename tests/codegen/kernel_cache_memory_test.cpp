#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "codegen/runtime/kernel_cache.h"
#include "ir/errors.h"
#include "tests/codegen/failing_allocation.h"
#include "tests/codegen/runtime_fixtures.h"

using namespace latent::codegen::runtime;
using namespace latent::codegen::runtime::testing;

TEST_CASE("kernels that memory ran out for before they were compiled are tried again later",
          "[kernel_cache]") {
    const TemporaryFolder folder;
    Warnings warnings;
    const std::vector<std::string> requests = {store_kernel(1), store_kernel(2), store_kernel(3)};
    bool has_failed = true;
    for (std::size_t before = 0; has_failed; ++before) {
        auto compiler = std::make_unique<FakeCompiler>();
        compiler->before_compile = [] { throw latent::CompileError("asked to compile"); };
        KernelCache cache(
            {.disk = {.folder = folder.path(), .warn = warnings.handler()}, .build_id = "1"},
            std::move(compiler));
        {
            const FailingAllocation failing(before);
            try {
                const auto kernels = cache.get_all(requests);
            } catch (const std::exception&) {
                has_failed = failing.has_failed();
            }
        }
        INFO("after " << before << " allocations");
        for (const std::string& request : requests) {
            CHECK_THROWS_WITH(cache.get(request), Catch::Contains("asked to compile"));
        }
    }
}
