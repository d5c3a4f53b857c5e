import pytest
from django.core.management import CommandError, call_command

from apps.identity import selectors, services
from tests.factories.identity import Visitor

pytestmark = pytest.mark.django_db


def test_an_operator_confirms_an_address_without_a_mail(django_user_model, mailoutbox):
    person = django_user_model.objects.create_user("demo@headway.local", "pa55phrase-long")
    assert selectors.list_confirmed_addresses(user_ids=[person.id]) == set()

    for _ in range(2):
        services.confirm_address(user_id=person.id, email=person.email)

    assert selectors.list_confirmed_addresses(user_ids=[person.id]) == {"demo@headway.local"}
    assert mailoutbox == []


def test_where_no_mail_is_sent_an_operator_lets_somebody_in(capsys):
    visitor = Visitor()
    visitor.sign_up("Dora@acme.example")
    assert visitor.log_in("dora@acme.example").status_code == 401

    call_command("confirm_address", "dora@acme.example")

    assert "dora@acme.example is confirmed" in capsys.readouterr().out
    assert Visitor().log_in("dora@acme.example").status_code == 200
    with pytest.raises(CommandError, match="Nobody signed up"):
        call_command("confirm_address", "nobody@acme.example")
