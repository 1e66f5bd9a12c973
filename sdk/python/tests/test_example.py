"""The examples work: the program, and the one of README.md."""

import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from halley_adapter import Mode, UnknownItem
from halley_adapter.testing import Host

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))

from replay import Replay
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


def test_recordings_are_played_in_the_order_of_their_times(tmp_path: Path) -> None:
    recordings = {
        "ibm_20131008_quote": "14400640,1800100,200,0,0,P,1,0\n34200001,0,0,1826250,300,N,1,0\n34200003,1,1,2,2,X,1,1",
        "ibm_20131008_trade": "34200000,1821000,300,P,2000,0\n34200002,1820600,100,Q,2000,0\n",
        "xauusd_20140509_quote": "8.017,1290.875,1291.197\n",
    }
    for name, lines in recordings.items():
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as z:
            z.writestr(f"{name}.csv", lines)
    files = ",".join(str(tmp_path / f"{name}.zip") for name in recordings)
    with Host(data=Replay(), parameters={"files": files}) as host:
        host.wait_for(lambda: host.down)
        assert [e.item for e in host.events()] == ["XAUUSD", "IBM", "IBM", "IBM", "IBM"]
        assert host.values("XAUUSD") == {"time": "00:00:00.008", "bid": "1290.875", "ask": "1291.197"}
        assert host.values("IBM") == {
            "time": "09:30:00.002",
            "bid": "180.01",
            "bid_size": "200",
            "ask": "182.625",
            "ask_size": "300",
            "last": "182.06",
            "size": "100",
            "volume": "400",
            "exchange": "Q",
        }


def test_what_is_wrong_with_the_recordings_is_said() -> None:
    for parameters in {}, {"files": "nowhere_20131008_quote.zip"}, {"speed": "10"}:
        with pytest.raises(ValueError, match="files"), Host(data=Replay(), parameters=parameters):
            pass
