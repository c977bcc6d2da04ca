#!/usr/bin/env bash
# Runs gdtoolkit's parser, linter and formatter over the GDScript in the folders named as arguments.
# Says so where it cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! { Tests/Installation/apt.sh python3-venv && Tests/Installation/clients_venv.sh; }; then
  echo "left out: gdtoolkit (it could not be installed)"
  exit 0
fi
tools=.build/venvs/clients/bin
find "$@" -name '*.gd' -not -path '*/.godot/*' -print0 | xargs -0 "$tools/gdparse"
"$tools/gdlint" "$@"
"$tools/gdformat" --check "$@"
