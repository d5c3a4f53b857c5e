"""The loop of costs takes in what waits, in whichever workspace."""

import pytest

from apps.core.ids import uuid7
from apps.costs import services as costs
from apps.costs.models import RunUsage
from apps.tenancy.isolation import workspace_scope
from tests.factories.costs import llm_call, store
from tests.isolation import as_worker
from workers.costs import Counter

pytestmark = pytest.mark.django_db


def test_a_step_takes_every_workspace_and_then_rests(workspace, rival_workspace):
    for place in (workspace, rival_workspace):
        with workspace_scope(place.id):
            store(place, [llm_call(uuid7())])

    with as_worker():
        more = Counter().step()
        left = costs.workspaces_with_work()

    assert (more, left) == (False, [])
    for place in (workspace, rival_workspace):
        with workspace_scope(place.id):
            assert RunUsage.objects.count() == 2  # tokens sent and tokens received
