# A thin front: meson builds, the scripts do the work. `make help` lists the targets.

BUILD ?= build/release
PROGRAMS = src/main/kcr src/main/kcr-work src/main/kcr-runtime src/main/kcr-hold src/main/kcr-relay src/main/kubectl-kcr \
	src/main/kubectl-kcr-inspect tools/generator/kcr-generate
SANITIZE ?= build/sanitize
FUZZ ?= build/fuzz
SECONDS ?= 60

.PHONY: all help deps demo demo-down test test-fast test-vm test-crio deb bench fmt check fuzz generate clean

all: $(BUILD)/build.ninja ## build the programs (release) into build/release
	@ninja -C $(BUILD) $(PROGRAMS)

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

deps: ## install the packages that building and testing need (root; instant the second time)
	@tools/deps

$(BUILD)/build.ninja: | deps
	@meson setup $(BUILD) --buildtype=release >/dev/null

$(SANITIZE)/build.ninja: | deps
	@meson setup $(SANITIZE) --buildtype=debug -Db_sanitize=address,undefined \
		-Db_lundef=false >/dev/null

$(FUZZ)/build.ninja: | deps
	@CC=clang meson setup $(FUZZ) --buildtype=debugoptimized -Db_sanitize=address,undefined \
		-Db_lundef=false -Dfuzzers=true >/dev/null

demo: ## the main job: a real node, Redis, a checkpoint, a crash, its memory back (STRATEGY=image: by an image; NODE=vm)
	@tools/demo

demo-down: ## remove the demo's node
	@cluster/down --name kcr-demo

test: deps ## everything: checks, unit, api and end-to-end tests
	@tests/run all

test-vm: deps ## the restore cases on a node in a virtual machine: Debian's kernel, systemd, AppArmor; an hour or two
	@tests/run vm

test-crio: deps ## all restore cases on nodes with CRI-O, of which make test runs some
	@tests/run crio

test-fast: deps ## the tests that need no cluster
	@tests/run fast

deb: all ## the Debian package of kubectl-kcr, in build/deb
	@tools/deb $(BUILD) build/deb

bench: deps all ## measure, write build/bench.json and print it
	@tools/bench

fuzz: $(FUZZ)/build.ninja ## fuzz every target for SECONDS=60 each
	@ninja -C $(FUZZ) fuzzers
	@tests/fuzz/run $(FUZZ) $(SECONDS)

check: $(SANITIZE)/build.ninja ## formatting, sizes, room edges, generated files, scripts
	@tools/check $(SANITIZE)

fmt: ## format the sources in place
	@git ls-files -z '*.[ch]' | xargs -0 clang-format -i

generate: all ## write the CRDs, the reference and install.yaml from their sources
	@tools/generate $(BUILD)

clean: ## remove the build trees (caches stay)
	@rm -rf build
