#include <algorithm>

#include "ir/op.h"
#include "tests/support/kernels.h"

using namespace latent;
using namespace latent::test;

namespace {

/// The ops whose kernels round differently than the interpreter; all others give the same bits.
bool is_approximate(ir::Op op) {
    return ir::is_transcendental(op) || op == ir::Op::remainder;
}

std::string parameter(int index, DType dtype, std::string_view shape) {
    return fmt::format("%p{} = parameter {{index={}, dtype={}, shape=[{}]}}\n", index, index,
                       name(dtype), shape);
}

/// `op` over parameters of the dtype, or nothing if it does not take it.
std::optional<std::string> elementwise_graph(const ir::OpInfo& row, DType dtype,
                                             std::int64_t extent) {
    std::string text;
    std::string operands;
    for (int i = 0; i < row.operands; ++i) {
        const bool condition = row.op == ir::Op::select && i == 0;
        text += parameter(i, condition ? DType::boolean : dtype, std::to_string(extent));
        operands += fmt::format("{}%p{}", i == 0 ? "" : ", ", i);
    }
    text += fmt::format("%r = {} {}\nreturn %r\n", row.name, operands);
    try {
        ir::parse(text);
    } catch (const Error&) {
        return std::nullopt;
    }
    return text;
}

/// About one unit in the last place.
Tolerance step_of(DType dtype) {
    switch (dtype) {
        case DType::f16:
            return {1e-3, 6e-8};
        case DType::bf16:
            return {8e-3, 1e-37};
        case DType::f32:
            return {2e-6, 1e-37};
        default:
            return {1e-14, 1e-306};
    }
}

Tolerance rounding_of(ir::Op op, DType dtype) {
    if (!is_approximate(op) || !is_floating(dtype)) {
        return {};
    }
    return step_of(dtype);
}

}  // namespace

TEST_CASE("integers divided by a constant wrap as they do by a variable", "[kernels]") {
    // A quotient is a float first. What converts it to an integer must not be joined with what
    // converts it further.
    for (const char* dtype : {"i8", "i16", "i32"}) {
        for (const char* op : {"floor_divide", "remainder"}) {
            for (const int divisor : {3, -4, 7}) {
                for (const char* narrow : {"i8", "u8", "i64"}) {
                    check_kernels(
                        fmt::format("%p0 = parameter {{index=0, dtype={0}, shape=[531]}}\n"
                                    "%c = constant {{value={0}:{1}}}\n"
                                    "%b = broadcast %c {{shape=[531], axes=[]}}\n"
                                    "%q = {2} %p0, %b\n"
                                    "%n = cast %q {{dtype={3}}}\n"
                                    "%t = mul %n, %n\n"
                                    "return %t\n",
                                    dtype, divisor, op, narrow));
                }
            }
        }
    }
}

TEST_CASE("a divisor may turn out to be zero while a kernel is compiled", "[kernels]") {
    for (const char* op : {"div", "floor_divide", "remainder"}) {
        for (const char* dtype : {"f32", "f64"}) {
            const std::string divided =
                fmt::format("%p0 = parameter {{index=0, dtype={}, shape=[37]}}\n", dtype);
            check_kernels(divided +
                          fmt::format("%p1 = parameter {{index=1, dtype=bool, shape=[37]}}\n"
                                      "%f = constant {{value=bool:0}}\n"
                                      "%b = broadcast %f {{shape=[37], axes=[]}}\n"
                                      "%m = minimum %b, %p1\n"
                                      "%z = cast %m {{dtype={}}}\n"
                                      "%r = {} %p0, %z\nreturn %r\n",
                                      dtype, op));
            check_kernels(divided + fmt::format("%f = constant {{value={}:0}}\n"
                                                "%b = broadcast %f {{shape=[37], axes=[]}}\n"
                                                "%r = {} %p0, %b\nreturn %r\n",
                                                dtype, op));
        }
    }
}

TEST_CASE("every elementwise op gives the interpreter's numbers for every dtype that it takes",
          "[kernels]") {
    for (const ir::OpInfo& row : ir::all_ops()) {
        if (!ir::is_elementwise(row.op) || row.op == ir::Op::cast) {
            continue;
        }
        int taken = 0;
        for (const DType dtype : all_dtypes) {
            for (const int extent : {1, 7, 8, 9, 33, 1000}) {
                const auto text = elementwise_graph(row, dtype, extent);
                if (!text) {
                    continue;
                }
                ++taken;
                const Tolerance tolerance = rounding_of(row.op, dtype);
                check_kernels(*text, {.tolerance = tolerance});
                if (is_floating(dtype)) {
                    check_kernels(*text, {.tolerance = tolerance, .values = Values::special});
                }
            }
        }
        INFO(row.name);
        CHECK(taken > 0);
    }
}

TEST_CASE("casts between all dtypes saturate, truncate and wrap as they should", "[kernels]") {
    for (const DType from : all_dtypes) {
        for (const DType to : all_dtypes) {
            const std::string text =
                parameter(0, from, "1003") +
                fmt::format("%r = cast %p0 {{dtype={}}}\nreturn %r\n", name(to));
            check_kernels(text);
            check_kernels(text, {.values = Values::special});
        }
    }
}

TEST_CASE("a sum of two vectors is computed for every length", "[kernels]") {
    for (const int extent : {0, 1, 7, 8, 9, 33, 1000003}) {
        const std::string shape = std::to_string(extent);
        check_kernels(parameter(0, DType::f32, shape) + parameter(1, DType::f32, shape) +
                          "%r = add %p0, %p1\nreturn %r\n",
                      {.kernels = extent == 0 ? 0 : 1});
    }
}

TEST_CASE("numbers, constants and rank 0 take part in pointwise kernels", "[kernels]") {
    check_kernels(
        "%a = parameter {index=0, dtype=f32, shape=[]}\n"
        "%b = parameter {index=1, dtype=f32, shape=[]}\n"
        "%c = constant {value=f32:2.5}\n"
        "%d = mul %a, %c\n"
        "%e = add %d, %b\n"
        "return %e\n");
    check_kernels(
        "%a = parameter {index=0, dtype=f32, shape=[3,37]}\n"
        "%b = parameter {index=1, dtype=f32, shape=[]}\n"
        "%s = parameter {index=2, dtype=bool, shape=[]}\n"
        "%c = constant {value=f32:-0.5}\n"
        "%bx = exp %b\n"
        "%bb = broadcast %bx {shape=[3,37], axes=[]}\n"
        "%cb = broadcast %c {shape=[3,37], axes=[]}\n"
        "%sb = broadcast %s {shape=[3,37], axes=[]}\n"
        "%d = mul %a, %bb\n"
        "%e = select %sb, %d, %cb\n"
        "return %e\n",
        {.tolerance = {1e-6, 1e-6}});
}

TEST_CASE("a constant alone, an iota and a broadcast number are stored", "[kernels]") {
    check_kernels(
        "%c = constant {value=i64:-7}\n"
        "%r = broadcast %c {shape=[5,3], axes=[]}\n"
        "%i = iota {dtype=f32, extent=19}\n"
        "%j = iota {dtype=i32, extent=19}\n"
        "%b = broadcast %i {shape=[4,19], axes=[1]}\n"
        "%k = broadcast %j {shape=[19,4], axes=[0]}\n"
        "return %c, %r, %i, %b, %k\n");
}

TEST_CASE("broadcast operands are read without a copy", "[kernels]") {
    check_kernels(parameter(0, DType::f32, "5,33") + parameter(1, DType::f32, "33") +
                      parameter(2, DType::f32, "5") +
                      "%a = broadcast %p1 {shape=[5,33], axes=[1]}\n"
                      "%b = broadcast %p2 {shape=[5,33], axes=[0]}\n"
                      "%c = add %p0, %a\n"
                      "%d = mul %c, %b\n"
                      "return %d\n",
                  {.kernels = 1});
    check_kernels(parameter(0, DType::f64, "4,3,9") + parameter(1, DType::f64, "3") +
                      "%a = broadcast %p1 {shape=[4,3,9], axes=[1]}\n"
                      "%c = sub %p0, %a\n"
                      "return %c\n",
                  {.kernels = 1});
}

TEST_CASE("rows of every length are stored whole", "[kernels]") {
    for (const char* dtype : {"f32", "i8", "f64"}) {
        for (const int columns : {2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100}) {
            check_kernels(
                fmt::format("%p0 = parameter {{index=0, dtype={0}, shape=[19,{1}]}}\n"
                            "%p1 = parameter {{index=1, dtype={0}, shape=[{1}]}}\n"
                            "%p2 = parameter {{index=2, dtype={0}, shape=[19]}}\n"
                            "%p3 = parameter {{index=3, dtype={0}, shape=[{1},19]}}\n"
                            "%b = broadcast %p1 {{shape=[19,{1}], axes=[1]}}\n"
                            "%c = broadcast %p2 {{shape=[19,{1}], axes=[0]}}\n"
                            "%t = permute %p3 {{permutation=[1,0]}}\n"
                            "%s = sub %p0, %b\n"
                            "%m = mul %s, %c\n"
                            "%r = add %m, %t\n"
                            "return %s, %r\n",
                            dtype, columns));
        }
    }
}

TEST_CASE("permuted, flipped and sliced operands are read in place", "[kernels]") {
    for (const char* shape : {"1,1,1", "3,5,7", "9,33,17"}) {
        check_kernels(parameter(0, DType::f32, shape) +
                          "%a = permute %p0 {permutation=[2,0,1]}\n"
                          "%b = exp %a\n"
                          "return %b\n",
                      {.tolerance = {1e-6}, .kernels = 1});
        check_kernels(parameter(0, DType::i32, shape) +
                      "%a = permute %p0 {permutation=[2,1,0]}\n"
                      "return %a\n");
    }
    check_kernels(parameter(0, DType::f32, "13,29") + parameter(1, DType::f32, "13,29") +
                      "%a = flip %p0 {axes=[1]}\n"
                      "%b = flip %p1 {axes=[0,1]}\n"
                      "%c = add %a, %b\n"
                      "return %c\n",
                  {.kernels = 1});
    check_kernels(parameter(0, DType::f32, "13,40") +
                      "%a = slice %p0 {start=[2,1], stop=[13,40], step=[3,2]}\n"
                      "%b = neg %a\n"
                      "return %b\n",
                  {.kernels = 1});
    check_kernels(parameter(0, DType::f32, "40") +
                      "%a = slice %p0 {start=[5], stop=[38], step=[1]}\n"
                      "%f = flip %a {axes=[0]}\n"
                      "%b = sub %a, %f\n"
                      "return %b\n",
                  {.kernels = 1});
}

TEST_CASE("large transposes are the interpreter's, ragged or not", "[kernels]") {
    for (const char* shape : {"64,64", "65,130", "1,300", "300,1", "17,16", "129,257"}) {
        for (const DType dtype : all_dtypes) {
            check_kernels(parameter(0, dtype, shape) +
                          "%a = permute %p0 {permutation=[1,0]}\nreturn %a\n");
        }
    }
    check_kernels(parameter(0, DType::f32, "70,45") + parameter(1, DType::f32, "45,70") +
                  "%a = permute %p0 {permutation=[1,0]}\n"
                  "%b = add %a, %p1\n"
                  "return %b\n");
    check_kernels(parameter(0, DType::f32, "6,40,35") +
                  "%a = permute %p0 {permutation=[0,2,1]}\n"
                  "return %a\n");
    check_kernels(parameter(0, DType::f32, "6,40,35,3") +
                  "%a = permute %p0 {permutation=[3,2,0,1]}\n"
                  "return %a\n");
}

TEST_CASE("windows and reshapes are read in place where strides allow", "[kernels]") {
    check_kernels(parameter(0, DType::f32, "3,20") +
                      "%a = window %p0 {axes=[1], size=[4], stride=[2], dilation=[3]}\n"
                      "%b = neg %a\n"
                      "return %b\n",
                  {.kernels = 1});
    check_kernels(parameter(0, DType::f32, "6,20") + parameter(1, DType::f32, "2,3,4,5") +
                      "%a = reshape %p0 {shape=[2,3,4,5]}\n"
                      "%b = add %a, %p1\n"
                      "return %b\n",
                  {.kernels = 1});
    check_kernels(parameter(0, DType::f32, "6,4") +
                  "%t = permute %p0 {permutation=[1,0]}\n"
                  "%a = reshape %t {shape=[6,4]}\n"
                  "%b = neg %a\n"
                  "return %b\n");
}

TEST_CASE("several results of one kernel, of different dtypes", "[kernels]") {
    check_kernels(parameter(0, DType::f32, "7,33") + parameter(1, DType::f64, "7,33") +
                      "%a = exp %p0\n"
                      "%b = cast %a {dtype=f64}\n"
                      "%c = add %b, %p1\n"
                      "%d = less %c, %p1\n"
                      "%e = cast %c {dtype=i32}\n"
                      "return %a, %c, %d, %e\n",
                  {.tolerance = {2e-6, 1e-6}});
}

TEST_CASE("a long chain of elementwise ops is computed", "[kernels]") {
    std::string text = parameter(0, DType::f32, "1003") + parameter(1, DType::f32, "1003");
    std::string last = "%p0";
    for (int i = 0; i < 300; ++i) {
        text += fmt::format("%v{} = {} {}, %p1\n", i,
                            i % 3 == 0   ? "add"
                            : i % 3 == 1 ? "mul"
                                         : "sub",
                            last);
        last = fmt::format("%v{}", i);
    }
    check_kernels(text + fmt::format("return {}\n", last));
}

TEST_CASE("random bits are those of the interpreter", "[kernels]") {
    check_kernels(
        "%k = parameter {index=0, dtype=i64, shape=[]}\n"
        "%kb = broadcast %k {shape=[3,333], axes=[]}\n"
        "%i = iota {dtype=i64, extent=999}\n"
        "%c = reshape %i {shape=[3,333]}\n"
        "%r = random_bits %kb, %c\n"
        "return %r\n",
        {.kernels = 1});
}

TEST_CASE("a negative zero is no other zero of its kernel", "[kernels]") {
    check_kernels(
        "%exponent = parameter {index=0, dtype=f32, shape=[7]}\n"
        "%zero = constant {value=f32:-0}\n"
        "%zeros = broadcast %zero {shape=[7], axes=[]}\n"
        "%r = pow %zeros, %exponent\n"
        "return %r\n",
        {.values = Values::positive});
}

TEST_CASE("a power of integers that does not vary along the loops compiles in time", "[kernels]") {
    check_kernels(
        "%x = parameter {index=0, dtype=i32, shape=[1]}\n"
        "%n = reshape %x {shape=[]}\n"
        "%p = pow %n, %n\n"
        "%ps = broadcast %p {shape=[5], axes=[]}\n"
        "return %p, %ps\n");
}

TEST_CASE("a literal zero divides", "[kernels]") {
    check_kernels(
        "%x = parameter {index=0, dtype=f32, shape=[70]}\n"
        "%zero = constant {value=f32:0}\n"
        "%zeros = broadcast %zero {shape=[70], axes=[]}\n"
        "%r = div %x, %zeros\n"
        "return %r\n",
        {.values = Values::special});
}

// Halide's bounds of these would be trees of 2^31 products.
TEST_CASE("integer powers of one element and of powers compile", "[kernels]") {
    check_kernels(
        "%x = parameter {index=0, dtype=i32, shape=[1]}\n"
        "%n = reshape %x {shape=[]}\n"
        "%r = pow %n, %n\n"
        "return %r\n");
    check_kernels(
        "%x = parameter {index=0, dtype=u8, shape=[20]}\n"
        "%y = pow %x, %x\n"
        "%z = pow %y, %y\n"
        "return %z\n");
}

TEST_CASE("floats are rounded to f16 alike in vectors and beside them", "[kernels]") {
    // Denormal halves, normal ones with ties, and what is too large for one; NaN and infinities.
    for (const std::string_view scale : {"2.384185791015625e-07", "0.00042", "0.37", "-3.1"}) {
        for (const int extent : {1, 5, 200'000}) {
            check_kernels(fmt::format("%i = iota {{dtype=i32, extent={0}}}\n"
                                      "%f = cast %i {{dtype=f32}}\n"
                                      "%s = constant {{value=f32:{1}}}\n"
                                      "%ss = broadcast %s {{shape=[{0}], axes=[]}}\n"
                                      "%x = mul %f, %ss\n"
                                      "%h = cast %x {{dtype=f16}}\n"
                                      "return %h\n",
                                      extent, scale),
                          {.kernels = 1});
        }
    }
    for (const int extent : {3, 40, 1000}) {
        check_kernels(fmt::format("%p0 = parameter {{index=0, dtype=f32, shape=[{}]}}\n"
                                  "%h = cast %p0 {{dtype=f16}}\n"
                                  "return %h\n",
                                  extent),
                      {.values = Values::special, .kernels = 1});
    }
}

TEST_CASE("rows of a few elements are read and stored as they lie", "[kernels]") {
    for (const char* dtype : {"f32", "f64", "f16", "i8", "i64"}) {
        for (const int elements : {2, 3, 4, 5, 7}) {
            for (const int rows : {15, 16, 17, 31, 33, 100, 6001}) {
                check_kernels(
                    fmt::format("%x = parameter {{index=0, dtype={0}, shape=[{1},{2}]}}\n"
                                "%m = parameter {{index=1, dtype={0}, shape=[{2}]}}\n"
                                "%b = broadcast %m {{shape=[{1},{2}], axes=[1]}}\n"
                                "%n = parameter {{index=2, dtype={0}, shape=[{1}]}}\n"
                                "%c = broadcast %n {{shape=[{1},{2}], axes=[0]}}\n"
                                "%p = mul %x, %b\n"
                                "%r = sub %p, %c\n"
                                "return %r, %p\n",
                                dtype, rows, elements));
            }
        }
    }
}

TEST_CASE("windows that are stored are no short rows, nor are rows that are scattered",
          "[kernels]") {
    check_kernels(R"(%x = parameter {index=0, dtype=f32, shape=[40,40]}
        %w = window %x {axes=[0,1], size=[3,3], stride=[1,1], dilation=[1,1]}
        %r = neg %w
        return %r
    )");
    check_kernels(R"(%x = parameter {index=0, dtype=f32, shape=[100]}
        %i = parameter {index=1, dtype=i32, shape=[40,3]}
        %u = parameter {index=2, dtype=f32, shape=[40,3]}
        %r = scatter_add %x, %i, %u {axis=0}
        return %r
    )");
    check_kernels(R"(%x = parameter {index=0, dtype=f32, shape=[50,3]}
        %i = parameter {index=1, dtype=i32, shape=[8,40]}
        %u = parameter {index=2, dtype=f32, shape=[8,40,3]}
        %r = scatter_add %x, %i, %u {axis=0}
        return %r
    )");
}

TEST_CASE("short rows within others, and results that are truth values, are stored as they lie",
          "[kernels]") {
    check_kernels(R"(%x = parameter {index=0, dtype=f32, shape=[5,40,3]}
        %m = parameter {index=1, dtype=f32, shape=[5,3]}
        %b = broadcast %m {shape=[5,40,3], axes=[0,2]}
        %r = less %x, %b
        return %r
    )");
    check_kernels(R"(%x = parameter {index=0, dtype=f32, shape=[5,2,3]}
        %m = parameter {index=1, dtype=f32, shape=[5,2]}
        %b = broadcast %m {shape=[5,2,3], axes=[0,1]}
        %e = mul %x, %x
        %r = add %e, %b
        return %r
    )");
}
