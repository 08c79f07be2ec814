#include "ir/node.h"

namespace latent::ir {

namespace {

std::atomic<std::uint64_t> next_id{1};
std::atomic<std::uint64_t> nodes_destroyed{0};

}  // namespace

void Slot::settle(StorageRef storage) const {
    storage_ = std::move(storage);
    ready_.store(true, std::memory_order_release);
}

NodeRef Node::create(const Parts& parts) {
    return NodeRef(new Node(parts, parts.operands));
}

NodeRef Node::create(const Parts& parts, std::span<Value> operands) {
    return NodeRef(new Node(parts, operands));
}

template <typename Operands>
Node::Node(const Parts& parts, const Operands& operands)
    : op_(parts.op),
      requires_grad_(parts.requires_grad),
      id_(add_shared(next_id, 1, std::memory_order_relaxed)),
      location_(parts.location),
      type_(parts.type) {
    if (!std::holds_alternative<NoAttributes>(parts.attributes)) {
        attributes_ = std::make_unique<const Attributes>(parts.attributes);
    }
    if (operands.size() <= inline_operands) {
        // Of a span of constants this is a copy.
        std::move(operands.begin(), operands.end(), operands_.begin());
        operand_count_ = static_cast<std::uint8_t>(operands.size());
    } else {
        many_operands_ = std::make_unique<std::vector<Value>>(operands.begin(), operands.end());
    }
    const std::uint64_t small_numbers =
        static_cast<std::uint64_t>(op_) | static_cast<std::uint64_t>(type_.dtype) << 8 |
        std::uint64_t{type_.rank()} << 16 | std::uint64_t{operands.size()} << 24;
    std::uint64_t seed = hash_combine(hash(parts.attributes), small_numbers);
    for (const std::int64_t extent : type_.shape) {
        seed = hash_combine(seed, static_cast<std::uint64_t>(extent));
    }
    local_hash_ = seed;
}

const Attributes& Node::attributes() const {
    static const Attributes none;
    return attributes_ ? *attributes_ : none;
}

void Node::forget_operands() const {
    operand_count_ = 0;
    operands_ = {};
    many_operands_.reset();
}

std::int64_t Node::alive() {
    const std::uint64_t destroyed = nodes_destroyed.load(std::memory_order_relaxed);
    return static_cast<std::int64_t>(next_id.load(std::memory_order_relaxed) - 1 - destroyed);
}

void Node::destroy_all(const Node* first) {
    // Operands that die with their user are queued instead of destroyed in place, so that a chain
    // of any length is taken down in constant stack.
    std::vector<const Node*> dead;
    std::uint64_t destroyed = 0;
    for (const Node* next = first; next != nullptr; ++destroyed) {
        const std::unique_ptr<Node, void (*)(Node*)> node(const_cast<Node*>(next),
                                                          [](Node* n) { delete n; });
        next = nullptr;
        const auto take = [&](Value& operand) {
            const Node* child = operand.node.disown();
            if (child == nullptr || !child->drop(1)) {
                return;
            }
            child->prefetch_beyond(*node);
            if (next == nullptr) {
                next = child;
            } else {
                dead.push_back(child);
            }
        };
        for (Value& operand : node->operands_) {
            take(operand);
        }
        if (node->many_operands_) {
            for (Value& operand : *node->many_operands_) {
                take(operand);
            }
        }
        if (next == nullptr && !dead.empty()) {
            next = dead.back();
            dead.pop_back();
        }
    }
    add_shared(nodes_destroyed, destroyed, std::memory_order_relaxed);
}

}  // namespace latent::ir
