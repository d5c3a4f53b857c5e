"""What stops the local stack and what to do about it, in one line."""


class Problem(Exception):
    """A condition that a person can fix. The message names the condition and the remedy."""
