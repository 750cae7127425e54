"""Clients of openai."""

from __future__ import annotations

import importlib
from typing import Any

from ._stainless import Clients

openai: Any = importlib.import_module("openai")
CLIENTS = Clients("openai", openai.OpenAI, openai.AsyncOpenAI)
WAYS = CLIENTS.ways()
