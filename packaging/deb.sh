#!/usr/bin/env bash
# Makes a Debian package of what dist.sh has packed: deb.sh TARBALL [FOLDER], by default beside the tarball.
# DEBFULLNAME and DEBEMAIL name the maintainer, as everywhere in Debian.
set -euo pipefail
tarball=$(readlink -f "$1")
destination=$(readlink -f "${2:-$(dirname "$tarball")}")
cd "$(dirname "$0")"
umask 022

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xzf "$tarball" -C "$work"
from=$(echo "$work"/lobbyist-*)
root=$work/root
version=$("$from/lobbyist" --version | sed 's/lobbyist //')
architecture=$(dpkg --print-architecture)
maintainer="${DEBFULLNAME:-Lobbyist} <${DEBEMAIL:-lobbyist@example.org}>"
# The time of everything that lies in the tarball, so that the package has the same bytes each time too.
SOURCE_DATE_EPOCH=$(stat -c %Y "$from/lobbyist")
export SOURCE_DATE_EPOCH

share=$root/usr/share/lobbyist doc=$root/usr/share/doc/lobbyist
mkdir -p "$root/DEBIAN" "$root/etc/lobbyist" "$root/usr/bin" "$share" "$doc" "$root/usr/share/man/man1" \
  "$root/usr/share/lintian/overrides" "$root/lib/systemd/system"
cp "$from/lobbyist" "$root/usr/bin/"
cp -r "$from/scripts" "$from/plugins" "$from/examples" "$share/"
cp -r "$from/docs" "$from/README.md" "$from/CHANGELOG.md" "$doc/"
# The pages link the examples.
ln -s ../../lobbyist/examples ../../lobbyist/plugins ../../lobbyist/scripts "$doc/"
cp "$from/lobbyist.lua" "$root/etc/lobbyist/"
cp "$from"/systemd/* "$root/lib/systemd/system/"
sed "s/@VERSION@/$version/; s/@MAINTAINER@/$maintainer/; s/@DATE@/$(date --utc --date="@$SOURCE_DATE_EPOCH" -R)/" \
  debian/changelog | gzip -9n >"$doc/changelog.gz"
{ cat debian/copyright; sed 's/^$/./; s/^/ /' "$from/LICENSE"; } >"$doc/copyright"
cp -r "$from/licenses" "$doc/licenses"
cp debian/lintian-overrides "$root/usr/share/lintian/overrides/lobbyist"
{
  cat debian/manual.roff
  "$from/lobbyist" --help | sed -n '3,$ { s/\\/\\\\/g; s/-/\\-/g; s/^/\\\&/; p }'
  echo .fi
} | gzip -9n >"$root/usr/share/man/man1/lobbyist.1.gz"

install -m 755 debian/postinst debian/prerm debian/postrm "$root/DEBIAN/"
echo /etc/lobbyist/lobbyist.lua >"$root/DEBIAN/conffiles"
(cd "$root" && find usr lib -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
size=$(du -ks --apparent-size --exclude=DEBIAN "$root" | cut -f 1)
sed "s/@VERSION@/$version/; s/@MAINTAINER@/$maintainer/; s/@ARCHITECTURE@/$architecture/; s/@SIZE@/$size/" \
  debian/control >"$root/DEBIAN/control"

find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
package=$destination/lobbyist_${version}_$architecture.deb
dpkg-deb --build --root-owner-group "$root" "$package" >/dev/null
echo "$package"
