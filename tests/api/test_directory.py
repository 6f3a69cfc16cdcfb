"""Log-in through an OpenID Connect provider, against a real one on loopback."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from pipeline.domain.errors import BadInput
from pipeline.settings import Settings
from tests.api.conftest import ADMIN, VIEWER, SetClock, log_in
from tests.api.login_provider import CLIENT_ID, CLIENT_SECRET, Provider, login_provider

LI = {"sub": "user-17", "preferred_username": "李敏", "groups": ["staff", "patrol-units"], "unit": "青禾社区"}
GROUPS = "patrol-admins=admin, patrol-reviewers=reviewer, patrol-units=handler"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with login_provider(dict(LI)) as found:
        yield found


def configured(settings: Settings, issuer: str, **more: str) -> Settings:
    stated = {
        "oidc_issuer": issuer, "oidc_client_id": CLIENT_ID, "oidc_client_secret": SecretStr(CLIENT_SECRET),
        "oidc_roles": GROUPS, "oidc_unit_claim": "unit",
    }  # fmt: skip
    return settings.model_copy(update={**stated, **more})


@pytest.fixture
def town(settings: Settings, clock: SetClock, provider: Provider) -> Iterator[TestClient]:
    with TestClient(create_app(configured(settings, provider.address), clock), follow_redirects=False) as client:
        client.headers["Accept"] = "text/html"
        yield client


def way_back(client: TestClient, wanted: str = "/account") -> str:
    """Path and query by which the provider sends the browser back."""
    there = client.get("/login/directory", params={"next": wanted})
    assert there.status_code == 302, there.text
    back = httpx2.get(there.headers["location"], follow_redirects=False).headers["location"]
    parts = urlsplit(back)
    return f"{parts.path}?{parts.query}"


def come_in(client: TestClient) -> httpx2.Response:
    return client.get(way_back(client))


def account(client: TestClient) -> dict[str, object]:
    answer: dict[str, object] = client.get("/api/v1/account").json()
    return answer


def test_a_person_is_made_at_the_first_login_with_role_and_unit_of_the_provider(town: TestClient) -> None:
    entered = come_in(town)
    assert (entered.status_code, entered.headers["location"]) == (303, "/account")
    found = account(town)
    assert (found["name"], found["role"], found["unit"]) == ("李敏", "handler", "青禾社区")
    assert (found["has_password"], found["from_directory"], found["must_change"]) == (False, True, False)
    assert "streetpatrol-login" not in town.cookies
    town.cookies.clear()
    come_in(town)
    assert account(town)["id"] == found["id"]


def test_pkce_state_and_nonce_are_asked_for(town: TestClient) -> None:
    there = town.get("/login/directory").headers["location"]
    query = parse_qs(urlsplit(there).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["state"][0]) >= 16 and len(query["nonce"][0]) >= 16
    assert query["redirect_uri"] == ["http://testserver/login/directory/back"]


def test_no_request_is_made_before_somebody_presses_the_button(town: TestClient, provider: Provider) -> None:
    page = town.get("/login?next=/figures")
    assert "/login/directory?next=/figures" in page.text
    assert provider.asked == []
    town.get("/login/directory")
    assert provider.asked == ["/.well-known/openid-configuration"]


def test_a_role_that_changed_at_the_provider_changes_here_and_is_audited(town: TestClient, provider: Provider) -> None:
    come_in(town)
    provider.claims["groups"] = ["patrol-reviewers"]
    town.cookies.clear()
    come_in(town)
    assert account(town)["role"] == "reviewer"
    town.cookies.clear()
    log_in(town, ADMIN)
    changes = town.get("/api/v1/audit", params={"kind": "person", "subject": "李敏", "action": "changed"}).json()[
        "rows"
    ]
    assert [(row["who"], row["after"]["role"]) for row in changes] == [("login provider", "reviewer")]


def test_claims_that_only_userinfo_tells_count_too(town: TestClient, provider: Provider) -> None:
    provider.only_userinfo = ("groups",)
    come_in(town)
    assert account(town)["role"] == "handler"


@pytest.mark.parametrize(
    ("lie", "value"),
    [("nonce", "another"), ("aud", "another"), ("iss", "https://evil.example"), ("exp", 1_000_000_000)],
)
def test_a_token_for_another_login_client_provider_or_time_is_refused(
    town: TestClient, provider: Provider, lie: str, value: object
) -> None:
    provider.lies = {lie: value}
    assert come_in(town).status_code == 403
    assert town.get("/api/v1/account").status_code == 401


def test_a_token_that_somebody_else_signed_is_refused(town: TestClient, provider: Provider) -> None:
    provider.foreign_key = True
    assert come_in(town).status_code == 403


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(town: TestClient) -> None:
    back = way_back(town)
    own = way_back(town)
    assert town.get(back).status_code == 403, "an answer to a former question"
    town.cookies.clear()
    assert town.get(own).status_code == 403, "an answer without our cookie"
    way_back(town)
    assert town.get("/login/directory/back?code=x&state=made-up").status_code == 403
    assert town.get("/login/directory/back?error=access_denied").status_code == 403


def test_an_answer_is_good_once(town: TestClient) -> None:
    back = way_back(town)
    assert town.get(back).status_code == 303
    town.cookies.clear()
    assert town.get(back).status_code == 403


def test_without_a_role_nobody_comes_in(town: TestClient, provider: Provider) -> None:
    provider.claims["groups"] = ["staff"]
    refused = come_in(town)
    assert refused.status_code == 403
    assert "还没有角色" in refused.text


def test_a_name_of_a_local_account_does_not_open_it(town: TestClient, provider: Provider) -> None:
    provider.claims |= {"preferred_username": ADMIN, "groups": ["patrol-admins"]}
    refused = come_in(town)
    assert refused.status_code == 403
    assert "同名" in refused.text


def test_a_disabled_person_stays_out(town: TestClient) -> None:
    come_in(town)
    person_id = account(town)["id"]
    town.cookies.clear()
    log_in(town, ADMIN)
    assert town.patch(f"/api/v1/people/{person_id}", json={"disabled": True}).status_code == 200
    assert town.post(f"/api/v1/people/{person_id}/reset-password").status_code == 409
    town.cookies.clear()
    assert come_in(town).status_code == 403


def test_a_provider_that_is_down_leaves_the_local_login_open(settings: Settings, clock: SetClock) -> None:
    with login_provider(dict(LI)) as gone:
        address = gone.address
    with TestClient(create_app(configured(settings, address), clock), follow_redirects=False) as client:
        client.headers["Accept"] = "text/html"
        refused = client.get("/login/directory")
        assert refused.status_code == 502
        assert 'name="password"' in refused.text
        log_in(client, VIEWER)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("oidc_issuer", "http://login.town.example", "OIDC_ISSUER"),
        ("oidc_client_id", "", "OIDC_CLIENT_ID"),
        ("oidc_roles", "", "OIDC_ROLES"),
        ("oidc_roles", "admins=king", "OIDC_ROLES.*admins=king"),
    ],
)
def test_half_a_configuration_stops_the_start_with_one_clear_line(
    settings: Settings, name: str, value: str, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        create_app(configured(settings, "https://login.town.example", **{name: value}))
