#!/usr/bin/env bash
# Runs luacheck over those of the folders named as arguments that exist; says so where luacheck is lacking.
set -euo pipefail
cd "$(dirname "$0")/../.."

folders=()
for folder in "$@"; do
  if [ -d "$folder" ]; then folders+=("$folder"); fi
done
if [ ${#folders[@]} -eq 0 ]; then exit 0; fi
if ! command -v luacheck >/dev/null; then
  echo "left out: luacheck (not installed: apt-get install lua-check)"
  exit 0
fi
luacheck --quiet --no-color "${folders[@]}"
