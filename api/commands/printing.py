"""What the code prints of itself: `qiban schema`, `qiban flows`."""

from __future__ import annotations

from api.commands import Lang, app


@app.command()
def schema(lang: Lang = None) -> None:
    """打印 GraphQL 模式。Print the GraphQL schema."""
    from api.schema import schema

    print(schema.as_str())


@app.command()
def flows(lang: Lang = None) -> None:
    """打印各流程图（docs/flows.md）。Print the diagrams of all flows."""
    from workflows.diagrams import flows_page

    print(flows_page(), end="")
