"""Foreign text in Markdown, for pages that a forge renders: it stays text, whatever it holds."""

import re

from reconciler.core.printable import printable

_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#+!|~@&$]|(?<=:)/|(?<=www)\.")


def plain(text: str) -> str:
    """Text that Markdown shows as it stands: no markup, links, mentions or HTML."""
    return _MARKUP.sub(r"\\\g<0>", printable(text))
