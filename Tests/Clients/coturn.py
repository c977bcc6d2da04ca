"""coturn under test: started with a shared secret, a peer that echoes behind it; and a client of it."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile

from relay import free_port, wait_until

PROGRAMS = ("turnserver", "turnutils_peer", "turnutils_uclient")
SECRET = "north pole/+=&%20é"
HOST = "127.0.0.1"
START_SECONDS = 10
STOP_SECONDS = 5
CLIENT_SECONDS = 40
MESSAGES = 3
MESSAGE_MILLISECONDS = 100
# A STUN binding request (RFC 8489 §5), to ask whether the server is there.
BINDING_REQUEST = bytes.fromhex("000100002112a442") + b"lobbyist-ask"
BINDING_ANSWER = bytes.fromhex("0101")


def lacking_programs():
    return [name for name in PROGRAMS if shutil.which(name) is None]


@contextlib.contextmanager
def running(*command, cwd):
    """A program whose output goes into a file of the folder; it ends with the block."""
    with open(os.path.join(cwd, f"{command[0]}.log"), "wb") as log:
        process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Coturn:
    """coturn with the shared secret, and a peer behind it that echoes."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.folder = stack.enter_context(tempfile.TemporaryDirectory())
            self.port, self.peer_port = free_port(), free_port()
            self.process = stack.enter_context(running(
                "turnserver", "-n", f"--listening-ip={HOST}", f"--listening-port={self.port}", f"--relay-ip={HOST}",
                "--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=test.invalid", "--no-tls", "--no-dtls",
                "--no-cli", "--allow-loopback-peers", "--log-file=stdout", "--simple-log", "--verbose",
                f"--userdb={self.folder}/db", f"--pidfile={self.folder}/pid", cwd=self.folder))
            stack.enter_context(running("turnutils_peer", "-L", HOST, "-p", str(self.peer_port), cwd=self.folder))
            if not wait_until(self.answers, START_SECONDS):
                raise RuntimeError(f"turnserver does not answer:\n{self.log()[-2000:]}")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.2)
            with contextlib.suppress(OSError):
                asking.connect((HOST, self.port))
                asking.send(BINDING_REQUEST)
                return asking.recv(1500).startswith(BINDING_ANSWER)
        return False

    def log(self):
        with open(os.path.join(self.folder, "turnserver.log"), errors="replace") as log:
            return log.read()

    def url(self, transport="udp"):
        return f"turn:{HOST}:{self.port}?transport={transport}"

    def relays(self, server, transport="udp", messages=MESSAGES):
        """What becomes of a client with these credentials: `relayed`, `refused`, or its output."""
        done = subprocess.run(
            ["turnutils_uclient", *(["-t"] if transport == "tcp" else []), "-u", server["username"], "-w",
             server["credential"], "-p", str(self.port), "-e", HOST, "-r", str(self.peer_port), "-n", str(messages),
             "-z", str(MESSAGE_MILLISECONDS), "-c", HOST],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", timeout=CLIENT_SECONDS)
        if done.returncode == 0 and f"tot_send_msgs={messages}, tot_recv_msgs={messages}" in done.stdout:
            return "relayed"
        if done.returncode != 0 and "Cannot complete Allocation" in done.stdout:
            return "refused"
        return f"exit code {done.returncode}: {done.stdout[-500:]}"
