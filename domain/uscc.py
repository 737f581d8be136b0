"""Unified social credit codes 统一社会信用代码: eighteen characters, the last a check on the others (GB 32100-2015)."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum, auto

LENGTH = 18
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V and Z
_WEIGHTS = tuple(pow(3, place, 31) for place in range(LENGTH - 1))
# Who registers, what kind it is, the region, the organisation, the check. Agencies also go by A, N and Y.
_SHAPE = re.compile(f"[0-9ANY][0-9][0-9]{{6}}[{ALPHABET}]{{10}}")
_BETWEEN = re.compile(r"[\s\-]+")


class Fault(Enum):
    LENGTH = auto()
    CHARACTERS = auto()
    CHECK = auto()


def one_spelling(written: str) -> str:
    """The code as registers print it, whatever the width and case of its letters or the gaps between them."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", written)).upper()


def fault_of(code: str) -> Fault | None:
    """What is wrong with a code in its one spelling."""
    if len(code) != LENGTH:
        return Fault.LENGTH
    if not _SHAPE.fullmatch(code):
        return Fault.CHARACTERS
    return None if code[-1] == check_character(code[:-1]) else Fault.CHECK


def check_character(body: str) -> str:
    """The eighteenth character, from the seventeen before it."""
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(body, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]
