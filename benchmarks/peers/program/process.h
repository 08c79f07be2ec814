#pragma once

#include <cstdint>
#include <string>

/// What the operating system says of this process. Sources: proc(5), `/proc/[pid]/status`,
/// `/proc/[pid]/clear_refs`, `/proc/stat`.
namespace latent::peers {

/// A value of /proc/self/status in kB, such as VmRSS or VmHWM; 0 where there is none.
std::int64_t status_kilobytes(const std::string& key);

/// Lets the peak of resident memory start again from what is resident now.
void reset_peak_memory();

/// Seconds that all processors of the machine were busy.
double busy_seconds_of_machine();

/// Seconds of processor time of this process.
double processor_seconds();

}  // namespace latent::peers
