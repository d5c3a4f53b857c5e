"""The agent: takes runs from a pool and executes each in a process of its own."""

from headway.agent._loop import Agent

__all__ = ["Agent"]
