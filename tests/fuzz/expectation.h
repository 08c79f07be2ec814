#pragma once

#include <span>
#include <string>
#include <vector>

#include "codegen/reference/array.h"
#include "ir/graph.h"

namespace latent::fuzz {

using codegen::reference::Array;

/// What kernels may give for the results of a graph: what the interpreter gives, or, where kernels
/// round in another way, something within the spread of runs in which every such operation is off
/// by its error bound, up or down at random. Steps (comparisons, floors, sorting) behind a value
/// that is near to one go both ways in these runs.
/// Source: D. S. Parker, Monte Carlo Arithmetic, 1997.
class Expectation {
  public:
    /// `graph` and `parameters` must outlive it.
    Expectation(const ir::Graph& graph, std::span<const Array> parameters);

    /// Whether sums of floats are in the graph, whose order of additions depends on what is fused.
    bool has_sums() const { return has_sums_; }

    /// The first element of a result that kernels may not give, in words; empty if there is none.
    std::string difference(std::size_t result, const Array& actual);

    const Array& result(std::size_t i) const { return expected_[i]; }

  private:
    void perturb(std::size_t runs);

    const ir::Graph& graph_;
    std::span<const Array> parameters_;
    bool has_sums_ = false;
    bool has_rounding_ = false;
    std::vector<Array> expected_;
    std::vector<std::vector<Array>> perturbed_;
};

}  // namespace latent::fuzz
