#!/usr/bin/env bash
# Packs what `make build` has built: dist/lobbyist-VERSION-linux-ARCH.tar.gz, the same bytes for the same commit.
# Its only folder holds the program, what belongs beside it, and the licences of what is linked into the program.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022

destination=${1:-dist}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

packaging/link_static.sh "$work/lobbyist"
version=$("$work/lobbyist" --version | sed 's/lobbyist //')
name=lobbyist-$version-linux-$(uname -m)
folder=$work/$name
mkdir -p "$folder/systemd" "$folder/licenses"
mv "$work/lobbyist" "$folder/"

tar -c --exclude='.*' --exclude=__pycache__ scripts plugins examples docs README.md CHANGELOG.md LICENSE |
  tar -x -C "$folder"
cp packaging/lobbyist.lua packaging/Procfile "$folder/"
cp packaging/systemd/* "$folder/systemd/"

# Debian names the terms of each library where it installs it; Swift's lie above its program.
for library in liblua5.4-dev libssl-dev zlib1g-dev libc6-dev; do
  cp "/usr/share/doc/$library/copyright" "$folder/licenses/${library%-dev}"
done
cp /usr/share/doc/libstdc++-*-dev/copyright "$folder/licenses/libstdc++"
cp "$(dirname "$(readlink -f "$(command -v swiftc)")")/../share/swift/LICENSE.txt" "$folder/licenses/swift"

time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
mkdir -p "$destination"
tar -C "$work" --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner --mode=u+w,go-w,a+rX \
  -c "$name" | gzip -9n >"$destination/$name.tar.gz"
echo "$destination/$name.tar.gz"
