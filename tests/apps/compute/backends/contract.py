"""What every backend does, whichever it is; each has a subclass of this in its test module."""

import sys
import uuid

from apps.compute.backends.port import LiveState, TaskSpec, token_of
from apps.core.ids import uuid7
from tests.stack import wait_until

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def spec(command=None, *, run_id=None, epoch=1, memory_mb=512, **environment):
    run_id = run_id or uuid7()
    return TaskSpec(
        token=token_of(run_id, epoch),
        workspace_id=uuid.UUID(int=7),
        run_id=run_id,
        epoch=epoch,
        cpu_units=256,
        memory_mb=memory_mb,
        environment={"HEADWAY_API_KEY": "hw_secret"} | environment,
        command=command or SLEEPER,
    )


class BackendContract:
    """Subclasses give `backend`, and `let_run(external_id)` where somebody has to."""

    repeats_by_token = True  # moto does not
    may_stop_unknown = True

    def let_run(self, external_id):
        """Bring the task to where its process runs."""

    def let_stop(self, external_id):
        """Bring a task that was asked to stop to its end."""

    def state(self, backend, external_id):
        (report,) = backend.describe([external_id])
        return report.state

    def wait_for(self, backend, external_id, state):
        wait_until(
            f"the task to be {state}",
            lambda: self.state(backend, external_id) is state,
            every=0.02,
        )

    def test_a_launched_task_runs_and_stops_when_asked(self, backend):
        external_id = backend.launch(spec())
        self.let_run(external_id)
        self.wait_for(backend, external_id, LiveState.RUNNING)

        backend.stop(external_id, "Cancelled.")
        self.let_stop(external_id)

        self.wait_for(backend, external_id, LiveState.STOPPED)

    def test_a_token_launched_twice_is_one_task(self, backend):
        task = spec()

        first, again = backend.launch(task), backend.launch(task)

        if self.repeats_by_token:
            assert first == again
            assert [each.external_id for each in backend.list_live()] == [first]

    def test_live_tasks_are_listed_with_their_tokens_until_they_stop(self, backend):
        one, other = spec(), spec()
        ids = {backend.launch(one): one.token, backend.launch(other): other.token}
        for each in ids:
            self.let_run(each)

        assert {live.external_id: live.token for live in backend.list_live()} == ids

        for each in ids:
            backend.stop(each, "Enough.")
            self.let_stop(each)
            self.wait_for(backend, each, LiveState.STOPPED)
        assert backend.list_live() == []

    def test_what_was_never_launched_is_missing_and_may_be_stopped(self, backend):
        known = backend.launch(spec())
        unknown = self.unknown_id()

        reports = backend.describe([unknown, known])

        assert [report.external_id for report in reports] == [unknown, known]
        assert reports[0].state is LiveState.MISSING
        assert reports[1].state is not LiveState.MISSING
        if self.may_stop_unknown:
            backend.stop(unknown, "Nobody there.")

    def test_stopping_twice_changes_nothing(self, backend):
        external_id = backend.launch(spec())
        self.let_run(external_id)

        backend.stop(external_id, "First.")
        backend.stop(external_id, "Second.")
        self.let_stop(external_id)

        self.wait_for(backend, external_id, LiveState.STOPPED)
        backend.stop(external_id, "Third.")
        assert self.state(backend, external_id) is LiveState.STOPPED

    def unknown_id(self):
        return token_of(uuid7(), 1)
