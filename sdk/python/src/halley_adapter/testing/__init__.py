"""A Halley in miniature, for the tests of adapters.

It runs a Data Adapter as Halley does, over a real connection, and keeps what it says::

    def test_the_price_comes():
        with Host(data=Ticker()) as host:
            host.subscribe("IBM")
            host.wait_for(lambda: host.values("IBM").get("last") == "180.36")

A Metadata Adapter needs no host: its methods are called as they are.
"""

from .host import Event, Host

__all__ = ["Event", "Host"]
