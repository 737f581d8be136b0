"""What a fact rests on, wherever one is kept that a text printed or somebody reported."""

from __future__ import annotations

from domain.words import Word


class FactStatus(Word):
    """依据: how a fact is known. Its `source` says from where."""

    PRINTED = "printed", "原文", "A text prints it"
    DERIVED = "derived", "推算", "Worked out from what texts print"
    EXT = "ext", "外部资料", "From published practice elsewhere"
    REPORTED = "reported", "填报", "Reported by whoever entered it"
