"""The examples work: the program, and the one of README.md."""

import sys
from pathlib import Path
from typing import Any

import pytest

from halley_adapter import Mode, UnknownItem
from halley_adapter.testing import Host

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))

from ticker import Ticker


def test_prices_come() -> None:
    with Host(data=Ticker()) as host:
        host.subscribe("IBM")
        host.wait_for(lambda: host.values("IBM").get("ask"))
        host.unsubscribe("IBM")


def test_the_page_has_an_adapter_that_works() -> None:
    page = (Path(__file__).parent.parent / "README.md").read_text()
    program = page.split("```python\n")[1].split("```")[0]
    scope: dict[str, Any] = {}
    exec(program.replace("halley_adapter.serve(", "served = dict("), scope)
    with Host(**scope["served"]) as host:
        assert host.abilities.catalog
        host.subscribe("IBM")
        host.wait_for(lambda: host.values("IBM").get("bid"))


def test_other_names_are_unknown() -> None:
    assert Ticker().describe("IBM") == [Mode.MERGE]
    with pytest.raises(UnknownItem):
        Ticker().describe("ibm")
