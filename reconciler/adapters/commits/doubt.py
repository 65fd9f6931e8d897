"""Why a signature does not count."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What is wrong with it, as a sentence about the commit ("it …"), and what to do."""

    words: str
    hint: str


def unknown(key: str, where: str) -> Doubt:
    """Signed by a key that is not listed."""
    hint = (
        f"if that key may sign, add it to {where} in a commit that is signed with a key that is trusted already, "
        "and let a pass see that commit"
    )
    return Doubt(words=f"it is signed with the unknown key {key}", hint=hint)


def altered() -> Doubt:
    """The signature is about other bytes."""
    return Doubt(words="its signature is not good: it was altered after it was signed", hint="sign it again")


def revoked(key: str) -> Doubt:
    """Signed by a key that counts no more."""
    hint = "sign it with another key; what that key signed does not count, whenever it did"
    return Doubt(words=f"it is signed with the revoked key {key}", hint=hint)
