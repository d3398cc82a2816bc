"""A TCP relay that a test can cut, stall and close: a Service's address in front of operators, or the API server's.

It plays kube-proxy and the network between; it knows nothing of what it carries.
"""

import random
import selectors
import socket
import threading


class Relay:
    """Listens at (address, port); each connection goes to one of the backends, chosen by chance as kube-proxy does."""

    def __init__(self, address, port, backends):
        self.address, self.port = address, port
        self._backends = list(backends)
        self._lock = threading.Lock()
        self._pairs = []
        self._listener = None
        self._flowing = threading.Event()
        self._flowing.set()
        self.open()

    def open(self):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.address, self.port))
        listener.listen(512)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self):
        """New connections are refused, old ones end."""
        listener, self._listener = self._listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.cut()

    def cut(self):
        """Ends every connection there is, with a reset."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                self._reset(end)

    def stall(self):
        """Connections stay and carry nothing, as on a path that loses everything."""
        self._flowing.clear()

    def flow(self):
        self._flowing.set()

    def send_to(self, backends):
        """For new connections."""
        with self._lock:
            self._backends = list(backends)

    @staticmethod
    def _reset(end):
        try:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        end.close()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near):
        with self._lock:
            backends = list(self._backends)
        far = None
        for backend in random.sample(backends, len(backends)):
            try:
                far = socket.create_connection(backend, 5)
                break
            except OSError:
                continue
        if far is None:
            self._reset(near)
            return
        far.settimeout(None)
        with self._lock:
            self._pairs.append((near, far))
        self._pump(near, far)
        with self._lock:
            if (near, far) in self._pairs:
                self._pairs.remove((near, far))
        near.close()
        far.close()

    def _pump(self, near, far):
        with selectors.DefaultSelector() as ready:
            try:
                ready.register(near, selectors.EVENT_READ, far)
                ready.register(far, selectors.EVENT_READ, near)
                while True:
                    for key, _ in ready.select(1):  # what cut() closes is no longer told of
                        self._flowing.wait()
                        block = key.fileobj.recv(65536)
                        if not block:
                            return
                        key.data.sendall(block)
                    if near.fileno() < 0:
                        return
            except (OSError, ValueError):
                return
