"""No secret is in git, nor ever was: not in a file, not in a commit that was taken back."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHAPES = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*[A-Za-z0-9+/]{20}",
    "Stripe key": r"\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}|\bpk_live_[A-Za-z0-9]{16,}",
    "Stripe webhook secret": r"\bwhsec_[A-Za-z0-9+/]{24,}",
    "AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,})",
    "Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "package index token": r"\bpypi-[A-Za-z0-9_-]{40,}",
    "signed token": r"\beyJ[A-Za-z0-9_-]{12,}\.eyJ[A-Za-z0-9_-]{12,}\.[A-Za-z0-9_-]{20,}",
    "password in an address": r"\b[a-z][a-z0-9+]*://[^\s/:@'\"<>{}$]+:(?!guest@|(?i:password)@|p%40ss)[^\s/:@'\"<>{}$.]{8,}@[^\s]",
}


def found(text: str) -> list[str]:
    matches = [(kind, match[0]) for kind, shape in SHAPES.items() for match in re.finditer(shape, text)]
    return [f"{kind}: {secret[:12]}…" for kind, secret in matches]


@pytest.mark.parametrize(
    "planted",
    [
        "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEA0Z3VS5JJcds3xfn",
        "STRIPE_API_KEY=sk_" + "live_51H8abcdefghijklmnop",
        "secret = 'whsec_" + "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH'",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
        "Bearer eyJ" + "hbGciOiJSUzI1NiIs.eyJ" + "zdWIiOiIxMjM0NTY3ODkw.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV",
        "postgresql://movies:Zk3" + "v9QpL2x@db:5432/movies",
    ],
)
def test_a_secret_would_be_noticed(planted):
    assert len(found(planted)) == 1


def test_nothing_is_in_git_that_git_should_ignore():
    """A folder that was added before .gitignore named it stays in, and nobody sees it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert listed.stdout == ""


def test_no_secret_is_in_git_or_was():
    """Every line that any commit ever added; a clone without history has at least its files."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    history = subprocess.run(
        ["git", "log", "-p", "--no-ext-diff", "--no-textconv", "--unified=0", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode(errors="replace")
    added = "\n".join(line[1:] for line in history.splitlines() if line.startswith("+"))

    assert len(added) > 1_000_000
    assert found(added) == []
