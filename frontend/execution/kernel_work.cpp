#include "frontend/execution/kernel_work.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

namespace latent::detail {

namespace {

double points(const passes::KernelStep& step, std::uint64_t atoms) {
    double product = 1;
    for (std::size_t atom = 0; atom < step.extents.size(); ++atom) {
        product *= (atoms >> atom & 1) != 0 ? static_cast<double>(step.extents[atom]) : 1;
    }
    return product;
}

/// Of so many elements of a value, which windows and gathers may read more than once.
double bytes_of(const ir::Node& value, double elements) {
    const double bytes = elements * static_cast<double>(byte_size(value.type().dtype));
    return std::min(bytes, static_cast<double>(value.type().bytes()));
}

}  // namespace

KernelWork work_of(const passes::KernelStep& step) {
    const ir::Region& region = step.region;
    const std::vector<std::uint64_t> spans = ir::spans(region);
    const auto span_of = [&](int stage) { return spans[static_cast<std::size_t>(stage)]; };
    KernelWork work;
    std::map<const ir::Node*, double> read;  // what several stages read counts once
    for (std::size_t i = 0; i < region.stages.size(); ++i) {
        const ir::Stage& stage = region.stages[i];
        if (stage.kind == ir::StageKind::contraction) {
            work.multiply_adds +=
                points(step, span_of(stage.operands[0]) | span_of(stage.operands[1]));
        }
        if (stage.kind == ir::StageKind::load || stage.kind == ir::StageKind::indexed) {
            const ir::Node* value = step.inputs[static_cast<std::size_t>(stage.input)].value;
            if (value != nullptr) {
                read[value] = std::max(read[value], bytes_of(*value, points(step, spans[i])));
            }
        }
    }
    for (const auto& [value, bytes] : read) {
        work.bytes += bytes;
    }
    for (std::size_t i = 0; i < step.results.size(); ++i) {
        work.bytes +=
            bytes_of(*step.results[i].value, points(step, span_of(region.results[i].stage)));
    }
    return work;
}

}  // namespace latent::detail
