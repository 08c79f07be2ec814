#pragma once

#include <Halide.h>

namespace latent::codegen {

/// Whether a statement or an expression has a node of that kind for which `condition` holds.
template <typename Node, typename Code, typename Condition>
bool contains(const Code& code, const Condition& condition) {
    class Search : public Halide::Internal::IRVisitor {
      public:
        explicit Search(const Condition& condition) : condition_(condition) {}
        bool found = false;

      private:
        using IRVisitor::visit;
        void visit(const Node* node) override {
            found = found || condition_(*node);
            if (!found) {
                IRVisitor::visit(node);
            }
        }

        const Condition& condition_;
    } search(condition);
    code.accept(&search);
    return search.found;
}

/// Whether it has a node of that kind.
template <typename Node, typename Code>
bool contains(const Code& code) {
    return contains<Node>(code, [](const Node&) { return true; });
}

}  // namespace latent::codegen
