#include "frontend/evaluation.h"

#include <mutex>
#include <vector>

#include "codegen/reference/interpreter.h"
#include "codegen/runtime/context.h"
#include "ir/graph.h"

namespace latent::detail {

namespace {

std::mutex& evaluation_mutex() {
    static std::mutex mutex;
    return mutex;
}

/// The roots, and what user handles name of what they are made of.
std::vector<ir::Value> wanted_values(std::span<const ir::Value> roots) {
    const auto is_ready = [](const ir::Node& node) { return node.slot().ready(); };
    std::vector<ir::Value> wanted;
    ir::NodeMap<bool> is_root(roots.size());
    for (const ir::Value& root : roots) {
        is_root.insert(root.node.get(), true);
    }
    for (const ir::Node* node : ir::topological_order(roots, is_ready)) {
        const bool is_named = node->slot().handles().load(std::memory_order_relaxed) != 0;
        if (!is_ready(*node) && (is_named || is_root.contains(node))) {
            wanted.push_back({ir::NodeRef::share(*node)});
        }
    }
    return wanted;
}

}  // namespace

void evaluate(std::span<const ir::Value> roots) {
    const std::lock_guard lock(evaluation_mutex());
    const std::vector<ir::Value> wanted = wanted_values(roots);
    const std::vector<ir::StorageRef> results = codegen::reference::evaluate(
        wanted, [](std::size_t bytes) { return codegen::runtime::context().memory().make_storage(bytes); });
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        wanted[i].node->slot().settle(results[i]);
    }
}

}  // namespace latent::detail
