"""Names for runs that were given none, and names made from a template."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

_ADJECTIVES = [
    "amber",
    "brave",
    "brisk",
    "calm",
    "clear",
    "clever",
    "crisp",
    "deep",
    "early",
    "eager",
    "even",
    "fair",
    "fine",
    "fleet",
    "fresh",
    "gentle",
    "glad",
    "golden",
    "grand",
    "green",
    "keen",
    "kind",
    "light",
    "lively",
    "lucid",
    "mellow",
    "mild",
    "neat",
    "new",
    "noble",
    "patient",
    "plain",
    "proud",
    "quick",
    "quiet",
    "rapid",
    "ready",
    "sharp",
    "silver",
    "sleek",
    "smooth",
    "sober",
    "solid",
    "steady",
    "still",
    "sunny",
    "swift",
    "tidy",
    "true",
    "vivid",
    "warm",
    "wide",
    "wise",
]
_NOUNS = [
    "badger",
    "bear",
    "beaver",
    "bison",
    "crane",
    "curlew",
    "deer",
    "dolphin",
    "eagle",
    "elk",
    "falcon",
    "finch",
    "fox",
    "gecko",
    "goose",
    "hare",
    "hawk",
    "heron",
    "ibis",
    "jay",
    "kestrel",
    "kite",
    "lark",
    "linnet",
    "lynx",
    "marten",
    "merlin",
    "mole",
    "newt",
    "osprey",
    "otter",
    "owl",
    "petrel",
    "pike",
    "plover",
    "quail",
    "raven",
    "robin",
    "seal",
    "shrike",
    "snipe",
    "sparrow",
    "stoat",
    "stork",
    "swallow",
    "swan",
    "swift",
    "tern",
    "thrush",
    "trout",
    "vole",
    "walrus",
    "warbler",
    "weasel",
    "whale",
    "wren",
]


def make_run_name() -> str:
    """Return a name that people can say to each other; it need not be unique."""
    return f"{random.choice(_ADJECTIVES)}-{random.choice(_NOUNS)}"  # noqa: S311


def fill_run_name(template: str, parameters: Mapping[str, Any]) -> str:
    """
    Return a run name with the parameters it mentions filled in; a template that fails stands.

    >>> fill_run_name("load {table}", {"table": "orders"}), fill_run_name("load {x}", {})
    ('load orders', 'load {x}')
    """
    try:
        return template.format_map(dict(parameters))[:200]
    except (KeyError, IndexError, ValueError, AttributeError):
        return template[:200]
