#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <utility>
#include <vector>

#include "ir/attributes.h"
#include "ir/node_memory.h"
#include "ir/op.h"
#include "ir/shared_count.h"
#include "ir/storage.h"
#include "ir/types.h"

namespace latent::ir {

class Node;

/// Shared ownership of an immutable node. Destroying the last owner of a long chain takes constant
/// stack.
class NodeRef {
  public:
    NodeRef() = default;
    explicit NodeRef(const Node* adopted) : node_(adopted) {}
    NodeRef(const NodeRef& other);
    NodeRef(NodeRef&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    NodeRef& operator=(NodeRef other) noexcept {
        std::swap(node_, other.node_);
        return *this;
    }
    ~NodeRef();

    /// Another owner of a node that is alive.
    static NodeRef share(const Node& node);
    /// Names nothing from then on; whoever called owns the reference.
    const Node* disown() { return std::exchange(node_, nullptr); }

    const Node* get() const { return node_; }
    const Node* operator->() const { return node_; }
    const Node& operator*() const { return *node_; }
    explicit operator bool() const { return node_ != nullptr; }
    bool operator==(const NodeRef&) const = default;

  private:
    friend class Node;
    const Node* node_ = nullptr;
};

/// One result of a node.
struct Value {
    NodeRef node;
    std::uint32_t result = 0;

    explicit operator bool() const { return static_cast<bool>(node); }
    bool operator==(const Value&) const = default;
    const Type& type() const;
    Op op() const;
    std::span<const Value> operands() const;
};

/// Where a result's data arrives: settles once, from pending to ready. All else about a node is
/// fixed at creation.
class Slot {
  public:
    bool ready() const { return ready_.load(std::memory_order_acquire); }
    /// Null while pending.
    StorageRef storage() const { return ready() ? storage_ : nullptr; }
    /// Called once, by the evaluation that claimed the slot.
    void settle(StorageRef storage) const;

    /// An evaluation is computing this result. Guarded by the evaluator's lock.
    bool& claimed() const { return claimed_; }

  private:
    mutable std::atomic<bool> ready_{false};
    mutable bool claimed_ = false;
    mutable StorageRef storage_;
};

/// An operation of the graph: created complete and never changed. Operands exist before their user,
/// so that every graph is acyclic and `id` is a topological order.
class Node {
  public:
    /// Only ever an argument: refers to what the caller has.
    struct Parts {
        Op op = Op::constant;
        const Attributes& attributes;
        std::span<const Value> operands;
        const Type& type;
        const std::source_location& location;
        bool requires_grad = false;
    };
    /// Takes what it is told: use the functions of ir/builder.h, which check and infer.
    static NodeRef create(const Parts& parts);
    /// The same with operands to move from, in place of `parts.operands`.
    static NodeRef create(const Parts& parts, std::span<Value> operands);

    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    Op op() const { return op_; }
    const Attributes& attributes() const;
    template <typename A>
    const A& attributes_as() const {
        return std::get<A>(attributes());
    }
    std::span<const Value> operands() const {
        return many_operands_ ? std::span<const Value>(*many_operands_)
                              : std::span<const Value>(operands_.data(), operand_count_);
    }
    const Value& operand(std::size_t i) const { return operands()[i]; }
    const Type& type() const { return type_; }
    const Slot& slot() const { return slot_; }
    const std::source_location& location() const { return location_; }
    /// Hash of op, attributes, type and number of operands: two nodes of equal structure agree.
    std::uint64_t local_hash() const { return local_hash_; }
    /// Increases with creation: operands come before users.
    std::uint64_t id() const { return id_; }
    /// A gradient can be asked through this node: it is such a leaf, or a differentiable operand
    /// is.
    bool requires_grad() const { return requires_grad_; }

    /// Number of user handles that name this result: what an evaluation keeps besides its roots.
    std::uint32_t handles() const {
        return static_cast<std::uint32_t>(counts_.load(std::memory_order_relaxed) >> 32);
    }
    /// One more handle, for a reference that there is already.
    void add_handle() const;
    /// A reference together with a handle.
    void share_handle() const { add_shared(counts_, one_handle + 1, std::memory_order_relaxed); }
    void release_handle() const { release(one_handle + 1); }

    /// Lets go of the operands of a node whose slot is ready and through which no gradient can be
    /// asked, so that what it was computed from can be freed. The only other thing about a node
    /// that changes; the caller sees to it that nobody walks the graph meanwhile.
    void forget_operands() const;

    /// Has what lies as far beyond this node as this lies beyond `user`, some times over, brought
    /// into cache: what was made one after the other mostly lies so, and a walk comes to it next.
    void prefetch_beyond(const Node& user) const {
        const auto* const here = reinterpret_cast<const char*>(this);
        const char* const there = here + 8 * (here - reinterpret_cast<const char*>(&user));
        __builtin_prefetch(there);
        __builtin_prefetch(there + 64);
        __builtin_prefetch(there + 128);
    }

    /// Nodes alive in this process.
    static std::int64_t alive();

  private:
    friend class NodeRef;
    static constexpr std::size_t inline_operands = 3;
    static constexpr std::uint64_t one_handle = std::uint64_t{1} << 32;

    template <typename Operands>
    Node(const Parts& parts, const Operands& operands);
    ~Node() = default;
    static void* operator new(std::size_t size) { return allocate_node(size); }
    static void operator delete(void* memory) noexcept { free_node(memory); }

    void share() const { add_shared(counts_, 1, std::memory_order_relaxed); }
    /// Gives up counts, a reference among them. True if that was the last one.
    bool drop(std::uint64_t counts) const;
    void release(std::uint64_t counts) const {
        if (drop(counts)) {
            destroy_all(this);
        }
    }
    static void destroy_all(const Node* first);

    // What a walk over a graph looks at comes first, in two cache lines.

    /// References in the lower half, handles in the upper one: a Tensor has one of each.
    mutable std::atomic<std::uint64_t> counts_{1};
    Op op_;
    bool requires_grad_;
    mutable std::uint8_t operand_count_ = 0;
    std::uint64_t id_;
    std::uint64_t local_hash_ = 0;
    Slot slot_;
    std::source_location location_;
    mutable std::array<Value, inline_operands> operands_;
    mutable std::unique_ptr<std::vector<Value>> many_operands_;
    std::unique_ptr<const Attributes> attributes_;
    Type type_;
};

inline void Node::add_handle() const {
    // The only owner need not lock out others.
    if (counts_.load(std::memory_order_relaxed) == 1) {
        counts_.store(one_handle + 1, std::memory_order_relaxed);
    } else {
        add_shared(counts_, one_handle, std::memory_order_relaxed);
    }
}

inline bool Node::drop(std::uint64_t counts) const {
    // Who has all that there is need not lock out others.
    return counts_.load(std::memory_order_acquire) == counts ||
           static_cast<std::uint32_t>(add_shared(counts_, -counts, std::memory_order_acq_rel)) == 1;
}

inline NodeRef::NodeRef(const NodeRef& other) : node_(other.node_) {
    if (node_ != nullptr) {
        node_->share();
    }
}
inline NodeRef::~NodeRef() {
    if (node_ != nullptr) {
        node_->release(1);
    }
}
inline NodeRef NodeRef::share(const Node& node) {
    node.share();
    return NodeRef(&node);
}

inline const Type& Value::type() const {
    return node->type();
}
inline Op Value::op() const {
    return node->op();
}
inline std::span<const Value> Value::operands() const {
    return node->operands();
}

}  // namespace latent::ir
