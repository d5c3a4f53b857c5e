"""Pure: the sentence that answers whether everything is all right."""


def sentence(*, flows: int, needing: int, late: int, running: int) -> str:
    """Say it in one line: what needs somebody first, else that nothing does."""
    if flows == 0:
        return "Nothing has run here yet."
    parts = []
    if needing:
        verb = "needs" if needing == 1 else "need"
        parts.append(f"{needing} of {_count(flows, 'flow')} {verb} you")
    if late:
        parts.append(f"{_count(late, 'run')} {'is' if late == 1 else 'are'} late")
    if not parts:
        parts.append("The one flow is fine" if flows == 1 else f"All {flows} flows are fine")
    text = ", and ".join(parts)
    if running:
        text += f"; {_count(running, 'run')} {'is' if running == 1 else 'are'} executing"
    return text + "."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
