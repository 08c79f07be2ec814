#pragma once

#include <string_view>
#include <vector>

#include "ir/node_map.h"
#include "passes/pass.h"

namespace latent::passes {

/// How many operands and results of a graph each value is, kept up to date while the graph is being
/// rewritten. Counted when first asked, which most runs of most passes never do.
class UseCounts {
  public:
    explicit UseCounts(const ir::Graph& graph) : graph_(graph) {}

    /// `replacement` stands for `node` from now on.
    void replace(const ir::Node& node, const ir::Value& replacement);
    /// Of a node that a rule has just made: 0.
    std::uint32_t of(const ir::Value& value) const;

  private:
    void count() const;

    const ir::Graph& graph_;
    std::vector<std::pair<const ir::Node*, ir::Value>> replaced_;
    mutable bool counted_ = false;
    mutable ir::NodeMap<std::uint32_t> counts_;
};

/// What a rule may ask beside the node that it is given.
class RuleContext {
  public:
    RuleContext(FloatMode float_mode, const UseCounts& uses)
        : float_mode_(float_mode), uses_(uses) {}

    bool fast() const { return float_mode_ == FloatMode::fast; }

    /// Whether the value feeds one operand of one node only, so that a rule which computes it in
    /// another way does not compute it twice.
    bool used_once(const ir::Value& value) const { return uses_.of(value) <= 1; }

  private:
    FloatMode float_mode_;
    const UseCounts& uses_;
};

/// A rewrite of single nodes. `apply` gets a node with one of the ops `roots`, whose operands are
/// rewritten already, and returns a value of the same type to use instead, or an empty Value where
/// it does not apply.
struct Rule {
    std::string_view name;
    std::vector<ir::Op> roots;
    ir::Value (*apply)(const ir::Node& node, const RuleContext& context);
};

/// Ops of a category, for the roots of rules.
std::vector<ir::Op> ops_of(ir::Category category);
std::vector<ir::Op> elementwise_ops();

/// Rules that are tried in order at each node, operands first, again on what they return until none
/// applies.
class RuleSet {
  public:
    explicit RuleSet(std::vector<Rule> rules);
    RuleSet(const RuleSet&) = delete;
    RuleSet& operator=(const RuleSet&) = delete;

    ir::Graph apply(const ir::Graph& graph, PassContext& context) const;

  private:
    ir::Value apply_once(const ir::Value& value, const RuleContext& rule_context,
                         PassContext& context) const;

    std::vector<Rule> rules_;
    std::vector<std::vector<const Rule*>> by_op_;
};

}  // namespace latent::passes
