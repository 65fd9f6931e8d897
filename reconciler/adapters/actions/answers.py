"""The files in which a job answers: its summary, its outputs."""

from collections.abc import Mapping

from reconciler.core.errors import Reason, TerminalError


def keep_summary(path: str, markdown: str) -> None:
    """Adds to the summary of the job. Raises TerminalError if that cannot be written."""
    _add("GITHUB_STEP_SUMMARY", path, markdown)


def set_outputs(path: str, outputs: Mapping[str, str]) -> None:
    """Sets outputs of the step; neither names nor values may have line breaks. Raises TerminalError."""
    _add("GITHUB_OUTPUT", path, "".join(f"{name}={value}\n" for name, value in outputs.items()))


def _add(variable: str, path: str, text: str) -> None:
    try:
        with open(path, "a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise TerminalError(Reason.USAGE, message, f"{variable} names it, which GitHub Actions sets") from error
