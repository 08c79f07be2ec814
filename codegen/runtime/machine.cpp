#include "codegen/runtime/machine.h"

#include <cpuid.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <string>

#include "codegen/runtime/environment.h"
#include "codegen/runtime/thread_pool.h"
#include "codegen/runtime/warning.h"

namespace latent::codegen::runtime {

namespace {

using ir::InstructionSet;

InstructionSet widest_of_cpu() {
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq");
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("f16c");
    return avx2 ? (avx512 ? InstructionSet::avx512 : InstructionSet::avx2) : InstructionSet::sse41;
}

/// Bytes of the first processor's last-level cache, as the kernel has it: sysconf gives on some
/// processors those of the whole package, of which a core reaches only its own part.
std::int64_t last_cache_size(std::int64_t fallback) {
    std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index3/size");
    std::int64_t size = 0;
    char unit = 0;
    if (!(file >> size >> unit) || size <= 0) {
        return fallback;
    }
    return unit == 'M' ? size << 20 : unit == 'K' ? size << 10 : fallback;
}

std::int64_t cache_size(int name, std::int64_t fallback) {
    const long size = sysconf(name);
    return size > 0 ? size : fallback;
}

}  // namespace

std::int64_t reached_cache_bytes(std::int64_t bytes, std::int64_t processors, bool is_mesh) {
    constexpr std::int64_t slice = 4 << 20;
    return is_mesh ? std::min(bytes, slice * std::max<std::int64_t>(processors, 1)) : bytes;
}

ir::Machine detect_machine(std::string_view limit) {
    ir::Machine machine;
    machine.instruction_set = widest_of_cpu();
    constexpr std::array all = {InstructionSet::sse41, InstructionSet::avx2,
                                InstructionSet::avx512};
    bool known = limit.empty();
    for (const InstructionSet set : all) {
        if (ir::name(set) == limit) {
            known = set <= machine.instruction_set;
            machine.instruction_set = std::min(set, machine.instruction_set);
        }
    }
    if (!known) {
        print_warning("LATENT_ISA=" + std::string(limit) +
                      " is not sse41, avx2 or avx512, or this CPU lacks it; using " +
                      std::string(ir::name(machine.instruction_set)));
    }
    switch (machine.instruction_set) {
        case InstructionSet::sse41:
            machine.vector_bytes = 16;
            machine.registers = 16;
            break;
        case InstructionSet::avx2:
            machine.vector_bytes = 32;
            machine.registers = 16;
            break;
        case InstructionSet::avx512:
            machine.vector_bytes = 64;
            machine.registers = 32;
            break;
    }
    const bool is_intel = __builtin_cpu_is("intel") != 0;
    machine.l1_bytes = cache_size(_SC_LEVEL1_DCACHE_SIZE, machine.l1_bytes);
    machine.l2_bytes = cache_size(_SC_LEVEL2_CACHE_SIZE, machine.l2_bytes);
    machine.l3_bytes =
        reached_cache_bytes(last_cache_size(cache_size(_SC_LEVEL3_CACHE_SIZE, machine.l3_bytes)),
                            hardware_threads(), is_intel);
    machine.slow_across_lines = is_intel;
    machine.processors = hardware_threads();
    return machine;
}

const ir::Machine& this_machine() {
    static const ir::Machine machine = detect_machine(environment_text("LATENT_ISA").value_or(""));
    return machine;
}

std::string cpu_name() {
    constexpr unsigned first_leaf = 0x80000002;
    constexpr unsigned leaves = 3;
    std::array<char, leaves * 4 * sizeof(unsigned)> text{};
    for (unsigned leaf = 0; leaf < leaves; ++leaf) {
        std::array<unsigned, 4> part{};
        if (__get_cpuid(first_leaf + leaf, part.data(), &part[1], &part[2], &part[3]) == 0) {
            return {};
        }
        std::memcpy(text.data() + leaf * sizeof(part), part.data(), sizeof(part));
    }
    return {text.data(), strnlen(text.data(), text.size())};
}

}  // namespace latent::codegen::runtime
