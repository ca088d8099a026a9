# Two commands for a fresh machine: `make demo` and `make test`.  `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

bin := node_modules/.bin
reports := .lab/reports
tiers := unit contract package integration host conformance faults sanitizers breakages
# The lab needs root; sudo keeps what the tests need of the environment, PATH included.
lab := $(if $(filter 0,$(shell id -u)),,sudo -E env "PATH=$$PATH" )test/lab/lab
vitest = $(bin)/vitest run --project $* --reporter=default --reporter=json --outputFile.json=$(reports)/$*.json

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what building needs: Debian packages (as root or through sudo) and npm packages
	scripts/install-packages.sh build
	scripts/check-node.sh
	$(MAKE) --no-print-directory node_modules/.package-lock.json

node_modules/.package-lock.json: package-lock.json
	npm ci
	touch $@

.PHONY: build
build: setup ## compile the binding and the agent
	node native/scripts/build.js
	rm -rf dist
	$(bin)/tsc -p tsconfig.build.json
	node scripts/bundle.js
	chmod +x bundle/src/main.js bundle/src/poll-once.js

.PHONY: demo
demo: build ## build, then poll libvirt's built-in test hypervisor
	scripts/demo.sh

.PHONY: lint
lint: setup ## types, lint rules and formatting of everything
	$(bin)/tsc --noEmit
	$(bin)/eslint .
	$(bin)/prettier --check .
	clang-format --dry-run --Werror $$(find native/src -name '*.cc' -o -name '*.h')

.PHONY: test
test: test-packages lint $(tiers:%=test-%) ## install the tests' real peers, build, lint, and run every test

.PHONY: test-packages
test-packages:
	scripts/install-packages.sh test

# The plain tiers: test-unit, test-contract, test-package.
.PHONY: $(tiers:%=test-%)
test-unit test-contract test-package: test-%: build
	rm -f $(reports)/$*.json
	$(vitest)

# The tiers with a hypervisor host and a broker of their own.
test-sanitizers: sanitized-binding
test-integration test-host test-conformance test-faults test-sanitizers: test-%: build test-packages
	rm -f $(reports)/$*.json
	$(lab) with $(vitest)

.PHONY: sanitized-binding
sanitized-binding: build
	node native/scripts/build.js --sanitize

test-breakages: build test-packages
	rm -f $(reports)/breakages.json
	$(lab) with node scripts/breakages.js --report $(reports)/breakages.json

.PHONY: breakages
breakages: test-breakages ## break one behaviour after the other and name the test that notices

.PHONY: conformance
conformance: test-conformance ## compare every sample with those of Debian's ceilometer, on the same domains

.PHONY: faults
faults: export VIRTPOLL_FAULTS := full
faults: test-faults ## make every fault happen in full, and write the figures into docs/reliability.md
	node scripts/reliability-page.js $(reports)/faults.json docs/reliability.md

.PHONY: soak
soak: export SOAK_MINUTES := $(or $(minutes),60)
soak: export SOAK_SEED := $(or $(seed),$(shell date +%s))
soak: build test-packages ## make faults at random for an hour; minutes=N and seed=N choose another time and order
	$(lab) with $(bin)/vitest run --project faults test/faults/soak.test.ts

.PHONY: fuzz
fuzz: build ## try the decoders of everything that comes from outside with 100,000 cases for each property
	FUZZ_RUNS=100000 $(bin)/vitest run --project unit --testTimeout 1800000 fuzz nova-metadata

# BENCH="host-100 poll-once" measures these parts only.
BENCH ?= poll-once idle pipeline host-100 host-300
bench := node --import ./bench/typescript.js

.PHONY: bench
bench: build ## measure beside a bare C program and the rivals; BENCH="host-100 poll-once" measures these parts only
	scripts/install-packages.sh bench
	$(lab) with $(bench) bench/run.ts $(BENCH)
	$(bench) bench/report.ts

.PHONY: bench-docs
bench-docs: setup ## write the last results of the benchmark into docs/performance.md
	$(bench) bench/report.ts docs >/dev/null
	$(bin)/prettier --log-level warn --write docs/performance.md

.PHONY: test-summary
test-summary: ## count what the last run of every tier came to
	@node scripts/test-summary.js $(tiers:%=$(reports)/%.json)

.PHONY: test-reports
test-reports:
	@echo $(tiers:%=$(reports)/%.json)

.PHONY: dist
dist: build ## write virtpoll-<version>.tgz, which installs without compiler and registry
	npm pack

.PHONY: clean
clean: ## delete what was built
	rm -rf dist bundle native/build native/prebuilds coverage .lab *.tgz
