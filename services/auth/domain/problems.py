"""Why signing in does not work.

Problem
├── NoCode, LoginRefused
├── NoSession
└── Unavailable
    └── ProviderAway
"""

from marquee.errors import Problem, Unavailable


class NoCode(Problem):
    """The provider sent somebody back without a code."""

    type, title, status = "/problems/no-code", "That sign-in was not finished", 400


class LoginRefused(Problem):
    """The answer does not belong to a sign-in that was begun in this browser, or is not to be believed."""

    type, title, status = "/problems/login-refused", "That sign-in could not be confirmed", 401


class ProviderAway(Unavailable):
    """The identity provider does not answer as it should."""

    type, title, status = "/problems/sign-in-away", "Sign-in is away for a moment", 503


class NoSession(Problem):
    """Signed out, or never signed in."""

    type, title, status = "/problems/no-session", "That session is over", 404
