# The front door. `make` alone lists what it can do. Needed before: root, git, make.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build demo test bench fuzz fmt check clean mutation-check
export HOME := $(or $(HOME),/root)

# Suites (CTest labels) of `make test`, and seconds for each fuzzer of `make fuzz`.
SUITES ?=
FUZZ_SECONDS ?= 300

python := /usr/bin/python3
need_root = $(if $(filter 0,$(shell id -u)),,$(error "make $@" makes network namespaces and loads BPF programs: run it as root))

help: ## this list
	@awk -F '(: *|## )' '/^[a-z-]+:.*## /{printf "make %-15s %s\n", $$1, $$NF}' Makefile | sort

setup:
	@tests/support/setup

build: setup ## build/release/podmirror
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build build/release

demo: ## real packets from two pods to two collectors, judged from the outside (root, under 1 minute when built)
	$(need_root)
	@tests/support/setup
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build build/release --target podmirror
	@tests/demo/run

test: ## every suite; SUITES="unit golden" runs some (root)
	$(need_root)
	@tests/support/setup
	@$(python) tests/support/suites.py $(SUITES)

bench: ## what mirroring costs, against its peers in the same run (root)
	$(need_root)
	@tests/support/setup
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build build/release --target podmirror bench_tool bench_push bench_compile
	@tests/bench/run
	@build/release/tests/bench/bench_push
	@build/release/tests/bench/bench_compile

fuzz: setup ## every fuzzer for FUZZ_SECONDS (300) each
	@tests/support/fuzz all $(FUZZ_SECONDS)

fmt: setup ## clang-format over the tree
	@$(python) tests/check/format.py --fix

check: setup ## format, layering, tidy, licences, docs
	@$(python) tests/support/suites.py check

mutation-check: ## every patch of tests/mutations must make the test that it names fail (root)
	$(need_root)
	@tests/support/setup
	@tests/mutations/run

clean: ## remove build/
	rm -rf build
