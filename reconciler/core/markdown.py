"""Foreign text in Markdown, for pages that a forge renders: it stays text, whatever it holds."""

import re

from reconciler.core.printable import printable

_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#+!|~&$]|(?<=:)/|(?<=www)\.")
_CALL = re.compile(r"[@#](?=\S)")
_NOTHING = "&#8203;"
"""A space without width. A backslash is no help: GitHub looks for names and numbers in what comes of the Markdown."""


def plain(text: str) -> str:
    """Text that Markdown shows as it stands: no markup, links, mentions or HTML."""
    return _CALL.sub(rf"\g<0>{_NOTHING}", _MARKUP.sub(r"\\\g<0>", printable(text)))
