"""The one cookie that auth sets and web reads: an opaque session id, nothing else."""


def session_cookie_name(public_url: str) -> str:
    """`__Host-` binds the cookie to host, path and TLS; browsers accept it over https only."""
    return "__Host-marquee" if is_secure(public_url) else "marquee"


def is_secure(public_url: str) -> bool:
    return public_url.startswith("https://")
