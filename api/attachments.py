"""Attachments over GraphQL; their bytes go through `api/files.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from api.context import Info
from api.files import download_url
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, node, one
from domain.attachments import Attachment as AttachmentRow
from domain.attachments import AttachmentState

if TYPE_CHECKING:
    from api.cases import Case
    from api.people import Person
    from api.rectifications import Rectification

enum(AttachmentState)


@node(AttachmentRow)
class Attachment(Node):
    """A file kept with a case 附件."""

    version: int
    case: Annotated[Case, strawberry.lazy("api.cases")] | None = one()
    rectification: Annotated[Rectification, strawberry.lazy("api.rectifications")] | None = one()
    uploaded_by: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    state: AttachmentState
    file_name: str
    content_type: str
    size: int = strawberry.field(description="In bytes.")
    sha256: str
    moves: list[MoveStanding] = moves()

    @strawberry.field(description="Where to download it for five minutes, by whoever has the link.")
    def url(self, info: Info) -> str:
        return download_url(self, info.context)
