#include "tests/frontend/bad_calls.h"

namespace latent::test {

void check_indexing_calls(Refusals& refusals) {
    const Tensor none;
    const Tensor x = zeros({2, 3});
    const Tensor v = zeros({4});
    const Tensor many = zeros({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {.dtype = DType::i64});
    const std::string too_many = "needs 13 dimensions, and tensors have at most 12";
    const Tensor empty = zeros({2, 0});
    const Tensor index = zeros({2, 2}, {.dtype = DType::i64});
    const Tensor truths = zeros({2, 3}, {.dtype = DType::boolean});
    const std::string no_axis = "axis 2 is out of range for a tensor of rank 2";
    const std::string no_indices = "indices must be integers, got f32";
    refusals.check_undefined({
        {__LINE__, "take", [&] { take(x, none); }, ""},
        {__LINE__, "take_along_axis", [&] { take_along_axis(none, index, 0); }, ""},
        {__LINE__, "embedding", [&] { embedding(x, none); }, ""},
        {__LINE__, "scatter_add", [&] { scatter_add(x, index, none, 0); }, ""},
        {__LINE__, "index_add", [&] { index_add(x, none, x); }, ""},
        {__LINE__, "one_hot", [&] { one_hot(none, 3); }, ""},
        {__LINE__, "bincount", [&] { bincount(none, 3); }, ""},
        {__LINE__, "searchsorted", [&] { searchsorted(v, none); }, ""},
    });
    refusals.check<ShapeError>({
        {__LINE__, "take", [&] { take(x, index, 2); }, no_axis},
        {__LINE__, "take", [&] { take(empty, index, 1); }, "axis 1 of shape [2,0] is empty"},
        {__LINE__, "take", [&] { take(x, many); }, too_many},
        {__LINE__, "embedding", [&] { embedding(x, many); }, too_many},
        {__LINE__, "one_hot", [&] { one_hot(many, 2); }, too_many},
        {__LINE__, "index_add", [&] { index_add(x, many, x); }, too_many},
        {__LINE__, "take_along_axis", [&] { take_along_axis(x, index, 2); }, no_axis},
        {__LINE__, "take_along_axis", [&] { take_along_axis(x, index, 0); },
         "shapes [2,3] and [2,2] do not broadcast beside axis 0"},
        {__LINE__, "take_along_axis", [&] { take_along_axis(v, index, 0); },
         "shapes [4] and [2,2] have not one rank"},
        {__LINE__, "take_along_axis", [&] { take_along_axis(empty, index, 1); },
         "nothing to index in shape [2,0]"},
        {__LINE__, "embedding", [&] { embedding(v, index); }, "shape [4] is no table (rows, d)"},
        {__LINE__, "embedding", [&] { embedding(zeros({0, 3}), index); },
         "nothing to index in shape [0,3]"},
        {__LINE__, "scatter_add", [&] { scatter_add(x, index, x, 2); }, no_axis},
        {__LINE__, "scatter_add", [&] { scatter_add(x, index, v, 0); },
         "shapes [2,3] and [2,2] and [4] have not one rank"},
        {__LINE__, "scatter_add", [&] { scatter_add(x, index, zeros({1, 2}), 0); },
         "shapes [2,3] and [2,2] and [1,2] do not fit in dimension 0"},
        {__LINE__, "scatter_add", [&] { scatter_add(empty, index, x, 1); },
         "nothing to index in shape [2,0]"},
        {__LINE__, "index_add", [&] { index_add(x, index, x, 1); },
         "shapes [2,3] and [2,2] and [2,3] do not fit: updates [2,2,2] are expected"},
        {__LINE__, "index_add", [&] { index_add(x, index, x, 2); }, no_axis},
        {__LINE__, "index_add", [&] { index_add(empty, index, zeros({2, 2, 2}), 1); },
         "nothing to index in shape [2,0]"},
        {__LINE__, "one_hot", [&] { one_hot(index, -1); }, "shape [2,2,-1] has a negative extent"},
        {__LINE__, "one_hot", [&] { one_hot(index, std::int64_t{1} << 61); }, "shape [2,2,23058"},
        {__LINE__, "bincount", [&] { bincount(index, 3, v); },
         "shapes [2,2] and [4] of labels and weights"},
        {__LINE__, "bincount", [&] { bincount(index, std::int64_t{1} << 61); }, "shape [23058"},
        {__LINE__, "searchsorted", [&] { searchsorted(x, v); }, "shapes [2,3] and [4]"},
        {__LINE__, "searchsorted", [&] { searchsorted(full({}, 1.0), v); }, "shapes [] and [4]"},
        {__LINE__, "searchsorted", [&] { searchsorted(x, full({}, 1.0)); }, "shapes [2,3] and []"},
    });
    refusals.check<TypeError>({
        {__LINE__, "take", [&] { take(x, x); }, no_indices},
        {__LINE__, "take", [&] { take(x, truths); }, "indices must be integers, got bool"},
        {__LINE__, "take_along_axis", [&] { take_along_axis(x, x, 0); }, no_indices},
        {__LINE__, "embedding", [&] { embedding(x, x); }, no_indices},
        {__LINE__, "scatter_add", [&] { scatter_add(x, x, x, 0); }, no_indices},
        {__LINE__, "scatter_add",
         [&] { scatter_add(truths, zeros({2, 3}, {.dtype = DType::i64}), truths, 0); },
         "takes numbers, got bool"},
        {__LINE__, "index_add", [&] { index_add(x, x, x); }, no_indices},
        {__LINE__, "index_add", [&] { index_add(truths, index, truths); },
         "takes numbers, got bool"},
        {__LINE__, "one_hot", [&] { one_hot(x, 3); }, "labels must be integers, got f32"},
        {__LINE__, "bincount", [&] { bincount(x, 3); }, "labels must be integers, got f32"},
        {__LINE__, "bincount", [&] { bincount(zeros({2, 3}, {.dtype = DType::i64}), 3, truths); },
         "takes numbers, got bool"},
    });
    refusals.check<ValueError>({
        {__LINE__, "bincount", [&] { bincount(index, 0); }, "the length must be positive, got 0"},
    });
}

}  // namespace latent::test
