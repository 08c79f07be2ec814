#include "tests/frontend/bad_calls.h"

namespace latent::test {

void check_reduction_calls(Refusals& refusals) {
    const Tensor none;
    const Tensor x = zeros({2, 3});
    const Tensor empty = zeros({2, 0});
    const Tensor truths = zeros({2, 3}, {.dtype = DType::boolean});
    const std::string no_axis = "axis 2 is out of range for a tensor of rank 2";
    const std::string nothing = "axis 1 of shape [2,0] is empty";
    const std::string twice = "axis 0 is named twice";
    refusals.check_undefined({
        {__LINE__, "sum", [&] { sum(none); }, ""},
        {__LINE__, "mean", [&] { mean(none); }, ""},
        {__LINE__, "prod", [&] { prod(none); }, ""},
        {__LINE__, "max", [&] { max(none); }, ""},
        {__LINE__, "min", [&] { min(none); }, ""},
        {__LINE__, "any", [&] { any(none); }, ""},
        {__LINE__, "all", [&] { all(none); }, ""},
        {__LINE__, "count_nonzero", [&] { count_nonzero(none); }, ""},
        {__LINE__, "logsumexp", [&] { logsumexp(none); }, ""},
        {__LINE__, "argmax", [&] { argmax(none); }, ""},
        {__LINE__, "argmin", [&] { argmin(none); }, ""},
        {__LINE__, "var", [&] { var(none); }, ""},
        {__LINE__, "stddev", [&] { stddev(none); }, ""},
        {__LINE__, "norm", [&] { norm(none); }, ""},
        {__LINE__, "sort", [&] { sort(none); }, ""},
        {__LINE__, "argsort", [&] { argsort(none); }, ""},
        {__LINE__, "median", [&] { median(none); }, ""},
        {__LINE__, "cumsum", [&] { cumsum(none, 0); }, ""},
        {__LINE__, "cumprod", [&] { cumprod(none, 0); }, ""},
        {__LINE__, "logcumsumexp", [&] { logcumsumexp(none, 0); }, ""},
        {__LINE__, "cummax", [&] { cummax(none, 0); }, ""},
        {__LINE__, "cummin", [&] { cummin(none, 0); }, ""},
        {__LINE__, "topk", [&] { topk(none, 0); }, ""},
        {__LINE__, "quantile", [&] { quantile(none, 0); }, ""},
    });
    refusals.check<ShapeError>({
        {__LINE__, "sum", [&] { sum(x, 2); }, no_axis},
        {__LINE__, "sum", [&] { sum(x, {0, -2}); }, twice},
        {__LINE__, "mean", [&] { mean(x, 2); }, no_axis},
        {__LINE__, "mean", [&] { mean(x, {0, -2}); }, twice},
        {__LINE__, "prod", [&] { prod(x, 2); }, no_axis},
        {__LINE__, "prod", [&] { prod(x, {0, -2}); }, twice},
        {__LINE__, "max", [&] { max(x, 2); }, no_axis},
        {__LINE__, "max", [&] { max(x, {0, -2}); }, twice},
        {__LINE__, "min", [&] { min(x, 2); }, no_axis},
        {__LINE__, "min", [&] { min(x, {0, -2}); }, twice},
        {__LINE__, "any", [&] { any(x, 2); }, no_axis},
        {__LINE__, "any", [&] { any(x, {0, -2}); }, twice},
        {__LINE__, "all", [&] { all(x, 2); }, no_axis},
        {__LINE__, "all", [&] { all(x, {0, -2}); }, twice},
        {__LINE__, "count_nonzero", [&] { count_nonzero(x, 2); }, no_axis},
        {__LINE__, "count_nonzero", [&] { count_nonzero(x, {0, -2}); }, twice},
        {__LINE__, "logsumexp", [&] { logsumexp(x, 2); }, no_axis},
        {__LINE__, "logsumexp", [&] { logsumexp(x, {0, -2}); }, twice},
        {__LINE__, "argmax", [&] { argmax(x, 2); }, no_axis},
        {__LINE__, "argmax", [&] { argmax(x, -3); }, "axis -3 is out of range"},
        {__LINE__, "argmin", [&] { argmin(x, 2); }, no_axis},
        {__LINE__, "argmin", [&] { argmin(x, -3); }, "axis -3 is out of range"},
        {__LINE__, "cumsum", [&] { cumsum(x, 2); }, no_axis},
        {__LINE__, "cumsum", [&] { cumsum(x, -3); }, "axis -3 is out of range"},
        {__LINE__, "cumprod", [&] { cumprod(x, 2); }, no_axis},
        {__LINE__, "cumprod", [&] { cumprod(x, -3); }, "axis -3 is out of range"},
        {__LINE__, "logcumsumexp", [&] { logcumsumexp(x, 2); }, no_axis},
        {__LINE__, "logcumsumexp", [&] { logcumsumexp(x, -3); }, "axis -3 is out of range"},
        {__LINE__, "cummax", [&] { cummax(x, 2); }, no_axis},
        {__LINE__, "cummax", [&] { cummax(x, -3); }, "axis -3 is out of range"},
        {__LINE__, "cummin", [&] { cummin(x, 2); }, no_axis},
        {__LINE__, "cummin", [&] { cummin(x, -3); }, "axis -3 is out of range"},
        {__LINE__, "sort", [&] { sort(x, 2); }, no_axis},
        {__LINE__, "sort", [&] { sort(x, -3); }, "axis -3 is out of range"},
        {__LINE__, "argsort", [&] { argsort(x, 2); }, no_axis},
        {__LINE__, "argsort", [&] { argsort(x, -3); }, "axis -3 is out of range"},
        {__LINE__, "topk", [&] { topk(x, 1, 2); }, no_axis},
        {__LINE__, "var", [&] { var(x, {.axes = 2}); }, no_axis},
        {__LINE__, "var", [&] { var(x, {.axes = {0, 0}}); }, twice},
        {__LINE__, "stddev", [&] { stddev(x, {.axes = 2}); }, no_axis},
        {__LINE__, "norm", [&] { norm(x, 2); }, no_axis},
        {__LINE__, "norm", [&] { norm(empty, 1, infinity); }, nothing},
        {__LINE__, "max", [&] { max(empty); }, nothing},
        {__LINE__, "max", [&] { empty.max(1); }, nothing},
        {__LINE__, "min", [&] { min(empty, 1); }, nothing},
        {__LINE__, "argmax", [&] { argmax(empty, 1); }, nothing},
        {__LINE__, "argmax", [&] { empty.argmax(); }, "axis 0 of shape [0] is empty"},
        {__LINE__, "argmin", [&] { argmin(empty, 1); }, nothing},
        {__LINE__, "quantile", [&] { quantile(x, 0.5, 2); }, no_axis},
        {__LINE__, "quantile", [&] { quantile(empty, 0.5); }, nothing},
        {__LINE__, "median", [&] { median(x, 2); }, no_axis},
        {__LINE__, "median", [&] { median(empty); }, nothing},
        {__LINE__, "sum", [&] { full({}, 1).sum(0); },
         "axis 0 is out of range for a tensor of rank 0"},
        {__LINE__, "softmax", [&] { softmax(x, 2); }, no_axis},
        {__LINE__, "softmax", [&] { softmax(full({}, 1.0)); }, "axis -1 is out of range"},
        {__LINE__, "log_softmax", [&] { log_softmax(x, -3); }, "axis -3 is out of range"},
    });
    refusals.check<TypeError>({
        {__LINE__, "cummax", [&] { cummax(truths, 0); }, "takes numbers, got bool"},
        {__LINE__, "cummin", [&] { cummin(truths, 0); }, "takes numbers, got bool"},
    });
    refusals.check<ValueError>({
        {__LINE__, "norm", [&] { norm(x, 0, -1); }, "the order must be positive, got -1"},
        {__LINE__, "norm", [&] { norm(x, 0, not_a_number); },
         "the order must be positive, got nan"},
        {__LINE__, "topk", [&] { topk(x, 4); }, "k = 4 of 3 elements along axis 1 of [2,3]"},
        {__LINE__, "topk", [&] { topk(x, -1); }, "k = -1 of 3 elements along axis 1 of [2,3]"},
        {__LINE__, "quantile", [&] { quantile(x, 1.5); }, "q = 1.5 is not in [0, 1]"},
        {__LINE__, "quantile", [&] { quantile(x, not_a_number); }, "q = nan is not in [0, 1]"},
    });
}

}  // namespace latent::test
