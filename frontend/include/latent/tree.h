#pragma once

#include <latent/tensor.h>

#include <concepts>
#include <cstddef>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// Parameters and states of any shape: a Tensor; a vector, array or optional of such; a pair or
/// tuple of such; or a struct whose `visit` hands its parts, which are such again, to a visitor. A
/// string before a part is its name; a part without one is named by its position:
///
///     struct Layer {
///         Tensor weight, bias;
///         void visit(auto&& visitor) { visitor("weight", weight, "bias", bias); }
///     };
///
/// Functions without state (pointers to functions, lambdas that capture nothing) hold no tensors.
namespace latent::detail {

/// Where a part is in a tree: the names from the root, as links on the stack, so that a walk that
/// asks for none builds none.
struct Path {
    const Path* parent = nullptr;
    std::string_view name;
    /// The name of a part that has none.
    std::size_t position = 0;

    /// "encoder.0.weight"; nothing for the root.
    std::string text() const {
        std::string result;
        for (const Path* part = this; part->parent != nullptr; part = part->parent) {
            std::string label =
                part->name.empty() ? std::to_string(part->position) : std::string(part->name);
            if (!result.empty()) {
                label += '.';
                label += result;
            }
            result = std::move(label);
        }
        return result;
    }
};

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

template <typename T>
concept OptionalLike = requires(T& tree) {
    tree.has_value();
    *tree;
};

/// A string literal, as `visit` hands it over.
template <typename T>
concept Name = std::is_array_v<T> && std::same_as<std::remove_extent_t<T>, const char>;

template <typename T>
concept StatelessFunction =
    std::is_empty_v<T> || (std::is_pointer_v<T> && std::is_function_v<std::remove_pointer_t<T>>);

/// Calls `function(tensor)`, or `function(tensor, path)` if it takes one, for each tensor, in
/// order. The recursion is over types, not over data.
template <typename Tree, typename Function>
void for_each_tensor(Tree& tree, Function&& function, const Path& path = {}) {
    std::size_t position = 0;
    std::string_view name;
    const auto walk_part = [&]<typename Part>(Part& part) {
        if constexpr (Name<Part>) {
            name = part;
        } else {
            for_each_tensor(part, function, Path{&path, name, position++});
            name = {};
        }
    };
    const auto walk_parts = [&](auto&... parts) { (walk_part(parts), ...); };
    if constexpr (std::same_as<Tree, Tensor>) {
        if constexpr (std::invocable<Function&, Tensor&, const Path&>) {
            function(tree, path);
        } else {
            function(tree);
        }
    } else if constexpr (Visitable<Tree>) {
        tree.visit(walk_parts);
    } else if constexpr (Iterable<Tree>) {
        for (auto& part : tree) {
            walk_part(part);
        }
    } else if constexpr (OptionalLike<Tree>) {
        if (tree.has_value()) {
            for_each_tensor(*tree, function, path);
        }
    } else if constexpr (TupleLike<Tree>) {
        std::apply(walk_parts, tree);
    } else {
        static_assert(StatelessFunction<Tree>,
                      "expected a Tensor; a vector, optional, pair or tuple of such; a struct with "
                      "void visit(auto&& visitor) { visitor(\"first\", first, \"second\", second); "
                      "}; or a function without state");
    }
}

template <typename Tree>
void append_tensors(std::vector<Tensor>& tensors, const Tree& tree) {
    if constexpr (std::same_as<Tree, Tensor>) {
        tensors.push_back(tree);
    } else if constexpr (requires { std::span<const Tensor>(tree); }) {
        const std::span<const Tensor> all(tree);
        tensors.insert(tensors.end(), all.begin(), all.end());
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

/// The tensors of a tree, with the line of the call that is given it. As the first parameter of a
/// function of any number of trees it tells that line, which nothing after the pack could.
class LocatedTensors {
  public:
    template <typename Tree>
    LocatedTensors(const Tree& tree,
                   std::source_location location = std::source_location::current())
        : tensors_(tensors_of(tree)), location_(location) {}
    LocatedTensors(std::span<const Tensor> tensors,
                   std::source_location location = std::source_location::current())
        : tensors_(tensors.begin(), tensors.end()), location_(location) {}

    const std::source_location& location() const { return location_; }

    std::span<const Tensor> tensors() const { return tensors_; }
    /// These, and those of other trees.
    template <typename... Trees>
    std::vector<Tensor> with(const Trees&... others) const {
        std::vector<Tensor> all = tensors_;
        (append_tensors(all, others), ...);
        return all;
    }

  private:
    std::vector<Tensor> tensors_;
    std::source_location location_;
};

}  // namespace latent::detail
