"""What /openapi.json promises about refusals."""

import pytest


def responses_of(client, method, path):
    return set(client.get("/openapi.json").json["paths"][path][method]["responses"])


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("get", "/movies", {"200", "401", "422", "503"}),
        ("get", "/movies/{movie_id}", {"200", "404"}),
        ("post", "/movies", {"201", "400", "401", "403", "409", "413", "415", "422"}),
        ("delete", "/movies/{movie_id}", {"204", "401", "403", "404", "409"}),
        ("post", "/screenings", {"201", "404", "409"}),
        ("get", "/programme", {"200", "404"}),
    ],
)
def test_every_refusal_a_route_may_answer_is_documented(client, method, path, statuses):
    assert statuses <= responses_of(client, method, path)


def test_public_reads_do_not_promise_a_403(client):
    assert "403" not in responses_of(client, "get", "/movies")


@pytest.mark.parametrize("path", ["/movies?q=a%00b", "/movies/feed?q=%00", "/programme?cinema=%00"])
def test_a_nul_character_in_a_question_is_refused(visitor, path):
    assert visitor.get(path).status_code in {400, 422}


def test_a_nul_character_in_a_body_is_refused(editor):
    answer = editor.post("/movies", {"title": "Nu\x00ll", "runtime_minutes": 90})

    assert answer.status_code == 400


def test_a_body_that_is_no_json_is_refused(editor, client):
    wrong_type = client.post("/movies", data="title=Heat", headers=editor.headers)
    broken = client.post("/movies", data="{", headers=editor.headers | {"Content-Type": "application/json"})

    assert (wrong_type.status_code, broken.status_code) == (415, 400)
