#pragma once

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string_view>

#include "ir/attributes.h"

namespace latent::ir {

inline bool is_word_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

inline bool is_number_character(char c) {
    return is_word_character(c) || c == '+' || c == '-' || c == '.';
}

/// Reads one line, token by token.
class LineReader {
  public:
    LineReader(std::string_view line, std::size_t number)
        : line_(line.substr(0, line.find('#'))), number_(number) {
        skip_blanks();
    }

    bool at_end() const { return position_ == line_.size(); }

    [[noreturn]] void fail(std::string_view problem) const {
        throw ParseError(fmt::format("line {}: {}", number_, problem));
    }

    [[noreturn]] void expected(std::string_view what) const {
        fail(at_end() ? fmt::format("expected {} at the end of the line", what)
                      : fmt::format("expected {} before '{}'", what, line_.substr(position_)));
    }

    /// Takes `token` if it comes next.
    bool accept(char token) {
        if (at_end() || line_[position_] != token) {
            return false;
        }
        ++position_;
        skip_blanks();
        return true;
    }

    bool next_is(char token) const { return !at_end() && line_[position_] == token; }

    /// Takes `wanted` if it is the next whole word.
    bool accept_word(std::string_view wanted) {
        const std::string_view rest = line_.substr(position_);
        if (!rest.starts_with(wanted) ||
            (rest.size() > wanted.size() && is_word_character(rest[wanted.size()]))) {
            return false;
        }
        position_ += wanted.size();
        skip_blanks();
        return true;
    }

    void expect(char token) {
        if (!accept(token)) {
            expected(fmt::format("'{}'", token));
        }
    }

    void expect_end() const {
        if (!at_end()) {
            expected("the end of the line");
        }
    }

    std::string_view word(std::string_view what) { return take(is_word_character, what); }

    /// The name after '%'.
    std::string_view value_name() {
        expect('%');
        return word("a value's name");
    }

    template <typename T>
    T number(std::string_view what) {
        const std::size_t begin = position_;
        const std::string_view digits = take(is_number_character, what);
        T value{};
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc{} || end != digits.data() + digits.size()) {
            position_ = begin;
            expected(what);
        }
        return value;
    }

    DType dtype() {
        const std::size_t begin = position_;
        const std::string_view word = take(is_word_character, "a dtype");
        for (const DType dtype : all_dtypes) {
            if (name(dtype) == word) {
                return dtype;
            }
        }
        position_ = begin;
        expected("a dtype (bool, u8, i8, i16, i32, i64, f16, bf16, f32 or f64)");
    }

    Dims dims() {
        Dims result;
        expect('[');
        if (accept(']')) {
            return result;
        }
        do {
            if (result.size() == max_rank) {
                fail(fmt::format("a list has at most {} numbers", max_rank));
            }
            result.push_back(number<std::int64_t>("a whole number"));
        } while (accept(','));
        expect(']');
        return result;
    }

    Type type() {
        const DType element = dtype();
        return {element, dims()};
    }

    // One overload for each type that an attribute can have.
    void field(std::int64_t& value) { value = number<std::int64_t>("a whole number"); }
    void field(bool& value) {
        value = accept_word("true");
        if (!value && !accept_word("false")) {
            expected("true or false");
        }
    }
    void field(DType& value) { value = dtype(); }
    void field(Dims& value) { value = dims(); }
    void field(Literal& value) {
        const DType element = dtype();
        expect(':');
        switch (element) {
            case DType::boolean:
                if (const auto bit = number<std::int64_t>("0 or 1"); bit == 0 || bit == 1) {
                    value = {element, bit};
                    return;
                }
                fail("expected 0 or 1 for a bool");
            case DType::u8:
                return whole_number<std::uint8_t>(value, element);
            case DType::i8:
                return whole_number<std::int8_t>(value, element);
            case DType::i16:
                return whole_number<std::int16_t>(value, element);
            case DType::i32:
                return whole_number<std::int32_t>(value, element);
            case DType::i64:
                return whole_number<std::int64_t>(value, element);
            case DType::f16:
            case DType::bf16:
            case DType::f32:
                value = {element,
                         double{number<float>(fmt::format("an {} number", name(element)))}};
                return;
            case DType::f64:
                value = {element, number<double>("an f64 number")};
                return;
        }
    }

  private:
    template <typename T>
    void whole_number(Literal& value, DType dtype) {
        value = {dtype, std::int64_t{number<T>(fmt::format("an {} number", name(dtype)))}};
    }

    void skip_blanks() {
        while (!at_end() &&
               (line_[position_] == ' ' || line_[position_] == '\t' || line_[position_] == '\r')) {
            ++position_;
        }
    }

    std::string_view take(bool (*belongs)(char), std::string_view what) {
        const std::size_t begin = position_;
        while (!at_end() && belongs(line_[position_])) {
            ++position_;
        }
        const std::string_view token = line_.substr(begin, position_ - begin);
        if (token.empty()) {
            expected(what);
        }
        skip_blanks();
        return token;
    }

    std::string_view line_;
    std::size_t number_;
    std::size_t position_ = 0;
};

}  // namespace latent::ir
