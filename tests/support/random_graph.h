#pragma once

#include <latent/dtype.h>

#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <vector>

#include "ir/builder.h"
#include "ir/graph.h"

namespace latent::test {

/// What random graphs are made of.
struct RandomGraphOptions {
    std::vector<DType> dtypes = {all_dtypes.begin(), all_dtypes.end()};
    /// Extents of parameters. Each graph draws a few and uses these, so that shapes meet.
    std::vector<std::int64_t> extents = {1, 2, 3, 4, 5};
    std::size_t max_parameter_rank = 3;
    std::size_t max_rank = 6;
    std::int64_t max_elements = 2000;
    int steps = 10;
    /// In percent: how often an op is applied to the value that was made last, so that rules which
    /// look for chains find them.
    int chained = 60;
    /// Restricts what may be part of a graph; views and casts that prepare operands are not asked
    /// for.
    std::function<bool(const ir::Value&)> accepts = [](const ir::Value&) { return true; };
};

/// Random graphs over parameters, valid by construction, of every primitive: `apply` switches over
/// ir/ops.def. Buffers are left to whoever runs a graph; `custom_vjp` has no rule.
class RandomGraph {
  public:
    RandomGraph(RandomGraphOptions options, std::uint64_t seed);

    /// One to three results of up to `steps` applied ops.
    ir::Graph make();

  private:
    std::int64_t below(std::int64_t bound);
    bool chance(int percent) { return below(100) < percent; }
    template <typename Range>
    auto one_of(const Range& range) {
        return range[static_cast<std::size_t>(below(static_cast<std::int64_t>(range.size())))];
    }

    // Operands: values that are there, or parameters that appear as they are needed. Empty where
    // the options have no such dtype.
    using DTypePredicate = bool (*)(DType);
    ir::Value pick();
    ir::Value pick(DTypePredicate takes);
    ir::Value like(const ir::Type& type);
    ir::Value like(const ir::Value& value) { return like(value.type()); }
    ir::Value number_like(const ir::Type& type, bool is_scalar);
    ir::Value positions_like(const ir::Type& type);
    ir::Value existing_like(const ir::Type& type);
    ir::Value parameter_over(const ir::Type& type);
    ir::Value parameter(const ir::Type& type);
    void require_size(const ir::Type& type) const;
    ir::Literal literal(DType dtype);
    DType dtype_that(DTypePredicate takes);
    std::int64_t extent() { return one_of(extents_); }
    ir::Axes some_axes(std::size_t rank);
    ir::Axes permutation(std::size_t rank);
    std::int64_t axis_of(const ir::Value& value);

    ir::Op choose();
    /// Empty, or an exception of `infer`, where the random choices do not fit.
    ir::Value apply(ir::Op op);
    ir::Value leaf(ir::Op op);
    ir::Value elementwise(ir::Op op, DTypePredicate takes, std::size_t operands);
    ir::Value cast();
    ir::Value select();
    ir::Value reduce(ir::Op op);
    ir::Value reduce_to_position(ir::Op op);
    ir::Value scan(ir::Op op, DTypePredicate takes);
    ir::Value contract();
    ir::Value permute();
    ir::Value reshape();
    ir::Value broadcast();
    ir::Value slice();
    ir::Value flip();
    ir::Value window();
    ir::Value pad();
    ir::Value concat();
    ir::Value interleave();
    ir::Value gather();
    ir::Value fold();
    ir::Value scatter_add();
    ir::Value custom_vjp();

    const RandomGraphOptions options_;
    std::mt19937_64 random_;
    std::vector<std::int64_t> extents_;
    std::int64_t parameters_ = 0;
    std::vector<ir::Value> values_;
};

}  // namespace latent::test
