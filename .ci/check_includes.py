#!/usr/bin/env python3
"""Checks which layer includes which. Run from the repository root; exits 1 on a breach."""

import pathlib
import re
import sys

COMPILER = ("codegen", "passes", "ir")
# What each folder may include of this project, by path from the root. The longest match counts.
ALLOWED = {
    "ir": ["ir"],
    "passes": ["passes", "ir"],
    "passes/differentiation": ["passes/differentiation", "passes/term.h", "ir"],
    "passes/rewriting": ["passes/rewriting", "passes/pass.h", "ir"],
    "passes/partition": ["passes/partition", "ir"],
    "passes/schedule": ["passes/schedule", "ir"],
    "codegen": ["codegen", "ir"],
    "frontend/include": ["frontend/include", "ir"],
    "frontend/tensor": ["frontend/tensor", *COMPILER],
    "frontend/execution": ["frontend/execution", "frontend/tensor", *COMPILER],
    "frontend/differentiation": [
        "frontend/differentiation", "frontend/execution", "frontend/tensor", *COMPILER],
    "frontend/operations": ["frontend/operations", "frontend/tensor", *COMPILER],
    "frontend/random": ["frontend/random", "frontend/tensor", *COMPILER],
    "frontend/nn": ["frontend/nn", "frontend/tensor", *COMPILER],
    "frontend/optim": ["frontend/optim", "frontend/tensor", *COMPILER],
}
HALIDE_FOLDERS = ("codegen/math", "codegen/lower", "codegen/compiler")
# Public headers; users see nothing but these and the standard library.
PUBLIC_FOLDERS = ("ir/include", "frontend/include")

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
STANDARD = re.compile(r"[a-z_0-9]+")


def public_header_root(name: str) -> str | None:
    """The folder of PUBLIC_FOLDERS that holds <name>, if one does."""
    return next((root for root in PUBLIC_FOLDERS if pathlib.Path(root, name).exists()), None)


def is_under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def breach(source: str, quote: str, name: str) -> str | None:
    layer = max((folder for folder in ALLOWED if is_under(source, folder)), key=len)
    own = ALLOWED[layer]
    layers = {folder.split("/")[0] for folder in own}
    if source.startswith(PUBLIC_FOLDERS):
        if quote == '"' or not (name.startswith("latent/") or STANDARD.fullmatch(name)):
            return "a public header includes <latent/...> and the standard library only"
    if name == "Halide.h" and not source.startswith(HALIDE_FOLDERS):
        return f"only {', '.join(HALIDE_FOLDERS)} may include Halide.h"
    if name.startswith("Halide") and layer != "codegen":
        return "only codegen may include Halide's headers"
    if quote == '"':
        if not pathlib.Path(name).exists():
            return "included by a path that does not start at the repository root"
        if not any(is_under(name, folder) for folder in own):
            return f"{layer} may include only {', '.join(own)}"
    elif name.startswith("latent/"):
        root = public_header_root(name)
        if root is None:
            return "no such public header"
        if root.split("/")[0] not in layers:
            return f"{layer} may include only {', '.join(layers)}; <{name}> is of {root}"
    return None


def main() -> int:
    breaches = 0
    checked = 0
    for layer in sorted({folder.split("/")[0] for folder in ALLOWED}):
        for path in sorted(pathlib.Path(layer).rglob("*")):
            if path.suffix not in (".h", ".cpp", ".c", ".def"):
                continue
            checked += 1
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                match = INCLUDE.match(line)
                reason = match and breach(path.as_posix(), *match.groups())
                if reason:
                    breaches += 1
                    print(f"{path}:{number}: {match[2]}: {reason}", file=sys.stderr)
    print(f"includes: {checked} files checked, {breaches} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
