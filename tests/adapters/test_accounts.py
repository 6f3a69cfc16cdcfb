"""Accounts on both databases: wrong tries are counted whole, roles and units kept, sessions and tokens end."""

from datetime import timedelta
from threading import Thread

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from pipeline.adapters import accounts_admin
from pipeline.adapters.accounts import (
    MOST_TOKENS,
    Lock,
    Person,
    SessionKind,
    check_password,
    ensure_person,
    entered_by,
    hash_password,
    make_token,
    note_use,
    open_page_session,
    person_of,
)
from pipeline.adapters.accounts_admin import By, PersonFilter, Standing
from pipeline.adapters.accounts_directory import Claimed, enter_from_directory
from pipeline.adapters.audit import AuditFilter, audit_page, checked_chain
from pipeline.adapters.database import MIGRATIONS, reading, writing
from pipeline.adapters.tables import people, sessions, units
from pipeline.domain.errors import BadInput, NotAllowed, NotFound, TransitionRefused
from pipeline.domain.ticket import Role
from tests.builders import START, minutes

PASSWORD = "correct horse battery"
LOCK = Lock(after=3, lasts=timedelta(minutes=15))
BY, COMMAND = By("admin", START), By("command line", START)
UNIT = "青禾社区"


@pytest.fixture(scope="module")
def hashed() -> str:
    return hash_password(PASSWORD)


def _with_people(engine: Engine, hashed: str) -> Engine:
    """An admin and Li, a reviewer; one unit."""
    with writing(engine) as connection:
        connection.execute(sa.insert(units).values(name=UNIT, tier=3))
        ensure_person(connection, "admin", Role.admin, hashed, START)
        ensure_person(connection, "li", Role.reviewer, hashed, START)
    return engine


@pytest.fixture
def town(engine: Engine, hashed: str) -> Engine:
    """On each database."""
    return _with_people(engine, hashed)


@pytest.fixture
def small_town(sqlite_engine: Engine, hashed: str) -> Engine:
    """On SQLite, where the rule and not the database is in question."""
    return _with_people(sqlite_engine, hashed)


def person_id(engine: Engine, name: str = "li") -> int:
    with reading(engine) as connection:
        return accounts_admin.id_of(connection, name)


def row_of(engine: Engine, name: str = "li") -> object:
    with reading(engine) as connection:
        return connection.execute(sa.select(people).where(people.c.name == name)).one()


def test_the_right_password_opens_and_unknown_disabled_and_wrong_do_not(small_town: Engine) -> None:
    assert check_password(small_town, "li", PASSWORD, START) == Person(person_id(small_town), "li", Role.reviewer)
    assert check_password(small_town, "li", "wrong", START) is None
    assert check_password(small_town, "nobody", PASSWORD, START) is None
    with writing(small_town) as connection:
        connection.execute(sa.update(people).where(people.c.name == "li").values(disabled=True))
    assert check_password(small_town, "li", PASSWORD, START) is None


def test_an_account_locks_after_so_many_wrong_tries_and_opens_again_by_itself(town: Engine) -> None:
    for _ in range(LOCK.after):
        assert check_password(town, "li", "wrong", START, LOCK) is None
    assert check_password(town, "li", PASSWORD, minutes(14.9), LOCK) is None
    assert check_password(town, "li", PASSWORD, minutes(15), LOCK) is not None
    assert check_password(town, "admin", PASSWORD, START, LOCK) is not None, "others are not locked"
    with reading(town) as connection:
        (entry,) = audit_page(connection, AuditFilter(action="locked"), None, 10).rows
    assert (entry.subject, entry.after["failures"]) == ("li", LOCK.after)


def test_after_a_lock_has_ended_all_tries_are_there_again(small_town: Engine) -> None:
    for _ in range(LOCK.after):
        check_password(small_town, "li", "wrong", START, LOCK)
    for _ in range(LOCK.after - 1):
        assert check_password(small_town, "li", "wrong", minutes(20), LOCK) is None
    assert check_password(small_town, "li", PASSWORD, minutes(20), LOCK) is not None


def test_tries_at_once_are_all_counted(town: Engine) -> None:
    tries = [Thread(target=check_password, args=(town, "li", "wrong", START, LOCK)) for _ in range(LOCK.after)]
    for one in tries:
        one.start()
    for one in tries:
        one.join()
    assert check_password(town, "li", PASSWORD, START, LOCK) is None


def test_an_admin_adds_changes_and_lists_people(town: Engine, hashed: str) -> None:
    with writing(town) as connection:
        added = accounts_admin.add_person(connection, "王强", Standing(Role.handler, UNIT), hashed, BY)
        for refused, standing in (
            ("王强", Standing(Role.viewer)),
            ("x", Standing(Role.handler)),
            (" y", Standing(Role.viewer)),
        ):
            with pytest.raises((BadInput, TransitionRefused)):
                accounts_admin.add_person(connection, refused, standing, hashed, BY)
        with pytest.raises(BadInput, match="no unit"):
            accounts_admin.change_person(connection, added, Standing(Role.handler, "nowhere"), BY)
        accounts_admin.change_person(connection, added, Standing(Role.dispatcher), BY)
        with pytest.raises(NotFound):
            accounts_admin.change_person(connection, 999, Standing(Role.viewer), BY)
        page = accounts_admin.person_page(connection, PersonFilter(), None, 2, START)
        rest = accounts_admin.person_page(connection, PersonFilter(), page.cursor, 2, START)
        assert [row.name for row in (*page.rows, *rest.rows)] == ["admin", "li", "王强"]
        assert not any("hash" in column for column in page.rows[0]._fields)
        (found,) = accounts_admin.person_page(
            connection, PersonFilter(role="dispatcher", text="强"), None, 9, START
        ).rows
        assert (found.unit, found.must_change) == (None, True)
        assert checked_chain(connection).broken == ()


def test_one_admin_always_remains(small_town: Engine) -> None:
    with writing(small_town) as connection, pytest.raises(TransitionRefused, match="another admin"):
        accounts_admin.change_person(connection, person_id(small_town, "admin"), Standing(Role.viewer), BY)
    for standing in (Standing(Role.viewer), Standing(Role.admin, disabled=True)):
        with pytest.raises(TransitionRefused, match="at least one admin"), writing(small_town) as connection:
            accounts_admin.change_person(
                connection, person_id(small_town, "admin"), standing, By("command line", START)
            )
    assert check_password(small_town, "admin", PASSWORD, START) is not None


def test_a_reset_ends_sessions_and_tokens_and_asks_for_a_change(small_town: Engine, hashed: str) -> None:
    with writing(small_town) as connection:
        li = check_person(small_town)
        page, token = open_page_session(connection, li, START), make_token(connection, "li", START)
        accounts_admin.reset_password(connection, li.id, hashed, BY)
        assert person_of(connection, page, SessionKind.page, START) is None
        assert person_of(connection, token, SessionKind.token, START) is None
        again = open_page_session(connection, li, START)
        token = make_token(connection, "li", START)
    with reading(small_town) as connection:
        by_page = person_of(connection, again, SessionKind.page, START)
        by_token = person_of(connection, token, SessionKind.token, START)
    assert by_page and by_page.must_change
    assert by_token and not by_token.must_change, "a program cannot change a password"


def check_person(engine: Engine) -> Person:
    return Person(person_id(engine), "li", Role.reviewer)


def test_a_secret_of_one_kind_opens_nothing_of_the_other(small_town: Engine) -> None:
    with writing(small_town) as connection:
        page, token = (
            open_page_session(connection, check_person(small_town), START),
            make_token(connection, "li", START),
        )
        assert person_of(connection, page, SessionKind.token, START) is None
        assert person_of(connection, token, SessionKind.page, START) is None


def test_the_use_of_a_session_is_noted_to_the_hour(small_town: Engine) -> None:
    with writing(small_town) as connection:
        token = make_token(connection, "li", START)
        first = entered_by(connection, token, SessionKind.token, START)
        assert first and first.stale
        note_use(connection, first.digest, START)
        soon = entered_by(connection, token, SessionKind.token, minutes(59))
        later = entered_by(connection, token, SessionKind.token, minutes(60))
        assert soon and not soon.stale
        assert later and later.stale


def test_tokens_are_named_few_and_revoked_one_by_one(town: Engine) -> None:
    li = person_id(town)
    with writing(town) as connection:
        secrets = [
            accounts_admin.grant_token(connection, "li", f"no. {n}", timedelta(days=n + 1), BY)
            for n in range(MOST_TOKENS)
        ]
        with pytest.raises(TransitionRefused, match="revoke one"):
            accounts_admin.grant_token(connection, "li", "one more", timedelta(days=1), BY)
        make_token(connection, "li", START + timedelta(days=2), "room again, for one has ended")
        listed = accounts_admin.tokens_of(connection, li, START)
        (third,) = [row for row in listed if row.name == "no. 2"]
        assert third.expires_at == START + timedelta(days=3)
        with pytest.raises(NotFound):
            accounts_admin.revoke_token(connection, person_id(town, "admin"), third.id, BY)
        accounts_admin.revoke_token(connection, li, third.id, BY)
        assert person_of(connection, secrets[2], SessionKind.token, START) is None
        assert person_of(connection, secrets[3], SessionKind.token, START) is not None
        kept = connection.execute(sa.select(sessions)).all()
        assert not [secret for secret in secrets if secret in str(kept)]


def test_a_person_of_the_provider_is_known_by_subject_never_by_name(town: Engine) -> None:
    claimed = Claimed("https://login 17", "赵云", Role.handler, UNIT, True)
    with writing(town) as connection:
        made = enter_from_directory(connection, claimed, START)
        renamed = Claimed("https://login 17", "another name", Role.reviewer, None, False)
        again = enter_from_directory(connection, renamed, minutes(5))
        assert again == Person(made.id, "赵云", Role.reviewer, UNIT)
        for refused in (
            Claimed("https://login 18", "li", Role.admin, None, False),
            Claimed("https://login 19", "赵云", Role.admin, None, False),
            Claimed("https://login 17", "赵云", None, None, False),
        ):
            with pytest.raises(NotAllowed):
                enter_from_directory(connection, refused, START)
        with pytest.raises(TransitionRefused):
            accounts_admin.reset_password(connection, made.id, "a hash", BY)
    assert check_password(town, "赵云", "", START) is None


def test_accounts_of_the_release_before_come_through_the_migration_and_back(engine: Engine, hashed: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
        assert "audit_entries" not in sa.inspect(connection).get_table_names()
        old = sa.text("INSERT INTO people (name, role, password_hash, created_at) VALUES ('old', 'admin', :hash, :at)")
        connection.execute(old.bindparams(sa.bindparam("at", START, people.c.created_at.type), hash=hashed))
        command.upgrade(config, "head")
        connection.commit()
    found = check_password(engine, "old", PASSWORD, START)
    assert found and (found.role, found.unit, found.must_change) == (Role.admin, None, False)
    with reading(engine) as connection:
        assert checked_chain(connection).broken == ()
