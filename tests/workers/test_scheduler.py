"""The scheduler's loops: what one backfill or promise cannot do keeps no other waiting."""

from datetime import time, timedelta

import pytest

from apps.core.clock import utc_now
from apps.dispatch import services
from apps.dispatch.enums import ServiceLevelKind
from apps.dispatch.models import ServiceLevel
from apps.dispatch.services import LevelSpec
from tests.factories.dispatch import make_deployment
from tests.isolation import as_worker
from workers.scheduler import Watch

pytestmark = pytest.mark.django_db


def test_a_promise_that_cannot_be_looked_at_rests_and_holds_up_no_other(in_workspace, monkeypatch):
    deployment = make_deployment(in_workspace)
    now = utc_now()
    yesterday = now - timedelta(days=1)
    spec = LevelSpec(
        deployment_id=deployment.id, kind=ServiceLevelKind.FINISH_BY, time_of_day=time(6)
    )
    bad, good = (
        services.create_level(workspace_id=in_workspace.id, spec=spec, now=yesterday)
        for _ in range(2)
    )
    # What no check lets in, and for which the calendar is too short: it stands for a bug of ours.
    ServiceLevel.objects.filter(id=bad.id).update(weekdays=0, next_check_at=yesterday)
    ServiceLevel.objects.filter(id=good.id).update(next_check_at=now - timedelta(hours=1))
    watch = Watch()

    with as_worker():
        watch.step()
        good.refresh_from_db()
        assert good.next_check_at > now
        assert services.list_levels_to_check(now=now) == [bad.id]
