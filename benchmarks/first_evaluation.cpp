#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "benchmarks/support.h"

extern char** environ;

/// The first evaluation in a fresh process, which compiles its kernel or finds it on disk. The
/// program starts itself for each measurement; inputs are made before the clock starts.
namespace latent::benchmarks {
namespace {

constexpr std::string_view child_flag = "--evaluate=";
constexpr std::int64_t extent = 256;

struct Measurement {
    double milliseconds = 0;
    unsigned long long compiled = 0;
};

Tensor pointwise(const Tensor& x) {
    return gelu(1.5f * x + 0.25f, Gelu::tanh);
}

Tensor layer(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    return gelu(matmul(x, weight) + bias, Gelu::tanh);
}

/// In the child: evaluates, and prints the milliseconds and the number of kernels compiled.
int evaluate(std::string_view work) {
    const std::vector<float> values(extent * extent, 0.5f);
    const Tensor x = Tensor::from(values, {extent, extent});
    const Tensor weight = Tensor::from(values, {extent, extent});
    const Tensor bias = Tensor::from(std::vector<float>(extent, 0.5f), {extent});
    const auto start = std::chrono::steady_clock::now();
    const Tensor result = work == "pointwise" ? pointwise(x) : layer(x, weight, bias);
    eval(result);
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    std::printf("%.6f %llu\n", elapsed.count(),
                static_cast<unsigned long long>(counters().kernels_compiled));
    return EXIT_SUCCESS;
}

class TemporaryFolder {
  public:
    TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "latent-XXXXXX").string()) {
        if (mkdtemp(path_.data()) == nullptr) {
            throw std::system_error(errno, std::generic_category(),
                                    "cannot make a folder " + path_);
        }
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

/// Runs this program again, with its kernels in `folder`.
Measurement run_child(const std::string& work, const TemporaryFolder& folder) {
    setenv("LATENT_CACHE_DIR", (folder.path() + "/kernels").c_str(), 1);
    unsetenv("LATENT_CACHE");  // It could be switched off.
    const std::string output = folder.path() + "/measurement";
    std::string program = "first_evaluation";
    std::string flag = std::string(child_flag) + work;
    char* arguments[] = {program.data(), flag.data(), nullptr};

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    pid_t child = 0;
    const int error = posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    if (error != 0 || waitpid(child, &status, 0) != child || status != 0) {
        throw std::runtime_error("the program could not be run again");
    }

    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(output.c_str(), "r"),
                                                               std::fclose);
    Measurement result;
    if (!file || std::fscanf(file.get(), "%lf %llu", &result.milliseconds, &result.compiled) != 2) {
        throw std::runtime_error("the measurement could not be read");
    }
    return result;
}

void first_evaluation(benchmark::State& state, const std::string& work, bool warm) {
    for (auto _ : state) {
        try {
            const TemporaryFolder folder;
            if (warm) {
                run_child(work, folder);
            }
            const Measurement measurement = run_child(work, folder);
            if ((measurement.compiled == 0) != warm) {
                state.SkipWithError(warm ? "compiled a kernel that should have been on disk"
                                         : "compiled nothing");
            }
            state.SetIterationTime(measurement.milliseconds / 1000);
        } catch (const std::exception& error) {
            state.SkipWithError(error.what());
        }
    }
}

/// One measurement is one repetition, so that their median is reported.
void median(benchmark::internal::Benchmark* benchmark) {
    benchmark->UseManualTime()->Iterations(1)->Repetitions(3)->ReportAggregatesOnly()->Unit(
        benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(first_evaluation, pointwise_cold, "pointwise", false)
    ->Name("first_pointwise_cold/latent")
    ->Apply(median);
BENCHMARK_CAPTURE(first_evaluation, pointwise_warm, "pointwise", true)
    ->Name("first_pointwise_warm/latent")
    ->Apply(median);
BENCHMARK_CAPTURE(first_evaluation, gemm_bias_gelu_cold, "gemm_bias_gelu", false)
    ->Name("first_gemm_bias_gelu_cold/latent")
    ->Apply(median);
BENCHMARK_CAPTURE(first_evaluation, gemm_bias_gelu_warm, "gemm_bias_gelu", true)
    ->Name("first_gemm_bias_gelu_warm/latent")
    ->Apply(median);

}  // namespace
}  // namespace latent::benchmarks

int main(int argc, char** argv) {
    using namespace latent::benchmarks;
    if (argc == 2 && std::string_view(argv[1]).starts_with(child_flag)) {
        return evaluate(std::string_view(argv[1]).substr(child_flag.size()));
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return EXIT_FAILURE;
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
