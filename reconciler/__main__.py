"""The program: python -m reconciler, and what the `reconcile` command runs."""

from reconciler import early

early.install()

from reconciler.cli import main  # noqa: E402 - the imports take most of a second, and somebody may be in a hurry

__all__ = ["main"]

if __name__ == "__main__":
    main()
