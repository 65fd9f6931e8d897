"""What models and targets may be called."""

import re

MODEL = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
TARGET = r"^(?!(models\.d|reconciler\.yaml)$)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
"""A target has a folder of its own on the status branch, which must not look like a configuration."""
SAYS = "a name of 1 to 128 letters, digits, '.', '_' and '-' that begins with a letter or digit"


def is_model_name(text: str) -> bool:
    """Whether Triton can have a model of this name, and any client ask for it."""
    return re.fullmatch(MODEL, text) is not None


def is_target_name(text: str) -> bool:
    """Whether a target may be called so."""
    return re.fullmatch(TARGET, text) is not None
