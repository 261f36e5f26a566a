# `make run` starts Meridian with a demo store, `make test` runs the tests, `make check` is the gate.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# How much the expensive tests do: quick, or soak for their full counts. Nothing else sets it.
MERIDIAN_TEST_SCALE ?= quick
export MERIDIAN_TEST_SCALE

# What tools/install had to install comes after what the machine has.
export PATH := $(PATH):$(CURDIR)/tools/.cargo/bin

TARGET := $(or $(CARGO_TARGET_DIR),target)
BUF := tools/node_modules/.bin/buf
TYPOS := tools/.venv/bin/typos
# The program as tests need it: one that ends at a named point if it is told to.
STOPPING := --features meridian/failpoints
PROFILE := $(if $(filter soak,$(MERIDIAN_TEST_SCALE)),soak,default)

.PHONY: help run test soak bench check fmt fmt-check typos proto clippy doc doctest supply-chain

help: ## Lists the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: export MERIDIAN__DATABASE__URL ?= sqlite://data/meridian.db
run: export MERIDIAN__AUTH__BOOTSTRAP_TOKEN ?= demo-token-of-this-machine
run: export MERIDIAN__HANDOVER__PRIVATE_NETWORKS ?= true
run: ## Starts Meridian with a demo store in ./data
	@mkdir -p data
	cargo build --package meridian
	$(TARGET)/debug/meridian demo
	@tools/what-to-try
	exec $(TARGET)/debug/meridian serve

test: ## Runs all tests; PostgreSQL is started for them and stopped after them
	tools/install nextest postgres nats python node vendure browser
	cargo build --workspace $(STOPPING)
	cargo nextest run --workspace $(STOPPING) --no-run
	$(TARGET)/debug/with-postgres cargo nextest run --workspace $(STOPPING) --profile $(PROFILE)

soak: ## Runs all tests at full size (hours)
	$(MAKE) test MERIDIAN_TEST_SCALE=soak
	MERIDIAN_TEST_SCALE=soak cargo nextest run --release --package screening --profile soak

bench: ## Measures Meridian beside what the machine can do (ARGS=--quick, ARGS=--help)
	tools/install postgres
	cargo build --release --package meridian --package bench
	$(TARGET)/release/bench $(ARGS)

check: fmt-check typos proto clippy doc doctest test ## The gate: everything a change has to pass

fmt: ## Formats the sources
	cargo fmt --all

fmt-check:
	cargo fmt --all --check

typos:
	tools/install python
	$(TYPOS)

proto:
	tools/install node
	$(BUF) lint
	$(BUF) breaking --exclude-imports --against proto/baseline.binpb

clippy:
	cargo clippy --workspace --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items

# Examples in documentation are tests as well, as soon as there is one.
doctest:
	if grep -rqE '^\s*//[/!] ```(rust.*|no_run|should_panic)?$$' --include='*.rs' crates migrations tests; then cargo test --workspace --doc; fi

supply-chain: ## Looks at licences, sources and known faults of what we depend on (by hand: slow, needs the network)
	tools/install deny
	cargo deny check
