#include <immintrin.h>

#include "tests/support/kernels.h"

using namespace latent;
using namespace latent::test;

namespace {

/// Sets MXCSR for its lifetime.
class ControlRegister {
  public:
    explicit ControlRegister(unsigned value) : saved_(_mm_getcsr()) { _mm_setcsr(value); }
    ControlRegister(const ControlRegister&) = delete;
    ControlRegister& operator=(const ControlRegister&) = delete;
    ~ControlRegister() { _mm_setcsr(saved_); }

  private:
    const unsigned saved_;
};

}  // namespace

TEST_CASE("kernels compute the same whatever the calling thread has set for its arithmetic",
          "[kernels]") {
    const ir::Graph graph = ir::parse(R"(
        %x = parameter {index=0, dtype=f32, shape=[70001]}
        %t = constant {value=f32:1e-38}
        %b = broadcast %t {shape=[70001], axes=[]}
        %s = mul %x, %b
        %r = div %s, %x
        return %s, %r)");
    const std::vector<Array> inputs = fill_parameters(graph);
    const detail::Planned planned = plan_kernels(graph);
    const std::vector<Array> expected = run_kernels(planned, inputs);
    constexpr unsigned zeros_for_denormals = 0x8040;
    constexpr unsigned upwards = 0x4000;
    for (const unsigned set : {zeros_for_denormals, upwards}) {
        const ControlRegister changed((_mm_getcsr() & ~upwards) | set);
        const unsigned before = _mm_getcsr();
        for (const int threads : {1, 2}) {
            const std::vector<Array> results = run_kernels(planned, inputs, threads);
            CHECK(same_bits(results[0], expected[0]));
            CHECK(same_bits(results[1], expected[1]));
        }
        CHECK(((_mm_getcsr() ^ before) & 0xffc0U) == 0);
    }
}
