#include "codegen/runtime/kernel_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "codegen/runtime/compile_batches.h"
#include "codegen/runtime/compile_effort.h"
#include "codegen/runtime/hash.h"
#include "codegen/runtime/linker.h"
#include "codegen/runtime/thread_pool.h"
#include "ir/errors.h"

namespace latent::codegen::runtime {
namespace {

using Clock = std::chrono::steady_clock;

std::string symbol_of(const std::string& key) {
    return "latent_kernel_" + hash_name(key);
}

/// Calls `work`, which does not throw, with each number below `count`, on at most `most` threads of
/// which this is one. They take the numbers in order.
void on_threads(std::size_t count, std::size_t most, const std::function<void(std::size_t)>& work) {
    std::atomic<std::size_t> next{0};
    const auto work_on = [&] {
        for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
            work(i);
        }
    };
    std::vector<std::jthread> helpers;
    try {
        while (helpers.size() + 1 < std::min(count, most)) {
            helpers.emplace_back(work_on);
        }
    } catch (const std::system_error&) {
        // No more threads to be had: those there are do the work.
    }
    work_on();
}

}  // namespace

/// A kernel that this call has promised to whoever asks for it meanwhile. One that it neither makes
/// nor fails to make, since it ended early, fails here, so that a later call tries again.
class KernelCache::Promised {
  public:
    Promised(const std::string& request, std::string key)
        : request_(request), key_(std::move(key)), future_(promise_.get_future().share()) {}
    Promised(const Promised&) = delete;
    Promised& operator=(const Promised&) = delete;
    ~Promised() {
        if (cache_ == nullptr) {
            return;
        }
        try {
            throw CompileError("the call that was to make this kernel ended before it did");
        } catch (...) {
            fail(std::current_exception());
        }
    }

    const std::string& request() const { return request_; }
    const std::string& key() const { return key_; }
    const std::shared_future<KernelRef>& future() const { return future_; }

    /// Others find it there.
    void made_in(KernelCache& cache) noexcept { cache_ = &cache; }
    void keep(KernelRef kernel) {
        promise_.set_value(std::move(kernel));
        cache_ = nullptr;
    }
    void fail(std::exception_ptr error) {
        std::exchange(cache_, nullptr)->forget(request_);
        promise_.set_exception(std::move(error));
    }

  private:
    const std::string& request_;
    const std::string key_;
    std::promise<KernelRef> promise_;
    const std::shared_future<KernelRef> future_;
    KernelCache* cache_ = nullptr;  // until the promise is kept or has failed
};

KernelCache::KernelCache(Options options, std::unique_ptr<Compiler> compiler)
    : options_(std::move(options)), compiler_(std::move(compiler)), disk_(options_.disk) {}

KernelCache::KernelRef KernelCache::get(const std::string& request) {
    return get_all({&request, 1}).front();
}

std::vector<KernelCache::KernelRef> KernelCache::get_all(std::span<const std::string> requests) {
    std::deque<Promised> promised;
    std::vector<std::shared_future<KernelRef>> futures;
    futures.reserve(requests.size());
    for (const std::string& request : requests) {
        futures.push_back(find_or_promise(request, promised));
    }
    std::vector<Promised*> missing;
    for (Promised& kernel : promised) {
        if (!load_from_disk(kernel)) {
            missing.push_back(&kernel);
        }
    }
    std::ranges::stable_sort(missing, std::ranges::greater(), [](const Promised* kernel) {
        return compile_effort(kernel->request());
    });
    compile_all(missing);
    // Only now, with every own promise kept, wait for those of other calls: so no two calls wait
    // for each other.
    std::vector<KernelRef> kernels;
    kernels.reserve(futures.size());
    for (const auto& future : futures) {
        kernels.push_back(future.get());
    }
    return kernels;
}

std::shared_future<KernelCache::KernelRef> KernelCache::find_or_promise(
    const std::string& request, std::deque<Promised>& promised) {
    const std::lock_guard lock(mutex_);
    if (const auto found = kernels_.find(request); found != kernels_.end()) {
        memory_hits_.fetch_add(1, std::memory_order_relaxed);
        return found->second;
    }
    Promised& kernel = promised.emplace_back(request, key(request));
    kernels_.emplace(request, kernel.future());
    kernel.made_in(*this);
    return kernel.future();
}

bool KernelCache::load_from_disk(Promised& kernel) {
    std::optional<KernelImage> image = disk_.load(kernel.key());
    if (!image) {
        return false;
    }
    try {
        kernel.keep(std::make_shared<const Kernel>(symbol_of(kernel.key()), kernel.request(),
                                                   *std::move(image),
                                                   KernelOrigin{.from_disk = true}));
    } catch (const std::exception& error) {
        options_.disk.warn(fmt::format(
            "a kernel from the disk cache cannot be used and is compiled again: {}", error.what()));
        return false;
    }
    disk_hits_.fetch_add(1, std::memory_order_relaxed);
    return true;
}

void KernelCache::compile_all(std::span<Promised* const> missing) {
    std::vector<double> efforts;
    efforts.reserve(missing.size());
    for (const Promised* kernel : missing) {
        efforts.push_back(compile_effort(kernel->request()));
    }
    const auto most_threads = static_cast<std::size_t>(hardware_threads());
    std::vector<std::span<Promised* const>> batches;
    for (std::size_t begin = 0; const std::size_t size : compile_batches(efforts, most_threads)) {
        batches.push_back(missing.subspan(begin, size));
        begin += size;
    }
    // Kernels that fail together are made one by one, so that each has what is its own: a kernel,
    // or an error.
    std::vector<std::span<Promised* const>> failed;
    failed.reserve(batches.size());  // no exception where memory runs out
    std::mutex failed_mutex;
    on_threads(batches.size(), most_threads, [&](std::size_t i) {
        try {
            compile(batches[i]);
        } catch (...) {
            const std::lock_guard lock(failed_mutex);
            failed.push_back(batches[i]);
        }
    });
    std::vector<Promised*> alone;
    for (const std::span<Promised* const> batch : failed) {
        alone.insert(alone.end(), batch.begin(), batch.end());
    }
    on_threads(alone.size(), most_threads, [&](std::size_t i) { compile({&alone[i], 1}); });
}

void KernelCache::compile(std::span<Promised* const> batch) {
    std::optional<CompiledBatch> compiled;
    try {
        compiled = compile_together(batch);
    } catch (...) {
        if (batch.size() > 1) {
            throw;
        }
        return batch.front()->fail(std::current_exception());
    }
    keep_promises(batch, *compiled);
}

void KernelCache::keep_promises(std::span<Promised* const> batch,
                                CompiledBatch& compiled) noexcept {
    for (std::size_t i = 0; i < batch.size(); ++i) {
        try {
            batch[i]->keep(make(*batch[i], compiled, i));
        } catch (...) {
            batch[i]->fail(std::current_exception());
        }
    }
}

KernelCache::CompiledBatch KernelCache::compile_together(std::span<Promised* const> batch) {
    std::vector<CompileRequest> requests;
    requests.reserve(batch.size());
    for (const Promised* kernel : batch) {
        requests.push_back({kernel->request(), symbol_of(kernel->key())});
    }
    const auto begin = Clock::now();
    CompiledObject kernels = compiler_->compile(requests, options_.notes);
    return {std::move(kernels), (Clock::now() - begin) / static_cast<double>(batch.size())};
}

KernelCache::KernelRef KernelCache::make(const Promised& kernel, CompiledBatch& compiled,
                                         std::size_t index) {
    const std::string symbol = symbol_of(kernel.key());
    KernelOrigin origin;
    origin.compile = compiled.time_for_each;
    const auto begin = Clock::now();
    KernelImage image{link_kernel(find_linker(), compiled.kernels.object, symbol),
                      std::move(compiled.kernels.notes[index])};
    origin.link = Clock::now() - begin;
    kernels_compiled_.fetch_add(1, std::memory_order_relaxed);
    disk_.store(kernel.key(), image);
    return std::make_shared<const Kernel>(symbol, kernel.request(), std::move(image), origin);
}

KernelNotes KernelCache::describe(const std::string& request, unsigned notes) {
    return compiler_->describe({request, symbol_of(key(request))}, notes);
}

void KernelCache::forget(const std::string& request) {
    const std::lock_guard lock(mutex_);
    kernels_.erase(request);
}

void KernelCache::clear() {
    const std::lock_guard lock(mutex_);
    kernels_.clear();
}

KernelCache::Statistics KernelCache::statistics() const {
    return {kernels_compiled_.load(std::memory_order_relaxed),
            disk_hits_.load(std::memory_order_relaxed),
            memory_hits_.load(std::memory_order_relaxed)};
}

std::string KernelCache::key(const std::string& request) const {
    return fmt::format("build {}\n{}", options_.build_id, request);
}

}  // namespace latent::codegen::runtime
