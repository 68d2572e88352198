# make run     build everything and open the demo
# make test    every test; brings what it needs, and needs the network only the first time
# make bench   figures beside their references, ready for benches/RESULTS.md
# make bench-sharing   what one costs the others; TIDINGS_BEFORE=BINARY measures an earlier build beside
# make shots   screenshots of the main states of the page
# make fmt     format
# make clean   remove what was built

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: run test bench bench-sharing shots fmt clean

CARGO ?= cargo
NPM_CI := npm ci --no-audit --no-fund --prefer-offline
WEB_SOURCES := $(shell find web/src web/public -type f) web/index.html web/wall.html web/package.json web/vite.config.ts web/vite.wall.config.ts \
	web/svelte.config.js web/tsconfig.json

run: web/dist/index.html
	$(CARGO) build --locked --release
	exec target/release/tidings demo

test: web/dist/index.html .cache/chromium.path
	cd web && npm test --silent
	$(CARGO) test --locked --doc
	if $(CARGO) nextest --version >/dev/null 2>&1; then $(CARGO) nextest run --locked --run-ignored all; \
		else $(CARGO) test --locked --lib --bins --tests -- --include-ignored; fi
	$(CARGO) build --locked
	cd web && CHROMIUM=$$(cat ../.cache/chromium.path) TIDINGS=$(CURDIR)/target/debug/tidings npm run --silent test:browser

bench: web/dist/index.html
	$(CARGO) bench --locked --bench compare

bench-sharing: web/dist/index.html
	$(CARGO) bench --locked --bench sharing --no-run
	ulimit -n 20000; taskset -c 1 $(CARGO) bench --locked --bench sharing

shots: web/dist/index.html .cache/chromium.path
	$(CARGO) build --locked
	cd web && CHROMIUM=$$(cat ../.cache/chromium.path) TIDINGS=$(CURDIR)/target/debug/tidings npm run --silent shots

fmt:
	$(CARGO) fmt

clean:
	$(CARGO) clean
	rm -rf web/dist web/node_modules web/test-results .cache

# The page, built and precompressed. The crate embeds it: cargo sees new files only when the room that embeds them is touched.
web/dist/index.html: web/node_modules/.installed web/precompress.mjs $(WEB_SOURCES)
	cd web && npm run --silent build && node precompress.mjs
	touch $@
	[ ! -e src/web.rs ] || touch src/web.rs

web/node_modules/.installed: web/package-lock.json web/package.json
	cd web && $(NPM_CI)
	touch $@

.cache/chromium.path:
	mkdir -p .cache
	.ci/chromium > $@
