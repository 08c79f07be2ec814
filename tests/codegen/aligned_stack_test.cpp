#include "codegen/runtime/aligned_stack.h"

#include <alloca.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace latent::codegen::runtime {
namespace {

/// How far from a multiple of a cache line the stack of the function began that gave this frame:
/// there are the return address and the frame before it between the two.
std::uintptr_t misalignment(const void* frame) {
    return (reinterpret_cast<std::uintptr_t>(frame) + 2 * sizeof(void*)) % 64;
}

struct Seen {
    std::vector<std::uintptr_t> misalignments;
    std::vector<int> indices;
};

int note_task(void* context, int index, std::uint8_t* closure) {
    auto& seen = *static_cast<Seen*>(context);
    seen.misalignments.push_back(misalignment(__builtin_frame_address(0)));
    seen.indices.push_back(index + *closure);
    return index;
}

int note_entry(void** arguments) {
    static_cast<Seen*>(arguments[0])
        ->misalignments.push_back(misalignment(__builtin_frame_address(0)));
    return 7;
}

/// Calls both from a stack that begins `bytes` lower.
[[gnu::noinline]] void call_from_lower_stack(Seen& seen, std::size_t bytes) {
    auto* const lower = static_cast<volatile std::uint8_t*>(alloca(bytes));
    lower[0] = 1;
    std::uint8_t closure = lower[0];
    CHECK(call_on_aligned_stack(&note_task, &seen, static_cast<int>(bytes), &closure) ==
          static_cast<int>(bytes));
    void* argument = &seen;
    CHECK(call_on_aligned_stack(&note_entry, &argument) == 7);
    CHECK(seen.indices.back() == static_cast<int>(bytes) + 1);
}

}  // namespace

TEST_CASE("kernel code is called with a stack aligned for vectors, wherever that of its caller is",
          "[runtime]") {
    Seen seen;
    for (std::size_t bytes = 16; bytes <= 128; bytes += 16) {
        call_from_lower_stack(seen, bytes);
    }
    CHECK(seen.misalignments == std::vector<std::uintptr_t>(16, 0));
}

}  // namespace latent::codegen::runtime
