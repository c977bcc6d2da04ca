#!/usr/bin/env bash
# Links what `make build` has compiled into one file without any shared library: link_static.sh OUTPUT
# Nothing is compiled again. The file needs /proc when it runs, as every Swift program does, and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."

objects=.build/release/lobbyist.product/Objects.LinkFileList
[ -f "$objects" ] || { echo "$objects is lacking: run make build first" >&2; exit 1; }
read -r -a libraries <<<"$(pkg-config --libs --static lua5.4 libssl libcrypto zlib | sed 's/-pthread//g')"

# The linker warns of getaddrinfo and dlopen: looking up names of hosts may load libraries of the system's resolver.
# Only `talk`, `bench` and the commands for the operator look up names, and glibc answers from files and DNS by itself.
swiftc -static-executable -emit-executable -o "$1" @"$objects" "${libraries[@]}" \
  -Xlinker --defsym -Xlinker main=lobbyist_main -Xlinker --gc-sections 2>&1 |
  { grep -v "warning: Using '[a-z]*' in statically linked applications" || true; } >&2
strip "$1"
