"""The native runtime: the embedded loop against OpenAI-compatible endpoints."""

from codex_desk.runtimes.native.report import ProbeReport
from codex_desk.runtimes.native.runtime import NativeRuntime, preload, probe

__all__ = ["NativeRuntime", "ProbeReport", "preload", "probe"]
