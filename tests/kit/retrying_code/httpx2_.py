"""Clients of httpx2 that connect again."""

from __future__ import annotations

from ._connecting import Connecting

WAYS = Connecting("httpx2").ways()
