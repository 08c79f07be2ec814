#include "benchmarks/peers/latent_cases/sizes.h"

namespace latent::peers {

namespace {

using Kind = CaseInput::Kind;
using Sizes = std::map<std::string, CaseSizes>;

constexpr std::int64_t many = std::int64_t{1} << 24;

double elements(const Shape& shape) {
    double count = 1;
    for (const std::int64_t extent : shape) {
        count *= static_cast<double>(extent);
    }
    return count;
}

/// Whose time goes by the elements of the first input.
SizedCase by_elements(const CaseInputs& inputs) {
    return {inputs, elements(inputs.front().shape)};
}

SizedCase with_gradient(SizedCase its_case, const Shape& shape) {
    its_case.inputs.push_back({"g", shape});
    return its_case;
}

void add_elementwise(Sizes& sizes) {
    const auto one = [](std::int64_t size, Kind kind = Kind::normal) {
        return by_elements({{"x", {size}, kind}});
    };
    for (const char* name : {"ew_chain", "sum_all"}) {
        sizes[name] = {one(many), one(many - 3)};
    }
    sizes["mem_chain20"] = {one(many, Kind::positive), one(many - 3, Kind::positive)};
    const auto two = [](std::int64_t size) { return by_elements({{"x", {size}}, {"y", {size}}}); };
    sizes["ew_add"] = {two(many), two(many - 3)};
    sizes["ew_small"] = {two(1024), two(1021)};
    const auto with_row = [](std::int64_t rows, std::int64_t columns) {
        return by_elements({{"x", {rows, columns}}, {"b", {columns}}});
    };
    sizes["ew_bcast"] = {with_row(5000, 1000), with_row(4999, 997)};
    for (const char* name : {"chain_1000", "chain_100k"}) {
        const auto chain = [](std::int64_t size) {
            return SizedCase{{{"y", {size}}, {"a", {size}}, {"b", {size}}}, 1};
        };
        sizes[name] = {chain(16), chain(15)};
    }
}

void add_rows(Sizes& sizes) {
    const auto rows = [](const Shape& shape) { return by_elements({{"x", shape}}); };
    for (const char* name : {"sum_axis0", "sum_axis1"}) {
        sizes[name] = {rows({4096, 4096}), rows({4093, 4091})};
    }
    const Shape measured{4096, 1024};
    const Shape odd{4093, 1021};
    for (const char* name : {"meanvar_axis1", "argmax_axis1", "softmax"}) {
        sizes[name] = {rows(measured), rows(odd)};
    }
    const auto normalised = [](const Shape& shape) {
        return by_elements({{"x", shape}, {"gamma", {shape[1]}}, {"beta", {shape[1]}}});
    };
    sizes["layernorm"] = {normalised(measured), normalised(odd)};
    sizes["layernorm_bwd"] = {with_gradient(normalised(measured), measured),
                              with_gradient(normalised(odd), odd)};
    sizes["softmax_bwd"] = {with_gradient(rows(measured), measured), with_gradient(rows(odd), odd)};
    const auto labelled = [](std::int64_t count, std::int64_t classes) {
        return by_elements({{"x", {count, classes}}, {"y", {count}, Kind::labels, classes}});
    };
    sizes["nll_loss_fb"] = {labelled(4096, 1000), labelled(4093, 997)};
}

void add_products(Sizes& sizes) {
    const auto product = [](std::int64_t m, std::int64_t k, std::int64_t n) {
        return SizedCase{{{"a", {m, k}}, {"b", {k, n}}}, elements({m, k, n})};
    };
    const auto square = [&](std::int64_t size) { return product(size, size, size); };
    sizes["gemm_64"] = {square(64), square(63)};
    sizes["gemm_128"] = {square(128), square(127)};
    sizes["gemm_256"] = {square(256), square(251)};
    sizes["gemm_512"] = {square(512), square(509)};
    sizes["gemm_1000"] = {square(1000), square(997)};
    for (const char* name : {"gemm_1024", "gemm_tn", "gemm_nt"}) {
        sizes[name] = {square(1024), square(1021)};
    }
    sizes["gemm_2048"] = {square(2048), square(2039)};
    sizes["gemm_ragged"] = {product(1009, 515, 769), product(1007, 513, 767)};
    sizes["gemm_1row"] = {product(1, 4096, 4096), product(1, 4093, 4091)};
    sizes["gemm_8rows"] = {product(8, 4096, 4096), product(7, 4093, 4091)};
    sizes["gemm_skinny"] = {product(32, 4096, 4096), product(31, 4093, 4091)};
    const auto batched = [](std::int64_t count, std::int64_t m, std::int64_t k, std::int64_t n) {
        return SizedCase{{{"a", {count, m, k}}, {"b", {count, k, n}}}, elements({count, m, k, n})};
    };
    sizes["gemm_batched"] = {batched(64, 128, 128, 128), batched(63, 127, 125, 123)};
    const auto with_vector = [](std::int64_t m, std::int64_t k) {
        return by_elements({{"a", {m, k}}, {"x", {k}}});
    };
    sizes["gemv"] = {with_vector(4096, 4096), with_vector(4093, 4091)};
    const auto layer = [&](std::int64_t m, std::int64_t k, std::int64_t n) {
        SizedCase its_case = product(m, k, n);
        its_case.inputs.push_back({"c", {n}});
        return its_case;
    };
    sizes["gemm_bias_gelu"] = {layer(512, 1024, 4096), layer(509, 1021, 4093)};
}

void add_attention(Sizes& sizes) {
    const auto heads = [](const Shape& shape) {
        return SizedCase{{{"q", shape}, {"k", shape}, {"v", shape}},
                         elements(shape) * static_cast<double>(shape[2])};
    };
    const Shape measured{4, 8, 256, 64};
    const Shape odd{3, 7, 253, 61};
    for (const char* name : {"attention", "attention_full"}) {
        sizes[name] = {heads(measured), heads(odd)};
    }
    sizes["attention_bwd"] = {with_gradient(heads(measured), measured),
                              with_gradient(heads(odd), odd)};
}

/// Filters keep their size, and depthwise ones their number: those are of the network, not of its
/// data. Pooled images have extents that the windows divide, as measured ones do: where they do
/// not, there is a crop besides.
void add_convolutions(Sizes& sizes) {
    struct Shapes {
        Shape x, w, y;
    };
    const auto add = [&](const std::string& name, const Shapes& measured, const Shapes& odd) {
        const auto sized = [](const Shapes& shapes) {
            const double products_for_each = elements(shapes.w) / static_cast<double>(shapes.w[0]);
            return SizedCase{{{"x", shapes.x}, {"w", shapes.w}},
                             elements(shapes.y) * products_for_each};
        };
        sizes[name] = {sized(measured), sized(odd)};
        sizes[name + "_bwd"] = {with_gradient(sized(measured), measured.y),
                                with_gradient(sized(odd), odd.y)};
    };
    add("conv3x3", {{8, 64, 56, 56}, {64, 64, 3, 3}, {8, 64, 56, 56}},
        {{7, 61, 55, 53}, {59, 61, 3, 3}, {7, 59, 55, 53}});
    add("conv1x1", {{8, 256, 28, 28}, {256, 256, 1, 1}, {8, 256, 28, 28}},
        {{7, 253, 27, 25}, {251, 253, 1, 1}, {7, 251, 27, 25}});
    add("conv7x7s2", {{8, 3, 224, 224}, {64, 3, 7, 7}, {8, 64, 112, 112}},
        {{7, 3, 221, 219}, {61, 3, 7, 7}, {7, 61, 111, 110}});
    add("dwconv3x3", {{8, 128, 56, 56}, {128, 1, 3, 3}, {8, 128, 56, 56}},
        {{7, 128, 55, 53}, {128, 1, 3, 3}, {7, 128, 55, 53}});
    const auto pooled = [](const Shape& x, const Shape& y) {
        return with_gradient(by_elements({{"x", x}}), y);
    };
    sizes["maxpool2x2_fb"] = {pooled({8, 64, 112, 112}, {8, 64, 56, 56}),
                              pooled({7, 61, 110, 106}, {7, 61, 55, 53})};
    const auto block = [](const Shape& x) {
        const std::int64_t channels = x[1];
        CaseInputs inputs{{"x", x}};
        for (const char* half : {"1", "2"}) {
            inputs.push_back({std::string("w") + half, {channels, channels, 3, 3}});
            for (const char* name : {"g", "b", "mu"}) {
                inputs.push_back({std::string(name) + half, {channels}});
            }
            inputs.push_back({std::string("var") + half, {channels}, Kind::positive});
        }
        return SizedCase{inputs, elements(x) * static_cast<double>(channels)};
    };
    sizes["resblock_fwd"] = {block({8, 64, 56, 56}), block({7, 61, 55, 53})};
}

CaseInputs training_inputs(const std::vector<Shape>& parameters, const CaseInputs& data,
                           bool with_moments) {
    CaseInputs inputs = data;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const std::string number = "." + std::to_string(i);
        inputs.push_back({"params" + number, parameters[i]});
        if (with_moments) {
            inputs.push_back({"m" + number, parameters[i]});
            inputs.push_back({"v" + number, parameters[i], Kind::positive});
        }
    }
    return inputs;
}

/// Every weight times every row, or position, of the batch.
double work_of_weights(const std::vector<Shape>& parameters, std::int64_t rows) {
    double weights = 0;
    for (const Shape& shape : parameters) {
        weights += elements(shape);
    }
    return weights * static_cast<double>(rows);
}

SizedCase perceptron(std::int64_t batch, std::int64_t pixels, std::int64_t hidden,
                     bool with_moments) {
    const std::int64_t classes = 10;
    const std::vector<Shape> parameters{{pixels, hidden}, {hidden},          {hidden, hidden},
                                        {hidden},         {hidden, classes}, {classes}};
    const CaseInputs data{{"x", {batch, pixels}}, {"y", {batch}, Kind::labels, classes}};
    return {training_inputs(parameters, data, with_moments), work_of_weights(parameters, batch)};
}

/// Of images of 28 x 28, most of whose work is in the convolutions.
SizedCase lenet(std::int64_t batch, std::int64_t first, std::int64_t second) {
    const std::int64_t features = 400;
    const std::int64_t classes = 10;
    const std::vector<Shape> parameters{{6, 1, 5, 5},      {6},      {16, 6, 5, 5},   {16},
                                        {features, first}, {first},  {first, second}, {second},
                                        {second, classes}, {classes}};
    const CaseInputs data{{"x", {batch, 1, 28, 28}}, {"y", {batch}, Kind::labels, classes}};
    return {training_inputs(parameters, data, false), static_cast<double>(batch)};
}

SizedCase gpt(std::int64_t batch, std::int64_t positions, std::int64_t width,
              std::int64_t vocabulary) {
    std::vector<Shape> parameters{{vocabulary, width}, {positions, width}};
    for (int block = 0; block < 2; ++block) {
        for (const Shape& shape : {Shape{width},
                                   {width},
                                   {width, 3 * width},
                                   {3 * width},
                                   {width, width},
                                   {width},
                                   {width},
                                   {width},
                                   {width, 4 * width},
                                   {4 * width},
                                   {4 * width, width},
                                   {width}}) {
            parameters.push_back(shape);
        }
    }
    for (const Shape& shape : {Shape{width}, {width}, {width, vocabulary}}) {
        parameters.push_back(shape);
    }
    const CaseInputs data{{"x", {batch, positions}, Kind::labels, vocabulary},
                          {"y", {batch, positions}, Kind::labels, vocabulary}};
    return {training_inputs(parameters, data, true),
            work_of_weights(parameters, batch * positions)};
}

void add_models(Sizes& sizes) {
    sizes["mlp_train"] = {perceptron(128, 784, 512, false), perceptron(127, 781, 509, false)};
    sizes["mlp_adam"] = {perceptron(128, 784, 512, true), perceptron(127, 781, 509, true)};
    sizes["convnet_train"] = {lenet(64, 120, 84), lenet(67, 119, 83)};
    sizes["gpt_nano_train"] = {gpt(8, 128, 128, 256), gpt(7, 127, 132, 253)};
}

}  // namespace

const std::map<std::string, CaseSizes>& case_sizes() {
    static const Sizes all = [] {
        Sizes sizes;
        add_elementwise(sizes);
        add_rows(sizes);
        add_products(sizes);
        add_attention(sizes);
        add_convolutions(sizes);
        add_models(sizes);
        return sizes;
    }();
    return all;
}

}  // namespace latent::peers
