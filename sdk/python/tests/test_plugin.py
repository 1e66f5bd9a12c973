"""The program as Halley sees it: handshake, log, and its end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from halley_adapter.v1 import plugin_pb2

PROGRAM = """
import logging, threading
import halley_adapter

class Quiet:
    def run(self, feed):
        logging.getLogger("feed").warning("feed %s", "lost", extra={"venue": "XETR"})
        print("said on standard output")
        feed.wait()
        logging.info("put away")

    def subscribe(self, item): return halley_adapter.NO_SNAPSHOT
    def unsubscribe(self, item): pass

halley_adapter.serve(data=Quiet(), version="1.2")
"""

ENVIRONMENT = {"HALLEY_PLUGIN": "c0ffee-market-data", "PLUGIN_PROTOCOL_VERSIONS": "1"}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "quiet.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def plugin(program: Path, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    environment = os.environ | ENVIRONMENT | {"PLUGIN_UNIX_SOCKET_DIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def test_the_life_of_a_plugin(plugin: "subprocess.Popen[str]", tmp_path: Path) -> None:
    assert plugin.stdout is not None
    handshake = plugin.stdout.readline()
    core, contract, network, path, protocol = handshake.rstrip("\n").split("|")
    assert (core, contract, network, protocol) == ("1", "1", "unix", "grpc")
    assert Path(path).is_relative_to(tmp_path)
    channel: Any
    with grpc.insecure_channel(f"unix:{path}") as channel:
        reply = channel.unary_unary(
            "/halley.adapter.v1.Plugin/Configure", response_deserializer=plugin_pb2.ConfigureReply.FromString
        )(b"", timeout=10)
        assert (reply.name, reply.version, reply.data) == ("quiet.py", "1.2", True)
        session = channel.stream_stream("/halley.adapter.v1.DataAdapter/Session")(iter(()))
        assert list(session) == []
        channel.unary_unary("/plugin.GRPCController/Shutdown")(b"", timeout=10)
        stdout, stderr = plugin.communicate(timeout=10)
    assert plugin.returncode == 0
    assert stdout == ""
    assert not Path(path).exists()
    lines = stderr.splitlines()
    assert "said on standard output" in lines
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    assert {
        "@level": "warn",
        "@message": "feed lost",
        "@module": "feed",
        "@timestamp": logged[0]["@timestamp"],
        "venue": "XETR",
    } in logged
    assert [e["@level"] for e in logged if e["@message"] == "put away"] == ["info"]


def test_a_plugin_to_be_attached_to(program: Path, tmp_path: Path) -> None:
    path = tmp_path / "my.sock"
    environment = os.environ | {"HALLEY_PLUGIN_ATTACH": f"unix:{path}"}
    with subprocess.Popen([sys.executable, program], env=environment, stderr=subprocess.PIPE, text=True) as plugin:
        assert plugin.stderr is not None
        assert json.loads(plugin.stderr.readline())["attach"] == f"unix:{path}"
        channel: Any
        with grpc.insecure_channel(f"unix:{path}") as channel:
            assert channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=10) == b"\x08\x01"
        plugin.send_signal(signal.SIGINT)
        plugin.communicate(timeout=10)
    assert plugin.returncode == 0


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({}, "This program is a plugin of Halley"),
        (ENVIRONMENT | {"PLUGIN_PROTOCOL_VERSIONS": "2,3"}, "update halley-adapter"),
        (ENVIRONMENT | {"PLUGIN_CLIENT_CERT": "PEM"}, "leave tls out of halley.yaml"),
        ({"HALLEY_PLUGIN_ATTACH": "tcp:1"}, "is not unix:PATH"),
    ],
)
def test_a_program_that_cannot_serve_says_why(program: Path, environment: dict[str, str], text: str) -> None:
    ran = subprocess.run(
        [sys.executable, program], env=os.environ | environment, capture_output=True, text=True, timeout=30
    )
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert text in ran.stderr
