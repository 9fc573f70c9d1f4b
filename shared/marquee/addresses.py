"""Mail addresses as people type them: what counts as one."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

_LABEL = r"[^@\s\x00-\x1f<>,;:\".]"
_EMAIL = re.compile(rf"[^@\s\x00-\x1f<>,;:\"]{{1,64}}@(?:{_LABEL}+\.)+{_LABEL}{{2,}}")


def _is_email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError("this is not an e-mail address")
    return value


Email = Annotated[str, Field(max_length=254, examples=["ann@example.org"]), AfterValidator(_is_email)]
