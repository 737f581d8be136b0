"""Trusted documents: `qiban documents trust`, `list`, `forget`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api import terminal
from api.commands import NO_SUCH_FILE, Lang, app, ready
from domain.refusals import Refusal, Refused

documents = typer.Typer(no_args_is_help=True, help="登记的查询文档。Trusted documents (QIBAN_DOCUMENTS=trusted).")
app.add_typer(documents, name="documents")

NO_MANIFEST = Refusal(
    "NO_MANIFEST", "{path} 不是查询文档清单：{reason}", "{path} is no manifest of documents: {reason}"
)
BAD_DOCUMENT = Refusal("BAD_DOCUMENT", "查询文档“{name}”无效：{reason}", "The document {name!r} is not valid: {reason}")


@documents.command("trust")
def trust(
    file: Annotated[Path, typer.Argument(help=".graphql 文件、目录或 JSON 清单。A file, folder or manifest.")],
    lang: Lang = None,
) -> None:
    """登记查询文档；全部有效才登记。Register documents, all or none."""
    found = _found(file)
    _check(found)
    new = asyncio.run(_trust(found))
    terminal.say(f"共{len(found)}个查询文档，新登记{new}个。", f"{len(found)} documents, {new} of them new.")


@documents.command("list")
def listed(lang: Lang = None) -> None:
    """列出登记的查询文档。List the trusted documents."""
    for row in asyncio.run(_listed()):
        print(f"{row.hash}  {row.added_at:%Y-%m-%d}  {row.name}")


@documents.command("forget")
def forget(hashes: Annotated[list[str], typer.Argument(help="哈希。Hashes.")], lang: Lang = None) -> None:
    """不再登记这些查询文档。Trust them no longer."""
    gone = asyncio.run(_forget([each.removeprefix("sha256:") for each in hashes]))
    terminal.say(f"已注销{gone}个。", f"{gone} forgotten.")


def _found(path: Path) -> Mapping[str, str]:
    """Texts by name: of one document, of a folder's, or of a manifest as Relay (hash: text) or Apollo write it."""
    if not path.exists():
        raise Refused(NO_SUCH_FILE.about(path=path))
    if path.is_dir():
        return {each.stem: each.read_text("utf-8") for each in sorted(path.rglob("*.graphql"))}
    text = path.read_text("utf-8")
    if path.suffix != ".json":
        return {path.stem: text}
    try:
        return _of_manifest(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Refused(NO_MANIFEST.about(path=path, reason=str(error))) from None


def _of_manifest(manifest: Any) -> Mapping[str, str]:
    if "operations" in manifest:
        return {str(each["name"]): str(each["body"]) for each in manifest["operations"]}
    if not all(isinstance(text, str) for text in manifest.values()):
        raise TypeError("a text is wanted for every hash")
    return dict(manifest)


def _check(found: Mapping[str, str]) -> None:
    """Raises `Refused` with every document that could never be answered."""
    from graphql import GraphQLError, parse, validate

    from api.limits import MOST_TOKENS
    from api.schema import schema

    bad = []
    for name, text in found.items():
        try:
            errors = validate(schema._schema, parse(text, max_tokens=MOST_TOKENS))
        except GraphQLError as error:
            errors = [error]
        bad += [BAD_DOCUMENT.about(name=name, reason=error.message) for error in errors[:1]]
    if bad:
        raise Refused(*bad)


async def _trust(found: Mapping[str, str]) -> int:
    from workflows import documents

    async with ready():
        return await documents.trust(found)


async def _listed() -> Any:
    from domain.documents import TrustedDocument

    async with ready(new=False):
        return await TrustedDocument.all().order_by("name")


async def _forget(hashes: list[str]) -> int:
    from workflows import documents

    async with ready(new=False):
        return await documents.forget(hashes)
