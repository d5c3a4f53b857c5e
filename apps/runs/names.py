"""Pure: names that people can tell apart and say aloud."""

from uuid import UUID

_HOW_WORDS = """
    able amber apt azure brave brisk broad calm clear clever cobalt cool copper crisp deep eager
    early even fair fast fine firm fleet fond frank fresh gentle glad gold grand green happy
    hardy humble indigo ivory jade keen kind light lively loyal lucid mellow merry mild neat
    noble olive plain proud quick quiet rapid ready royal rustic sage sharp silent silver sleek
    steady
"""
_WHAT_WORDS = """
    alder badger beech birch bison brook canyon cedar cliff comet coral crane creek delta dune
    eagle elm ember falcon fern finch fjord fox glacier grove harbor hawk hazel heron hill
    island juniper kestrel lagoon lake larch lark ledge lynx maple marsh meadow mesa moor oak
    orchard osprey otter pebble pine plover pond prairie quail raven reef ridge river robin
    sparrow spruce summit willow
"""
_HOW = _HOW_WORDS.split()
_WHAT = _WHAT_WORDS.split()


def run_name(run_id: UUID) -> str:
    """Return the two words and two digits that belong to this id."""
    bits = run_id.int & ((1 << 62) - 1)
    bits, how = divmod(bits, len(_HOW))
    bits, what = divmod(bits, len(_WHAT))
    return f"{_HOW[how]}-{_WHAT[what]}-{bits % 100:02}"
