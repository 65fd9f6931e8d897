"""What `reconcile init` says."""

from reconciler.core.started import Started
from reconciler.render import line, starting


def test_what_was_written_what_was_there_and_three_commands_are_told() -> None:
    started = Started(folder="/w/my models", written=("a.yaml",), same=("b.yaml",), begun=True)
    told = line.text(starting.lines(started, "my models")).splitlines()
    assert told[:4] == [
        "+ a.yaml",
        "  b.yaml is there already",
        "A git repository was begun, on the branch main.",
        "1 file written.",
    ]
    assert [command.split()[0] for command in told[5:]] == ["reconcile", "git", "reconcile"]
    assert all("'my models'" in command for command in told[5:])


def test_as_a_document_it_says_how_git_stands() -> None:
    stands = {
        "begun": Started(folder="/w", begun=True),
        "there": Started(folder="/w", inside="/"),
        "none": Started(folder="/w"),
    }
    assert all(starting.document(started)["git"] == word for word, started in stands.items())
