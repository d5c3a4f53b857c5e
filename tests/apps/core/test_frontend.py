import pytest


@pytest.fixture
def dist(tmp_path, settings):
    settings.FRONTEND_DIST = tmp_path
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>first</title>")
    return tmp_path


def test_a_page_is_the_index_of_now_and_never_kept(client, dist):
    first = client.get("/w/acme/runs")
    (dist / "index.html").write_text("<title>the second build</title>")
    second = client.get("/w/acme/runs")

    assert first["Cache-Control"] == second["Cache-Control"] == "no-cache"
    assert (b"first" in first.content, b"second build" in second.content) == (True, True)


def test_a_file_built_since_the_start_is_found(client, dist):
    (dist / "assets" / "page-4f2a.js").write_text("export {}")

    answer = client.get("/assets/page-4f2a.js")

    assert (answer.status_code, answer["Content-Type"]) == (200, "text/javascript")
    assert b"".join(answer.streaming_content) == b"export {}"


@pytest.mark.parametrize("name", ["gone-77aa.js", "..", "%2e%2e%2findex.html"])
def test_a_file_that_is_gone_is_not_the_index(client, dist, name):
    answer = client.get(f"/assets/{name}")

    assert b"first" not in answer.content
    assert answer.status_code == 404
