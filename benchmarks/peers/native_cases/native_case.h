#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "benchmarks/peers/program/program.h"

namespace latent::peers {

/// Row-major floats, aligned to cache lines.
class Array {
  public:
    explicit Array(std::vector<std::int64_t> shape) : shape_(std::move(shape)) {
        for (const std::int64_t extent : shape_) {
            size_ *= static_cast<std::size_t>(extent);
        }
        const std::size_t bytes = (size_ * sizeof(float) + alignment - 1) / alignment * alignment;
        data_.reset(static_cast<float*>(std::aligned_alloc(alignment, bytes)));
        if (data_ == nullptr) {
            throw std::bad_alloc();
        }
    }

    float* data() const { return data_.get(); }
    std::size_t size() const { return size_; }
    const std::vector<std::int64_t>& shape() const { return shape_; }
    /// For libraries that count with int.
    int extent(std::size_t axis) const { return static_cast<int>(shape_.at(axis)); }

  private:
    static constexpr std::size_t alignment = 64;
    struct Free {
        void operator()(float* data) const { std::free(data); }
    };

    std::vector<std::int64_t> shape_;
    std::size_t size_ = 1;
    std::unique_ptr<float[], Free> data_;
};

using Shapes = std::vector<std::vector<std::int64_t>>;
/// Shared by the calls of a case.
using Arrays = std::vector<std::shared_ptr<const Array>>;

/// A case that computes `results` of `inputs`, in the same memory each time. `shapes(inputs)` are
/// those of the results.
struct NativeCase {
    std::vector<std::string> inputs;
    std::function<Shapes(const Arrays& inputs)> shapes;
    std::function<void(const Arrays& inputs, const Arrays& results)> compute;
};

inline Arrays read_arrays(const conformance::TensorFile& file,
                          const std::vector<std::string>& names) {
    Arrays arrays;
    for (const std::string& name : names) {
        const Tensor tensor = file[name].eval();
        const Shape shape = tensor.shape();
        const auto array =
            std::make_shared<const Array>(std::vector<std::int64_t>(shape.begin(), shape.end()));
        std::ranges::copy(tensor.data<float>(), array->data());
        arrays.push_back(array);
    }
    return arrays;
}

inline std::vector<Elements> elements_of(const Arrays& arrays) {
    std::vector<Elements> elements;
    for (const auto& array : arrays) {
        elements.emplace_back(std::vector<float>(array->data(), array->data() + array->size()));
    }
    return elements;
}

inline LibraryCase library_case(const NativeCase& its_case) {
    return {.prepare = [its_case](const conformance::TensorFile& file, const std::string&) {
        const Arrays inputs = read_arrays(file, its_case.inputs);
        Arrays results;
        for (const std::vector<std::int64_t>& shape : its_case.shapes(inputs)) {
            results.push_back(std::make_shared<const Array>(shape));
        }
        const auto call = [compute = its_case.compute, inputs, results] {
            compute(inputs, results);
        };
        return PreparedCase{.call = call, .results = [call, results] {
                                call();
                                return elements_of(results);
                            }};
    }};
}

}  // namespace latent::peers
