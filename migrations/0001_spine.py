"""The spine: zones, people, enterprises, the case with its three lists, and the history."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.attachments import AttachmentState
from domain.cases import CaseState, Category, Channel, Satisfaction
from domain.people import MembershipState, PersonState
from domain.problems import ProblemState
from domain.records import new_id
from domain.rectifications import RectificationState
from domain.responsibilities import Part, ResponsibilityState
from domain.viewers import Role


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Answer",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("person_id", fields.UUIDField()),
                ("key", fields.CharField(max_length=200)),
                ("digest", fields.CharField(max_length=64)),
                ("answer", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "answer",
                "app": "qiban",
                "unique_together": (("person_id", "key"),),
                "pk_attr": "id",
                "table_description": "What a person's key was used for (`digest` of mutation and body) and what came of it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Entry",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("zone_id", fields.UUIDField()),
                ("subject_kind", fields.CharField(max_length=40)),
                ("subject_id", fields.UUIDField()),
                ("sequence", fields.IntField()),
                ("record_kind", fields.CharField(max_length=40)),
                ("record_id", fields.UUIDField()),
                ("move", fields.CharField(max_length=60)),
                ("source", fields.CharField(null=True, max_length=20)),
                ("target", fields.CharField(null=True, max_length=20)),
                ("actor_id", fields.UUIDField()),
                ("acting_id", fields.UUIDField(null=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("reason", fields.TextField(default="", unique=False)),
                ("caused_by", fields.IntField(null=True)),
                ("changes", fields.TextField(unique=False)),
                ("previous", fields.CharField(max_length=64)),
                ("hash", fields.CharField(max_length=64)),
            ],
            options={
                "table": "entry",
                "app": "qiban",
                "unique_together": (("subject_id", "sequence"),),
                "indexes": [
                    Index(fields=["zone_id", "id"]),
                    Index(fields=["record_id"]),
                    Index(fields=["actor_id", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "One move. `subject_kind`/`subject_id` name the chain, `record_kind`/`record_id` the row that moved;",
            },
            bases=["Seen", "Model"],
        ),
        ops.CreateModel(
            name="PersonalValue",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("entry_id", fields.UUIDField(db_index=True)),
                ("commitment", fields.CharField(max_length=64)),
                ("salt", fields.CharField(max_length=64)),
                ("value", fields.TextField(null=True, unique=False)),
            ],
            options={
                "table": "personal_value",
                "app": "qiban",
                "pk_attr": "id",
                "table_description": "The value behind a commitment in an entry: SHA-256 over salt (hex) and canonical value.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SignInAttempt",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("login", fields.CharField(max_length=60)),
                ("address", fields.CharField(max_length=60)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "sign_in_attempt",
                "app": "qiban",
                "indexes": [Index(fields=["login", "at"]), Index(fields=["address", "at"])],
                "pk_attr": "id",
                "table_description": "One failed attempt, so that attempts can be limited by login and by address across all processes.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Zone",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("sequence", fields.IntField(default=0)),
                ("head", fields.CharField(default="", max_length=64)),
                ("code", fields.CharField(unique=True, max_length=20)),
                ("name", fields.CharField(max_length=100)),
                (
                    "parent",
                    fields.ForeignKeyField(
                        "qiban.Zone",
                        source_field="parent_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="children",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("path", fields.CharField(unique=True, max_length=200)),
            ],
            options={
                "table": "zone",
                "app": "qiban",
                "pk_attr": "id",
                "table_description": "A zone; `path` lists the codes from the root zone down, so that a parent zone reads its children.",
            },
            bases=["Subject"],
        ),
        ops.CreateModel(
            name="Department",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("sequence", fields.IntField(default=0)),
                ("head", fields.CharField(default="", max_length=64)),
                (
                    "zone",
                    fields.ForeignKeyField(
                        "qiban.Zone",
                        source_field="zone_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="departments",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("aliases", fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ("is_fallback", fields.BooleanField(default=False)),
            ],
            options={
                "table": "department",
                "app": "qiban",
                "unique_together": (("zone", "name"),),
                "pk_attr": "id",
                "table_description": "A department of a zone. The fallback department 兜底 takes what no other accepts and returns nothing.",
            },
            bases=["Subject"],
        ),
        ops.CreateModel(
            name="Enterprise",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("sequence", fields.IntField(default=0)),
                ("head", fields.CharField(default="", max_length=64)),
                (
                    "zone",
                    fields.ForeignKeyField(
                        "qiban.Zone",
                        source_field="zone_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="enterprises",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=200)),
                ("uscc", fields.CharField(null=True, max_length=18)),
                ("above_scale", fields.BooleanField(null=True)),
                ("synthetic", fields.BooleanField(default=False)),
                ("source", fields.CharField(default="", max_length=300)),
            ],
            options={
                "table": "enterprise",
                "app": "qiban",
                "unique_together": (("zone", "uscc"),),
                "indexes": [Index(fields=["zone_id", "name"])],
                "pk_attr": "id",
                "table_description": "A firm of a zone, known by its unified social credit code 统一社会信用代码.",
            },
            bases=["Subject"],
        ),
        ops.CreateModel(
            name="Numbering",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "zone",
                    fields.ForeignKeyField(
                        "qiban.Zone",
                        source_field="zone_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="numberings",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("year", fields.IntField()),
                ("taken", fields.IntField()),
            ],
            options={
                "table": "numbering",
                "app": "qiban",
                "unique_together": (("zone", "year"),),
                "pk_attr": "id",
                "table_description": "How many numbers were taken in a zone and year; locked while the next is taken.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Person",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("sequence", fields.IntField(default=0)),
                ("head", fields.CharField(default="", max_length=64)),
                (
                    "zone",
                    fields.ForeignKeyField(
                        "qiban.Zone",
                        source_field="zone_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="persons",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "department",
                    fields.ForeignKeyField(
                        "qiban.Department",
                        source_field="department_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="persons",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "enterprise",
                    fields.ForeignKeyField(
                        "qiban.Enterprise",
                        source_field="enterprise_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="contacts",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("title", fields.CharField(default="", max_length=100)),
                (
                    "state",
                    fields.CharEnumField(
                        default=PersonState.ACTIVE,
                        description="PersonState",
                        enum_type=PersonState,
                        max_length=20,
                    ),
                ),
            ],
            options={
                "table": "person",
                "app": "qiban",
                "indexes": [Index(fields=["zone_id", "name"])],
                "pk_attr": "id",
                "table_description": "A person or a service account. What an account needs to sign in is kept apart, in `accounts`.",
            },
            bases=["Subject"],
        ),
        # After both tables: an enterprise names its companion, a contact names the enterprise.
        ops.AddField(
            model_name="Enterprise",
            name="companion",
            field=fields.ForeignKeyField(
                "qiban.Person",
                source_field="companion_id",
                null=True,
                db_index=True,
                db_constraint=True,
                to_field="id",
                related_name="accompanies",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.CreateModel(
            name="Account",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "person",
                    fields.OneToOneField(
                        "qiban.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="account",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("login", fields.CharField(unique=True, max_length=60)),
                ("password_hash", fields.CharField(max_length=200)),
            ],
            options={
                "table": "account",
                "app": "qiban",
                "pk_attr": "id",
                "table_description": "A local account: a login, unique over the installation, and an Argon2 hash.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Case",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("sequence", fields.IntField(default=0)),
                ("head", fields.CharField(default="", max_length=64)),
                (
                    "zone",
                    fields.ForeignKeyField(
                        "qiban.Zone",
                        source_field="zone_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="cases",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("number", fields.CharField(unique=True, max_length=40)),
                (
                    "enterprise",
                    fields.ForeignKeyField(
                        "qiban.Enterprise",
                        source_field="enterprise_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="cases",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "qiban.Person",
                        source_field="owner_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="owned_cases",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("state", fields.CharEnumField(description="CaseState", enum_type=CaseState, max_length=20)),
                ("title", fields.CharField(max_length=200)),
                ("description", fields.TextField(default="", unique=False)),
                ("category", fields.CharEnumField(description="Category", enum_type=Category, max_length=20)),
                ("channel", fields.CharEnumField(description="Channel", enum_type=Channel, max_length=20)),
                ("contact_name", fields.CharField(default="", max_length=100)),
                ("contact_phone", fields.CharField(default="", max_length=40)),
                ("raised_on", fields.DateField()),
                ("collected_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reopen_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reopened", fields.IntField(default=0)),
                ("paused_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("escalation_level", fields.IntField(default=0)),
                (
                    "escalated_to",
                    fields.ForeignKeyField(
                        "qiban.Person",
                        source_field="escalated_to_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="escalated_cases",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "merged_into",
                    fields.ForeignKeyField(
                        "qiban.Case",
                        source_field="merged_into_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="merged",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "satisfaction",
                    fields.CharEnumField(
                        null=True, description="Satisfaction", enum_type=Satisfaction, max_length=20
                    ),
                ),
                ("call_back_attempts", fields.IntField(default=0)),
                (
                    "suggested_department",
                    fields.ForeignKeyField(
                        "qiban.Department",
                        source_field="suggested_department_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="suggested_for",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("source", fields.CharField(default="", max_length=300)),
                ("survey_fingerprint", fields.CharField(null=True, max_length=64)),
                ("problems_raised", fields.IntField(default=0)),
                ("open_problems", fields.IntField(default=0)),
                ("returns", fields.IntField(default=0)),
                ("open_responsibilities", fields.IntField(default=0)),
                ("unfixed_responsibilities", fields.IntField(default=0)),
                ("lead_responsibilities", fields.IntField(default=0)),
                ("whole_responsibilities", fields.IntField(default=0)),
                ("open_rectifications", fields.IntField(default=0)),
                ("unsubmitted_rectifications", fields.IntField(default=0)),
            ],
            options={
                "table": "case",
                "app": "qiban",
                "unique_together": (("zone", "survey_fingerprint"),),
                "constraints": [
                    CheckConstraint(
                        check="state <> 'closed' OR (open_problems = 0 AND open_responsibilities = 0 AND open_rectifications = 0)",
                        name="closed_case_is_clear",
                    ),
                    CheckConstraint(
                        check="state <> 'closed' OR satisfaction IS NOT NULL OR call_back_attempts > 0",
                        name="closed_case_was_called_back",
                    ),
                    CheckConstraint(
                        check="owner_id IS NOT NULL OR state IN ('collected', 'declined', 'withdrawn', 'merged')",
                        name="case_has_an_owner",
                    ),
                    CheckConstraint(
                        check="unfixed_responsibilities = 0 OR state NOT IN ('handling', 'paused', 'checking', 'closed')",
                        name="handled_case_is_fixed",
                    ),
                    CheckConstraint(
                        check="(merged_into_id IS NOT NULL) = (state = 'merged')",
                        name="merged_case_says_into_which",
                    ),
                ],
                "indexes": [
                    Index(fields=["zone_id", "state", "id"]),
                    Index(fields=["enterprise_id", "id"]),
                    Index(fields=["owner_id", "state", "id"]),
                    Index(fields=["merged_into_id"]),
                ],
                "pk_attr": "id",
                "table_description": "One request of one enterprise, owned by one companion from collect to close.",
            },
            bases=["Subject"],
        ),
        ops.CreateModel(
            name="ChainLink",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "zone",
                    fields.ForeignKeyField(
                        "qiban.Zone",
                        source_field="zone_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="chain_links",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "enterprise",
                    fields.ForeignKeyField(
                        "qiban.Enterprise",
                        source_field="enterprise_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="chain_links",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("level", fields.IntField()),
                ("title", fields.CharField(max_length=100)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "qiban.Person",
                        source_field="person_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="chain_links",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "chain_link",
                "app": "qiban",
                "constraints": [
                    UniqueConstraint(
                        fields=("zone", "level"), name="one_link_a_level", condition="enterprise_id IS NULL"
                    ),
                    UniqueConstraint(
                        fields=("enterprise", "level"),
                        name="one_own_link_a_level",
                        condition="enterprise_id IS NOT NULL",
                    ),
                ],
                "indexes": [Index(fields=["zone_id", "level"]), Index(fields=["enterprise_id", "level"])],
                "pk_attr": "id",
                "table_description": "One level of a zone's chain: level 1 is nearest the enterprise. Without a person the level is vacant.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Consultation",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "zone",
                    fields.ForeignKeyField(
                        "qiban.Zone",
                        source_field="zone_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="consultations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "case",
                    fields.ForeignKeyField(
                        "qiban.Case",
                        source_field="case_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="consultations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("held_on", fields.DateField()),
                ("place", fields.CharField(max_length=200)),
                ("parties", fields.TextField(unique=False)),
                ("outcome", fields.TextField(unique=False)),
            ],
            options={
                "table": "consultation",
                "app": "qiban",
                "indexes": [Index(fields=["case_id", "id"])],
                "pk_attr": "id",
                "table_description": "A consultation held about a case: where, with whom (banks, institutes …), and what it came to.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Membership",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "qiban.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="memberships",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "zone",
                    fields.ForeignKeyField(
                        "qiban.Zone",
                        source_field="zone_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="memberships",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("role", fields.CharEnumField(description="Role", enum_type=Role, max_length=20)),
                (
                    "department",
                    fields.ForeignKeyField(
                        "qiban.Department",
                        source_field="department_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="memberships",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "enterprise",
                    fields.ForeignKeyField(
                        "qiban.Enterprise",
                        source_field="enterprise_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="memberships",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("since", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "state",
                    fields.CharEnumField(
                        description="MembershipState", enum_type=MembershipState, max_length=20
                    ),
                ),
            ],
            options={
                "table": "membership",
                "app": "qiban",
                "constraints": [
                    CheckConstraint(
                        check="role <> 'liaison' OR department_id IS NOT NULL", name="liaison_of_a_department"
                    ),
                    CheckConstraint(
                        check="role <> 'contact' OR enterprise_id IS NOT NULL",
                        name="contact_of_an_enterprise",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "A role held in a zone from one instant until another; a liaison's names a department, a contact's an",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Problem",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "zone",
                    fields.ForeignKeyField(
                        "qiban.Zone",
                        source_field="zone_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="problems",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "case",
                    fields.ForeignKeyField(
                        "qiban.Case",
                        source_field="case_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="problems",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(description="ProblemState", enum_type=ProblemState, max_length=20),
                ),
                ("category", fields.CharEnumField(description="Category", enum_type=Category, max_length=20)),
                ("description", fields.TextField(unique=False)),
                ("resolution", fields.TextField(default="", unique=False)),
                ("open_responsibilities", fields.IntField(default=0)),
            ],
            options={
                "table": "problem",
                "app": "qiban",
                "constraints": [
                    CheckConstraint(
                        check="state <> 'cleared' OR resolution <> ''", name="cleared_problem_says_how"
                    )
                ],
                "indexes": [Index(fields=["case_id", "id"])],
                "pk_attr": "id",
                "table_description": "One problem of a case. `open_responsibilities` counts those still answering for it.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Responsibility",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "zone",
                    fields.ForeignKeyField(
                        "qiban.Zone",
                        source_field="zone_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="responsibilities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "case",
                    fields.ForeignKeyField(
                        "qiban.Case",
                        source_field="case_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="responsibilities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "problem",
                    fields.ForeignKeyField(
                        "qiban.Problem",
                        source_field="problem_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="responsibilities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "department",
                    fields.ForeignKeyField(
                        "qiban.Department",
                        source_field="department_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="responsibilities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "person",
                    fields.ForeignKeyField(
                        "qiban.Person",
                        source_field="person_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="responsibilities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("part", fields.CharEnumField(description="Part", enum_type=Part, max_length=20)),
                (
                    "state",
                    fields.CharEnumField(
                        description="ResponsibilityState", enum_type=ResponsibilityState, max_length=20
                    ),
                ),
                ("designated", fields.BooleanField(default=False)),
                ("returnable", fields.BooleanField(default=True)),
                ("offered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("return_by", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("provisional", fields.BooleanField(default=False)),
                ("signed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("due_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("extension_due_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("return_reason", fields.TextField(default="", unique=False)),
                ("return_basis", fields.TextField(default="", unique=False)),
                ("measures", fields.IntField(default=0)),
                ("open_rectifications", fields.IntField(default=0)),
            ],
            options={
                "table": "responsibility",
                "app": "qiban",
                "constraints": [
                    CheckConstraint(
                        check="state NOT IN ('fixed', 'done') OR (person_id IS NOT NULL AND due_at IS NOT NULL AND measures > 0)",
                        name="fixed_means_time_person_measure",
                    ),
                    CheckConstraint(
                        check="state <> 'returned' OR (returnable AND return_reason <> '' AND return_basis <> '')",
                        name="returned_with_reason_and_basis",
                    ),
                    UniqueConstraint(
                        fields=("case",),
                        name="one_lead_at_a_time",
                        condition="part = 'lead' AND state IN ('offered', 'signed', 'fixed')",
                    ),
                ],
                "indexes": [
                    Index(fields=["case_id", "id"]),
                    Index(fields=["department_id", "state", "id"]),
                    Index(fields=["state", "return_by"]),
                ],
                "pk_attr": "id",
                "table_description": "One department's duty in a case. `return_by` ends the return window; `due_at` is the moment it must be done.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Rectification",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "zone",
                    fields.ForeignKeyField(
                        "qiban.Zone",
                        source_field="zone_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="rectifications",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "case",
                    fields.ForeignKeyField(
                        "qiban.Case",
                        source_field="case_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="rectifications",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "responsibility",
                    fields.ForeignKeyField(
                        "qiban.Responsibility",
                        source_field="responsibility_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="rectifications",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "department",
                    fields.ForeignKeyField(
                        "qiban.Department",
                        source_field="department_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="rectifications",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="RectificationState", enum_type=RectificationState, max_length=20
                    ),
                ),
                ("measure", fields.TextField(unique=False)),
                ("result", fields.TextField(default="", unique=False)),
                ("evidence_files", fields.IntField(default=0)),
                ("submitted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "rectification",
                "app": "qiban",
                "constraints": [
                    CheckConstraint(
                        check="state NOT IN ('submitted', 'verified') OR result <> ''",
                        name="submitted_says_what_was_done",
                    )
                ],
                "indexes": [Index(fields=["case_id", "id"]), Index(fields=["responsibility_id", "id"])],
                "pk_attr": "id",
                "table_description": "One measure of one responsibility, with what came of it.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="Attachment",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "zone",
                    fields.ForeignKeyField(
                        "qiban.Zone",
                        source_field="zone_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="attachments",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "case",
                    fields.ForeignKeyField(
                        "qiban.Case",
                        source_field="case_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="attachments",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "rectification",
                    fields.ForeignKeyField(
                        "qiban.Rectification",
                        source_field="rectification_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="attachments",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "uploaded_by",
                    fields.ForeignKeyField(
                        "qiban.Person",
                        source_field="uploaded_by_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="uploads",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        description="AttachmentState", enum_type=AttachmentState, max_length=20
                    ),
                ),
                ("file_name", fields.CharField(max_length=200)),
                ("content_type", fields.CharField(max_length=120)),
                ("size", fields.BigIntField()),
                ("sha256", fields.CharField(max_length=64)),
                ("store_key", fields.CharField(max_length=200)),
            ],
            options={
                "table": "attachment",
                "app": "qiban",
                "indexes": [Index(fields=["case_id", "id"])],
                "pk_attr": "id",
                "table_description": "One file: its name as given, size in bytes, SHA-256 in hex, and the key it is stored under.",
            },
            bases=["Record"],
        ),
        ops.CreateModel(
            name="ServiceToken",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "qiban.Person",
                        source_field="person_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="service_tokens",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "service_token",
                "app": "qiban",
                "pk_attr": "id",
                "table_description": "A long-lived token of a service account (a front-end server), kept as a hash, ended at once when revoked.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Session",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "qiban.Person",
                        source_field="person_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("previous_hash", fields.CharField(null=True, db_index=True, max_length=64)),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "session",
                "app": "qiban",
                "pk_attr": "id",
                "table_description": "A signed-in device: the hash of its refresh token, replaced at every use, and when it ends.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Setting",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "zone",
                    fields.ForeignKeyField(
                        "qiban.Zone",
                        source_field="zone_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="settings",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=60)),
                ("value", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("holds_from", fields.DateField()),
                ("source", fields.CharField(max_length=300)),
                (
                    "author",
                    fields.ForeignKeyField(
                        "qiban.Person",
                        source_field="author_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="settings",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "setting",
                "app": "qiban",
                "unique_together": (("zone", "name", "holds_from"),),
                "pk_attr": "id",
                "table_description": "One number or choice of a zone, from a day on, with the person and the document it comes from.",
            },
            bases=["Record"],
        ),
    ]
