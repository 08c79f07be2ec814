#include "tests/fuzz/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "codegen/reference/interpreter.h"
#include "frontend/execution/evaluation.h"
#include "frontend/execution/extraction.h"
#include "frontend/execution/fusion_choice.h"
#include "tests/fuzz/expectation.h"
#include "tests/support/elements.h"
#include "tests/support/fusions.h"
#include "tests/support/plans.h"
#include "tests/support/schedules.h"

namespace latent::fuzz {

namespace {

/// The graph over data instead of parameters.
ir::Graph with_data(const ir::Graph& graph, std::span<const Array> parameters) {
    return ir::rewrite(graph, [&](const ir::Node& node, std::span<const ir::Value>) {
        if (node.op() != ir::Op::parameter) {
            return ir::Value{};
        }
        const auto index =
            static_cast<std::size_t>(node.attributes_as<ir::ParameterAttributes>().index);
        return ir::make_buffer(node.type(), std::make_shared<test::GuardedCopy>(parameters[index]),
                               false, node.location());
    });
}

/// What a plan reads: data, and the user's numbers.
std::vector<Array> inputs_of(const detail::ExtractedGraph& extracted) {
    std::vector<Array> inputs;
    for (const ir::Node* node : extracted.inputs) {
        inputs.push_back(
            codegen::reference::interpret(ir::Graph{{{ir::NodeRef::share(*node)}}}).front());
    }
    return inputs;
}

std::string first_difference(Expectation& expectation, std::span<const Array> results) {
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (std::string difference = expectation.difference(i, results[i]); !difference.empty()) {
            return difference;
        }
    }
    return {};
}

enum class Nans { to_the_bit, any };

template <typename T>
bool agree(const T& a, const T& b, Nans nans) {
    if constexpr (is_floating(dtype_of<T>)) {
        if (nans == Nans::any && std::isnan(static_cast<double>(a)) &&
            std::isnan(static_cast<double>(b))) {
            return true;
        }
    }
    return std::memcmp(&a, &b, sizeof(T)) == 0;
}

std::string first_other_bits(std::span<const Array> results, std::span<const Array> expected,
                             Nans nans) {
    for (std::size_t i = 0; i < results.size(); ++i) {
        const std::string difference =
            test::with_elements(results[i], [&]<typename T>(std::span<const T> elements) {
                const std::span<const T> others = expected[i].data<T>();
                for (std::size_t k = 0; k < elements.size(); ++k) {
                    if (!agree(elements[k], others[k], nans)) {
                        return fmt::format("result {}: element {} is {}, and not to the bit {}", i,
                                           k, test::printable(elements[k]),
                                           test::printable(others[k]));
                    }
                }
                return std::string();
            });
        if (!difference.empty()) {
            return difference;
        }
    }
    return {};
}

/// As an evaluation extracts it, but with all results wanted, in their order.
detail::ExtractedGraph extract_results(const ir::Graph& graph) {
    detail::ExtractedGraph extracted = detail::extract(graph.results);
    extracted.wanted = graph.results;
    return extracted;
}

/// Settles some value inside, then the results one after the other.
std::vector<Array> evaluate_in_parts(const ir::Graph& graph, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const std::vector<const ir::Node*> order = ir::topological_order(graph.results);
    const ir::Value inside{ir::NodeRef::share(*order[random() % order.size()])};
    detail::evaluate({&inside, 1}, std::source_location::current());
    std::vector<Array> results;
    for (const ir::Value& result : graph.results) {
        detail::evaluate({&result, 1}, std::source_location::current());
        results.emplace_back(result.type(), result.node->slot().storage());
    }
    return results;
}

}  // namespace

Statistics& Statistics::operator+=(const Statistics& other) {
    kernels += other.kernels;
    launches += other.launches;
    std::ranges::transform(ops, other.ops, ops.begin(), std::plus<>{});
    return *this;
}

std::string check(const Case& example, bool thoroughly, Statistics& statistics) {
    const std::vector<Array> parameters =
        test::fill_parameters(example.graph, example.values, example.data_seed);
    Expectation expectation(example.graph, parameters);
    const ir::Graph graph = with_data(example.graph, parameters);
    for (const ir::Graph* counted : {&example.graph, &graph}) {
        for (const ir::Node* node : ir::topological_order(counted->results)) {
            const bool is_new = counted == &graph ? node->op() == ir::Op::buffer : true;
            statistics.ops[static_cast<std::size_t>(node->op())] += is_new ? 1 : 0;
        }
    }
    const detail::ExtractedGraph extracted = extract_results(graph);
    const std::vector<Array> inputs = inputs_of(extracted);
    const detail::Planned planned = test::plan_kernels(detail::detach(extracted));
    statistics.kernels += planned.plan.requests.size();
    statistics.launches += planned.plan.launches.size();
    const std::vector<Array> results = test::run_kernels(planned, inputs);
    if (const std::string wrong = first_difference(expectation, results); !wrong.empty()) {
        const std::vector<Array> rewritten = codegen::reference::interpret(planned.graph, inputs);
        const bool is_rewrite = !first_difference(expectation, rewritten).empty();
        return fmt::format("{} ({})", wrong,
                           is_rewrite ? "so does the interpreter after the passes"
                                      : "the interpreter is right after the passes");
    }
    if (const std::string wrong =
            first_other_bits(test::run_kernels(planned, inputs, 2), results, Nans::to_the_bit);
        !wrong.empty()) {
        return "with two threads " + wrong;
    }
    if (thoroughly) {
        const detail::Planned other = test::plan_kernels(detail::detach(extracted), true,
                                                         test::random_schedules(example.data_seed));
        const std::string other_bits =
            first_other_bits(test::run_kernels(other, inputs), results, Nans::any);
        if (!other_bits.empty()) {
            return "with other schedules " + other_bits;
        }
        const detail::Planned fused = test::plan_kernels(detail::detach(extracted), true,
                                                         test::random_schedules(example.data_seed),
                                                         test::random_fusion(example.data_seed));
        const std::string fused_bits =
            first_other_bits(test::run_kernels(fused, inputs), results, Nans::any);
        if (!fused_bits.empty()) {
            return fmt::format("with {} {}", detail::fusion_text(fused.fusion), fused_bits);
        }
        const std::vector<Array> parts = evaluate_in_parts(graph, example.data_seed);
        const std::string wrong = expectation.has_sums()
                                      ? first_difference(expectation, parts)
                                      : first_other_bits(parts, results, Nans::any);
        if (!wrong.empty()) {
            return "evaluated in parts " + wrong;
        }
    }
    return {};
}

std::vector<std::string> kernel_requests(const Case& example) {
    const ir::Graph graph = with_data(
        example.graph, test::fill_parameters(example.graph, example.values, example.data_seed));
    return detail::make_plan(detail::detach(extract_results(graph)),
                             codegen::runtime::this_machine(), {})
        .plan.requests;
}

}  // namespace latent::fuzz
