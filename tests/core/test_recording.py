"""What is recorded of a pass, and what is not."""

from reconciler.core.progress import Moved
from reconciler.core.recording import Unrecorded


def test_the_default_recorder_keeps_nothing_and_needs_nothing() -> None:
    nobody = Unrecorded()
    span = nobody.begin("pass", {"target": "prod"}, None)
    span.note({"result": "done"})
    span.fail("why")
    span.end(1.0)
    assert nobody.begin("load", {}, span) is nobody


def test_what_came_over_the_network_counts_also_if_its_try_failed_and_what_was_here_does_not() -> None:
    moves = [Moved(5), Moved(3, here=True), Moved(-8), Moved(4)]
    assert sum(moved.came for moved in moves) == 9
