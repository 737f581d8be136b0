"""Every "no" the service says: a code a front end can act on, a sentence a person can read."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Refusal:
    """One reason, in Chinese and English; `field` names the input it is about, in the API's spelling."""

    code: str
    zh: str
    en: str
    field: str | None = None

    def about(self, field: str | None = None, **values: object) -> Refusal:
        """The same refusal for one occasion: a field, and values for the `{names}` in its sentences."""
        return replace(
            self,
            zh=self.zh.format(**values) if values else self.zh,
            en=self.en.format(**values) if values else self.en,
            field=field if field is not None else self.field,
        )

    def message(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


class Refused(Exception):
    """Raised to say no; carries one refusal or several. Rolls the change back; never logged as a fault."""

    def __init__(self, *refusals: Refusal) -> None:
        self.refusals = refusals
        super().__init__("; ".join(f"{each.code}: {each.en}" for each in refusals))


NOT_FOUND = Refusal("NOT_FOUND", "没有找到这条记录，或您无权查看。", "There is no such record, or you may not see it.")
NOT_ALLOWED = Refusal("NOT_ALLOWED", "只有{who}可以做这一步。", "Only {who_en} may do this.")
NOT_NOW = Refusal(
    "NOT_NOW", "当前状态为“{state}”，不能做这一步。", "In the state “{state_en}” this cannot be done."
)
STALE = Refusal(
    "STALE",
    "记录已被他人更新（现为第{actual}版），请刷新后再试。",
    "The record has changed meanwhile (now version {actual}); refresh and try again.",
    "expectedVersion",
)
BAD_INPUT = Refusal("BAD_INPUT", "输入有误：{problem_zh}", "Bad input: {problem_en}")
TOO_LONG = Refusal("TOO_LONG", "最多{limit}个字，现有{length}个。", "At most {limit} characters; this has {length}.")
REQUIRED = Refusal("REQUIRED", "此项必填。", "This is required.")
BAD_TEXT = Refusal(
    "BAD_TEXT", "文字中有不可用的控制字符或残缺字符。", "The text holds control characters or broken characters."
)
OTHER_ZONE = Refusal("OTHER_ZONE", "它属于另一高新区。", "It belongs to another zone.")
NOT_OF_THIS_CASE = Refusal("NOT_OF_THIS_CASE", "它不属于本件。", "It does not belong to this case.")
CONFLICT = Refusal(
    "CONFLICT", "与另一处修改冲突，请刷新后再试。", "This clashes with another change; refresh and try again."
)
