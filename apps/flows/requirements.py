"""Pure: which requirements a managed run may name: PEP 508 lines, no options, no local files."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement

MAX_REQUIREMENTS = 200
MAX_LENGTH = 200  # characters of one
_SCHEMES = ("https", "git+https")


def find_requirement_faults(requirements: Sequence[str]) -> list[str]:
    """
    Say what is wrong with the list, each fault with its place; empty when nothing is.

    >>> find_requirement_faults(["polars>=1", "requests[socks]; python_version < '4'"])
    []
    >>> find_requirement_faults(["-r other.txt"])
    ['1: “-r other.txt”: options are not possible here, only requirements.']
    """
    if len(requirements) > MAX_REQUIREMENTS:
        return [f"At most {MAX_REQUIREMENTS} requirements, not {len(requirements)}."]
    faults = []
    for number, requirement in enumerate(requirements, start=1):
        fault = _find_fault(requirement)
        if fault:
            faults.append(f"{number}: “{requirement[:MAX_LENGTH]}”: {fault}")
    return faults


def _find_fault(requirement: str) -> str | None:
    if len(requirement) > MAX_LENGTH:
        return f"longer than {MAX_LENGTH} characters."
    # A line break would begin another line of the file that the installer reads; an option, too.
    if not requirement.isprintable():
        return "only printable characters are possible."
    if requirement.startswith("-"):
        return "options are not possible here, only requirements."
    if "$" in requirement:
        return "variables are not replaced here."
    try:
        parsed = Requirement(requirement)
    except InvalidRequirement as error:
        return f"not a PEP 508 requirement ({str(error).splitlines()[0]})."
    if parsed.url is not None:
        try:
            parts = urlsplit(parsed.url)
        except ValueError:
            return "its address cannot be read."
        if parts.scheme not in _SCHEMES or not parts.hostname:
            return f"its address must begin with {' or '.join(f'{each}://' for each in _SCHEMES)}."
    return None
