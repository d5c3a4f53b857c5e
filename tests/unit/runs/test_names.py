from apps.core.ids import uuid7
from apps.runs.names import run_name


def test_an_id_always_has_the_same_name():
    run_id = uuid7()

    assert run_name(run_id) == run_name(run_id)


def test_names_of_runs_made_together_differ():
    names = {run_name(uuid7()) for _ in range(100)}

    assert len(names) > 95
