import pytest

from apps.notifications.messages import MAX_BODY_LENGTH, MAX_SUBJECT_LENGTH, Message
from apps.notifications.transports.slack import MAX_TEXT_LENGTH, text_of


def cleaned(subject="s", body="b"):
    return Message(subject=subject, body=body).cleaned()


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\u2028"])
def test_a_subject_is_one_line(end):
    assert cleaned(subject=f"a{end}Bcc: x@y.example").subject == "a Bcc: x@y.example"


def test_a_body_keeps_its_lines_and_loses_control_characters():
    assert cleaned(body="one\r\ntwo\tthree\x00\x1b[31m").body == "one\ntwo\tthree[31m"


def test_what_is_too_long_is_cut_and_says_so():
    message = cleaned(subject="x" * 1000, body="y" * (MAX_BODY_LENGTH + 1))

    assert len(message.subject) == MAX_SUBJECT_LENGTH
    assert len(message.body) == MAX_BODY_LENGTH
    assert message.body.endswith("(cut)")


def test_slack_reads_no_commands_in_what_others_wrote():
    text = text_of("5 * 3 <!channel>", "<https://evil.example|Click> & go")

    assert text == "*5 ∗ 3 &lt;!channel&gt;*\n&lt;https://evil.example|Click&gt; &amp; go"


@pytest.mark.parametrize("offset", range(6))
def test_slack_text_is_never_cut_within_an_escape(offset):
    text = text_of("", "x" * (MAX_TEXT_LENGTH - offset) + "&" * 10)

    assert len(text) <= MAX_TEXT_LENGTH + 1
    assert text.removesuffix("…").lstrip("x").replace("&amp;", "") == ""
