# Halley. 'make' lists what can be made; 'make check' runs what CI runs.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
# How long 'make check' and 'make fuzz' run each fuzz target; 'make check' runs those
# longer that parse what anybody may send.
CHECK_FUZZ_TIME ?= 5s
CHECK_FUZZ_EXPOSED ?= 1m
FUZZ_TIME ?= 5m
# How many seeds 'make sim' runs, and the first of them.
SIM_SEEDS ?= 100000
SIM_FIRST ?= 1
# Where 'make bench' puts its results.
BENCH_RESULTS ?= bench/results

# Versions of the generators of 'make proto'.
PROTOC_GEN_GO = v1.36.12
PROTOC_GEN_GO_GRPC = v1.6.0

STEP = .ci/step
# Folders with Go modules of their own that hold tests.
MODULES := $(patsubst %/go.mod,%,$(filter-out ./go.mod ./internal/tools/go.mod,\
	$(shell find . -name go.mod -not -path '*/node_modules/*')))
BENCH_REPORT = $(STEP) "report of the benchmarks" \
	go run -C bench/report . --results $(abspath $(BENCH_RESULTS)) --readme $(CURDIR)/README.md
LINT = go tool -modfile=$(CURDIR)/internal/tools/go.mod golangci-lint
NODE_MODULES = sdk/js/node_modules/.package-lock.json

.PHONY: help
help:
	@echo "make build   the program, as bin/halley"
	@echo "make test    everything: format, vet, lint, tests with the race detector, short fuzz, client; what CI runs"
	@echo "make check   the same"
	@echo "make quick   the tests of the server and of the client only"
	@echo "make fuzz    every fuzz target, FUZZ_TIME=$(FUZZ_TIME) each"
	@echo "make sim     a long simulation, SIM_SEEDS=$(SIM_SEEDS) SIM_FIRST=$(SIM_FIRST)"
	@echo "make bench   the benchmarks, in about 20 minutes, and their report in $(BENCH_RESULTS)"
	@echo "make web     the client and the pages that the program embeds"
	@echo "make proto   the Go and Python code of the plugins' protocol"
	@echo "make fmt     formats the Go and Python code"

.PHONY: build
build:
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/halley ./cmd/halley

# What CI runs; what it needs, it gets by itself.
.PHONY: test
test: check

# What a contributor runs all the time.
.PHONY: quick
quick: test-go test-modules test-sdk test-python

.PHONY: test-go
test-go:
	@$(STEP) "Go tests" go test ./...

.PHONY: test-modules
test-modules:
	@for module in $(MODULES); do $(STEP) "Go tests of $$module" go -C $$module test ./... || exit 1; done

.PHONY: test-sdk
test-sdk: $(NODE_MODULES)
	@$(STEP) "client tests" npm --prefix sdk/js test

.PHONY: test-python
test-python:
	@$(STEP) "Python tests" .ci/python -m pytest

.PHONY: check
check: check-format check-vet check-race check-broken check-modules check-lint check-sdk check-python check-fuzz

.PHONY: check-format
check-format:
	@$(STEP) "format" .ci/format

.PHONY: check-vet
check-vet:
	@$(STEP) "vet" go vet ./...

# The import rules are a test as well, in internal/archtest.
.PHONY: check-race
check-race:
	@$(STEP) "Go tests with the race detector" go test -race -shuffle=on -timeout 8m ./...

# Rules of the engine are broken on purpose, and the simulation must notice.
.PHONY: check-broken
check-broken:
	@$(STEP) "simulation of broken rules" go test -tags broken -run Broken ./engine

.PHONY: check-modules
check-modules:
	@for module in $(MODULES); do \
		$(STEP) "vet of $$module" go -C $$module vet ./... || exit 1; \
		$(STEP) "Go tests of $$module with the race detector" go -C $$module test -race -shuffle=on ./... || exit 1; \
	done

.PHONY: check-lint
check-lint:
	@$(STEP) "lint" $(LINT) run ./...

.PHONY: check-sdk
check-sdk: $(NODE_MODULES)
	@$(STEP) "client" npm --prefix sdk/js run check
	@$(STEP) "client and server" npm --prefix sdk/js run test:server
	@if [ -f sdk/js/vitest.browser.config.ts ]; then \
		$(STEP) "Chromium" .ci/chromium && $(STEP) "client in a browser" npm --prefix sdk/js run test:browser; fi

# In a virtual environment that it makes in the cache of the user.
.PHONY: check-python
check-python:
	@$(STEP) "Python types" .ci/python -m mypy
	@$(STEP) "Python lint" .ci/python -m ruff check --quiet
	@$(STEP) "Python format" .ci/python -m ruff format --check --quiet
	@$(STEP) "Python tests" .ci/python -m pytest

.PHONY: check-fuzz
check-fuzz:
	@$(STEP) "short fuzz" .ci/fuzz $(CHECK_FUZZ_TIME) $(CHECK_FUZZ_EXPOSED)

.PHONY: lint
lint: check-lint

.PHONY: fuzz
fuzz:
	.ci/fuzz $(FUZZ_TIME)

.PHONY: sim
sim:
	go test ./engine -run '^TestSimulation' -timeout 0 -v -sim.seeds=$(SIM_SEEDS) -sim.first=$(SIM_FIRST)

# The report is made of what there is, also after a scenario that failed.
.PHONY: bench
bench:
	@go build -o bin/bench ./bench
	@$(STEP) "benchmarks" bin/bench all --out $(BENCH_RESULTS); code=$$?; $(BENCH_REPORT) && exit $$code

# Other servers under the same load, and Halley beside them.
.PHONY: bench-peers
bench-peers:
	@$(STEP) "comparison with other servers" go run -C bench/peers . all --out $(abspath $(BENCH_RESULTS))

.PHONY: bench-report
bench-report:
	@$(BENCH_REPORT)

.PHONY: web
web: $(NODE_MODULES)
	npm --prefix sdk/js run build

# The code of the plugins' protocol, which is part of the repository: only who
# changes the protocol needs protoc (apt-get install protobuf-compiler).
.PHONY: proto
proto:
	GOBIN=$(CURDIR)/bin go install google.golang.org/protobuf/cmd/protoc-gen-go@$(PROTOC_GEN_GO)
	GOBIN=$(CURDIR)/bin go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@$(PROTOC_GEN_GO_GRPC)
	cd adapters/plugin/proto && PATH="$(CURDIR)/bin:$$PATH" protoc -I . --go_out=. --go_opt=paths=source_relative \
		--go-grpc_out=. --go-grpc_opt=paths=source_relative halley/adapter/v1/*.proto
	sdk/python/scripts/generate

.PHONY: fmt
fmt:
	find . -name '*.go' -not -path '*/node_modules/*' | xargs gofmt -w
	.ci/python -m ruff format

# npm writes this file at the end of an installation.
$(NODE_MODULES): sdk/js/package-lock.json
	@command -v npm >/dev/null || { echo "the client needs npm: install Node 20 or newer"; exit 1; }
	@$(STEP) "packages of the client" npm --prefix sdk/js ci --no-audit --no-fund
	@touch $@
