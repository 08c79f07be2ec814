#include "codegen/lower/promotable_arrays.h"

#include <cstdint>
#include <limits>
#include <string>

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using hi::Stmt;

namespace {

bool is_constant_place(const Expr& index) {
    const auto* ramp = index.as<hi::Ramp>();
    return ramp != nullptr ? hi::is_const(ramp->base) && hi::is_const_one(ramp->stride)
                           : hi::is_const(index);
}

/// Whether an array is only read and written at constant places, and written whatever a mask says.
class ConstantPlaces : public hi::IRGraphVisitor {
  public:
    explicit ConstantPlaces(const std::string& array) : array_(array) {}
    bool only() const { return only_; }

  private:
    using IRGraphVisitor::visit;
    void visit(const hi::Load* op) override {
        only_ = only_ && (op->name != array_ || is_constant_place(op->index));
        IRGraphVisitor::visit(op);
    }
    void visit(const hi::Store* op) override {
        only_ = only_ && (op->name != array_ ||
                          (is_constant_place(op->index) && hi::is_const_one(op->predicate)));
        IRGraphVisitor::visit(op);
    }
    void visit(const hi::Variable* op) override { only_ = only_ && op->name != array_; }

    const std::string& array_;
    bool only_ = true;
};

/// What is read of an array without masks: all of it is there.
class ReadWhole : public hi::IRMutator {
  public:
    explicit ReadWhole(const std::string& array) : array_(array) {}

  private:
    using IRMutator::visit;
    Expr visit(const hi::Load* op) override {
        return op->name != array_ || hi::is_const_one(op->predicate)
                   ? IRMutator::visit(op)
                   : hi::Load::make(op->type, op->name, op->index, op->image, op->param,
                                    hi::const_true(op->type.lanes()), op->alignment);
    }

    const std::string& array_;
};

class MakeArraysPromotable : public hi::IRMutator {
    using IRMutator::visit;
    Stmt visit(const hi::Allocate* op) override {
        const Stmt statement = IRMutator::visit(op);
        const auto& array = *statement.as<hi::Allocate>();
        const std::int32_t elements = array.constant_allocation_size();
        if (array.memory_type != Halide::MemoryType::Stack || array.type.is_vector() ||
            elements <= 1 || elements > std::numeric_limits<std::uint16_t>::max()) {
            return statement;
        }
        ConstantPlaces places(array.name);
        array.body.accept(&places);
        if (!places.only()) {
            return statement;
        }
        return hi::Allocate::make(array.name, array.type.with_lanes(elements), array.memory_type,
                                  {}, array.condition, ReadWhole(array.name).mutate(array.body));
    }
};

}  // namespace

Stmt make_arrays_promotable(const Stmt& statement) {
    return MakeArraysPromotable().mutate(statement);
}

}  // namespace latent::codegen
