#pragma once

#include <Halide.h>

#include <map>
#include <vector>

#include "codegen/kernel_abi.h"

namespace latent::codegen {

/// The type in which values of a dtype are computed: integers below 32 bits in i32, f16 and bf16 in
/// f32.
Halide::Type compute_type(DType dtype);
/// The type in which they are stored: booleans take a byte; f16 and bf16 are two bytes of bits.
Halide::Type storage_type(DType dtype);
/// A value as it is computed, from storage and to it.
Halide::Expr from_storage(DType dtype, const Halide::Expr& stored);
Halide::Expr to_storage(DType dtype, const Halide::Expr& value);
/// The value of the dtype that a result of arithmetic in its compute type stands for: narrow
/// integers wrap, f16 and bf16 round to nearest, ties to even.
Halide::Expr rounded(DType dtype, const Halide::Expr& value);

/// The arguments of a kernel as Halide sees them.
class KernelInputs {
  public:
    explicit KernelInputs(const ir::Region& region);

    /// Extent of an atom: a number of the code or an argument.
    Halide::Expr extent(int atom) const { return extents_[static_cast<std::size_t>(atom)]; }
    /// Register tiles in a block of a contraction: `passes::row_block`.
    Halide::Expr row_block() const { return row_block_; }
    /// Panels of columns that it takes at a time: `passes::column_block`.
    Halide::Expr column_block() const { return column_block_; }
    int atom_count() const { return static_cast<int>(extents_.size()); }

    /// From now on coordinates along `atom` may lie past its extent, by less than `elements`: whole
    /// vectors are computed of which the last ones are not stored. What is contiguous along it is
    /// read past the end (`ir::readable_past_end`), all else at the last coordinate.
    void compute_past_end(int atom, int elements);
    /// Whether input `input` is read past the end of that atom, not clamped.
    bool is_read_past_end(int input, int atom) const;
    /// `coordinate` of `atom` where memory is not contiguous along it.
    Halide::Expr within(int atom, const Halide::Expr& coordinate) const;

    /// Elements between neighbours along `atom`, of a strided input that varies along it.
    Halide::Expr stride(int input, int atom) const;

    /// Where an affine input starts.
    Halide::Expr affine_offset(int input) const { return affine_offsets_.at(input); }
    /// Input `input` at these coordinates, one for each atom: scalar, strided, affine or
    /// position.
    Halide::Expr load(int input, const std::vector<Halide::Expr>& coordinates) const;
    /// Strided input `input` at these coordinates, as it is stored.
    Halide::Expr stored(int input, const std::vector<Halide::Expr>& coordinates) const;
    /// Indexed input `input` at these indices, one for each of its dimensions, outermost first.
    Halide::Expr load_at(int input, const std::vector<Halide::Expr>& indices) const;
    /// The same where `inside` holds; elsewhere nothing is read, and the value is anything.
    Halide::Expr load_inside(int input, const std::vector<Halide::Expr>& indices,
                             const Halide::Expr& inside) const;

    /// Run-time numbers of an indexed dimension, counted as in `indexed_dims`.
    Halide::Expr index_offset(int dim) const { return index_offsets_.at(dim); }
    Halide::Expr index_extent(int dim) const { return index_extents_.at(dim); }

    /// In the order of `kernel_arguments`, without the results.
    const std::vector<Halide::Argument>& arguments() const { return arguments_; }
    /// What holds of them in every call: no extent is negative, and no block empty.
    const std::vector<Halide::Expr>& facts() const { return facts_; }

  private:
    Halide::Expr stored_at(int input, const std::vector<Halide::Expr>& indices) const;
    void add_buffer(int input, std::span<const ir::StrideClass> strides, DType dtype);

    const ir::Region& region_;
    std::vector<Halide::Expr> extents_;
    std::uint64_t past_end_ = 0;  ///< the atoms along which coordinates may lie past the end
    int past_end_elements_ = 0;   ///< fewer than these
    Halide::Expr row_block_, column_block_;
    std::map<int, Halide::ImageParam> buffers_;
    std::map<int, Halide::Expr> scalars_;
    std::map<int, Halide::Expr> affine_offsets_;
    std::map<std::pair<int, int>, Halide::Expr> affine_strides_;
    std::map<int, Halide::Expr> index_offsets_;
    std::map<int, Halide::Expr> index_extents_;
    std::vector<Halide::Argument> arguments_;
    std::vector<Halide::Expr> facts_;
};

/// Tells Halide what is known of a buffer's strides, innermost dimension first: those that the
/// class says, and nothing else.
template <typename Buffer>
void describe_strides(Buffer&& buffer, std::span<const ir::StrideClass> innermost_first,
                      const ir::Region& region) {
    for (std::size_t i = 0; i < innermost_first.size(); ++i) {
        auto dim = buffer.dim(static_cast<int>(i));
        if (const auto stride = ir::known_stride(region, innermost_first[i])) {
            dim.set_stride(static_cast<std::int32_t>(*stride));
        } else if (i == 0) {
            dim.set_stride(Halide::Expr());
        }
    }
}

}  // namespace latent::codegen
