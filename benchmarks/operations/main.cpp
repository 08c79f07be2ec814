#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <iostream>
#include <iterator>
#include <optional>
#include <string_view>

#include "benchmarks/operations/cases.h"
#include "benchmarks/support.h"

/// Times every case: building, evaluating and freeing its results, and where it is differentiable
/// the same with the gradients (`name:gradient`). With `--list`, prints the cases as JSON; with
/// `--explain NAME`, how one is computed.
namespace latent::benchmarks {
namespace {

struct Family {
    std::string_view name;
    Cases cases;
};

std::vector<Family> families() {
    return {
        {"Elementwise, of one tensor", elementwise_cases()},
        {"Elementwise, of two", binary_cases()},
        {"Reductions and scans", reduction_cases()},
        {"Order", order_cases()},
        {"Arrangement", arrangement_cases()},
        {"Indexing", indexing_cases()},
        {"Creation and random numbers", creation_cases()},
        {"Products, convolution and pooling", product_cases()},
        {"Normalisation and losses", network_cases()},
    };
}

std::string_view name(Input::Draw draw) {
    switch (draw) {
        case Input::Draw::normal:
            return "normal";
        case Input::Draw::uniform:
            return "uniform";
        case Input::Draw::integer:
            return "integer";
        case Input::Draw::sorted:
            return "sorted";
    }
    std::terminate();
}

std::string text(const Input& input) {
    return fmt::format(R"({{"draw": "{}", "low": {}, "high": {}, "dtype": "{}", "shape": [{}], )"
                       R"("differentiable": {}}})",
                       name(input.draw), input.low, input.high, latent::name(input.dtype),
                       fmt::join(input.shape.span(), ", "), input.differentiable);
}

void print(const std::vector<Family>& all) {
    std::string_view separator = "[\n";
    for (const auto& [family, cases] : all) {
        for (const Case& c : cases) {
            std::vector<std::string> inputs;
            std::ranges::transform(c.inputs, std::back_inserter(inputs), text);
            std::cout << separator
                      << fmt::format(R"({{"name": "{}", "family": "{}", "differentiable": {}, )"
                                     R"("inputs": [{}]}})",
                                     c.name, family, c.differentiable, fmt::join(inputs, ", "));
            separator = ",\n";
        }
    }
    std::cout << "\n]\n";
}

Tensor drawn(const Input& input, Key key) {
    const double width = input.high - input.low;
    switch (input.draw) {
        case Input::Draw::normal:
            return normal(key, input.shape).cast(input.dtype).eval();
        case Input::Draw::uniform:
            return (uniform(key, input.shape) * width + input.low).cast(input.dtype).eval();
        case Input::Draw::integer:
            return randint(key, input.shape, static_cast<std::int64_t>(input.low),
                           static_cast<std::int64_t>(input.high))
                .cast(input.dtype)
                .eval();
        case Input::Draw::sorted:
            return sort(normal(key, input.shape)).eval();
    }
    std::terminate();
}

/// The inputs of the case that ran last: it runs several times before it is timed.
const std::vector<Tensor>& inputs_of(const Case& c) {
    static const Case* last = nullptr;
    static std::vector<Tensor> inputs;
    if (last != &c) {
        inputs.clear();
        for (const Input& input : c.inputs) {
            inputs.push_back(drawn(input, Key(inputs.size())));
        }
        last = &c;
    }
    return inputs;
}

/// What a benchmark builds: the results of a case, or these and its gradients from given
/// cotangents.
using Build = std::function<std::vector<Tensor>()>;

Build forward_of(const Case& c) {
    return [&c, inputs = inputs_of(c)] { return c.compute(inputs); };
}

Build gradient_of(const Case& c) {
    std::vector<Tensor> inputs = inputs_of(c);
    std::vector<Tensor> leaves;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (c.inputs[i].differentiable && is_floating(c.inputs[i].dtype)) {
            inputs[i] = leaf(inputs[i]);
            leaves.push_back(inputs[i]);
        }
    }
    std::vector<Tensor> cotangents;
    for (const Tensor& output : c.compute(inputs)) {
        cotangents.push_back(normal(Key(cotangents.size()), output.shape()).cast(output.dtype()));
    }
    eval(cotangents);
    return [&c, inputs, leaves, cotangents] {
        std::vector<Tensor> results = c.compute(inputs);
        std::optional<Gradients> gradients;
        for (std::size_t i = 0; i < cotangents.size(); ++i) {
            if (results[i].requires_grad()) {
                const Gradients more = results[i].backward(cotangents[i]);
                gradients = gradients ? *gradients + more : more;
            }
        }
        for (const Tensor& x : leaves) {
            results.push_back(gradients.value()[x]);
        }
        return results;
    };
}

struct Benchmark {
    std::string name;
    std::function<Build()> prepare;
};

std::vector<Benchmark> benchmarks_of(const std::vector<Family>& all) {
    std::vector<Benchmark> result;
    for (const Family& family : all) {
        for (const Case& c : family.cases) {
            result.push_back({c.name, [&c] { return forward_of(c); }});
            if (c.differentiable) {
                result.push_back({c.name + ":gradient", [&c] { return gradient_of(c); }});
            }
        }
    }
    return result;
}

int explain_one(const std::vector<Benchmark>& all, std::string_view name) {
    const auto found = std::ranges::find(all, name, &Benchmark::name);
    if (found == all.end()) {
        std::cerr << "no case " << name << '\n';
        return 2;
    }
    std::cout << explain(found->prepare()()) << '\n';
    return 0;
}

int run(int argument_count, char** arguments) {
    const std::vector<Family> all = families();
    const std::vector<Benchmark> benchmarks = benchmarks_of(all);
    const std::string_view option = argument_count > 1 ? arguments[1] : "";
    if (argument_count == 2 && option == "--list") {
        print(all);
        return 0;
    }
    if (argument_count == 3 && option == "--explain") {
        return explain_one(benchmarks, arguments[2]);
    }
    benchmark::Initialize(&argument_count, arguments);
    if (benchmark::ReportUnrecognizedArguments(argument_count, arguments)) {
        return 2;
    }
    for (const Benchmark& b : benchmarks) {
        common_options(benchmark::RegisterBenchmark(
            b.name.c_str(), [&b](benchmark::State& state) { measure(state, b.prepare()); }));
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

}  // namespace
}  // namespace latent::benchmarks

int main(int argument_count, char** arguments) {
    try {
        return latent::benchmarks::run(argument_count, arguments);
    } catch (const std::exception& error) {
        std::cerr << arguments[0] << ": " << error.what() << '\n';
        return 1;
    }
}
