#!/usr/bin/env python3
"""Writes the schemas beside this file from reconciler/core/schemas/schema.py; a test checks that they are equal."""

from pathlib import Path

from reconciler.core.schemas import schema

for name, text in schema.files().items():
    (Path(__file__).parent / name).write_text(text)
