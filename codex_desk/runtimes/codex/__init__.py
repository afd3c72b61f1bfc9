"""Codex as a runtime: the stock program runs the turns, through its app-server, with its own sandbox, sign-in, MCP servers and skills."""
