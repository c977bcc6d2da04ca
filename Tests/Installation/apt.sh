#!/usr/bin/env bash
# Installs the Debian packages named as arguments, those that are lacking only.
# As root with apt-get, otherwise through `sudo -n`; where neither may, names the packages and fails.
set -euo pipefail

lacking=()
for package in "$@"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  # A Node.js that came another way (a vendor's build on the PATH) is as good as Debian's.
  if [ "$package" = nodejs ] && command -v node >/dev/null; then continue; fi
  [ "$status" = installed ] || lacking+=("$package")
done
[ ${#lacking[@]} -gt 0 ] || exit 0

refuse() {
  echo "lacking: ${lacking[*]}" >&2
  echo "$1; install them, then run make again: apt-get install ${lacking[*]}" >&2
  exit 1
}

command -v apt-get >/dev/null || refuse "this system has no apt-get"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || refuse "installing needs root, and sudo asks for a password"
  as_root=(sudo -n)
fi
echo "installing ${lacking[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${lacking[@]}" >/dev/null || refuse "apt-get could not install them"
