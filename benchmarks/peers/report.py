#!/usr/bin/env python3
"""The measurements of compare.py as a table and as a page with plots: report.py FOLDER OUTPUT.md"""

import io
import json
import pathlib
import statistics
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

import cases

OURS = "latent"
SECOND_SIZE = "odd"  # the variant of ours that is the same case at a second size
TUNED = "tuned"  # the variant of ours whose schedules were searched for by measurement
AUTOSCHEDULERS = "halide"  # each variant is one; they have a table of their own
MEMORY = ("array_peak_mb", "array_least_mb", "rss_growth_warm_mb")
WORTH_COUNTING = 0.05  # ms; shorter calls are overhead, and have cases of their own


class Row:
    """One case on some number of threads."""

    def __init__(self, case, threads, entries):
        self.case, self.threads = case, threads
        self.entries = {}
        self.failures = {}
        rounds = {}
        for entry in entries:
            if "warm_ms" in entry:
                rounds.setdefault((entry["peer"], entry["variant"]), []).append(entry)
            else:
                name = entry["variant"] if entry["peer"] == AUTOSCHEDULERS else entry["peer"]
                self.failures.setdefault(name, entry.get("error", ""))
        self.autoscheduled = {}  # medians
        self.second_size = None  # median for as much work as at the first size
        self.tuned = None  # median with tuned schedules
        for (peer, variant), measured in rounds.items():
            median = statistics.median(entry["warm_ms"] for entry in measured)
            if peer == AUTOSCHEDULERS:
                self.autoscheduled[variant] = median
                continue
            if variant == SECOND_SIZE:
                self.second_size = median / measured[0]["relative_work"]
                continue
            if variant == TUNED:
                self.tuned = median
                continue
            if peer not in self.entries or median < self.entries[peer]["median"]:
                self.entries[peer] = {
                    "rounds": len(measured), "median": median, "best": min(entry["min_ms"] for entry in measured),
                    "cold": statistics.median(entry["cold_ms"] for entry in measured),
                    "memory": {name: max(entry[name] for entry in measured) for name in MEMORY if name in measured[0]}}

    @property
    def fastest_peer(self):
        others = {peer: entry["median"] for peer, entry in self.entries.items() if peer != OURS}
        return min(others, key=others.get) if others else None

    @property
    def ratio(self):
        """Our median as a multiple of the fastest other's."""
        if OURS not in self.entries or self.fastest_peer is None:
            return None
        return self.entries[OURS]["median"] / self.entries[self.fastest_peer]["median"]

    def share_of_limit(self, limits):
        """The time that the machine needs at least, as a share of ours, and what limits it."""
        case = cases.CASES[self.case]
        least = max((case.flops or 0) / limits["flops"] if limits["flops"] else 0,
                    (case.bytes or 0) / limits["bandwidth"])
        return 1e3 * least / self.entries[OURS]["median"] if least and OURS in self.entries else None


def read(folder):
    rows, limits = {}, {}
    for path in sorted(folder.glob("machine.*.json")):
        limits[int(path.name.split('.')[1])] = json.loads(path.read_text())
    for path in folder.glob("*.json"):
        name, threads = path.name.split(".")[:2]
        if name != "machine":
            rows.setdefault(int(threads), {})[name] = Row(name, int(threads), json.loads(path.read_text()))
    order = list(cases.CASES)
    return {threads: [by_name[name] for name in order if name in by_name]
            for threads, by_name in sorted(rows.items())}, limits


def shown(milliseconds):
    digits = 0 if milliseconds >= 1000 else 1 if milliseconds >= 100 else 2 if milliseconds >= 1 else 4
    return f"{milliseconds:.{digits}f}"


def summary(rows, limits):
    counted = [row for row in rows if row.ratio and row.entries[OURS]["median"] > WORTH_COUNTING]
    if not counted:
        return "Nothing to compare."
    ratios = [row.ratio for row in counted]
    over = sum(ratio > 1.1 for ratio in ratios)
    at_limit = [row.ratio * min(1, row.share_of_limit(limits) or 1) for row in counted]
    return (f"{len(ratios)} cases over {1000 * WORTH_COUNTING:.0f} us: geometric mean of the ratios "
            f"{statistics.geometric_mean(ratios):.2f}, {over} over 1.1, worst {max(ratios):.2f}. Were each case of "
            f"Latent at its limit, the mean would be {statistics.geometric_mean(at_limit):.2f}.")


def table(rows, limits):
    peers = [OURS] + sorted({peer for row in rows for peer in row.entries} - {OURS})
    lines = ["| case | " + " | ".join(peers) + " | ratio | best | of the limit |", "| --- |" + " --: |" * (len(peers) + 3)]
    for row in rows:
        cells = []
        for peer in peers:
            if peer in row.entries:
                text = shown(row.entries[peer]["median"])
                cells.append(f"**{text}**" if peer == row.fastest_peer else text)
            else:
                cells.append("fails" if peer in row.failures and "NotImplemented" not in row.failures[peer] else "")
        share = row.share_of_limit(limits)
        cells += [f"{row.ratio:.2f}" if row.ratio else "",
                  shown(row.entries[OURS]["best"]) if OURS in row.entries else "", f"{share:.2f}" if share else ""]
        lines.append(f"| {row.case} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


MEMORY_EXPLAINED = (
    "MiB: the arrays that are alive at the worst moment of a call, inputs and results among them, by the library's own "
    "count; in brackets how far the process grew, compilers and pools included. `least` is what Latent's kernels need in "
    "their order: inputs, results and those values between them that are alive at once and find no room in results that "
    "are not written yet. The results of "
    "`optim` and `channels_last` steps of PyTorch are in place of their inputs.")


def memory_table(rows):
    """Of the cases that memory was measured of; None where there are none."""
    measured = [row for row in rows if any(entry["memory"] for entry in row.entries.values())]
    peers = [OURS] + sorted({peer for row in measured for peer in row.entries} - {OURS})
    lines = ["| case | least | " + " | ".join(peers) + " |", "| --- |" + " --: |" * (len(peers) + 1)]
    for row in measured:
        def shown_memory(peer):
            memory = row.entries[peer]["memory"] if peer in row.entries else {}
            peak, growth = memory.get("array_peak_mb"), memory.get("rss_growth_warm_mb")
            return " ".join(([f"{peak:.1f}"] if peak is not None else [])
                            + ([f"({growth:.1f})"] if growth is not None else []))

        least = row.entries.get(OURS, {"memory": {}})["memory"].get("array_least_mb")
        cells = [f"{least:.1f}" if least is not None else ""] + [shown_memory(peer) for peer in peers]
        lines.append(f"| {row.case} | " + " | ".join(cells) + " |")
    return "\n".join(lines) if measured else None


AUTOSCHEDULED_EXPLAINED = (
    "The same formulas as plain Halide algorithms with the sizes known, scheduled by Halide's autoschedulers: "
    "milliseconds, and as multiples of Latent's time.")


def autoscheduled_table(rows):
    """Latent's kernels beside those that Halide's autoschedulers make; None where there are none."""
    measured = [row for row in rows if row.autoscheduled and OURS in row.entries]
    names = sorted({name for row in measured for name in row.autoscheduled})
    lines = ["| case | latent | " + " | ".join(names) + " |", "| --- |" + " --: |" * (len(names) + 1)]
    for row in measured:
        ours = row.entries[OURS]["median"]
        cells = [f"{shown(row.autoscheduled[name])} ({row.autoscheduled[name] / ours:.1f})"
                 if name in row.autoscheduled else "fails" for name in names]
        lines.append(f"| {row.case} | {shown(ours)} | " + " | ".join(cells) + " |")
    return "\n".join(lines) if measured else None


def multiples(meaning, medians):
    """A line of each row's other median as a multiple of our own; none where there are no such."""
    ratios = {row.case: median / row.entries[OURS]["median"] for row, median in medians.items()
              if median and OURS in row.entries}
    if not ratios:
        return []
    return [f"- {meaning}: geometric mean {statistics.geometric_mean(ratios.values()):.2f}; "
            + ", ".join(f"{case} {ratio:.2f}" for case, ratio in ratios.items())]


def other_numbers(rows):
    lines = []
    for row in rows:
        case = cases.CASES[row.case]
        if case.group == "overhead":
            per_op = {peer: 1e3 * entry["median"] / case.ops for peer, entry in row.entries.items()}
            lines.append(f"- {row.case}, us for each operation: "
                         + ", ".join(f"{peer} {value:.3f}" for peer, value in sorted(per_op.items())))
    lines += multiples("Latent at a second, odd size, time for the same work as a multiple",
                       {row: row.second_size for row in rows})
    lines += multiples("Latent with schedules that tuning found, time as a multiple of the default's",
                       {row: row.tuned for row in rows})
    colds = [f"{row.case} {row.entries[OURS]['cold']:.0f}" for row in rows if OURS in row.entries]
    lines.append("- First call of Latent with empty caches, ms: " + ", ".join(colds))
    for row in rows:
        for peer, error in sorted(row.failures.items()):
            if peer not in row.entries and "NotImplemented" not in error:
                lines.append(f"- {peer} fails at {row.case}: {error}")
    return "\n".join(lines)


def plot(rows, threads):
    """Ratios of all cases as bars, as SVG text."""
    measured = [row for row in rows if row.ratio]
    figure, axes = plt.subplots(figsize=(9, 0.24 * len(measured) + 1.2))
    colors = ["tab:green" if row.ratio <= 1 else "tab:orange" if row.ratio <= 1.1 else "tab:red" for row in measured]
    axes.barh([row.case for row in measured], [row.ratio for row in measured], color=colors)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log", base=2)
    axes.invert_yaxis()
    axes.set_xlabel(f"time of Latent as a multiple of the fastest other library's, {threads} thread(s)")
    for i, row in enumerate(measured):
        axes.text(row.ratio, i, f" {row.ratio:.2f} {row.fastest_peer}", va="center", fontsize=7)
    figure.tight_layout()
    text = io.StringIO()
    figure.savefig(text, format="svg")
    plt.close(figure)
    return text.getvalue()[text.getvalue().index("<svg"):]


def html_table(markdown):
    rows = []
    for i, line in enumerate(markdown.splitlines()):
        if i != 1:
            tag = "th" if i == 0 else "td"
            cells = (cell.strip() for cell in line.strip("| ").split(" | "))
            rows.append("<tr>" + "".join(f"<{tag}>{cell.replace('**', '')}</{tag}>" for cell in cells) + "</tr>")
    return "<table>" + "\n".join(rows) + "</table>"


def measured_on(rows, limits):
    libraries = sorted({peer for row in rows for peer in row.entries})
    rounds = max(entry["rounds"] for row in rows for entry in row.entries.values())
    return f"{limits.get('processor', 'an unknown processor')}. {', '.join(libraries)}; {rounds} round{'s' if rounds > 1 else ''}."


def write(folder, output):
    rows_by_threads, limits = read(folder)
    introduction = ("Written by `make bench-peers`. Milliseconds of one call, medians over all rounds; bold is the fastest "
                    "of the others, `ratio` Latent's time as a multiple of it, `best` Latent's shortest call, `of the "
                    "limit` the time that multiply-adds at the measured peak or a copy of the least traffic would take, as "
                    "a share of Latent's.")
    markdown = ["# Latent beside other libraries", introduction]
    html = ["<!doctype html><meta charset='utf-8'><title>Latent beside other libraries</title>",
            "<style>body{font:14px sans-serif;margin:2em}td,th{padding:2px 8px;text-align:right}"
            "td:first-child{text-align:left}</style><h1>Latent beside other libraries</h1>"]
    for threads, rows in rows_by_threads.items():
        title = f"{threads} thread" + ("s" if threads > 1 else "")
        machine = (f"{measured_on(rows, limits[threads])} Peak of multiply-adds {limits[threads]['flops'] / 1e9:.0f} GFLOP/s, copy "
                   f"{limits[threads]['bandwidth'] / 1e9:.1f} GB/s.")
        content = table(rows, limits[threads])
        markdown += [f"## {title}", f"{machine} {summary(rows, limits[threads])}", content, other_numbers(rows)]
        html += [f"<h2>{title}</h2><p>{machine} {summary(rows, limits[threads])}</p>", plot(rows, threads), html_table(content)]
        for heading, explained, part in (("Memory", MEMORY_EXPLAINED, memory_table(rows)),
                                         ("Autoschedulers", AUTOSCHEDULED_EXPLAINED, autoscheduled_table(rows))):
            if part:
                markdown += [f"### {heading}, {title}", explained, part]
                html += [f"<h3>{heading}</h3><p>{explained.replace('`', '')}</p>", html_table(part)]
    output.write_text("\n\n".join(markdown) + "\n")
    output.with_suffix(".html").write_text("\n".join(html) + "\n")


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
