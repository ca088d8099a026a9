# Two commands for a fresh machine: `make demo` and `make test`.  `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

bin := node_modules/.bin
reports := .lab/reports
tiers := unit contract package integration host conformance faults breakages
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
	chmod +x dist/src/main.js dist/src/poll-once.js

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

# The tiers with a hypervisor host and a broker of their own: test-integration, test-host, test-conformance, test-faults.
test-integration test-host test-conformance test-faults: test-%: build test-packages
	rm -f $(reports)/$*.json
	$(lab) with $(vitest)

test-breakages: build test-packages
	rm -f $(reports)/breakages.json
	$(lab) with node scripts/breakages.js --report $(reports)/breakages.json

.PHONY: breakages
breakages: test-breakages ## break one behaviour after the other and name the test that notices

.PHONY: conformance
conformance: test-conformance ## compare every sample with those of Debian's ceilometer, on the same domains

.PHONY: fuzz
fuzz: build ## try the decoders of everything that comes from outside with 100,000 cases for each property
	FUZZ_RUNS=100000 $(bin)/vitest run --project unit --testTimeout 1800000 fuzz

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
	rm -rf dist native/build native/prebuilds coverage .lab *.tgz
