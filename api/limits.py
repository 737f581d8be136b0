"""What one request may ask for: depth, tokens, aliases, and rows in all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)
from strawberry.extensions import MaxAliasesLimiter, MaxTokensLimiter, QueryDepthLimiter, SchemaExtension

from api.pages import DEFAULT_PAGE, LARGEST_PAGE

DEEPEST = 12
MOST_TOKENS = 3_000
MOST_ALIASES = 30
MOST_ROWS = 50_000
MOST_BYTES = 1_000_000


class RowLimiter(SchemaExtension):
    """Refuses a document whose lists within lists could come to more than `MOST_ROWS` rows."""

    def on_validate(self) -> Iterator[None]:
        yield
        context = self.execution_context
        if context.graphql_document is None or context.pre_execution_errors:
            return
        if rows(context.graphql_document, context.variables or {}) > MOST_ROWS:
            context.pre_execution_errors = [
                GraphQLError(
                    f"This could come to more than {MOST_ROWS} rows; ask for smaller pages or fewer lists in lists.",
                    extensions={"code": "TOO_COSTLY"},
                )
            ]


def rows(document: DocumentNode, variables: Mapping[str, Any]) -> int:
    """How many rows a document may come to, its pages full at every level."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    return max((_selected(each.selection_set, 1, fragments, variables) for each in operations), default=0)


def _selected(
    selection: SelectionSetNode | None, parents: int, fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> int:
    total = 0
    for each in selection.selections if selection else ():
        if isinstance(each, FragmentSpreadNode):
            fragment = fragments.get(each.name.value)
            total += _selected(fragment.selection_set, parents, fragments, variables) if fragment else 0
        elif isinstance(each, FieldNode):
            here = parents * _size(each, variables)
            total += here + _selected(each.selection_set, here, fragments, variables) if each.selection_set else 0
        else:
            total += _selected(getattr(each, "selection_set", None), parents, fragments, variables)
    return total


PAGED = frozenset(
    {
        "cases", "responsibilities", "enterprises", "departments", "persons", "history", "problems", "rectifications",
        "consultations", "attachments", "merged", "contacts", "accompanies", "ownedCases", "memberships",
    }
)


def _size(field: FieldNode, variables: Mapping[str, Any]) -> int:
    given = next((each.value for each in field.arguments or () if each.name.value == "first"), None)
    if isinstance(given, IntValueNode):
        asked = int(given.value)
    elif isinstance(given, VariableNode):
        value = variables.get(given.name.value)
        asked = value if isinstance(value, int) else DEFAULT_PAGE
    else:
        asked = DEFAULT_PAGE if field.name.value in PAGED else 1
    return max(1, min(asked, LARGEST_PAGE))


EXTENSIONS = [
    lambda: MaxTokensLimiter(max_token_count=MOST_TOKENS),
    lambda: QueryDepthLimiter(max_depth=DEEPEST),
    lambda: MaxAliasesLimiter(max_alias_count=MOST_ALIASES),
    RowLimiter,
]
