#include <elf.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/runtime/compiler_library.h"
#include "ir/errors.h"
#include "tests/support/statements.h"

using namespace latent;
using namespace latent::codegen::runtime;
using namespace latent::test;

namespace {

template <typename T>
T read(std::string_view bytes, std::size_t at) {
    T value;
    REQUIRE(at + sizeof(T) <= bytes.size());
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    return value;
}

/// The machine code of a kernel's functions: the kernel, its entry and its tasks.
std::multiset<std::string> code_of(const std::string& symbol, const CompiledObject& compiled) {
    const std::string_view object(reinterpret_cast<const char*>(compiled.object.data()),
                                  compiled.object.size());
    const auto header = read<Elf64_Ehdr>(object, 0);
    const auto section = [&](std::size_t index) {
        return read<Elf64_Shdr>(object, header.e_shoff + index * sizeof(Elf64_Shdr));
    };
    const std::size_t names = section(header.e_shstrndx).sh_offset;
    std::multiset<std::string> code;
    for (std::size_t i = 0; i < header.e_shnum; ++i) {
        const std::string name = object.data() + names + section(i).sh_name;
        if (name == ".text." + symbol || name.starts_with(".text." + symbol + "_")) {
            code.emplace(object.substr(section(i).sh_offset, section(i).sh_size));
        }
    }
    return code;
}

}  // namespace

TEST_CASE("a kernel's code does not depend on what is compiled with it", "[kernel_batches]") {
    const std::vector<CompileRequest> requests = {
        {request_of(R"(%x = parameter {index=0, dtype=f32, shape=[700]}
            %r = exp %x
            return %r)"),
         "exponential"},
        // No float is strict here.
        {request_of(R"(%a = parameter {index=0, dtype=f32, shape=[70,90]}
            %b = parameter {index=1, dtype=f32, shape=[90,80]}
            %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
            return %r)"),
         "product"},
        {request_of(R"(%x = parameter {index=0, dtype=i32, shape=[70,90]}
            %r = reduce_sum %x {axes=[1]}
            return %r)"),
         "sum"},
    };
    CompilerLibrary compiler;
    const CompiledObject together = compiler.compile(requests, latent_note_schedule);
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const CompiledObject alone = compiler.compile({&requests[i], 1}, latent_note_schedule);
        const auto code = code_of(requests[i].symbol, alone);
        CHECK(code.size() >= 2);
        CHECK(code_of(requests[i].symbol, together) == code);
        CHECK_FALSE(together.notes.at(i).at("schedule").empty());
    }
}

TEST_CASE("one request of a batch that cannot be read fails the batch", "[kernel_batches]") {
    CompilerLibrary compiler;
    const std::vector<CompileRequest> requests = {
        {request_of(R"(%x = parameter {index=0, dtype=f32, shape=[700]}
            %r = neg %x
            return %r)"),
         "good"},
        {"nonsense", "bad"},
    };
    CHECK_THROWS_AS(compiler.compile(requests, 0), latent::CompileError);
    CHECK_FALSE(compiler.compile({requests.data(), 1}, 0).object.empty());
}
