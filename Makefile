# Each target installs what it lacks: Python packages in .venv, others as Debian packages.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
JOBS ?= $(shell nproc)
BENCH_ARGS ?=
THREADS ?= 1
SEED ?= 1
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export CMAKE_BUILD_PARALLEL_LEVEL := $(JOBS)
export CTEST_PARALLEL_LEVEL := $(JOBS)

BUILD_PACKAGES := g++ libfmt-dev python3-venv
TEST_PACKAGES := $(BUILD_PACKAGES) catch2 nlohmann-json3-dev libcli11-dev
BENCH_PACKAGES := $(BUILD_PACKAGES) libbenchmark-dev libopenblas-dev libeigen3-dev

# GCC 12's thread sanitizer needs memory to be laid out as it expects.
FIXED_LAYOUT := $(shell setarch -R true 2>/dev/null && echo setarch -R)

SOURCE_FOLDERS := ir passes codegen frontend tests benchmarks examples tools
SOURCES = $(shell find $(SOURCE_FOLDERS) -name '*.h' -o -name '*.cpp' -o -name '*.c')

.PHONY: help build demo test bench bench-ops bench-peers ulp check-gradients fuzz mutate format check check-format check-includes check-tidy \
        check-asan check-tsan clean

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

build: .venv/.requirements  ## build the release preset
	@tools/ensure_packages.sh build $(BUILD_PACKAGES)
	cmake --preset release
	cmake --build --preset release

demo: .venv/.requirements  ## train on handwritten digits and show the kernels that came of it
	@tools/ensure_packages.sh demo $(BUILD_PACKAGES)
	cmake --preset release
	cmake --build --preset release --target example_digits
	build/release/examples/digits

test: .venv/.requirements  ## build and run all tests
	@tools/ensure_packages.sh test $(TEST_PACKAGES)
	cmake --preset release -DLATENT_BUILD_TESTS=ON -DLATENT_BUILD_CONFORMANCE=ON
	cmake --build --preset release
	ctest --preset release

bench: .venv/.requirements .venv/.requirements-benchmarks  ## build and run the benchmarks, print ratios (BENCH_ARGS=--benchmark_filter=...)
	@tools/ensure_packages.sh bench $(BENCH_PACKAGES)
	cmake --preset release -DLATENT_BUILD_BENCHMARKS=ON
	cmake --build --preset release --target benchmarks
	benchmarks/run.sh build/release/benchmarks $(BENCH_ARGS)

bench-ops: .venv/.requirements .venv/.requirements-operations  ## time every operation beside NumPy and PyTorch, write docs/operation_speed.md (THREADS=1 BENCH_ARGS=--rounds=3)
	@tools/ensure_packages.sh bench-ops $(BENCH_PACKAGES)
	cmake --preset release -DLATENT_BUILD_BENCHMARKS=ON
	cmake --build --preset release --target operation_benchmarks
	.venv/bin/python benchmarks/operations/compare.py \
	    build/release/benchmarks/operations/operation_benchmarks \
	    --threads $(THREADS) --output docs/operation_speed$(if $(filter-out 1,$(THREADS)),_$(THREADS)_threads).md \
	    $(BENCH_ARGS)

bench-peers: .venv/.requirements $(addprefix .venv/.requirements-,benchmarks operations peers)  ## compare with other libraries, write docs/peers.md and .html (BENCH_ARGS="--cases gemm,-gemm_2048 --rounds 1")
	@tools/ensure_packages.sh bench-peers $(BENCH_PACKAGES) nlohmann-json3-dev libcli11-dev
	cmake --preset release -DLATENT_BUILD_BENCHMARKS=ON
	cmake --build --preset release --target peer_cases
	.venv/bin/python benchmarks/peers/compare.py build/release/benchmarks/peers \
	    --results build/release/benchmarks/peers/results --report docs/peers.md $(BENCH_ARGS)

ulp: .venv/.requirements  ## measure the errors of functions over all of f32, write docs/accuracy.md
	@tools/ensure_packages.sh ulp $(TEST_PACKAGES)
	cmake --preset release -DLATENT_BUILD_TESTS=ON
	cmake --build --preset release --target latent_accuracy
	build/release/tests/latent_accuracy docs/accuracy.md

check-gradients: .venv/.requirements  ## compare gradients with differences at N random points each (N=10 SEED=1)
	@tools/ensure_packages.sh check $(TEST_PACKAGES)
	cmake --preset release -DLATENT_BUILD_TESTS=ON -DLATENT_BUILD_CONFORMANCE=ON
	cmake --build --preset release --target latent_conformance latent_tests_passes
	LATENT_GRADIENT_POINTS=$(or $(N),10) build/release/tests/latent_tests_passes "first and second derivatives*"
	build/release/tools/latent-conformance tests/conformance/data --gradients $(or $(N),10) --seed $(SEED)

fuzz: .venv/.requirements  ## compare random graphs on kernels with the interpreter (N=20000 SEED=1)
	@tools/ensure_packages.sh fuzz $(TEST_PACKAGES)
	cmake --preset release -DLATENT_BUILD_TESTS=ON
	cmake --build --preset release --target latent_fuzz
	build/release/tests/latent_fuzz --graphs $(or $(N),20000) --seed $(SEED) --jobs $(JOBS) --report

mutate: .venv/.requirements  ## flip signs and drop terms in the gradient rules; the tests must notice each
	@tools/ensure_packages.sh mutate $(TEST_PACKAGES)
	cmake --preset release -DLATENT_BUILD_TESTS=ON
	cmake --build --preset release --target latent_tests_passes
	$(PYTHON) tests/mutation/mutate.py build/release

format: .venv/.requirements-dev  ## format the sources
	clang-format -i $(SOURCES)

check: check-format check-includes check-tidy check-asan check-tsan  ## formatting, includes, lint, sanitizers

check-format: .venv/.requirements-dev
	@clang-format --dry-run -Werror $(SOURCES)

check-includes: .venv/.requirements
	$(PYTHON) .ci/check_includes.py

check-tidy: .venv/.requirements .venv/.requirements-dev
	@tools/ensure_packages.sh check $(BUILD_PACKAGES)
	cmake --preset release
	.ci/tidy build/release $(JOBS)

check-asan check-tsan: check-%: .venv/.requirements
	@tools/ensure_packages.sh check $(TEST_PACKAGES)
	cmake --preset $* -DLATENT_BUILD_TESTS=ON -DLATENT_BUILD_CONFORMANCE=ON
	cmake --build --preset $*
	$(FIXED_LAYOUT) ctest --preset $*

clean:  ## remove build/ (the Python packages in .venv stay)
	rm -rf build

define install_python_packages
	@tools/ensure_packages.sh $(or $(firstword $(MAKECMDGOALS)),build) python3-venv
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@echo "Installing in .venv: $$(grep -v '^#' $< | tr '\n' ' ')"
	@.venv/bin/python -m pip install -q --disable-pip-version-check --no-deps -r $< || { \
	    echo "pip could not install $<; is PyPI, or a mirror set in pip's configuration, reachable?" >&2; \
	    exit 1; }
	@touch $@
endef

.venv/.requirements: requirements.txt
	$(install_python_packages)

.venv/.requirements-dev: requirements-dev.txt
	$(install_python_packages)

.venv/.requirements-benchmarks: benchmarks/requirements.txt
	$(install_python_packages)

.venv/.requirements-operations: benchmarks/operations/requirements.txt
	$(install_python_packages)

.venv/.requirements-peers: benchmarks/peers/requirements.txt
	$(install_python_packages)
