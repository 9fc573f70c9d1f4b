"""Sending mail by SMTP."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit


class MailRefused(Exception):
    """This one will not go: wrong address, refused content."""


class MailAway(Exception):
    """The mail server is away or busy; later it may work."""


class SmtpMailer:
    """`smtp://user:password@host:port`; smtps:// for TLS from the start, smtp+starttls:// to upgrade."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._scheme, self._host = parts.scheme, parts.hostname or "localhost"
        self._port = parts.port or {"smtps": 465, "smtp+starttls": 587}.get(parts.scheme, 25)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        # smtplib checks no certificate unless it is given a context that does. Reading whom to trust takes longer
        # than sending a mail.
        self._trusted = ssl.create_default_context()

    def send(self, message: EmailMessage) -> None:
        """Hand the message to the server, or raise MailRefused or MailAway."""
        try:
            with self._connect() as server:
                _hand_over(server, message)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            if _is_permanent(error):
                raise MailRefused(str(error)[:200]) from error
            raise MailAway(str(error)[:200]) from error
        except (OSError, smtplib.SMTPException) as error:
            raise MailAway(repr(error)[:200]) from error

    def _connect(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=8, context=self._trusted)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=8)
        try:
            if self._scheme == "smtp+starttls":
                server.starttls(context=self._trusted)
            if self._user:
                server.login(self._user, self._password)
        except Exception:
            server.close()
            raise
        return server


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        server.send_message(message)
    except smtplib.SMTPNotSupportedError as error:
        if str(message["To"]).isascii():
            raise  # it is our own sender that the server does not take: that can be mended
        raise MailRefused("the mail server takes no address with other letters than ASCII") from error


def _is_permanent(error: smtplib.SMTPException) -> bool:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500
