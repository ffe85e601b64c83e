"""What it costs an agent to read something, estimated without anybody's tokenizer.

None is at hand, and each model has another. JSON in English words comes to about four characters
a token; JSON of short names and much punctuation to fewer. So both are counted, and the larger
holds: the characters by four, and the pieces into which tokenizers cut text before they look
words up (a word with the sign or space before it, up to three digits, a run of signs), where every
nine letters that a piece begins count as a token.
"""

import json
import math
import re
from typing import Any

from trading_mcp.api.context import ApiContext
from trading_mcp.api.mcp.access import STDIO, from_inside
from trading_mcp.api.mcp.catalogue import catalogue
from trading_mcp.api.mcp.server import build_mcp

_PIECE = re.compile(r"[^\r\n\w]?[^\W\d_]+|_[^\W\d_]*|\d{1,3}| ?[^\s\w]+|\s+")
_LETTERS = 9


def tokens(value: Any) -> int:
    """Return the larger of both estimates for *value* as compact JSON (text as it is)."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    pieces = sum(math.ceil(len(piece) / _LETTERS) for piece in _PIECE.findall(text))
    return max(math.ceil(len(text) / 4), pieces)


async def listed(context: ApiContext) -> list[dict[str, Any]]:
    """Return the tools exactly as `tools/list` sends them."""
    server = build_mcp(context, catalogue(context.operations.values(), context.mcp))
    with from_inside(STDIO):
        tools = [tool.to_mcp_tool() for tool in await server.list_tools()]
    return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
