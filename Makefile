# SPDX-License-Identifier: GPL-2.0-only
#
# The one entry point. `make help` lists the targets; the work is done by the
# scripts in tools/build, so that each can be read, and run, by itself.

MAKEFLAGS += --no-print-directory --no-builtin-rules
SHELL := /bin/bash

# NAME, or a list of names, from arch/um/configs: tiny, or x86_64,debug.
CONFIG ?= x86_64
# A Linux 6.12.y tree to build instead of Debian's; it is only read.
KERNEL_SRC ?=

# What is said on the command line for Kbuild reaches Kbuild; nothing else that
# is said there does (CONFIG=, ARGS= and the like would only confuse it).
kmake_words := C CF W CC LD LLVM HOSTCC KCFLAGS LOCALVERSION KBUILD_VERBOSE
KMAKE_ARGS := $(foreach v,$(kmake_words),\
	$(if $(filter command line,$(origin $v)),$v='$($v)'))
MAKEOVERRIDES :=
export CONFIG KERNEL_SRC KMAKE_ARGS MAKE V
unexport O KBUILD_OUTPUT ARCH SRCARCH SUBARCH

kernel := tools/build/kernel
images := build/rootfs
source-group := $(if $(KERNEL_SRC),,source)

.DEFAULT_GOAL := linux
PHONY :=

# ---- building

PHONY += linux all
all: linux
linux: ## build ./linux (the default)
	@tools/build/deps build $(source-group)
	+@$(kernel)

PHONY += deps
deps: ## install the Debian packages that are missing, for all targets
	@tools/build/deps

kconfigs := menuconfig nconfig
PHONY += $(kconfigs)
$(kconfigs): ## edit the configuration of CONFIG in the terminal
	@tools/build/deps build $(source-group)
	+@$(kernel) $@

PHONY += savedefconfig
savedefconfig: ## write the configuration back to arch/um/configs/CONFIG_defconfig
	@tools/build/deps build $(source-group)
	+@tools/build/savedefconfig

PHONY += kbuild
kbuild: ## run Kbuild for TARGET='...', such as arch/um/mm/fault.i
	@tools/build/deps build $(source-group)
	+@$(kernel) $(or $(TARGET),help)

# ---- running

PHONY += rootfs
rootfs: ## build the guests' root file systems in build/rootfs
	@tools/build/deps rootfs
	@rootfs/image mini $(images)
	@rootfs/image debian $(images)

PHONY += run
run: linux ## boot to a shell: ROOTFS=debian|mini CMD='...' ARGS='...' MEM= NCPUS=
	@tools/build/deps rootfs
	@tools/run

PHONY += gdb
gdb: linux ## the same in gdb, stopped before the first instruction
	@tools/build/deps gdb rootfs
	@tools/build/gdb

# ---- checking

PHONY += test
test: linux rootfs ## boot tests and guest programs (TESTS='...' for some)
	@tools/build/deps test
	@tests/run $(TESTS)

PHONY += kunit
kunit: ## the Linux tree's own KUnit suites (ARGS='kunit.filter_glob=list*')
	@tools/build/deps build test $(source-group)
	+@CONFIG=kunit tools/build/kunit

PHONY += stress
stress: linux rootfs ## stress-ng on four virtual CPUs (MINUTES=30 for each backend)
	@tools/build/deps test
	@seconds=$$(($(or $(MINUTES),30) * 60)) && \
		TRAP=$(or $(TRAP),each) STRESS_SECONDS=$$seconds \
		UML_LIMIT=$$((seconds * 2 + 600)) tests/run tests/boot/stress.exp

PHONY += torture
torture: rootfs ## the Linux tree's own torture of RCU and locks (MINUTES=5 each)
	@tools/build/deps build test $(source-group)
	+@CONFIG=tiny,debug,torture tools/build/torture

PHONY += format
format: ## let clang-format put the C sources of tools/ and tests/ right
	@tools/build/deps lint
	@git ls-files -co --exclude-standard 'tools/*.[ch]' 'tests/*.[ch]' | \
		xargs -r clang-format -i

PHONY += lint
lint: ## sparse, checkpatch, clang-format, shellcheck
	@tools/build/deps build lint $(source-group)
	+@tools/build/lint

PHONY += bench
bench: linux rootfs ## measure beside linux.uml, write docs/performance.md (ARGS=--rounds=9)
	@tools/build/deps build bench $(source-group)
	@tests/bench/run --doc docs/performance.md \
		--chart docs/performance.svg $(ARGS)

# ---- clearing up

PHONY += clean
clean: ## remove what was compiled; the Linux tree and the images stay
	@tools/build/clean objects

PHONY += distclean
distclean: ## remove everything that was generated
	@tools/build/clean all

PHONY += help
help: ## this list
	@awk -F ':.*## ' '/^[a-z$$][a-z()-]*:.*## / { sub(/^\$$\(kconfigs\)/, "menuconfig", $$1); \
		printf "  %-14s %s\n", $$1, $$2 }' Makefile
	@printf '\n'
	@printf '  %-14s %s\n' \
		CONFIG= 'x86_64 (default), or names from arch/um/configs: tiny, x86_64,debug' \
		KERNEL_SRC= 'a Linux 6.12.y tree of your own; it is only read' \
		V=1 'show every command'

.PHONY: $(PHONY)
