#include "frontend/execution/evaluation.h"

#include <array>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

#include <fmt/format.h>

#include "codegen/reference/interpreter.h"
#include "codegen/runtime/environment.h"
#include "codegen/runtime/machine.h"
#include "frontend/execution/extraction.h"
#include "frontend/execution/fusion_choice.h"
#include "frontend/execution/plan_profile.h"
#include "frontend/execution/plan_tuner.h"
#include "frontend/execution/planning.h"
#include "frontend/execution/reference_check.h"
#include "frontend/execution/tuning_budget.h"
#include "frontend/tensor/access.h"
#include "frontend/tensor/graph_lock.h"
#include "ir/errors.h"
#include "ir/graph.h"

namespace latent::detail {

namespace {

/// Plans kept; beyond, the whole cache starts again.
constexpr std::size_t max_plans = 4096;

enum class Backend : std::uint8_t { compiled, reference, checked };

Backend backend_from_environment() {
    if (codegen::runtime::environment_text("LATENT_CHECK") == "reference") {
        return Backend::checked;
    }
    return codegen::runtime::environment_text("LATENT_BACKEND") == "reference" ? Backend::reference
                                                                               : Backend::compiled;
}

const ir::Literal& number(const ir::Node& node) {
    return node.op() == ir::Op::scalar ? node.attributes_as<ir::ScalarAttributes>().value
                                       : node.attributes_as<ir::ConstantAttributes>().value;
}

/// A number as the bytes that a kernel reads.
std::array<std::byte, 8> encoded(const ir::Literal& literal) {
    std::array<std::byte, 8> bytes{};
    const auto store = [&](auto value) { std::memcpy(bytes.data(), &value, sizeof(value)); };
    switch (literal.dtype()) {
        case DType::boolean:
        case DType::u8:
            store(static_cast<std::uint8_t>(literal.as_int()));
            break;
        case DType::i8:
            store(static_cast<std::int8_t>(literal.as_int()));
            break;
        case DType::i16:
            store(static_cast<std::int16_t>(literal.as_int()));
            break;
        case DType::i32:
            store(static_cast<std::int32_t>(literal.as_int()));
            break;
        case DType::i64:
            store(literal.as_int());
            break;
        case DType::f16:
            store(float16(literal.as_double()));
            break;
        case DType::bf16:
            store(bfloat16(literal.as_double()));
            break;
        case DType::f32:
            store(static_cast<float>(literal.as_double()));
            break;
        case DType::f64:
            store(literal.as_double());
            break;
    }
    return bytes;
}

/// The data that a plan runs on, held for the time of the run.
class PlanInputs {
  public:
    explicit PlanInputs(std::span<const ir::Node* const> inputs) {
        inputs_.reserve(inputs.size());
        pointers_.reserve(inputs.size());
        for (const ir::Node* node : inputs) {
            Input& input = inputs_.emplace_back();
            input.bytes = node->type().bytes();
            if (node->slot().ready()) {
                input.storage = node->slot().storage();
                pointers_.push_back(input.storage->data());
            } else {
                input.number = encoded(number(*node));
                pointers_.push_back(input.number.data());
            }
        }
    }

    std::span<const std::byte* const> pointers() const { return pointers_.span(); }

    /// The storage of an input that is itself a result.
    ir::StorageRef storage(int index, codegen::runtime::MemoryPool& pool) const {
        const Input& input = inputs_[static_cast<std::size_t>(index)];
        if (input.storage != nullptr) {
            return input.storage;
        }
        ir::StorageRef copy = pool.make_storage(input.bytes);
        std::memcpy(copy->data(), input.number.data(), input.bytes);
        return copy;
    }

  private:
    struct Input {
        ir::StorageRef storage;  ///< null for a number
        std::array<std::byte, 8> number{};
        std::size_t bytes = 0;
    };

    std::vector<Input> inputs_;
    ir::SmallVector<const std::byte*, 16> pointers_;
};

/// Drives evaluations. An evaluation claims all that it is going to compute in one critical
/// section, and waits before for what others have claimed. Since it holds no claim while it waits,
/// waiting cannot go in circles.
class Evaluator {
  public:
    void evaluate(std::span<const ir::Value> roots);
    void clear_plans() {
        const std::lock_guard lock(plans_mutex_);
        plans_.clear();
    }

  private:
    /// What of a plan is needed to run it; the graph it was made from goes.
    struct CachedPlan {
        codegen::runtime::Plan plan;
        std::vector<Planned::Source> sources;
    };
    using PlanRef = std::shared_ptr<const CachedPlan>;

    /// All that a run needs of the graph, taken while nobody could change it.
    struct Work {
        std::vector<ir::Value> wanted;
        std::optional<PlanInputs> inputs;
        ir::Hash128 key;
        PlanRef plan;     ///< null where no plan has this key,
        ir::Graph graph;  ///< and then what it is to be made from
    };

    Work claim(std::span<const ir::Value> roots);
    PlanRef known_plan(const ir::Hash128& key);
    PlanRef make_plan(const Work& work);
    std::vector<ir::StorageRef> compute(Work& work);
    void settle(std::span<const ir::Value> wanted, std::span<const ir::StorageRef> results);

    const Backend backend_ = backend_from_environment();
    const passes::PipelineOptions pipeline_ = passes::PipelineOptions::from_environment();
    TuningBudget tuning_budget_;

    std::mutex claims_mutex_;
    Extractor extractor_;  ///< guarded by claims_mutex_
    std::condition_variable released_;

    std::mutex plans_mutex_;
    std::unordered_map<ir::Hash128, PlanRef> plans_;
};

/// Claims all that is to be computed, once no claim of an earlier evaluation is left in its cone.
Evaluator::Work Evaluator::claim(std::span<const ir::Value> roots) {
    std::unique_lock lock(claims_mutex_);
    Work work;
    for (;;) {
        {
            const std::shared_lock graph = briefly_shared_graph();
            ExtractedGraph& extracted = extractor_.extract(roots);
            if (!extracted.is_claimed) {
                work.inputs.emplace(extracted.inputs.span());
                work.key = extracted.key;
                work.plan = known_plan(work.key);
                if (work.plan == nullptr) {
                    work.graph = detach(extracted);
                }
            }
            work.wanted = std::move(extracted.wanted);
            if (!extracted.is_claimed) {
                break;
            }
        }
        released_.wait(lock);
    }
    for (const ir::Value& value : work.wanted) {
        value.node->slot().claimed() = true;
    }
    return work;
}

void Evaluator::evaluate(std::span<const ir::Value> roots) {
    Work work = claim(roots);
    const std::vector<ir::Value>& wanted = work.wanted;
    if (wanted.empty()) {
        return;
    }
    const auto release = [&] {
        const std::lock_guard lock(claims_mutex_);
        for (const ir::Value& value : wanted) {
            value.node->slot().claimed() = false;
        }
        released_.notify_all();
    };
    try {
        settle(wanted, compute(work));
    } catch (...) {
        release();
        throw;
    }
    release();
}

Evaluator::PlanRef Evaluator::known_plan(const ir::Hash128& key) {
    const std::lock_guard lock(plans_mutex_);
    const auto known = plans_.find(key);
    return known == plans_.end() ? nullptr : known->second;
}

Evaluator::PlanRef Evaluator::make_plan(const Work& work) {
    tuning_budget_.spend([&](double seconds) {
        tune_plan(work.graph, work.inputs->pointers(),
                  {.options = {.seconds = seconds}, .only_new = true}, codegen::runtime::context());
    });
    Planned made =
        detail::make_plan(work.graph, codegen::runtime::this_machine(), pipeline_, kept_choices());
    auto planned =
        std::make_shared<CachedPlan>(CachedPlan{std::move(made.plan), std::move(made.sources)});
    planned->plan.kernels = codegen::runtime::context().kernels().get_all(planned->plan.requests);
    const std::lock_guard lock(plans_mutex_);
    if (plans_.size() >= max_plans) {
        plans_.clear();
    }
    return plans_.emplace(work.key, std::move(planned)).first->second;
}

std::vector<ir::StorageRef> Evaluator::compute(Work& work) {
    codegen::runtime::Context& context = codegen::runtime::context();
    const auto allocate = [&](std::size_t bytes) { return context.memory().make_storage(bytes); };
    const std::vector<ir::Value>& wanted = work.wanted;
    if (backend_ == Backend::reference) {
        const std::shared_lock graph(graph_mutex());
        return codegen::reference::evaluate(wanted, allocate);
    }
    if (work.plan == nullptr) {
        work.plan = make_plan(work);
    }
    const std::vector<ir::StorageRef> outputs =
        codegen::runtime::run(work.plan->plan, work.inputs->pointers(), context);
    std::vector<ir::StorageRef> results;
    results.reserve(work.plan->sources.size());
    for (const Planned::Source& source : work.plan->sources) {
        results.push_back(source.is_input ? work.inputs->storage(source.index, context.memory())
                                          : outputs[static_cast<std::size_t>(source.index)]);
    }
    if (backend_ == Backend::checked) {
        const std::shared_lock graph(graph_mutex());
        check_against_reference(wanted, results, allocate);
    }
    return results;
}

void Evaluator::settle(std::span<const ir::Value> wanted, std::span<const ir::StorageRef> results) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        wanted[i].node->slot().settle(results[i]);
    }
    // What no gradient can be asked through lets go of what it was computed from; so do leaves of
    // differentiation.
    const std::unique_lock graph = briefly_owned_graph();
    for (const ir::Value& value : wanted) {
        if (!value.node->requires_grad() || value.op() == ir::Op::stop_gradient) {
            value.node->forget_operands();
        }
    }
}

Evaluator& evaluator() {
    static Evaluator instance;
    return instance;
}

void require_no_backward_rule(const char* operation, const std::source_location& location) {
    if (GraphReader::active()) {
        ir::raise<GradientError>(
            location,
            fmt::format("{}: a backward rule builds a graph; it cannot evaluate one", operation));
    }
}

/// What pending values are computed from, taken while nobody could change it.
struct Detached {
    ir::Graph graph;
    PlanInputs inputs;
};

Detached detached(std::span<const ir::Value> roots) {
    const std::shared_lock lock(graph_mutex());
    const ExtractedGraph extracted = extract(roots);
    return {detach(extracted), PlanInputs(extracted.inputs.span())};
}

}  // namespace

void evaluate(std::span<const ir::Value> roots, const std::source_location& location) {
    require_no_backward_rule("eval", location);
    evaluator().evaluate(roots);
}

std::vector<ir::Value> pending_of(std::span<const Tensor> tensors, const char* operation,
                                  const std::source_location& location) {
    require_no_backward_rule(operation, location);
    std::vector<ir::Value> values = values_of(tensors, location);
    std::erase_if(values, [](const ir::Value& value) { return value.node->slot().ready(); });
    return values;
}

Profile profile(std::span<const ir::Value> roots) {
    const Detached work = detached(roots);
    return profile_plan(work.graph, work.inputs.pointers(), codegen::runtime::context());
}

TuningReport tune(std::span<const ir::Value> roots, const TuningOptions& options) {
    const Detached work = detached(roots);
    TuningReport report = tune_plan(work.graph, work.inputs.pointers(), {.options = options},
                                    codegen::runtime::context());
    clear_plans();  // which have the schedules from before
    return report;
}

void clear_plans() {
    evaluator().clear_plans();
}

}  // namespace latent::detail
