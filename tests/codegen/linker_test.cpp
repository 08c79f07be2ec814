#include "codegen/runtime/linker.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "codegen/runtime/shared_object.h"
#include "ir/errors.h"
#include "tests/codegen/runtime_fixtures.h"

using namespace latent::codegen::runtime;
using namespace latent::codegen::runtime::testing;
using Catch::Contains;

namespace {

using Entry = int (*)(void** arguments);

int result_of(const SharedObject& library, const std::string& symbol) {
    int value = 0;
    void* arguments[] = {nullptr, &value};
    REQUIRE(reinterpret_cast<Entry>(library.symbol(symbol))(arguments) == 0);
    return value;
}

}  // namespace

TEST_CASE("a linked object loads and runs", "[linker]") {
    const auto object = compile_fake_kernel(store_kernel(7), "k");
    const auto bytes = link_kernel(find_linker(), object, "k");
    CHECK(result_of(SharedObject::load(bytes, "k"), "k_argv") == 7);
    CHECK(result_of(SharedObject::load(bytes, "k", LoadSource::temporary_file), "k_argv") == 7);
}

TEST_CASE("every linker at hand makes a kernel that runs", "[linker]") {
    const auto object = compile_fake_kernel(store_kernel(7), "k");
    for (const char* name : {"ld", "ld.bfd", "ld.gold", "ld.lld", "mold", "cc", "gcc", "clang"}) {
        const auto path = std::filesystem::path("/usr/bin") / name;
        if (access(path.c_str(), X_OK) != 0) {
            continue;
        }
        CAPTURE(name);
        for (const std::string& value : {path.string(), std::string(name)}) {
            const ScopedEnvironment linker("LATENT_LINKER", value);
            CHECK(find_linker().program == path);
            CHECK(result_of(SharedObject::load(link_kernel(find_linker(), object, "k"), "k"),
                            "k_argv") == 7);
        }
    }
}

TEST_CASE("of an object with several kernels each is linked alone, by every linker at hand",
          "[linker]") {
    // The second has a task, a function of its own section, as parallel loops have.
    const std::string with_task =
        "__attribute__((noinline)) int two_task(int* value) { return *value = 2; }"
        "int ENTRY(void** arguments) { return two_task(arguments[1]) - 2; }";
    const std::vector<CompileRequest> kernels = {
        {store_kernel(1), "one"}, {with_task, "two"}, {store_kernel(3), "three"}};
    const auto object = compile_fake_kernels(kernels);
    for (const char* name : {"ld", "ld.bfd", "ld.gold", "ld.lld", "mold", "cc", "gcc", "clang"}) {
        const auto path = std::filesystem::path("/usr/bin") / name;
        if (access(path.c_str(), X_OK) != 0) {
            continue;
        }
        CAPTURE(name);
        const ScopedEnvironment linker("LATENT_LINKER", path.string());
        for (std::size_t i = 0; i < kernels.size(); ++i) {
            const std::string& symbol = kernels[i].symbol;
            const auto library =
                SharedObject::load(link_kernel(find_linker(), object, symbol), symbol);
            CHECK(result_of(library, symbol + "_argv") == static_cast<int>(i) + 1);
            for (const CompileRequest& other : kernels) {
                if (other.symbol != symbol) {
                    CHECK_THROWS(library.symbol(other.symbol + "_argv"));
                }
            }
        }
        CHECK(
            link_kernel(find_linker(), object, "one").size() ==
            link_kernel(find_linker(), compile_fake_kernel(store_kernel(1), "one"), "one").size());
    }
}

TEST_CASE("kernels that are loaded one after another stay apart", "[linker]") {
    const auto one = link_kernel(find_linker(), compile_fake_kernel(store_kernel(1), "k"), "k");
    const auto two = link_kernel(find_linker(), compile_fake_kernel(store_kernel(2), "k"), "k");
    const SharedObject first = SharedObject::load(one, "k");
    const SharedObject second = SharedObject::load(two, "k");
    CHECK(result_of(first, "k_argv") == 1);
    CHECK(result_of(second, "k_argv") == 2);
}

TEST_CASE("a missing linker is an error that says what to do", "[linker]") {
    {
        const ScopedEnvironment linker("LATENT_LINKER", nullptr);
        const ScopedEnvironment path("PATH", "/nonexistent");
        CHECK_THROWS_AS(find_linker(), latent::CompileError);
        CHECK_THROWS_WITH(find_linker(), Contains("binutils") && Contains("LATENT_CACHE_DIR"));
    }
    {
        const ScopedEnvironment linker("LATENT_LINKER", nullptr);
        const ScopedEnvironment path("PATH", nullptr);
        CHECK_THROWS_AS(find_linker(), latent::CompileError);
    }
    for (const char* name : {"/nonexistent/ld", "no-such-linker", "/", "/etc/passwd"}) {
        const ScopedEnvironment linker("LATENT_LINKER", name);
        CHECK_THROWS_WITH(find_linker(), Contains(std::string("LATENT_LINKER=") + name));
    }
}

TEST_CASE("a linker that fails is quoted", "[linker]") {
    CHECK_THROWS_AS(link_kernel(find_linker(), to_bytes("no object"), "k"), latent::CompileError);
    CHECK_THROWS_WITH(link_kernel(find_linker(), to_bytes("no object"), "k"), Contains("kernel.o"));
    CHECK_THROWS_WITH(link_kernel({"/bin/false"}, to_bytes("no object"), "k"),
                      Contains("/bin/false failed"));
    CHECK_THROWS_WITH(link_kernel({"/nonexistent/ld"}, to_bytes("no object"), "k"),
                      Contains("cannot start the linker"));
    // Claims success but makes nothing.
    CHECK_THROWS_WITH(link_kernel({"/bin/true"}, to_bytes("no object"), "k"),
                      Contains("/bin/true failed"));
}

TEST_CASE("linking leaves no files behind, even where it fails", "[linker]") {
    const auto object = compile_fake_kernel(store_kernel(7), "k");
    const TemporaryFolder folder;
    const ScopedEnvironment temporary("TMPDIR", folder.path().string());
    link_kernel(find_linker(), object, "k");
    CHECK_THROWS(link_kernel(find_linker(), to_bytes("no object"), "k"));
    CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a full disk and a missing temporary folder are clear errors", "[linker]") {
    const auto object = compile_fake_kernel(store_kernel(7), "k");
    const Linker linker = find_linker();
    {
        const ScopedEnvironment temporary("TMPDIR", "/nonexistent");
        CHECK_THROWS_AS(link_kernel(linker, object, "k"), latent::CompileError);
        CHECK_THROWS_WITH(link_kernel(linker, object, "k"), Contains("TMPDIR"));
    }
    std::string message;
    try {
        const FullDisk full;
        link_kernel(linker, object, "k");
    } catch (const latent::CompileError& error) {
        message = error.what();
    }
    CHECK_THAT(message, Contains("free some space"));
    // Room for the inputs, none for the output.
    message.clear();
    try {
        const FullDisk full(std::max<std::size_t>(object.size(), 3000));
        link_kernel(linker, object, "k");
    } catch (const latent::CompileError& error) {
        message = error.what();
    }
    CHECK_THAT(message, Contains("failed"));
}

TEST_CASE("bytes that are no shared object, or lack the entry, are errors", "[linker]") {
    CHECK_THROWS_AS(SharedObject::load(to_bytes("nonsense"), "k"), latent::CompileError);
    CHECK_THROWS_WITH(SharedObject::load({}, "my_kernel"), Contains("my_kernel"));
    const auto bytes = link_kernel(find_linker(), compile_fake_kernel(store_kernel(7), "k"), "k");
    CHECK_THROWS_WITH(SharedObject::load(bytes, "k").symbol("other_argv"), Contains("other_argv"));
}

TEST_CASE("a kernel that needs an unknown function is refused when it is loaded", "[linker]") {
    const auto object = compile_fake_kernel(
        "void no_such_function(void); int ENTRY(void** arguments) "
        "{ no_such_function(); return arguments == 0; }",
        "k");
    CHECK_THROWS_WITH(SharedObject::load(link_kernel(find_linker(), object, "k"), "k"),
                      Contains("no_such_function"));
}
