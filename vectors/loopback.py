"""What a session of the vectors is played on: a driver's process, and loopback ports that stand for its endpoints.

What the session has to do is run_sessions.py's. Standard library only.
"""

import queue
import shlex
import socket
import subprocess
import threading

WAIT = 3  # seconds for whatever the driver has to do


class Mismatch(Exception):
    """The client did something else."""


def expect(what, got, wanted):
    if got != wanted:
        raise Mismatch(f"{what}: {got!r:.200}, expected {wanted!r:.200}")


class Driver:
    def __init__(self, command):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(shlex.split(command), stdin=pipe, stdout=pipe, text=True, bufsize=1)
        self.lines = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()
        expect("hello", self.hear().split(" ")[:2], ["hello", "eop-test"])

    def listen(self):
        for line in self.process.stdout:
            self.lines.put(line.removesuffix("\n"))

    def hear(self):
        try:
            return self.lines.get(timeout=WAIT)
        except queue.Empty:
            raise Mismatch("the driver says nothing") from None

    def say(self, line):
        self.process.stdin.write(line + "\n")


class Network:
    """The ports of one vector: one that takes connections for each endpoint, one that does not for an unreachable one."""

    def __init__(self, vector):
        self.ports, self.listening = {}, {}
        at = vector["home"]
        self.add(at, True)
        for step in vector["steps"]:
            if step.get("net") == "refused":
                self.add(at, False)
            for event in step.get("events", []):
                if "redirected" in event:
                    at = event["redirected"]
                    self.add(at, True)

    def add(self, endpoint, reachable):
        if self.listening.get(endpoint) == reachable:
            return
        self.close(endpoint)
        port = socket.socket()
        port.bind(("127.0.0.1", 0))
        port.settimeout(WAIT)
        if reachable:
            port.listen()
        self.ports[endpoint], self.listening[endpoint] = port, reachable

    def close(self, *endpoints):
        for endpoint in endpoints:
            if endpoint in self.ports:
                self.ports[endpoint].close()

    def map(self):
        return ",".join(f"{believed}>127.0.0.1:{port.getsockname()[1]}" for believed, port in self.ports.items())
