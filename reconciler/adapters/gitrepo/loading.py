"""Imports pygit2 before anybody else does: it reads the certificates of SSL_CERT_FILE then, and fails if it cannot."""

from reconciler.core.errors import Reason, TerminalError

try:
    import pygit2  # noqa: F401
except ImportError:
    raise
except Exception as error:
    raise TerminalError(
        Reason.CREDENTIALS_MISSING,
        f"git cannot start, probably for the certificates that SSL_CERT_FILE or SSL_CERT_DIR names: {error}",
        "let them name certificates in PEM form, or unset them",
    ) from error
