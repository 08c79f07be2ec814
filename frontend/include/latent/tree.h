#pragma once

#include <latent/tensor.h>

#include <concepts>
#include <cstddef>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

/// Parameters and states of any shape: a Tensor; a vector or array of such; a pair or tuple of
/// such; or a struct whose `visit` hands its parts, which are such again, to a visitor:
///
///     struct Layer {
///         Tensor weight, bias;
///         void visit(auto&& visitor) { visitor(weight, bias); }
///     };
namespace latent::detail {

/// Stands for any visitor in the concept below.
struct AnyVisitor {
    template <typename... Parts>
    void operator()(Parts&...) const {}
};

template <typename T>
concept Visitable = requires(T& tree) { tree.visit(AnyVisitor{}); };

template <typename T>
concept Iterable = requires(T& tree) {
    tree.begin();
    tree.end();
};

template <typename T>
concept TupleLike = requires { std::tuple_size<T>::value; };

/// Calls `function(tensor)` for each tensor, in order. The recursion is over types, not over data.
template <typename Tree, typename Function>
void for_each_tensor(Tree& tree, Function&& function) {
    if constexpr (std::same_as<Tree, Tensor>) {
        function(tree);
    } else if constexpr (Visitable<Tree>) {
        tree.visit([&](auto&... parts) { (for_each_tensor(parts, function), ...); });
    } else if constexpr (Iterable<Tree>) {
        for (auto& part : tree) {
            for_each_tensor(part, function);
        }
    } else if constexpr (TupleLike<Tree>) {
        std::apply([&](auto&... parts) { (for_each_tensor(parts, function), ...); }, tree);
    } else {
        static_assert(never<Tree>,
                      "expected a Tensor, a vector, pair or tuple of such, or a struct with "
                      "void visit(auto&& visitor) { visitor(first, second); }");
    }
}

template <typename Tree>
void append_tensors(std::vector<Tensor>& tensors, const Tree& tree) {
    if constexpr (std::same_as<Tree, Tensor>) {
        tensors.push_back(tree);
    } else {
        Tree copy = tree;  // `visit` need not be const; tensors are cheap to copy
        for_each_tensor(copy, [&](const Tensor& tensor) { tensors.push_back(tensor); });
    }
}

template <typename Tree>
std::vector<Tensor> tensors_of(const Tree& tree) {
    std::vector<Tensor> tensors;
    append_tensors(tensors, tree);
    return tensors;
}

/// `tree` with other tensors in the places of its own.
template <typename Tree>
Tree with_tensors(Tree tree, std::span<const Tensor> tensors) {
    std::size_t next = 0;
    for_each_tensor(tree, [&](Tensor& tensor) { tensor = tensors[next++]; });
    return tree;
}

}  // namespace latent::detail
