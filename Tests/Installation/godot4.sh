#!/usr/bin/env bash
# Unpacks Debian sid's Godot 4 beside the system, into .build/godot4 (540 MB); .build/godot4/godot starts it.
# Done once: a stamp says that it is complete. Exit code 3: it cannot be had here, and the last line says why.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=$PWD/.build/godot4
stamp=$folder/complete
# Two may want it at once.
mkdir -p .build
exec 9>"$folder.lock"
flock 9
if [ -f "$stamp" ]; then exit 0; fi

leave_out() {
  rm -rf "$folder"
  echo "$1"
  exit 3
}

command -v mmdebstrap >/dev/null || leave_out "no mmdebstrap"
# The machine's own mirror, whatever Debian it has.
mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
  sed -n '/security/d; s/^Debian //p' | head -n 1)
[ -n "$mirror" ] || leave_out "apt knows no mirror of Debian"

echo "unpacking Godot 4 from $mirror into .build/godot4"
rm -rf "$folder"
mkdir -p "$folder/system"
log=$folder/mmdebstrap.log
# A mirror may be a snapshot, whose signed lists are out of date. Through tar, what is unpacked is the caller's own.
mmdebstrap --quiet --aptopt='Acquire::Check-Valid-Until "false"' --variant=extract --include=godot,ca-certificates \
  --format=tar sid - "$mirror" 2>"$log" |
  tar --extract --no-same-owner --exclude=./dev --directory "$folder/system" 2>>"$log" ||
  leave_out "mmdebstrap failed: $(grep -m 1 '^E:' "$log" || tail -n 1 "$log")"

# Sid's programs need sid's C library, and its loader, by name.
cat >"$folder/godot" <<'START'
#!/bin/sh
system=$(dirname "$(readlink -f "$0")")/system
set -- "$system/usr/bin/godot" "$@"
for libraries in "$system"/usr/lib/*-linux-gnu*; do
  exec "$libraries"/ld-linux*.so.* --library-path "$libraries:$libraries/pulseaudio" "$@"
done
START
chmod +x "$folder/godot"
# Its exit code says little: it runs when it can tell its version.
version=$(HOME=$folder "$folder/godot" --headless --version 2>&1 | tail -n 1)
case $version in
4.*) echo "$version" >"$stamp" ;;
*) leave_out "Godot does not start: $version" ;;
esac
