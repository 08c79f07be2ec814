#include "codegen/runtime/kernel.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

#include "codegen/runtime/linker.h"
#include "ir/errors.h"
#include "tests/codegen/runtime_fixtures.h"

using namespace latent::codegen::runtime;
using namespace latent::codegen::runtime::testing;
using Catch::Contains;

namespace {

Kernel make_kernel(const std::string& body) {
    const auto object = compile_fake_kernel(body, "k");
    KernelImage image{link_kernel(find_linker(), object, "k"), {{"schedule", "none"}}};
    return Kernel("k", body, std::move(image));
}

// Fills `int out[n]` with squares, in parallel, through scratch memory of each task.
constexpr const char* squares_kernel = R"(
static int square(void* context, int index, unsigned char* closure) {
    int* scratch = halide_malloc(context, 4096);
    scratch[0] = index * index;
    (*(int**)closure)[index] = scratch[0];
    halide_free(context, scratch);
    return 0;
}
int ENTRY(void** arguments) {
    int* out = arguments[1];
    return halide_do_par_for(CONTEXT, square, 0, *(int*)arguments[2], (unsigned char*)&out);
}
)";

// Asks for what no machine has, in task 5 of a parallel loop, with scratch of the kernel and of the
// task alive.
constexpr const char* greedy_kernel = R"(
static int take(void* context, int index, unsigned char* closure) {
    char* scratch = halide_malloc(context, 4096);
    scratch[0] = 1;
    if (index == 5) {
        char* huge = halide_malloc(context, 1ul << 55);
        huge[0] = 1;
    }
    halide_free(context, scratch);
    return closure == 0;
}
int ENTRY(void** arguments) {
    char* scratch = halide_malloc(CONTEXT, 100000);
    scratch[0] = 1;
    halide_do_par_for(CONTEXT, take, 0, 100, (unsigned char*)scratch);
    *(int*)arguments[1] = 1;
    halide_free(CONTEXT, scratch);
    return 0;
}
)";

// Fills `int out[n]` with how far the stacks of its tasks are from a multiple of a cache line.
constexpr const char* stacks_kernel = R"(
static int note(void* context, int index, unsigned char* closure) {
    unsigned long frame = (unsigned long)__builtin_frame_address(0);
    (*(int**)closure)[index] = context ? (int)((frame + 16) % 64) : -1;
    return 0;
}
int ENTRY(void** arguments) {
    int* out = arguments[1];
    return halide_do_par_for(CONTEXT, note, 0, *(int*)arguments[2], (unsigned char*)&out);
}
)";

}  // namespace

TEST_CASE("a kernel runs its loops on the pool or on its caller with the same result",
          "[kernel][concurrency]") {
    const Kernel kernel = make_kernel(squares_kernel);
    ThreadPool threads(3);
    MemoryPool memory;
    for (const bool parallel : {true, false}) {
        int count = 1000;
        std::vector<int> out(static_cast<std::size_t>(count));
        void* arguments[] = {nullptr, out.data(), &count};
        kernel.run(arguments, {memory, threads, parallel});
        for (int i = 0; i < count; ++i) {
            REQUIRE(out[static_cast<std::size_t>(i)] == i * i);
        }
    }
    CHECK(memory.statistics().bytes_now == 0);
    CHECK(memory.statistics().allocations == 1001);  // kept between tasks on the caller
}

TEST_CASE("the tasks of a kernel have stacks that are aligned for vectors", "[kernel]") {
    const Kernel kernel = make_kernel(stacks_kernel);
    ThreadPool threads(3);
    MemoryPool memory;
    for (const bool parallel : {true, false}) {
        int count = 100;
        std::vector<int> out(static_cast<std::size_t>(count), -1);
        void* arguments[] = {nullptr, out.data(), &count};
        kernel.run(arguments, {memory, threads, parallel});
        CHECK(out == std::vector<int>(static_cast<std::size_t>(count), 0));
    }
}

TEST_CASE("a kernel tells what it was made from", "[kernel]") {
    const Kernel kernel = make_kernel(store_kernel(3));
    CHECK(kernel.symbol() == "k");
    CHECK(kernel.request() == store_kernel(3));
    CHECK(kernel.notes().at("schedule") == "none");
    CHECK(kernel.shared_object_size() > 0);
    CHECK(kernel.origin().load.count() > 0);
}

TEST_CASE("a kernel that runs out of scratch memory throws and gives back what it took",
          "[kernel][concurrency]") {
    const Kernel kernel = make_kernel(greedy_kernel);
    ThreadPool threads(3);
    MemoryPool memory;
    for (const bool parallel : {true, false}) {
        int finished = 0;
        void* arguments[] = {nullptr, &finished};
        CHECK_THROWS_AS(kernel.run(arguments, {memory, threads, parallel}), latent::OutOfMemory);
        CHECK_THROWS_WITH(kernel.run(arguments, {memory, threads, parallel}),
                          Contains("36028797018963968 bytes were asked for"));
        CHECK(finished == 0);
        CHECK(memory.statistics().bytes_now == 0);
    }
}

TEST_CASE("what a kernel reports becomes an exception after the call", "[kernel]") {
    ThreadPool threads(2);
    MemoryPool memory;
    void* arguments[] = {nullptr, nullptr};
    const Kernel code = make_kernel("int ENTRY(void** arguments) { return arguments ? -27 : 0; }");
    CHECK_THROWS_AS(code.run(arguments, {memory, threads}), latent::InternalError);
    CHECK_THROWS_WITH(code.run(arguments, {memory, threads}), Contains("error code -27"));
    const Kernel text = make_kernel(
        "int ENTRY(void** arguments) { halide_error(CONTEXT, \"went wrong\"); return -1; }");
    CHECK_THROWS_WITH(text.run(arguments, {memory, threads}), Contains("went wrong"));
    const Kernel silent = make_kernel(
        "int ENTRY(void** arguments) { halide_error(CONTEXT, \"went wrong\"); return 0; }");
    CHECK_THROWS_WITH(silent.run(arguments, {memory, threads}), Contains("went wrong"));
    // A failing task ends the kernel, which does not look at the result of its loop.
    const Kernel task = make_kernel(R"(
        static int fail(void* context, int index, unsigned char* closure) { return context && closure && index == 3; }
        int ENTRY(void** arguments) {
            halide_do_par_for(CONTEXT, fail, 0, 10, (unsigned char*)arguments);
            halide_error(CONTEXT, "went on");
            return 0;
        })");
    for (const bool parallel : {true, false}) {
        CHECK_THROWS_WITH(task.run(arguments, {memory, threads, parallel}),
                          Contains("a parallel task failed"));
    }
}
