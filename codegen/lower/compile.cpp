#include "codegen/lower/compile.h"

#include <Halide.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "codegen/compiler/compiler_api.h"
#include "codegen/lower/lower_module.h"
#include "codegen/lower/lowering.h"

namespace latent::codegen {

namespace {

using Halide::Target;

Target target_for(ir::InstructionSet set) {
    std::vector<Target::Feature> features = {Target::NoAsserts,   Target::NoBoundsQuery,
                                             Target::NoRuntime,   Target::LargeBuffers,
                                             Target::UserContext, Target::SSE41};
    if (set >= ir::InstructionSet::avx2) {
        features.insert(features.end(), {Target::AVX, Target::F16C, Target::FMA, Target::AVX2});
    }
    if (set >= ir::InstructionSet::avx512) {
        features.insert(features.end(), {Target::AVX512, Target::AVX512_Skylake});
    }
    return {Target::Linux, Target::X86, 64, features};
}

/// A folder that goes with its owner.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "latent-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) {
            throw CompileError("cannot make a temporary folder in " + pattern);
        }
        path_ = pattern;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string file(const std::string& name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    if (!file) {
        throw CompileError("cannot read back the generated code in " + path);
    }
    return std::move(bytes).str();
}

/// The lines of a statement that begin a loop, or the production of a Func.
std::string loops_of(const std::string& statement) {
    std::istringstream lines(statement);
    std::string loops;
    for (std::string line; std::getline(lines, line);) {
        const std::string_view text =
            std::string_view(line).substr(std::min(line.find_first_not_of(' '), line.size()));
        const bool loop =
            text.find("for (") != std::string_view::npos || text.starts_with("parallel (");
        if (loop || text.starts_with("produce ")) {
            loops += line + "\n";
        }
    }
    return loops;
}

void lower(Lowering& lowering) {
    switch (lowering.schedule().kind) {
        case ir::Template::pointwise:
            return lower_pointwise(lowering);
        case ir::Template::row:
            return lower_row(lowering);
        case ir::Template::reduction:
            return lower_reduction(lowering);
        case ir::Template::contraction:
            return lower_contraction(lowering);
        case ir::Template::row_chain:
            return lower_row_chain(lowering);
        case ir::Template::scan:
            return lower_scan(lowering);
        case ir::Template::scatter:
            return lower_scatter(lowering);
    }
}

#ifdef __SANITIZE_THREAD__
/// Halide compiles on stacks of its own making. The sanitizer cannot tell two of them apart that
/// were mapped at one address, one after the other.
const bool compiles_on_own_stack = (Halide::set_compiler_stack_size(0), true);
#endif

/// What Halide's code generator makes of a module: an object, or assembly.
std::string generated(const Halide::Module& module, Halide::OutputFileType type) {
    const TemporaryFolder folder;
    const std::string file = folder.file("generated");
    module.compile({{type, file}});
    return read_file(file);
}

/// One kernel as Halide's code generator takes it; nothing where neither code nor a note that needs
/// it is wanted.
std::optional<Halide::Module> lowered(const KernelText& kernel, unsigned wanted, bool want_object,
                                      Notes& notes) {
    const ir::KernelRequest request = ir::parse_kernel_request(kernel.request);
    Lowering lowering(request, "k");
    if (request.schedule.kind != *lowering.classification().kind) {
        throw CompileError("a schedule for another kind of kernel");
    }
    lower(lowering);
    if (lowering.classification().stored_rows > 0 && !lowering.inner_output().defined()) {
        throw CompileError("a schedule that does not store the rows beside their sums");
    }
    if ((wanted & latent_note_schedule) != 0) {
        std::string& schedule = notes["schedule"];
        for (const std::string& directive : lowering.log()) {
            schedule += directive + "\n";
        }
    }
    if (!want_object && (wanted & ~static_cast<unsigned>(latent_note_schedule)) == 0) {
        return std::nullopt;
    }
    Halide::Module module = lower_to_module(
        {lowering.output(), lowering.inner_output(), lowering.arguments(), lowering.facts()},
        kernel.symbol, target_for(request.schedule.instruction_set));
    const bool loop_nest = (wanted & latent_note_loop_nest) != 0;
    const bool statement = (wanted & latent_note_statement) != 0;
    if (statement || loop_nest) {
        std::ostringstream out;
        out << module.get_conceptual_stmt();
        if (loop_nest) {
            notes["loop nest"] = loops_of(out.str());
        }
        if (statement) {
            notes["statement"] = std::move(out).str();
        }
    }
    if ((wanted & latent_note_assembly) != 0) {
        notes["assembly"] = generated(module, Halide::OutputFileType::assembly);
    }
    return module;
}

/// One module with the functions of all.
Halide::Module joined(const std::vector<Halide::Module>& modules) {
    Halide::Module all(modules.front().name(), modules.front().target());
    all.set_any_strict_float(modules.front().any_strict_float());  // as of every kernel
    for (const Halide::Module& module : modules) {
        if (module.target() != all.target()) {
            throw CompileError("kernels for different instruction sets in one object");
        }
        for (const Halide::Internal::LoweredFunc& function : module.functions()) {
            all.append(function);
        }
        for (const Halide::Buffer<>& buffer : module.buffers()) {
            all.append(buffer);
        }
    }
    return all;
}

}  // namespace

CompiledKernels compile_kernels(std::span<const KernelText> kernels, unsigned notes,
                                bool want_object) {
    CompiledKernels result;
    std::vector<Halide::Module> modules;
    for (const KernelText& kernel : kernels) {
        auto module = lowered(kernel, notes, want_object, result.notes.emplace_back());
        if (module) {
            modules.push_back(*std::move(module));
        }
    }
    if (want_object) {
        result.object = generated(joined(modules), Halide::OutputFileType::object);
    }
    return result;
}

}  // namespace latent::codegen
