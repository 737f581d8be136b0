"""What one request may ask for: depth, tokens, aliases, and rows in all; measured before anything is validated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)
from strawberry.extensions import MaxTokensLimiter, SchemaExtension

from api.pages import DEFAULT_PAGE, LARGEST_PAGE
from domain.refusals import Refusal, Refused

DEEPEST = 12
MOST_TOKENS = 3_000
MOST_ALIASES = 30
MOST_REPEATS = 30
MOST_ROWS = 50_000
MOST_VALUES = 5_000
MOST_BYTES = 1_000_000

TOO_DEEP = Refusal("TOO_DEEP", "查询嵌套过深，最多{most}层。", "The query is nested too deeply; {most} levels at most.")
TOO_MANY_ALIASES = Refusal(
    "TOO_MANY_ALIASES", "别名或重复字段过多，最多{most}个。", "Too many aliases or repeated fields; {most} at most."
)
TOO_COSTLY = Refusal(
    "TOO_COSTLY", "此查询可能返回超过{most}行，请减小每页条数或减少嵌套的列表。",
    "This could come to more than {most} rows; ask for smaller pages or fewer lists in lists.",
)
TOO_MANY_VALUES = Refusal(
    "TOO_MANY_VALUES", "变量中的值过多，最多{most}个。", "The variables hold too many values; {most} at most."
)
WHICH_OPERATION = Refusal(
    "BAD_REQUEST", "请求含有多个操作，请用 operationName 指明一个。",
    "There are several operations; name one by operationName.", "operationName",
)


@dataclass(frozen=True)
class Size:
    """How large a part of a document is: levels, aliases, the most often one field is repeated, rows."""

    depth: int = 0
    aliases: int = 0
    repeats: int = 0
    rows: int = 0

    def refusal(self) -> Refusal | None:
        if self.depth > DEEPEST:
            return TOO_DEEP.about(most=DEEPEST)
        if self.aliases > MOST_ALIASES or self.repeats > MOST_REPEATS:
            return TOO_MANY_ALIASES.about(most=MOST_ALIASES)
        return TOO_COSTLY.about(most=MOST_ROWS) if self.rows > MOST_ROWS else None


class SizeLimiter(SchemaExtension):
    """Comes before validation, whose own cost grows with the square of a document."""

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        if context.graphql_document is not None and not context.pre_execution_errors:
            lists = paged_fields(context.schema._schema)
            refusal = size(context.graphql_document, context.variables or {}, lists).refusal()
            if values_in(context.variables or {}) > MOST_VALUES:
                refusal = TOO_MANY_VALUES.about(most=MOST_VALUES)
            # Strawberry would run the first of several; GraphQL says that one must be named.
            if context._provided_operation_name is None and len(_operations(context.graphql_document)) > 1:
                refusal = WHICH_OPERATION
            if refusal:
                context.pre_execution_errors = [GraphQLError(refusal.en, original_error=Refused(refusal))]
        yield


def values_in(variables: Any) -> int:
    """How many values there are in variables, lists within lists counted through; each is looked at one by one."""
    if isinstance(variables, Mapping):
        return sum(map(values_in, variables.values()))
    return sum(map(values_in, variables)) if isinstance(variables, list) else 1


def size(document: DocumentNode, variables: Mapping[str, Any], lists: frozenset[str]) -> Size:
    """The largest operation of a document, its pages full at every level."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    sizes = [
        Measure(fragments, {**_defaults(each), **variables}, lists).of(each.selection_set)
        for each in _operations(document)
    ]
    return Size(*(max((getattr(each, name) for each in sizes), default=0) for name in Size.__match_args__))


def paged_fields(schema: GraphQLSchema) -> frozenset[str]:
    """The names of fields that answer with a page of rows; `zones` with all there are."""
    if schema not in _paged:
        kinds = schema.type_map.values()
        with_fields = [each for each in kinds if isinstance(each, (GraphQLObjectType, GraphQLInterfaceType))]
        names = {name for kind in with_fields for name, each in kind.fields.items() if "first" in each.args}
        _paged[schema] = frozenset(names | {"zones"})
    return _paged[schema]


_paged: dict[GraphQLSchema, frozenset[str]] = {}


@dataclass
class Measure:
    """Measures selections, each fragment once however often it is spread."""

    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    lists: frozenset[str]
    known: dict[str, Size] = field(default_factory=dict)

    def of(self, selection: SelectionSetNode | None) -> Size:
        total = Size()
        for each in selection.selections if selection else ():
            total = _together(total, self._one(each))
        named: Counter[str] = Counter(
            (each.alias or each.name).value
            for each in (selection.selections if selection else ())
            if isinstance(each, FieldNode)
        )
        return replace(total, repeats=max(total.repeats, *named.values(), 0))

    def _one(self, selected: Any) -> Size:
        if isinstance(selected, FragmentSpreadNode):
            return self._fragment(selected.name.value)
        if not isinstance(selected, FieldNode):
            return self.of(selected.selection_set)
        alias = 1 if selected.alias else 0
        if not selected.selection_set or selected.name.value.startswith("__"):
            return Size(aliases=alias)
        within, rows = self.of(selected.selection_set), self._rows(selected)
        return Size(within.depth + 1, within.aliases + alias, within.repeats, rows * (1 + within.rows))

    def _fragment(self, name: str) -> Size:
        if name not in self.known:
            self.known[name] = Size()  # a fragment within itself is refused by validation
            fragment = self.fragments.get(name)
            self.known[name] = self.of(fragment.selection_set) if fragment else Size()
        return self.known[name]

    def _rows(self, selected: FieldNode) -> int:
        given = next((each.value for each in selected.arguments or () if each.name.value == "first"), None)
        asked: Any = DEFAULT_PAGE if selected.name.value in self.lists else 1
        if isinstance(given, IntValueNode):
            asked = _whole(given)
        elif isinstance(given, VariableNode):
            asked = self.variables.get(given.name.value, asked)
        return max(1, min(asked, LARGEST_PAGE)) if isinstance(asked, int) else LARGEST_PAGE


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]


def _together(one: Size, other: Size) -> Size:
    return Size(
        max(one.depth, other.depth), one.aliases + other.aliases, max(one.repeats, other.repeats), one.rows + other.rows
    )


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        each.variable.name.value: _whole(each.default_value)
        for each in operation.variable_definitions or ()
        if isinstance(each.default_value, IntValueNode)
    }


def _whole(value: IntValueNode) -> int:
    return int(value.value) if len(value.value) < 10 else LARGEST_PAGE


EXTENSIONS: list[Callable[[], SchemaExtension]] = [
    lambda: MaxTokensLimiter(max_token_count=MOST_TOKENS),
    lambda: SizeLimiter(),
]
