"""A tool's answer in a few words, for people and for clients that show their model only text."""

from typing import Any

LONGEST = 700
_MOST_FACTS = 16


def summary(answer: dict[str, Any]) -> str:
    """Return *answer*'s message, its plain values, and how much there is of the rest."""
    said = str(answer.get("message", ""))
    facts = [
        fact for key, value in answer.items() if key != "message" for fact in _facts(key, value)
    ]
    more = f"; and {len(facts) - _MOST_FACTS} more" if len(facts) > _MOST_FACTS else ""
    told = "; ".join(facts[:_MOST_FACTS]) + more
    text = f"{said}: {told}" if said and told else said or told or "Done"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _facts(key: str, value: Any) -> list[str]:
    match value:
        case dict():
            plain = [f"{k} {_plain(v)}" for k, v in value.items() if _is_plain(v)]
            return [f"{key}: {', '.join(plain)}"] if plain else []
        case list() if all(_is_plain(item) for item in value) and len(value) <= 8:
            return [f"{key}: {', '.join(map(_plain, value)) or 'none'}"]
        case list():
            return [f"{len(value)} {key}"]
        case _:
            return [f"{key} {_plain(value)}"]


def _is_plain(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _plain(value: Any) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.10g}"
        case _:
            return str(value)
