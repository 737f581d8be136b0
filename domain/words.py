"""Enums whose members carry the offices' own word beside the English one."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Word(StrEnum):
    """`NAME = "stored value", "中文", "English sentence"`."""

    zh: str
    en: str

    def __new__(cls, value: str, zh: str, en: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh = zh
        member.en = en
        return member

    @classmethod
    def of(cls, value: str) -> Self:
        """The member stored as `value`."""
        member: Self = cls._value2member_map_[value]  # type: ignore[assignment]
        return member
