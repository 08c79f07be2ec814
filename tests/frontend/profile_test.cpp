#include "codegen/runtime/machine.h"
#include "frontend/execution/extraction.h"
#include "frontend/execution/kernel_work.h"
#include "frontend/execution/planning.h"
#include "frontend/tensor/access.h"
#include "tests/frontend/support.h"

#include <algorithm>

using namespace latent;

namespace {

/// Of all kernels of an evaluation.
detail::KernelWork work_of(const Tensor& tensor) {
    const std::vector<ir::Value> wanted{detail::value_of(tensor, std::source_location::current())};
    const detail::Planned planned =
        detail::make_plan(detail::detach(detail::extract(wanted)), codegen::runtime::this_machine(),
                          passes::PipelineOptions{});
    detail::KernelWork sum;
    for (const passes::KernelStep& step : planned.partition.steps) {
        const detail::KernelWork work = detail::work_of(step);
        sum.multiply_adds += work.multiply_adds;
        sum.bytes += work.bytes;
    }
    return sum;
}

constexpr double bytes(double elements) {
    return elements * sizeof(float);
}

}  // namespace

TEST_CASE("a profile has the launches of an evaluation, the longest first, and computes nothing") {
    const Tensor x = rand({64, 96}).eval();
    const Tensor w = rand({96, 80}).eval();
    const Tensor y = relu(matmul(x, w) + 1);
    const Tensor z = softmax(matmul(y, rand({80, 10}).eval()));
    const Profile found = profile(y, z);
    CHECK_FALSE(y.is_ready());
    CHECK_FALSE(z.is_ready());

    const std::uint64_t before = counters().launches;
    eval(y, z);
    CHECK(found.launches.size() == counters().launches - before);
    CHECK(std::ranges::is_sorted(found.launches, std::ranges::greater{},
                                 &ProfiledLaunch::milliseconds));
    double sum = 0;
    double multiply_adds = 0;
    for (const ProfiledLaunch& launch : found.launches) {
        CHECK(launch.milliseconds > 0);
        CHECK(launch.calls == 1);
        sum += launch.milliseconds;
        multiply_adds += launch.multiply_adds;
    }
    CHECK(sum > 0);
    CHECK(found.milliseconds > 0);
    CHECK(multiply_adds == 64.0 * 96 * 80 + 64.0 * 80 * 10);

    const std::string text = to_string(found);
    CHECK(text.find("contraction of [64,80,96], up to ") != std::string::npos);
    CHECK(text.find("profile_test.cpp:") != std::string::npos);
}

TEST_CASE("equal kernels that do not depend on each other are one line of a profile") {
    const Tensor a = rand({40, 50}).eval();
    const Tensor b = rand({60, 30}).eval();
    const Profile found = profile(exp(a), exp(b));
    REQUIRE(found.launches.size() == 1);
    CHECK(found.launches[0].calls == 2);
    CHECK(found.launches[0].bytes == bytes(2 * (40 * 50 + 60 * 30)));
}

TEST_CASE("what is ready has no profile") {
    const Profile found = profile(rand({3}).eval());
    CHECK(found.launches.empty());
    CHECK(found.milliseconds == 0);
}

TEST_CASE("the work of a kernel counts each element once, and every term of a product") {
    const Tensor x = rand({100, 64}).eval();
    CHECK(work_of(exp(x)).bytes == bytes(2 * 6400));
    CHECK(work_of(exp(x)).multiply_adds == 0);
    CHECK(work_of(sum(x * x, {1})).bytes == bytes(6400 + 100));
    CHECK(work_of(x + rand({64}).eval()).bytes == bytes(2 * 6400 + 64));
    CHECK(work_of(slice(x, 1, 0, 16) * 2).bytes >= bytes(2 * 1600));
    CHECK(work_of(slice(x, 1, 0, 16) * 2).bytes <= bytes(2 * 1600) + 8);

    const detail::KernelWork product = work_of(matmul(x, rand({64, 32}).eval()));
    CHECK(product.multiply_adds == 100.0 * 64 * 32);
    CHECK(product.bytes == bytes(6400 + 64 * 32 + 3200));

    // Windows of 3 x 3 read an element up to nine times.
    const detail::KernelWork windows =
        work_of(conv2d(rand({2, 8, 20, 20}).eval(), rand({16, 8, 3, 3}).eval()));
    CHECK(windows.multiply_adds == 2.0 * 16 * 18 * 18 * 8 * 9);
    CHECK(windows.bytes == bytes(2 * 8 * 400 + 16 * 8 * 9 + 2 * 16 * 324));
}
