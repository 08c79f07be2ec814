#include "codegen/lower/kernel_inputs.h"

#include <algorithm>

#include "ir/storage.h"

namespace latent::codegen {

namespace {

using Halide::Argument;
using Halide::Expr;
using Halide::Param;

std::string numbered(const char* prefix, int number) {
    return prefix + std::to_string(number);
}

}  // namespace

KernelInputs::KernelInputs(const ir::Region& region)
    : region_(region), extents_(region.atoms.size()) {
    const auto number = [&](Halide::Type type, const std::string& name) -> Expr {
        const Halide::Parameter parameter(type, false, 0, name);
        arguments_.emplace_back(name, Argument::InputScalar, type, 0, Halide::ArgumentEstimates{});
        return Halide::Internal::Variable::make(type, name, parameter);
    };
    for (std::size_t i = 0; i < region.atoms.size(); ++i) {
        extents_[i] = static_cast<std::int32_t>(region.atoms[i].fixed);
    }
    for (const KernelArgument& argument : kernel_arguments(region)) {
        const int i = argument.index;
        switch (argument.kind) {
            case ArgumentKind::extent:
                extents_[static_cast<std::size_t>(i)] =
                    number(Halide::Int(32), numbered("extent", i));
                facts_.push_back(extents_[static_cast<std::size_t>(i)] >= 0);
                break;
            case ArgumentKind::row_block:
                row_block_ = number(Halide::Int(32), "row_block");
                facts_.push_back(row_block_ > 0);
                break;
            case ArgumentKind::column_block:
                column_block_ = number(Halide::Int(32), "column_block");
                facts_.push_back(column_block_ > 0);
                break;
            case ArgumentKind::scalar: {
                const DType dtype = region.inputs[static_cast<std::size_t>(i)].dtype;
                scalars_[i] =
                    from_storage(dtype, number(storage_type(dtype), numbered("scalar", i)));
                break;
            }
            case ArgumentKind::buffer: {
                const ir::RegionInput& input = region.inputs[static_cast<std::size_t>(i)];
                std::vector<ir::StrideClass> strides(input.strides.rbegin(), input.strides.rend());
                if (input.kind == ir::InputKind::strided) {
                    std::erase(strides, ir::StrideClass::zero);
                }
                add_buffer(i, strides, input.dtype);
                break;
            }
            case ArgumentKind::affine_offset:
                affine_offsets_[i] = number(Halide::Int(64), numbered("start", i));
                break;
            case ArgumentKind::affine_stride:
                affine_strides_[{i, argument.dimension}] = number(
                    Halide::Int(64), numbered("step", i) + numbered("_", argument.dimension));
                break;
            case ArgumentKind::index_offset:
                index_offsets_[i] = number(Halide::Int(32), numbered("index_offset", i));
                break;
            case ArgumentKind::index_extent:
                index_extents_[i] = number(Halide::Int(32), numbered("index_extent", i));
                break;
            case ArgumentKind::result:
                break;
        }
    }
}

void KernelInputs::add_buffer(int input, std::span<const ir::StrideClass> strides, DType dtype) {
    Halide::ImageParam buffer(storage_type(dtype), static_cast<int>(strides.size()),
                              numbered("input", input));
    describe_strides(buffer, strides, region_);
    for (int i = 0; i < buffer.dimensions(); ++i) {
        buffer.dim(i).set_min(0);
    }
    arguments_.push_back(buffer);
    buffers_.emplace(input, std::move(buffer));
}

void KernelInputs::compute_past_end(int atom, int elements) {
    for (const ir::RegionInput& input : region_.inputs) {
        if (static_cast<std::size_t>(elements) * byte_size(input.dtype) > ir::readable_past_end) {
            throw InternalError("vectors are longer than what can be read past the end of a row");
        }
    }
    past_end_ |= std::uint64_t{1} << atom;
    past_end_elements_ = std::max(past_end_elements_, elements);
}

bool KernelInputs::is_read_past_end(int input, int atom) const {
    const ir::RegionInput& description = region_.inputs[static_cast<std::size_t>(input)];
    const ir::StrideClass stride = description.strides[static_cast<std::size_t>(atom)];
    switch (stride) {
        case ir::StrideClass::one:
            return true;
        case ir::StrideClass::tight:
        case ir::StrideClass::two:
        case ir::StrideClass::three:
        case ir::StrideClass::four:
            return static_cast<std::size_t>(past_end_elements_ *
                                            *ir::known_stride(region_, stride)) *
                       byte_size(description.dtype) <=
                   ir::readable_past_end;
        case ir::StrideClass::zero:
        case ir::StrideClass::dense:
        case ir::StrideClass::reversed:
        case ir::StrideClass::any:
            return false;
    }
    return false;
}

Expr KernelInputs::stride(int input, int atom) const {
    const std::vector<ir::StrideClass>& strides =
        region_.inputs[static_cast<std::size_t>(input)].strides;
    // Dimensions are innermost first, without those of stride zero.
    const auto varies = [](ir::StrideClass stride) { return stride != ir::StrideClass::zero; };
    const auto inside = std::count_if(strides.begin() + atom + 1, strides.end(), varies);
    return buffers_.at(input).dim(static_cast<int>(inside)).stride();
}

Expr KernelInputs::within(int atom, const Expr& coordinate) const {
    return (past_end_ >> atom & 1) != 0 ? Halide::min(coordinate, extent(atom) - 1) : coordinate;
}

Expr KernelInputs::load(int input, const std::vector<Expr>& coordinates) const {
    const ir::RegionInput& description = region_.inputs[static_cast<std::size_t>(input)];
    if (description.kind == ir::InputKind::scalar) {
        return scalars_.at(input);
    }
    if (description.kind == ir::InputKind::position) {
        const auto along =
            static_cast<std::size_t>(std::ranges::find(description.strides, ir::StrideClass::one) -
                                     description.strides.begin());
        return rounded(description.dtype,
                       Halide::cast(compute_type(description.dtype), coordinates[along]));
    }
    if (description.kind == ir::InputKind::affine) {
        // What is seen through views are numbers of an iota, which a type of 32 bits holds, with
        // the differences between them.
        const Halide::Type type = compute_type(description.dtype);
        const bool short_numbers = type.is_int_or_uint() && type.bits() == 32;
        const Halide::Type wide = short_numbers ? type : Halide::Int(64);
        Expr value = Halide::cast(wide, affine_offsets_.at(input));
        for (std::size_t atom = 0; atom < description.strides.size(); ++atom) {
            if (description.strides[atom] != ir::StrideClass::zero) {
                value += Halide::cast(wide, affine_strides_.at({input, static_cast<int>(atom)})) *
                         Halide::cast(wide, coordinates[atom]);
            }
        }
        return rounded(description.dtype, Halide::cast(type, value));
    }
    return from_storage(description.dtype, stored(input, coordinates));
}

Expr KernelInputs::stored(int input, const std::vector<Expr>& coordinates) const {
    const ir::RegionInput& description = region_.inputs[static_cast<std::size_t>(input)];
    std::vector<Expr> indices;
    for (std::size_t atom = 0; atom < description.strides.size(); ++atom) {
        if (description.strides[atom] != ir::StrideClass::zero) {
            const int along = static_cast<int>(atom);
            indices.push_back(is_read_past_end(input, along) ? coordinates[atom]
                                                             : within(along, coordinates[atom]));
        }
    }
    return stored_at(input, indices);
}

Expr KernelInputs::stored_at(int input, const std::vector<Expr>& indices) const {
    const ir::RegionInput& description = region_.inputs[static_cast<std::size_t>(input)];
    std::vector<Expr> arguments(indices.rbegin(), indices.rend());
    if (description.kind == ir::InputKind::indexed) {
        // Along a dimension that repeats, all places are one, which a vector reads once.
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            if (description.strides[arguments.size() - 1 - i] == ir::StrideClass::zero) {
                arguments[i] = 0;
            }
        }
    }
    return buffers_.at(input)(arguments);
}

Expr KernelInputs::load_at(int input, const std::vector<Expr>& indices) const {
    return from_storage(region_.inputs[static_cast<std::size_t>(input)].dtype,
                        stored_at(input, indices));
}

Expr KernelInputs::load_inside(int input, const std::vector<Expr>& indices,
                               const Expr& inside) const {
    // Vectors of this intrinsic around a load become a predicated load.
    const Expr stored = stored_at(input, indices);
    return from_storage(
        region_.inputs[static_cast<std::size_t>(input)].dtype,
        Halide::Internal::Call::make(stored.type(), Halide::Internal::Call::if_then_else,
                                     {inside, stored}, Halide::Internal::Call::PureIntrinsic));
}

}  // namespace latent::codegen
