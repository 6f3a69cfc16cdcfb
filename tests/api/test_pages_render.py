"""Every page renders, in both languages."""

import pytest
from fastapi.testclient import TestClient

PAGES = (
    "/tickets", "/tickets?status=filed", "/tickets?text=农贸&sort=updated_at", "/tickets/XJ-20261123-0001", "/rounds",
    "/rounds/12", "/rounds/12?outcome=seen", "/views", "/views?attention=in_vain", "/views/5", "/views/13",
    "/suppressions", "/about",
)  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_renders_in_both_languages(person: TestClient, page: str, language: str) -> None:
    person.cookies.set("lang", language)
    answer = person.get(page)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in answer.text
