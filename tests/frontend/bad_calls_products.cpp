#include "tests/frontend/bad_calls.h"

namespace latent::test {

void check_product_calls(Refusals& refusals) {
    const Tensor none;
    const Tensor x = zeros({2, 3});
    const Tensor v = zeros({4});
    const Tensor many = zeros({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
    const Tensor truths = zeros({3, 3}, {.dtype = DType::boolean});
    refusals.check_undefined({
        {__LINE__, "matmul", [&] { matmul(x, none); }, ""},
        {__LINE__, "einsum", [&] { einsum("i->i", {none}); }, ""},
        {__LINE__, "tensordot", [&] { tensordot(none, x); }, ""},
        {__LINE__, "outer", [&] { outer(v, none); }, ""},
    });
    refusals.check<ShapeError>({
        {__LINE__, "matmul", [&] { matmul(x, v); },
         "shapes [2,3] and [4] differ in the dimension that is summed over: 3 and 4"},
        {__LINE__, "matmul", [&] { matmul(x, full({}, 1.0)); },
         "shapes [2,3] and [] must each have a dimension"},
        {__LINE__, "matmul", [&] { matmul(zeros({2, 3, 4}), zeros({5, 4, 6})); },
         "shapes [2,3,4] and [5,4,6] do not broadcast in their leading dimensions"},
        {__LINE__, "einsum", [&] { einsum("ij,jk->ik", {x, x}); },
         "'j' stands for extents 3 and 2"},
        {__LINE__, "einsum", [&] { einsum("ii->i", {x}); }, "'i' stands for extents 2 and 3"},
        {__LINE__, "tensordot", [&] { tensordot(x, v, 1); }, "axis 1 of [2,3] and axis 0 of [4]"},
        {__LINE__, "tensordot", [&] { tensordot(x, v, 2); },
         "shapes [2,3] and [4] do not both have 2 dimensions"},
        {__LINE__, "tensordot", [&] { tensordot(x, v, -1); },
         "shapes [2,3] and [4] do not both have -1 dimensions"},
        {__LINE__, "tensordot", [&] { tensordot(x, x, {0, 1}, {0}); },
         "2 axes of the first operand cannot be paired with 1"},
        {__LINE__, "tensordot", [&] { tensordot(x, x, {2}, {0}); }, "axis 2 is out of range"},
        {__LINE__, "tensordot", [&] { tensordot(x, x, {0, 0}, {0, 1}); }, "axis 0 is named twice"},
        {__LINE__, "einsum", [&] { einsum("abcdefghijklm->a", {v}); },
         "needs 13 dimensions, and tensors have at most 12"},
        {__LINE__, "tensordot", [&] { tensordot(many, many, 2); },
         "needs 20 dimensions, and tensors have at most 12"},
        {__LINE__, "outer", [&] { outer(x, v); }, "takes vectors, got [2,3] and [4]"},
        {__LINE__, "outer", [&] { outer(zeros({3'000'000'000}), zeros({3'000'000'000})); },
         "shape [3000000000,3000000000] of f32 has 2^63 bytes or more"},
    });
    refusals.check<TypeError>({
        {__LINE__, "matmul", [&] { matmul(truths, truths); }, "takes numbers, got bool"},
        {__LINE__, "einsum", [&] { einsum("ij->i", {truths}); }, "takes numbers, got bool"},
        {__LINE__, "tensordot", [&] { tensordot(truths, truths, 1); }, "takes numbers, got bool"},
        {__LINE__, "outer", [&] { outer(truths.select(0, 0), truths.select(0, 0)); },
         "takes numbers, got bool"},
    });
    refusals.check<ValueError>({
        {__LINE__, "einsum", [&] { einsum("i1->i", {v}); }, "'i1->i': '1' is no letter"},
        {__LINE__, "einsum", [&] { einsum("i->j", {v}); }, "'i->j': 'j' is in no operand"},
        {__LINE__, "einsum", [&] { einsum("i->ii", {v}); }, "'i->ii': the result repeats 'i'"},
        {__LINE__, "einsum", [&] { einsum("i,j->ij", {v}); },
         "'i,j->ij': 2 operands are named, 1 were given"},
        {__LINE__, "einsum", [&] { einsum("ij->i", {v}); },
         "'ij->i': operand 0 has shape [4], which is not 2 dimensions"},
        {__LINE__, "einsum", [&] { einsum("", {}); }, "'': 1 operands are named, 0 were given"},
    });
}

}  // namespace latent::test
