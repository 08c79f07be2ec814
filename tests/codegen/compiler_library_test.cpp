#include "codegen/runtime/compiler_library.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "ir/errors.h"
#include "tests/codegen/runtime_fixtures.h"

using namespace latent::codegen::runtime;
using namespace latent::codegen::runtime::testing;
using Catch::Contains;

namespace {

// Delivers the requests, one after the other, as object and says which notes it was asked for,
// beside each symbol; fails where a request starts with '!'.
constexpr const char* fake_library = R"(
#include "codegen/compiler/compiler_api.h"
#include <stdio.h>
#include <string.h>
const char* latent_compiler_build_id(void) { return BUILD_ID; }
int latent_compile_kernels(const struct latent_compile_request* requests, size_t count,
                           unsigned notes, const struct latent_compile_sink* sink, char* error,
                           size_t capacity) {
    char object[256];
    size_t size = 0;
    for (size_t i = 0; i < count; ++i) {
        if (requests[i].size > 0 && requests[i].text[0] == '!') {
            snprintf(error, capacity, "cannot lower %s", requests[i].symbol);
            return 1;
        }
        memcpy(object + size, requests[i].text, requests[i].size);
        size += requests[i].size;
        char text[32];
        const int length = snprintf(text, sizeof(text), "%u for %s", notes, requests[i].symbol);
        if (notes) sink->note(sink->context, i, "asked", text, (size_t)length);
    }
    if (sink->object) sink->object(sink->context, object, size);
    return 0;
}
)";

struct Fixture {
    TemporaryFolder folder;

    std::string library(const std::string& build_id) const {
        const std::string path = folder.path() / ("lib" + build_id + ".so");
        const std::string root =
            std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
        const auto bytes =
            compile_c(fake_library, "-shared -I" + root + " -DBUILD_ID='\"" + build_id + "\"'");
        REQUIRE(write_file(path, bytes));
        return path;
    }
};

}  // namespace

TEST_CASE("the compiler is loaded from the first path that has one of this build",
          "[compiler_library]") {
    const Fixture fixture;
    const std::string wrong = fixture.library("other");
    const std::string right = fixture.library("mine");
    CompilerLibrary compiler({"/nonexistent/a.so", wrong, right}, "mine");
    const std::vector<CompileRequest> requests = {{"one,", "a"}, {"two", "b"}};
    const CompiledObject compiled =
        compiler.compile(requests, latent_note_schedule | latent_note_assembly);
    CHECK(compiled.object == to_bytes("one,two"));
    CHECK(compiled.notes ==
          std::vector<KernelNotes>{{{"asked", "9 for a"}}, {{"asked", "9 for b"}}});
    CHECK(compiler.describe(requests[1], latent_note_loop_nest) ==
          KernelNotes{{"asked", "2 for b"}});
    CHECK(compiler.compile(requests, 0).notes == std::vector<KernelNotes>(2));
}

TEST_CASE("what the compiler reports becomes a CompileError", "[compiler_library]") {
    const Fixture fixture;
    CompilerLibrary compiler({fixture.library("mine")}, "mine");
    const std::vector<CompileRequest> requests = {{"", "other"}, {"!", "my_kernel"}};
    CHECK_THROWS_AS(compiler.compile(requests, 0), latent::CompileError);
    CHECK_THROWS_WITH(compiler.compile(requests, 0), Contains("cannot lower my_kernel"));
    CHECK_THROWS_WITH(compiler.describe(requests[1], 1), Contains("cannot lower my_kernel"));
    CHECK_THROWS_WITH(compiler.compile({requests.data(), 1}, 0), Contains("no object"));
}

TEST_CASE("a compiler that is not found is an error with the reason for each path",
          "[compiler_library]") {
    const Fixture fixture;
    const std::string garbage = fixture.folder.path() / "garbage.so";
    REQUIRE(write_file(garbage, bytes_of("no library")));
    const std::string unrelated = fixture.folder.path() / "unrelated.so";
    REQUIRE(write_file(unrelated, compile_c("int x;", "-shared")));
    CompilerLibrary compiler(
        {"/nonexistent/a.so", garbage, unrelated, fixture.library("other"), "libno-such-name.so"},
        "mine");
    const std::vector<CompileRequest> requests = {{"request", "k"}};
    CHECK_THROWS_AS(compiler.compile(requests, 0), latent::CompileError);
    CHECK_THROWS_WITH(compiler.compile(requests, 0),
                      Contains("LATENT_COMPILER") && Contains("/nonexistent/a.so: no such file") &&
                          Contains("unrelated.so: not a kernel compiler") &&
                          Contains("another build of Latent") && Contains("libno-such-name.so: "));
}

TEST_CASE("the environment can name the compiler", "[compiler_library]") {
    {
        const ScopedEnvironment path("LATENT_COMPILER", "/somewhere/lib.so");
        CHECK(CompilerLibrary::default_paths() ==
              std::vector<std::filesystem::path>{"/somewhere/lib.so"});
    }
    const ScopedEnvironment path("LATENT_COMPILER", nullptr);
    const auto paths = CompilerLibrary::default_paths();
    CHECK(paths.size() >= 3);
    CHECK_FALSE(paths.back().has_parent_path());
}
