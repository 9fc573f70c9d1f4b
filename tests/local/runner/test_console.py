import json

import pytest

from local.runner.console import LogWatch, last_reason, worth_showing


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"level": "info", "event": "request"}', ""),
        ('{"level": "warning", "event": "Redis is slow"}', "warning Redis is slow"),
        (
            '{"level": "error", "event": "failed", "exception": "Traceback\\n  x\\nKeyError: 7"}',
            "error failed (KeyError: 7)",
        ),
        ("[2026-11-21] [77] [ERROR] Reason: Worker failed to boot.", ""),
        (
            "[2026-11-21] [77] [ERROR] Worker (pid:78) was sent SIGKILL!",
            "[2026-11-21] [77] [ERROR] Worker (pid:78) was sent SIGKILL!",
        ),
        ("2026-11-21 UTC [9] ERROR:  duplicate key value", ""),
        (
            "2026-11-21 UTC [9] FATAL:  the database system is shutting down",
            "2026-11-21 UTC [9] FATAL:  the database system is shutting down",
        ),
        ("2026-11-21 UTC [9] FATAL:  the database system is starting up", ""),
        ("{broken", ""),
        ("plain talk", ""),
    ],
)
def test_only_warnings_and_worse_are_shown(line, shown):
    assert worth_showing(line) == shown


def test_long_lines_are_cut():
    assert len(worth_showing(json.dumps({"level": "error", "event": "x" * 5000}))) == 300


def test_a_log_is_followed_from_where_it_stood(tmp_path):
    log = tmp_path / "movies.log"
    log.write_text('{"level": "error", "event": "yesterday"}\n')
    watch = LogWatch(log)

    with log.open("a") as file:
        file.write('{"level": "error", "event": "today"}\n{"level": "err')
    first = watch.new_trouble()
    with log.open("a") as file:
        file.write('or", "event": "in two pieces"}\n')

    assert first == ["error today"]
    assert watch.new_trouble() == ["error in two pieces"]


def test_a_log_that_was_replaced_is_read_from_its_start(tmp_path):
    log = tmp_path / "movies.log"
    log.write_text("a long history\n" * 10)
    watch = LogWatch(log)

    log.write_text('{"level": "error", "event": "new"}\n')

    assert watch.new_trouble() == ["error new"]


def test_the_reason_of_a_crash_is_its_last_plain_line(tmp_path):
    log = tmp_path / "movies.log"
    log.write_text("Traceback:\n  File x\nKeyError: 'SEATS'\n[77] [ERROR] Shutting down: Master\n")

    assert last_reason(log) == "KeyError: 'SEATS'"
