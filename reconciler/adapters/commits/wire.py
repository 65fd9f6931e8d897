"""SSH's way of writing data (RFC 4251): what is needed of it to read keys and signatures."""


class Wire:
    """A cursor on bytes. Everything raises ValueError where they end too early."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        end = self._at + count
        if end > len(self._content):
            raise ValueError("it ends too early")
        taken, self._at = self._content[self._at : end], end
        return taken

    def number(self) -> int:
        """An uint32."""
        return int.from_bytes(self.take(4), "big")

    def text(self) -> bytes:
        """A string."""
        return self.take(self.number())

    def integer(self) -> int:
        """An mpint that is not negative."""
        content = self.text()
        if content[:1] >= b"\x80":
            raise ValueError("a negative number")
        return int.from_bytes(content, "big")

    def end(self) -> None:
        """Raises ValueError if anything is left."""
        if self._at != len(self._content):
            raise ValueError("more than there should be")


def text(content: bytes) -> bytes:
    """A string, written."""
    return len(content).to_bytes(4, "big") + content
