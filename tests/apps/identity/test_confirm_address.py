import pytest

from apps.identity import selectors, services

pytestmark = pytest.mark.django_db


def test_an_operator_confirms_an_address_without_a_mail(django_user_model, mailoutbox):
    person = django_user_model.objects.create_user("demo@headway.local", "pa55phrase-long")
    assert selectors.list_confirmed_addresses(user_ids=[person.id]) == set()

    for _ in range(2):
        services.confirm_address(user_id=person.id, email=person.email)

    assert selectors.list_confirmed_addresses(user_ids=[person.id]) == {"demo@headway.local"}
    assert mailoutbox == []
