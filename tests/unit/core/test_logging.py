from apps.core.logging import _redact


def test_secrets_never_reach_a_log_line():
    event = _redact(
        None,
        "info",
        {
            "event": "key hw_AbCdEfGhIjKl used",
            "password": "x",
            "Authorization": "Bearer y",
            "count": 3,
        },
    )

    assert event == {
        "event": "key hw_[redacted] used",
        "password": "[redacted]",
        "Authorization": "[redacted]",
        "count": 3,
    }


def test_the_link_of_an_invitation_never_reaches_a_log_line():
    class Request:
        def __repr__(self) -> str:
            return "<Request: GET '/api/v1/invitations/hwi_AbCdEfGhIjKl'>"

    event = _redact(
        None, "info", {"path": "/api/v1/invitations/hwi_AbCdEfGhIjKl", "request": Request()}
    )

    assert event == {
        "path": "/api/v1/invitations/hwi_[redacted]",
        "request": "<Request: GET '/api/v1/invitations/hwi_[redacted]'>",
    }


def test_tokens_are_hidden_within_what_a_line_carries():
    event = _redact(
        None, "info", {"seen": [{"url": "https://x/hooks/hwh_AbCdEfGhIjKl?a=1"}], "n": 1}
    )

    assert event == {"seen": [{"url": "https://x/hooks/[redacted]?a=1"}], "n": 1}
