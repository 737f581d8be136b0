"""What came of an import, told at the terminal: every row that was not simply taken, and the counts."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from api import terminal
from domain.surveys import Outcome, Result
from workflows.surveys import Imported

LOUD = {Outcome.REFUSED: "bold red", Outcome.CORRECTED: "yellow", Outcome.REPEATED: "cyan", Outcome.SKIPPED: "dim"}


def tell(imported: Imported) -> None:
    console = Console()
    console.print(_rows(imported))
    counts = imported.counts
    zh = "，".join(f"{outcome.zh}{count}行" for outcome, count in counts.items())
    en = ", ".join(f"{outcome.value} {count}" for outcome, count in counts.items())
    total = len(imported.results)
    if imported.dry_run:
        terminal.say(f"试导入，未写入任何数据。共{total}行：{zh}。", f"Dry run, nothing written. {total} rows: {en}.")
    else:
        terminal.say(f"共{total}行：{zh}。", f"{total} rows: {en}.")


def _rows(imported: Imported) -> Table:
    table = Table(title=imported.survey.title or None)
    for zh, en in (("工作表", "Sheet"), ("行", "Row"), ("结果", "Outcome"), ("编号", "Case"), ("说明", "Reason")):
        table.add_column(terminal.in_words(zh, en), overflow="fold")
    for result in imported.results:
        outcome = result.outcome or result.row.outcome
        said = _said(result)
        if outcome is not Outcome.TAKEN or said:
            word = terminal.in_words(outcome.zh, outcome.value)
            table.add_row(
                result.row.sheet, str(result.row.row_number), word, result.case_number, said, style=LOUD.get(outcome)
            )
    return table


def _said(result: Result) -> str:
    language = terminal.language().value
    return " ".join([result.row.said(language), *(note.message(language) for note in result.notes)]).strip()
