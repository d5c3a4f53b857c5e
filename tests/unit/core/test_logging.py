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
