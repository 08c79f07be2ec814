#include "tests/fuzz/expectation.h"

#include <fmt/format.h>

#include <cmath>
#include <deque>
#include <optional>
#include <random>

#include "codegen/reference/interpreter.h"
#include "tests/fuzz/rounding.h"
#include "tests/support/elements.h"

namespace latent::fuzz {

namespace {

/// The runs that judge a result which is not the interpreter's, and those that judge it again.
constexpr std::size_t few_runs = 8;
constexpr std::size_t many_runs = 100;
/// What a result may be off, in terms of the largest deviation of the runs.
constexpr double safety = 2;

std::vector<Array> interpret_perturbed(const ir::Graph& graph, std::span<const Array> parameters,
                                       std::uint64_t seed) {
    std::mt19937_64 random(seed);
    ir::NodeMap<std::optional<Array>> computed;
    for (const ir::Node* node : ir::topological_order(graph.results)) {
        if (node->op() == ir::Op::parameter) {
            computed.insert(node, parameters[static_cast<std::size_t>(
                                      node->attributes_as<ir::ParameterAttributes>().index)]);
            continue;
        }
        std::vector<Array> operands;
        for (const ir::Value& operand : node->operands()) {
            operands.push_back(*computed.at(operand.node.get()));
        }
        computed.insert(node, compute_perturbed(*node, operands, random));
    }
    std::vector<Array> results;
    for (const ir::Value& result : graph.results) {
        results.push_back(*computed.at(result.node.get()));
    }
    return results;
}

/// One NaN is as good as another; zeros differ by their sign.
template <Element T>
bool is_same(T a, T b) {
    if constexpr (FloatingElement<T>) {
        const auto x = static_cast<double>(a);
        const auto y = static_cast<double>(b);
        return (std::isnan(x) && std::isnan(y)) || (x == y && std::signbit(x) == std::signbit(y));
    } else {
        return a == b;
    }
}

/// Whether `actual` is within the deviations of `runs` from `expected`.
template <Element T>
bool is_within(T actual, T expected, const std::deque<T>& runs) {
    const auto center = static_cast<double>(expected);
    const auto value = static_cast<double>(actual);
    double deviation = 0;
    bool varies = false;
    for (const T run : runs) {
        varies = varies || !is_same(run, expected);
        const double distance = std::fabs(static_cast<double>(run) - center);
        if (!std::isfinite(distance) && !is_same(run, expected)) {
            return true;  // There are numbers, infinities and NaN among the runs.
        }
        deviation = std::isfinite(distance) ? std::fmax(deviation, distance) : deviation;
    }
    return varies && std::fabs(value - center) <= safety * deviation;
}

}  // namespace

Expectation::Expectation(const ir::Graph& graph, std::span<const Array> parameters)
    : graph_(graph),
      parameters_(parameters),
      expected_(codegen::reference::interpret(graph, parameters)) {
    for (const ir::Node* node : ir::topological_order(graph.results)) {
        has_sums_ = has_sums_ || rounding_of(*node) == Rounding::sum;
        has_rounding_ = has_rounding_ || rounding_of(*node) != Rounding::none;
    }
}

void Expectation::perturb(std::size_t runs) {
    while (perturbed_.size() < runs) {
        perturbed_.push_back(interpret_perturbed(graph_, parameters_, perturbed_.size()));
    }
}

std::string Expectation::difference(std::size_t result, const Array& actual) {
    const Array& expected = expected_[result];
    return test::with_elements(expected, [&]<typename T>(std::span<const T> elements) {
        const std::span<const T> given = actual.data<T>();
        for (std::size_t i = 0; i < elements.size(); ++i) {
            if (is_same(given[i], elements[i])) {
                continue;
            }
            const auto accepted_by = [&](std::size_t runs) {
                perturb(runs);
                std::deque<T> moved;
                for (const std::vector<Array>& run : perturbed_) {
                    moved.push_back(run[result].template data<T>()[i]);
                }
                return is_within<T>(given[i], elements[i], moved);
            };
            if (!has_rounding_ || (!accepted_by(few_runs) && !accepted_by(many_runs))) {
                return fmt::format("result {}: element {} is {}, expected {}", result, i,
                                   test::printable(given[i]), test::printable(elements[i]));
            }
        }
        return std::string();
    });
}

}  // namespace latent::fuzz
