#pragma once

#include <Halide.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace latent::codegen {

/// Schedule directives in the order they were applied, as text: `out.split(j, jt, ji, 16)`.
using ScheduleLog = std::vector<std::string>;

/// Applies directives to a Func or to one of its update stages and records each in a ScheduleLog,
/// so that the schedule on show cannot differ from the one applied.
template <typename Target>
class LoggedSchedule {
  public:
    LoggedSchedule(Target target, std::string name, ScheduleLog& log)
        : target_(std::move(target)), name_(std::move(name)), log_(&log) {}

    LoggedSchedule& split(const Halide::VarOrRVar& old, const Halide::VarOrRVar& outer,
                          const Halide::VarOrRVar& inner, const Halide::Expr& factor,
                          Halide::TailStrategy tail = Halide::TailStrategy::GuardWithIf) {
        target_.split(old, outer, inner, factor, tail);
        std::string text = list({old, outer, inner}) + ", " + print(factor);
        return record("split", text + ", " + print(tail));
    }

    LoggedSchedule& fuse(const Halide::VarOrRVar& inner, const Halide::VarOrRVar& outer,
                         const Halide::VarOrRVar& fused) {
        target_.fuse(inner, outer, fused);
        return record("fuse", list({inner, outer, fused}));
    }

    LoggedSchedule& reorder(const std::vector<Halide::VarOrRVar>& vars) {
        target_.reorder(vars);
        return record("reorder", list(vars));
    }

    LoggedSchedule& vectorize(const Halide::VarOrRVar& var) {
        target_.vectorize(var);
        return record("vectorize", var.name());
    }

    LoggedSchedule& vectorize(const Halide::VarOrRVar& var, int factor) {
        target_.vectorize(var, factor);
        return record("vectorize", var.name() + ", " + std::to_string(factor));
    }

    LoggedSchedule& unroll(const Halide::VarOrRVar& var) {
        target_.unroll(var);
        return record("unroll", var.name());
    }

    LoggedSchedule& parallel(const Halide::VarOrRVar& var) {
        target_.parallel(var);
        return record("parallel", var.name());
    }

    LoggedSchedule& partition(const Halide::VarOrRVar& var, Halide::Partition policy) {
        target_.partition(var, policy);
        return record("partition", var.name() + ", " + print(policy));
    }

    /// Loops are not peeled for boundary conditions, which roughly halves compile time.
    LoggedSchedule& never_partition_all() {
        target_.never_partition_all();
        return record("never_partition_all", "");
    }

    LoggedSchedule& bound(const Halide::Var& var, const Halide::Expr& min,
                          const Halide::Expr& extent) {
        target_.bound(var, min, extent);
        return record("bound", var.name() + ", " + print(min) + ", " + print(extent));
    }

    LoggedSchedule& bound_extent(const Halide::Var& var, const Halide::Expr& extent) {
        target_.bound_extent(var, extent);
        return record("bound_extent", var.name() + ", " + print(extent));
    }

    LoggedSchedule& align_bounds(const Halide::Var& var, int modulus) {
        target_.align_bounds(var, modulus);
        return record("align_bounds", var.name() + ", " + std::to_string(modulus));
    }

    LoggedSchedule& fold_storage(const Halide::Var& var, int factor) {
        target_.fold_storage(var, factor);
        return record("fold_storage", var.name() + ", " + std::to_string(factor));
    }

    LoggedSchedule& reorder_storage(const std::vector<Halide::Var>& vars) {
        target_.reorder_storage(vars);
        std::vector<Halide::VarOrRVar> names(vars.begin(), vars.end());
        return record("reorder_storage", list(names));
    }

    LoggedSchedule& bound_storage(const Halide::Var& var, int most) {
        target_.bound_storage(var, most);
        return record("bound_storage", var.name() + ", " + std::to_string(most));
    }

    LoggedSchedule& compute_root() {
        target_.compute_root();
        return record("compute_root", "");
    }

    LoggedSchedule& compute_at(const Halide::Func& consumer, const Halide::VarOrRVar& var) {
        target_.compute_at(Halide::LoopLevel(consumer, var));
        return record("compute_at", consumer.name() + ", " + var.name());
    }

    LoggedSchedule& store_at(const Halide::Func& consumer, const Halide::VarOrRVar& var) {
        target_.store_at(Halide::LoopLevel(consumer, var));
        return record("store_at", consumer.name() + ", " + var.name());
    }

    LoggedSchedule& hoist_storage(const Halide::Func& consumer, const Halide::VarOrRVar& var) {
        target_.hoist_storage(Halide::LoopLevel(consumer, var));
        return record("hoist_storage", consumer.name() + ", " + var.name());
    }

    LoggedSchedule& store_in(Halide::MemoryType memory) {
        target_.store_in(memory);
        return record("store_in", print(memory));
    }

  private:
    template <typename Value>
    static std::string print(const Value& value) {
        std::ostringstream out;
        out << value;
        return out.str();
    }

    static std::string list(const std::vector<Halide::VarOrRVar>& vars) {
        std::string text;
        for (const Halide::VarOrRVar& var : vars) {
            text += (text.empty() ? "" : ", ") + var.name();
        }
        return text;
    }

    LoggedSchedule& record(const std::string& directive, const std::string& arguments) {
        log_->push_back(name_ + "." + directive + "(" + arguments + ")");
        return *this;
    }

    Target target_;
    std::string name_;
    ScheduleLog* log_;
};

inline LoggedSchedule<Halide::Func> logged(const Halide::Func& func, ScheduleLog& log) {
    return {func, func.name(), log};
}

inline LoggedSchedule<Halide::Stage> logged_update(Halide::Func& func, ScheduleLog& log,
                                                   int update = 0) {
    return {func.update(update), func.name() + ".update(" + std::to_string(update) + ")", log};
}

}  // namespace latent::codegen
