"""What the issuer refuses, in Keycloak's words."""

from __future__ import annotations


class OAuthError(Exception):
    """A JSON answer `{"error", "error_description"}`."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


class PageError(Exception):
    """A page for the person in the browser; nothing is sent to the application."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message, self.status = message, status


def invalid_grant(description: str) -> OAuthError:
    return OAuthError("invalid_grant", description)
