"""Enterprise codes 企业码 (QT-02): what a QR code on an enterprise's wall says. It opens the enterprise for whoever may
see it anyway, and shows nobody else anything.

A code is the enterprise's key in the 26 letters and digits of Crockford's base 32, which no two read for one another.
"""

from __future__ import annotations

from uuid import UUID

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26
SPELLINGS = str.maketrans("OIL", "011", " -")


def code_of(key: UUID) -> str:
    return "".join(ALPHABET[key.int >> 5 * place & 31] for place in reversed(range(LENGTH)))


def key_in(code: str) -> UUID | None:
    """The key a code says, however it was typed; None where it says none."""
    said = code.upper().translate(SPELLINGS)
    if len(said) != LENGTH or not set(said) <= set(ALPHABET):
        return None
    number = 0
    for letter in said:
        number = number << 5 | ALPHABET.index(letter)
    return UUID(int=number) if number < 1 << 128 else None
