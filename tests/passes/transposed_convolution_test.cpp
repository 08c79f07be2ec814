#include <algorithm>
#include <map>
#include <random>

#include "codegen/reference/interpreter.h"
#include "rewrite_testing.h"

using namespace latent;
using namespace latent::passes;
using namespace latent::passes::testing;
using codegen::reference::Array;
using codegen::reference::interpret;
using ir::Dims;
using ir::Op;
using ir::Value;

namespace {

const std::source_location here = std::source_location::current();

/// fold(contraction(gradient, weight)) with random windows, batch, contracted and free dimensions,
/// all in random order.
class RandomTransposedConvolution {
  public:
    explicit RandomTransposedConvolution(std::uint64_t seed) : random_(seed) {}

    ir::Graph make() {
        const std::int64_t windows = 1 + below(3);
        ir::FoldAttributes fold;
        ir::ContractionAttributes labels;
        Dims elements;
        for (std::int64_t i = 0; i < windows; ++i) {
            fold.size.push_back(1 + below(3));
            fold.stride.push_back(1 + below(3));
            fold.dilation.push_back(1 + below(3));
            labels.lhs.push_back(i);
            labels.out.push_back(i);
            labels.rhs.push_back(10 + i);
            elements.push_back(10 + i);
            extents_[i] = 1 + below(4);
            extents_[10 + i] = fold.size.back();
        }
        const auto add_label = [&](std::int64_t label, std::vector<Dims*> places) {
            extents_[label] = 1 + below(3);
            for (Dims* dims : places) {
                dims->push_back(label);
            }
        };
        add_label(20, {&labels.lhs, &labels.rhs});  // contracted
        add_label(21, {&labels.lhs, &labels.out});  // of the gradient
        add_label(22, {&labels.rhs, &labels.out});  // of the weight
        if (below(2) == 0) {
            add_label(23, {&labels.lhs, &labels.rhs, &labels.out});  // groups
        }
        for (Dims* dims : {&labels.lhs, &labels.rhs, &labels.out}) {
            std::shuffle(dims->begin(), dims->end(), random_);
        }
        for (std::int64_t i = 0; i < windows; ++i) {
            const auto window = static_cast<std::size_t>(i);
            fold.axes.push_back(std::ranges::find(labels.out, i) - labels.out.begin());
            fold.extent.push_back((extents_[i] - 1) * fold.stride[window] +
                                  (fold.size[window] - 1) * fold.dilation[window] + 1 +
                                  below(fold.stride[window]));
        }
        labels.out.append(elements.span());
        std::vector<Value> operands = {parameter(0, labels.lhs), parameter(1, labels.rhs)};
        if (below(2) == 0) {
            std::swap(operands[0], operands[1]);
            std::swap(labels.lhs, labels.rhs);
        }
        const Value products = ir::make(Op::contraction, labels, operands, here);
        return {{ir::make(Op::fold, fold, std::span(&products, 1), here)}};
    }

    /// Small whole numbers, whose sums are exact in any order.
    Array array(const ir::Type& type) {
        Array result(type);
        std::ranges::generate(result.mutable_data<float>(),
                              [&] { return static_cast<float>(below(11) - 5); });
        return result;
    }

    const std::vector<ir::Type>& parameters() const { return parameters_; }

  private:
    std::int64_t below(std::int64_t bound) {
        return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
    }

    Value parameter(std::int64_t index, const Dims& labels) {
        ir::Type type{DType::f32, {}};
        for (const std::int64_t label : labels) {
            type.shape.push_back(extents_[label]);
        }
        parameters_.push_back(type);
        return ir::parameter(index, type, here);
    }

    std::mt19937_64 random_;
    std::map<std::int64_t, std::int64_t> extents_;
    std::vector<ir::Type> parameters_;
};

}  // namespace

TEST_CASE(
    "A transposed convolution is the fold of products for all strides, dilations and extents") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        RandomTransposedConvolution generator(seed);
        const ir::Graph before = generator.make();
        const ir::Graph after = run(simplify_contractions, before);
        INFO("seed " << seed << "\n" << ir::print(before) << "became\n" << ir::print(after));
        for (const ir::Node* node : ir::topological_order(after.results)) {
            REQUIRE(node->op() != Op::fold);
        }
        std::vector<Array> arguments;
        for (const ir::Type& type : generator.parameters()) {
            arguments.push_back(generator.array(type));
        }
        const Array expected = interpret(before, arguments)[0];
        const Array actual = interpret(after, arguments)[0];
        REQUIRE(expected.type() == actual.type());
        REQUIRE(std::ranges::equal(expected.data<float>(), actual.data<float>()));
    }
}

TEST_CASE("A fold meets its contraction behind dimensions of extent 1") {
    const ir::Graph before = ir::parse(R"(
        %g = parameter {index=0, dtype=f32, shape=[2,4,5,5]}
        %w = parameter {index=1, dtype=f32, shape=[4,3,3]}
        %p = contraction %g, %w {lhs=[0,1,2,3], rhs=[1,4,5], out=[0,1,2,3,4,5]}
        %r = reshape %p {shape=[2,4,1,5,5,3,3]}
        %f = fold %r {axes=[3,4], size=[3,3], stride=[1,1], dilation=[1,1], extent=[7,7]}
        return %f
    )");
    const ir::Graph after = run(simplify_contractions, before);
    INFO(ir::print(after));
    for (const ir::Node* node : ir::topological_order(after.results)) {
        CHECK(node->op() != Op::fold);
    }
    std::vector<Array> arguments;
    for (const Dims& shape : {Dims{2, 4, 5, 5}, Dims{4, 3, 3}}) {
        Array array({DType::f32, shape});
        std::int64_t next = 0;
        std::ranges::generate(array.mutable_data<float>(),
                              [&] { return static_cast<float>(next++ % 7 - 3); });
        arguments.push_back(array);
    }
    const Array expected = interpret(before, arguments)[0];
    const Array actual = interpret(after, arguments)[0];
    CHECK(std::ranges::equal(expected.data<float>(), actual.data<float>()));
}
