"""Why the payment service refuses.

Problem
└── BadSignature
"""

from marquee.errors import Problem


class BadSignature(Problem):
    """A webhook that Stripe did not sign, or signed too long ago."""

    type, title, status = "/problems/bad-signature", "That webhook is not signed by Stripe", 400
