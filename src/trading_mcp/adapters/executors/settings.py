"""Where searches run, as it can be configured."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Kind = Literal["threads", "processes", "dask"]


class SearchSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What works on searches for parameters: threads of the server, processes, or a Dask cluster.

    *workers* of 0 means one fewer than there are processors, and at least one. *scheduler* is the
    cluster's address, such as tcp://10.0.0.5:8786.
    """

    executor: Kind = "processes"
    workers: Annotated[int, Meta(ge=0, le=1024)] = 0
    scheduler: str = ""
