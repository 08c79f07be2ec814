#include "tests/frontend/support.h"

using namespace latent;
using test::check_values;
using test::sample;

namespace {

constexpr DType f64 = DType::f64;

void check_same(const Tensor& got, const Tensor& expected) {
    check_values(got, expected.shape(), test::values(expected), 1e-12);
}

/// Gradients of f(model) with respect to every parameter agree with finite differences.
template <typename Model, typename Application>
void check_parameter_gradients(const Model& model, const Application& apply) {
    std::vector<Tensor> parameters;
    for (const NamedTensor& named : named_parameters(model)) {
        CHECK(named.tensor.requires_grad());
        parameters.push_back(named.tensor);
    }
    test::check_gradients(
        [&](const std::vector<Tensor>& in) {
            std::size_t next = 0;
            return apply(map_parameters(model, [&](const Tensor&) { return in[next++]; }));
        },
        parameters, 1e-5);
}

std::vector<std::string> names_of(const auto& model) {
    std::vector<std::string> names;
    for (const NamedTensor& named : named_parameters(model)) {
        names.push_back(named.name);
    }
    return names;
}

struct Block {
    nn::Linear projection;
    std::vector<nn::LayerNorm> norms;
    std::pair<Tensor, std::optional<Tensor>> extra;
    Tensor unnamed;
    void visit(auto&& visitor) {
        visitor("projection", projection, "norms", norms, "extra", extra, unnamed);
    }
};

Block make_block() {
    return {.projection = nn::Linear::make({.inputs = 2, .outputs = 3}),
            .norms = {nn::LayerNorm::make(3), nn::LayerNorm::make(4)},
            .extra = {zeros({2}), std::nullopt},
            .unnamed = zeros({})};
}

}  // namespace

TEST_CASE("parameters have the names on the way to them, and counts") {
    const Block block = make_block();
    CHECK(names_of(block) == std::vector<std::string>{
                                 "projection.weight", "projection.bias", "norms.0.gamma",
                                 "norms.0.beta", "norms.1.gamma", "norms.1.beta", "extra.0", "3"});
    CHECK(parameter_count(block) == 6 + 3 + 14 + 2 + 1);
    CHECK(names_of(zeros({2})) == std::vector<std::string>{""});
    CHECK(parameter_count(std::vector<Tensor>{}) == 0);
    CHECK(summary(nn::Linear::make({.inputs = 20, .outputs = 3, .dtype = f64})) ==
          "name    dtype  shape   elements\n"
          "weight  f64    [20,3]        60\n"
          "bias    f64    [3]            3\n"
          "total                        63\n");
}

TEST_CASE("parameters are replaced one by one or by name; the old model stays") {
    const nn::Linear model = nn::Linear::make({.inputs = 2, .outputs = 1}, Key(1));
    const nn::Linear doubled = map_parameters(model, [](const Tensor& t) { return t.cast(f64); });
    CHECK(doubled.weight.dtype() == f64);
    CHECK(model.weight.dtype() == DType::f32);
    const nn::Linear loaded =
        map_parameters(model, [](const std::string& name, const Tensor& tensor) {
            return name == "bias" ? full({1}, 5.0) : tensor;
        });
    check_values(*loaded.bias, {1}, {5});
    check_same(loaded.weight, model.weight);
}

TEST_CASE("the key decides the initial values; without one the default generator does") {
    const auto weights = [](const nn::Linear& linear) { return linear.weight.to_vector<float>(); };
    const nn::LinearOptions options{.inputs = 3, .outputs = 4};
    CHECK(weights(nn::Linear::make(options, Key(1))) == weights(nn::Linear::make(options, Key(1))));
    CHECK(weights(nn::Linear::make(options, Key(1))) != weights(nn::Linear::make(options, Key(2))));
    CHECK(weights(nn::Linear::make(options)) != weights(nn::Linear::make(options)));
    const auto with_seed = [&] {
        const SeedScope scope(5);
        return weights(nn::Linear::make(options));
    };
    CHECK(with_seed() == with_seed());
}

TEST_CASE("initialisers have the moments that they are known for") {
    namespace initializers = nn::initializers;
    const Shape shape{200, 100};
    const nn::Fans fans{.in = 200, .out = 100};
    const auto draw = [&](const nn::Initializer& initializer) {
        return initializer(Key(3), shape, fans, f64);
    };
    struct Case {
        nn::Initializer initializer;
        double deviation;
        double limit;  ///< no element is further from the mean
    };
    const double infinity = std::numeric_limits<double>::infinity();
    const double glorot = std::sqrt(2.0 / 300);
    const double he = std::sqrt(2.0 / 200);
    const double root3 = std::sqrt(3.0);
    for (const Case& c : {Case{initializers::glorot_uniform(), glorot, root3 * glorot},
                          Case{initializers::glorot_normal(), glorot, infinity},
                          Case{initializers::he_uniform(), he, root3 * he},
                          Case{initializers::he_normal(), he, infinity},
                          Case{initializers::normal(0.5), 0.5, infinity},
                          Case{initializers::uniform(-1, 1), 1 / root3, 1},
                          Case{initializers::truncated_normal(2), 2 * std::sqrt(0.7737413), 4}}) {
        const Tensor x = draw(c.initializer);
        CHECK(x.dtype() == f64);
        CHECK(x.mean().item<double>() == Approx(0).margin(0.05 * c.deviation));
        CHECK(std::sqrt(var(x).item<double>()) == Approx(c.deviation).epsilon(0.02));
        CHECK(abs(x).max().item<double>() <= c.limit * (1 + 1e-12));
    }
    CHECK(draw(initializers::normal(0.1, 7)).mean().item<double>() == Approx(7).epsilon(1e-3));
    check_values(initializers::constant(3)(Key(1), {2}, {}, f64), {2}, {3, 3});
    check_values(initializers::ones()(Key(1), {2}, {}, f64), {2}, {1, 1});
}

TEST_CASE("orthogonal weights have orthogonal rows or columns") {
    const nn::Initializer initializer = nn::initializers::orthogonal(2);
    for (const Shape& shape : {Shape{5, 3}, Shape{3, 5}, Shape{4, 4}, Shape{1, 3}}) {
        const Tensor q = initializer(Key(4), shape, {}, f64);
        CHECK(q.shape() == shape);
        const Tensor product =
            shape[0] < shape[1] ? matmul(q, q.transpose()) : matmul(q.transpose(), q);
        check_same(product, 4 * eye(std::min(shape[0], shape[1]), {.dtype = f64}));
    }
    CHECK(initializer(Key(4), {4, 2, 3}, {}, f64).shape() == Shape{4, 2, 3});
}

TEST_CASE("Linear is a product and a bias") {
    const nn::Linear linear{.weight = Tensor::from({1.0, 2.0, 3.0, 4.0, 5.0, 6.0}, {2, 3}),
                            .bias = Tensor::from({0.5, 0.0, -1.0})};
    check_values(linear(Tensor::from({1.0, -1.0}, {1, 2})), {1, 3}, {-2.5, -3, -4});
    CHECK(linear(zeros({4, 5, 2})).shape() == Shape{4, 5, 3});
    const nn::Linear plain = nn::Linear::make({.inputs = 2, .outputs = 3, .has_bias = false});
    CHECK(names_of(plain) == std::vector<std::string>{"weight"});
    check_values(plain(zeros({1, 2})), {1, 3}, {0, 0, 0});
    const Tensor x = sample({4, 2});
    check_parameter_gradients(
        nn::Linear::make(
            {.inputs = 2, .outputs = 3, .bias = nn::initializers::normal(), .dtype = f64}, Key(1)),
        [&](const nn::Linear& model) { return tanh(model(x)); });
}

TEST_CASE("Conv adds its bias to a convolution along one to three dimensions") {
    const auto make = [](const Sizes& size, const ConvolutionOptions& convolution) {
        return nn::Conv::make({.inputs = 2,
                               .outputs = 4,
                               .size = size,
                               .convolution = convolution,
                               .bias = nn::initializers::normal(),
                               .dtype = f64},
                              Key(2));
    };
    const Tensor image = sample({2, 2, 5, 5});
    const nn::Conv conv = make({3, 2}, {.stride = 2, .padding = 1, .groups = 2});
    CHECK(conv.kernel.shape() == Shape{4, 1, 3, 2});
    check_same(conv(image), conv2d(image, conv.kernel, {.stride = 2, .padding = 1, .groups = 2}) +
                                conv.bias->reshape({4, 1, 1}));
    check_parameter_gradients(conv, [&](const nn::Conv& model) { return model(image); });
    CHECK(make({3}, {})(sample({1, 2, 7})).shape() == Shape{1, 4, 5});
    CHECK(make({3, 1, 2}, {})(sample({1, 2, 4, 4, 4})).shape() == Shape{1, 4, 2, 4, 3});
}

TEST_CASE("Embedding reads rows, to which its gradient goes") {
    const nn::Embedding model = nn::Embedding::make({.rows = 4, .width = 2, .dtype = f64}, Key(1));
    const Tensor indices = Tensor::from({2, 0, 2}, {3, 1});
    check_same(model(indices), take(model.table, indices));
    check_parameter_gradients(model, [&](const nn::Embedding& m) { return m(indices); });
}

TEST_CASE("normalisations begin as the plain functions") {
    const nn::NormOptions options{.epsilon = 1e-3, .dtype = f64};
    const Tensor x = sample({3, 4, 2});
    const Tensor one = ones({4}, {.dtype = f64});
    const nn::LayerNorm layer = nn::LayerNorm::make(2, options);
    check_same(layer(x), layer_norm(x, ones({2}), zeros({2}), 1e-3));
    check_parameter_gradients(layer, [&](const auto& model) { return model(x); });
    const nn::RMSNorm rms = nn::RMSNorm::make(2, options);
    check_same(rms(x), rms_norm(x, ones({2}), 1e-3));
    check_parameter_gradients(rms, [&](const auto& model) { return model(x); });
    const nn::GroupNorm group = nn::GroupNorm::make(4, 2, options);
    check_same(group(x), group_norm(x, 2, one, one * 0, 1e-3));
    check_parameter_gradients(group, [&](const auto& model) { return model(x); });
}

TEST_CASE("BatchNorm takes and gives its running statistics; evaluation leaves them alone") {
    const Tensor x = sample({5, 3, 2});
    const nn::BatchNorm model = nn::BatchNorm::make(3, {.momentum = 0.5}, f64);
    const ChannelStatistics initial = model.initial_statistics();
    check_values(initial.variance, {3}, {1, 1, 1});
    const NormalizedBatch trained = model(x, initial, nn::Mode::train);
    check_same(trained.running.mean, 0.5 * x.mean({0, 2}));
    check_values(trained.output.mean({0, 2}), {3}, {0, 0, 0}, 1e-12);
    const NormalizedBatch evaluated = model(x, trained.running, nn::Mode::eval);
    check_same(evaluated.running.mean, trained.running.mean);
    check_same(evaluated.output, batch_norm(x, trained.running, model.gamma, model.beta));
    CHECK(names_of(model) == std::vector<std::string>{"gamma", "beta"});
    check_parameter_gradients(model,
                              [&](const auto& m) { return m(x, initial, nn::Mode::train).output; });
}

TEST_CASE("Dropout draws in training only") {
    const Tensor x = ones({50, 50});
    const nn::Dropout model{.probability = 0.3};
    CHECK(model(x, nn::Mode::eval, Key(1)).to_vector<float>() == x.to_vector<float>());
    CHECK(model(x, nn::Mode::train, Key(1)).to_vector<float>() ==
          dropout(Key(1), x, 0.3).to_vector<float>());
    CHECK(parameter_count(model) == 0);
}

TEST_CASE("MultiHeadAttention attends in each part of the width for itself") {
    const nn::MultiHeadAttention model =
        nn::MultiHeadAttention::make({.width = 6, .heads = 2, .dtype = f64}, Key(1));
    const Tensor x = sample({2, 4, 6});
    const Tensor memory = sample({2, 5, 6}, 2);
    std::vector<Tensor> heads;
    for (std::int64_t head = 0; head < 2; ++head) {
        const auto part = [&](const Tensor& t) { return t.slice(-1, 3 * head, 3 * head + 3); };
        const Tensor scores =
            matmul(part(model.query(x)), part(model.key(memory)).transpose()) / std::sqrt(3.0);
        heads.push_back(matmul(softmax(scores), part(model.value(memory))));
    }
    check_same(model(x, memory), model.output(concat(heads, -1)));
    check_same(model(x), model(x, x));
    check_same(model(x, {.causal = true}).slice(1, 0, 2),
               model(x.slice(1, 0, 2), {.causal = true}));
    CHECK(names_of(model).front() == "query.weight");
    CHECK(parameter_count(model) == 4 * (36 + 6));
    const nn::MultiHeadAttention small =
        nn::MultiHeadAttention::make({.width = 2, .heads = 2, .dtype = f64}, Key(3));
    const Tensor rows = sample({3, 2}, 4);
    check_parameter_gradients(small, [&](const auto& m) { return m(rows, {.causal = true}); });
}

namespace {

double logistic(double x) {
    return 1 / (1 + std::exp(-x));
}

/// x w + b of one row, for cells of two inputs and two units.
std::vector<double> projected(const std::vector<double>& x, const nn::Linear& linear) {
    const std::vector<double> w = test::values(linear.weight);
    std::vector<double> y(w.size() / 2);
    if (linear.bias) {
        y = test::values(*linear.bias);
    }
    for (std::size_t i = 0; i < w.size(); ++i) {
        y[i % y.size()] += x[i / y.size()] * w[i];
    }
    return y;
}

const std::vector<double> row{0.3, -1.2};
const std::vector<double> memory_row{0.7, 0.4};

}  // namespace

TEST_CASE("LSTMCell follows its formula") {
    nn::LSTMCell model = nn::LSTMCell::make({.inputs = 2, .units = 2, .dtype = f64}, Key(1));
    model.input.bias = leaf(sample({8}, 5));
    const std::vector<double> a = projected(row, model.input);
    const std::vector<double> b = projected(memory_row, model.recurrent);
    const std::vector<double> cell{0.1, -0.6};
    std::vector<double> next_cell;
    std::vector<double> next_hidden;
    for (std::size_t i = 0; i < 2; ++i) {
        const auto gate = [&](std::size_t part) { return a[2 * part + i] + b[2 * part + i]; };
        next_cell.push_back(logistic(gate(1)) * cell[i] + logistic(gate(0)) * std::tanh(gate(2)));
        next_hidden.push_back(logistic(gate(3)) * std::tanh(next_cell[i]));
    }
    const Tensor x = Tensor::from(row, {1, 2});
    const nn::LSTMState state{.hidden = Tensor::from(memory_row, {1, 2}),
                              .cell = Tensor::from(cell, {1, 2})};
    const nn::LSTMState next = model(x, state);
    check_values(next.hidden, {1, 2}, next_hidden, 1e-12);
    check_values(next.cell, {1, 2}, next_cell, 1e-12);
    check_values(model.initial_state(2).cell, {2, 2}, {0, 0, 0, 0});
    check_parameter_gradients(model, [&](const nn::LSTMCell& cell_model) {
        return cell_model(x, cell_model(x, state)).hidden;
    });
}

TEST_CASE("GRUCell follows its formula") {
    nn::GRUCell model = nn::GRUCell::make({.inputs = 2, .units = 2, .dtype = f64}, Key(1));
    model.input.bias = leaf(sample({6}, 5));
    model.recurrent.bias = leaf(sample({6}, 6));
    const std::vector<double> a = projected(row, model.input);
    const std::vector<double> b = projected(memory_row, model.recurrent);
    std::vector<double> expected;
    for (std::size_t i = 0; i < 2; ++i) {
        const double reset = logistic(a[i] + b[i]);
        const double kept = logistic(a[2 + i] + b[2 + i]);
        const double candidate = std::tanh(a[4 + i] + reset * b[4 + i]);
        expected.push_back((1 - kept) * candidate + kept * memory_row[i]);
    }
    const Tensor x = Tensor::from(row, {1, 2});
    const Tensor hidden = Tensor::from(memory_row, {1, 2});
    check_values(model(x, hidden), {1, 2}, expected, 1e-12);
    CHECK(model.initial_state(3).shape() == Shape{3, 2});
    check_parameter_gradients(model,
                              [&](const nn::GRUCell& cell) { return cell(x, cell(x, hidden)); });
}

TEST_CASE("Sequential applies structs and functions in order, by mode and key where asked") {
    const nn::Linear first = nn::Linear::make({.inputs = 2, .outputs = 3, .dtype = f64}, Key(1));
    const nn::Linear last = nn::Linear::make({.inputs = 3, .outputs = 1, .dtype = f64}, Key(2));
    const Tensor x = sample({4, 2});
    const nn::Sequential plain{first, relu, [](const Tensor& t) { return t * 2; }, last};
    check_same(plain(x), last(relu(first(x)) * 2));
    CHECK(names_of(plain) == std::vector<std::string>{"0.weight", "0.bias", "3.weight", "3.bias"});
    check_parameter_gradients(plain, [&](const auto& model) { return model(x); });

    const nn::Sequential inner{silu, nn::Dropout{0.5}};
    const nn::Sequential model{first, inner, nn::Dropout{0.5}, last};
    static_assert(!std::invocable<decltype(model), Tensor>);
    check_same(model(x, nn::Mode::eval, Key(1)), last(silu(first(x))));
    const Tensor once = dropout(fold_in(fold_in(Key(9), 1), 1), silu(first(x)));
    check_same(model(x, nn::Mode::train, Key(9)), last(dropout(fold_in(Key(9), 2), once)));
}

TEST_CASE("a model is trained as a value") {
    const nn::Sequential start{nn::Linear::make({.inputs = 2, .outputs = 16}, Key(1)), silu,
                               nn::Linear::make({.inputs = 16, .outputs = 1}, Key(2))};
    const Tensor x = Tensor::from({0.f, 0.f, 0.f, 1.f, 1.f, 0.f, 1.f, 1.f}, {4, 2});
    const Tensor target = Tensor::from({0.f, 1.f, 1.f, 0.f}, {4, 1});
    const auto loss_of = [&](const auto& model) {
        return binary_cross_entropy_with_logits(model(x), target);
    };
    auto model = start;
    const optim::Adam adam{{.learning_rate = 0.05}};
    auto state = adam.init(model);
    for (int step = 0; step < 150; ++step) {
        const auto [loss, gradients] = value_and_grad(loss_of, model);
        const auto clipped = optim::clip_by_global_norm(gradients, 1);
        std::tie(model, state) = adam.update(model, clipped.gradients, state);
        eval(model, state);
    }
    CHECK(loss_of(start).item<float>() > 0.5f);
    CHECK(loss_of(model).item<float>() < 0.05f);
}
