#include "tests/support/random_graph.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace latent::test {

namespace {

const std::source_location here = std::source_location::current();

/// How often a category is chosen.
int weight(ir::Category category) {
    switch (category) {
        case ir::Category::leaf:
        case ir::Category::boundary:
            return 1;
        case ir::Category::compare:
        case ir::Category::ternary:
            return 4;
        case ir::Category::contract:
            return 6;
        case ir::Category::scan:
            return 8;
        case ir::Category::reduce:
            return 10;
        case ir::Category::unary:
        case ir::Category::binary:
            return 15;
        case ir::Category::index:
            return 13;
        case ir::Category::view:
            return 23;
    }
    throw InternalError("an op without a category");
}

}  // namespace

RandomGraph::RandomGraph(RandomGraphOptions options, std::uint64_t seed)
    : options_(std::move(options)), random_(seed) {
    for (int i = 0; i < 3; ++i) {
        extents_.push_back(one_of(options_.extents));
    }
}

ir::Graph RandomGraph::make() {
    values_.push_back(parameter({one_of(options_.dtypes), {extent()}}));
    for (int i = 0; i < options_.steps; ++i) {
        try {
            const ir::Value value = apply(choose());
            if (value && value.type().element_count() <= options_.max_elements &&
                value.type().rank() <= options_.max_rank && options_.accepts(value)) {
                values_.push_back(value);
            }
        } catch (const ShapeError&) {
            // Not every choice of attributes fits: the next step makes another.
        } catch (const TypeError&) {
        }
    }
    ir::Graph graph{{values_.back()}};
    while (graph.results.size() < 3 && chance(30)) {
        graph.results.push_back(one_of(values_));
    }
    return graph;
}

std::int64_t RandomGraph::below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
}

ir::Op RandomGraph::choose() {
    static const std::vector<ir::Op> weighted = [] {
        // Each category has its weight, whatever the number of its ops.
        constexpr int scale = 100;
        std::vector<ir::Op> ops;
        for (const ir::OpInfo& row : ir::all_ops()) {
            const auto alike =
                std::ranges::count(ir::all_ops(), row.category, &ir::OpInfo::category);
            const auto times = static_cast<std::size_t>(weight(row.category) * scale / alike);
            ops.insert(ops.end(), times, row.op);
        }
        return ops;
    }();
    return one_of(weighted);
}

ir::Value RandomGraph::pick() {
    if (chance(10)) {
        values_.push_back(parameter_over(
            {one_of(options_.dtypes), ir::Shape(static_cast<std::size_t>(below(4)), extent())}));
    }
    return chance(options_.chained) ? values_.back() : one_of(values_);
}

/// A value of such a dtype; another one cast to it if need be.
ir::Value RandomGraph::pick(DTypePredicate takes) {
    ir::Value first = pick();
    if (takes(first.type().dtype)) {
        return first;
    }
    std::vector<ir::Value> fitting;
    std::ranges::copy_if(values_, std::back_inserter(fitting),
                         [&](const ir::Value& value) { return takes(value.type().dtype); });
    if (!fitting.empty() && chance(70)) {
        return one_of(fitting);
    }
    if (std::ranges::none_of(options_.dtypes, takes)) {
        return {};
    }
    return ir::cast(first, dtype_that(takes), here);
}

DType RandomGraph::dtype_that(DTypePredicate takes) {
    std::vector<DType> fitting;
    std::ranges::copy_if(options_.dtypes, std::back_inserter(fitting), takes);
    return one_of(fitting);
}

/// A value of that type: a number, positions, a value that is there, or a parameter of fewer
/// dimensions.
ir::Value RandomGraph::like(const ir::Type& type) {
    const std::int64_t choice = below(10);
    if (choice < 3) {
        return number_like(type, choice == 0);
    }
    if (choice == 3 && type.rank() > 0 && type.dtype != DType::boolean) {
        return positions_like(type);
    }
    const ir::Value existing = existing_like(type);
    return existing && choice < 9 ? existing : parameter_over(type);
}

ir::Literal RandomGraph::literal(DType dtype) {
    constexpr std::array interesting = {0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 3.0, -4.0};
    return {dtype, one_of(interesting)};
}

ir::Value RandomGraph::number_like(const ir::Type& type, bool is_scalar) {
    const ir::Literal value = literal(type.dtype);
    return ir::broadcast(is_scalar ? ir::scalar(value, here) : ir::constant(value, here),
                         type.shape.span(), {}, here);
}

/// The positions along one axis.
ir::Value RandomGraph::positions_like(const ir::Type& type) {
    const std::array axes{below(static_cast<std::int64_t>(type.rank()))};
    return ir::broadcast(ir::iota(type.dtype, type.shape[static_cast<std::size_t>(axes[0])], here),
                         type.shape.span(), axes, here);
}

/// One of that type, or of that shape and cast. Empty if there is none.
ir::Value RandomGraph::existing_like(const ir::Type& type) {
    std::vector<ir::Value> same;
    std::vector<ir::Value> other_dtype;
    for (const ir::Value& value : values_) {
        if (value.type().shape == type.shape) {
            (value.type().dtype == type.dtype ? same : other_dtype).push_back(value);
        }
    }
    if (!same.empty()) {
        return one_of(same);
    }
    return other_dtype.empty() ? ir::Value{} : ir::cast(one_of(other_dtype), type.dtype, here);
}

/// A new parameter over all or, broadcast, over some of the dimensions. Throws ShapeError where
/// that would be too large.
ir::Value RandomGraph::parameter_over(const ir::Type& type) {
    require_size(type);
    ir::Axes axes;
    ir::Type own{type.dtype, {}};
    const bool is_whole = chance(60) && type.rank() <= options_.max_parameter_rank;
    for (std::size_t i = 0; i < type.rank(); ++i) {
        if (own.rank() < options_.max_parameter_rank && (is_whole || chance(60))) {
            axes.push_back(static_cast<std::int64_t>(i));
            own.shape.push_back(type.shape[i]);
        }
    }
    return ir::broadcast(parameter(own), type.shape.span(), axes.span(), here);
}

void RandomGraph::require_size(const ir::Type& type) const {
    if (type.element_count() > options_.max_elements) {
        throw ShapeError("more elements than the options allow");
    }
}

/// Throws ShapeError where it would be too large.
ir::Value RandomGraph::parameter(const ir::Type& type) {
    require_size(type);
    return ir::parameter(parameters_++, type, here);
}

ir::Axes RandomGraph::permutation(std::size_t rank) {
    ir::Axes axes(rank, 0);
    std::iota(axes.begin(), axes.end(), 0);
    std::shuffle(axes.begin(), axes.end(), random_);
    return axes;
}

ir::Axes RandomGraph::some_axes(std::size_t rank) {
    ir::Axes axes;
    for (std::size_t i = 0; i < rank; ++i) {
        if (chance(50)) {
            axes.push_back(static_cast<std::int64_t>(i));
        }
    }
    return axes;
}

/// Throws ShapeError for rank 0.
std::int64_t RandomGraph::axis_of(const ir::Value& value) {
    if (value.type().rank() == 0) {
        throw ShapeError("no axis to choose");
    }
    return below(static_cast<std::int64_t>(value.type().rank()));
}

}  // namespace latent::test
