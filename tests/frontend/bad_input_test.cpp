#include <cstdlib>
#include <limits>

#include "tests/frontend/support.h"

using namespace latent;
using test::message_of;

namespace {

/// The message ends in this file and a line near `line`: a call may be laid out over a few lines.
void check_names_line(const std::string& message, int line) {
    INFO(message);
    const std::string start = "(bad_input_test.cpp:";
    const std::size_t position = message.rfind(start);
    REQUIRE(position != std::string::npos);
    CHECK(std::abs(std::stoi(message.substr(position + start.size())) - line) <= 3);
}

}  // namespace

TEST_CASE("mismatched shapes throw at the call with the op, both shapes and the user's line") {
    const Tensor a = zeros({5, 10});
    const Tensor b = zeros({7});
    std::string message = message_of<ShapeError>([&] { a + b; });
    check_names_line(message, __LINE__);
    CHECK(message.find("add: shapes [5,10] and [7] do not broadcast (") == 0);
    message = message_of<ShapeError>([&] { matmul(a, b); });
    CHECK(message.find("matmul: shapes [5,10] and [7] differ in the dimension that is summed over: "
                       "10 and 7") == 0);
    check_names_line(message, __LINE__);
    message = message_of<ShapeError>([&] { concat({a, b}); });
    CHECK(message.find("[5,10] and [7]") != std::string::npos);
    check_names_line(message, __LINE__);
    CHECK_THROWS_AS(zeros({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}), ShapeError);
}

TEST_CASE(
    "errors name the line of the user's call for operators, numbers, functions, methods and "
    "gradients") {
    const Tensor x = zeros({2});
    check_names_line(message_of<TypeError>([&] { x & 1; }), __LINE__);
    check_names_line(message_of<TypeError>([&] { 1 | x; }), __LINE__);
    check_names_line(message_of<TypeError>([&] { ~x; }), __LINE__);
    check_names_line(message_of<ShapeError>([&] { x.sum(1); }), __LINE__);
    check_names_line(message_of<ShapeError>([&] { maximum(x, zeros({3})); }), __LINE__);
    check_names_line(message_of<GradientError>([&] { x.backward(); }), __LINE__);
    check_names_line(message_of<ShapeError>([&] { x.item<float>(); }), __LINE__);
    const Tensor w = leaf(x);
    const Gradients g = w.sum().backward();
    check_names_line(message_of<GradientError>([&] { g[x]; }), __LINE__);
    check_names_line(message_of<ShapeError>([&] { Tensor::from({1.0f, 2.0f}, {3}); }), __LINE__);
    Tensor y = x;
    check_names_line(message_of<ShapeError>([&] { y += zeros({3}); }), __LINE__);
}

TEST_CASE("a tensor that names nothing has no shape") {
    CHECK_THROWS_AS(Tensor().shape(), ValueError);
    CHECK_THROWS_AS(Tensor().dtype(), ValueError);
    CHECK_FALSE(Tensor().is_defined());
}

TEST_CASE("empty and zero-dimensional tensors are valid") {
    const Tensor empty = zeros({0, 5});
    test::check_values(empty + ones({5}), {0, 5}, {});
    test::check_values(empty.sum(), {}, {0});
    test::check_values(empty.sum(0), {5}, {0, 0, 0, 0, 0});
    test::check_values(empty.prod(0), {5}, {1, 1, 1, 1, 1});
    test::check_values(empty.mean(), {}, {std::numeric_limits<double>::quiet_NaN()});
    test::check_values(matmul(zeros({2, 0}), zeros({0, 3})), {2, 3}, std::vector<double>(6, 0));
    test::check_values(concat({empty, ones({1, 5})}), {1, 5}, {1, 1, 1, 1, 1});
    test::check_values(empty.reshape({5, 0, 2}), {5, 0, 2}, {});
    test::check_values(empty.any(), {}, {0});
    test::check_values(empty.all(), {}, {1});
    test::check_values(Tensor::from(std::vector<float>{}, {0}), {0}, {});
    test::check_values(relu(empty), {0, 5}, {});
    test::check_values(softmax(empty), {0, 5}, {});
    CHECK_THROWS_AS(empty.max(), ShapeError);
    CHECK_THROWS_AS(empty.argmax(0), ShapeError);
    const Tensor w = leaf(empty);
    test::check_values((w * 2).sum().backward()[w], {0, 5}, {});

    const Tensor scalar = full({}, 3.0f);
    CHECK(scalar.rank() == 0);
    CHECK(scalar.numel() == 1);
    test::check_values(scalar * scalar + 1, {}, {10});
    test::check_values(scalar.sum(), {}, {3});
    test::check_values(scalar.reshape({1, 1}), {1, 1}, {3});
    test::check_values(scalar.max(), {}, {3});
    test::check_values(scalar.argmax(), {}, {0});
    test::check_values(scalar.broadcast_to({2, 2}), {2, 2}, {3, 3, 3, 3});
    test::check_values(scalar.expand_dims(0), {1}, {3});
}

TEST_CASE("a cotangent of the wrong shape or dtype throws GradientError with both types") {
    const Tensor x = leaf(zeros({2, 3}));
    const std::string message = message_of<GradientError>([&] { x.backward(zeros({3, 2})); });
    CHECK(message.find("f32[3,2]") != std::string::npos);
    CHECK(message.find("f32[2,3]") != std::string::npos);
    CHECK_THROWS_AS(x.backward(zeros({2, 3}, {.dtype = DType::f64})), GradientError);
    CHECK_THROWS_AS(vjp(x, {x}, zeros({3})), GradientError);
}

TEST_CASE("the gradient of something unreachable throws GradientError, never a silent zero") {
    const Tensor x = leaf(full({}, 2.0f));
    const Tensor other = leaf(full({}, 3.0f));
    const Tensor loss = x * x;
    const Gradients g = loss.backward();
    CHECK_THROWS_AS(g[other], GradientError);
    CHECK_FALSE(g.contains(other));
    CHECK(g.contains(x));
    CHECK_THROWS_AS(grad(loss, {x, other}), GradientError);
    CHECK_THROWS_AS(grad(x.detach() * other, {x}), GradientError);
    CHECK_THROWS_AS(grad((x.cast(DType::i32) * 2).cast(DType::f32), {x}), GradientError);
    CHECK_THROWS_AS((x.detach() * 2).backward(), GradientError);

    // What a new parameter was computed from is behind its leaf.
    const std::vector<Tensor> old{x};
    const optim::SGD sgd;
    const auto [updated, state] = sgd.update(old, g, sgd.init(old));
    CHECK_THROWS_AS(square(updated[0]).backward()[x], GradientError);
}

TEST_CASE("optimisers say which gradient does not fit") {
    const std::vector<Tensor> parameters{leaf(zeros({2})), leaf(zeros({3}))};
    const optim::Adam adam;
    const auto state = adam.init(parameters);
    CHECK_THROWS_AS(adam.update(parameters, std::vector<Tensor>{zeros({2})}, state), ShapeError);
    CHECK(message_of<ShapeError>([&] {
              adam.update(parameters, std::vector<Tensor>{zeros({2}), zeros({2})}, state);
          }).find("update: gradient 1 has shape [2], its parameter [3]") == 0);
    CHECK_THROWS_AS(adam.update(parameters, parameters, optim::AdamState{}), Error);
}
