#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <deque>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrays.h"
#include "codegen/reference/interpreter.h"
#include "codegen/runtime/context.h"
#include "codegen/runtime/machine.h"
#include "frontend/planning.h"
#include "ir/parse.h"

namespace latent::test {

/// The kernels of all tests of a process, so that equal ones are made once.
inline codegen::runtime::Context& kernel_context() {
    static codegen::runtime::Context context;
    return context;
}

/// With the default passes, or without any.
inline detail::Planned plan_kernels(const ir::Graph& graph, bool with_passes = true) {
    passes::PipelineOptions options;
    options.verify = true;
    if (!with_passes) {
        options.passes = {};
    }
    detail::Planned planned = detail::make_plan(graph, codegen::runtime::this_machine(), options);
    planned.plan.kernels = kernel_context().kernels().get_all(planned.plan.requests);
    return planned;
}

/// A copy of an array that ends where mapped memory ends, so that a kernel that reads past it is
/// caught.
class GuardedCopy {
  public:
    explicit GuardedCopy(const Array& array) {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        const std::size_t bytes = array.type().bytes();
        const std::size_t usable = (bytes + page - 1) / page * page;
        mapped_ = usable + page;
        memory_ =
            mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        REQUIRE(memory_ != MAP_FAILED);
        data_ = static_cast<std::byte*>(memory_) + usable - bytes;
        std::memcpy(data_, array.storage()->data(), bytes);
        REQUIRE(mprotect(memory_, usable, PROT_READ) == 0);
        REQUIRE(mprotect(static_cast<std::byte*>(memory_) + usable, page, PROT_NONE) == 0);
    }
    GuardedCopy(const GuardedCopy&) = delete;
    GuardedCopy& operator=(const GuardedCopy&) = delete;
    ~GuardedCopy() { munmap(memory_, mapped_); }

    const std::byte* data() const { return data_; }

  private:
    void* memory_ = nullptr;
    std::size_t mapped_ = 0;
    std::byte* data_ = nullptr;
};

/// The results of a plan; `inputs` by index of the graph's parameters. With several threads, every
/// launch is parallel, however small.
inline std::vector<Array> run_kernels(const detail::Planned& planned, std::span<const Array> inputs,
                                      int threads = 1) {
    codegen::runtime::Plan plan = planned.plan;
    for (codegen::runtime::PlanLaunch& launch : plan.launches) {
        launch.parallel = threads > 1;
    }
    kernel_context().threads().set_num_threads(threads);
    std::deque<GuardedCopy> copies;
    std::vector<const std::byte*> pointers;
    for (const Array& input : inputs) {
        pointers.push_back(copies.emplace_back(input).data());
    }
    const std::vector<ir::StorageRef> outputs =
        codegen::runtime::run(plan, pointers, kernel_context());
    std::vector<Array> results;
    for (std::size_t i = 0; i < planned.sources.size(); ++i) {
        const detail::Planned::Source& source = planned.sources[i];
        const auto index = static_cast<std::size_t>(source.index);
        results.emplace_back(planned.graph.results[i].type(),
                             source.is_input ? inputs[index].storage() : outputs[index]);
    }
    return results;
}

inline bool same_bits(const Array& a, const Array& b) {
    return a.type() == b.type() &&
           std::memcmp(a.storage()->data(), b.storage()->data(), a.type().bytes()) == 0;
}

/// What `fill` puts into floats.
enum class Values {
    ordinary,  ///< normally distributed around 0
    positive,  ///< in (0.05, 4)
    special,   ///< ordinary, with NaN, infinities and zeros of both signs among them
};

/// Reproducible data of a type. Integers are small, indices and divisors included.
inline Array fill(const ir::Type& type, std::uint64_t seed, Values values = Values::ordinary) {
    Array array(type);
    std::mt19937_64 random(seed * 7919 + 17);
    with_elements(array, [&]<typename T>(std::span<const T>) {
        for (T& element : array.mutable_data<T>()) {
            if constexpr (std::same_as<T, bool>) {
                element = random() % 2 != 0;
            } else if constexpr (std::integral<T>) {
                element = static_cast<T>(static_cast<std::int64_t>(random() % 41) - 20);
            } else if (values == Values::positive) {
                element = static_cast<T>(std::uniform_real_distribution<double>(0.05, 4)(random));
            } else {
                constexpr double infinity = std::numeric_limits<double>::infinity();
                constexpr double least = std::same_as<T, double>
                                             ? std::numeric_limits<double>::min()
                                             : double{std::numeric_limits<float>::min()};
                constexpr double specials[] = {
                    std::numeric_limits<double>::quiet_NaN(), infinity, -infinity, 0, -0.0, least};
                element = static_cast<T>(std::normal_distribution<double>()(random));
                if (values == Values::special && random() % 3 == 0) {
                    element = static_cast<T>(specials[random() % std::size(specials)]);
                }
            }
        }
    });
    return array;
}

/// Data for the parameters of a graph, by index; those that it lacks get a rank-0 placeholder.
inline std::vector<Array> fill_parameters(const ir::Graph& graph,
                                          Values values = Values::ordinary) {
    std::vector<Array> inputs;
    for (const ir::Node* node : ir::topological_order(graph.results)) {
        if (node->op() != ir::Op::parameter) {
            continue;
        }
        const auto index =
            static_cast<std::size_t>(node->attributes_as<ir::ParameterAttributes>().index);
        while (inputs.size() <= index) {
            inputs.emplace_back(ir::Type{DType::f32, {}});
        }
        inputs[index] = fill(node->type(), index, values);
    }
    return inputs;
}

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
