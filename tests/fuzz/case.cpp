#include "tests/fuzz/case.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <random>
#include <utility>

#include "ir/parse.h"
#include "ir/print.h"
#include "passes/differentiation/gradient.h"
#include "tests/support/random_graph.h"

namespace latent::fuzz {

namespace {

constexpr std::array<std::pair<test::Values, std::string_view>, 5> value_names = {{
    {test::Values::ordinary, "ordinary"},
    {test::Values::positive, "positive"},
    {test::Values::halves, "halves"},
    {test::Values::special, "special"},
    {test::Values::extreme, "extreme"},
}};
constexpr std::int64_t most_elements = 20'000;
constexpr std::string_view data_comment = "# data: ";

using Random = std::mt19937_64;

bool chance(Random& random, unsigned percent) {
    return random() % 100 < percent;
}

std::vector<DType> some_dtypes(Random& random) {
    const auto kind = random() % 10;
    if (kind < 4) {
        return {DType::f32, DType::f32, DType::f32, DType::boolean, DType::i32};
    }
    if (kind < 5) {
        return {DType::f64, DType::f64, DType::i64, DType::boolean};
    }
    if (kind < 6) {
        return {DType::f16, DType::bf16, DType::f16, DType::bf16, DType::f32, DType::i16};
    }
    if (kind < 8) {
        return {DType::boolean, DType::u8, DType::i8, DType::i16, DType::i32, DType::i64};
    }
    return {all_dtypes.begin(), all_dtypes.end()};
}

std::vector<std::int64_t> some_extents(Random& random) {
    const auto kind = random() % 20;
    if (kind < 8) {
        return {0, 1, 2, 3, 4, 5, 6, 7};
    }
    if (kind < 17) {
        return {1, 2, 4, 8, 13, 16, 17, 31, 33, 47, 64, 70};
    }
    return {1, 2, 3, 300, 5000};
}

/// Gradients of one floating result with respect to all floating parameters.
std::vector<ir::Value> some_gradients(const ir::Graph& graph) {
    std::int64_t next_index = 0;
    std::vector<ir::Value> parameters;
    const auto output = std::ranges::find_if(
        graph.results, [](const ir::Value& result) { return is_floating(result.type().dtype); });
    if (output == graph.results.end()) {
        return {};
    }
    for (const ir::Node* node : ir::topological_order(graph.results)) {
        if (node->op() == ir::Op::custom_vjp) {
            return {};  // It has no rule.
        }
        if (node->op() == ir::Op::parameter) {
            const auto index = node->attributes_as<ir::ParameterAttributes>().index;
            next_index = std::max(next_index, index + 1);
            if (is_floating(node->type().dtype)) {
                parameters.push_back({ir::NodeRef::share(*node)});
            }
        }
    }
    const ir::Value cotangent = ir::parameter(next_index, output->type(), {});
    std::vector<ir::Value> found = passes::gradients(*output, cotangent, parameters, {});
    std::erase_if(found, [](const ir::Value& gradient) { return !gradient; });
    const std::vector<const ir::Node*> order = ir::topological_order(found);
    const bool is_small = std::ranges::all_of(order, [](const ir::Node* node) {
        return node->type().element_count() <= 4 * most_elements;
    });
    return is_small ? found : std::vector<ir::Value>{};
}

}  // namespace

Case make_case(std::uint64_t seed, std::uint64_t index) {
    std::seed_seq mixed{seed, seed >> 32, index, index >> 32};
    Random random(mixed);
    const bool with_gradients = chance(random, 25);
    test::RandomGraphOptions options;
    options.dtypes = some_dtypes(random);
    options.extents = some_extents(random);
    options.max_elements = most_elements;
    options.chained = chance(random, 50) ? 70 : 30;
    options.steps = static_cast<int>(with_gradients ? 3 + random() % 5 : 3 + random() % 12);
    Case result;
    result.values = value_names[random() % value_names.size()].first;
    result.data_seed = random() % 1'000'000;
    result.graph = test::RandomGraph(std::move(options), random()).make();
    if (with_gradients) {
        for (const ir::Value& gradient : some_gradients(result.graph)) {
            result.graph.results.push_back(gradient);
        }
    }
    return result;
}

std::string print(const Case& example) {
    const auto* const name =
        std::ranges::find(value_names, example.values, &decltype(value_names)::value_type::first);
    return fmt::format("{}{} {}\n{}", data_comment, name->second, example.data_seed,
                       ir::print(example.graph, {.locations = false}));
}

Case parse_case(std::string_view text) {
    Case result;
    result.graph = ir::parse(text);
    if (text.starts_with(data_comment)) {
        const std::string_view data =
            text.substr(data_comment.size(), text.find('\n') - data_comment.size());
        const std::size_t space = data.find(' ');
        const auto* const name = std::ranges::find(value_names, data.substr(0, space),
                                                   &decltype(value_names)::value_type::second);
        const char* const digits = data.data() + std::min(space + 1, data.size());
        const auto [end, error] =
            std::from_chars(digits, data.data() + data.size(), result.data_seed);
        if (name == value_names.end() || space == std::string_view::npos || error != std::errc{}) {
            throw ParseError(fmt::format("'{}' names no data, such as 'halves 42'", data));
        }
        result.values = name->first;
    }
    return result;
}

}  // namespace latent::fuzz
