#include "tests/codegen/failing_allocation.h"

#include <cstdlib>
#include <limits>
#include <new>

namespace latent::codegen::runtime::testing {
namespace {

constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

thread_local std::size_t allocations_left = never;

}  // namespace

FailingAllocation::FailingAllocation(std::size_t before) noexcept {
    allocations_left = before;
}

FailingAllocation::~FailingAllocation() {
    allocations_left = never;
}

bool FailingAllocation::has_failed() const noexcept {
    return allocations_left == never;
}

}  // namespace latent::codegen::runtime::testing

using latent::codegen::runtime::testing::allocations_left;
using latent::codegen::runtime::testing::never;

// All that `operator delete` frees: sanitizers have a `new` of their own for each that is left out.

void* operator new(std::size_t size) {
    if (allocations_left != never && allocations_left-- == 0) {
        throw std::bad_alloc();  // and now `never` are left
    }
    if (void* memory = std::malloc(size == 0 ? 1 : size)) {
        return memory;
    }
    throw std::bad_alloc();
}

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
    try {
        return operator new(size);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}
