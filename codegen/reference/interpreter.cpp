#include "codegen/reference/interpreter.h"

#include <fmt/format.h>

#include "codegen/reference/computation.h"

namespace latent::codegen::reference {

namespace {

/// The data of a node that is not to be computed, or null.
using FindInput = std::function<ir::StorageRef(const ir::Node&)>;

/// One walk over what some results need.
class Evaluation {
  public:
    Evaluation(std::span<const ir::Value> results, const FindInput& find_input,
               const Allocator& allocator)
        : results_(results), allocator_(allocator) {
        // Each node is asked once: a slot that becomes ready meanwhile must not change the plan.
        ir::NodeMap<ir::StorageRef> inputs;
        order_ = ir::topological_order(results, [&](const ir::Node& node) {
            ir::StorageRef data = find_input(node);
            const bool is_input = data != nullptr;
            if (is_input) {
                inputs.insert(&node, std::move(data));
            }
            return is_input;
        });
        data_.resize(order_.size());
        uses_.resize(order_.size());
        for (std::size_t i = 0; i < order_.size(); ++i) {
            positions_.insert(order_[i], i);
            if (const ir::StorageRef* input = inputs.find(order_[i])) {
                data_[i] = *input;
            } else {
                count_uses(order_[i]->operands());
            }
        }
        count_uses(results);
    }

    std::vector<ir::StorageRef> run() {
        std::vector<ir::StorageRef> operands;
        for (std::size_t i = 0; i < order_.size(); ++i) {
            if (data_[i] != nullptr) {
                continue;
            }
            const ir::Node& node = *order_[i];
            operands.clear();
            for (const ir::Value& operand : node.operands()) {
                operands.push_back(data_[position(operand)]);
            }
            data_[i] = allocator_(node.type().bytes());
            compute({node, operands, *data_[i]});
            for (const ir::Value& operand : node.operands()) {
                release(position(operand));
            }
        }
        std::vector<ir::StorageRef> data;
        for (const ir::Value& result : results_) {
            data.push_back(data_[position(result)]);
        }
        return data;
    }

  private:
    std::size_t position(const ir::Value& value) const { return positions_.at(value.node.get()); }

    void count_uses(std::span<const ir::Value> values) {
        for (const ir::Value& value : values) {
            ++uses_[position(value)];
        }
    }

    void release(std::size_t position) {
        if (--uses_[position] == 0) {
            data_[position] = nullptr;
        }
    }

    std::span<const ir::Value> results_;
    const Allocator& allocator_;
    std::vector<const ir::Node*> order_;
    ir::NodeMap<std::size_t> positions_;
    /// By position: null before a node is computed and after its last use.
    std::vector<ir::StorageRef> data_;
    /// By position: how many operands and results still name the node.
    std::vector<std::size_t> uses_;
};

ir::StorageRef ready_data(const ir::Node& node) {
    ir::StorageRef data = node.slot().storage();
    if (data == nullptr && node.op() == ir::Op::buffer) {
        throw ValueError(fmt::format("a buffer {} without data", ir::to_string(node.type())));
    }
    return data;
}

}  // namespace

std::vector<Array> interpret(const ir::Graph& graph, std::span<const Array> parameters) {
    const auto find_input = [&](const ir::Node& node) -> ir::StorageRef {
        if (node.op() != ir::Op::parameter) {
            return ready_data(node);
        }
        const auto index =
            static_cast<std::size_t>(node.attributes_as<ir::ParameterAttributes>().index);
        if (index >= parameters.size()) {
            throw ValueError(
                fmt::format("parameter {} was not given, only {} were", index, parameters.size()));
        }
        if (parameters[index].type() != node.type()) {
            throw TypeError(fmt::format("parameter {} is {}, got {}", index,
                                        ir::to_string(node.type()),
                                        ir::to_string(parameters[index].type())));
        }
        return parameters[index].storage();
    };
    const std::vector<ir::StorageRef> data =
        Evaluation(graph.results, find_input, allocate_from_heap).run();
    std::vector<Array> results;
    for (std::size_t i = 0; i < data.size(); ++i) {
        results.emplace_back(graph.results[i].type(), data[i]);
    }
    return results;
}

std::vector<ir::StorageRef> evaluate(std::span<const ir::Value> results,
                                     const Allocator& allocator) {
    const auto find_input = [](const ir::Node& node) {
        if (node.op() == ir::Op::parameter) {
            throw ValueError(fmt::format("parameter {} has no data",
                                         node.attributes_as<ir::ParameterAttributes>().index));
        }
        return ready_data(node);
    };
    return Evaluation(results, find_input, allocator).run();
}

}  // namespace latent::codegen::reference
