"""Back-channel logout: every client of an ended session is told before the person gets the answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import urlencode

import urllib3

logger = logging.getLogger(__name__)

Poster = Callable[[str, dict[str, str]], int]
_TIMEOUT_SECONDS = 5.0


def post_form(url: str, form: dict[str, str]) -> int:
    """One attempt, cut after five seconds; answers the status."""
    answer = urllib3.request(
        "POST",
        url,
        body=urlencode(form),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        timeout=urllib3.Timeout(total=_TIMEOUT_SECONDS),
        retries=False,
    )
    return answer.status


def tell(post: Poster, url: str, logout_token: str) -> None:
    """Never tried again, whatever the receiver says: so does Keycloak."""
    try:
        status = post(url, {"logout_token": logout_token})
    except (urllib3.exceptions.HTTPError, OSError) as error:
        logger.warning("back-channel logout at %s failed: %s", url, error)
        return
    if status >= 400:
        logger.warning("back-channel logout at %s answered %s", url, status)
