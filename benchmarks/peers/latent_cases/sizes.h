#pragma once

#include <latent/latent.h>

#include <map>
#include <string>
#include <vector>

/// The shapes that the cases of SPEC.md are measured with, and others.
namespace latent::peers {

struct CaseInput {
    enum class Kind {
        normal,
        positive,
        labels,  ///< whole numbers from 0 to below `classes`
    };

    std::string name;
    Shape shape;
    Kind kind = Kind::normal;
    std::int64_t classes = 0;
};
using CaseInputs = std::vector<CaseInput>;

/// A case at one size. `work` grows as the time should: operations, or elements read.
struct SizedCase {
    CaseInputs inputs;
    double work;
};

struct CaseSizes {
    SizedCase measured;  ///< as in cases.py
    SizedCase odd;       ///< near it, and no multiples of anything; needs no other kernels
};

const std::map<std::string, CaseSizes>& case_sizes();

}  // namespace latent::peers
