"""Notices a call over the network that is made while a transaction is open in the same thread.

Whoever waits for somebody else so keeps rows locked and a connection busy for as long as that takes. The database is
the one neighbour that a transaction talks to.
"""

import functools
import importlib
import inspect
import socket
import ssl
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, event

ROOT = Path(__file__).resolve().parents[2]

# What goes over a socket of Python's shows itself: HTTP, Stripe, SMTP, Redis. PostgreSQL's own driver has its sockets in C.
_SENDING = [
    (kind, name)
    for kind in (socket.socket, ssl.SSLSocket)
    for name in ("connect", "send", "sendall", "sendto", "sendmsg")
    if kind is socket.socket or name in vars(kind)
]
# A stand-in has no socket, and RabbitMQ's is another thread's: these are watched where they are handed in.
HANDED_IN = [
    ("marquee.messaging.relay", "Relay.__init__", "publisher"),
    ("services.auth.renewal", "_renew", "provider"),
    ("services.notification.post", "PostRound.__init__", "mailer"),
    ("services.notification.post", "PostRound.__init__", "tickets"),
    ("services.payment.steps", "Steps.__init__", "provider"),
]


class Watch:
    """`violations` is emptied by whoever reports them."""

    def __init__(self) -> None:
        self.violations: list[str] = []
        self._of_thread = threading.local()
        self._watched: set[tuple[str, str, str]] = set()

    def called(self, what: str) -> None:
        """Somebody is about to wait for `what`."""
        for connection in self._open:
            self.violations.append(
                f"{what} while a transaction of {connection.engine.url.database} was open:\n{_way_here()}"
            )

    def look_at_what_is_handed_in(self) -> None:
        """To code that was imported by now."""
        for place in HANDED_IN:
            if place[0] in sys.modules and place not in self._watched:
                self._watched.add(place)
                _replace(*place, self)

    # A transaction lasts from "begin" to "commit" or "rollback", also when the session begins it by itself.

    def began(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql" and not _is_autocommit(connection):
            self._open.append(connection)

    def ended(self, connection: Connection) -> None:
        for scope in self._scopes:
            if connection in scope:
                scope.remove(connection)

    @contextmanager
    def somewhere_else(self) -> Iterator[None]:
        """A test's client is another machine, although it calls the app in its own thread: a transaction that a test
        holds is none of the app's."""
        self._scopes.append([])
        try:
            yield
        finally:
            left_open = self._scopes.pop()
            self._open.extend(left_open)

    @property
    def _scopes(self) -> list[list[Connection]]:
        if not hasattr(self._of_thread, "scopes"):
            self._of_thread.scopes = [[]]
        scopes: list[list[Connection]] = self._of_thread.scopes
        return scopes

    @property
    def _open(self) -> list[Connection]:
        return self._scopes[-1]


class _Watched:
    """Does what `thing` does, and tells when it is called."""

    def __init__(self, thing: Any, name: str, watch: Watch) -> None:
        self._thing, self._name, self._watch = thing, name, watch

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._thing, name)
        if not callable(found):
            return found

        @functools.wraps(found)
        def told(*arguments: Any, **options: Any) -> Any:
            self._watch.called(f"{self._name}.{name}()")
            return found(*arguments, **options)

        return told


@contextmanager
def watched() -> Iterator[Watch]:
    """Everything in this process, until the block ends."""
    watch = Watch()
    listeners = [("begin", watch.began), ("commit", watch.ended), ("rollback", watch.ended)]
    before = [(kind, name, vars(kind).get(name), getattr(kind, name)) for kind, name in _SENDING]
    call_app = Flask.__call__
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    for kind, name, _, send in before:
        setattr(kind, name, _telling(send, name, watch))
    Flask.__call__ = _from_somewhere_else(call_app, watch)  # type: ignore[method-assign]
    try:
        yield watch
    finally:
        Flask.__call__ = call_app  # type: ignore[method-assign]
        for kind, name, own, _ in before:
            if own:
                setattr(kind, name, own)
            else:
                delattr(kind, name)
        for name, listener in listeners:
            event.remove(Engine, name, listener)


def _telling(send: Callable[..., Any], name: str, watch: Watch) -> Callable[..., Any]:
    @functools.wraps(send)
    def told(self: socket.socket, *arguments: Any, **options: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            watch.called(f"socket.{name}()")
        return send(self, *arguments, **options)

    return told


def _from_somewhere_else(call_app: Callable[..., Any], watch: Watch) -> Callable[..., Any]:
    @functools.wraps(call_app)
    def called(*arguments: Any, **options: Any) -> Any:
        with watch.somewhere_else():
            return call_app(*arguments, **options)

    return called


def _replace(module: str, qualname: str, parameter: str, watch: Watch) -> None:
    *path, name = qualname.split(".")
    owner = functools.reduce(getattr, path, importlib.import_module(module))
    function = getattr(owner, name)
    signature = inspect.signature(function)

    @functools.wraps(function)
    def handed(*arguments: Any, **options: Any) -> Any:
        bound = signature.bind(*arguments, **options)
        bound.arguments[parameter] = _Watched(bound.arguments[parameter], parameter, watch)
        return function(*bound.args, **bound.kwargs)

    setattr(owner, name, handed)


def _is_autocommit(connection: Connection) -> bool:
    return connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"


def _way_here() -> str:
    """The frames that are ours."""
    ours = [
        frame
        for frame in traceback.extract_stack()[:-2]
        if frame.filename.startswith(f"{ROOT}/") and "site-packages" not in frame.filename
    ]
    return "".join(traceback.format_list(ours[-8:]))
