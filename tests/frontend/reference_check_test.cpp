#include "frontend/execution/reference_check.h"

#include "codegen/runtime/context.h"
#include "frontend/tensor/access.h"
#include "tests/frontend/support.h"

using namespace latent;

namespace {

/// Sums, functions and roundings on the way, and a result of that dtype, off by `error`.
Tensor formula(const Tensor& x, const Tensor& y, DType result, double error) {
    const Tensor z = softmax(matmul(tanh(x), y)) + exp(x.mean(1, true)) * y.sum(0);
    const Tensor normalized = layer_norm(z, ones({z.extent(1)}, {.dtype = z.dtype()}),
                                         zeros({z.extent(1)}, {.dtype = z.dtype()}));
    return normalized.cast(result) + error;
}

/// Checks what kernels make of `compiled` with what the interpreter makes of `expected`.
void check(const Tensor& compiled, const Tensor& expected) {
    const ir::Value& computed = detail::value_of(compiled.eval(), {});
    const ir::Value& pending = detail::value_of(expected, {});
    REQUIRE_FALSE(expected.is_ready());
    const ir::StorageRef storage = computed.node->slot().storage();
    detail::check_against_reference({&pending, 1}, {&storage, 1}, [](std::size_t bytes) {
        return codegen::runtime::context().memory().make_storage(bytes);
    });
}

}  // namespace

TEST_CASE("the check against the reference allows the rounding of each dtype, and no more") {
    for (const DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64}) {
        // What was rounded to a narrow dtype on the way is no more exact than that.
        for (const DType result : {dtype, DType::f32, DType::f64}) {
            INFO(name(dtype) << " to " << name(result));
            const Tensor x = normal(Key(1), {33, 65}).cast(dtype).eval();
            const Tensor y = normal(Key(2), {65, 33}).cast(dtype).eval();
            const auto off_by = [&](double error) { return formula(x, y, result, error); };
            CHECK_NOTHROW(check(off_by(0), off_by(0)));
            const std::string message =
                test::message_of<InternalError>([&] { check(off_by(0.5), off_by(0)); });
            CHECK(message.find("the compiled " + std::string(name(result))) != std::string::npos);
        }
    }
}

TEST_CASE("the check against the reference takes integers as they are") {
    const Tensor x = arange(100);
    CHECK_NOTHROW(check(x * 3, x * 3));
    CHECK_THROWS_AS(check(x * 3, where(x == 99, 298, x * 3)), InternalError);
}
