#include "benchmarks/operations/cases.h"

namespace latent::benchmarks {

Cases indexing_cases() {
    constexpr std::int64_t words = 1 << 15;
    const Input vector = normal_numbers({million});
    const Input matrix = normal_numbers({1024, 1024});
    const Input positions = integers(0, 1024, {1024, 1024});
    const Input anywhere = integers(0, million, {million});
    const auto take_along = [](int axis) {
        return of([axis](const Tensor& x, const Tensor& i) { return take(x, i, axis); });
    };
    const auto take_each_along = [](int axis) {
        return of([axis](const Tensor& x, const Tensor& i) { return take_along_axis(x, i, axis); });
    };
    const auto scatter_along = [](int axis) {
        return of([axis](const Tensor& x, const Tensor& i, const Tensor& updates) {
            return scatter_add(x, i, updates, axis);
        });
    };
    const auto add_along = [](int axis) {
        return of([axis](const Tensor& x, const Tensor& i, const Tensor& updates) {
            return index_add(x, i, updates, axis);
        });
    };
    return {
        {"take/elements", {vector, anywhere}, take_along(0), with_gradient},
        {"take/rows", {matrix, integers(0, 1024, {1024})}, take_along(0), with_gradient},
        {"take/columns", {matrix, integers(0, 1024, {1024})}, take_along(1), with_gradient},
        {"take_along_axis/rows", {matrix, positions}, take_each_along(1), with_gradient},
        {"take_along_axis/columns", {matrix, positions}, take_each_along(0), with_gradient},
        {"scatter_add/elements", {vector, anywhere, vector}, scatter_along(0), with_gradient},
        {"scatter_add/rows", {matrix, positions, matrix}, scatter_along(1), with_gradient},
        {"scatter_add/columns", {matrix, positions, matrix}, scatter_along(0), with_gradient},
        {"index_add/rows",
         {matrix, integers(0, 1024, {1024}), matrix},
         add_along(0),
         with_gradient},
        {"index_add/columns",
         {matrix, integers(0, 1024, {1024}), matrix},
         add_along(1),
         with_gradient},
        {"embedding",
         {normal_numbers({words, 128}), integers(0, words, {8192})},
         of([](const Tensor& table, const Tensor& i) { return embedding(table, i); }),
         with_gradient},
        {"one_hot", {integers(0, 128, {8192})}, of([](const Tensor& labels) {
             return one_hot(labels, 128);
         })},
        {"bincount", {integers(0, 1024, {million})}, of([](const Tensor& labels) {
             return bincount(labels, 1024);
         })},
    };
}

}  // namespace latent::benchmarks
