#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/line_reader.h"
#include "ir/region.h"

namespace latent::ir {

namespace {

std::string_view name(StrideClass stride) {
    switch (stride) {
        case StrideClass::zero:
            return "zero";
        case StrideClass::one:
            return "one";
        case StrideClass::tight:
            return "tight";
        case StrideClass::dense:
            return "dense";
        case StrideClass::two:
            return "two";
        case StrideClass::three:
            return "three";
        case StrideClass::four:
            return "four";
        case StrideClass::reversed:
            return "reversed";
        case StrideClass::any:
            return "any";
    }
    return "?";
}

std::string_view name(InputKind kind) {
    switch (kind) {
        case InputKind::scalar:
            return "scalar";
        case InputKind::strided:
            return "strided";
        case InputKind::indexed:
            return "indexed";
        case InputKind::affine:
            return "affine";
        case InputKind::position:
            return "position";
    }
    return "?";
}

std::string_view name(StageKind kind) {
    switch (kind) {
        case StageKind::load:
            return "load";
        case StageKind::indexed:
            return "indexed";
        case StageKind::constant:
            return "constant";
        case StageKind::elementwise:
            return "elementwise";
        case StageKind::reduce:
            return "reduce";
        case StageKind::contraction:
            return "contraction";
        case StageKind::scan:
            return "scan";
    }
    return "?";
}

std::string text_of(std::span<const StrideClass> strides) {
    std::vector<std::string_view> words;
    for (const StrideClass stride : strides) {
        words.push_back(name(stride));
    }
    return fmt::format("[{}]", fmt::join(words, ","));
}

/// `[+1*a0 -2*a2 guarded /2, stage 4]`
std::string text_of(std::span<const IndexedDim> index) {
    std::vector<std::string> dims;
    for (const IndexedDim& dim : index) {
        std::string text;
        for (const AtomTerm& term : dim.terms) {
            text += fmt::format("{}*a{} ", term.coefficient, term.atom);
        }
        if (dim.stage >= 0) {
            text += fmt::format("stage {} ", dim.stage);
        }
        if (dim.guarded) {
            text += fmt::format("guarded {} ", dim.divisor);
        }
        dims.push_back(text);
    }
    return fmt::format("[{}]", fmt::join(dims, ","));
}

std::string text_of(const Stage& stage) {
    std::string text = fmt::format("{} {}", name(stage.kind), latent::name(stage.dtype));
    switch (stage.kind) {
        case StageKind::load:
            return text + fmt::format(" input {}", stage.input);
        case StageKind::indexed:
            return text + fmt::format(" input {} {} [{}]", stage.input, text_of(stage.index),
                                      fmt::join(stage.operands, ","));
        case StageKind::constant:
            return text + " " + to_string(stage.literal);
        case StageKind::elementwise:
            return text +
                   fmt::format(" {} [{}]", ir::name(stage.op), fmt::join(stage.operands, ","));
        case StageKind::reduce:
        case StageKind::contraction:
            return text + fmt::format(" {} [{}] over [{}]", ir::name(stage.op),
                                      fmt::join(stage.operands, ","), fmt::join(stage.atoms, ","));
        case StageKind::scan:
            return text + fmt::format(" {} [{}] over [{}]{}", ir::name(stage.op),
                                      fmt::join(stage.operands, ","), fmt::join(stage.atoms, ","),
                                      stage.reverse ? " reverse" : "");
    }
    return text;
}

/// Reads what the functions above print.
class RequestParser {
  public:
    explicit RequestParser(std::string_view text) : text_(text) {}

    KernelRequest parse() {
        for (std::size_t number = 1; !text_.empty(); ++number) {
            const std::size_t end = text_.find('\n');
            LineReader line(text_.substr(0, end), number);
            text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
            if (!line.at_end()) {
                statement(line);
                line.expect_end();
            }
        }
        check_references();
        return std::move(request_);
    }

  private:
    Region& region() { return request_.region; }

    void statement(LineReader& line) {
        const std::string_view kind = line.word("atom, input, stage, result or schedule");
        if (kind == "atom") {
            region().atoms.push_back({line.number<std::int64_t>("a fixed extent or 0")});
        } else if (kind == "input") {
            RegionInput input;
            input.kind =
                named<InputKind>(line,
                                 {InputKind::scalar, InputKind::strided, InputKind::indexed,
                                  InputKind::affine, InputKind::position},
                                 "an input's kind");
            input.dtype = line.dtype();
            input.strides = strides(line);
            region().inputs.push_back(std::move(input));
        } else if (kind == "stage") {
            region().stages.push_back(stage(line));
        } else if (kind == "result") {
            RegionResult result;
            result.stage = line.number<int>("a stage");
            result.strides = strides(line);
            result.scatter = index(line);
            region().results.push_back(std::move(result));
        } else if (kind == "schedule") {
            schedule(line);
        } else {
            line.expected("atom, input, stage, result or schedule");
        }
    }

    template <typename E>
    static E named(LineReader& line, std::initializer_list<E> values, std::string_view what) {
        const std::string_view word = line.word(what);
        for (const E value : values) {
            if (name(value) == word) {
                return value;
            }
        }
        line.expected(what);
    }

    template <typename Read>
    static void list(LineReader& line, Read&& read) {
        line.expect('[');
        if (line.accept(']')) {
            return;
        }
        do {
            read();
        } while (line.accept(','));
        line.expect(']');
    }

    static std::vector<StrideClass> strides(LineReader& line) {
        std::vector<StrideClass> result;
        list(line, [&] {
            result.push_back(
                named<StrideClass>(line,
                                   {StrideClass::zero, StrideClass::one, StrideClass::tight,
                                    StrideClass::dense, StrideClass::two, StrideClass::three,
                                    StrideClass::four, StrideClass::reversed, StrideClass::any},
                                   "zero, one, tight, dense, two, three, four, reversed or any"));
        });
        return result;
    }

    static std::vector<int> integers(LineReader& line) {
        std::vector<int> result;
        list(line, [&] { result.push_back(line.number<int>("a number")); });
        return result;
    }

    static std::vector<IndexedDim> index(LineReader& line) {
        std::vector<IndexedDim> result;
        list(line, [&] {
            IndexedDim dim;
            while (!line.next_is(',') && !line.next_is(']')) {
                if (line.accept_word("stage")) {
                    dim.stage = line.number<int>("a stage");
                } else if (line.accept_word("guarded")) {
                    dim.guarded = true;
                    dim.divisor = line.number<std::int64_t>("a divisor");
                } else {
                    AtomTerm term;
                    term.coefficient = line.number<std::int64_t>("a coefficient");
                    line.expect('*');
                    line.expect('a');
                    term.atom = line.number<int>("an atom");
                    dim.terms.push_back(term);
                }
            }
            result.push_back(std::move(dim));
        });
        return result;
    }

    Stage stage(LineReader& line) const {
        Stage result;
        result.kind = named<StageKind>(
            line,
            {StageKind::load, StageKind::indexed, StageKind::constant, StageKind::elementwise,
             StageKind::reduce, StageKind::contraction, StageKind::scan},
            "a stage's kind");
        result.dtype = line.dtype();
        if (result.kind == StageKind::load || result.kind == StageKind::indexed) {
            if (!line.accept_word("input")) {
                line.expected("input");
            }
            result.input = line.number<int>("an input");
            if (result.kind == StageKind::indexed) {
                result.index = index(line);
                result.operands = integers(line);
            }
            return result;
        }
        if (result.kind == StageKind::constant) {
            line.field(result.literal);
            return result;
        }
        const auto op = op_named(line.word("an op"));
        if (!op) {
            line.expected("an op");
        }
        result.op = *op;
        result.operands = integers(line);
        if (result.kind != StageKind::elementwise) {
            if (!line.accept_word("over")) {
                line.expected("over");
            }
            result.atoms = integers(line);
            result.reverse = result.kind == StageKind::scan && line.accept_word("reverse");
        }
        return result;
    }

    void schedule(LineReader& line) {
        Schedule& schedule = request_.schedule;
        schedule.kind = named<Template>(
            line,
            {Template::pointwise, Template::row, Template::reduction, Template::contraction,
             Template::row_chain, Template::scan, Template::scatter},
            "a template");
        schedule.instruction_set = named<InstructionSet>(
            line, {InstructionSet::sse41, InstructionSet::avx2, InstructionSet::avx512},
            "an instruction set");
        for_each_field(schedule, [&](std::string_view field, auto& value) {
            if (!line.accept_word(field)) {
                line.expected(field);
            }
            read(line, value);
        });
    }

    static void read(LineReader& line, int& value) { value = line.number<int>("a number"); }
    static void read(LineReader& line, std::int64_t& value) {
        value = line.number<std::int64_t>("a number");
    }
    static void read(LineReader& line, bool& value) {
        value = line.accept_word("true");
        if (!value && !line.accept_word("false")) {
            line.expected("true or false");
        }
    }
    static void read(LineReader& line, Packing& value) {
        value = named<Packing>(line,
                               {Packing::none, Packing::columns, Packing::both, Packing::streamed,
                                Packing::deep, Packing::swept, Packing::dots},
                               "a packing");
    }
    static void read(LineReader& line, std::vector<int>& value) { value = integers(line); }

    [[noreturn]] static void fail(std::string_view problem) {
        throw ParseError(fmt::format("kernel request: {}", problem));
    }

    /// Every number that names an atom, input or stage is in range, and stages only use earlier
    /// ones.
    void check_references() {
        const Region& checked = request_.region;
        const auto in = [](int i, std::size_t count) {
            return i >= 0 && static_cast<std::size_t>(i) < count;
        };
        const auto check_index = [&](const std::vector<IndexedDim>& dims, std::size_t stages) {
            for (const IndexedDim& dim : dims) {
                for (const AtomTerm& term : dim.terms) {
                    if (!in(term.atom, checked.atoms.size())) {
                        fail("an index names an atom that is not there");
                    }
                }
                if (dim.stage >= 0 && !in(dim.stage, stages)) {
                    fail("an index names a later stage");
                }
            }
        };
        for (std::size_t i = 0; i < checked.stages.size(); ++i) {
            const Stage& stage = checked.stages[i];
            const bool reads = stage.kind == StageKind::load || stage.kind == StageKind::indexed;
            if (reads && !in(stage.input, checked.inputs.size())) {
                fail(fmt::format("stage {} reads an input that is not there", i));
            }
            for (const int operand : stage.operands) {
                if (!in(operand, i)) {
                    fail(fmt::format("stage {} uses a later stage", i));
                }
            }
            for (const int atom : stage.atoms) {
                if (!in(atom, checked.atoms.size())) {
                    fail(fmt::format("stage {} reduces an atom that is not there", i));
                }
            }
            check_index(stage.index, i);
        }
        for (const RegionResult& result : checked.results) {
            if (!in(result.stage, checked.stages.size())) {
                fail("a result names a stage that is not there");
            }
            check_index(result.scatter, checked.stages.size());
        }
    }

    std::string_view text_;
    KernelRequest request_;
};

}  // namespace

std::string print(const KernelRequest& request) {
    std::string text;
    const Region& region = request.region;
    for (const Atom& atom : region.atoms) {
        text += fmt::format("atom {}\n", atom.fixed);
    }
    for (const RegionInput& input : region.inputs) {
        text += fmt::format("input {} {} {}\n", name(input.kind), latent::name(input.dtype),
                            text_of(input.strides));
    }
    for (const Stage& stage : region.stages) {
        text += fmt::format("stage {}\n", text_of(stage));
    }
    for (const RegionResult& result : region.results) {
        text += fmt::format("result {} {} {}\n", result.stage, text_of(result.strides),
                            text_of(result.scatter));
    }
    text += fmt::format("schedule {} {}", ir::name(request.schedule.kind),
                        ir::name(request.schedule.instruction_set));
    for_each_field(request.schedule, [&](std::string_view field, const auto& value) {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::vector<int>>) {
            text += fmt::format(" {} [{}]", field, fmt::join(value, ","));
        } else if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Packing>) {
            text += fmt::format(" {} {}", field, ir::name(value));
        } else {
            text += fmt::format(" {} {}", field, value);
        }
    });
    return text + "\n";
}

KernelRequest parse_kernel_request(std::string_view text) {
    return RequestParser(text).parse();
}

}  // namespace latent::ir
