#include "tests/frontend/support.h"

// The program that the public names are promised by.
using namespace latent;

namespace {

struct Network {
    Tensor w, b;
    void visit(auto&& visitor) { visitor(w, b); }
};

std::pair<std::vector<Tensor>, Tensor> train_step(const std::vector<Tensor>& params,
                                                  const Tensor& x) {
    const Tensor loss = square(matmul(x, params[0]) + params[1]).sum();
    const Gradients g = loss.backward();
    std::vector<Tensor> next;
    for (const Tensor& p : params) {
        next.push_back(p.detach() - 1e-3f * g[p].detach());
    }
    return {next, loss};
}

}  // namespace

TEST_CASE("the sample of the public face compiles and runs") {
    const std::size_t n = 4;
    const std::vector<float> pixels(n * 64, 0.5f);
    Tensor x = Tensor::from(pixels, {n, 64});
    Tensor w = randn({64, 10}, {.requires_grad = true});
    Tensor b = zeros({10}, {.requires_grad = true, .dtype = DType::f32});
    Tensor y = relu(matmul(x, w) + b);
    Tensor loss = square(y).sum();
    Gradients g = loss.backward();
    CHECK_FALSE(loss.is_ready());
    eval(loss, g[w], g[b]);
    CHECK(loss.is_ready());
    CHECK(g[w].is_ready());
    float l = loss.item<float>();
    CHECK(l > 0);
    std::span<const float> gw = g[w].data<float>();
    CHECK(gw.size() == 640);
    std::vector<Tensor> gs = grad(loss, {w, b});
    CHECK(gs[0].to_vector<float>() == std::vector<float>(gw.begin(), gw.end()));

    std::vector<Tensor> params{w, b};
    const auto f = [&](const std::vector<Tensor>& p) {
        return square(relu(matmul(x, p[0]) + p[1])).sum();
    };
    auto [value, gs2] = value_and_grad(f, params);
    CHECK(value.item<float>() == l);
    CHECK(gs2[1].to_vector<float>() == gs[1].to_vector<float>());

    std::vector<Tensor> grads = gs;
    optim::Adam adam{{.learning_rate = 1e-3f}};
    auto state = adam.init(params);
    std::tie(params, state) = adam.update(params, grads, state);
    CHECK(params[0].shape() == Shape{64, 10});
    CHECK(params[0].requires_grad());

    auto step = compile(train_step);
    const auto [stepped, step_loss] = step(params, x);
    CHECK(step_loss.is_ready());
    CHECK(stepped[0].is_ready());

    std::string text = explain(loss);
    CHECK_FALSE(text.empty());
    Counters c = counters();
    CHECK(c.nodes_alive > 0);
    CHECK(c.kernels_compiled + c.disk_hits + c.memory_hits + c.launches + c.bytes_now +
              c.bytes_peak >
          0);
    set_num_threads(2);
    CHECK(num_threads() == 2);
}

TEST_CASE("parameters may be a struct with visit") {
    const Tensor x = ones({2, 3});
    Network network{leaf(ones({3, 4})), zeros({4}, {.requires_grad = true})};
    const auto loss_of = [&](const Network& m) { return square(matmul(x, m.w) + m.b).mean(); };
    auto [loss, gradients] = value_and_grad(loss_of, network);
    CHECK(loss.item<float>() == 9);
    CHECK(gradients.w.shape() == Shape{3, 4});
    const optim::AdamW optimizer{{.learning_rate = 0.1}};
    auto state = optimizer.init(network);
    const float before = loss.item<float>();
    for (int i = 0; i < 5; ++i) {
        std::tie(loss, gradients) = value_and_grad(loss_of, network);
        std::tie(network, state) = optimizer.update(network, gradients, state);
    }
    eval(network, state);
    CHECK(network.b.is_ready());
    CHECK(state.steps.item<std::int64_t>() == 5);
    CHECK(loss_of(network).item<float>() < before);
}

TEST_CASE("printing shows values if they are ready, and computes nothing") {
    const Tensor x = Tensor::from({1.0f, 2.5f, -3.0f, 4.0f}, {2, 2});
    const Tensor y = x + 1;
    const auto text = [](const Tensor& tensor) {
        std::ostringstream stream;
        stream << tensor;
        return stream.str();
    };
    CHECK(text(x) == "Tensor(f32[2,2],\n[[  1 2.5]\n [ -3   4]])");
    CHECK(text(y) == "Tensor(f32[2,2], not evaluated)");
    CHECK_FALSE(y.is_ready());
    y.eval();
    CHECK(text(y) == "Tensor(f32[2,2],\n[[  2 3.5]\n [ -2   5]])");
    CHECK(text(Tensor::from({true, false})) == "Tensor(bool[2], [ true false])");
    CHECK(text(full({}, 7).eval()) == "Tensor(i64[], 7)");
    CHECK(text(zeros({0, 3}).eval()) == "Tensor(f32[0,3], [])");
    CHECK(text(arange(2000).eval()) == "Tensor(i64[2000], [   0    1    2 ... 1997 1998 1999])");
    CHECK(text(Tensor()) == "Tensor()");
    CHECK(text(zeros({2, 1, 2}).eval()) == "Tensor(f32[2,1,2],\n[[[0 0]]\n\n [[0 0]]])");
}
