"""How a file becomes part of a case, and is struck from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from domain.attachments import Attachment, AttachmentState
from domain.rectifications import Rectification, RectificationState
from domain.refusals import NOT_OF_THIS_CASE, Refusal, Refused
from domain.viewers import Role
from workflows.actors import CONTACT, DISPATCHER, OWNER
from workflows.flow import Flow, Move, Situation, Tally, Who, role
from workflows.inputs import WithReason, Words
from workflows.perform import Step
from workflows.problems import case_goes_on

S = AttachmentState
UPLOADER = Who("上传人", "who uploaded it", lambda s: s.record.uploaded_by_id == s.viewer.person_id)
IN_EVIDENCE = Refusal(
    "IN_EVIDENCE", "措施已提交，佐证材料不能删除。", "The measure has been submitted; its evidence stays."
)

NOT_YOUR_MEASURE = Refusal(
    "NOT_YOUR_MEASURE", "佐证材料由该措施的部门、企业伴员或分办员上传。",
    "Evidence is given by the department of the measure, the companion or a dispatcher.", "rectificationId",
)


@dataclass
class Attach:
    file_name: Annotated[str, Words("文件名", "File name", 200)]
    content_type: Annotated[str, Words("类型", "Content type", 120)]
    size: Annotated[int, Words("字节数", "Size in bytes")]
    sha256: Annotated[str, Words("摘要", "SHA-256 in hex", 64)]
    store_key: Annotated[str, Words("存放处", "Key in the store", 200)]
    rectification: Annotated[Rectification | None, Words("整改措施", "Measure it is evidence of")] = None


async def attach(step: Step) -> None:
    attachment, given = step.record, step.input
    if given.rectification:
        _require_evidence_from_those_at_it(step, given.rectification)
    attachment.uploaded_by_id = step.viewer.person_id
    attachment.rectification_id = given.rectification.id if given.rectification else None
    attachment.file_name, attachment.content_type = given.file_name, given.content_type
    attachment.size, attachment.sha256, attachment.store_key = given.size, given.sha256, given.store_key


async def remove(step: Step) -> None:
    if step.record.rectification_id is None:
        return
    measure = await step.change.load(Rectification, step.record.rectification_id)
    if measure.state in (RectificationState.SUBMITTED, RectificationState.VERIFIED):
        raise Refused(IN_EVIDENCE)


def _require_evidence_from_those_at_it(step: Step, measure: Rectification) -> None:
    if measure.case_id != step.record.case_id:
        raise Refused(NOT_OF_THIS_CASE.about("rectificationId"))
    case, viewer = step.subject, step.viewer
    its_department = measure.department_id in viewer.departments
    if not (its_department or viewer.person_id == case.owner_id or viewer.covers(Role.DISPATCHER, case.zone_id)):
        raise Refused(NOT_YOUR_MEASURE)


def _at_work(s: Situation) -> bool:
    return s.viewer.covers(Role.LIAISON, s.zone_id)


# Whoever sees the case as a liaison is of a department that was asked: sight is checked before this.
A_LIAISON = Who("参与部门联络员", "a liaison of a department at work on it", _at_work)

ATTACHMENT = Flow(
    Attachment,
    AttachmentState,
    [
        Move(
            "attach", "上传附件", "Attach a file", (), S.KEPT, (OWNER, DISPATCHER, CONTACT, A_LIAISON),
            guards=(case_goes_on,), input=Attach, act=attach, mutation="",
        ),
        Move(
            "remove", "删除附件", "Remove", (S.KEPT,), S.REMOVED, (UPLOADER, role(Role.DISPATCHER)),
            guards=(case_goes_on,), input=WithReason, act=remove,
        ),
    ],
    tallies=[Tally("rectification", "evidence_files", (S.KEPT,))],
    zh="附件",
    en="Attachment",
)
