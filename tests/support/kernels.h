#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/reference/interpreter.h"
#include "ir/parse.h"
#include "tests/support/arrays.h"
#include "tests/support/inputs.h"
#include "tests/support/plans.h"

namespace latent::test {

struct KernelCheck {
    Tolerance tolerance = {};
    Values values = Values::ordinary;
    std::vector<Array> inputs = {};  ///< instead of filled ones
    std::optional<std::size_t> kernels =
        {};  ///< how many steps the partition must have after the passes
};

/// The graph on kernels, with the passes and without, with one thread and with two, gives what the
/// interpreter gives; the number of threads changes no bit.
inline void check_kernels(std::string_view text, const KernelCheck& check = {}) {
    INFO(text);
    const ir::Graph graph = ir::parse(text);
    const std::vector<Array> inputs =
        check.inputs.empty() ? fill_parameters(graph, check.values) : check.inputs;
    const std::vector<Array> expected = codegen::reference::interpret(graph, inputs);
    for (const bool with_passes : {true, false}) {
        INFO((with_passes ? "with passes" : "without passes"));
        const detail::Planned planned = plan_kernels(graph, with_passes);
        if (with_passes && check.kernels) {
            CHECK(planned.partition.steps.size() == *check.kernels);
        }
        const std::vector<Array> results = run_kernels(planned, inputs);
        REQUIRE(results.size() == expected.size());
        bool agree = true;
        for (std::size_t i = 0; i < results.size(); ++i) {
            INFO("result " << i);
            CHECK_THAT(results[i], AgreesWith(expected[i], check.tolerance));
            agree = agree && AgreesWith(expected[i], check.tolerance).match(results[i]);
        }
        if (!agree) {
            for (const std::string& request : planned.plan.requests) {
                UNSCOPED_INFO(request);
            }
            CHECK(agree);
        }
        const std::vector<Array> threaded = run_kernels(planned, inputs, 2);
        for (std::size_t i = 0; i < results.size(); ++i) {
            INFO("result " << i << " with two threads");
            CHECK(same_bits(threaded[i], results[i]));
        }
    }
}

}  // namespace latent::test
