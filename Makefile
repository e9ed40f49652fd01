# Commands for people; Meson and ninja do the work. Each command installs what is missing and can be repeated.
PREFIX ?= /usr/local

.PHONY: all suite check quick bench fuzz coverage lint dist install format clean

all:
	@scripts/install-dependencies
	@scripts/configure build --buildtype=release -Dstatic_libraries=true
	@ninja -C build $(if $(VERBOSE),-v,--quiet)

suite: all
	@scripts/suite $(ARGS)

check:
	@scripts/check

quick:
	@scripts/check --quick

# One benchmark after the other, each with what it prints.
bench: all
	@scripts/install-oracles || echo "npuscope: tosa-tools could not be installed: no peer to compare with" >&2
	@NPUSCOPE_TOSA_TOOLS=$${NPUSCOPE_TOSA_TOOLS:-$$PWD/build/venv/bin/python} \
	  meson test -C build --benchmark --no-rebuild --verbose --num-processes 1 $(ARGS)

fuzz:
	@scripts/fuzz $(ARGS)

coverage:
	@scripts/install-dependencies
	@scripts/coverage $(ARGS)

lint: all
	@scripts/lint $(ARGS)

dist: all
	@scripts/make-dist $(WHAT)

install: all
	@meson configure build -Dprefix=$(PREFIX)
	@meson install -C build

format:
	@scripts/install-dependencies check
	@scripts/format

clean:
	rm -rf build build-sanitize build-fuzz build-coverage build-thread
