"""What people type as their mail address, and what becomes of it."""

from email.message import EmailMessage

import pytest
from pydantic import TypeAdapter, ValidationError

from marquee.addresses import Email

EMAIL = TypeAdapter(Email)


@pytest.mark.parametrize(
    "typed",
    ["ann@example.org", "o'neil+film@mail.example.co.uk", "ann..lee.@docomo.example", "Ann_1@EXAMPLE.org"],
)
def test_an_ordinary_address_stays_as_it_was_typed(typed: str) -> None:
    assert EMAIL.validate_python(typed) == typed


@pytest.mark.parametrize(
    ("typed", "mailed"),
    [
        ("info@müller.de", "info@xn--mller-kva.de"),
        ("info@MÜLLER.de", "info@xn--mller-kva.de"),
        ("info@straße.de", "info@xn--strae-oqa.de"),  # strasse.de belongs to somebody else
        ("info@例え.テスト", "info@xn--r8jz45g.xn--zckzah"),
    ],
)
def test_a_domain_in_other_letters_is_written_as_mail_servers_write_it(typed: str, mailed: str) -> None:
    assert EMAIL.validate_python(typed) == mailed


@pytest.mark.parametrize("typed", ["jörg@example.org", "иван@example.org"])
def test_an_address_that_our_mail_cannot_reach_is_refused_with_the_reason(typed: str) -> None:
    with pytest.raises(ValidationError, match="before the @ our mail reaches plain letters"):
        EMAIL.validate_python(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ann",
        "ann@",
        "@example.org",
        "ann@example",
        "ann@example..org",
        "ann@ü..org",
        "ann@b☃.org",
        "ann lee@example.org",
        "ann(lee@example.org",
        "ann@exam(ple.org",
        "ann@a@example.org",
        "a" * 65 + "@example.org",
        "a@" + "ü" * 60 + ".org",
        "a@" + ".".join(["ü" * 30] * 8) + ".org",  # longer in ASCII than an address may be
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        EMAIL.validate_python(typed)


@pytest.mark.parametrize("sign", "()[]<>,;:\\\"\r\n\0 .!#$%&'*+/=?^_`{|}~-")
def test_a_mail_goes_to_the_address_that_was_taken_and_to_no_other(sign: str) -> None:
    typed = f"ann{sign}lee@example.org"
    try:
        taken = EMAIL.validate_python(typed)
    except ValidationError:
        return
    message = EmailMessage()
    message["To"] = taken

    assert [address.addr_spec for address in message["To"].addresses] == [typed]
