"""A neighbour that answers what a test wrote down, and remembers what it was asked."""

from typing import Any

from marquee.http import NeighbourAway, NeighbourProblem


class ScriptedClient:
    """Stands in for ServiceClient. `answers` are by "GET /path"; an exception among them is raised."""

    def __init__(self, answers: dict[str, Any] | None = None) -> None:
        self.answers = answers or {}
        self.asked: list[tuple[str, Any]] = []

    def get(self, path: str, **query: Any) -> Any:
        return self._answer(f"GET {path}", query)

    def post(self, path: str, body: Any = None) -> Any:
        return self._answer(f"POST {path}", body)

    def put(self, path: str, body: Any = None) -> Any:
        return self._answer(f"PUT {path}", body)

    def delete(self, path: str) -> Any:
        return self._answer(f"DELETE {path}", None)

    def post_bytes(self, path: str, content: bytes, content_type: str, **query: Any) -> Any:
        return self._answer(f"POST {path}", {"content": content, "type": content_type, **query})

    def bodies(self, call: str) -> list[Any]:
        return [body for asked, body in self.asked if asked == call]

    def _answer(self, call: str, body: Any) -> Any:
        self.asked.append((call, body))
        if call not in self.answers:
            raise AssertionError(f"nobody expected {call}")
        answer = self.answers[call]
        if isinstance(answer, Exception):
            raise answer
        return answer


def refusal(status: int, kind: str, title: str, detail: str = "", **members: Any) -> NeighbourProblem:
    return NeighbourProblem(
        status, {"type": f"/problems/{kind}", "title": title, "detail": detail, **members}
    )


def away() -> NeighbourAway:
    return NeighbourAway("ticket is away")
