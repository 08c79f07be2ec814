#include "passes/schedule/schedule_streams.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <vector>

#include "passes/schedule/atom_set.h"
#include "passes/schedule/vector_atom.h"

namespace latent::passes {

namespace {

/// What a kernel reads and writes, each buffer once, and what of that comes with each point.
struct Traffic {
    std::int64_t bytes = 0;
    std::int64_t point_bytes = 0;
};

Traffic least_traffic(const ir::Region& region, std::span<const std::int64_t> extents) {
    Traffic traffic;
    const auto add = [&](std::span<const ir::StrideClass> strides, DType dtype) {
        const auto element = static_cast<std::int64_t>(byte_size(dtype));
        std::int64_t elements = 1;
        bool everywhere = true;
        for (std::size_t k = 0; k < strides.size(); ++k) {
            const bool varies = strides[k] != ir::StrideClass::zero;
            elements *= varies ? extents[k] : 1;
            everywhere = everywhere && varies;
        }
        traffic.bytes += elements * element;
        traffic.point_bytes += everywhere ? element : 0;
    };
    for (const ir::RegionInput& input : region.inputs) {
        if (input.kind == ir::InputKind::strided) {
            add(input.strides, input.dtype);
        }
    }
    for (const ir::RegionResult& result : region.results) {
        add(result.strides, region.stages[static_cast<std::size_t>(result.stage)].dtype);
    }
    return traffic;
}

/// That of the elementwise stages along an atom for one vector. Numbers of a row cost it little.
std::int64_t arithmetic_cost(const ir::Region& region, int atom) {
    const std::vector<std::uint64_t> spans = ir::spans(region);
    std::int64_t cost = 0;
    for (std::size_t i = 0; i < region.stages.size(); ++i) {
        const ir::Stage& stage = region.stages[i];
        const bool counts = stage.kind == ir::StageKind::elementwise && has(spans[i], atom);
        cost += counts ? ir::arithmetic_cost(stage.op) : 0;
    }
    return cost;
}

/// How many elements what is read from memory in one stream is asked for ahead of its use: 0 where
/// vectors are so short that there is no room for prefetches beside their loads.
int elements_ahead(const ir::Machine& machine, std::size_t element_bytes) {
    constexpr std::size_t bytes_ahead = 2048;
    constexpr int shortest_vector = 32;
    return machine.vector_bytes < shortest_vector ? 0
                                                  : static_cast<int>(bytes_ahead / element_bytes);
}

std::size_t widest_input(const ir::Region& region) {
    std::size_t widest = 1;
    for (const ir::RegionInput& input : region.inputs) {
        widest = std::max(widest, byte_size(input.dtype));
    }
    return widest;
}

std::size_t result_bytes(const ir::Region& region, const ir::RegionResult& result) {
    return byte_size(region.stages[static_cast<std::size_t>(result.stage)].dtype);
}

}  // namespace

void choose_read_ahead(ir::Schedule& schedule, const ir::Region& region,
                       const ir::Classification& classification, const ir::Machine& machine,
                       std::span<const std::int64_t> extents) {
    const std::uint64_t reduced = classification.row_atoms | classification.final_atoms;
    const bool stores_rows =
        std::ranges::any_of(region.results, [&](const ir::RegionResult& result) {
            return (ir::mask_of(result.strides) & reduced) != 0;
        });
    const Traffic traffic = least_traffic(region, extents);
    const std::size_t widest = widest_input(region);
    if (classification.stored_rows > 0 && traffic.bytes > machine.l2_bytes) {
        // Of the walks over a row only the first waits for memory, which the others leave idle.
        schedule.read_ahead = 2 * elements_ahead(machine, widest);
        return;
    }
    if (!has(reduced, schedule.vector_atom) || stores_rows || reads_indexed(region) ||
        traffic.bytes <= machine.l3_bytes ||
        arithmetic_cost(region, schedule.vector_atom) > traffic.point_bytes) {
        return;
    }
    schedule.read_ahead = elements_ahead(machine, widest);
}

void choose_rows_at_a_time(ir::Schedule& schedule, const ir::Region& region,
                           const ir::Classification& classification, const ir::Machine& machine,
                           std::span<const std::int64_t> extents) {
    constexpr int rows_of_caches = 4;
    constexpr std::int64_t long_row = 8192;  // bytes
    const std::uint64_t reduced = classification.final_atoms;
    const Traffic traffic = least_traffic(region, extents);
    if (schedule.vector_atom < 0 || has(reduced, schedule.vector_atom) ||
        std::popcount(reduced) != 1 || classification.row_atoms != 0 ||
        classification.stored_rows > 0 || reads_indexed(region) ||
        arithmetic_cost(region, schedule.vector_atom) > traffic.point_bytes) {
        return;
    }
    if (traffic.bytes <= machine.l3_bytes) {
        schedule.row_atom = std::countr_zero(reduced);
        schedule.tile_rows = rows_of_caches;
        return;
    }
    // Of short rows that come from memory a processor follows one stream best.
    const auto widest = static_cast<std::int64_t>(widest_input(region));
    if (extents[static_cast<std::size_t>(schedule.vector_atom)] * widest >= long_row) {
        schedule.row_atom = std::countr_zero(reduced);
        schedule.tile_rows = ir::most_rows_at_a_time;
        schedule.read_ahead = elements_ahead(machine, static_cast<std::size_t>(widest));
    }
}

int strip_of_results(const ir::Schedule& schedule, const ir::Region& region) {
    // Rows end inside of lines, so a strip takes as much of a row as leaves L1 to what it reads.
    const std::size_t strip_bytes = region.atoms.size() == 1 ? 256 : 4096;
    const std::uint64_t row = ir::classify(region).row_atoms;
    const bool in_row = schedule.kind == ir::Template::row && has(row, schedule.vector_atom) &&
                        !ir::is_unrolled(region, row);
    if ((schedule.kind != ir::Template::pointwise && !in_row) || schedule.row_atom >= 0 ||
        schedule.vector_atom < 0 ||
        schedule.vector_atom + 1 != static_cast<int>(region.atoms.size())) {
        return 0;
    }
    // Reversed elements are shuffled where the ends of rows overlap, which strips have not.
    if (reads_reversed(region, schedule.vector_atom)) {
        return 0;
    }
    std::size_t widest = 1;
    for (const ir::RegionResult& result : region.results) {
        if (result.strides.back() != ir::StrideClass::one) {
            return 0;
        }
        widest = std::max(widest, result_bytes(region, result));
    }
    return std::max(static_cast<int>(strip_bytes / widest),
                    schedule.lanes * std::max(1, schedule.unroll));
}

void choose_result_strip(ir::Schedule& schedule, const ir::Region& region,
                         const ir::Machine& machine, std::span<const std::int64_t> extents) {
    constexpr std::int64_t shortest_row = 1024;  // bytes
    const int strip = strip_of_results(schedule, region);
    if (strip == 0) {
        return;
    }
    const Traffic traffic = least_traffic(region, extents);
    const bool rows = region.atoms.size() > 1;
    const bool short_rows =
        rows && std::ranges::any_of(region.results, [&](const auto& result) {
            return extents.back() * static_cast<std::int64_t>(result_bytes(region, result)) <
                   shortest_row;
        });
    if (traffic.bytes > (rows ? 8 : 2) * machine.l3_bytes && !short_rows &&
        arithmetic_cost(region, schedule.vector_atom) <= traffic.point_bytes) {
        schedule.result_strip = strip;
    }
}

}  // namespace latent::passes
