#pragma once

#include <vector>

#include "codegen/lower/lowering.h"

namespace latent::codegen {

/// Reductions that are made in one walk. Each has an accumulator for each of its operands, and
/// those of all make one tuple: of a sum the sum, of the position of an extreme the best element
/// and its position.
///
/// The elements of which positions are wanted are compared as what they are, for -0 and +0 are
/// equal, and a NaN is better than any number; of equals the lower position wins. Where positions
/// rise along each walk, an element has to be better than those before it to take their place.
class Accumulators {
  public:
    using Values = std::vector<Halide::Expr>;

    Accumulators(Lowering& lowering, std::vector<int> stages);

    const std::vector<int>& stages() const { return stages_; }
    /// The stages that are taken in: all operands of a reduction before those of the next.
    const std::vector<int>& operands() const { return operands_; }

    bool give_positions() const;

    /// Accumulators that have taken in nothing.
    Values empty() const;
    /// The tuple that a call of a Func gives.
    Values at(const Halide::FuncRef& call) const;
    /// Elements, one for each of `operands()`, as accumulators.
    Values of(const Values& elements) const;
    /// `before`, which has then taken in the next element of its walk.
    Values taken_in(const Values& before, const Values& element) const;
    Values combined(const Values& a, const Values& b) const;
    /// All as one, by a balanced tree: a fixed order of arithmetic.
    Values all_combined(const std::vector<Values>& accumulators) const;
    /// The same in steps: the best elements, one for each position that is given, accumulators
    /// without the positions of others, and all of these as one.
    Values best_elements(const std::vector<Values>& accumulators) const;
    Values without_worse(Values accumulators, const Values& best) const;
    Values all_combined(const std::vector<Values>& candidates, const Values& best) const;
    /// Of one reduction whose positions rise along each walk: the best element of some, with the
    /// number of their group in place of a position.
    bool find_groups() const {
        return reductions_.size() == 1 && reductions_[0].risen_from.defined();
    }
    Values best_of_group(std::vector<Values> elements, const Halide::Expr& number) const;
    /// The value of stages()[i] after all elements, and those of all.
    Halide::Expr result(std::size_t i, const Values& values) const;
    Values results(const Values& values) const;

  private:
    struct Reduction {
        ir::Op op;
        Halide::Type type;          ///< of its elements
        std::size_t first;          ///< of its accumulators
        Halide::Expr risen_from{};  ///< where positions rise along each walk, the first of all
    };

    Values merged(const Values& a, const Values& b, bool in_a_walk) const;

    std::vector<int> stages_, operands_;
    std::vector<Halide::Type> types_;  ///< of the operands
    std::vector<Reduction> reductions_;
};

/// Vectorises the loop of `lane`, of several vectors of `lanes`, in a walk of accumulators. Where
/// they give positions it is one vector at a time: what a comparison of several gives, and more
/// than one selection uses, LLVM would pack into bytes without AVX-512.
template <typename Target>
void vectorize_walk(LoggedSchedule<Target>& schedule, const Accumulators& accumulators,
                    const Halide::Var& lane, int lanes) {
    if (accumulators.give_positions()) {
        const Halide::Var vector("vector");
        schedule.split(lane, vector, lane, lanes).unroll(vector);
    }
    schedule.vectorize(lane);
}

}  // namespace latent::codegen
