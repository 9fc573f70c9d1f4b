"""Calls between services: pooled, timed out, broken off when the neighbour is down, and traceable.

    movies = ServiceClient("movies", settings.movies_url)
    movies.get("/screenings/…/seats")

A refusal by the neighbour (4xx) comes back as NeighbourProblem with its problem details; a neighbour that is
away, slow or talks nonsense is NeighbourAway. Only GETs are repeated, once; and whatever could not even be sent.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
import pybreaker
import structlog
import urllib3
from urllib3.exceptions import HTTPError

from marquee import logs, metrics
from marquee.errors import Problem
from marquee.settings import several

log = structlog.get_logger(__name__)

CONNECT_SECONDS, READ_SECONDS = 1.0, 2.0
# Where a connection was refused nothing was sent: any method may try once more, with the name looked up anew,
# because a name has several addresses and they change while a neighbour is replaced.
UNSENT = urllib3.Retry(total=None, connect=1, read=0, redirect=0, status=0, other=0)
Headers = Callable[[], dict[str, str]]
Seconds = Callable[[], float]


class NeighbourAway(Problem):
    """Another service did not answer, or not in a way we can use."""

    type, title, status = "/problems/neighbour-away", "A part of Marquee is away for a moment", 503


class NeighbourProblem(Problem):
    """Another service refused; its own type, title and status are kept."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        known = {"type", "title", "status", "detail", "instance", "errors"}
        super().__init__(str(body.get("detail", "")), **{k: v for k, v in body.items() if k not in known})
        self.code, self.problem = status, body
        self.kind = str(body.get("type", "about:blank"))

    def body(self) -> dict[str, Any]:
        return {"status": self.code, **self.problem}


@dataclass(frozen=True)
class Picture:
    """With how long the neighbour says it may be kept."""

    body: bytes
    content_type: str
    cache_control: str


class ServiceClient:
    """One neighbour. `headers` is asked on every call: the caller's own token, a guest token.

    With `own_token` we call as ourselves; when it is refused, one with a new token follows. `time_left` bounds all
    reads of one page together: where it is over, nobody is asked.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        headers: Headers = dict,
        own_token: "ServiceToken | None" = None,
        read_seconds: float = READ_SECONDS,
        time_left: Seconds = lambda: math.inf,
        pool_size: int = 16,
    ) -> None:
        self.name, self._url = name, url.rstrip("/")
        self._own_token, self._headers = own_token, own_token.headers if own_token else headers
        self._read_seconds, self._time_left = read_seconds, time_left
        self._pool = urllib3.PoolManager(maxsize=pool_size, retries=UNSENT)
        self._breaker = pybreaker.CircuitBreaker(fail_max=5, reset_timeout=5, exclude=[NeighbourProblem])

    def get(self, path: str, **query: Any) -> Any:
        try:
            return self._send("GET", path, query=query)
        except NeighbourAway:
            if self._breaker.current_state == pybreaker.STATE_OPEN:
                raise
            return self._send("GET", path, query=query)

    def get_bytes(self, path: str, **query: Any) -> tuple[bytes, str]:
        """A file: its bytes and content type."""
        answer = self._answer("GET", path, query=query)
        return answer.data, answer.headers.get("Content-Type", "application/octet-stream")

    def get_picture(self, path: str, **query: Any) -> Picture:
        answer = self._answer("GET", path, query=query)
        headers = answer.headers
        return Picture(answer.data, headers.get("Content-Type", ""), headers.get("Cache-Control", ""))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("POST", path, body=body, headers=headers)

    def post_bytes(self, path: str, content: bytes, content_type: str, **query: Any) -> Any:
        """Send a file or a picture; answers like `post`."""
        return self._send("POST", path, content=content, query=query, headers={"Content_Type": content_type})

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("PUT", path, body=body, headers=headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("PATCH", path, body=body, headers=headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self._send("DELETE", path, headers=headers)

    def _send(self, method: str, path: str, **options: Any) -> Any:
        answer = self._answer(method, path, **options)
        if answer.status == 204 or not answer.data:
            return None
        try:
            return orjson.loads(answer.data)
        except orjson.JSONDecodeError as error:
            raise NeighbourAway(f"{self.name} answered something that is not JSON") from error

    def _answer(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
        try:
            return self._call(method, path, **options)
        except NeighbourProblem as refused:
            # Refused at the door, so nothing was done: asking again is safe for any method.
            if refused.code != 401 or not (self._own_token and self._own_token.drop()):
                raise
            return self._call(method, path, **options)

    def _call(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
        left = self._time_left() if method == "GET" else math.inf
        if left <= 0:
            raise NeighbourAway(f"there is no time left to ask {self.name}")
        options["timeout"] = urllib3.Timeout(
            connect=min(CONNECT_SECONDS, left), read=min(self._read_seconds, left)
        )
        outcome = "away"
        try:
            answer: urllib3.BaseHTTPResponse = self._breaker.call(self._request, method, path, **options)
            outcome = "ok"
            return answer
        except pybreaker.CircuitBreakerError as error:
            raise NeighbourAway(f"{self.name} is away") from error
        except NeighbourProblem:
            outcome = "refused"
            raise
        finally:
            metrics.NEIGHBOURS.labels(self.name, outcome).inc()

    def _request(
        self,
        method: str,
        path: str,
        *,
        timeout: urllib3.Timeout,
        query: dict[str, Any] | None = None,
        body: Any = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        url = self._url + path + (f"?{_encoded(query)}" if query else "")
        began = time.perf_counter()
        try:
            answer = self._pool.request(
                method,
                url,
                body=content if body is None else orjson.dumps(body, default=str),
                headers=self._all_headers(headers or {}, has_body=body is not None),
                timeout=timeout,
                redirect=False,
            )
        except HTTPError as error:
            # Without what may stand behind a "?": the key of somebody's booking is not for the log.
            log.warning(
                "neighbour_away",
                neighbour=self.name,
                path=path.partition("?")[0],
                error=type(error).__name__,
            )
            raise NeighbourAway(f"{self.name} did not answer") from error
        log.debug(
            "neighbour", neighbour=self.name, path=path, ms=round((time.perf_counter() - began) * 1000, 1)
        )
        if answer.status >= 500:
            raise NeighbourAway(f"{self.name} answered {answer.status}")
        if answer.status >= 400:
            raise NeighbourProblem(answer.status, _problem_of(answer))
        return answer

    def _all_headers(self, more: dict[str, str], *, has_body: bool) -> dict[str, str]:
        headers = {"Accept": "application/json", "X-Request-Id": logs.request_id.get(), **self._headers()}
        if has_body:
            headers["Content-Type"] = "application/json"
        return headers | {name.replace("_", "-"): value for name, value in more.items()}


def _encoded(query: dict[str, Any]) -> str:
    return urlencode({k: v for k, v in query.items() if v is not None}, doseq=True)


def _problem_of(answer: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    try:
        body = orjson.loads(answer.data)
    except orjson.JSONDecodeError:
        return {"title": "Refused"}
    return body if isinstance(body, dict) else {"title": "Refused"}


_NEW_SECONDS = 5.0


class ServiceToken:
    """A token of our own by client credentials, renewed a minute before it ends.

    Of several secrets, separated by commas, whichever the issuer knows just now will do.
    """

    def __init__(self, issuer_internal: str, client_id: str, client_secret: str) -> None:
        self._url = f"{issuer_internal}/protocol/openid-connect/token"
        self._client_id, self._secrets = client_id, several(client_secret) or [""]
        self._pool = urllib3.PoolManager(retries=False)
        self._token, self._fetched_at, self._renew_at = "", 0.0, 0.0

    def headers(self) -> dict[str, str]:
        if time.monotonic() >= self._renew_at:
            self._fetch()
        return {"Authorization": f"Bearer {self._token}"}

    def _fetch(self) -> None:
        answers = (self._ask(secret) for secret in self._secrets)
        answer = next((one for one in answers if one.status != 401), None)
        if answer is None:
            raise NeighbourAway("the issuer knows none of our client secrets")
        if answer.status != 200:
            raise NeighbourAway(f"the issuer answered {answer.status} to our client credentials")
        try:
            body = orjson.loads(answer.data)
            token, lasts_seconds = str(body["access_token"]), float(body["expires_in"])
        except (ValueError, KeyError, TypeError) as error:
            raise NeighbourAway("the issuer answered something that is not a token") from error
        self._fetched_at = time.monotonic()
        self._token, self._renew_at = token, self._fetched_at + max(_NEW_SECONDS, lasts_seconds - 60)

    def drop(self) -> bool:
        """Forget a token that was refused; False when it is so new that another would fare no better."""
        if time.monotonic() - self._fetched_at < _NEW_SECONDS:
            return False
        self._renew_at = 0.0
        return True

    def _ask(self, secret: str) -> urllib3.BaseHTTPResponse:
        client = {"client_id": self._client_id, "client_secret": secret}
        try:
            return self._pool.request(
                "POST",
                self._url,
                fields=client | {"grant_type": "client_credentials"},
                encode_multipart=False,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
                redirect=False,
            )
        except HTTPError as error:
            raise NeighbourAway("the issuer did not answer") from error
