#include "passes/partition/canonical_step.h"

#include <algorithm>

namespace latent::passes {

namespace {

/// Stages that a stage reads, or is addressed by.
std::vector<int> read_by(const ir::Stage& stage) {
    std::vector<int> stages = stage.operands;
    for (const ir::IndexedDim& dim : stage.index) {
        if (dim.stage >= 0) {
            stages.push_back(dim.stage);
        }
    }
    return stages;
}

class StageOrder {
  public:
    explicit StageOrder(const ir::Region& region)
        : region_(region), position_(region.stages.size(), -1) {
        for (const ir::RegionResult& result : region.results) {
            visit(result.stage);
            for (const ir::IndexedDim& dim : result.scatter) {
                if (dim.stage >= 0) {
                    visit(dim.stage);
                }
            }
        }
    }

    const std::vector<int>& order() const { return order_; }
    int position(int stage) const {
        return stage < 0 ? stage : position_[static_cast<std::size_t>(stage)];
    }

  private:
    void visit(int root) {
        struct Open {
            int stage;
            std::vector<int> reads;
            std::size_t next = 0;
        };
        std::vector<Open> path;
        const auto enter = [&](int stage) {
            int& position = position_[static_cast<std::size_t>(stage)];
            if (position == unseen) {
                position = entered;
                path.push_back({stage, read_by(region_.stages[static_cast<std::size_t>(stage)])});
            }
        };
        enter(root);
        while (!path.empty()) {
            Open& top = path.back();
            if (top.next < top.reads.size()) {
                enter(top.reads[top.next++]);
                continue;
            }
            position_[static_cast<std::size_t>(top.stage)] = static_cast<int>(order_.size());
            order_.push_back(top.stage);
            path.pop_back();
        }
    }

    static constexpr int unseen = -1;
    static constexpr int entered = -2;
    const ir::Region& region_;
    std::vector<int> order_;
    std::vector<int> position_;
};

void renumber(std::vector<ir::IndexedDim>& dims, const StageOrder& stages) {
    for (ir::IndexedDim& dim : dims) {
        dim.stage = stages.position(dim.stage);
    }
}

}  // namespace

KernelStep canonical(const KernelStep& step) {
    const ir::Region& region = step.region;
    const StageOrder stages(region);
    std::vector<std::size_t> first_index;  // of each stage among all indices
    std::size_t indices = 0;
    for (const ir::Stage& stage : region.stages) {
        first_index.push_back(indices);
        indices += stage.index.size();
    }

    KernelStep result = step;
    result.region.stages.clear();
    result.region.inputs.clear();
    result.inputs.clear();
    result.indices.clear();
    result.origins.clear();
    std::vector<int> input_position(region.inputs.size(), -1);
    for (const int old : stages.order()) {
        const auto from = static_cast<std::size_t>(old);
        ir::Stage stage = region.stages[from];
        for (int& operand : stage.operands) {
            operand = stages.position(operand);
        }
        renumber(stage.index, stages);
        for (std::size_t i = 0; i < stage.index.size(); ++i) {
            result.indices.push_back(step.indices[first_index[from] + i]);
        }
        if (stage.input >= 0) {
            const auto input = static_cast<std::size_t>(stage.input);
            if (input_position[input] < 0) {
                input_position[input] = static_cast<int>(result.inputs.size());
                result.inputs.push_back(step.inputs[input]);
                result.region.inputs.push_back(region.inputs[input]);
            }
            stage.input = input_position[input];
        }
        result.region.stages.push_back(std::move(stage));
        result.origins.push_back(step.origins[from]);
    }
    for (ir::RegionResult& written : result.region.results) {
        written.stage = stages.position(written.stage);
        renumber(written.scatter, stages);
    }
    result.indices.insert(result.indices.end(),
                          step.indices.begin() + static_cast<std::ptrdiff_t>(indices),
                          step.indices.end());
    result.classification = ir::classify(result.region);
    return result;
}

}  // namespace latent::passes
