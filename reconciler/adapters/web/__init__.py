"""A small HTTP server for a few pages: no files, no directories, nothing of it is kept between requests.

Promise: whoever is slow or silent is cut off, no more than a number are served at once, and what one of them does
keeps nobody else waiting for long. The Host header is believed by nobody, and where only this machine can
connect it must name this machine: a page of another site that has its name led here reads nothing.
"""

from reconciler.adapters.web.answers import Answer, Asked, Page, Pages
from reconciler.adapters.web.server import Bounds, listening

__all__ = ["Answer", "Asked", "Bounds", "Page", "Pages", "listening"]
