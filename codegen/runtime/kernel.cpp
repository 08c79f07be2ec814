#include "codegen/runtime/kernel.h"

#include <fmt/format.h>

#include <utility>

#include "codegen/runtime/kernel_call.h"
#include "ir/errors.h"

namespace latent::codegen::runtime {
namespace {

SharedObject load(const KernelImage& image, const std::string& symbol, KernelOrigin& origin) {
    const auto begin = std::chrono::steady_clock::now();
    SharedObject library = SharedObject::load(image.shared_object, symbol);
    origin.load = std::chrono::steady_clock::now() - begin;
    return library;
}

}  // namespace

Kernel::Kernel(std::string symbol, std::string request, KernelImage image, KernelOrigin origin)
    : symbol_(std::move(symbol)),
      request_(std::move(request)),
      notes_(std::move(image.notes)),
      origin_(origin),
      shared_object_size_(image.shared_object.size()),
      library_(load(image, symbol_, origin_)),
      entry_(reinterpret_cast<KernelEntry>(library_.symbol(symbol_ + "_argv"))) {}

void Kernel::run(std::span<void*> arguments, const KernelLaunch& launch) const {
    KernelCall call(launch);
    int result = 0;
    {
        KernelFrame frame(call);
        void* context = frame.user_context();
        arguments.front() = &context;
        result = frame.enter([&] { return call_on_aligned_stack(entry_, arguments.data()); });
        arguments.front() = nullptr;
    }
    if (result == 0 && call.failure() == KernelCall::Failure::none) {
        return;
    }
    const std::string message = fmt::format("kernel {}: {}", symbol_,
                                            call.failure() == KernelCall::Failure::none
                                                ? fmt::format("returned error code {}", result)
                                                : call.message());
    if (call.failure() == KernelCall::Failure::out_of_memory) {
        throw OutOfMemory(message);
    }
    throw InternalError(message);
}

}  // namespace latent::codegen::runtime
