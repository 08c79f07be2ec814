#pragma once

#include <dnnl.hpp>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "benchmarks/peers/native_cases/native_case.h"

namespace latent::peers {

using Cases = std::map<std::string, LibraryCase>;
using Dims = dnnl::memory::dims;
using Layout = dnnl::memory::desc;

const dnnl::engine& processor();

/// f32, row-major.
Layout row_major(const Dims& dims);

/// f32, left to the primitive.
Layout any_layout(const Dims& dims);

/// Primitives that are executed one after the other. Where one wants another layout than
/// row-major, reorders are part of each call, or done once before and after.
class PrimitiveCase {
  public:
    using Arguments = std::unordered_map<int, dnnl::memory>;

    PrimitiveCase(const conformance::TensorFile& file, bool times_reorders)
        : file_(file), times_reorders_(times_reorders) {}

    Dims shape(const std::string& name) const;
    /// An input, taken to lie in that layout.
    dnnl::memory input(const std::string& name, const Layout& layout);
    /// A row-major input in another layout.
    dnnl::memory reordered_input(const std::string& name, const Layout& wanted);
    /// The next result, which is written in that layout.
    dnnl::memory result(const Layout& written);
    void add(const dnnl::primitive& primitive, const Arguments& arguments);

    PreparedCase prepared() const;

  private:
    struct Step {
        dnnl::primitive primitive;
        Arguments arguments;
    };
    using Steps = std::vector<Step>;

    static Step reorder(const dnnl::memory& from, const dnnl::memory& to);
    static void execute(const Steps& steps);

    const conformance::TensorFile& file_;
    bool times_reorders_;
    Arrays arrays_;  ///< owns what memories point to
    Arrays results_;
    Steps steps_;
    Steps result_reorders_;
};

void add_onednn_products(Cases& cases);
void add_onednn_convolutions(Cases& cases);
void add_onednn_normalisations(Cases& cases);
void add_onednn_elementwise(Cases& cases);

}  // namespace latent::peers
