#include "codegen/lower/buffer_constraints.h"

#include <map>
#include <string>
#include <utility>

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using hi::Stmt;

namespace {

struct Buffer {
    Halide::Parameter parameter;
    std::string shape_of;  ///< the buffer whose shape it has, if that is another
};
using Buffers = std::map<std::string, Buffer>;

class FindInputs : public hi::IRGraphVisitor {
  public:
    explicit FindInputs(Buffers& buffers) : buffers_(buffers) {}

  private:
    using IRGraphVisitor::visit;
    void visit(const hi::Call* op) override {
        IRGraphVisitor::visit(op);
        add(op->param);
    }
    void visit(const hi::Variable* op) override {
        add(op->param);
        if (op->reduction_domain.defined()) {
            op->reduction_domain.accept(this);
        }
    }
    void add(const Halide::Parameter& parameter) {
        if (parameter.defined() && parameter.is_buffer()) {
            buffers_.try_emplace(parameter.name(), Buffer{parameter, ""});
        }
    }
    Buffers& buffers_;
};

Buffers find_buffers(const Stmt& statement, const std::vector<hi::Function>& outputs) {
    Buffers buffers;
    for (const hi::Function& output : outputs) {
        const std::vector<Halide::Parameter>& results = output.output_buffers();
        for (std::size_t i = 0; i < results.size(); ++i) {
            buffers[results[i].name()] = {results[i], i == 0 ? "" : results[0].name()};
        }
    }
    FindInputs inputs(buffers);
    statement.accept(&inputs);
    return buffers;
}

Expr integer(const std::string& name, const Halide::Parameter& buffer = {}) {
    return hi::Variable::make(Halide::Int(32), name, Halide::Buffer<>(), buffer,
                              hi::ReductionDomain());
}

/// What a statement may take for granted of the buffers, as lets and assertions around it.
class Constraints {
  public:
    void add(const std::string& name, const Buffer& buffer) {
        const Halide::Parameter& parameter = buffer.parameter;
        for (int i = 0; i < parameter.dimensions(); ++i) {
            const auto field = [&](const std::string& owner, const char* what) {
                return owner + "." + what + "." + std::to_string(i);
            };
            const bool shared = !buffer.shape_of.empty();
            constrain(field(name, "stride"), parameter, parameter.stride_constraint(i));
            constrain(field(name, "min"), parameter,
                      shared ? value(field(buffer.shape_of, "min")) : parameter.min_constraint(i));
            constrain(
                field(name, "extent"), parameter,
                shared ? value(field(buffer.shape_of, "extent")) : parameter.extent_constraint(i));
        }
    }

    Stmt around(Stmt statement) const {
        statement = hi::substitute(replacements_, statement);
        for (auto known = assertions_.rbegin(); known != assertions_.rend(); ++known) {
            statement = hi::Block::make(*known, statement);
        }
        for (auto let = lets_.rbegin(); let != lets_.rend(); ++let) {
            statement = hi::LetStmt::make(let->first, let->second, statement);
        }
        return statement;
    }

  private:
    Expr value(const std::string& name) const {
        const auto found = replacements_.find(name);
        return found != replacements_.end() ? found->second : integer(name);
    }
    void constrain(const std::string& name, const Halide::Parameter& buffer, const Expr& value) {
        if (!value.defined()) {
            return;
        }
        const Expr constrained = integer(name + ".constrained");
        lets_.emplace_back(name + ".constrained", value);
        if (value.as<hi::Variable>() != nullptr || hi::is_const(value)) {
            replacements_[name] = constrained;
        }
        assertions_.push_back(hi::AssertStmt::make(integer(name, buffer) == constrained, Expr(0)));
    }

    std::map<std::string, Expr> replacements_;
    std::vector<std::pair<std::string, Expr>> lets_;
    std::vector<Stmt> assertions_;
};

/// Finds the place that bounds inference left for checks. Bounds outside of it know the
/// constraints too.
class ApplyConstraints : public hi::IRMutator {
  public:
    explicit ApplyConstraints(const std::vector<hi::Function>& outputs) : outputs_(outputs) {}

  private:
    using IRMutator::visit;
    Expr visit(const hi::Variable* op) override {
        const Halide::Parameter& buffer = op->param;
        for (int i = 0; buffer.defined() && buffer.is_buffer() && i < buffer.dimensions(); ++i) {
            const auto is = [&](const char* what, const Expr& value) {
                return value.defined() &&
                       op->name == buffer.name() + "." + what + "." + std::to_string(i);
            };
            if (is("min", buffer.min_constraint(i))) {
                return buffer.min_constraint(i);
            }
            if (is("extent", buffer.extent_constraint(i))) {
                return buffer.extent_constraint(i);
            }
            if (is("stride", buffer.stride_constraint(i))) {
                return buffer.stride_constraint(i);
            }
        }
        return op;
    }
    Stmt visit(const hi::Block* op) override {
        const auto* first = op->first.as<hi::Evaluate>();
        if (first == nullptr ||
            hi::Call::as_intrinsic(first->value, {hi::Call::add_image_checks_marker}) == nullptr) {
            return IRMutator::visit(op);
        }
        Constraints constraints;
        for (const auto& [name, buffer] : find_buffers(op->rest, outputs_)) {
            constraints.add(name, buffer);
        }
        return constraints.around(op->rest);
    }

    const std::vector<hi::Function>& outputs_;
};

}  // namespace

Stmt apply_buffer_constraints(const Stmt& statement, const std::vector<hi::Function>& outputs) {
    return ApplyConstraints(outputs).mutate(statement);
}

}  // namespace latent::codegen
