#include <latent/latent.h>

#include <catch2/catch.hpp>

#include "codegen/runtime/context.h"

using namespace latent;

namespace {

/// What happened since it was made.
class Since {
  public:
    std::uint64_t launches() const { return counters().launches - start_.launches; }
    std::uint64_t compiled() const {
        // A kernel that the cache on disk had is as new to the process as one that was compiled.
        return counters().kernels_compiled + counters().disk_hits - start_.kernels_compiled -
               start_.disk_hits;
    }

    /// Kernels that plans looked for: none where all plans were known.
    std::uint64_t looked_for() const {
        return compiled() + counters().memory_hits - start_.memory_hits;
    }

  private:
    Counters start_ = counters();
};

class OneThread {
  public:
    OneThread() { set_num_threads(1); }
    OneThread(const OneThread&) = delete;
    OneThread& operator=(const OneThread&) = delete;
    ~OneThread() { set_num_threads(before_); }

  private:
    const int before_ = num_threads();
};

struct Network {
    std::vector<Tensor> parameters;

    static Network make(std::int64_t inputs, std::int64_t hidden, std::int64_t classes) {
        Network network;
        network.parameters = {randn({inputs, hidden}, {.requires_grad = true}),
                              zeros({hidden}, {.requires_grad = true}),
                              randn({hidden, classes}, {.requires_grad = true}),
                              zeros({classes}, {.requires_grad = true})};
        eval(network.parameters);
        return network;
    }

    Tensor loss(const Tensor& x, const Tensor& labels) const {
        const Tensor hidden = relu(matmul(x, parameters[0]) + parameters[1]);
        return cross_entropy(matmul(hidden, parameters[2]) + parameters[3], labels);
    }
};

struct Batch {
    Tensor x;
    Tensor labels;

    static Batch make(std::int64_t size, std::int64_t inputs, std::int64_t classes) {
        std::vector<std::int64_t> labels;
        for (std::int64_t i = 0; i < size; ++i) {
            labels.push_back(i % classes);
        }
        return {randn({size, inputs}).eval(), Tensor::from(labels, {size})};
    }
};

/// One step; gives the loss.
float train(Network& network, optim::Adam& adam, optim::AdamState& state, const Batch& batch) {
    const Tensor loss = network.loss(batch.x, batch.labels);
    const std::vector<Tensor> gradients = grad(loss, network.parameters);
    std::tie(network.parameters, state) = adam.update(network.parameters, gradients, state);
    eval(loss, network.parameters);
    return loss.item<float>();
}

}  // namespace

TEST_CASE("Statistics of the same rows are one kernel, whose counts are numbers of the shape") {
    const Tensor x = randn({37, 50}).eval();
    const Since start;
    eval(mean(x, 1), var(x, {.axes = 1}));
    CHECK(start.launches() == 1);
    // Of another shape, and where counts that differed agree.
    for (const std::int64_t rows : {51, 23}) {
        const Tensor other = randn({rows, 51}).eval();
        const Since next;
        eval(mean(other, 1), var(other, {.axes = 1}));
        CHECK(next.compiled() == 0);
    }
}

TEST_CASE("softmax is one kernel") {
    const Tensor x = randn({37, 53}).eval();
    const Since since;
    softmax(x, -1).eval();
    CHECK(since.launches() == 1);
}

TEST_CASE("layer_norm is one kernel forward and at most two backward") {
    const Tensor x = randn({37, 53}, {.requires_grad = true}).eval();
    const Tensor gamma = full({53}, 1.5, {.requires_grad = true}).eval();
    const Tensor beta = zeros({53}, {.requires_grad = true}).eval();
    const Tensor cotangent = randn({37, 53}).eval();
    const Since forward;
    layer_norm(x, gamma, beta).eval();
    CHECK(forward.launches() == 1);

    const Tensor y = layer_norm(x, gamma, beta);
    const Gradients g = y.backward(cotangent);
    const Since backward;
    eval(g[x], g[gamma], g[beta]);
    CHECK(backward.launches() <= 2);
}

TEST_CASE("attention is one kernel beside the scaling of its query, and stores no scores") {
    const OneThread one_thread;  // each has scratch of its own
    const std::int64_t width = 16;
    const auto peak = [&](std::int64_t length) {
        const Tensor query = randn({2, length, width}).eval();
        const Tensor key = randn({2, length, width}).eval();
        const Tensor value = randn({2, length, width}).eval();
        codegen::runtime::context().memory().reset_peak();
        const std::uint64_t before = counters().bytes_now;
        const Since since;
        scaled_dot_product_attention(query, key, value, {.causal = true}).eval();
        CHECK(since.launches() == 2);
        return counters().bytes_peak - before;
    };
    // Eight times as long; and the register tiles of so many rows may be one of 14 rows longer.
    const std::uint64_t short_peak = peak(256);
    CHECK(peak(2048) <= 9 * short_peak);
}

TEST_CASE("attention and its gradients store no scores where these are many") {
    const OneThread one_thread;
    const std::int64_t width = 8;
    const auto peak = [&](std::int64_t length) {
        const Tensor query = randn({length, width}).eval();
        const Tensor key = randn({length, width}).eval();
        const Tensor value = randn({length, width}).eval();
        const Tensor cotangent = randn({length, width}).eval();
        const Tensor attended = scaled_dot_product_attention(query, key, value, {.causal = true});
        const std::vector<Tensor> gradients = vjp(attended, {query, key, value}, cotangent);
        codegen::runtime::context().memory().reset_peak();
        const std::uint64_t before = counters().bytes_now;
        const Since since;
        eval(attended, gradients);
        // The scaling of the query, attention, the gradient of queries, those of keys and values.
        CHECK(since.launches() == 4);
        return counters().bytes_peak - before;
    };
    const std::uint64_t short_peak = peak(1500);
    CHECK(peak(6000) <= 6 * short_peak);
}

TEST_CASE("matmul with bias and gelu is one kernel") {
    const Tensor x = randn({33, 65}).eval();
    const Tensor w = randn({65, 47}).eval();
    const Tensor b = randn({47}).eval();
    const Since since;
    gelu(matmul(x, w) + b).eval();
    CHECK(since.launches() == 1);
}

TEST_CASE("a training step of a two-layer network with Adam takes at most ten launches") {
    Network network = Network::make(20, 30, 10);
    optim::Adam adam{{.learning_rate = 1e-3F}};
    optim::AdamState state = adam.init(network.parameters);
    const Batch batch = Batch::make(16, 20, 10);
    for (int step = 0; step < 3; ++step) {
        const Since since;
        train(network, adam, state, batch);
        CHECK(since.launches() <= 10);
    }
}

TEST_CASE("a changed batch size and a changed learning rate make no new kernel") {
    Network network = Network::make(20, 30, 10);
    optim::Adam adam{{.learning_rate = 1e-3F}};
    optim::AdamState state = adam.init(network.parameters);
    for (int step = 0; step < 3; ++step) {
        train(network, adam, state, Batch::make(128, 20, 10));
    }
    const Since since;
    train(network, adam, state, Batch::make(96, 20, 10));
    CHECK(since.compiled() == 0);
    optim::Adam slower{{.learning_rate = 3e-4F}};
    train(network, slower, state, Batch::make(96, 20, 10));
    CHECK(since.compiled() == 0);
}

TEST_CASE("the first step of an optimiser has the plan of all others, at any learning rate") {
    const std::vector<Tensor> gradients{randn({7}), randn({3, 5})};
    eval(gradients);
    const auto check = [&](std::uint64_t launches, const auto& make) {
        std::vector<Tensor> parameters{randn({7}, {.requires_grad = true}),
                                       randn({3, 5}, {.requires_grad = true})};
        eval(parameters);
        auto state = make(0.1).init(parameters);
        const auto step = [&](double rate) {
            std::tie(parameters, state) = make(rate).update(parameters, gradients, state);
            eval(parameters, state);
        };
        const Since first;
        step(0.1);
        CHECK(first.looked_for() > 0);
        const Since later;
        step(0.1);
        step(0.05);
        CHECK(later.looked_for() == 0);
        CHECK(later.launches() == 2 * launches);
    };
    // One launch updates all parameters. Adam counts its steps in another; Lion, whose new momentum
    // is not what it steps along, has one for each of the two.
    using namespace optim;
    check(1, [](double rate) { return SGD({.learning_rate = rate, .momentum = 0.9}); });
    check(2, [](double rate) { return Adam({.learning_rate = rate}); });
    check(2, [](double rate) { return AdamW({.learning_rate = rate}); });
    check(1, [](double rate) {
        return RMSprop({.learning_rate = rate, .momentum = 0.9, .centered = true});
    });
    check(1, [](double rate) { return Adagrad({.learning_rate = rate}); });
    check(2, [](double rate) { return Lion({.learning_rate = rate, .weight_decay = 0.1}); });
}

TEST_CASE("memory and nodes stay flat over ten thousand training steps") {
    Network network = Network::make(4, 5, 3);
    optim::Adam adam{{.learning_rate = 1e-3F}};
    optim::AdamState state = adam.init(network.parameters);
    const Batch batch = Batch::make(6, 4, 3);
    for (int step = 0; step < 10; ++step) {
        train(network, adam, state, batch);
    }
    const Counters start = counters();
    for (int step = 0; step < 10000; ++step) {
        train(network, adam, state, batch);
    }
    const Counters end = counters();
    CHECK(end.bytes_now == start.bytes_now);
    CHECK(end.nodes_alive == start.nodes_alive);
    CHECK(end.bytes_peak == start.bytes_peak);
}

TEST_CASE("a chain of a million operations needs few kernels", "[large]") {
    Tensor x = zeros({4}).eval();
    const Since since;
    for (int i = 0; i < 1000000; ++i) {
        x = x + 1.0F;
    }
    x.eval();
    CHECK(x.data<float>()[0] == 1e6F);
    CHECK(since.compiled() <= 3);
}

TEST_CASE("what relu is applied to is not kept for its gradient") {
    const Tensor x = randn({300, 200}, {.requires_grad = true}).eval();
    const Tensor w = randn({200, 250}, {.requires_grad = true}).eval();
    const Tensor v = randn({250, 10}).eval();
    const std::vector<Tensor> gradients = grad(sum(matmul(relu(matmul(x, w)), v)), {x, w});
    // Between two products, and each of two back: the activations alone are as large as this.
    const std::string text = explain(gradients);
    CHECK(text.find("stores f32[300,250] contraction") == std::string::npos);
}
