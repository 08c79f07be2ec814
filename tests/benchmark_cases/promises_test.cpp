#include <latent/latent.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "benchmarks/peers/latent_cases/cases.h"
#include "benchmarks/peers/latent_cases/planned_memory.h"
#include "benchmarks/peers/latent_cases/samples.h"
#include "codegen/runtime/context.h"

/// What the library promises of every evaluation, on all that benchmarks/peers measures.
namespace latent::peers {

namespace {

std::vector<Tensor> evaluated(const Call& call) {
    std::vector<Tensor> results = call();
    eval(results);
    return results;
}

template <typename T>
bool same_elements(const Tensor& a, const Tensor& b) {
    const auto as_bytes_of = [](const Tensor& tensor) { return std::as_bytes(tensor.data<T>()); };
    return std::ranges::equal(as_bytes_of(a), as_bytes_of(b));
}

bool same_bits(const Tensor& a, const Tensor& b) {
    return a.dtype() == DType::f32 ? same_elements<float>(a, b) : same_elements<std::int64_t>(a, b);
}

/// Kernels that the process met for the first time.
std::uint64_t new_kernels() {
    const Counters now = counters();
    return now.kernels_compiled + now.disk_hits;
}

/// The requests of its kernels, as explain() shows them.
std::set<std::string> requests(const Call& call) {
    const std::string text = explain(call());
    std::set<std::string> found;
    for (std::size_t at = 0; (at = text.find("\n    region\n", at)) != std::string::npos; ++at) {
        const std::size_t last_line = text.find("\n      schedule ", at);
        found.insert(text.substr(at + 1, text.find('\n', last_line + 1) - at));
    }
    return found;
}

/// Those of the second call that are not of the first, and those of the first.
std::string difference(const Call& first, const Call& second) {
    const std::set<std::string> known = requests(first);
    std::string text = "new:\n";
    for (const std::string& request : requests(second)) {
        if (!known.contains(request)) {
            text += request;
        }
    }
    text += "known:\n";
    for (const std::string& request : known) {
        text += request;
    }
    return text;
}

class ThreadsKept {
  public:
    ThreadsKept() = default;
    ThreadsKept(const ThreadsKept&) = delete;
    ThreadsKept& operator=(const ThreadsKept&) = delete;
    ~ThreadsKept() { set_num_threads(before_); }

  private:
    int before_ = num_threads();
};

}  // namespace

TEST_CASE("benchmark cases have the same bits for any number of threads and in each run") {
    const ThreadsKept kept;
    for (const auto& [name, make] : all_cases()) {
        const Call call = make(samples(case_sizes().at(name).measured.inputs));
        set_num_threads(1);
        const std::vector<Tensor> expected = evaluated(call);
        for (const int threads : {1, 2, 2}) {
            set_num_threads(threads);
            const std::vector<Tensor> results = evaluated(call);
            REQUIRE(results.size() == expected.size());
            for (std::size_t i = 0; i < results.size(); ++i) {
                INFO(name << ", result " << i << ", " << threads << " threads");
                CHECK(same_bits(results[i], expected[i]));
            }
        }
    }
}

TEST_CASE("benchmark cases of other sizes need no other kernels") {
    for (const auto& [name, make] : all_cases()) {
        const CaseSizes& sizes = case_sizes().at(name);
        const Call measured = make(samples(sizes.measured.inputs));
        const Call odd = make(samples(sizes.odd.inputs));
        evaluated(measured);
        const std::uint64_t before = new_kernels();
        evaluated(odd);
        const std::uint64_t others = new_kernels() - before;
        INFO(name << (others == 0 ? "" : "\n" + difference(measured, odd)));
        CHECK(others == 0);
    }
}

TEST_CASE("training steps need little more memory than their schedules") {
    const auto cases = all_cases();
    for (const char* name : {"mlp_train", "mlp_adam", "convnet_train", "gpt_nano_train"}) {
        const Call call = cases.at(name)(samples(case_sizes().at(name).measured.inputs));
        const PlannedMemory planned = planned_memory(call);
        evaluated(call);  // so that kernels are there
        codegen::runtime::context().memory().reset_peak();
        const auto inputs = static_cast<std::int64_t>(counters().bytes_now);
        evaluated(call);
        const auto taken = static_cast<std::int64_t>(counters().bytes_peak) - inputs;
        INFO(name << ": inputs " << inputs << ", taken " << taken << ", results " << planned.results
                  << ", arena " << planned.arena << " of at least " << planned.least_arena);
        // What kernels pack, too, lies mostly in results and arena.
        CHECK(static_cast<double>(inputs + taken) <=
              1.1 * static_cast<double>(inputs + planned.results + planned.least_arena));
    }
}

}  // namespace latent::peers
