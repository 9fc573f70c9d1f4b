"""Where links may lead, and what a link opens."""

import pytest

from marquee.links import is_key_of, is_path_of_ours


@pytest.mark.parametrize(
    ("wanted", "is_ours"),
    [
        ("/", True),
        ("/screenings/1/seats?people=2&list=1", True),
        ("/movies?q=amélie poulain", True),
        ("/%2Fevil.example", True),  # only a browser's own slash ends the name of a site
        ("/%5Cevil.example", True),
        ("", False),
        ("me", False),
        ("https://evil.example", False),
        ("https:/evil.example", False),
        ("javascript:alert(1)", False),
        ("//evil.example", False),
        ("///evil.example", False),
        ("\\/evil.example", False),
        ("\\\\evil.example", False),
        ("/\\evil.example", False),
        ("/films\\..\\\\evil.example", False),
        (" //evil.example", False),
        ("/\t/evil.example", False),
        ("/\n/evil.example", False),
        ("/me\r\nSet-Cookie: a=b", False),
        ("/me\x00", False),
        ("/\x7f/evil.example", False),
        ("/\u2028/evil.example", False),
    ],
)
def test_people_are_only_sent_to_paths_of_ours(wanted: str, is_ours: bool) -> None:
    assert is_path_of_ours(wanted) is is_ours


def test_a_link_opens_its_own_booking_and_no_other_key_does() -> None:
    assert is_key_of("k" * 22, "k" * 22)
    for given in ("", "k", "k" * 21, "k" * 23, "é" * 22):
        assert not is_key_of("k" * 22, given)


def test_a_booking_without_a_link_is_opened_by_none() -> None:
    assert not is_key_of("", "")
