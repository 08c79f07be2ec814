#include "codegen/lower/window_places.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using hi::Call;

namespace {

/// A coordinate that stands for its argument, of 64 bits: Halide's own have 32.
constexpr auto wide_coordinate = "latent_wide_coordinate";

class WidenCoordinates : public hi::IRMutator {
    using IRMutator::visit;

    Expr visit(const hi::Cast* cast) override {
        const auto* call = cast->value.as<Call>();
        return call != nullptr && call->name == wide_coordinate && cast->type == Halide::Int(64)
                   ? mutate(call->args[0])
                   : IRMutator::visit(cast);
    }
};

}  // namespace

WindowPlaces::WindowPlaces(const std::string& name, const WindowStrides& strides, const Expr& rows)
    : rows_(name + "_row_places"), runs_(name + "_run_places") {
    rows_(place_) = strides.row(Halide::min(place_, rows - 1));
    runs_(place_) = strides.run(place_);
}

Expr WindowPlaces::at(const Expr& row, const Expr& run, const Expr& k) const {
    const Expr place = rows_(row) + runs_(run) + Halide::cast<std::int64_t>(k);
    return Call::make(Halide::Int(32), wide_coordinate, {place}, Call::PureExtern);
}

void WindowPlaces::compute_at(const Halide::Func& consumer, const Halide::Var& task,
                              ScheduleLog& log) const {
    logged(rows_, log).compute_at(consumer, task).never_partition_all();
    logged(runs_, log).compute_at(consumer, task).never_partition_all();
}

hi::Stmt widen_window_places(const hi::Stmt& statement) {
    return WidenCoordinates().mutate(statement);
}

}  // namespace latent::codegen
