#include "benchmarks/operations/cases.h"

namespace latent::benchmarks {

Cases order_cases() {
    const Input vector = normal_numbers({million});
    const Input matrix = normal_numbers({1024, 1024});
    const Input short_rows = normal_numbers({million / 16, 16});
    const auto sort_along = [](int axis) {
        return of([axis](const Tensor& x) { return sort(x, axis); });
    };
    const auto argsort_along = [](int axis) {
        return of([axis](const Tensor& x) { return argsort(x, axis); });
    };
    const auto largest = [](std::int64_t k) {
        return of([k](const Tensor& x) {
            const auto [values, indices] = topk(x, k);
            return std::vector<Tensor>{values, indices};
        });
    };
    const auto argmax_along = [](std::optional<int> axis) {
        return of([axis](const Tensor& x) { return argmax(x, axis); });
    };
    return {
        {"argmax/all", {vector}, argmax_along(std::nullopt)},
        {"argmax/rows", {matrix}, argmax_along(1)},
        {"argmax/columns", {matrix}, argmax_along(0)},
        {"argmax/rows of 16", {short_rows}, argmax_along(1)},
        {"argmin/rows", {matrix}, of([](const Tensor& x) { return argmin(x, 1); })},
        {"sort/all", {vector}, sort_along(0), with_gradient},
        {"sort/rows", {matrix}, sort_along(1), with_gradient},
        {"sort/columns", {matrix}, sort_along(0), with_gradient},
        {"sort/rows of 16", {short_rows}, sort_along(1), with_gradient},
        {"sort/i64", {integers(0, million, {million})}, of([](const Tensor& x) {
             return sort(x);
         })},
        {"argsort/all", {vector}, argsort_along(0)},
        {"argsort/rows", {matrix}, argsort_along(1)},
        {"topk/10 of all", {vector}, largest(10), with_gradient},
        {"topk/5 of rows", {matrix}, largest(5), with_gradient},
        {"median/rows", {matrix}, of([](const Tensor& x) { return median(x, 1); })},
        {"quantile/rows", {matrix}, of([](const Tensor& x) { return quantile(x, 0.3, 1); })},
        {"searchsorted",
         {sorted_numbers({1 << 16}), vector},
         of([](const Tensor& sorted, const Tensor& x) { return searchsorted(sorted, x); })},
    };
}

}  // namespace latent::benchmarks
