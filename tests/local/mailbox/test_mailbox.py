from __future__ import annotations

import smtplib

import pytest

from local.mailbox.letterbox import Letterbox


@pytest.fixture
def letter(browser, send):
    send()
    return browser.get("/api/messages").json["messages"][0]


def test_a_mail_sent_is_a_mail_shown(browser, send):
    send(subject="First")
    send(subject="Second")

    page = browser.get("/").text

    assert page.index("Second") < page.index("First")


def test_a_test_reads_a_mail_as_json(browser, letter):
    assert (letter["subject"], letter["to"]) == ("Your ticket for Saturday", ["mia@example.org"])

    whole = browser.get(f"/api/messages/{letter['id']}").json

    assert whole["text"].strip() == "Row G, seats 9 and 10. Žižek ★"
    assert "<img" in whole["html"]
    assert [part["name"] for part in whole["parts"]] == ["qr.png", "ticket žž.pdf", "evil.html"]
    assert letter["attachments"] == ["ticket žž.pdf", "evil.html"]


def test_mails_are_found_by_who_they_went_to(browser, send):
    send(to="ann@example.org")
    send(to="bob@example.org")

    found = browser.get("/api/messages?to=Ann@example.org").json["messages"]

    assert [mail["to"] for mail in found] == [["ann@example.org"]]


def test_the_html_of_a_mail_runs_and_loads_nothing(browser, letter):
    page = browser.get(f"/messages/{letter['id']}").text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "<script>alert" not in page

    html = browser.get(f"/messages/{letter['id']}/html")

    policy = html.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy


def test_inline_pictures_point_at_the_mail_s_own_parts(browser, letter):
    html = browser.get(f"/messages/{letter['id']}/html").text

    assert html.startswith("<!doctype html>")
    assert '<head><base target="_blank">' in html
    assert f'src="/messages/{letter["id"]}/parts/0"' in html
    assert browser.get(f"/messages/{letter['id']}/parts/0").data == b"\x89PNG fake"


def test_a_pdf_opens_and_a_web_page_is_only_saved(browser, letter):
    pdf = browser.get(f"/messages/{letter['id']}/parts/1")
    page = browser.get(f"/messages/{letter['id']}/parts/2")

    assert (pdf.mimetype, pdf.data) == ("application/pdf", b"%PDF-1.7 fake")
    assert pdf.headers["Content-Disposition"].startswith("inline")
    assert page.mimetype == "application/octet-stream"
    assert page.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "path", ["/messages/nowhere", "/messages/..%2f..%2fetc", "/api/messages/x", "/messages/x/html"]
)
def test_a_mail_that_is_not_there_is_not_found(browser, path):
    assert browser.get(path).status_code == 404


def test_a_part_that_is_not_there_is_not_found(browser, letter):
    assert browser.get(f"/messages/{letter['id']}/parts/9").status_code == 404


def test_mails_outlive_a_restart(settings, letter):
    again = Letterbox(settings.state_dir)

    assert [mail.id for mail in again.newest()] == [letter["id"]]


def test_only_the_newest_are_kept(browser, send):
    for number in range(7):
        send(subject=f"Mail {number}")

    subjects = [mail["subject"] for mail in browser.get("/api/messages").json["messages"]]

    assert subjects == ["Mail 6", "Mail 5", "Mail 4", "Mail 3", "Mail 2"]


def test_the_box_can_be_emptied(browser, letter):
    assert browser.delete("/api/messages").json == {"deleted": 1}
    assert browser.get("/api/messages").json == {"count": 0, "messages": []}


def test_mail_is_refused_as_often_as_told(browser, send):
    browser.post("/_control", json={"refuse": {"count": 1, "code": 451, "text": "busy"}})
    with pytest.raises(smtplib.SMTPDataError, match="busy"):
        send()

    send()

    assert browser.get("/api/messages").json["count"] == 1


@pytest.mark.parametrize("wish", [{}, {"refuse": {"code": 200}}, {"refuse": {"colour": 1}}, {"refuse": 1}])
def test_refusals_that_make_no_sense_are_refused(browser, wish):
    assert browser.post("/_control", json=wish).status_code == 400


def test_another_site_cannot_empty_the_box(browser, letter):
    assert browser.post("/empty", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.get("/api/messages").json["count"] == 1


def test_a_mail_in_a_charset_nobody_knows_is_still_readable(browser, settings, mailbox):
    raw = b"Subject: odd\r\nContent-Type: text/plain; charset=klingon\r\n\r\nqapla'"
    with smtplib.SMTP("127.0.0.1", settings.smtp_port) as server:
        server.sendmail("a@example.org", ["b@example.org"], raw)

    letter = browser.get("/api/messages").json["messages"][0]

    assert letter["to"] == ["b@example.org"]
    assert browser.get(f"/api/messages/{letter['id']}").json["text"].strip() == "qapla'"


def test_both_sides_listen_on_this_machine_only(mailbox):
    assert mailbox._server.server_address[0] == "127.0.0.1"
    assert mailbox._smtp.hostname == "127.0.0.1"
