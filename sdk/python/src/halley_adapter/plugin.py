"""What a plugin's program does: the handshake with Halley, and then to serve."""

from __future__ import annotations

import io
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping

from . import log
from .adapter import DataAdapter
from .metadata import MetadataAdapter
from .server import Server

COOKIE = ("HALLEY_PLUGIN", "c0ffee-market-data")
"""Says that Halley started the program. It is no secret."""

ATTACH = "HALLEY_PLUGIN_ATTACH"
"""The environment variable that makes the plugin listen at unix:PATH, for a Halley
that attaches to it, so that it can run in a debugger."""

CONTRACT = 1
"""The version of the contract that this package speaks."""

_HANDSHAKE = 1  # the version of go-plugin's line


def serve(
    *, data: DataAdapter | None = None, metadata: MetadataAdapter | None = None, name: str = "", version: str = ""
) -> None:
    """Serve adapters until Halley asks the program to end.

    It is all that a plugin's main does. Name and version are the plugin's own, for
    Halley's log. Started by anybody but Halley, it says so and exits.

    Standard output belongs to the handshake: from here on, what the program prints
    goes to standard error, which is the plugin's log. The logging module writes there
    too, in a form that keeps levels and fields.
    """
    if data is None and metadata is None:
        raise TypeError("there is nothing to serve: give serve(data=...) or serve(metadata=...)")
    attach = os.environ.get(ATTACH, "")
    if not attach:
        _check_host(os.environ)
    log.install()
    server = Server(data, metadata, name or os.path.basename(sys.argv[0]), version)
    if attach:
        _serve_attached(server, attach)
    else:
        _serve_started(server)


def _check_host(environment: Mapping[str, str]) -> None:
    key, value = COOKIE
    if environment.get(key) != value:
        sys.exit(
            "This program is a plugin of Halley, which starts it by itself:\n"
            "name it in halley.yaml and run 'halley serve -c halley.yaml'.\n"
            f"To run it on its own, in a debugger, set {ATTACH}=unix:/tmp/my.sock."
        )
    if "PLUGIN_CLIENT_CERT" in environment:
        sys.exit(
            "a plugin in Python does not encrypt its connection, a socket of its own: leave tls out of halley.yaml"
        )
    versions = environment.get("PLUGIN_PROTOCOL_VERSIONS", "")
    if str(CONTRACT) not in versions.split(","):
        sys.exit(
            f"Halley speaks the versions {versions!r} of the contract, this plugin {CONTRACT}: update halley-adapter"
        )


def _serve_started(server: Server) -> None:
    stdout = _take_stdout()
    # Halley asks for the end itself; an interrupt at its terminal reaches all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: server.stopped.set())
    folder = tempfile.mkdtemp(prefix="py-", dir=os.environ.get("PLUGIN_UNIX_SOCKET_DIR") or None)
    try:
        path = os.path.join(folder, "s")
        server.start(f"unix:{path}")
        os.write(stdout, f"{_HANDSHAKE}|{CONTRACT}|unix|{path}|grpc\n".encode())
        server.stopped.wait()
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve_attached(server: Server, address: str) -> None:
    if not address.startswith("unix:"):
        sys.exit(f"{ATTACH}={address} is not unix:PATH")
    signal.signal(signal.SIGINT, lambda *_: server.stopped.set())
    server.start(address)
    logging.getLogger("halley_adapter").info("waiting for Halley to attach", extra={"attach": address})
    server.stopped.wait()
    server.stop()


def _take_stdout() -> int:
    """Return a descriptor for standard output, of which nobody else knows."""
    sys.stdout.flush()
    own = os.dup(1)
    os.dup2(2, 1)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # into the log when it is said, not at the end
    return own
