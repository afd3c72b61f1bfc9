"""The offline runtime: the embedded default where there is neither a provider nor Codex.

It is the native loop with a rule-based stand-in for the model: the tools, the messages and the history are real, the conversation is not.
"""

from codex_desk.runtimes.offline.runtime import OfflineRuntime

__all__ = ["OfflineRuntime"]
