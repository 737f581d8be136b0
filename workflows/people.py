"""How persons enter, take up roles and lay them down, and are deactivated at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from domain.accounts import Account, ServiceToken, Session, SignInAttempt, new_login
from domain.departments import Department
from domain.enterprises import Enterprise
from domain.people import Membership, MembershipState, Person, PersonState
from domain.refusals import OTHER_ZONE, REQUIRED, Refusal, Refused
from domain.viewers import OPERATOR, Role
from domain.zones import Zone
from workflows.erasure import Erase, blank, forget, is_a_contact
from workflows.flow import Flow, Move, Situation, Who
from workflows.inputs import WithReason, Words
from workflows.passwords import hashed
from workflows.perform import Step
from workflows.service_tokens import IssueToken, RevokeToken, issue_token, revoke_token
from workflows.zones import ADMINISTRATOR, THE_OPERATOR

LOGIN_TAKEN = Refusal("LOGIN_TAKEN", "该登录名已被使用。", "This login is taken.", "login")
NOT_YOURSELF = Refusal("NOT_YOURSELF", "不能停用自己。", "You cannot deactivate yourself.")
NO_LOGIN = Refusal("NO_LOGIN", "此人没有登录账号。", "This person has no login.")
CHANGED_MEANWHILE = Refusal(
    "CHANGED_MEANWHILE", "密码刚刚已被更改。", "The password has been changed meanwhile.", "oldPassword"
)
ONESELF = Who("本人", "the person", lambda s: s.record.id == s.viewer.person_id)

Password = Annotated[str, Words("密码", "Password", 200)]
HIGHER_UP = Refusal(
    "HIGHER_UP", "此人在您管理范围以外的高新区任职，请由上级管理员办理。",
    "This person holds roles in zones you do not administer; ask an administrator above.",
)
NOT_ITS_CONTACT = Refusal(
    "NOT_ITS_CONTACT", "此人未登记为该企业人员。", "The person is not entered as one of the enterprise.", "enterpriseId"
)


@dataclass
class CreatePerson:
    """A person of the zone; a login and password make an account to go with it."""

    zone: Annotated[Zone, Words("高新区", "Zone")]
    name: Annotated[str, Words("姓名", "Name", 100)]
    title: Annotated[str, Words("职务", "Title", 100, empty=True)] = ""
    department: Annotated[Department | None, Words("部门", "Department")] = None
    enterprise: Annotated[Enterprise | None, Words("企业", "Enterprise")] = None
    login: Annotated[str | None, Words("登录名", "Login", 60)] = None
    password: Annotated[str | None, Words("密码", "Password", 200)] = None


@dataclass
class SetPassword:
    password: Password


@dataclass
class ChangePassword:
    """Hashes, made before the change begins so that nothing waits for them; no entry holds them."""

    old_hash: Annotated[str, Words("原密码", "Old password")]
    new_hash: Annotated[str, Words("新密码", "New password")]


@dataclass
class GrantRole:
    role: Annotated[Role, Words("角色", "Role")]
    zone: Annotated[Zone, Words("高新区", "Zone")]
    department: Annotated[Department | None, Words("部门", "Department, for a liaison")] = None
    enterprise: Annotated[Enterprise | None, Words("企业", "Enterprise, for a contact")] = None


async def enter(step: Step) -> None:
    person, given = step.record, step.input
    person.zone_id, person.name, person.title = given.zone.id, given.name, given.title
    for place in (given.department, given.enterprise):
        if place is not None and place.zone_id != given.zone.id:
            raise Refused(OTHER_ZONE.about(f"{place.kind()}Id"))
    person.department_id = given.department.id if given.department else None
    person.enterprise_id = given.enterprise.id if given.enterprise else None


async def open_account(step: Step) -> None:
    given = step.input
    if not given.login:
        return
    if not given.password:
        raise Refused(REQUIRED.about("password"))
    login = new_login(given.login)
    if await Account.filter(login=login).exists():
        raise Refused(LOGIN_TAKEN)
    step.change.put(
        Account(person_id=step.record.id, login=login, password_hash=await hashed(given.password, login))
    )


async def set_password(step: Step) -> None:
    await require_no_role_higher_up(step)
    account = await Account.filter(person_id=step.record.id).first()
    if account is None:
        raise Refused(NO_LOGIN)
    account.password_hash = await hashed(step.input.password, account.login)
    await account.save(update_fields=["password_hash"])
    await end_sessions(step)


async def change_password(step: Step) -> None:
    given, own = step.input, Account.filter(person_id=step.record.id)
    if not await own.filter(password_hash=given.old_hash).update(password_hash=given.new_hash):
        raise Refused(CHANGED_MEANWHILE)
    await end_sessions(step)


async def issue_service_token(step: Step) -> None:
    await require_no_role_higher_up(step)
    await issue_token(step)


async def require_no_role_higher_up(step: Step) -> None:
    """Or an administrator could act with the roles somebody holds where that administrator has no say."""
    if step.viewer is OPERATOR:
        return
    held = Membership.filter(person_id=step.record.id, state=MembershipState.HELD)
    if not step.viewer.zones_as(Role.ADMINISTRATOR).issuperset(await held.values_list("zone_id", flat=True)):
        raise Refused(HIGHER_UP)


async def end_sessions(step: Step) -> None:
    await Session.filter(person_id=step.record.id, ended_at__isnull=True).update(ended_at=step.at)


async def deactivate(step: Step) -> None:
    if step.record.id == step.viewer.person_id:
        raise Refused(NOT_YOURSELF)
    await end_sessions(step)
    await ServiceToken.filter(person_id=step.record.id, revoked_at__isnull=True).update(revoked_at=step.at)


async def erase(step: Step) -> None:
    await require_no_role_higher_up(step)
    await end_sessions(step)
    account = await Account.filter(person_id=step.record.id).first()
    if account is not None:
        await SignInAttempt.filter(login=account.login).delete()
        await account.delete()
    await blank(step)


async def grant(step: Step) -> None:
    held, given = step.record, step.input
    held.role, held.zone_id, held.since = given.role, given.zone.id, step.at
    if given.role is Role.LIAISON and given.department is None:
        raise Refused(REQUIRED.about("departmentId"))
    if given.role is Role.CONTACT and given.enterprise is None:
        raise Refused(REQUIRED.about("enterpriseId"))
    for place in (given.department, given.enterprise):
        if place is not None and place.zone_id != given.zone.id:
            raise Refused(OTHER_ZONE.about(f"{place.kind()}Id"))
    if given.role is Role.CONTACT and step.subject.enterprise_id != given.enterprise.id:
        raise Refused(NOT_ITS_CONTACT)
    held.department_id = given.department.id if given.role is Role.LIAISON else None
    held.enterprise_id = given.enterprise.id if given.role is Role.CONTACT else None


def in_a_zone_one_administers(s: Situation) -> Refusal | None:
    return None if THE_OPERATOR.holds(s) or s.viewer.covers(Role.ADMINISTRATOR, s.record.zone_id) else HIGHER_UP


async def revoke(step: Step) -> None:
    step.record.until = step.at


PERSON = Flow(
    Person,
    PersonState,
    [
        Move(
            "create", "登记", "Enter a person", (), PersonState.ACTIVE, (ADMINISTRATOR, THE_OPERATOR),
            input=CreatePerson, act=enter, then=open_account,
        ),
        Move(
            "set_password", "重设密码", "Set a new password", (PersonState.ACTIVE,), None, (ADMINISTRATOR,),
            input=SetPassword, act=set_password, mutation="setPassword",
        ),
        Move(
            "change_password", "修改密码", "Change one's own password", (PersonState.ACTIVE,), None, (ONESELF,),
            input=ChangePassword, act=change_password, mutation="",
        ),
        Move(
            "issue_token", "发放服务令牌", "Issue a service token", (PersonState.ACTIVE,), None,
            (ADMINISTRATOR, THE_OPERATOR), input=IssueToken, act=issue_service_token, mutation="",
        ),
        Move(
            "revoke_token", "吊销服务令牌", "Revoke a service token", tuple(PersonState), None,
            (ADMINISTRATOR, THE_OPERATOR), input=RevokeToken, act=revoke_token, mutation="",
        ),
        Move(
            "deactivate", "停用", "Deactivate", (PersonState.ACTIVE,), PersonState.DEACTIVATED, (ADMINISTRATOR,),
            input=WithReason, act=deactivate,
        ),
        Move(
            "reactivate", "恢复", "Reactivate", (PersonState.DEACTIVATED,), PersonState.ACTIVE, (ADMINISTRATOR,),
            input=WithReason,
        ),
        Move(
            "erase", "删除个人信息", "Erase personal data", (PersonState.ACTIVE, PersonState.DEACTIVATED),
            PersonState.ERASED, (ADMINISTRATOR,), guards=(is_a_contact,), input=Erase, act=erase, then=forget,
        ),
    ],
    zh="人员",
    en="Person",
)

MEMBERSHIP = Flow(
    Membership,
    MembershipState,
    [
        Move(
            "grant", "授予", "Grant a role", (), MembershipState.HELD, (ADMINISTRATOR, THE_OPERATOR),
            guards=(in_a_zone_one_administers,), input=GrantRole, act=grant, mutation="grantRole",
        ),
        Move(
            "revoke", "收回", "Revoke", (MembershipState.HELD,), MembershipState.ENDED, (ADMINISTRATOR,),
            guards=(in_a_zone_one_administers,), input=WithReason, act=revoke, mutation="revokeRole",
        ),
    ],
    zh="任职",
    en="Membership",
)
