#include "tools/conformance/gradient_check.h"

#include <fmt/format.h>
#include <latent/latent.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

namespace latent::conformance {

namespace {

/// How the tensor that is differentiated by becomes the input of the operation.
enum class Arrangement { plain, transposed, sliced, flipped, broadcast };
constexpr std::array arrangements{Arrangement::plain, Arrangement::transposed, Arrangement::sliced,
                                  Arrangement::flipped, Arrangement::broadcast};

Axes reversed_axes(int rank) {
    std::vector<std::int64_t> axes;
    for (int i = rank; i-- > 0;) {
        axes.push_back(i);
    }
    return Axes(axes);
}

/// The arrangements that are their own way back.
Tensor rearranged(const Tensor& x, Arrangement arrangement) {
    if (arrangement == Arrangement::transposed) {
        return permute(x, reversed_axes(x.rank()));
    }
    return arrangement == Arrangement::flipped ? flip(x) : x;
}

/// A tensor of which `viewed` makes `x`, or something like it.
Tensor stored(const Tensor& x, Arrangement arrangement) {
    if (x.rank() == 0 || x.numel() == 0) {
        return x;
    }
    if (arrangement == Arrangement::broadcast) {
        return x.slice(0, 0, 1);
    }
    if (arrangement == Arrangement::sliced) {
        Shape shape(x.shape().span().first(static_cast<std::size_t>(x.rank()) - 1));
        shape.push_back(2 * x.extent(-1));
        return stack({full(x.shape(), 0.5, {.dtype = x.dtype()}), x}, -1).reshape(shape);
    }
    return rearranged(x, arrangement);
}

Tensor viewed(const Tensor& x, const Shape& shape, Arrangement arrangement) {
    if (shape.empty() || std::ranges::find(shape, 0) != shape.end()) {
        return x;
    }
    if (arrangement == Arrangement::broadcast) {
        return x.broadcast_to(shape);
    }
    if (arrangement == Arrangement::sliced) {
        return x.slice(-1, 1, std::nullopt, 2);
    }
    return rearranged(x, arrangement);
}

/// Far from 0 the widths of differences are lost in the rounding of the point; nor are infinities
/// and NaN points.
constexpr double largest_coordinate = 1e4;

double number(const Tensor& x) {
    return x.item<double>();
}

/// sum(a * b) over all tensors of two lists.
Tensor inner_product(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
    Tensor sum = full({}, 0.0, {.dtype = DType::f64});
    for (std::size_t i = 0; i < a.size(); ++i) {
        sum = sum + (a[i].cast(DType::f64) * b[i].cast(DType::f64)).sum();
    }
    return sum;
}

std::vector<Tensor> magnitudes(const std::vector<Tensor>& tensors) {
    std::vector<Tensor> result;
    for (const Tensor& tensor : tensors) {
        result.push_back(abs(tensor));
    }
    return result;
}

/// The slope of `function` at 0, and how far two estimates of it are from each other.
struct Slope {
    double value = 0;
    double error = std::numeric_limits<double>::infinity();
};

/// By central differences of several widths: the two neighbours that agree best. One-sided
/// differences that do not come together with the width make the error infinite.
Slope slope_at_zero(const std::function<double(double)>& function) {
    constexpr std::array widths{1e-2, 1e-3, 1e-4, 1e-5};
    const double middle = function(0);
    Slope best;
    double before = std::numeric_limits<double>::infinity();
    double jump = 0;
    for (const double width : widths) {
        const double right = function(width);
        const double left = function(-width);
        const double slope = (right - left) / (2 * width);
        const double error = std::abs(slope - before);
        if (error < best.error) {
            best = {slope, error};
        }
        before = std::isfinite(slope) ? slope : std::numeric_limits<double>::infinity();
        jump = std::abs(right - 2 * middle + left) / width;
    }
    if (!(jump <= 1e-2 * (1 + std::abs(best.value)))) {
        best.error = std::numeric_limits<double>::infinity();
    }
    return best;
}

/// One problem at one point in one arrangement.
class Instance {
  public:
    Instance(const GradientProblem& problem, Arrangement arrangement, bool moved, Key key,
             GradientTally& tally)
        : problem_(problem), arrangement_(arrangement), tally_(tally) {
        const auto [noise_key, direction_key, other_key, weight_key] = split<4>(key);
        weight_key_ = weight_key;
        for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
            const Tensor& input = problem.inputs[i];
            if (!is_floating(input.dtype())) {
                continue;
            }
            Tensor at = input.cast(DType::f64);
            at = where(abs(at) <= largest_coordinate, at, 0.5);
            if (moved) {
                const Tensor noise = random(noise_key, i, at.shape());
                at = at + 0.01 * noise * (0.1 + abs(at));
            }
            // Numbers that f32 holds too.
            points_.push_back(stored(at, arrangement).cast(DType::f32).cast(DType::f64).eval());
            directions_.push_back(random(direction_key, i, points_.back().shape()).eval());
            others_.push_back(random(other_key, i, points_.back().shape()).eval());
        }
    }

    void check(bool second_order) {
        ++tally_.instances;
        const auto [value, gradients] = value_and_grad(objective(), points_);
        const std::vector<Tensor>& slopes = gradients;
        const Tensor scales = inner_product(magnitudes(slopes), magnitudes(directions_));
        const Tensor along = inner_product(slopes, directions_);
        const auto [primal, forward] = jvp(objective(), points_, directions_);
        eval(value, scales, along, forward);
        if (!std::isfinite(number(value)) || !std::isfinite(number(scales))) {
            ++tally_.not_smooth;
            return;
        }
        const double scale = 1 + number(scales);
        require(
            std::abs(number(forward) - number(along)) <= 1e-9 * scale,
            fmt::format("forward mode gives {}, reverse mode {}", number(forward), number(along)));
        const bool smooth =
            compare([&](double width) { return number(objective()(moved_points(width))); },
                    number(along), scale, "gradient");
        if (!smooth) {
            return;
        }
        check_narrow(slopes);
        if (second_order) {
            check_second_order();
        }
    }

  private:
    static Tensor random(Key key, std::size_t i, const Shape& shape) {
        return normal(fold_in(key, i), shape, {.dtype = DType::f64});
    }

    /// sum(weights * function(views of the inputs)).
    std::function<Tensor(const std::vector<Tensor>&)> objective() const {
        return [this](const std::vector<Tensor>& at) {
            std::vector<Tensor> inputs = problem_.inputs;
            std::size_t next = 0;
            for (Tensor& input : inputs) {
                if (is_floating(input.dtype())) {
                    input = viewed(at[next++], input.shape(), arrangement_);
                }
            }
            std::vector<Tensor> results;
            std::vector<Tensor> weights;
            for (const Tensor& result : problem_.function(inputs)) {
                if (is_floating(result.dtype())) {
                    weights.push_back(random(weight_key_, results.size(), result.shape()));
                    results.push_back(result);
                }
            }
            return inner_product(results, weights);
        };
    }

    std::vector<Tensor> moved_points(double width) const {
        std::vector<Tensor> moved;
        for (std::size_t i = 0; i < points_.size(); ++i) {
            moved.push_back(points_[i] + width * directions_[i]);
        }
        return moved;
    }

    /// Whether the function is smooth along the direction. Counts and compares it then.
    bool compare(const std::function<double(double)>& function, double derivative, double scale,
                 std::string_view what) {
        const Slope slope = slope_at_zero(function);
        if (!(slope.error <= 1e-3 * scale)) {
            ++tally_.not_smooth;
            return false;
        }
        ++tally_.comparisons;
        ++tally_.by_operation[problem_.operation];
        require(std::abs(slope.value - derivative) <= 3 * slope.error + 1e-6 * scale,
                fmt::format("{} {}, differences give {} (to {:.1e})", what, derivative, slope.value,
                            slope.error));
        return true;
    }

    void check_second_order() {
        const auto slope_along_other = [&](const std::vector<Tensor>& at) {
            return inner_product(value_and_grad(objective(), at).second, others_);
        };
        const std::vector<Tensor> product = hvp(objective(), points_, directions_);
        const Tensor along = inner_product(product, others_);
        const Tensor scales = inner_product(magnitudes(product), magnitudes(others_));
        eval(along, scales);
        if (!std::isfinite(number(scales))) {
            ++tally_.not_smooth;
            return;
        }
        compare([&](double width) { return number(slope_along_other(moved_points(width))); },
                number(along), 1 + number(scales), "second derivative");
    }

    /// The gradient in f32 is about that in f64.
    void check_narrow(const std::vector<Tensor>& gradients) {
        std::vector<Tensor> narrow_points;
        for (const Tensor& point : points_) {
            narrow_points.push_back(point.cast(DType::f32));
        }
        const std::vector<Tensor> narrow = value_and_grad(objective(), narrow_points).second;
        for (std::size_t i = 0; i < gradients.size(); ++i) {
            if (gradients[i].numel() == 0) {
                continue;
            }
            const Tensor largest = abs(gradients[i]).max();
            const Tensor error = abs(narrow[i].cast(DType::f64) - gradients[i]).max();
            eval(largest, error);
            const bool fits = number(largest) < std::numeric_limits<float>::max() / 8;
            require(!fits || number(error) <= 1e-3 * (1 + number(largest)),
                    fmt::format("the gradient of input {} in f32 is off by {}, the largest is {}",
                                i, number(error), number(largest)));
        }
    }

    void require(bool holds, const std::string& otherwise) {
        if (!holds) {
            constexpr std::array names{"plain", "transposed", "sliced", "flipped", "broadcast"};
            tally_.failures.push_back(fmt::format("{} ({}): {}", problem_.name,
                                                  names[static_cast<std::size_t>(arrangement_)],
                                                  otherwise));
        }
    }

    const GradientProblem& problem_;
    Arrangement arrangement_;
    GradientTally& tally_;
    Key weight_key_{0};
    std::vector<Tensor> points_;
    std::vector<Tensor> directions_;
    std::vector<Tensor> others_;
};

}  // namespace

void check_gradients(const GradientProblem& problem, int count, std::uint64_t seed,
                     GradientTally& tally) {
    for (int i = 0; i < count; ++i) {
        for (const Arrangement arrangement : arrangements) {
            const auto kind = static_cast<std::uint64_t>(arrangement);
            const Key key = fold_in(fold_in(Key(seed), static_cast<std::uint64_t>(i)), kind);
            const bool is_given = i == 0 && arrangement == Arrangement::plain;
            Instance(problem, arrangement, !is_given, key, tally)
                .check(arrangement == Arrangement::plain ||
                       arrangement == Arrangement::transposed || i > 0);
        }
    }
}

}  // namespace latent::conformance
