#include <latent/runtime.h>

#include "codegen/runtime/context.h"

namespace latent {

Counters counters() {
    const codegen::runtime::Counters now = codegen::runtime::context().counters();
    return {.kernels_compiled = now.kernels_compiled,
            .disk_hits = now.disk_hits,
            .memory_hits = now.memory_hits,
            .launches = now.launches,
            .bytes_now = now.bytes_now,
            .bytes_peak = now.bytes_peak,
            .bytes_pooled = now.bytes_pooled,
            .allocations = now.allocations,
            .bytes_allocated = now.bytes_allocated,
            .system_allocations = now.system_allocations,
            .nodes_alive = now.nodes_alive};
}

void set_num_threads(int count) {
    codegen::runtime::context().threads().set_num_threads(count);
}

int num_threads() {
    return codegen::runtime::context().threads().num_threads();
}

}  // namespace latent
