#include "passes/schedule/schedule_space.h"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include "ir/rounding.h"
#include "ir/storage.h"
#include "passes/schedule/atom_set.h"
#include "passes/schedule/schedule.h"
#include "passes/schedule/schedule_pointwise.h"
#include "passes/schedule/schedule_rows.h"
#include "passes/schedule/schedule_streams.h"

namespace latent::passes {

namespace {

/// The largest register tile of a number of vectors: sums, the vectors that are read and a number
/// beside them fit the registers.
int most_tile_rows(const ir::Machine& machine, int vectors) {
    return (machine.registers - 1 - vectors) / vectors;
}

}  // namespace

ScheduleSpace::ScheduleSpace(const ir::Region& region, const ir::Classification& classification,
                             const ir::Machine& machine, std::span<const std::int64_t> extents)
    : region_(region),
      classification_(classification),
      extents_(extents.begin(), extents.end()),
      default_(passes::default_schedule(region, classification, machine, extents)),
      orders_(summation_orders(region, classification, default_, extents)) {
    for (const ir::RegionInput& input : region.inputs) {
        widest_input_ = std::max(widest_input_, byte_size(input.dtype));
    }
    switch (default_.kind) {
        case ir::Template::pointwise:
            add_pointwise();
            break;
        case ir::Template::row:
        case ir::Template::reduction:
            add_row();
            break;
        case ir::Template::contraction:
            add_contraction(machine);
            break;
        case ir::Template::row_chain:
            add_numbers<&ir::Schedule::block_rows>({1, 2, 4, 8});
            break;
        case ir::Template::scan: {
            const bool sorts = ir::sorts(region);
            if (!sorts) {
                add_atom_of_vectors((std::uint64_t{1} << region.atoms.size()) - 1);
            }
            add_vectors(Loops::of_stores);
            add_block();
            break;
        }
        case ir::Template::scatter:
            if (default_.vector_atom >= 0) {
                add_vectors(Loops::of_vectors);
            }
            add_block();
            break;
    }
}

template <auto Field>
ScheduleSpace::Dimension& ScheduleSpace::add_numbers(const std::vector<std::int64_t>& values) {
    Dimension dimension;
    dimension.copy = [](const ir::Schedule& from, ir::Schedule& to) { to.*Field = from.*Field; };
    dimension.ordered = true;
    for (const std::int64_t value : values) {
        ir::Schedule setting = default_;
        setting.*Field = static_cast<std::remove_cvref_t<decltype(setting.*Field)>>(value);
        if (dimension.settings.empty() || setting != dimension.settings.back()) {
            dimension.settings.push_back(setting);
        }
    }
    return dimensions_.emplace_back(std::move(dimension));
}

/// The default divided by and times powers of two, up to `most`.
template <auto Field>
ScheduleSpace::Dimension& ScheduleSpace::add_scaled(std::int64_t most) {
    const std::int64_t start = default_.*Field;
    std::vector<std::int64_t> values;
    for (std::int64_t divisor = most; divisor > 1; divisor /= 2) {
        if (start / divisor > 1) {
            values.push_back(start / divisor);
        }
    }
    for (std::int64_t factor = 1; factor <= most; factor *= 2) {
        values.push_back(start * factor);
    }
    return add_numbers<Field>(values);
}

void ScheduleSpace::add_block() {
    add_scaled<&ir::Schedule::block>(16);
}

void ScheduleSpace::add_vectors(Loops loops) {
    // Twice the lanes are as twice as many vectors in flight, of which loops of stores have at most
    // two.
    const std::int64_t lanes = default_.lanes;
    const std::int64_t half = std::max<std::int64_t>(lanes / 2, 2);
    if (loops == Loops::of_vectors) {
        add_numbers<&ir::Schedule::lanes>({half, lanes});
        add_numbers<&ir::Schedule::unroll>({1, 2, 4, 8});
    } else {
        add_numbers<&ir::Schedule::lanes>({half, lanes, lanes * 2});
        add_numbers<&ir::Schedule::unroll>({1, 2});
    }
}

void ScheduleSpace::add_atom_of_vectors(std::uint64_t atoms) {
    Dimension dimension;
    dimension.copy = [](const ir::Schedule& from, ir::Schedule& to) {
        to.vector_atom = from.vector_atom;
    };
    for (int atom = 0; atom < std::numeric_limits<std::uint64_t>::digits; ++atom) {
        if (has(atoms, atom)) {
            ir::Schedule setting = default_;
            setting.vector_atom = atom;
            dimension.settings.push_back(setting);
        }
    }
    dimension.jumps = dimension.settings;
    dimensions_.push_back(std::move(dimension));
}

void ScheduleSpace::add_row() {
    const bool ordered = std::ranges::any_of(region_.stages, depends_on_order);
    const std::uint64_t all = (std::uint64_t{1} << region_.atoms.size()) - 1;
    const std::uint64_t across = all & ~classification_.row_atoms & ~classification_.final_atoms;
    if (!ordered || has(across, default_.vector_atom)) {
        if (classification_.stored_rows == 0) {
            add_atom_of_vectors(ordered ? across : all);
        }
        add_vectors(ordered && default_.kind == ir::Template::row ? Loops::of_stores
                                                                  : Loops::of_vectors);
    }
    if (!ordered || default_.kind == ir::Template::row) {
        add_block();
    }
    Dimension kept;
    kept.copy = [](const ir::Schedule& from, ir::Schedule& to) { to.kept = from.kept; };
    for (const KeptStages worth : {KeptStages::none, KeptStages::transcendental, KeptStages::all}) {
        ir::Schedule setting = default_;
        setting.kept = kept_stages(region_, classification_, worth);
        if (std::ranges::find(kept.settings, setting) == kept.settings.end()) {
            kept.settings.push_back(setting);
        }
    }
    kept.jumps = kept.settings;
    dimensions_.push_back(std::move(kept));
    const bool takes_in_rows = default_.kind == ir::Template::row ||
                               !has(classification_.final_atoms, default_.vector_atom);
    if (takes_in_rows && default_.row_atom >= 0) {
        add_numbers<&ir::Schedule::tile_rows>({1, 2, 4, 8});
    }
    if (default_.kind == ir::Template::row) {
        add_numbers<&ir::Schedule::result_strip>({0, strip_of_results(default_, region_)});
    }
}

void ScheduleSpace::add_pointwise() {
    // What is inside of the vectors' atom stays in a task.
    constexpr std::int64_t most_inside = 1 << 12;
    Dimension dimension;
    dimension.copy = [](const ir::Schedule& from, ir::Schedule& to) {
        to.vector_atom = from.vector_atom;
        to.row_atom = from.row_atom;
        to.tile_rows = from.tile_rows;
    };
    dimension.settings.push_back(default_);
    std::int64_t inside = 1;
    for (int atom = static_cast<int>(region_.atoms.size()) - 1; atom >= 0 && inside <= most_inside;
         --atom) {
        ir::Schedule setting = default_;
        setting.vector_atom = atom;
        setting.row_atom = -1;
        setting.tile_rows = 0;
        dimension.settings.push_back(setting);
        choose_tile(setting, region_, extents_);
        if (setting.row_atom >= 0) {
            for (const int rows : {8, 16, 32}) {
                setting.tile_rows = rows;
                dimension.settings.push_back(setting);
            }
        }
        inside *= std::max<std::int64_t>(extents_[static_cast<std::size_t>(atom)], 1);
    }
    dimension.jumps = dimension.settings;
    dimensions_.push_back(std::move(dimension));
    add_vectors(Loops::of_vectors);
    add_block();
    add_numbers<&ir::Schedule::result_strip>({0, strip_of_results(default_, region_)});
}

/// Which operands are packed, and whether sums are in register tiles, as they are if one is.
void ScheduleSpace::add_forms(const ir::Machine& machine) {
    Dimension dimension;
    dimension.copy = [](const ir::Schedule& from, ir::Schedule& to) {
        to.packing = from.packing;
        if ((from.tile_rows == 0) != (to.tile_rows == 0)) {
            to.tile_rows = from.tile_rows;
            to.tile_vectors = from.tile_vectors;
        }
    };
    ir::Schedule setting = default_;
    setting.packing = ir::Packing::none;
    setting.tile_rows = 0;
    dimension.settings.push_back(setting);
    setting.tile_vectors = 2;
    setting.tile_rows = most_tile_rows(machine, setting.tile_vectors);
    for (const ir::Packing packing :
         {ir::Packing::none, ir::Packing::columns, ir::Packing::both, ir::Packing::streamed,
          ir::Packing::deep, ir::Packing::swept}) {
        setting.packing = packing;
        dimension.settings.push_back(setting);
    }
    dimension.jumps = dimension.settings;
    dimensions_.push_back(std::move(dimension));
}

void ScheduleSpace::add_tiles(const ir::Machine& machine, std::int64_t rows) {
    Dimension dimension;
    dimension.copy = [](const ir::Schedule& from, ir::Schedule& to) {
        to.tile_rows = from.tile_rows;
        to.tile_vectors = from.tile_vectors;
    };
    dimension.settings.push_back(default_);
    dimension.ordered = true;
    dimension.matters = [](const ir::Schedule& schedule) { return schedule.tile_rows > 0; };
    constexpr int most_vectors = 4;
    for (int vectors = 1; vectors <= most_vectors; ++vectors) {
        const int most_rows = most_tile_rows(machine, vectors);
        ir::Schedule setting = default_;
        setting.tile_vectors = vectors;
        for (setting.tile_rows = 0; setting.tile_rows <= most_rows; ++setting.tile_rows) {
            dimension.settings.push_back(setting);
        }
        // The largest tile, and the smallest of which as few cover all rows.
        const std::int64_t tiles = std::max<std::int64_t>(ir::ceiling_quotient(rows, most_rows), 1);
        for (const std::int64_t jump :
             {std::int64_t{most_rows}, ir::ceiling_quotient(rows, tiles)}) {
            setting.tile_rows = static_cast<int>(std::max<std::int64_t>(jump, 1));
            dimension.jumps.push_back(setting);
        }
    }
    dimensions_.push_back(std::move(dimension));
}

/// Vectors along an atom that one operand has, rows along one that the other has.
void ScheduleSpace::add_rows_and_columns(std::uint64_t free) {
    Dimension dimension;
    dimension.copy = [](const ir::Schedule& from, ir::Schedule& to) {
        to.vector_atom = from.vector_atom;
        to.row_atom = from.row_atom;
    };
    const std::uint64_t lhs = operands_[0].span;
    for (int column = 0; column < std::numeric_limits<std::uint64_t>::digits; ++column) {
        for (int row = 0; row < std::numeric_limits<std::uint64_t>::digits; ++row) {
            if (has(free, column) && has(free, row) && has(lhs, column) != has(lhs, row)) {
                dimension.settings.push_back(default_);
                dimension.settings.back().vector_atom = column;
                dimension.settings.back().row_atom = row;
            }
        }
    }
    dimension.jumps = dimension.settings;
    dimensions_.push_back(std::move(dimension));
}

void ScheduleSpace::add_contraction(const ir::Machine& machine) {
    const ir::Stage& contraction =
        region_.stages[static_cast<std::size_t>(classification_.final_reductions[0])];
    const std::vector<std::uint64_t> spans = ir::spans(region_);
    for (std::size_t i = 0; i < operands_.size(); ++i) {
        operands_[i].span = spans[static_cast<std::size_t>(contraction.operands[i])];
        for (int atom = 0; atom < static_cast<int>(extents_.size()); ++atom) {
            operands_[i].contiguous |=
                std::uint64_t{is_contiguous(region_, contraction.operands[i], atom)} << atom;
        }
    }
    const std::uint64_t varies = operands_[0].span | operands_[1].span;
    bool repeats = false;
    for (const int atom : contraction.atoms) {
        depth_atom_ = std::max(depth_atom_, atom);
        ++depth_atoms_;
        repeats = repeats || !has(varies, atom);
    }
    add_numbers<&ir::Schedule::lanes>({std::max(default_.lanes / 2, 2), default_.lanes});
    // A product that is added repeatedly may leave the loop, and is rounded then; whether it does
    // depends on the form.
    if (default_.row_atom < 0 || default_.vector_atom < 0 || repeats) {
        return;
    }
    const auto is_tiled = [](const ir::Schedule& schedule) { return schedule.tile_rows > 0; };
    if (default_.packing == ir::Packing::dots) {
        add_tiles(machine, extents_[static_cast<std::size_t>(default_.row_atom)]);
        add_scaled<&ir::Schedule::block_columns>(8);
        add_scaled<&ir::Schedule::block_depth>(4);
        return;
    }
    add_forms(machine);
    add_rows_and_columns((operands_[0].span ^ operands_[1].span) & ~classification_.final_atoms);
    add_tiles(machine, extents_[static_cast<std::size_t>(default_.row_atom)]);
    add_scaled<&ir::Schedule::block_rows>(8).matters = is_tiled;
    add_scaled<&ir::Schedule::block_columns>(8).matters = is_tiled;
    add_scaled<&ir::Schedule::block_depth>(4).matters = [](const ir::Schedule& schedule) {
        return schedule.packing != ir::Packing::none && schedule.packing != ir::Packing::columns;
    };
}

bool ScheduleSpace::is_possible(const ir::Schedule& schedule) const {
    if (schedule == default_) {
        return true;
    }
    if (summation_orders(region_, classification_, schedule, extents_) != orders_) {
        return false;
    }
    const bool is_contraction = default_.kind == ir::Template::contraction;
    const int vectors = is_contraction
                            ? schedule.tile_vectors + (ir::columns_go_on(schedule) ? 1 : 0)
                            : schedule.unroll;
    if (static_cast<std::size_t>(schedule.lanes * vectors) * widest_input_ >
        ir::readable_past_end) {
        return false;
    }
    if (!is_contraction) {
        // Rows are taken together either along vectors or across them.
        const std::uint64_t reduced = classification_.row_atoms | classification_.final_atoms;
        const bool fits_rows =
            (default_.kind != ir::Template::row && default_.kind != ir::Template::reduction) ||
            schedule.row_atom < 0 ||
            has(reduced, schedule.vector_atom) == has(reduced, default_.vector_atom);
        // Strips are of what the default's vectors store, one after the other.
        const bool fits_strips =
            schedule.result_strip == 0 ||
            (schedule.vector_atom == default_.vector_atom && schedule.row_atom < 0);
        return fits_rows && fits_strips &&
               schedule.result_strip % (schedule.lanes * std::max(1, schedule.unroll)) == 0;
    }
    // Columns that are read in place in tiles are contiguous; so are those that are streamed, or
    // they lie along the depth.
    const bool is_tiled = schedule.tile_rows > 0;
    const Operand& columns = operands_[has(operands_[0].span, schedule.vector_atom) ? 0 : 1];
    const bool reads_vectors = (schedule.packing == ir::Packing::none && is_tiled) ||
                               (schedule.packing == ir::Packing::streamed &&
                                !(depth_atoms_ == 1 && has(columns.contiguous, depth_atom_)));
    // Lines are made for a tile that has little else, of operands that are read in place; or rows
    // or columns go on from line to line.
    const bool goes_on = schedule.tile_lines == 0;
    const bool fits_lines =
        schedule.line_atom < 0 ||
        ((goes_on ? is_tiled && schedule.packing == default_.packing
                  : schedule.packing == ir::Packing::none) &&
         schedule.row_atom == default_.row_atom && schedule.vector_atom == default_.vector_atom &&
         (ir::rows_go_on(schedule) || schedule.tile_rows * schedule.tile_vectors <=
                                          default_.tile_rows * default_.tile_vectors));
    const bool is_kept =
        (schedule.packing == ir::Packing::dots) == (default_.packing == ir::Packing::dots) &&
        (schedule.packing != ir::Packing::dots || is_tiled);
    // What is swept has all rows beside columns that nothing else varies along. (Rows past the end
    // repeat the last: in one tile LLVM would multiply once for both, and add apart.)
    const bool fits_sweep =
        schedule.packing != ir::Packing::swept ||
        (default_.packing == ir::Packing::swept && schedule.row_atom == default_.row_atom &&
         schedule.vector_atom == default_.vector_atom &&
         schedule.tile_rows <= extents_[static_cast<std::size_t>(schedule.row_atom)]);
    return fits_lines && is_kept && fits_sweep &&
           (schedule.packing == ir::Packing::none || is_tiled) &&
           (!reads_vectors || has(columns.contiguous, schedule.vector_atom));
}

const ir::Schedule* ScheduleSpace::setting_of(const Dimension& dimension,
                                              const ir::Schedule& schedule) const {
    const auto found = std::ranges::find_if(dimension.settings, [&](const ir::Schedule& setting) {
        ir::Schedule same = schedule;
        dimension.copy(setting, same);
        return same == schedule;
    });
    return found == dimension.settings.end() ? nullptr : &*found;
}

bool ScheduleSpace::contains(const ir::Schedule& schedule) const {
    ir::Schedule rest = schedule;
    for (const Dimension& dimension : dimensions_) {
        if (setting_of(dimension, schedule) == nullptr) {
            return false;
        }
        dimension.copy(default_, rest);
    }
    rest.ends_overlap = default_.ends_overlap;
    return rest == default_ &&
           schedule.ends_overlap == can_overlap_ends(schedule, region_, extents_) &&
           is_possible(schedule);
}

std::vector<ir::Schedule> ScheduleSpace::neighbours(const ir::Schedule& schedule) const {
    std::vector<ir::Schedule> result;
    const auto append = [&](const Dimension& dimension, const ir::Schedule& setting) {
        ir::Schedule neighbour = schedule;
        dimension.copy(setting, neighbour);
        neighbour.ends_overlap = can_overlap_ends(neighbour, region_, extents_);
        if (neighbour != schedule && is_possible(neighbour) &&
            std::ranges::find(result, neighbour) == result.end()) {
            result.push_back(std::move(neighbour));
        }
    };
    for (const Dimension& dimension : dimensions_) {
        if (!dimension.matters(schedule)) {
            continue;
        }
        for (const ir::Schedule& setting : dimension.jumps) {
            append(dimension, setting);
        }
        const ir::Schedule* here = setting_of(dimension, schedule);
        if (!dimension.ordered || here == nullptr) {
            continue;
        }
        if (here != &dimension.settings.front()) {
            append(dimension, here[-1]);
        }
        if (here != &dimension.settings.back()) {
            append(dimension, here[1]);
        }
    }
    return result;
}

}  // namespace latent::passes
