#include "passes/partition/fusion_choices.h"

#include "ir/hash.h"

namespace latent::passes {

ChosenValues::ChosenValues(const ir::Graph& graph, const FusionChoices& choices) {
    if (choices.empty()) {
        return;
    }
    const std::vector<ir::CanonicalNode> order = ir::canonical_order(graph.results);
    const auto note = [&](ir::NodeMap<bool>& chosen, const std::vector<std::uint32_t>& positions) {
        for (const std::uint32_t position : positions) {
            if (position < order.size()) {
                chosen[order[position].node] = true;
            }
        }
    };
    note(stored_, choices.stored);
    note(computed_again_, choices.computed_again);
}

}  // namespace latent::passes
