#include "passes/partition/copy_parts.h"

#include <algorithm>
#include <map>

#include "ir/rounding.h"

namespace latent::passes {

namespace {

using ir::Dims;

/// A box of a value that is put together from others, and the box of another value that is copied
/// there: element `to_start + to_step * i` is element `from_start + i`, for i below the extents.
struct CopyPart {
    ir::Value source;
    bool is_fill = false;  ///< the source is a number, which fills the box
    Dims extents;
    Dims from_start;
    Dims to_start;
    Dims to_step;
};

CopyPart whole(const ir::Value& source, const ir::Shape& shape) {
    return {
        source, false, shape, Dims(shape.size(), 0), Dims(shape.size(), 0), Dims(shape.size(), 1)};
}

std::vector<CopyPart> parts_of_concat(const ir::Node& node) {
    const auto axis = static_cast<std::size_t>(node.attributes_as<ir::ConcatAttributes>().axis);
    std::vector<CopyPart> parts;
    std::int64_t start = 0;
    for (const ir::Value& operand : node.operands()) {
        CopyPart part = whole(operand, operand.type().shape);
        part.to_start[axis] = start;
        start += operand.type().shape[axis];
        if (operand.type().element_count() > 0) {
            parts.push_back(std::move(part));
        }
    }
    return parts;
}

std::vector<CopyPart> parts_of_interleave(const ir::Node& node) {
    const auto axis = static_cast<std::size_t>(node.attributes_as<ir::ConcatAttributes>().axis);
    std::vector<CopyPart> parts;
    for (std::size_t i = 0; i < node.operands().size(); ++i) {
        const ir::Value& operand = node.operand(i);
        CopyPart part = whole(operand, operand.type().shape);
        part.to_start[axis] = static_cast<std::int64_t>(i);
        part.to_step[axis] = static_cast<std::int64_t>(node.operands().size());
        if (operand.type().element_count() > 0) {
            parts.push_back(std::move(part));
        }
    }
    return parts;
}

/// Numbers between the elements are spread over the whole result first.
std::vector<CopyPart> parts_of_spread(const ir::Node& node) {
    const auto& pad = node.attributes_as<ir::PadAttributes>();
    const ir::Shape& from = node.operand(0).type().shape;
    const ir::Shape& to = node.type().shape;
    CopyPart fill = whole(node.operand(1), to);
    fill.is_fill = true;
    CopyPart elements = whole(node.operand(0), from);
    for (std::size_t i = 0; i < from.size(); ++i) {
        const std::int64_t step = pad.interior[i] + 1;
        const std::int64_t first =
            pad.low[i] >= 0
                ? 0
                : ir::ceiling_quotient(-pad.low[i], step);  // the first that is not cut off
        const std::int64_t place = pad.low[i] + first * step;
        const std::int64_t fitting = place < to[i] ? (to[i] - 1 - place) / step + 1 : 0;
        elements.to_step[i] = step;
        elements.to_start[i] = place;
        elements.from_start[i] = first;
        elements.extents[i] = std::clamp<std::int64_t>(from[i] - first, 0, fitting);
    }
    std::vector<CopyPart> parts{std::move(fill)};
    if (std::ranges::all_of(elements.extents, [](std::int64_t extent) { return extent > 0; })) {
        parts.push_back(std::move(elements));
    }
    return parts;
}

bool spreads(const ir::Node& node) {
    return node.op() == ir::Op::pad &&
           std::ranges::any_of(node.attributes_as<ir::PadAttributes>().interior,
                               [](std::int64_t between) { return between > 0; });
}

/// In the order in which they are copied. Empty boxes are left out.
std::vector<CopyPart> parts_of(const ir::Node& node) {
    return node.op() == ir::Op::concat       ? parts_of_concat(node)
           : node.op() == ir::Op::interleave ? parts_of_interleave(node)
                                             : parts_of_spread(node);
}

/// Where a part begins along an atom of the region that copies the whole, and how it goes on.
struct Place {
    int atom = 0;
    std::int64_t start = 0;
    std::int64_t step = 1;
};

/// The atoms of a part's region from those of the whole's.
class PartAtoms {
  public:
    PartAtoms(const AtomTable& whole, AtomTable& part) : whole_(whole), part_(part) {}

    /// Takes over the atoms of one dimension, of which the part covers a range; gives the part's
    /// own coordinate along it. Nothing where the range cuts through an inner atom.
    std::optional<Coordinate> take(std::span<const int> atoms, std::int64_t extent,
                                   std::int64_t start, std::int64_t step) {
        std::int64_t inner = 1;
        for (const int atom : atoms.subspan(std::min<std::size_t>(1, atoms.size()))) {
            inner *= whole_.extent(atom);
        }
        if (extent % inner != 0 || start % inner != 0 || (step != 1 && inner != 1)) {
            return std::nullopt;
        }
        std::vector<int> taken;
        for (std::size_t i = 0; i < atoms.size(); ++i) {
            const bool outermost = i == 0;
            taken.push_back(part_.add(outermost ? extent / inner : whole_.extent(atoms[i])));
            if (whole_.takes_steps(atoms[i]) || (outermost && step != 1)) {
                part_.mark_steps(taken.back());
            }
            places_[atoms[i]] = {taken.back(), outermost ? start / inner : 0, outermost ? step : 1};
        }
        return part_.from_mixed_radix(taken);
    }

    Coordinates translate(const Coordinates& coordinates) {
        Coordinates result;
        for (const Coordinate& dim : whole_.expand(coordinates)) {
            Coordinate& translated = result.emplace_back(Coordinate{{}, dim.offset});
            for (const ir::AtomTerm& term : dim.terms) {
                const auto found = places_.find(term.atom);
                const Place place =
                    found != places_.end()
                        ? found->second
                        : places_[term.atom] = {part_.add(whole_.extent(term.atom))};
                translated.terms.push_back({place.atom, term.coefficient * place.step});
                translated.offset += term.coefficient * place.start;
            }
        }
        return result;
    }

  private:
    const AtomTable& whole_;
    AtomTable& part_;
    std::map<int, Place> places_;
};

std::optional<PartialCopy> partial_copy(const CopyPart& part, const OpenRegion& whole,
                                        std::span<const std::vector<int>> atoms) {
    PartialCopy copy;
    copy.source = part.source.node.get();
    OpenRegion& region = copy.region;
    PartAtoms translation(whole.atoms(), region.atoms());
    Coordinates from;
    for (std::size_t i = 0; i < atoms.size(); ++i) {
        auto coordinate =
            translation.take(atoms[i], part.extents[i], part.to_start[i], part.to_step[i]);
        if (!coordinate) {
            return std::nullopt;
        }
        coordinate->offset = part.from_start[i];
        from.push_back(std::move(*coordinate));
    }
    if (part.is_fill) {
        from.clear();
    }
    const OpenRegion::Result& result = whole.results()[0];
    const int instance = region.add_instance(result.node, ir::StageKind::load);
    region.add_result(result.node, instance, translation.translate(result.coordinates));
    const bool is_whole = region.atoms().is_pure(from, part.source.type().shape.span());
    copy.request = {0, instance, region.add_operand(instance, copy.source, from), from,
                    is_whole ? Need::any : Need::address};
    return copy;
}

}  // namespace

bool is_put_together(const ir::Node& node) {
    return node.op() == ir::Op::concat || node.op() == ir::Op::interleave || spreads(node);
}

std::vector<PartialCopy> partial_copies(const ir::Node& node, const OpenRegion& whole,
                                        const Coordinates& coordinates) {
    const ir::Shape& shape = node.type().shape;
    if (!whole.atoms().is_pure(coordinates, shape.span())) {
        return {};
    }
    std::vector<std::vector<int>> atoms;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        atoms.push_back(*whole.atoms().mixed_radix(coordinates[i], shape[i]));
    }
    std::vector<PartialCopy> copies;
    bool filled = false;
    for (const CopyPart& part : parts_of(node)) {
        std::optional<PartialCopy> copy = partial_copy(part, whole, atoms);
        if (!copy) {
            return {};
        }
        copy->overwrites_first = filled;
        filled = filled || part.is_fill;
        copies.push_back(std::move(*copy));
    }
    return copies;
}

}  // namespace latent::passes
