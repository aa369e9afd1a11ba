# From a fresh machine to a report: `make demo`. The targets call the presets of CMakePresets.json.
#
#   TORCH_DIR=FOLDER   use this LibTorch instead of installing one (a site-packages folder with torch/, or LibTorch)
#   JOBS=N             number of compiler processes, and of tests at once (default: all processors)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TORCH_DIR ?=
JOBS ?= $(shell nproc)
export TORCH_DIR

# The folder of the preset `release`.
BUILD := build
PROGRAMS := scgan_sweep scgan_report scgan_fid scgan_translate
DEMO_OUT := out/quickstart

# Open MPI refuses to run as root without both variables.
ifeq ($(shell id -u),0)
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1
endif

.PHONY: help setup configure build test demo package gpu-test slurm-test chaos fuzz bench bench-report bench-step clean format tidy

help:
	@echo 'make demo      install missing packages, build, run a small sweep on 2 ranks, write its report'
	@echo 'make test      install missing packages, build, run all tests that need no GPU'
	@echo 'make build     build the programs into $(BUILD)/bin/'
	@echo 'make package   pack programs and Open MPI into $(BUILD)/package/*.tar.gz, for machines without our build packages'
	@echo 'make setup     install missing Debian packages and LibTorch, no more'
	@echo 'make gpu-test  run the tests that need a GPU'
	@echo 'make slurm-test  install and start a Slurm of two nodes on this host, run sweeps on it, stop it; needs root'
	@echo 'make chaos     run a sweep and kill its processes 200 times; SCGAN_CHAOS_KILLS=N, SCGAN_CHAOS_SEED=N'
	@echo 'make fuzz      run libFuzzer on each of our parsers for SECONDS=10; needs clang'
	@echo 'make bench     run the benchmarks'
	@echo 'make bench-report  time scgan_report on a store of 10,000 runs'
	@echo 'make bench-step  time the training step on the CPU, ours and that of a plain PyTorch program; BENCH="--threads 2"'
	@echo 'make format    run clang-format on all sources'
	@echo 'make tidy      run clang-tidy on all sources, or on FILES="..."; about a minute per file with LibTorch'
	@echo 'make clean     remove $(BUILD)/ and the demo, but not LibTorch in .deps/'
	@echo
	@echo 'TORCH_DIR=FOLDER uses an existing LibTorch, JOBS=N limits the compiler processes (now $(JOBS)).'

setup:
	@tools/setup

configure: setup
	@cmake --preset release --log-level=NOTICE

build: configure
	@cmake --build --preset release --parallel $(JOBS) --target $(PROGRAMS)

# --oversubscribe: Open MPI does not start two ranks on a machine with one core without it.
demo: build
	mpirun --oversubscribe -n 2 $(BUILD)/bin/scgan_sweep examples/quickstart.yaml --out $(DEMO_OUT)
	$(BUILD)/bin/scgan_report $(DEMO_OUT)
	@$(BUILD)/bin/scgan_report $(DEMO_OUT) --output $(DEMO_OUT)/report >/dev/null
	@echo
	@echo 'The report is in $(DEMO_OUT)/report:'
	@find $(DEMO_OUT)/report -type f \( -name '*.html' -o -name '*.svg' -o -name '*.csv' \) | sort | sed 's/^/  /'

test: configure
	@cmake --build --preset release --parallel $(JOBS)
	@ctest --preset release --parallel $(JOBS)

# The GPU tests go with it, for machines that have a GPU but no compiler.
package: configure
	@cmake --build --preset release --parallel $(JOBS) --target $(PROGRAMS) gpu_trial_programs
	@dir=$$(sed -n 's/^TORCH_DIR:PATH=//p' $(BUILD)/CMakeCache.txt); \
	  tools/make_package $(BUILD) "$${dir:-$$(echo .deps/venv/lib/python3*/site-packages)}"

gpu-test:
	@ls /dev/nvidia[0-9]* >/dev/null 2>&1 || { echo 'gpu-test: this machine has no NVIDIA GPU' >&2; exit 2; }
	@$(MAKE) --no-print-directory configure
	@cmake --build --preset release --parallel $(JOBS)
	@ctest --preset gpu

# `make test` runs it too, where Slurm is installed.
slurm-test:
	@[[ $$EUID == 0 ]] || { echo 'slurm-test: only root can start a Slurm of its own' >&2; exit 2; }
	@tools/setup --slurm
	@$(MAKE) --no-print-directory configure
	@cmake --build --preset release --parallel $(JOBS) --target slurm_test
	@tests/slurm/one_host_slurm true
	@ctest --preset release --label-regex slurm --parallel 2

# The same test as in `make test`, with more kills.
chaos: configure
	@cmake --build --preset release --parallel $(JOBS) --target e2e_chaos_test scgan_sweep scgan_report
	@SCGAN_CHAOS_KILLS=$${SCGAN_CHAOS_KILLS:-200} $(BUILD)/tests/e2e_chaos_test

# Clang builds them in a folder of their own; findings go to build-fuzz/found/.
SECONDS := 10
FUZZ := build-fuzz
CLANG ?= $(firstword $(shell command -v clang++-{14,15,16,17,18,19,20} clang++))
fuzz: setup
	@[[ -n '$(CLANG)' ]] || { echo 'fuzz: clang++ is missing: apt-get install clang libclang-rt-14-dev' >&2; exit 2; }
	@cmake -S tests/fuzz -B $(FUZZ) -G Ninja -DCMAKE_CXX_COMPILER='$(CLANG)' -DTORCH_DIR='$(TORCH_DIR)' --log-level=NOTICE
	@cmake --build $(FUZZ) --parallel $(JOBS)
	@mkdir -p $(FUZZ)/found
	@for fuzzer in $(FUZZ)/bin/*_fuzzer; do name=$$(basename $$fuzzer _fuzzer); echo "== $$name"; \
	  mkdir -p $(FUZZ)/corpus/$$name; \
	  ASAN_OPTIONS=detect_leaks=0 $$fuzzer -max_total_time=$(SECONDS) -rss_limit_mb=2048 -timeout=10 -verbosity=0 \
	    -print_final_stats=1 -artifact_prefix=$(FUZZ)/found/$$name- $(FUZZ)/corpus/$$name tests/fuzz/seeds/$$name; done

bench: configure
	@benches=$$(ninja -C $(BUILD) -t targets all | sed -n 's#^bin/\([a-z0-9_]*_bench\):.*#\1#p'); \
	  cmake --build --preset release --parallel $(JOBS) --target $$benches; \
	  for bench in $$benches; do echo "== $$bench"; $(BUILD)/bin/$$bench; done

# 10,000 runs of 200 loss points and six scores: the report must take 2 s as text, 5 s as HTML, 1 s for --status.
bench-report: configure
	@cmake --build --preset release --parallel $(JOBS) --target scgan_report
	@tests/benchmarks/report_bench.py $(BUILD)/bin/scgan_report

# With the Python whose torch is the LibTorch of the build, so that both programs have the same kernels.
BENCH :=
PYTHON ?= python3
bench-step: configure
	@cmake --build --preset release --parallel $(JOBS) --target step_bench
	@dir=$$(sed -n 's/^TORCH_DIR:PATH=//p' $(BUILD)/CMakeCache.txt); \
	  PYTHONPATH="$${dir:-$$(echo .deps/venv/lib/python3*/site-packages)}" \
	  $(PYTHON) tests/benchmarks/compare_steps.py $(BUILD)/bin/step_bench $(BENCH)

format:
	@git ls-files -z '*.h' '*.cc' | xargs -0 clang-format -i

# clang-tidy before version 15 does not find std::source_location in GCC 12's library; Debian 12 has clang-tidy-16.
CLANG_TIDY ?= $(firstword $(shell command -v clang-tidy-{20,19,18,17,16,15}) clang-tidy)
# clang-tidy takes each file's compiler command from a folder that is configured but never built.
FILES ?= $(shell git ls-files 'core/*.cc' 'distributed/*.cc' 'results/*.cc' 'sweeps/*.cc' 'tools/*.cc')
tidy: setup
	@cmake --preset tidy --log-level=NOTICE
	@printf '%s\n' $(FILES) | xargs -P $(JOBS) -n 1 $(CLANG_TIDY) -p build-tidy --quiet

clean:
	@rm -rf $(BUILD) $(DEMO_OUT)
