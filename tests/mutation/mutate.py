#!/usr/bin/env python3
"""Mutation test of the derivative rules.

Each mutant flips the sign of one contribution of a rule, drops a factor or a term, or leaves out a
guard. All mutants are compiled into one copy of the test program; the environment variable MUTANT
chooses which one is active. A mutant that no test notices survives, and is printed.

    tests/mutation/mutate.py build/release            all mutants
    tests/mutation/mutate.py build/release vjp_scan   those whose description has one of the words
    tests/mutation/mutate.py build/release --list     their descriptions
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path("passes/differentiation")
FILES = ["partials.cpp", "partials_binary.cpp", "vjp_rules.cpp", "vjp_reduce.cpp", "vjp_scan.cpp",
         "vjp_movement.cpp", "vjp_custom.cpp", "jvp.cpp", "jvp_rules.cpp", "jvp_structural.cpp",
         "gradient.cpp", "checkpoint.cpp"]
# Those of the largest graphs and of rewrites say nothing about derivatives.
SELECTED_TESTS = ["~*million*", "~*differential*"]
SECONDS_FOR_TESTS = 600

HEADER = """#pragma once
#include <cstdlib>
#include "passes/term.h"
inline bool mutant(int number) {
    static const char* const chosen = std::getenv("MUTANT");
    return chosen != nullptr && std::atoi(chosen) == number;
}
namespace latent::passes {
inline ir::Value flip(int number, const ir::Value& value) {
    if (!mutant(number) || !value || !is_floating(value.type().dtype)) {
        return value;
    }
    return ir::make(ir::Op::neg, {value}, value.node->location());
}
inline Term flip(int number, const Term& term) {
    return {flip(number, term.value()), term.location()};
}
}
"""

# Expressions that lose a factor, a term or a guard: file, expression, what takes its place.
REPLACEMENTS = [
    ("partials.cpp", "1.0 + x * x", "x * x"),
    ("partials.cpp", "1.0 - out * out", "out * out"),
    ("partials.cpp", "1.0 + out * out", "out * out"),
    ("partials.cpp", "2.0 * out", "out"),
    ("partials.cpp", "p.over_unbounded(1.0 + x)", "p.over_unbounded(x)"),
    ("partials.cpp", "(1.0 - x) * (1.0 + x)", "(1.0 - x)"),
    ("partials.cpp", "(-1.0 + x) * (1.0 + x)", "(1.0 + x)"),
    ("partials_binary.cpp", "n * power(base, n - 1)", "power(base, n - 1)"),
    ("partials_binary.cpp", "exponent * apply(Op::pow, base, exponent - exponent.filled(1))",
     "apply(Op::pow, base, exponent - exponent.filled(1))"),
    ("partials_binary.cpp", "p.result() * apply(Op::log, base)", "apply(Op::log, base)"),
    ("partials_binary.cpp", "0.5 * incoming", "incoming"),
    ("partials_binary.cpp", "quotient * p.result()", "quotient"),
    ("partials_binary.cpp", "scaled * x", "scaled"),
    ("partials_binary.cpp", "scaled * y", "scaled"),
    ("partials_binary.cpp", "y * y + x * x", "x * x"),
    ("partials_binary.cpp", "select(apply(Op::equal, exponent, zero), zero, slope)", "slope"),
    ("partials_binary.cpp", "select(flat, zero, slope)", "slope"),
    ("jvp_rules.cpp", "c.tangent(0) + c.tangent(1)", "c.tangent(0)"),
    ("jvp_rules.cpp", "c.tangent(0) - c.tangent(1)", "c.tangent(0)"),
    ("jvp_rules.cpp",
     "(Term(sum.value, c.location()) + Term(part.value, c.location())).value()", "sum.value"),
    ("jvp_structural.cpp", "scaled + c.tangent(1)", "scaled"),
    ("jvp_structural.cpp", "total / count", "total"),
    ("jvp_structural.cpp",
     "make_term(c, Op::contraction, c.tangent(0), c.operand(1)) + second", "second"),
    ("jvp_structural.cpp", "partial.times_unbounded(others)", "(c.tangent(0) * others)"),
    ("jvp_structural.cpp", "select(is_largest, zero, zero.filled(1))", "zero.filled(1)"),
    ("vjp_reduce.cpp", "(c.cotangent() / count).value()", "c.cotangent().value()"),
    ("vjp_reduce.cpp", "guarded(ct, ct * products_of_others(c.node()))",
     "(ct * products_of_others(c.node()))"),
    ("vjp_scan.cpp", "c.bounded(sums * moved(c.node(), c.result(), true))", "c.bounded(sums)"),
    ("vjp_scan.cpp", "select(is_largest, zero, zero.filled(1))", "zero.filled(1)"),
]
# Conditions that become false.
GUARDS = [
    ("partials.cpp", "incoming_may_vanish"),
    ("partials.cpp", "incoming_.unbounded && derivative"),
]
# Calls whose last argument is what a rule contributes.
CONTRIBUTIONS = re.compile(
    r"\b(p\.give|p\.give_masked|c\.contribute|c\.contribute_masked|c\.carry|c\.carry_masked)\(")


def closing(text, opening):
    """The position of the bracket that closes the one at `opening`."""
    depth = 0
    for position in range(opening, len(text)):
        if text[position] in "([{":
            depth += 1
        elif text[position] in ")]}":
            depth -= 1
            if depth == 0:
                return position
    sys.exit("unbalanced brackets")


def arguments_of(text):
    """The arguments of a call, split at its own commas."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return parts + [text[start:]]


class Mutator:
    """Instruments sources and numbers the mutants."""

    def __init__(self):
        self.descriptions = []

    def new(self, description):
        self.descriptions.append(description)
        return len(self.descriptions) - 1

    def instrument(self, name, text):
        text = self.replace_expressions(name, text)
        text = self.drop_guards(name, text)
        return '#include "mutant.h"\n' + self.flip_signs(name, text)

    def replace_expressions(self, name, text):
        for file, expression, replacement in REPLACEMENTS:
            if file != name:
                continue
            if expression not in text:
                sys.exit(f"{name} has no longer: {expression}")
            position = 0
            while (position := text.find(expression, position)) >= 0:
                number = self.new(f"{name}: {expression} becomes {replacement}")
                choice = f"(mutant({number}) ? ({replacement}) : ({expression}))"
                text = text[:position] + choice + text[position + len(expression):]
                position += len(choice)
        return text

    def drop_guards(self, name, text):
        for file, condition in GUARDS:
            if file != name:
                continue
            guard = f"if ({condition}) {{"
            if guard not in text:
                sys.exit(f"{name} has no longer: {guard}")
            number = self.new(f"{name}: without the guard {condition}")
            text = text.replace(guard, f"if (!mutant({number}) && {condition}) {{", 1)
        return text

    def flip_signs(self, name, text):
        result, position = "", 0
        while match := CONTRIBUTIONS.search(text, position):
            end = closing(text, match.end() - 1)
            arguments = arguments_of(text[match.end():end])
            result += text[position:match.end()]
            position = match.end()
            is_contribution = match.group(1).startswith("c.contribute")
            if is_contribution and len(arguments) < 2:
                continue  # a declaration or a call that only passes on
            # contribute(operand, value, masked ...)
            last = 1 if match.group(1) == "c.contribute" else len(arguments) - 1
            line = text[text.rfind("\n", 0, match.start()) + 1:text.find("\n", match.start())]
            rules = re.findall(r"\n(?:Term|void|Differential) (\w+)\(|case Op::(\w+)",
                               text[:match.start()])
            rule = "".join(rules[-1]) if rules else ""
            number = self.new(f"{name}: {rule}: flipped: {line.strip()}")
            value = arguments[last].strip()
            value = "Term" + value if value.startswith("{") else value
            arguments[last] = (" " if last else "") + f"flip({number}, {value})"
            result += ",".join(arguments) + ")"
            position = end + 1
        return result + text[position:]


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return done.stdout


def compile_mutants(build, work):
    """The test program with all mutants in it, and their descriptions."""
    mutator = Mutator()
    sources = work / FOLDER
    sources.mkdir(parents=True, exist_ok=True)
    (work / "mutant.h").write_text(HEADER)
    commands = json.loads((build / "compile_commands.json").read_text())
    objects = {}
    for name in FILES:
        source = sources / name
        source.write_text(mutator.instrument(name, (ROOT / FOLDER / name).read_text()))
        entry = next(entry for entry in commands if Path(entry["file"]) == ROOT / FOLDER / name)
        objects[name] = work / (name + ".o")
        arguments = shlex.split(entry["command"])
        arguments[arguments.index("-o") + 1] = str(objects[name])
        arguments[arguments.index("-c") + 1] = str(source)
        arguments += [f"-I{work}", f"-I{ROOT}", "-w", "-Wno-error"]
        run(arguments, entry["directory"])
    link = run(["ninja", "-t", "commands", "latent_tests_passes"], build).strip().splitlines()[-1]
    program = work / "tests"
    for name, file in objects.items():
        link = re.sub(r"\S+/" + re.escape(f"{FOLDER}/{name}") + r"\.o", str(file), link)
    link = link.replace("-o tests/latent_tests_passes", f"-o {program}")
    run(["sh", "-c", link], build)
    return program, mutator.descriptions


def is_noticed(program, number):
    environment = dict(os.environ, MUTANT=str(number))
    try:
        done = subprocess.run([program, "--abort", *SELECTED_TESTS], env=environment,
                              capture_output=True, timeout=SECONDS_FOR_TESTS)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path, help="a build folder that has latent_tests_passes")
    parser.add_argument("words", nargs="*", help="run the mutants whose description has one")
    parser.add_argument("--list", action="store_true", help="print the descriptions")
    options = parser.parse_args()
    build = options.build.resolve()
    program, descriptions = compile_mutants(build, build / "mutation")
    if options.list:
        for number, description in enumerate(descriptions):
            print(number, description)
        return
    if is_noticed(program, -1):
        sys.exit("the tests fail without a mutant")
    chosen = [number for number, description in enumerate(descriptions)
              if not options.words or any(word in description for word in options.words)]
    survivors = 0
    for number in chosen:
        if not is_noticed(program, number):
            survivors += 1
            print("survives:", descriptions[number], flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants are noticed")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
