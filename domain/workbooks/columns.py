"""Columns of a sheet, by letters as a person names them and by number."""

from __future__ import annotations


def letters(column: int) -> str:
    """3 → "C"."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def number_of(name: str) -> int:
    """"C" → 3."""
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - 64
    return number
