"""A proxy on the way to a relay, that can cut its connections and refuse new ones."""

import contextlib
import socket
import struct
import threading


class Proxy:
    """Passes connections on to a relay, until they are cut."""

    def __init__(self, port):
        self.port, self.refusing, self.sockets = port, False, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                if self.refusing:
                    self.reset(near)
                    continue
                try:
                    far = socket.create_connection(("127.0.0.1", self.port))
                except OSError:
                    self.reset(near)
                    continue
                self.sockets += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self.pump, args=(source, target), daemon=True).start()

    def pump(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def reset(self, connection):
        # Lingering for no time makes it a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RD)
        connection.close()

    def cut(self):
        sockets, self.sockets = self.sockets, []
        for connection in sockets:
            self.reset(connection)

    def refuse(self):
        self.refusing = True
        self.cut()

    def admit(self):
        self.refusing = False

    def close(self):
        self.listener.close()
        self.cut()
