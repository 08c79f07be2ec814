#include "ir/parse.h"

#include <fmt/format.h>

#include <unordered_map>

#include "ir/default_attributes.h"
#include "ir/line_reader.h"

namespace latent::ir {

namespace {

class Parser {
  public:
    Graph parse(std::string_view text) {
        std::size_t number = 0;
        while (!text.empty()) {
            const std::size_t end = text.find('\n');
            LineReader line(text.substr(0, end), ++number);
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            if (!line.at_end()) {
                statement(line);
            }
        }
        if (!returned_) {
            throw ParseError(fmt::format("line {}: expected 'return'", number + 1));
        }
        return std::move(graph_);
    }

  private:
    void statement(LineReader& line) {
        if (returned_) {
            line.fail("expected nothing after 'return'");
        }
        if (line.accept('%')) {
            definition(line);
        } else if (line.word("'%' or 'return'") == "return") {
            graph_.results = values(line);
            returned_ = true;
        } else {
            line.fail("expected '%name = op ...' or 'return ...'");
        }
        line.expect_end();
    }

    void definition(LineReader& line) {
        const std::string_view defined = line.word("a value's name");
        line.expect('=');
        const Op op = this->op(line);
        const std::vector<Value> operands = values(line);
        const Attributes attributes = this->attributes(op, line);
        const Value value = node(op, attributes, operands, line);
        if (line.accept(':')) {
            if (const Type type = line.type(); type != value.type()) {
                line.fail(fmt::format("{} gives {}, not {}", name(op), to_string(value.type()),
                                      to_string(type)));
            }
        }
        if (!named_.emplace(defined, value).second) {
            line.fail(fmt::format("%{} is defined twice", defined));
        }
    }

    static Op op(LineReader& line) {
        const std::string_view word = line.word("an op");
        const std::optional<Op> op = op_named(word);
        if (!op) {
            line.fail(fmt::format("expected an op, '{}' is none", word));
        }
        if (*op == Op::buffer) {
            line.fail("the data of a buffer is not in the text: use parameter");
        }
        return *op;
    }

    static Value node(Op op, const Attributes& attributes, std::span<const Value> operands,
                      const LineReader& line) {
        try {
            return make(op, attributes, operands, std::source_location{});
        } catch (const Error& error) {
            line.fail(error.what());
        }
    }

    std::vector<Value> values(LineReader& line) const {
        std::vector<Value> result;
        if (!line.accept('%')) {
            return result;
        }
        do {
            const std::string_view name =
                result.empty() ? line.word("a value's name") : line.value_name();
            const auto found = named_.find(name);
            if (found == named_.end()) {
                line.fail(fmt::format("%{} is not defined above", name));
            }
            result.push_back(found->second);
        } while (line.accept(','));
        return result;
    }

    static Attributes attributes(Op op, LineReader& line) {
        Attributes result = default_attributes(op);
        std::visit([&](auto& held) { fields(held, line); }, result);
        return result;
    }

    template <typename S>
    static void fields(S& attributes, LineReader& line) {
        char opening = '{';
        std::apply(
            [&](const auto&... field) {
                ((line.expect(std::exchange(opening, ',')), field_name(field.name, line),
                  line.field(attributes.*(field.member))),
                 ...);
            },
            S::fields());
        if (opening == ',') {
            line.expect('}');
        }
    }

    static void field_name(std::string_view name, LineReader& line) {
        if (line.at_end() || line.word("a field") != name) {
            line.fail(fmt::format("expected the field '{}='", name));
        }
        line.expect('=');
    }

    Graph graph_;
    std::unordered_map<std::string_view, Value> named_;
    bool returned_ = false;
};

}  // namespace

Graph parse(std::string_view text) {
    return Parser().parse(text);
}

}  // namespace latent::ir
