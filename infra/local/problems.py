"""What stops the local stack and what to do about it, in one line."""


class Problem(Exception):  # noqa: N818 - a full disk is not an error of the program
    """A condition that a person can fix. The message names the condition and the remedy."""
