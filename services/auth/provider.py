"""The identity provider, as a client of it: sign-in, tokens, sign-out."""

import time
from collections.abc import Mapping
from copy import copy
from typing import Any
from urllib.parse import urlencode

import requests
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from flask import Flask
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

from marquee.auth import KeySet, keys_from, read_claims
from marquee.errors import Unauthenticated
from marquee.settings import several
from services.auth.domain.problems import LoginRefused, ProviderAway
from services.auth.domain.sessions import Tokens
from services.auth.settings import AuthSettings

log = structlog.get_logger(__name__)

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_TIMEOUT = (1, 4)
_LOOK_EVERY_SECONDS = 2.0
_UNKNOWN_CLIENT = ("invalid_client", "unauthorized_client")


class SessionGone(Exception):
    """The provider ended the session: whoever wants to go on signs in again."""


class _Client(FlaskOAuth2App):  # type: ignore[misc]
    """Redeems a code with whichever of our secrets the provider knows just now; a wrong one does not burn it."""

    def fetch_access_token(self, *arguments: Any, **options: Any) -> Any:
        for secret in several(self.client_secret):
            with_secret = copy(self)
            with_secret.client_secret = secret
            try:
                return FlaskOAuth2App.fetch_access_token(with_secret, *arguments, **options)
            except OAuthError as error:
                if error.error not in _UNKNOWN_CLIENT:
                    raise
        raise ProviderAway("The sign-in server knows none of our client secrets.")


class IdentityProvider:
    """Browsers are sent to the public address, we call the internal one; `iss` is always the public one."""

    def __init__(self, app: Flask, settings: AuthSettings) -> None:
        self._settings = settings
        self._public = f"{settings.issuer}/protocol/openid-connect"
        self._internal = f"{settings.issuer_internal}/protocol/openid-connect"
        self._callback = f"{settings.auth_url_external.rstrip('/')}/auth/callback"
        self.keys: KeySet = keys_from(settings)
        self._was_up, self._looked_at = False, float("-inf")
        self._client = OAuth(app).register(
            "keycloak",
            client_cls=_Client,
            client_id=settings.login_client_id,
            client_secret=settings.login_client_secret,
            authorize_url=f"{self._public}/auth",
            access_token_url=f"{self._internal}/token",
            jwks_uri=f"{self._internal}/certs",
            issuer=settings.issuer,
            client_kwargs={
                "scope": "openid profile email",
                "code_challenge_method": "S256",
                "timeout": _TIMEOUT,
            },
        )

    def sign_in(self, *, register: bool = False) -> Response:
        """Send the browser to the sign-in (or registration) page, with state, nonce and PKCE.

        Raises ProviderAway instead of sending anybody to a page that does not load.
        """
        if not self.is_up():
            raise ProviderAway("Nobody can sign in just now. You can look round and book without an account.")
        extra = {"prompt": "create"} if register else {}
        response: Response = self._client.authorize_redirect(self._callback, **extra)
        return response

    def is_up(self) -> bool:
        """Whether it answers, remembered for a moment: its own page is the next thing people would see."""
        if time.monotonic() > self._looked_at + _LOOK_EVERY_SECONDS:
            try:
                answer = requests.get(f"{self._internal}/certs", timeout=_TIMEOUT, allow_redirects=False)
                self._was_up = answer.status_code == 200
            except requests.RequestException:
                self._was_up = False
            self._looked_at = time.monotonic()
        return self._was_up

    def redeem(self) -> tuple[Tokens, Mapping[str, Any]]:
        """Turn the callback's code into tokens and the ID token's claims."""
        try:
            answer = self._client.authorize_access_token()
        except requests.RequestException as error:
            raise ProviderAway("The sign-in server did not answer. Please try again.") from error
        except (AuthlibBaseError, JoseError, ValueError, KeyError) as error:
            log.warning("login_refused", error=repr(error))
            raise LoginRefused("Please start again from the page you came from.") from error
        if not answer.get("access_token") or "userinfo" not in answer:
            raise ProviderAway("The sign-in server gave no token.")
        return _tokens(answer), answer["userinfo"]

    def refresh(self, refresh_token: str) -> Tokens:
        """New tokens for a refresh token, which works once. SessionGone when it no longer does."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        answer = self._post("token", form)
        if answer.status_code == 400:
            raise SessionGone(answer.json().get("error_description", ""))
        if answer.status_code != 200:
            raise ProviderAway(f"The sign-in server answered {answer.status_code}.")
        return _tokens(answer.json(), refresh_token)

    def sign_out_url(self, id_token: str | None) -> str:
        """Where the browser goes to end the provider's session as well."""
        back = {"post_logout_redirect_uri": f"{self._settings.public_url.rstrip('/')}/signed-out"}
        who = {"id_token_hint": id_token} if id_token else {"client_id": self._settings.login_client_id}
        return f"{self._public}/logout?{urlencode(back | who)}"

    def read_logout_token(self, token: str) -> dict[str, Any]:
        """The claims of a back-channel logout (OpenID Connect Back-Channel Logout 1.0, section 2.6)."""
        claims = read_claims(
            token,
            self.keys,
            issuer=self._settings.issuer,
            audience=self._settings.login_client_id,
            header_types=("logout+jwt", "JWT"),
        )
        asks_for_logout = isinstance(claims.get("events"), dict) and LOGOUT_EVENT in claims["events"]
        if not asks_for_logout or "nonce" in claims:
            raise Unauthenticated("That is not a logout token.")
        return claims

    def _post(self, endpoint: str, form: dict[str, str]) -> requests.Response:
        try:
            for secret in several(self._settings.login_client_secret):
                client = {"client_id": self._settings.login_client_id, "client_secret": secret}
                answer = requests.post(
                    f"{self._internal}/{endpoint}",
                    data=form | client,
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                )
                if answer.status_code != 401:
                    return answer
        except requests.RequestException as error:
            raise ProviderAway("The sign-in server did not answer.") from error
        raise ProviderAway("The sign-in server knows none of our client secrets.")


def _tokens(answer: Mapping[str, Any], old_refresh_token: str = "") -> Tokens:
    return Tokens(
        access=answer["access_token"],
        refresh=answer.get("refresh_token", old_refresh_token),
        id=answer.get("id_token", ""),
        expires_in_seconds=int(answer["expires_in"]),
    )
