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

struct CaseSizes {
    CaseInputs measured;  ///< those of cases.py
    CaseInputs odd;       ///< near them, and no multiples of anything; needs no other kernels
};

const std::map<std::string, CaseSizes>& case_sizes();

}  // namespace latent::peers
