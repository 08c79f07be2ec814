#include "passes/partition/absorption.h"
#include "passes/partition/seen_through_views.h"

#include <algorithm>
#include <cstdlib>

namespace latent::passes {

namespace {

/// How far a shared value is searched for below the operand of a reduction.
constexpr std::size_t search_limit = 64;

/// Visits `value` and what it is elementwise computed from, until `visit` returns true.
template <typename Visit>
bool search_elementwise(const ir::Node& value, Visit&& visit) {
    std::vector<const ir::Node*> pending{&value};
    for (std::size_t next = 0; next < pending.size() && next < search_limit; ++next) {
        const ir::Node& node = *pending[next];
        if (visit(node)) {
            return true;
        }
        if (!ir::is_elementwise(node.op())) {
            continue;
        }
        for (const ir::Value& operand : node.operands()) {
            if (std::ranges::find(pending, operand.node.get()) == pending.end()) {
                pending.push_back(operand.node.get());
            }
        }
    }
    return false;
}

bool contains(std::span<const std::int64_t> axes, std::size_t axis) {
    return std::ranges::find(axes, static_cast<std::int64_t>(axis)) != axes.end();
}

/// The dimensions along which the region already walks the operand, or something it is computed
/// from elementwise, where it agrees on the dimensions that are kept. So that the row of a softmax
/// is one dimension, not three.
std::optional<std::vector<Coordinate>> shared_dimensions(const OpenRegion& region,
                                                         const ir::Node& operand,
                                                         std::span<const std::int64_t> axes,
                                                         const Coordinates& kept) {
    std::optional<std::vector<Coordinate>> found;
    search_elementwise(operand, [&](const ir::Node& node) {
        for (const Coordinates& seen : region.seen(&node)) {
            const Coordinates candidate = region.atoms().expand(seen);
            if (!region.atoms().is_pure(candidate, node.type().shape.span())) {
                continue;
            }
            std::vector<Coordinate> along;
            bool agrees = true;
            std::size_t next_kept = 0;
            for (std::size_t i = 0; i < candidate.size(); ++i) {
                if (contains(axes, i)) {
                    along.push_back(candidate[i]);
                } else {
                    agrees = agrees && candidate[i] == region.atoms().expand(kept[next_kept++]);
                }
            }
            if (agrees) {
                found = std::move(along);
                return true;
            }
        }
        return false;
    });
    return found;
}

/// An atom for each dimension where the coordinate is exactly that.
std::optional<int> single_atom(const OpenRegion& region, const Coordinate& coordinate,
                               std::int64_t extent) {
    const auto atoms = region.atoms().mixed_radix(coordinate, extent);
    if (!atoms || atoms->size() != 1) {
        return std::nullopt;
    }
    return atoms->front();
}

/// Adds the operand that an indexed instance reads from memory, dimension by dimension.
void add_source(OpenRegion& region, int instance, const ir::Value& source) {
    Coordinates coordinates;
    for (const std::int64_t extent : source.type().shape) {
        coordinates.push_back({{{region.add_source_atom(extent), 1}}, 0});
    }
    region.add_operand(instance, source.node.get(), std::move(coordinates));
}

/// A dimension read at a sum of atoms, without a guard.
OpenRegion::IndexDraft unguarded_dim(OpenRegion& region, const Coordinate& at,
                                     std::int64_t extent) {
    for (const ir::AtomTerm& term : at.terms) {
        region.atoms().pin(term.atom);
    }
    OpenRegion::IndexDraft draft;
    draft.dim.terms = at.terms;
    draft.binding = {at.offset, extent};
    return draft;
}

/// A dimension read at one atom, without a guard.
OpenRegion::IndexDraft plain_dim(OpenRegion& region, int atom, std::int64_t extent) {
    return unguarded_dim(region, {{{atom, 1}}, 0}, extent);
}

OpenRegion::IndexDraft guarded_dim(OpenRegion& region, std::vector<ir::AtomTerm> terms,
                                   std::int64_t offset, std::int64_t extent, std::int64_t divisor) {
    for (const ir::AtomTerm& term : terms) {
        region.atoms().pin(term.atom);
    }
    OpenRegion::IndexDraft draft;
    draft.dim.terms = std::move(terms);
    draft.dim.guarded = true;
    draft.dim.divisor = divisor;
    draft.binding = {offset, extent};
    return draft;
}

bool has_contraction(const OpenRegion& region) {
    for (int i = 0; i < static_cast<int>(region.instance_count()); ++i) {
        if (region.instance(i).kind == ir::StageKind::contraction) {
            return true;
        }
    }
    return false;
}

constexpr std::string_view irregular = "its dimensions are factored by a reshape";

/// Leaves out terms that are always zero, but one.
void drop_single_elements(const OpenRegion& region, Coordinate& coordinate) {
    const auto is_single = [&](const ir::AtomTerm& term) {
        return region.atoms().extent(term.atom) == 1;
    };
    if (std::ranges::all_of(coordinate.terms, is_single)) {
        coordinate.terms.resize(std::min<std::size_t>(coordinate.terms.size(), 1));
    } else {
        std::erase_if(coordinate.terms, is_single);
    }
}

/// Whether the coefficients are strides and dilations, which may be part of the code, not extents
/// by which a reshape has factored the dimension.
bool has_coefficients_of_windows(const OpenRegion& region, const Coordinate& coordinate,
                                 std::int64_t extent) {
    constexpr std::int64_t most = 8;
    const auto atoms = region.atoms().mixed_radix(coordinate, extent);
    return (!atoms || atoms->size() == 1) &&
           std::ranges::all_of(coordinate.terms, [](const ir::AtomTerm& term) {
               return std::abs(term.coefficient) <= most;
           });
}

std::string add_pad(OpenRegion& region, const ir::Node& node, Coordinates coordinates,
                    int* instance) {
    for (Coordinate& coordinate : coordinates) {
        drop_single_elements(region, coordinate);
    }
    const auto& pad = node.attributes_as<ir::PadAttributes>();
    if (node.operand(0).type().element_count() == 0) {
        // Nothing but fill, and nothing that could be read.
        *instance = region.add_instance(&node, ir::StageKind::load);
        region.add_operand(*instance, node.operand(1).node.get(), {});
        return {};
    }
    for (std::size_t i = 0; i < coordinates.size(); ++i) {
        if (!has_coefficients_of_windows(region, coordinates[i], node.type().shape[i])) {
            return std::string(irregular);
        }
    }
    *instance = region.add_instance(&node, ir::StageKind::indexed);
    add_source(region, *instance, node.operand(0));
    region.add_operand(*instance, node.operand(1).node.get(), {});
    for (std::size_t i = 0; i < coordinates.size(); ++i) {
        const std::int64_t extent = node.operand(0).type().shape[i];
        const Coordinate& at = coordinates[i];
        const bool whole = pad.low[i] == 0 && pad.high[i] == 0 && pad.interior[i] == 0;
        region.instance(*instance).index.push_back(
            whole ? unguarded_dim(region, at, extent)
                  : guarded_dim(region, at.terms, at.offset - pad.low[i], extent,
                                pad.interior[i] + 1));
    }
    return {};
}

std::string add_concat(OpenRegion& region, const ir::Node& node, std::span<const int> atoms,
                       int* instance) {
    const auto axis = static_cast<std::size_t>(node.attributes_as<ir::ConcatAttributes>().axis);
    // Each operand is read where the guard holds; the next one is the fill of the one before.
    int previous = -1;
    std::int64_t start = 0;
    std::vector<const ir::Value*> parts;
    for (const ir::Value& operand : node.operands()) {
        if (operand.type().element_count() > 0) {
            parts.push_back(&operand);
        }
    }
    for (const ir::Value* part : parts) {
        const int current = region.add_instance(&node, ir::StageKind::indexed);
        add_source(region, current, *part);
        for (std::size_t i = 0; i < atoms.size(); ++i) {
            const std::int64_t extent = part->type().shape[i];
            // The last part has no fill, so it needs the guard only to stay in range.
            region.instance(current).index.push_back(
                i == axis ? guarded_dim(region, {{atoms[i], 1}}, -start, extent, 1)
                          : plain_dim(region, atoms[i], extent));
        }
        start += part->type().shape[axis];
        if (previous < 0) {
            *instance = current;
        } else {
            region.link_operand(previous, current);
        }
        previous = current;
    }
    return {};
}

std::string add_gather(OpenRegion& region, const ir::Node& node, std::span<const int> atoms,
                       const Coordinates& coordinates, int* instance) {
    const auto axis = static_cast<std::size_t>(node.attributes_as<ir::GatherAttributes>().axis);
    const ir::Shape& source = node.operand(0).type().shape;
    const std::size_t index_rank = node.operand(1).type().rank();
    *instance = region.add_instance(&node, ir::StageKind::indexed);
    add_source(region, *instance, node.operand(0));
    const auto first = coordinates.begin() + static_cast<std::ptrdiff_t>(axis);
    const int index_operand =
        region.add_operand(*instance, node.operand(1).node.get(),
                           Coordinates(first, first + static_cast<std::ptrdiff_t>(index_rank)));
    for (std::size_t i = 0; i < source.size(); ++i) {
        OpenRegion::IndexDraft draft;
        if (i == axis) {
            draft.stage_operand = index_operand;
            draft.binding = {0, source[i]};
        } else {
            draft = plain_dim(region, atoms[i < axis ? i : i - 1 + index_rank], source[i]);
        }
        region.instance(*instance).index.push_back(std::move(draft));
    }
    return {};
}

std::string add_fold(OpenRegion& region, const ir::Node& node, std::span<const int> atoms,
                     int* instance) {
    const auto& fold = node.attributes_as<ir::FoldAttributes>();
    const ir::Shape& source = node.operand(0).type().shape;
    // result[p] = sum over k of operand[(p - dilation * k) / stride, k] where that is a window.
    *instance = region.add_instance(&node, ir::StageKind::reduce);
    const int read = region.add_instance(&node, ir::StageKind::indexed);
    add_source(region, read, node.operand(0));
    std::vector<OpenRegion::IndexDraft> within;
    for (std::size_t i = 0; i < atoms.size(); ++i) {
        const auto found = std::ranges::find(fold.axes, static_cast<std::int64_t>(i));
        if (found == fold.axes.end()) {
            region.instance(read).index.push_back(plain_dim(region, atoms[i], source[i]));
            continue;
        }
        const auto windowed = static_cast<std::size_t>(found - fold.axes.begin());
        const int step = region.atoms().add(fold.size[windowed]);
        region.instance(*instance).along.push_back({{{step, 1}}, 0});
        region.atoms().mark_window(region.instance(*instance).along.back());
        region.instance(read).index.push_back(
            guarded_dim(region, {{atoms[i], 1}, {step, -fold.dilation[windowed]}}, 0, source[i],
                        fold.stride[windowed]));
    }
    for (const Coordinate& step : region.instance(*instance).along) {
        within.push_back(
            plain_dim(region, step.terms[0].atom, region.atoms().extent(step.terms[0].atom)));
    }
    // The sizes follow in the order of the attributes, the reduced atoms in that of the dimensions.
    for (std::size_t windowed = 0; windowed < fold.axes.size(); ++windowed) {
        const auto rank_among = static_cast<std::size_t>(std::ranges::count_if(
            fold.axes, [&](std::int64_t axis) { return axis < fold.axes[windowed]; }));
        region.instance(read).index.push_back(within[rank_among]);
    }
    region.link_operand(*instance, read);
    return {};
}

/// The terms of each sum of a contraction.
std::int64_t contracted_elements(const ir::Node& node) {
    const auto& labels = node.attributes_as<ir::ContractionAttributes>();
    std::int64_t depth = 1;
    for (std::size_t i = 0; i < labels.lhs.size(); ++i) {
        const bool kept = std::ranges::find(labels.out, labels.lhs[i]) != labels.out.end();
        depth *= kept ? 1 : node.operand(0).type().shape[i];
    }
    return depth;
}

std::string add_contraction(OpenRegion& region, const ir::Node& node,
                            const Coordinates& coordinates, int* instance) {
    // Features that will be interleaved: of long sums it costs less to store them first.
    constexpr std::int64_t least_depth = 128;
    if (contracted_elements(node) >= least_depth &&
        std::ranges::any_of(coordinates,
                            [&](const Coordinate& dimension) {
                                return region.atoms().has_short_parts(dimension);
                            }) &&
        reads_windows(node)) {
        return "a dimension of the product would be in parts of fewer than eight elements";
    }
    const auto& labels = node.attributes_as<ir::ContractionAttributes>();
    std::vector<std::pair<std::int64_t, Coordinate>> by_label;
    for (std::size_t i = 0; i < labels.out.size(); ++i) {
        by_label.emplace_back(labels.out[i], coordinates[i]);
    }
    *instance = region.add_instance(&node, ir::StageKind::contraction);
    for (std::size_t i = 0; i < labels.lhs.size(); ++i) {
        if (std::ranges::find(labels.out, labels.lhs[i]) == labels.out.end()) {
            const Coordinate contracted{{{region.atoms().add(node.operand(0).type().shape[i]), 1}},
                                        0};
            by_label.emplace_back(labels.lhs[i], contracted);
            region.instance(*instance).along.push_back(contracted);
        }
    }
    const auto at = [&](const ir::Dims& wanted) {
        Coordinates result;
        for (const std::int64_t label : wanted) {
            result.push_back(
                std::ranges::find(by_label, label, &std::pair<std::int64_t, Coordinate>::first)
                    ->second);
        }
        return result;
    };
    region.add_operand(*instance, node.operand(0).node.get(), at(labels.lhs));
    region.add_operand(*instance, node.operand(1).node.get(), at(labels.rhs));
    return {};
}

std::string add_scan(OpenRegion& region, const ir::Node& node, const Coordinates& coordinates,
                     int* instance) {
    const auto axis = static_cast<std::size_t>(node.attributes_as<ir::ScanAttributes>().axis);
    const std::optional<int> atom = single_atom(region, coordinates[axis], node.type().shape[axis]);
    if (!atom) {
        return std::string(irregular);
    }
    region.atoms().pin(*atom);
    *instance = region.add_instance(&node, ir::StageKind::scan);
    region.instance(*instance).along = {coordinates[axis]};
    for (const ir::Value& operand : node.operands()) {
        region.add_operand(*instance, operand.node.get(), coordinates);
    }
    return {};
}

}  // namespace

std::vector<PendingOperand> take_pending(const OpenRegion& region, int instance) {
    std::vector<PendingOperand> result;
    const OpenRegion::Instance& wanted = region.instance(instance);
    for (std::size_t i = 0; i < wanted.operands.size(); ++i) {
        const OpenRegion::Operand& operand = wanted.operands[i];
        if (operand.state == OpenRegion::Operand::State::pending) {
            const bool from_memory = wanted.kind == ir::StageKind::contraction ||
                                     (wanted.kind == ir::StageKind::indexed && i == 0);
            result.push_back({operand.value, static_cast<int>(i), operand.coordinates,
                              from_memory ? Need::buffer : Need::any});
        }
    }
    return result;
}

std::string add_reduction(OpenRegion& region, const ir::Node& node, const Coordinates& coordinates,
                          const std::vector<Coordinate>* along, const PartitionOptions& options,
                          int* instance) {
    const ir::Axes& axes = node.attributes_as<ir::ReduceAttributes>().axes;
    const ir::Shape& shape = node.operand(0).type().shape;
    std::int64_t row = 1;
    for (const std::int64_t axis : axes) {
        row *= shape[static_cast<std::size_t>(axis)];
    }
    // A long row is reduced by blocks in a kernel of its own; only there is it the first thing
    // asked for.
    const bool alone = region.instance_count() <= 1 || along != nullptr;
    if (!alone && row > options.max_row_elements) {
        return "its row is too long to be kept close";
    }
    std::optional<std::vector<Coordinate>> dimensions;
    if (along != nullptr) {
        dimensions = *along;
    } else {
        dimensions = shared_dimensions(region, *node.operand(0).node, axes.span(), coordinates);
    }
    if (!dimensions) {
        dimensions.emplace();
        for (const std::int64_t axis : axes) {
            dimensions->push_back(
                {{{region.atoms().add(shape[static_cast<std::size_t>(axis)]), 1}}, 0});
        }
    }
    const bool last_is_reduced = contains(axes.span(), shape.size() - 1);
    if (last_is_reduced && row <= ir::longest_unrolled_row && node.type().element_count() > 1) {
        for (const Coordinate& dimension : *dimensions) {
            region.atoms().mark_row(dimension);
        }
    }
    Coordinates operand;
    std::size_t next_kept = 0;
    std::size_t next_reduced = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        operand.push_back(contains(axes.span(), i) ? (*dimensions)[next_reduced++]
                                                   : coordinates[next_kept++]);
    }
    *instance = region.add_instance(&node, ir::StageKind::reduce);
    region.instance(*instance).along = *dimensions;
    for (const ir::Value& value : node.operands()) {
        region.add_operand(*instance, value.node.get(), operand);
    }
    return {};
}

std::string add_anchor(OpenRegion& region, const ir::Node& node, const Coordinates& coordinates,
                       const PartitionOptions& options, int* instance) {
    if (ir::category(node.op()) == ir::Category::reduce) {
        return add_reduction(region, node, coordinates, nullptr, options, instance);
    }
    if (node.op() == ir::Op::contraction) {
        // An optimiser that keeps moments reads and writes several arrays: at the pace of register
        // tiles that takes longer than to store the product, and each product would have a kernel
        // of its own for it.
        constexpr std::size_t most_results = 2;
        constexpr std::int64_t large_product = 1 << 14;
        if (region.results().size() > most_results && !has_contraction(region) &&
            node.type().element_count() >= large_product) {
            return "what follows it stores more values than a product's tiles should";
        }
        return add_contraction(region, node, coordinates, instance);
    }
    if (ir::category(node.op()) == ir::Category::scan) {
        return add_scan(region, node, coordinates, instance);
    }
    if (node.op() == ir::Op::pad) {
        return add_pad(region, node, coordinates, instance);
    }
    std::vector<int> atoms;
    for (std::size_t i = 0; i < coordinates.size(); ++i) {
        const auto atom = single_atom(region, coordinates[i], node.type().shape[i]);
        if (!atom) {
            return std::string(irregular);
        }
        atoms.push_back(*atom);
    }
    switch (node.op()) {
        case ir::Op::concat:
            return add_concat(region, node, atoms, instance);
        case ir::Op::gather:
            return add_gather(region, node, atoms, coordinates, instance);
        case ir::Op::fold:
            return add_fold(region, node, atoms, instance);
        default:
            return "it is stored by a kernel of its own";
    }
}

int add_scatter(OpenRegion& region, const ir::Node& node) {
    const auto axis = static_cast<std::size_t>(node.attributes_as<ir::ScatterAttributes>().axis);
    const ir::Shape& shape = node.type().shape;
    const std::size_t index_rank = node.operand(1).type().rank();
    const Coordinates updates = region.atoms().add_all(node.operand(2).type().shape.span());
    const int instance = region.add_instance(&node, ir::StageKind::load);
    region.add_operand(instance, node.operand(2).node.get(), updates);
    const auto first = updates.begin() + static_cast<std::ptrdiff_t>(axis);
    const int index_operand =
        region.add_operand(instance, node.operand(1).node.get(),
                           Coordinates(first, first + static_cast<std::ptrdiff_t>(index_rank)));
    region.add_result(&node, instance, updates);
    std::vector<OpenRegion::IndexDraft>& scatter = region.results()[0].scatter;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        OpenRegion::IndexDraft draft;
        if (i == axis) {
            draft.stage_operand = index_operand;
            draft.binding = {0, shape[i]};
        } else {
            draft = plain_dim(region, updates[i < axis ? i : i - 1 + index_rank].terms[0].atom,
                              shape[i]);
        }
        scatter.push_back(std::move(draft));
    }
    return instance;
}

bool share_inputs(const ir::Node& a, const ir::Node& b) {
    ir::NodeMap<bool> below_a;
    search_elementwise(a, [&](const ir::Node& node) {
        below_a[&node] = true;
        return false;
    });
    return search_elementwise(
        b, [&](const ir::Node& node) { return node.type().rank() > 0 && below_a.contains(&node); });
}

}  // namespace latent::passes
