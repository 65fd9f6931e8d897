"""Triton: what it serves, load and read back, unload and wait, golden requests. All of Triton's client is in here.

Promise: a 200 is not proof. After a load the stamp of the model and of every dependent is read back (triton-facts §0).
`client.connect` is where everything begins; what is imported here takes no time.
"""

from reconciler.adapters.triton.endpoint import Access

__all__ = ["Access"]
