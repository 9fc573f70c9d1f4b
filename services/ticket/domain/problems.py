"""Why the ticket service refuses.

Problem
├── CannotUndo
└── Voided
"""

from marquee.errors import Problem


class CannotUndo(Problem):
    """Too late, or somebody undid it before."""

    type, title, status = "/problems/cannot-undo", "That scan can no longer be undone", 409


class Voided(Problem):
    """The booking was cancelled: there is nothing to print."""

    type, title, status = "/problems/ticket-void", "This booking was cancelled", 410
