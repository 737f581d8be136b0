"""What is put where SQL has left a hole: a function of the columns that stand there, for the reader if need be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api.context import Context
from api.nodes import Computed, Reading, Told
from domain.recent import Recent

MOST_KNOWN = 10_000
"""Rows of which what a reader was told is kept: some 2 kB each."""

Read = Callable[[Any], Any]
Fill = Callable[[Any, Context], Any]


@dataclass(frozen=True)
class Known:
    """What a reader was told of a row."""

    answer: Any


_lasting: Recent[Known] = Recent(MOST_KNOWN)


def computing(function: Computed, read: Read, shape: Read) -> Fill:
    return lambda found, _: shape(function.function(read(found["row"])))


def telling(model: Any, function: Told, read: Read, read_above: Read | None, shape: Read) -> Fill:
    """What a reader is told of rows of a kind, and of the record above if that is read too."""

    def tell(found: Any, context: Context) -> Any:
        """Rows alike in all that is looked at are told alike, so each kind is told once; once a request if what is
        told does not last."""
        values, above = found["row"], found.get("subject")
        rules = context.rulebook if function.rules else None
        key = (tell, rules, context.language, tuple(values), above and tuple(above))
        if (known := _lasting.get(key) or context.told.get(key)) is None:
            row = read(values)
            subject = row if read_above is None else read_above(above) if above else None
            reading = Reading(model, row, subject, context)
            known = Known(shape(function.function(reading)))
            if reading.lasts:
                _lasting.put(key, known)
            else:
                context.told[key] = known
        return known.answer

    return tell
