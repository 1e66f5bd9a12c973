"""The errors that adapters and Halley give each other."""

from __future__ import annotations

from .v1 import plugin_pb2


class AdapterError(Exception):
    """An answer that is an error: its text is for the client.

    Raise one of the subclasses; anything else that an adapter raises is logged, and
    the client learns only that the service is not available.
    """

    _reason: plugin_pb2.Reason = plugin_pb2.REASON_FAILED


class UnknownItem(AdapterError):
    """No item has this name."""

    _reason = plugin_pb2.REASON_UNKNOWN_ITEM


class Unavailable(AdapterError):
    """No item can be served for now."""

    _reason = plugin_pb2.REASON_UNAVAILABLE


class BadCredentials(AdapterError):
    """User or password are wrong."""

    _reason = plugin_pb2.REASON_CREDENTIALS


class BadGroup(AdapterError):
    """The group stands for no items."""

    _reason = plugin_pb2.REASON_BAD_GROUP


class BadSchema(AdapterError):
    """The schema stands for no fields."""

    _reason = plugin_pb2.REASON_BAD_SCHEMA


class ModeNotAllowed(AdapterError):
    """An item may not be subscribed in this mode."""

    _reason = plugin_pb2.REASON_MODE_NOT_ALLOWED


class BadSelector(AdapterError):
    """The selector is not valid, or none are allowed."""

    _reason = plugin_pb2.REASON_BAD_SELECTOR


class Refusal(AdapterError):
    """A refusal with a code of the application's own, 0 or less."""

    _reason = plugin_pb2.REASON_APPLICATION

    def __init__(self, code: int, text: str) -> None:
        if code > 0:
            raise ValueError(f"the code of a refusal is 0 or less, not {code}")
        super().__init__(text)
        self.code = code


class FeedClosed(Exception):
    """The feed has ended: ``run`` has nothing more to do. Let it pass."""


class LimitReached(Exception):
    """A feed has as many field names, or published items, as it may."""


_BY_REASON: dict[int, type[AdapterError]] = {
    error._reason: error
    for error in (UnknownItem, Unavailable, BadCredentials, BadGroup, BadSchema, ModeNotAllowed, BadSelector)
}


def to_wire(error: Exception) -> plugin_pb2.Refusal:
    """Return what stands for an error."""
    reason = error._reason if isinstance(error, AdapterError) else plugin_pb2.REASON_FAILED
    text = str(error) or type(error).__name__
    # An exception may carry what is no UTF-8, such as the name of a file.
    text = text.encode(errors="replace").decode()
    return plugin_pb2.Refusal(reason=reason, code=error.code if isinstance(error, Refusal) else 0, text=text)


def from_wire(refusal: plugin_pb2.Refusal) -> AdapterError:
    """Return the error that a refusal stands for."""
    if refusal.reason == plugin_pb2.REASON_APPLICATION:
        return Refusal(refusal.code, refusal.text)
    return _BY_REASON.get(refusal.reason, AdapterError)(refusal.text)
