"""Addresses, credentials and their encryption: nothing secret shows, nothing but cameras and files is opened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.addresses import (
    Credentials,
    hidden,
    host_of,
    join_credentials,
    place_of,
    source_kind_of,
    split_credentials,
)
from pipeline.adapters.secrets import SecretBox, new_key
from pipeline.domain.camera import SourceKind
from pipeline.domain.errors import BadInput, StoreFailed

SECRET = "p@ss:/w#?% 密"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("rtsp://10.0.0.7/ch1", SourceKind.rtsp),
        ("RTSPS://10.0.0.7:322/ch1?x=1", SourceKind.rtsp),
        ("http://cam.example/snap.jpg", SourceKind.http),
        ("https://[fe80::1]:8443/snap.jpg", SourceKind.http),
        ("clips/street.mp4", SourceKind.replay),
        ("/srv/clips/路口 1", SourceKind.replay),
        ("C:\\clips\\street.mp4", SourceKind.replay),
        ("./odd:name.mp4", SourceKind.replay),
    ],
)
def test_the_kind_of_a_source_is_read_from_its_address(source: str, kind: SourceKind) -> None:
    assert source_kind_of(source) is kind


@pytest.mark.parametrize(
    "source",
    [
        "file:///etc/passwd",
        "file:/etc/passwd",
        "concat:a.mp4|b.mp4",
        "pipe:0",
        "data:image/png;base64,AAAA",
        "ftp://10.0.0.7/a.jpg",
        "rtmp://10.0.0.7/live",
        "rtsp:10.0.0.7/ch1",
        "rtsp:///ch1",
        "http://",
        "http://:80/a.jpg",
        "http://cam:port/a.jpg",
        "http://cam:99999/a.jpg",
        "http://two words/a.jpg",
        "http://cam/a.jpg\r\nX-Injected: 1",
        "",
        "  ",
    ],
)
def test_every_other_scheme_and_every_broken_address_is_refused(source: str) -> None:
    with pytest.raises(BadInput):
        source_kind_of(source)


@pytest.mark.parametrize(
    "source", ["rtsp://admin:12/34@10.0.0.7/ch1", "rtsp://admin:1#2@h/ch1", "rtsp://admin:a/b@h/c"]
)
def test_a_password_with_a_bare_slash_is_refused_without_being_shown(source: str) -> None:
    with pytest.raises(BadInput, match="%2F") as refused:
        split_credentials(source)
    assert source.split(":")[2].split("@", maxsplit=1)[0] not in str(refused.value)


@pytest.mark.parametrize(
    ("source", "clean", "credentials"),
    [
        ("rtsp://admin:pw@10.0.0.7:554/ch1?a=b", "rtsp://10.0.0.7:554/ch1?a=b", Credentials("admin", "pw")),
        ("rtsp://admin:p%40ss%3A%2Fw@h/", "rtsp://h/", Credentials("admin", "p@ss:/w")),
        ("rtsp://admin:p@ss:w@h/ch1", "rtsp://h/ch1", Credentials("admin", "p@ss:w")),
        ("http://admin@h/snap", "http://h/snap", Credentials("admin", "")),
        ("http://a:b@[::1]:80/snap", "http://[::1]:80/snap", Credentials("a", "b")),
        ("http://h/snap?mail=a@b", "http://h/snap?mail=a@b", None),
        ("clips/a:b@c.mp4", "clips/a:b@c.mp4", None),
    ],
)
def test_credentials_are_taken_out_of_an_address(source: str, clean: str, credentials: Credentials | None) -> None:
    assert split_credentials(source) == (clean, credentials)


printable = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)


@given(username=printable, password=printable)
def test_any_credentials_put_into_an_address_come_out_the_same(username: str, password: str) -> None:
    credentials = Credentials(username, password)
    joined = join_credentials("rtsp://10.0.0.7:554/ch1?a=b#c", credentials)
    assert split_credentials(joined) == ("rtsp://10.0.0.7:554/ch1?a=b#c", credentials)


def test_a_path_takes_no_credentials() -> None:
    assert join_credentials("clips/a.mp4", Credentials("a", "b")) == "clips/a.mp4"


def test_no_representation_shows_a_password() -> None:
    credentials = Credentials("admin", SECRET)
    assert SECRET not in f"{credentials!r} {credentials} {[credentials]}"


def test_a_text_is_cleared_of_the_password_in_every_spelling() -> None:
    credentials = Credentials("admin", SECRET)
    joined = join_credentials("rtsp://h/c", credentials)
    assert hidden(f"cannot open {joined}: {SECRET}", credentials) == "cannot open rtsp://admin:***@h/c: ***"
    assert hidden("plain", None) == "plain"
    assert hidden("plain", Credentials("admin", "")) == "plain"


def test_messages_show_host_and_port_and_no_query() -> None:
    assert place_of("http://a:b@cam.example:8080/snap?password=s3cret") == "cam.example:8080"
    assert place_of("clips/a.mp4") == "clips/a.mp4"


def test_a_recorder_is_one_host_whatever_the_port() -> None:
    assert host_of("rtsp://NVR.example:554/1") == host_of("http://nvr.example:8080/snap") == "nvr.example"
    assert host_of("clips/a.mp4") == ""


def test_sealed_credentials_open_again_and_show_nothing() -> None:
    box = SecretBox(new_key())
    sealed = box.seal(Credentials("admin", SECRET))
    assert SECRET.encode() not in sealed
    assert b"admin" not in sealed
    assert box.open(sealed) == Credentials("admin", SECRET)


def test_a_former_key_still_opens_and_what_is_sealed_anew_needs_only_the_newest() -> None:
    former, newest = new_key(), new_key()
    sealed = SecretBox(former).seal(Credentials("admin", SECRET))
    both = SecretBox(f"{newest}, {former}")
    assert both.open(sealed) == Credentials("admin", SECRET)
    assert SecretBox(newest).open(both.sealed_anew(sealed)) == Credentials("admin", SECRET)


@pytest.mark.parametrize("keys", ["", " , ", "short", "密钥", "a" * 43, f"{'A' * 43}=,oops"])
def test_a_malformed_key_is_one_clear_line_without_the_key(keys: str) -> None:
    with pytest.raises(BadInput) as refused:
        SecretBox(keys)
    assert "\n" not in str(refused.value)
    assert all(part not in str(refused.value) for part in keys.split(",") if part.strip())


def test_a_wrong_key_or_damaged_content_is_one_clear_line() -> None:
    sealed = SecretBox(new_key()).seal(Credentials("admin", SECRET))
    box = SecretBox(new_key())
    for content in (sealed, sealed[:20], b"", b"\xff\x00"):
        with pytest.raises(StoreFailed, match="no key fits"):
            box.open(content)
        with pytest.raises(StoreFailed, match="no key"):
            box.sealed_anew(content)
