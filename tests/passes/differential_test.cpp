#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "codegen/reference/interpreter.h"
#include "passes/pipeline.h"
#include "passes/rule.h"
#include "rewrite_testing.h"

using namespace latent;
using namespace latent::passes;
using codegen::reference::Array;
using codegen::reference::interpret;
using ir::Op;
using ir::Value;

namespace {

constexpr std::int64_t most_elements = 2000;
constexpr std::size_t most_dimensions = 6;
const std::source_location here = std::source_location::current();

/// Small random graphs, valid by construction, made of what the rules of the passes look for: views
/// of views, neutral constants, folds and reductions of contractions. All numbers have one dtype:
///  - i32, where every order of a sum gives the same bits: all ops;
///  - f32: neither contractions nor folds, whose rounding depends on the order of their sums, nor
///    sums over single elements, which lose the sign of a zero in the interpreter.
class RandomGraph {
  public:
    RandomGraph(DType dtype, std::uint64_t seed);

    /// A graph of up to that many steps on the `parameters`.
    ir::Graph make(int steps);

    /// The types of the parameters, by index.
    const std::vector<ir::Type>& parameters() const { return parameters_; }

  private:
    std::int64_t below(std::int64_t bound);
    bool chance(int percent) { return below(100) < percent; }
    const ir::Value& pick();
    ir::Value like(const ir::Value& value);
    ir::Value constant_like(const ir::Value& value);
    ir::Axes some_axes(std::size_t rank);
    ir::Axes permutation(std::size_t rank);
    ir::Value build(ir::Op op, const ir::Attributes& attributes, std::vector<ir::Value> operands);

    ir::Value step();
    ir::Value elementwise();
    ir::Value choice();
    ir::Value permuted();
    ir::Value reshaped();
    ir::Value broadcasted();
    ir::Value sliced();
    ir::Value flipped();
    ir::Value windowed();
    ir::Value padded();
    ir::Value reduced();
    ir::Value contracted();
    ir::Value folded();

    DType dtype_;
    std::mt19937_64 random_;
    std::vector<ir::Type> parameters_;
    std::vector<ir::Value> values_;
};

RandomGraph::RandomGraph(DType dtype, std::uint64_t seed) : dtype_(dtype), random_(seed) {
    for (std::int64_t i = 0; i < 4; ++i) {
        ir::Type type{dtype, {}};
        type.shape.resize(static_cast<std::size_t>(i));
        for (std::int64_t& extent : type.shape) {
            extent = 1 + below(5);
        }
        parameters_.push_back(type);
        values_.push_back(ir::parameter(i, type, here));
    }
    values_.push_back(ir::scalar(ir::Literal::one(dtype), here));
}

ir::Graph RandomGraph::make(int steps) {
    for (int i = 0; i < steps; ++i) {
        try {
            const Value value = step();
            if (value && value.type().element_count() <= most_elements &&
                value.type().rank() <= most_dimensions) {
                values_.push_back(value);
            }
        } catch (const Error&) {
            // Not every choice of attributes fits: the next step makes another.
        }
    }
    ir::Graph graph{{values_.back()}};
    if (chance(30)) {
        graph.results.push_back(pick());
    }
    return graph;
}

std::int64_t RandomGraph::below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
}

/// Mostly the last value, so that rules find chains.
const Value& RandomGraph::pick() {
    return chance(60) ? values_.back()
                      : values_[static_cast<std::size_t>(
                            below(static_cast<std::int64_t>(values_.size())))];
}

Value RandomGraph::constant_like(const Value& value) {
    constexpr std::array<double, 8> interesting = {0.0, -0.0, 1, -1, 2, 0.5, 3, -4};
    const ir::Literal literal(dtype_, interesting[static_cast<std::size_t>(below(8))]);
    return ir::full(literal, value.type().shape.span(), here);
}

/// Another value of the same shape, or a constant.
Value RandomGraph::like(const Value& value) {
    if (chance(50)) {
        return constant_like(value);
    }
    std::vector<Value> same;
    std::ranges::copy_if(values_, std::back_inserter(same),
                         [&](const Value& other) { return other.type() == value.type(); });
    return same[static_cast<std::size_t>(below(static_cast<std::int64_t>(same.size())))];
}

ir::Axes RandomGraph::permutation(std::size_t rank) {
    ir::Axes axes(rank, 0);
    std::iota(axes.begin(), axes.end(), 0);
    std::shuffle(axes.begin(), axes.end(), random_);
    return axes;
}

ir::Axes RandomGraph::some_axes(std::size_t rank) {
    ir::Axes axes;
    for (std::size_t i = 0; i < rank; ++i) {
        if (chance(50)) {
            axes.push_back(static_cast<std::int64_t>(i));
        }
    }
    return axes;
}

Value RandomGraph::build(Op op, const ir::Attributes& attributes, std::vector<Value> operands) {
    return ir::make(op, attributes, operands, here);
}

Value RandomGraph::step() {
    switch (below(dtype_ == DType::i32 ? 12 : 10)) {
        case 0:
            return elementwise();
        case 1:
            return choice();
        case 2:
            return permuted();
        case 3:
            return reshaped();
        case 4:
            return broadcasted();
        case 5:
            return sliced();
        case 6:
            return flipped();
        case 7:
            return windowed();
        case 8:
            return padded();
        case 9:
            return reduced();
        case 10:
            return contracted();
        default:
            return folded();
    }
}

Value RandomGraph::elementwise() {
    static const std::vector<Op> unary = {Op::neg, Op::abs, Op::floor, Op::bitwise_not,  Op::sqrt,
                                          Op::exp, Op::neg, Op::sign,  Op::stop_gradient};
    static const std::vector<Op> binary = {
        Op::add,     Op::sub,         Op::mul,         Op::div,          Op::pow,
        Op::maximum, Op::minimum,     Op::bitwise_and, Op::floor_divide, Op::bitwise_or,
        Op::add,     Op::bitwise_xor, Op::mul,         Op::shift_left,   Op::remainder};
    const Value value = pick();
    if (chance(30)) {
        return build(unary[static_cast<std::size_t>(below(9))], ir::NoAttributes{}, {value});
    }
    if (chance(10)) {
        return ir::cast(ir::cast(value, DType::f64, here), dtype_, here);
    }
    std::vector<Value> operands = {value, like(value)};
    if (chance(30)) {
        std::swap(operands[0], operands[1]);
    }
    return build(binary[static_cast<std::size_t>(below(15))], ir::NoAttributes{}, operands);
}

Value RandomGraph::choice() {
    static const std::vector<Op> compare = ops_of(ir::Category::compare);
    const Value a = pick();
    const Value b = like(a);
    Value condition =
        build(compare[static_cast<std::size_t>(below(6))], ir::NoAttributes{}, {a, b});
    if (chance(50)) {
        condition = build(Op::bitwise_not, ir::NoAttributes{}, {condition});
    }
    return build(Op::select, ir::NoAttributes{}, {condition, a, like(a)});
}

Value RandomGraph::permuted() {
    const Value value = pick();
    return ir::permute(value, permutation(value.type().rank()).span(), here);
}

/// Dimensions of one element come and go, neighbours merge, dimensions split.
Value RandomGraph::reshaped() {
    const Value value = pick();
    ir::Shape shape;
    for (const std::int64_t extent : value.type().shape) {
        if (extent == 1 && chance(50)) {
            continue;
        }
        if (!shape.empty() && chance(20)) {
            shape.back() *= extent;
        } else if (extent % 2 == 0 && extent > 0 && chance(40)) {
            shape.push_back(2);
            shape.push_back(extent / 2);
        } else {
            shape.push_back(extent);
        }
        if (chance(15)) {
            shape.push_back(1);
        }
    }
    return ir::reshape(value, shape.span(), here);
}

Value RandomGraph::broadcasted() {
    const Value value = pick();
    ir::Shape shape = value.type().shape;
    ir::Axes axes(shape.size(), 0);
    std::iota(axes.begin(), axes.end(), 0);
    const auto position =
        static_cast<std::size_t>(below(static_cast<std::int64_t>(shape.size()) + 1));
    shape.insert(position, 1 + below(3));
    std::for_each(axes.begin() + position, axes.end(), [](std::int64_t& axis) { ++axis; });
    return ir::broadcast(value, shape.span(), axes.span(), here);
}

Value RandomGraph::sliced() {
    const Value value = pick();
    ir::SliceAttributes slice;
    for (const std::int64_t extent : value.type().shape) {
        const std::int64_t start = chance(50) ? 0 : below(extent + 1);
        slice.start.push_back(start);
        slice.stop.push_back(chance(50) ? extent : start + below(extent - start + 1));
        slice.step.push_back(1 + below(2));
    }
    return build(Op::slice, slice, {value});
}

Value RandomGraph::flipped() {
    const Value value = pick();
    return build(Op::flip, ir::FlipAttributes{some_axes(value.type().rank())}, {value});
}

Value RandomGraph::windowed() {
    const Value value = pick();
    ir::WindowAttributes window;
    window.axes = some_axes(value.type().rank());
    std::shuffle(window.axes.begin(), window.axes.end(), random_);
    for (std::size_t i = 0; i < window.axes.size(); ++i) {
        window.size.push_back(1 + below(3));
        window.stride.push_back(1 + below(2));
        window.dilation.push_back(1 + below(2));
    }
    return build(Op::window, window, {value});
}

Value RandomGraph::padded() {
    const Value value = pick();
    ir::PadAttributes pad;
    for (std::size_t i = 0; i < value.type().rank(); ++i) {
        pad.low.push_back(chance(50) ? 0 : below(4) - 2);
        pad.high.push_back(chance(50) ? 0 : below(4) - 2);
        pad.interior.push_back(chance(80) ? 0 : 1);
    }
    return build(Op::pad, pad, {value, ir::constant(ir::Literal::zero(dtype_), here)});
}

Value RandomGraph::reduced() {
    static const std::vector<Op> reductions = ops_of(ir::Category::reduce);
    const Value value = pick();
    const Op op = reductions[static_cast<std::size_t>(below(4))];
    const ir::Axes axes = some_axes(value.type().rank());
    const bool single = std::ranges::all_of(axes, [&](std::int64_t axis) {
        return value.type().shape[static_cast<std::size_t>(axis)] == 1;
    });
    return single && op == Op::reduce_sum && dtype_ == DType::f32
               ? Value{}
               : ir::reduce(op, value, axes.span(), here);
}

/// Labels of the left operand, and as many of them for the right as fit.
Value RandomGraph::contracted() {
    const Value lhs = pick();
    const Value rhs = pick();
    ir::ContractionAttributes labels;
    for (std::size_t i = 0; i < lhs.type().rank(); ++i) {
        labels.lhs.push_back(static_cast<std::int64_t>(i));
    }
    for (std::size_t i = 0; i < rhs.type().rank(); ++i) {
        std::int64_t label = static_cast<std::int64_t>(20 + i);
        for (std::size_t j = 0; j < lhs.type().rank(); ++j) {
            const auto wanted = static_cast<std::int64_t>(j);
            if (lhs.type().shape[j] == rhs.type().shape[i] &&
                std::ranges::find(labels.rhs, wanted) == labels.rhs.end() && chance(60)) {
                label = wanted;
                break;
            }
        }
        labels.rhs.push_back(label);
    }
    ir::Dims all = labels.lhs;
    std::ranges::copy_if(labels.rhs, std::back_inserter(all),
                         [](std::int64_t label) { return label >= 20; });
    for (const std::int64_t label : all) {
        const bool in_both = label < 20 && std::ranges::find(labels.rhs, label) != labels.rhs.end();
        if (!in_both || chance(50)) {
            labels.out.push_back(label);
        }
    }
    std::shuffle(labels.out.begin(), labels.out.end(), random_);
    return build(Op::contraction, labels, {lhs, rhs});
}

/// The last dimension as windows along another.
Value RandomGraph::folded() {
    const Value value = pick();
    const ir::Shape& shape = value.type().shape;
    if (shape.size() < 2 || shape.back() == 0) {
        return {};
    }
    const std::int64_t axis = below(static_cast<std::int64_t>(shape.size()) - 1);
    const std::int64_t count = shape[static_cast<std::size_t>(axis)];
    const std::int64_t stride = 1 + below(3);
    const std::int64_t dilation = 1 + below(2);
    const std::int64_t extent =
        (count - 1) * stride + (shape.back() - 1) * dilation + 1 + below(stride);
    return build(Op::fold,
                 ir::FoldAttributes{{axis}, {shape.back()}, {stride}, {dilation}, {extent}},
                 {value});
}

/// Whole numbers, halves, zeros of both signs, and now and then an infinity or NaN.
template <typename T>
Array random_array(const ir::Type& type, std::mt19937_64& random) {
    Array array(type);
    for (T& element : array.mutable_data<T>()) {
        element = static_cast<T>(static_cast<int>(random() % 13) - 6);
        if constexpr (std::is_floating_point_v<T>) {
            constexpr std::array<T, 4> special = {-T{0}, std::numeric_limits<T>::infinity(),
                                                  -std::numeric_limits<T>::infinity(),
                                                  std::numeric_limits<T>::quiet_NaN()};
            element = random() % 20 == 0 ? special[random() % 4] : element / 2;
        }
    }
    return array;
}

/// Bit for bit, but one NaN is as good as another.
template <typename T>
bool same_elements(const Array& a, const Array& b) {
    return std::ranges::equal(a.data<T>(), b.data<T>(), [](T x, T y) {
        if constexpr (std::is_floating_point_v<T>) {
            return (std::isnan(x) && std::isnan(y)) ||
                   (x == y && std::signbit(x) == std::signbit(y));
        } else {
            return x == y;
        }
    });
}

/// Runs the pipeline, with little fuel in every other run, on random graphs and compares what the
/// interpreter makes of them before and after.
template <typename T>
void compare_on_random_graphs(int graphs) {
    std::int64_t changed = 0;
    for (int seed = 0; seed < graphs; ++seed) {
        RandomGraph generator(dtype_of<T>, static_cast<std::uint64_t>(seed));
        const ir::Graph before = generator.make(25);
        PipelineOptions options{.verify = true};
        if (seed % 2 == 1) {
            options.fuel = seed % 7;
        }
        const ir::Graph after = run_pipeline(before, options);
        changed += std::int64_t{after.results != before.results};

        std::mt19937_64 random(static_cast<std::uint64_t>(seed));
        std::vector<Array> arguments;
        for (const ir::Type& type : generator.parameters()) {
            arguments.push_back(random_array<T>(type, random));
        }
        const std::vector<Array> expected = interpret(before, arguments);
        const std::vector<Array> actual = interpret(after, arguments);
        for (std::size_t i = 0; i < expected.size(); ++i) {
            if (!same_elements<T>(expected[i], actual[i])) {
                FAIL("seed " << seed << ", result " << i << " of\n"
                             << ir::print(before) << "became\n"
                             << ir::print(after));
            }
        }
    }
    CHECK(changed > graphs / 3);
}

}  // namespace

TEST_CASE("The pipeline leaves every bit of random integer graphs as it was") {
    compare_on_random_graphs<std::int32_t>(4000);
}

TEST_CASE("The pipeline leaves every bit of random float graphs as it was") {
    compare_on_random_graphs<float>(2000);
}
