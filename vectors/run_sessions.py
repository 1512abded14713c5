#!/usr/bin/env python3
"""Runs the client sessions of sessions.json against a driver (spec/testee.md): `run_sessions.py COMMAND`.

Home and every target are played on loopback. What takes a transport of one's own is left out, and counted. Exit code 1 on
a mismatch. Standard library only.
"""

import json
import pathlib
import select
import socket
import struct
import sys
import zlib
from collections import Counter

from loopback import WAIT, Driver, Mismatch, Network, expect
from notation import octets

HERE = pathlib.Path(__file__).resolve().parent
PLAYED = 71  # client vectors that loopback can play; if it is fewer, the client sends what nobody asked for


class LeftOut(Exception):
    """What the vector scripts, loopback cannot do."""


class Player:
    """One vector: its session, its network, and the connection that stands."""

    def __init__(self, driver, number, vector):
        self.driver, self.number, self.vector = driver, number, vector
        self.network, self.at, self.connection = Network(vector), vector["home"], None
        self.over = False  # nothing more is said of the session
        self.connected = None  # a `connected` that came before its step: loopback is quick
        self.before = {}  # the step before
        self.syncs = 0

    def play(self):
        fields = {"greeting": "greetings"} | {name: name for name in ("discipline", "limit", "resend", "budget")}
        settings = [f"{name}={self.vector[field]}" for name, field in fields.items() if field in self.vector]
        self.say(f"connect {self.at} {' '.join(settings)} dial={self.network.map()}")
        for index, step in enumerate(self.vector["steps"]):
            (act,) = {"app", "out", "in", "net", "account"} & step.keys()
            try:
                getattr(self, "do_" + act)(step)
                if act in ("app", "in", "net"):
                    self.tell(step)
            except Mismatch as mismatch:
                raise Mismatch(f"step {index} {json.dumps(step)}: {mismatch}") from None
            self.before = step
        self.finish()

    def say(self, command):
        self.driver.say(f"{self.number} {command}")

    def next(self):
        """The next event of this session. Those of the sessions before may still come."""
        while True:
            number, report = self.driver.hear().split(" ", 1)
            if number == str(self.number):
                return report

    def hear(self):
        """The next event that is no `connected`."""
        report = self.next()
        while report.startswith("connected "):
            self.connected, report = report, self.next()
        return report

    # --- The steps ---

    def do_app(self, step):
        if step["app"] not in ("send", "half-close"):  # to these it makes no difference what went out before
            self.quiet_transport()
        act, argument = step["app"], step.get("payload", step.get("count", step.get("hop", "")))
        if act == "settle":
            return self.say("sync settle")
        marked = " never-resend" if step.get("never_resend") else ""
        self.say(f"{act} {argument}".rstrip() + marked)
        if step.get("refused"):
            expect("answer", self.hear().split(" ")[:2], ["rejected", act])

    def do_out(self, step):
        wanted = octets(step["out"])
        if not self.whole(wanted):
            raise LeftOut("a transport that takes half a message")
        if self.connection is None:
            return expect("out", wanted, b"")
        expect("out", self.receive(len(wanted)), wanted)
        if step.get("fin"):
            expect("out, behind it FIN", self.receive(1), b"")
        elif wanted == b"":
            self.sync()
            expect("out", self.arrived(), b"")

    def do_in(self, step):
        self.quiet_transport()
        self.connection.sendall(octets(step["in"]))

    def do_net(self, step):
        what = step["net"]
        if what == "write-error":
            raise LeftOut("a write that fails")
        if what == "connected":
            self.connection, _ = self.network.ports[self.at].accept()
            self.connection.settimeout(WAIT)
            expect("event", (self.connected or self.next()).split(" ")[:2], ["connected", self.at])
            self.connected = None
            return
        if what == "refused":
            if "app" in self.before:
                raise LeftOut("an act while a connection is being refused")
            return
        self.quiet_transport()
        if what == "fin":
            self.connection.shutdown(socket.SHUT_WR)
        else:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.hang_up()

    def do_account(self, step):
        """It shows in `outstanding=` alone, which no event of the vectors has."""

    # --- What comes of them ---

    def tell(self, step):
        """The events of the step; then, while the connection stands, that nothing else came of it."""
        events = step.get("events", [])
        for event in events:
            report = self.hear()
            if report == "synced settle":  # it is not said of a session that had nothing left to retire
                report = self.hear()
            expect("event", self.read(report), event)
            self.at = event.get("redirected", self.at)
            self.over |= "ended" in event
        if self.over or any("redirected" in event for event in events):
            expect("octets behind the last", self.receive(1) if self.connection else b"", b"")
            self.hang_up()
        elif step.get("net") not in ("fin", "reset") and self.connection is not None:
            self.sync()  # where a connection has ended it would be taken for the application's last word

    def read(self, report):
        """An event of the driver as the vectors write it."""
        verb, first, *rest = report.split(" ")
        keys = dict(word.split("=") for word in rest if "=" in word)
        counts = {name: int(keys.get(name, 0)) for name in ("owed", "unsent", "uncertain")}
        if verb == "message":
            answer = "plain" if self.vector["discipline"] == "manual" else "answer"
            if "crc32" in keys:
                expect("crc32", keys["crc32"], f"{zlib.crc32(octets(first)):08x}")
            return {"message": first, "kind": "greeting" if keys["greeting"] == "1" else answer}
        if verb == "redirected":
            return {"redirected": first, "late": keys["late"] == "1", "owed": counts["owed"]}
        if verb == "ended":
            return {"ended": first, **{name: keys[name] for name in ("target", "cause", "reason") if name in keys}, **counts}
        return report

    def sync(self):
        self.syncs += 1
        self.say(f"sync s{self.syncs}")
        expect("answer", self.hear(), f"synced s{self.syncs}")

    def finish(self):
        """Nothing was said that the vector does not list."""
        if not self.over:
            self.say("close")
            expect("end", self.hear().split(" ")[:2], ["ended", "closed"])
        self.hang_up()
        self.network.close(*self.network.ports)

    # --- The connection ---

    def whole(self, whole):
        """Whether the octets end where a frame does."""
        while whole[12:] or len(whole) == 12:
            whole = whole[12 + int.from_bytes(whole[8:12], "big") :]
        return whole == b""

    def receive(self, count):
        received = b""
        try:
            while len(received) < count:
                more = self.connection.recv(count - len(received))
                if not more:
                    break
                received += more
        except ConnectionResetError:
            pass
        except TimeoutError:
            raise Mismatch(f"{len(received)} octets and no more, expected {count}, or the end") from None
        return received

    def arrived(self):
        """What the client has sent and nobody has taken yet."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        return self.connection.recv(65536, socket.MSG_PEEK) if readable else b""

    def quiet_transport(self):
        if self.connection is not None and self.arrived():
            raise LeftOut("a transport that takes nothing while something else happens")

    def hang_up(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def main():
    driver = Driver(sys.argv[1])
    vectors = json.loads((HERE / "sessions.json").read_text())["vectors"]
    vectors = [vector for vector in vectors if vector["role"] == "client"]
    failed, left_out = 0, Counter()
    for number, vector in enumerate(vectors, 1):
        try:
            Player(driver, number, vector).play()
        except LeftOut as reason:
            left_out[str(reason)] += 1
            driver.say(f"{number} close")
        except Mismatch as mismatch:
            failed += 1
            print(f"sessions.json {vector['id']} ({vector['note']}): {mismatch}")
            driver.say(f"{number} close")
    for reason, count in left_out.items():
        print(f"{count} left out: {reason}")
    played = len(vectors) - left_out.total()
    print(f"sessions.json: {played} of {len(vectors)} client vectors run")
    driver.process.stdin.close()
    driver.process.wait(WAIT)
    if played < PLAYED:
        sys.exit(f"{PLAYED - played} too many were left out")
    sys.exit(f"{failed} failed" if failed else 0)


if __name__ == "__main__":
    main()
