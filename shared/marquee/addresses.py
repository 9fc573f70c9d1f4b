"""Mail addresses as people type them: what counts as one, and how mail servers want it written."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

LONGEST = 254
# What every mail server takes as it stands. Signs that would need quotes are left out: in a mail's header they
# are comments and lists, and the mail goes to somebody else.
_EMAIL = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}", re.ASCII | re.IGNORECASE
)


def mailable(value: str) -> str:
    """`value` in ASCII: info@müller.de is info@xn--mller-kva.de to a mail server. Raises ValueError.

    Before the @ there is no such way: only servers with SMTPUTF8 take other letters, and ours need not be one.
    """
    local, _, domain = value.rpartition("@")
    if not local.isascii():
        raise ValueError("before the @ our mail reaches plain letters (a to z), digits and signs only")
    address = f"{local}@{_in_ascii(domain)}"
    if len(address) > LONGEST or not _EMAIL.fullmatch(address):
        raise ValueError("this is not an e-mail address")
    return address


def _in_ascii(domain: str) -> str:
    if domain.isascii():
        return domain
    # Here because its tables are large and few addresses need them. Not Python's own codec, which knows the rules of
    # 2003 only: to that, straße.de is strasse.de, which is somebody else.
    import idna

    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError("after the @ there is no name that a mail server could have") from error


Email = Annotated[str, Field(max_length=LONGEST, examples=["ann@example.org"]), AfterValidator(mailable)]
