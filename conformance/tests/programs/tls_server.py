#!/usr/bin/env python3
"""The smallest server of testee.md over TLS, by OpenSSL: it knows `hello` and nothing else of the test service."""

import os
import socket
import ssl
import sys
import threading

HELLO = b"eop-test 1 limit=1048576 linger-idle=5000 linger-total=30000 header=10000 stall=30000"

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.environ["EOP_TLS_CERTIFICATE"], os.environ["EOP_TLS_KEY"])
context.set_alpn_protocols(["eop/1"])


def serve(connection):
    try:
        with context.wrap_socket(connection, server_side=True) as tls:
            if tls.selected_alpn_protocol() == "eop/1":
                answer(tls.makefile("rwb"))
    except OSError:
        pass  # A handshake that failed, or a client that has gone.


def answer(stream):
    while header := stream.read(12):
        request = stream.read(int.from_bytes(header[8:12], "big"))
        payload = HELLO if request == b"hello" else b"unknown"
        stream.write(b"\0\1" + bytes(6) + len(payload).to_bytes(4, "big") + payload)
        stream.flush()


def listen(listener):
    while True:
        threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=listen, args=[listener], daemon=True).start()
print("ready %s:%d" % listener.getsockname(), flush=True)
sys.stdin.read()
