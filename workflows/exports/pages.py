"""The pages of an export, for people to read: static HTML in Chinese and in English, without a script."""

from __future__ import annotations

import json
import tempfile
from html import escape
from typing import IO

from domain.clock import OFFICE_ZONE
from domain.history import Entry
from domain.seals import Checkpoint
from workflows.exports.histories import History, Subject, Written
from workflows.exports.names import Language, Names, kind_word, move_word, state_word

LANGUAGES: tuple[Language, ...] = ("zh", "en")
HEAD = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{{font:16px/1.5 sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}}
table{{border-collapse:collapse;width:100%}}td,th{{border-top:1px solid #ccc;padding:.4rem;text-align:left;
vertical-align:top}}small{{color:#555}}del{{color:#a00}}</style></head><body><h1>{title}</h1>
"""
TITLE = {"zh": "企伴审计导出", "en": "Qiban audit export"}
PROOF = {
    "zh": "网页供人阅读；足以为证的是 entries/ 中的原文，请用 verify.py 核验，用法见其开头。名称为导出当日所用。",
    "en": "These pages are for reading; what is proven are the texts in entries/. Check them with verify.py, which says"
    " how at its top. Names are those of the day of the export.",
}
COLUMNS = {
    "zh": ("序号", "时间", "步骤", "状态", "办理人", "理由与变更"),
    "en": ("No.", "When", "Move", "State", "By", "Reason and changes"),
}
LOG = {"zh": "日志共 {size} 条", "en": "The log has {size} entries"}
COUNTED = {"zh": "{count} 条", "en": "{count} entries"}


class Pages:
    """A page for every history in each language, and one that lists them."""

    def __init__(self) -> None:
        self._lists: dict[Language, IO[bytes]] = {each: _spool() for each in LANGUAGES}

    def write(self, written: Written, history: History, names: Names) -> None:
        for language in LANGUAGES:
            title = f"{kind_word(history.subject[0], language)} {names.record(history.subject[1], language)}"
            written.add(f"pages/{language}/{_file(history.subject)}", _page(title, history, names, language))
            count = COUNTED[language].format(count=len(history.entries))
            line = f'<li><a href="{language}/{_file(history.subject)}">{escape(title)}</a> <small>{count}</small>\n'
            self._lists[language].write(line.encode())

    def finish(self, written: Written, about: str, checkpoint: Checkpoint) -> None:
        for language, listed in self._lists.items():
            size = LOG[language].format(size=checkpoint.size)
            start = HEAD.format(lang=language, title=TITLE[language])
            listed.seek(0)
            with written.file(f"pages/index.{language}.html") as write:
                write(f"{start}<p>{escape(about)}</p><p>{PROOF[language]}</p><p>{size}</p>".encode())
                write(f"<pre>{escape(checkpoint.note)}</pre><ul>\n".encode())
                while chunk := listed.read(1 << 20):
                    write(chunk)
                write(b"</ul></body></html>\n")
            listed.close()


def _spool() -> IO[bytes]:
    return tempfile.TemporaryFile()


def _file(subject: Subject) -> str:
    return f"{subject[0]}-{subject[1]}.html"


def _page(title: str, history: History, names: Names, language: Language) -> str:
    rows = "".join(_row(entry, history, names, language) for _, entry in history.entries)
    heads = "".join(f"<th>{each}" for each in COLUMNS[language])
    table = f"<table><tr>{heads}\n{rows}</table></body></html>\n"
    return HEAD.format(lang=language, title=escape(title)) + table


def _row(entry: Entry, history: History, names: Names, language: Language) -> str:
    states = [state_word(entry.record_kind, each, language) for each in (entry.source, entry.target)]
    by = names.record(entry.actor_id, language)
    through = f" <small>({escape(names.record(entry.acting_id, language))})</small>" if entry.acting_id else ""
    cells = (
        str(entry.sequence),
        f"{entry.at.astimezone(OFFICE_ZONE):%Y-%m-%d %H:%M:%S}",
        f"{escape(kind_word(entry.record_kind, language))} · {escape(move_word(entry, language))}",
        escape(" → ".join(each for each in dict.fromkeys(states) if each)),
        escape(by) + through,
        f"{escape(entry.reason)}{_changes(entry, history, names, language)}<br><small>{entry.hash}</small>",
    )
    return "<tr>" + "".join(f"<td>{each}" for each in cells) + "\n"


def _changes(entry: Entry, history: History, names: Names, language: Language) -> str:
    lines = []
    for record, columns in json.loads(entry.changes).items():
        for column, pair in columns.items():
            before, after = (escape(names.value(each, history.personal, language)) for each in pair)
            old = f"<del>{before}</del> " if before else ""
            lines.append(f"<li>{escape(record.partition('/')[0])}.{escape(column)}: {old}{after}")
    return f"<ul>{''.join(lines)}</ul>" if lines else ""
