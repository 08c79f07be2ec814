#include "benchmarks/peers/native_cases/onednn/primitive_case.h"

namespace latent::peers {

namespace {

dnnl::stream& stream() {
    static dnnl::stream only(processor());
    return only;
}

}  // namespace

const dnnl::engine& processor() {
    static const dnnl::engine only(dnnl::engine::kind::cpu, 0);
    return only;
}

Layout row_major(const Dims& dims) {
    Dims strides(dims.size(), 1);
    for (std::size_t axis = dims.size() - 1; axis > 0; --axis) {
        strides[axis - 1] = strides[axis] * dims[axis];
    }
    return {dims, dnnl::memory::data_type::f32, strides};
}

Layout any_layout(const Dims& dims) {
    return {dims, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any};
}

Dims PrimitiveCase::shape(const std::string& name) const {
    const Shape shape = file_[name].shape();
    return {shape.begin(), shape.end()};
}

dnnl::memory PrimitiveCase::input(const std::string& name, const Layout& layout) {
    arrays_.push_back(read_arrays(file_, {name}).front());
    return {layout, processor(), arrays_.back()->data()};
}

dnnl::memory PrimitiveCase::reordered_input(const std::string& name, const Layout& wanted) {
    dnnl::memory given = input(name, row_major(wanted.get_dims()));
    if (given.get_desc() == wanted) {
        return given;
    }
    const dnnl::memory reordered(wanted, processor());
    const Step step = reorder(given, reordered);
    if (times_reorders_) {
        steps_.push_back(step);
    } else {
        execute({step});
    }
    return reordered;
}

dnnl::memory PrimitiveCase::result(const Layout& written) {
    const Dims dims = written.get_dims();
    results_.push_back(std::make_shared<const Array>(dims));
    dnnl::memory final(row_major(dims), processor(), results_.back()->data());
    if (final.get_desc() == written) {
        return final;
    }
    const dnnl::memory memory(written, processor());
    result_reorders_.push_back(reorder(memory, final));
    return memory;
}

void PrimitiveCase::add(const dnnl::primitive& primitive, const Arguments& arguments) {
    steps_.push_back({primitive, arguments});
}

PrimitiveCase::Step PrimitiveCase::reorder(const dnnl::memory& from, const dnnl::memory& to) {
    return {dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}};
}

void PrimitiveCase::execute(const Steps& steps) {
    for (const Step& step : steps) {
        step.primitive.execute(stream(), step.arguments);
    }
    stream().wait();
}

PreparedCase PrimitiveCase::prepared() const {
    Steps timed = steps_;
    if (times_reorders_) {
        timed.insert(timed.end(), result_reorders_.begin(), result_reorders_.end());
    }
    return {.call = [timed, arrays = arrays_, results = results_] { execute(timed); },
            .results =
                [timed, after = result_reorders_, results = results_] {
                    execute(timed);
                    execute(after);
                    return elements_of(results);
                }};
}

}  // namespace latent::peers
