#!/usr/bin/env bash
# Lays a Python 2.7 virtual environment with Autobahn's test suite into .build/venvs/autobahn.
# The suite runs on CPython 2.7 only. Exit code 3: this system has no Python 2.7, nothing was installed.
set -euo pipefail
cd "$(dirname "$0")/../.."

environment=$PWD/.build/venvs/autobahn
tool=$PWD/.build/venvs/virtualenv
stamp=$environment/complete
version=25.10.1
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$version" ]; then exit 0; fi

python2=
if command -v pyenv >/dev/null && prefix=$(pyenv prefix 2.7.18 2>/dev/null); then
  python2=$prefix/bin/python2.7
elif command -v python2.7 >/dev/null; then
  python2=$(command -v python2.7)
fi
if [ -z "$python2" ] || ! "$python2" -c pass 2>/dev/null; then exit 3; fi

echo "laying .build/venvs/autobahn"
rm -rf "$environment" "$tool"
mkdir -p .build/venvs
python3 -m venv "$tool"
# The last virtualenv that makes environments for Python 2.7.
"$tool/bin/pip" install --quiet --disable-pip-version-check virtualenv==20.21.1
"$tool/bin/virtualenv" --quiet --python "$python2" "$environment"

install() { "$environment/bin/pip" --no-python-version-warning install --quiet --disable-pip-version-check "$@"; }
# Versions that still know Python 2.7 and each other. The order matters: the first line builds the second.
install setuptools==44.0.0 wheel==0.36.2 incremental==16.10.1 zope.interface==4.6.0
install --no-build-isolation Twisted==19.10.0 txaio==2.1.0 jinja2==2.11.3 markupsafe==1.1.1 Werkzeug==1.0.1 \
  klein==17.10.0 six==1.16.0 unittest2==1.1.0 autobahn==0.10.9
install cryptography==3.3.2 pyOpenSSL==19.1.0 service_identity==18.1.0 wsaccel==0.6.3
install --no-deps autobahntestsuite==$version
echo "$version" >"$stamp"
