#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/frontend/support.h"

// Tables of wrong calls, one for each family of operations.

namespace latent::test {

/// A call that must be refused.
struct BadCall {
    int line;
    /// What the message begins with: the operation, or the layer or optimiser.
    std::string op;
    std::function<void()> call;
    /// What comes after the name and a colon.
    std::string words;
};

/// Checks calls, and remembers which operations have refused one.
class Refusals {
  public:
    /// Each call throws E with a message that begins with operation and words, and ends in the file
    /// and line of the call.
    template <typename E>
    void check(const std::vector<BadCall>& calls,
               std::source_location location = std::source_location::current()) {
        for (const BadCall& bad : calls) {
            check_message(message_of<E>(bad.call), bad.op + ": " + bad.words, bad, location);
        }
    }

    /// Each call is given a Tensor that names nothing.
    void check_undefined(const std::vector<BadCall>& calls,
                         std::source_location location = std::source_location::current()) {
        for (const BadCall& bad : calls) {
            check_message(message_of<ValueError>(bad.call), "a Tensor that names no value", bad,
                          location);
        }
    }

    const std::set<std::string>& operations() const { return operations_; }
    int count() const { return count_; }

  private:
    void check_message(const std::string& message, const std::string& start, const BadCall& bad,
                       const std::source_location& location) {
        operations_.insert(bad.op);
        ++count_;
        INFO(bad.op << " at line " << bad.line << ":\n" << message << "\nexpected " << start);
        CHECK(message.find(start) == 0);
        const std::string path = location.file_name();
        const std::string file = "(" + path.substr(path.rfind('/') + 1) + ":";
        const std::size_t position = message.rfind(file);
        CHECK(position != std::string::npos);
        if (position != std::string::npos) {
            // A call may be laid out over a few lines.
            const int line = std::stoi(message.substr(position + file.size()));
            CHECK(std::abs(line - bad.line) <= 3);
        }
    }

    std::set<std::string> operations_;
    int count_ = 0;
};

void check_elementwise_calls(Refusals& refusals);
void check_creation_calls(Refusals& refusals);
void check_arrangement_calls(Refusals& refusals);
void check_reduction_calls(Refusals& refusals);
void check_indexing_calls(Refusals& refusals);
void check_product_calls(Refusals& refusals);
void check_network_calls(Refusals& refusals);
void check_layer_calls(Refusals& refusals);
void check_training_calls(Refusals& refusals);
void check_gradient_calls(Refusals& refusals);

}  // namespace latent::test
