#include "codegen/runtime/kernel_call.h"

#include <HalideRuntime.h>

#include <algorithm>
#include <cstring>
#include <exception>

#include "codegen/runtime/aligned_stack.h"
#include "codegen/runtime/sort.h"
#include "ir/errors.h"

namespace latent::codegen::runtime {
namespace {

/// Scratch up to this size stays with a task until its end: a loop over rows asks for the same
/// again and again, and the pool costs more than a short row.
constexpr std::size_t most_kept_scratch = std::size_t{1} << 18;

struct ParallelLoop {
    KernelCall& call;
    latent_kernel_task task;
    std::uint8_t* closure;
};

// A task gets a frame of its own: failures must not jump from one thread's stack to another's.
int run_task(void* opaque, int index) {
    const auto& loop = *static_cast<const ParallelLoop*>(opaque);
    KernelFrame frame(loop.call);
    return frame.enter([&] {
        return call_on_aligned_stack(loop.task, frame.user_context(), index, loop.closure);
    });
}

int run_in_place(void* context, latent_kernel_task task, int begin, int extent,
                 std::uint8_t* closure) {
    for (int i = 0; i < extent; ++i) {
        if (const int result = call_on_aligned_stack(task, context, begin + i, closure);
            result != 0) {
            return result;
        }
    }
    return 0;
}

}  // namespace

void KernelCall::record(Failure failure, const char* message) noexcept {
    Failure none = Failure::none;
    if (failure_.compare_exchange_strong(none, failure, std::memory_order_relaxed)) {
        std::strncpy(message_.data(), message, message_.size() - 1);
    }
}

KernelFrame::KernelFrame(KernelCall& call)
    : latent_kernel_context{&allocate_scratch, &release_scratch, &run_parallel, &sort_rows,
                            &record_error},
      call_(call) {}

KernelFrame::~KernelFrame() {
    for (const Scratch& scratch : scratch_) {
        give_back(scratch);
    }
}

KernelFrame& KernelFrame::from(latent_kernel_context* context) {
    return *static_cast<KernelFrame*>(context);
}

void* KernelFrame::try_allocate(std::size_t size) noexcept {
    // The smallest kept block that is large enough, or else the largest.
    Scratch* kept = nullptr;
    for (Scratch& scratch : scratch_) {
        const auto is_better = [size](std::size_t a, std::size_t b) {
            return a >= size ? b < size || a < b : b < size && a > b;
        };
        if (!scratch.in_use &&
            (kept == nullptr || is_better(scratch.block.capacity, kept->block.capacity))) {
            kept = &scratch;
        }
    }
    if (kept != nullptr && kept->block.capacity >= size) {
        kept->in_use = true;
        return kept->block.data;
    }
    if (kept != nullptr) {
        // The new one will serve for both: rows that grow would else leave blocks of all sizes.
        give_back(*kept);
        scratch_.erase(scratch_.begin() + (kept - scratch_.data()));
    }
    try {
        if (scratch_.size() == scratch_.capacity()) {
            scratch_.reserve(2 * scratch_.size() +
                             4);  // first, so that what is allocated can be remembered
        }
        const KernelLaunch& launch = call_.launch();
        std::byte* const spare = launch.spare != nullptr && size >= SpareMemory::least_bytes
                                     ? launch.spare->allocate(size)
                                     : nullptr;
        const bool is_spare = spare != nullptr;
        scratch_.push_back(
            {is_spare ? MemoryBlock{spare, size} : launch.memory.allocate(size), true, is_spare});
        return scratch_.back().block.data;
    } catch (const std::exception& failure) {
        call_.record(KernelCall::Failure::out_of_memory, failure.what());
        return nullptr;
    }
}

void KernelFrame::give_back(const Scratch& scratch) noexcept {
    const KernelLaunch& launch = call_.launch();
    if (scratch.is_spare) {
        launch.spare->release(scratch.block.data, scratch.block.capacity);
    } else {
        launch.memory.release(scratch.block);
    }
}

void* KernelFrame::allocate_scratch(latent_kernel_context* context, std::size_t size) {
    KernelFrame& frame = from(context);
    void* const memory = frame.try_allocate(size);
    if (memory == nullptr) {
        std::longjmp(frame.recovery_, 1);
    }
    return memory;
}

void KernelFrame::release_scratch(latent_kernel_context* context, void* memory) {
    KernelFrame& frame = from(context);
    std::vector<Scratch>& scratch = frame.scratch_;
    // The last one allocated is mostly the first one released.
    const auto found =
        std::find_if(scratch.rbegin(), scratch.rend(),
                     [memory](const Scratch& candidate) { return candidate.block.data == memory; });
    if (found == scratch.rend()) {
        return;
    }
    if (found->block.capacity <= most_kept_scratch) {
        found->in_use = false;
    } else {
        frame.give_back(*found);
        scratch.erase(std::next(found).base());
    }
}

int KernelFrame::run_parallel(latent_kernel_context* context, latent_kernel_task task, int begin,
                              int extent, std::uint8_t* closure) {
    KernelFrame& frame = from(context);
    const KernelLaunch& launch = frame.call_.launch();
    int result = 0;
    if (launch.parallel) {
        ParallelLoop loop{frame.call_, task, closure};
        result = launch.threads.parallel_for(begin, extent, &run_task, &loop);
    } else {
        result = run_in_place(frame.user_context(), task, begin, extent, closure);
    }
    if (result != 0) {
        frame.call_.record(KernelCall::Failure::other, "a parallel task failed");
        std::longjmp(frame.recovery_, 1);
    }
    return 0;
}

int KernelFrame::sort_rows(latent_kernel_context* context, halide_buffer_t* keys, int dimension,
                           halide_buffer_t* order) {
    if (keys->host == nullptr || order->host == nullptr) {
        // Halide asks which keys the positions come from.
        for (int i = 0; i < order->dimensions; ++i) {
            keys->dim[i].min = order->dim[i].min;
            keys->dim[i].extent = order->dim[i].extent;
        }
        return 0;
    }
    // Through the frame's memory: what throws cannot pass through the kernel.
    const halide_dimension_t& places = order->dim[dimension];
    SortKeys rows{keys->host, keys->type.bits, static_cast<std::size_t>(places.extent),
                  keys->dim[dimension].stride};
    SortedPositions positions{reinterpret_cast<std::int64_t*>(order->host), places.stride};
    for (int i = 0; i < order->dimensions; ++i) {
        if (i != dimension && order->dim[i].extent > 1) {
            rows.rows = static_cast<std::size_t>(order->dim[i].extent);
            rows.row_stride = keys->dim[i].stride;
            positions.row_stride = order->dim[i].stride;
        }
    }
    void* const scratch = allocate_scratch(context, sort_scratch_bytes(rows.count));
    sort_positions(rows, positions, scratch);
    release_scratch(context, scratch);
    return 0;
}

void KernelFrame::record_error(latent_kernel_context* context, const char* message) {
    from(context).call_.record(KernelCall::Failure::other, message);
}

}  // namespace latent::codegen::runtime
