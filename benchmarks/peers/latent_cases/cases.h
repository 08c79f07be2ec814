#pragma once

#include <latent/latent.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

/// The cases of SPEC.md, as a user of Latent would write them.
namespace latent::peers {

/// The inputs of a case, by the names that cases.py gives them.
class Inputs {
  public:
    explicit Inputs(std::function<Tensor(const std::string& name)> find) : find_(std::move(find)) {}

    Tensor operator[](const std::string& name) const { return find_(name).eval(); }
    /// `name.0`, `name.1` and so on, as many as `count`.
    std::vector<Tensor> list(const std::string& name, std::size_t count) const {
        std::vector<Tensor> tensors;
        for (std::size_t i = 0; i < count; ++i) {
            tensors.push_back((*this)[name + "." + std::to_string(i)]);
        }
        return tensors;
    }

  private:
    std::function<Tensor(const std::string&)> find_;
};

/// Builds the graph of a case anew; nothing is evaluated yet.
using Call = std::function<std::vector<Tensor>()>;
using CaseMaker = std::function<Call(const Inputs&)>;
using Registry = std::map<std::string, CaseMaker>;

void add_elementwise(Registry& registry);
void add_reductions(Registry& registry);
void add_products(Registry& registry);
void add_convolutions(Registry& registry);
void add_models(Registry& registry);
void add_chains(Registry& registry);

inline Registry all_cases() {
    Registry registry;
    add_elementwise(registry);
    add_reductions(registry);
    add_products(registry);
    add_convolutions(registry);
    add_models(registry);
    add_chains(registry);
    return registry;
}

}  // namespace latent::peers
