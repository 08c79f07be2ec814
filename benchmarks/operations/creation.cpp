#include "benchmarks/operations/cases.h"

namespace latent::benchmarks {

Cases creation_cases() {
    const Input numbers = normal_numbers({million});
    const Shape shape{million};
    return {
        {"zeros", {}, of([shape] { return zeros(shape); })},
        {"full", {}, of([shape] { return full(shape, 1.5); })},
        {"eye", {}, of([] { return eye(1024); })},
        {"arange/i64", {}, of([] { return arange(million); })},
        {"arange/f32", {}, of([] { return arange(0.0, 1.0 * million); })},
        {"linspace", {}, of([] { return linspace(-1, 1, million); })},
        {"uniform", {}, of([shape] { return uniform(Key(1), shape); })},
        {"normal", {}, of([shape] { return normal(Key(1), shape); })},
        {"randint", {}, of([shape] { return randint(Key(1), shape, 0, 1000); })},
        {"bernoulli", {}, of([shape] { return bernoulli(Key(1), shape, 0.3); })},
        {"permutation", {}, of([] { return permutation(Key(1), million); })},
        {"dropout",
         {numbers},
         of([](const Tensor& x) { return dropout(Key(1), x, 0.3); }),
         with_gradient},
        {"categorical", {normal_numbers({1024, 1024})}, of([](const Tensor& logits) {
             return categorical(Key(1), logits);
         })},
    };
}

}  // namespace latent::benchmarks
