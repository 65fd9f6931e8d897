"""What a process has imported from which the tests fork their command lines: others' packages, and nothing of ours.

To import them takes most of a second of each command, and they say nothing of this program. Not among them is what
looks at the environment, or begins threads, as it is imported: pygit2 finds the home folder, gRPC reads what to log.
"""

import fsspec  # noqa: F401
import jsonschema  # noqa: F401
import networkx as nx  # noqa: F401
import numpy as np  # noqa: F401
import obstore.store  # noqa: F401
import requests  # noqa: F401
import rich.progress  # noqa: F401
import yaml  # noqa: F401
