"""Text without what is not plain text."""


def printable(text: str) -> str:
    """The text with everything that is not plain text escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
