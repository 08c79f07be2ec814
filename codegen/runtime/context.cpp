#include "codegen/runtime/context.h"

#include <utility>

#include "codegen/runtime/compiler_library.h"
#include "codegen/runtime/environment.h"
#include "ir/node.h"
#include "ir/shared_count.h"

namespace latent::codegen::runtime {
namespace {

std::unique_ptr<Compiler> or_library(std::unique_ptr<Compiler> compiler) {
    return compiler ? std::move(compiler) : std::make_unique<CompilerLibrary>();
}

}  // namespace

Context::Options Context::options_from_environment() {
    Options options;
    options.num_threads = environment_count("LATENT_NUM_THREADS").value_or(options.num_threads);
    options.pool_keep_limit =
        environment_bytes("LATENT_POOL_SIZE").value_or(options.pool_keep_limit);
    return options;
}

Context::Context(Options options, std::unique_ptr<Compiler> compiler)
    : memory_(options.pool_keep_limit),
      threads_(options.num_threads),
      kernels_(std::move(options.kernels), or_library(std::move(compiler))) {}

void Context::launch(const Kernel& kernel, std::span<void*> arguments, bool parallel) {
    launch(kernel, std::span<const std::span<void*>>(&arguments, 1), parallel);
}

void Context::launch(const Kernel& kernel, std::span<const std::span<void*>> calls, bool parallel,
                     SpareMemory* spare) {
    ir::add_shared(launches_, 1, std::memory_order_relaxed);
    for (const std::span<void*> arguments : calls) {
        kernel.run(arguments, {memory_, threads_, parallel, spare});
    }
}

Counters Context::counters() const {
    const MemoryPool::Statistics memory = memory_.statistics();
    const KernelCache::Statistics kernels = kernels_.statistics();
    return {.kernels_compiled = kernels.kernels_compiled,
            .disk_hits = kernels.disk_hits,
            .memory_hits = kernels.memory_hits,
            .launches = launches_.load(std::memory_order_relaxed),
            .bytes_now = memory.bytes_now,
            .bytes_peak = memory.bytes_peak,
            .bytes_pooled = memory.bytes_pooled,
            .allocations = memory.allocations,
            .bytes_allocated = memory.bytes_allocated,
            .system_allocations = memory.system_allocations,
            .nodes_alive = static_cast<std::uint64_t>(ir::Node::alive())};
}

Context& context() {
    // Never destroyed, so that tensors in static variables can be freed, and threads of the program
    // can still evaluate, while the program ends.
    static Context& instance = *std::make_unique<Context>().release();
    return instance;
}

}  // namespace latent::codegen::runtime
