"""Clients of anthropic."""

from __future__ import annotations

import importlib
from typing import Any

from ._stainless import Clients

anthropic: Any = importlib.import_module("anthropic")
CLIENTS = Clients("anthropic", anthropic.Anthropic, anthropic.AsyncAnthropic)
WAYS = CLIENTS.ways()
