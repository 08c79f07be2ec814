#include "codegen/runtime/linker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>

#include "codegen/runtime/environment.h"
#include "codegen/runtime/file.h"
#include "codegen/runtime/stub/stub_object.h"
#include "ir/errors.h"

namespace latent::codegen::runtime {
namespace {

constexpr std::array candidates = {"ld", "ld.lld", "ld.gold", "cc", "gcc", "clang"};

bool is_program(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

std::optional<std::filesystem::path> find_in_path(std::string_view name) {
    const std::string path = environment_text("PATH").value_or("");
    for (std::size_t begin = 0; begin < path.size();) {
        const std::size_t end = std::min(path.find(':', begin), path.size());
        auto program = std::filesystem::path(path.substr(begin, end - begin)) / name;
        if (program.is_absolute() && is_program(program)) {
            return program;
        }
        begin = end + 1;
    }
    return std::nullopt;
}

// `ld`, `ld.bfd`, `x86_64-linux-gnu-ld`, `mold` ... link by themselves; anything else is taken for
// a compiler driver.
bool links_by_itself(const std::filesystem::path& program) {
    std::string name = program.filename();
    name = name.substr(name.rfind('-') + 1);
    return name == "ld" || name.starts_with("ld.") || name == "ld64" || name == "lld" ||
           name == "mold";
}

std::vector<std::string> command_line(const Linker& linker, const std::vector<std::string>& inputs,
                                      const std::string& exports, const std::string& output) {
    const std::string script = "--version-script=" + exports;
    std::vector<std::string> options = {
        "--gc-sections",  // of other kernels in the object
        "-Bsymbolic",     // what a kernel calls is bound inside it
        "--hash-style=gnu", "--build-id=none", "--strip-all", "-znow", "-znoexecstack"};
    std::vector<std::string> command = {linker.program, "-shared", "-o", output};
    if (linker.is_compiler_driver) {
        command.emplace_back("-nostdlib");
        command.push_back(fmt::format("-Wl,{}", fmt::join(options, ",")));
        command.insert(command.end(), {"-Xlinker", script});  // the path may have commas
    } else {
        if (linker.program.filename() != "ld.gold") {
            // Sections share pages: a third of the size. Gold, which does so anyway, refuses the
            // word.
            options.emplace_back("-znoseparate-code");
        }
        command.push_back(script);
        command.insert(command.end(), options.begin(), options.end());
    }
    command.insert(command.end(), inputs.begin(), inputs.end());
    return command;
}

class SpawnSettings {
  public:
    explicit SpawnSettings(const std::string& messages_file) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, messages_file.c_str(),
                                         O_WRONLY | O_CREAT | O_APPEND, 0600);
        posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
        posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;
    ~SpawnSettings() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }

    const posix_spawn_file_actions_t* actions() const { return &actions_; }
    const posix_spawnattr_t* attributes() const { return &attributes_; }

  private:
    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
};

// Runs a program to its end; whether it succeeded. What it says goes to `messages_file`.
bool run(const std::vector<std::string>& command, const std::string& messages_file) {
    const SpawnSettings settings(messages_file);
    std::vector<char*> arguments;
    for (const std::string& argument : command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    pid_t child = 0;
    if (const int error = posix_spawn(&child, arguments[0], settings.actions(),
                                      settings.attributes(), arguments.data(), environ);
        error != 0) {
        throw CompileError(
            fmt::format("cannot start the linker {}: {}", command[0], error_text(error)));
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno == ECHILD) {
            return true;  // The program ignores SIGCHLD, so nobody knows: the output will tell.
        }
        if (errno != EINTR) {
            return false;
        }
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void write_input(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    if (!write_file(path, bytes)) {
        throw CompileError(
            fmt::format("cannot link a kernel: cannot write {}: {}; free some space or set TMPDIR",
                        path.string(), error_text(errno)));
    }
}

std::string text_of(const std::optional<std::vector<std::byte>>& bytes) {
    return bytes ? std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size())
                 : std::string();
}

}  // namespace

Linker find_linker() {
    if (const auto wanted = environment_text("LATENT_LINKER")) {
        const bool is_path = wanted->find('/') != std::string::npos;
        const auto program =
            is_path ? std::filesystem::path(*wanted) : find_in_path(*wanted).value_or("");
        if (!is_program(program)) {
            throw CompileError(
                fmt::format("LATENT_LINKER={} is not a program that can be run; unset it or name a "
                            "linker such as /usr/bin/ld",
                            *wanted));
        }
        return {program, !links_by_itself(program)};
    }
    for (const char* name : candidates) {
        if (const auto program = find_in_path(name)) {
            return {*program, !links_by_itself(*program)};
        }
    }
    throw CompileError(
        fmt::format("no linker was found to make a kernel loadable (looked for {} in PATH). "
                    "Install one (Debian, Ubuntu: apt install "
                    "binutils), or name one with LATENT_LINKER, or ship a kernel cache that was "
                    "filled on another machine of the same kind "
                    "and point LATENT_CACHE_DIR to it",
                    fmt::join(candidates, ", ")));
}

std::vector<std::byte> link_kernel(const Linker& linker, std::span<const std::byte> object,
                                   const std::string& symbol) {
    const TemporaryFolder folder;
    const std::string kernel = folder.path() / "kernel.o";
    const std::string stub = folder.path() / "stub.o";
    const std::string exports = folder.path() / "exports";
    const std::string output = folder.path() / "kernel.so";
    const std::string messages = folder.path() / "messages";
    write_input(kernel, object);
    write_input(stub, std::as_bytes(std::span(kernel_stub_object, kernel_stub_object_size)));
    // The entry and its tasks, for profilers.
    const std::string script = fmt::format("{{ global: {0}; {0}_*; local: *; }};\n", symbol);
    write_input(exports, std::as_bytes(std::span(script)));
    const bool succeeded = run(command_line(linker, {kernel, stub}, exports, output), messages);
    auto bytes = read_file(output);
    if (!succeeded || !bytes || bytes->empty()) {
        throw CompileError(fmt::format("the linker {} failed: {}", linker.program.string(),
                                       text_of(read_file(messages))));
    }
    return *std::move(bytes);
}

}  // namespace latent::codegen::runtime
