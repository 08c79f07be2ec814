#pragma once

#include <cstdint>

namespace latent::passes {

/// Whether a set of atoms holds one; false for -1, which stands for no atom.
inline bool has(std::uint64_t set, int atom) {
    return atom >= 0 && (set >> atom & 1) != 0;
}

}  // namespace latent::passes
