#!/bin/sh
# Builds neon.c for aarch64 and runs it under qemu. Exit 77 (skipped) where either tool is missing.
#   neon.sh SOURCE_ROOT
set -eu
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
  command -v "$tool" > /dev/null || { echo "$tool is not installed (Debian: gcc-aarch64-linux-gnu, qemu-user)"; exit 77; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$1"
aarch64-linux-gnu-gcc -std=gnu17 -O2 -static -Wall -Wextra -Werror -Iinclude -Isrc tests/kernels/neon.c \
  src/kernels/gemm.c src/kernels/requantise.c src/kernels/gemm_neon.c -o "$folder/neon"
qemu-aarch64 "$folder/neon"
