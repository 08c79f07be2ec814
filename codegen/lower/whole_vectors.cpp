#include "codegen/lower/whole_vectors.h"

#include <algorithm>

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::Var;

void store_in_vectors(LoggedSchedule<Func>& schedule, const Func& scratch, const Var& vector) {
    std::vector<Var> order = scratch.args();
    const auto found = std::ranges::find(order, vector.name(), &Var::name);
    if (found != order.begin() && found != order.end()) {
        std::rotate(order.begin(), found, found + 1);
        schedule.reorder_storage(order);
    }
}

WholeVectors::WholeVectors(const std::string& name, const std::vector<Var>& loops,
                           const Halide::Tuple& results)
    : values_(name + "_values") {
    values_(loops) = results;
}

Halide::Tuple WholeVectors::at(const std::vector<Var>& loops) const {
    const Halide::FuncRef call = values_(loops);
    if (values_.outputs() == 1) {
        return Halide::Tuple(Expr(call));
    }
    std::vector<Expr> elements;
    for (int i = 0; i < values_.outputs(); ++i) {
        elements.emplace_back(call[i]);
    }
    return Halide::Tuple(elements);
}

void WholeVectors::compute_in_multiples(const Var& loop, int turns, ScheduleLog& log) const {
    logged(values_, log).align_bounds(loop, turns).bound_extent(loop, turns);
}

void WholeVectors::compute_at(const Func& consumer, const Halide::VarOrRVar& loop,
                              const Var& vector, int width, ScheduleLog& log,
                              const std::vector<Var>& unrolled) const {
    LoggedSchedule schedule = logged(values_, log);
    schedule.compute_at(consumer, loop)
        .store_in(Halide::MemoryType::Stack)
        .bound_extent(vector, width)
        .never_partition_all();
    store_in_vectors(schedule, values_, vector);
    std::vector<Halide::VarOrRVar> order{vector};
    for (const Var& var : unrolled) {
        order.emplace_back(var);
        schedule.unroll(var);
    }
    if (order.size() > 1) {
        schedule.reorder(order);
    }
    schedule.vectorize(vector);
}

void WholeVectors::stream_at(const Func& consumer, const Halide::VarOrRVar& loop, const Var& vector,
                             int elements, int width, ScheduleLog& log) const {
    const Var lane("lane");
    logged(values_, log)
        .compute_at(consumer, loop)
        .store_in(Halide::MemoryType::Stack)
        .bound_storage(vector, elements)
        .align_bounds(vector, width)
        .split(vector, vector, lane, width, Halide::TailStrategy::RoundUp)
        .vectorize(lane)
        .never_partition_all();
}

}  // namespace latent::codegen
