import orjson
import pytest

from apps.core.errors import InvalidRequest
from apps.core.http.exception_handler import _flatten
from apps.core.http.pagination import decode_cursor, encode_cursor


@pytest.mark.parametrize(
    ("detail", "fields"),
    [
        ({"name": ["Required."]}, {"name": ["Required."]}),
        ({"a": {"b": ["x"]}}, {"a.b": ["x"]}),
        ({"a": [{}, {"b": ["x"]}]}, {"a.1.b": ["x"]}),
        ({"non_field_errors": ["x"]}, {"body": ["x"]}),
        (["x"], {"body": ["x"]}),
    ],
)
def test_nested_errors_become_paths(detail, fields):
    assert _flatten(detail) == fields


def test_a_cursor_comes_back_as_it_was():
    assert decode_cursor(encode_cursor(["2026-01-01", 7]), size=2) == ["2026-01-01", 7]


@pytest.mark.parametrize("text", ["", "x", "%%%", encode_cursor([1]), encode_cursor([1, 2, 3])])
def test_a_foreign_cursor_is_refused(text):
    with pytest.raises(InvalidRequest):
        decode_cursor(text, size=2)


@pytest.mark.parametrize("body", [b"{", b"[1,", b"\xff", b"NaN"])
def test_malformed_json_gets_the_envelope(client, db, body):
    response = client.post(
        "/api/v1/workspaces",
        body,
        content_type="application/json",
        headers={"Authorization": "Bearer hw_x"},
    )

    assert response.status_code == 401
    assert orjson.loads(response.content)["error"]["code"] == "unauthenticated"


def test_malformed_json_is_an_invalid_request(api, alice):
    response = api(alice).client.post("/api/v1/workspaces", b"{", content_type="application/json")

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_request"
    assert "Malformed JSON" in response.json()["error"]["message"]
