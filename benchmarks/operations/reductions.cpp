#include <string>
#include <utility>

#include "benchmarks/operations/cases.h"

namespace latent::benchmarks {

namespace {

/// Rows and columns of a matrix, all of it, and an axis that is short.
struct Arrangement {
    const char* name;
    Shape shape;
    Axes axes;
};
const Arrangement whole{"all", {million}, Axes::all()};
const Arrangement rows{"rows", {1024, 1024}, 1};
const Arrangement columns{"columns", {1024, 1024}, 0};
const Arrangement short_rows{"rows of 4", {million / 4, 4}, 1};
const Arrangement middle{"middle axis", {64, 256, 64}, 1};

using Reduce = Tensor (*)(const Tensor&, const Axes&, bool, std::source_location);

Case reduction(const std::string& name, Reduce reduce, const Arrangement& arrangement,
               const Input& input, bool differentiable = with_gradient) {
    return {name + "/" + arrangement.name,
            {input},
            of([reduce, axes = arrangement.axes](const Tensor& x) {
                return reduce(x, axes, false, std::source_location::current());
            }),
            differentiable};
}

Case reduction(const std::string& name, Reduce reduce, const Arrangement& arrangement) {
    return reduction(name, reduce, arrangement, normal_numbers(arrangement.shape));
}

Case variance(const std::string& name,
              Tensor (*function)(const Tensor&, const VarianceOptions&, std::source_location),
              const Arrangement& arrangement) {
    return {name + "/" + arrangement.name,
            {normal_numbers(arrangement.shape)},
            of([function, axes = arrangement.axes](const Tensor& x) {
                return function(x, {.axes = axes, .correction = 1},
                                std::source_location::current());
            }),
            with_gradient};
}

Case norm_of(const std::string& name, const Arrangement& arrangement, double order) {
    return {name + "/" + arrangement.name,
            {normal_numbers(arrangement.shape)},
            of([order, axes = arrangement.axes](const Tensor& x) { return norm(x, axes, order); }),
            with_gradient};
}

using AlongAxis = Tensor (*)(const Tensor&, int, std::source_location);

Case along(const std::string& name, AlongAxis function, const Input& input, int axis) {
    return {name,
            {input},
            of([function, axis](const Tensor& x) {
                return function(x, axis, std::source_location::current());
            }),
            with_gradient};
}

void append_softmax(Cases& cases) {
    for (const auto& [name, function] :
         {std::pair<std::string, AlongAxis>{"softmax", softmax}, {"log_softmax", log_softmax}}) {
        cases.push_back(along(name + "/rows", function, normal_numbers({1024, 1024}), 1));
        cases.push_back(along(name + "/columns", function, normal_numbers({1024, 1024}), 0));
        cases.push_back(
            along(name + "/rows of 10", function, normal_numbers({million / 10, 10}), 1));
    }
}

void append_scans(Cases& cases) {
    const Input matrix = normal_numbers({1024, 1024});
    const Input near_one = uniform_numbers(0.99, 1.01, {1024, 1024});
    cases.push_back(along("cumsum/all", cumsum, normal_numbers({million}), 0));
    cases.push_back(along("cumsum/rows", cumsum, matrix, 1));
    cases.push_back(along("cumsum/columns", cumsum, matrix, 0));
    cases.push_back(along("cumprod/rows", cumprod, near_one, 1));
    cases.push_back(along("cumprod/columns", cumprod, near_one, 0));
    cases.push_back(along("logcumsumexp/rows", logcumsumexp, matrix, 1));
    for (const int axis : {1, 0}) {
        cases.push_back({axis == 1 ? "cummax/rows" : "cummax/columns",
                         {matrix},
                         of([axis](const Tensor& x) {
                             const auto [values, indices] = cummax(x, axis);
                             return std::vector<Tensor>{values, indices};
                         }),
                         with_gradient});
    }
}

}  // namespace

Cases reduction_cases() {
    Cases cases;
    for (const Arrangement& arrangement : {whole, rows, columns, short_rows, middle}) {
        cases.push_back(reduction("sum", sum, arrangement));
        cases.push_back(reduction("max", max, arrangement));
        cases.push_back(variance("var", var, arrangement));
    }
    for (const Arrangement& arrangement : {whole, rows, columns}) {
        cases.push_back(reduction("mean", mean, arrangement));
        cases.push_back(reduction("min", min, arrangement));
        cases.push_back(reduction("logsumexp", logsumexp, arrangement));
        cases.push_back(variance("std", stddev, arrangement));
        cases.push_back(norm_of("norm", arrangement, 2));
        cases.push_back(
            reduction("prod", prod, arrangement, uniform_numbers(0.99, 1.01, arrangement.shape)));
        cases.push_back(reduction("any", any, arrangement,
                                  integers(0, 1, arrangement.shape, DType::boolean), false));
        cases.push_back(reduction("all", all, arrangement,
                                  integers(1, 2, arrangement.shape, DType::boolean), false));
    }
    cases.push_back(norm_of("norm", {"rows, order 1", rows.shape, rows.axes}, 1));
    cases.push_back(reduction("sum", sum, {"rows, f64", rows.shape, rows.axes},
                              normal_numbers(rows.shape, DType::f64)));
    cases.push_back(reduction("sum", sum, {"rows, i64", rows.shape, rows.axes},
                              integers(0, 1000, rows.shape), false));
    cases.push_back(reduction("count_nonzero", count_nonzero, whole, booleans({million}), false));
    append_softmax(cases);
    append_scans(cases);
    return cases;
}

}  // namespace latent::benchmarks
