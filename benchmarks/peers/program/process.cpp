#include "benchmarks/peers/program/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace latent::peers {

std::int64_t status_kilobytes(const std::string& key) {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
        if (word == key + ":") {
            std::int64_t value = 0;
            status >> value;
            return value;
        }
    }
    return 0;
}

void reset_peak_memory() {
    std::ofstream("/proc/self/clear_refs") << "5";
}

double busy_seconds_of_machine() {
    std::ifstream stat("/proc/stat");
    std::string name;
    double user = 0;
    double nice = 0;
    double system = 0;
    double idle = 0;
    double io_wait = 0;
    double interrupt = 0;
    double soft_interrupt = 0;
    double stolen = 0;
    stat >> name >> user >> nice >> system >> idle >> io_wait >> interrupt >> soft_interrupt >>
        stolen;
    return (user + nice + system + interrupt + soft_interrupt + stolen) /
           static_cast<double>(sysconf(_SC_CLK_TCK));
}

double processor_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace latent::peers
