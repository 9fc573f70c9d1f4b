"""Links that people follow: which lead to a page of ours, and which open a booking."""

import hmac


def is_path_of_ours(wanted: str) -> bool:
    """Only a path on our own site: nobody may use the sign-in to send people elsewhere."""
    is_path = wanted.startswith("/") and not wanted.startswith("//")
    # Browsers read a backslash as a slash, and leave out line breaks and tabs.
    return is_path and "\\" not in wanted and wanted.isprintable()


def is_key_of(link_key: str, given: str) -> bool:
    """Whether `given` opens the booking whose mail has `link_key` in its link; before there is one, nothing does."""
    return link_key != "" and hmac.compare_digest(link_key.encode(), given.encode())
