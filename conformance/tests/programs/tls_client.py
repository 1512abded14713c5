#!/usr/bin/env python3
"""The smallest driver of testee.md over TLS, by OpenSSL: one message, and no move."""

import os
import socket
import ssl
import sys

context = ssl.create_default_context(cafile=os.environ["EOP_TLS_TRUST"])
context.verify_flags |= ssl.VERIFY_X509_STRICT
context.load_cert_chain(os.environ["EOP_TLS_CERTIFICATE"], os.environ["EOP_TLS_KEY"])
context.set_alpn_protocols(["eop/1"])


def connect(endpoint):
    """A connection to home and its own end, or nothing if the handshake fails."""
    tcp = socket.create_connection(endpoint.split(":"))
    local = "%s:%d" % tcp.getsockname()
    try:
        tls = context.wrap_socket(tcp, server_hostname=os.environ["EOP_TLS_NAME"])
    except OSError:
        return None, local
    return (tls if tls.selected_alpn_protocol() == "eop/1" else None), local


streams = {}
print("hello eop-test 1 role=client", flush=True)
for line in sys.stdin:
    session, verb, *words = line.split()
    if verb == "connect":
        tls, local = connect(words[0])
        if tls:
            streams[session] = tls.makefile("rwb")
            print(f"{session} connected {words[0]} local={local} hop=0", flush=True)
        else:
            print(f"{session} ended TlsFailed", flush=True)
    elif verb == "send":
        payload, stream = bytes.fromhex(words[0]), streams[session]
        stream.write(b"\0\1" + bytes(6) + len(payload).to_bytes(4, "big") + payload)
        stream.flush()
        answer = stream.read(int.from_bytes(stream.read(12)[8:], "big"))
        print(f"{session} message {answer.hex()} outstanding=0 greeting=0", flush=True)
    elif verb == "close" and streams.pop(session, None):
        print(f"{session} ended closed", flush=True)
