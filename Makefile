# Commands for people; the work is done by Meson and ninja. Each installs what is missing.
.PHONY: all build check suite bench fuzz install format clean

all build:
	@scripts/install-dependencies
	@scripts/configure build --buildtype=release
	@ninja -C build
