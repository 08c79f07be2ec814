// Eigen's side of the comparison. Its products run on several threads, the rest on one.

#include <fmt/format.h>

#include <Eigen/Dense>

#include "benchmarks/peers/native_cases/native_case.h"

namespace {

using namespace latent::peers;

using Cases = std::map<std::string, LibraryCase>;

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Rows = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Row = Eigen::Array<float, 1, Eigen::Dynamic>;

Eigen::Map<Matrix, Eigen::AlignedMax> matrix(const Array& array) {
    return {array.data(), array.extent(0), array.extent(1)};
}

Eigen::Map<Rows, Eigen::AlignedMax> rows(const Array& array) {
    return {array.data(), array.extent(0), array.extent(1)};
}

Eigen::Map<Row, Eigen::AlignedMax> row(const Array& array) {
    return {array.data(), 1, array.extent(0)};
}

/// Of any shape, one after the other.
Eigen::Map<Eigen::ArrayXf, Eigen::AlignedMax> elements(const Array& array) {
    return {array.data(), static_cast<Eigen::Index>(array.size())};
}

/// An array in parts that stay in the cache: formulas name their argument several times.
template <typename Compute>
void in_parts(Eigen::Index size, const Compute& compute) {
    constexpr Eigen::Index part = 4096;
    for (Eigen::Index begin = 0; begin < size; begin += part) {
        compute(begin, std::min(part, size - begin));
    }
}

template <typename Expression>
auto gelu(const Expression& x) {
    return 0.5F * x * (1.0F + (0.79788456F * (x + 0.044715F * x * x * x)).tanh());
}

/// Results of the shapes of the first inputs.
auto like_inputs(std::size_t count = 1) {
    return [count](const Arrays& in) {
        Shapes shapes;
        for (std::size_t i = 0; i < count; ++i) {
            shapes.push_back(in[i]->shape());
        }
        return shapes;
    };
}

/// One result of these extents.
auto of_shape(const std::vector<std::int64_t>& shape) {
    return [shape](const Arrays&) { return Shapes{shape}; };
}

void add_elementwise(Cases& cases) {
    cases["ew_chain"] =
        library_case({{"x"}, like_inputs(), [](const Arrays& in, const Arrays& out) {
                          const auto x = elements(*in[0]);
                          auto y = elements(*out[0]);
                          Eigen::ArrayXf u;
                          in_parts(x.size(), [&](Eigen::Index begin, Eigen::Index count) {
                              u = x.segment(begin, count) * 1.1F + 0.1F;
                              y.segment(begin, count) = gelu(u);
                          });
                      }});
    for (const char* name : {"ew_add", "ew_small"}) {
        cases[name] =
            library_case({{"x", "y"}, like_inputs(), [](const Arrays& in, const Arrays& out) {
                              elements(*out[0]) = elements(*in[0]) + elements(*in[1]);
                          }});
    }
    cases["ew_bcast"] =
        library_case({{"x", "b"}, like_inputs(), [](const Arrays& in, const Arrays& out) {
                          rows(*out[0]) = (rows(*in[0]).rowwise() + row(*in[1])).max(0.0F) * 2.0F;
                      }});
    cases["mem_chain20"] =
        library_case({{"x"}, like_inputs(), [](const Arrays& in, const Arrays& out) {
                          const auto step = [](const auto& x) {
                              return (x * 1.01F + 0.3F).max(0.1F).sqrt() - 0.05F;
                          };
                          elements(*out[0]) = step(step(step(step(elements(*in[0])))));
                      }});
}

void add_reductions(Cases& cases) {
    cases["sum_all"] = library_case({{"x"}, of_shape({}), [](const Arrays& in, const Arrays& out) {
                                         *out[0]->data() = elements(*in[0]).sum();
                                     }});
    cases["sum_axis0"] =
        library_case({{"x"}, of_shape({4096}), [](const Arrays& in, const Arrays& out) {
                          row(*out[0]) = rows(*in[0]).colwise().sum();
                      }});
    cases["sum_axis1"] =
        library_case({{"x"}, of_shape({4096}), [](const Arrays& in, const Arrays& out) {
                          elements(*out[0]) = rows(*in[0]).rowwise().sum();
                      }});
    const auto two_columns = [](const Arrays& in) {
        return Shapes{{in[0]->shape()[0]}, {in[0]->shape()[0]}};
    };
    cases["meanvar_axis1"] =
        library_case({{"x"}, two_columns, [](const Arrays& in, const Arrays& out) {
                          const auto x = rows(*in[0]);
                          for (Eigen::Index i = 0; i < x.rows(); ++i) {
                              const float mean = x.row(i).mean();
                              out[0]->data()[i] = mean;
                              out[1]->data()[i] = (x.row(i) - mean).square().mean();
                          }
                      }});
}

void normalised(Eigen::Ref<Row> y, const Eigen::Ref<const Row>& x, float& inverse_deviation) {
    y = x - x.mean();
    inverse_deviation = 1.0F / std::sqrt(y.square().mean() + 1e-5F);
    y *= inverse_deviation;
}

void softmax(Eigen::Ref<Row> y, const Eigen::Ref<const Row>& x) {
    y = (x - x.maxCoeff()).exp();
    y /= y.sum();
}

void add_normalisations(Cases& cases) {
    cases["softmax"] = library_case({{"x"}, like_inputs(), [](const Arrays& in, const Arrays& out) {
                                         for (Eigen::Index i = 0; i < in[0]->extent(0); ++i) {
                                             softmax(rows(*out[0]).row(i), rows(*in[0]).row(i));
                                         }
                                     }});
    cases["softmax_bwd"] =
        library_case({{"x", "g"}, like_inputs(), [](const Arrays& in, const Arrays& out) {
                          Row y(in[0]->extent(1));
                          for (Eigen::Index i = 0; i < in[0]->extent(0); ++i) {
                              softmax(y, rows(*in[0]).row(i));
                              const auto g = rows(*in[1]).row(i);
                              rows(*out[0]).row(i) = y * (g - (g * y).sum());
                          }
                      }});
    cases["layernorm"] = library_case(
        {{"x", "gamma", "beta"}, like_inputs(), [](const Arrays& in, const Arrays& out) {
             Row y(in[0]->extent(1));
             float inverse_deviation = 0;
             for (Eigen::Index i = 0; i < in[0]->extent(0); ++i) {
                 normalised(y, rows(*in[0]).row(i), inverse_deviation);
                 rows(*out[0]).row(i) = y * row(*in[1]) + row(*in[2]);
             }
         }});
    cases["layernorm_bwd"] = library_case(
        {{"x", "gamma", "beta", "g"}, like_inputs(3), [](const Arrays& in, const Arrays& out) {
             Row y(in[0]->extent(1));
             Row scaled(y.size());
             row(*out[1]).setZero();
             row(*out[2]).setZero();
             float inverse_deviation = 0;
             for (Eigen::Index i = 0; i < in[0]->extent(0); ++i) {
                 const auto g = rows(*in[3]).row(i);
                 normalised(y, rows(*in[0]).row(i), inverse_deviation);
                 row(*out[1]) += g * y;
                 row(*out[2]) += g;
                 scaled = g * row(*in[1]);
                 rows(*out[0]).row(i) =
                     (scaled - scaled.mean() - y * (scaled * y).mean()) * inverse_deviation;
             }
         }});
}

void add_products(Cases& cases) {
    const auto product_shape = [](const Arrays& in) {
        return Shapes{{in[0]->shape()[0], in[1]->shape()[1]}};
    };
    for (const char* name :
         {"gemm_64", "gemm_128", "gemm_256", "gemm_512", "gemm_1000", "gemm_1024", "gemm_2048",
          "gemm_ragged", "gemm_1row", "gemm_8rows", "gemm_skinny"}) {
        cases[name] =
            library_case({{"a", "b"}, product_shape, [](const Arrays& in, const Arrays& out) {
                              matrix(*out[0]).noalias() = matrix(*in[0]) * matrix(*in[1]);
                          }});
    }
    cases["gemm_tn"] =
        library_case({{"a", "b"}, like_inputs(), [](const Arrays& in, const Arrays& out) {
                          matrix(*out[0]).noalias() = matrix(*in[0]).transpose() * matrix(*in[1]);
                      }});
    cases["gemm_nt"] =
        library_case({{"a", "b"}, like_inputs(), [](const Arrays& in, const Arrays& out) {
                          matrix(*out[0]).noalias() = matrix(*in[0]) * matrix(*in[1]).transpose();
                      }});
    cases["gemv"] =
        library_case({{"a", "x"}, of_shape({4096}), [](const Arrays& in, const Arrays& out) {
                          elements(*out[0]).matrix().noalias() =
                              matrix(*in[0]) * elements(*in[1]).matrix();
                      }});
    cases["gemm_batched"] =
        library_case({{"a", "b"}, like_inputs(), [](const Arrays& in, const Arrays& out) {
                          using Part = Eigen::Map<Matrix>;
                          const int rows = in[0]->extent(1);
                          const int columns = in[0]->extent(2);
                          for (std::ptrdiff_t i = 0; i < in[0]->extent(0); ++i) {
                              const std::ptrdiff_t begin = i * rows * columns;
                              Part(out[0]->data() + begin, rows, columns).noalias() =
                                  Part(in[0]->data() + begin, rows, columns) *
                                  Part(in[1]->data() + begin, columns, columns);
                          }
                      }});
    cases["gemm_bias_gelu"] =
        library_case({{"a", "b", "c"}, product_shape, [](const Arrays& in, const Arrays& out) {
                          matrix(*out[0]).noalias() = matrix(*in[0]) * matrix(*in[1]);
                          Row u(in[1]->extent(1));
                          for (Eigen::Index i = 0; i < in[0]->extent(0); ++i) {
                              auto y = rows(*out[0]).row(i);
                              u = y + row(*in[2]);
                              y = gelu(u);
                          }
                      }});
}

void start(int threads) {
    Eigen::setNbThreads(threads);
    const Eigen::MatrixXf ones = Eigen::MatrixXf::Ones(64, 64);
    static_cast<void>((ones * ones).eval());
}

std::string version() {
    return fmt::format("{}.{}.{} {}", EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION,
                       Eigen::SimdInstructionSetsInUse());
}

}  // namespace

int main(int argc, char** argv) {
    Library library{.name = "eigen_cases", .cases = {}, .start = start, .details = [] {
                        return nlohmann::json{{"version", version()}};
                    }};
    add_elementwise(library.cases);
    add_reductions(library.cases);
    add_normalisations(library.cases);
    add_products(library.cases);
    return run_program(library, argc, argv);
}
