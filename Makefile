# What one does with the relay: `make help`.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build run test bench lint fuzz soak dist deb clean toolchain

BUILD_PACKAGES := liblua5.4-dev libssl-dev zlib1g-dev pkg-config
TEST_PACKAGES := nodejs node-ws godot3-server lua-check python3-venv coturn chromium firefox-esr iproute2 mmdebstrap \
  mono-mcs mono-runtime openjdk-17-jdk-headless nginx-light caddy haproxy systemd strace procps
SWIFT_FLAGS := -c release --static-swift-stdlib --omit-frame-pointers
FUZZ_SECONDS ?= 60
SANITIZER ?= address
SECONDS ?= 600
SANITIZED := .build/$(SANITIZER)
PORT ?= 9080
export PKG_CONFIG_PATH := $(CURDIR)/Sources/CLua:$(CURDIR)/Sources/CZlib

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

toolchain:
	@command -v swift >/dev/null || \
	  { echo "swift is lacking: install Swift 6.2 or later, see https://swift.org/install" >&2; exit 1; }
	@Tests/Installation/apt.sh $(BUILD_PACKAGES)

build: toolchain ## build .build/release/lobbyist, one file that needs no Swift where it runs
	swift build $(SWIFT_FLAGS)

run: build ## build and serve Godot's protocol and a page to try it on 0.0.0.0:9080 (another port: PORT=8080)
	PORT=$(PORT) exec .build/release/lobbyist serve --demo

test: build ## run every test there is: unit tests, conversations, other people's clients, Autobahn
	@Tests/Installation/apt.sh $(TEST_PACKAGES)
	@Tests/Installation/clients_venv.sh
	.build/venvs/clients/bin/python Tests/run_all.py

bench: build ## measure messages per second and their delay
	.build/release/lobbyist bench

lint: ## check the form of Swift, Lua and GDScript
	swift format lint --strict --recursive --configuration .swift-format Sources Tests Package.swift
	@Tests/Installation/lint_lua.sh scripts plugins examples benchmarks/plugins
	@Tests/Installation/lint_godot.sh examples/godot Tests/Clients/godot4

fuzz: toolchain ## feed the parsers random bytes (for longer: FUZZ_SECONDS=600)
	Tests/Fuzzers/run all $(FUZZ_SECONDS)

soak: toolchain ## ten minutes of play, reloads and abuse under a sanitizer (also: SANITIZER=thread SECONDS=60)
	swift build --sanitize=$(SANITIZER) -Xswiftc -DSANITIZED --scratch-path $(SANITIZED) --product lobbyist
	@Tests/Installation/clients_venv.sh
	LOBBYIST=$(CURDIR)/$(SANITIZED)/debug/lobbyist .build/venvs/clients/bin/python -u Tests/Soak/storm.py \
	  $(SECONDS) --sanitizer $(SANITIZER)

dist: build ## pack dist/lobbyist-*.tar.gz: a static program, with all that belongs beside it
	packaging/dist.sh

deb: build ## make a Debian package of the same
	packaging/deb.sh "$$(packaging/dist.sh)"

clean: ## remove what was built and installed into .build
	rm -rf .build dist Tests/Conformance/reports
