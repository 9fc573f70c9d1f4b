"""Questions that tell whether a program is ready."""

import http.client

from local.ports import answers

from .parts import Probe

__all__ = ["accepts", "answers_http"]


def answers_http(port: int, path: str) -> Probe:
    """Ready when GET `path` answers 2xx."""

    def ask() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", path)
            return 200 <= connection.getresponse().status < 300
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ask


def accepts(port: int) -> Probe:
    """Ready when the port accepts a connection."""
    return lambda: answers(port)
