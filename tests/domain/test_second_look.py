"""What text and neighbours tell of a box: numbers, words, signs, cable ends."""

import pytest

from pipeline.domain.geometry import Box
from pipeline.domain.second_look import (
    Evidence,
    TextLine,
    ad_evidence,
    cable_evidence,
    numbers_in,
    rescored,
    stall_evidence,
)

STICKER = Box(0.4, 0.5, 0.46, 0.6)


def line(text: str, height: float = 0.15, confidence: float = 0.9) -> TextLine:
    return TextLine(text, confidence, height)


@pytest.mark.parametrize(
    "text",
    [
        "13912345678",
        "办证139 1234 5678",
        "电话:139-1234-5678",
        "1３９１２３４５６７８",
        "139.1234.5678刻章",
        "l39 1234 5678",
        "139I2345678",
    ],
)
def test_a_mobile_number_is_told_however_it_is_written(text: str) -> None:
    assert numbers_in(text) == {Evidence.mobile}


@pytest.mark.parametrize("text", ["139?2345678", "139 12*4 5678", "1391234567", "139口2345678"])
def test_one_digit_unread_or_lost_is_a_number_in_part(text: str) -> None:
    assert numbers_in(text) == {Evidence.mobile_in_part}


@pytest.mark.parametrize("text", ["0571-87654321", "(010)6234 5678", "400-820-8820", "800 830 1234", "电话：8765 4321"])
def test_landlines_and_service_numbers_are_another_kind(text: str) -> None:
    assert numbers_in(text) == {Evidence.landline}


@pytest.mark.parametrize(
    "text", ["建国路1388号", "2026-11-23 08:00:00", "139??345678", "12912345678", "9139123456789", "ISO 9001", ""]
)
def test_dates_house_numbers_and_long_codes_are_no_phone(text: str) -> None:
    assert numbers_in(text) == frozenset()


def test_a_number_broken_over_two_lines_counts_in_part() -> None:
    assert ad_evidence([line("1391234"), line("5678")], STICKER, 0.6, True) == {Evidence.mobile_in_part}


def test_number_and_trade_raise_a_doubtful_box_over_any_threshold() -> None:
    told = ad_evidence([line("疏通下水道"), line("13912345678")], STICKER, 0.6, True)
    assert told == {Evidence.mobile, Evidence.trade}
    assert rescored(0.2, told) > 0.9


def test_a_wide_sign_in_large_letters_is_lowered() -> None:
    told = ad_evidence([line("幸福超市", height=0.6)], Box(0.3, 0.2, 0.6, 0.3), 5.0, True)
    assert told == {Evidence.sign_word, Evidence.sign_shape}
    assert rescored(0.6, told) < 0.2


def test_a_number_on_a_sticker_outweighs_a_word_of_a_sign() -> None:
    assert ad_evidence([line("五金"), line("13912345678")], STICKER, 0.7, True) == {Evidence.mobile}


def test_text_without_number_trade_or_sign_speaks_a_little_against() -> None:
    assert ad_evidence([line("qwe rty")], STICKER, 0.6, True) == {Evidence.other_text}


def test_what_is_too_small_to_read_is_left_as_it_was() -> None:
    assert ad_evidence([], STICKER, 0.6, legible=False) == frozenset()
    assert ad_evidence([], STICKER, 0.6, legible=True) == {Evidence.no_text}
    assert rescored(0.37, frozenset()) == 0.37


def test_text_read_without_confidence_is_no_text() -> None:
    assert ad_evidence([line("13912345678", confidence=0.3)], STICKER, 0.6, True) == {Evidence.no_text}


def test_a_cable_that_ends_at_a_two_wheeler_is_raised_and_one_that_starts_there_is_not() -> None:
    cable = Box(0.40, 0.2, 0.50, 0.7)
    assert cable_evidence(cable, 0.4, [Box(0.49, 0.65, 0.6, 0.85)]) == {Evidence.at_two_wheeler}
    assert cable_evidence(cable, 0.4, [Box(0.39, 0.05, 0.45, 0.19)]) == frozenset()
    assert cable_evidence(cable, 0.4, [Box(0.8, 0.65, 0.95, 0.85)]) == frozenset()


def test_lines_on_poles_and_pipes_are_lowered() -> None:
    assert cable_evidence(Box(0.0, 0.1, 1.0, 0.2), 17.0, []) == {Evidence.overhead}
    assert cable_evidence(Box(0.5, 0.1, 0.51, 0.9), 0.03, []) == {Evidence.pipe}


def test_an_umbrella_and_a_person_beside_a_stall_raise_it_and_those_afar_do_not() -> None:
    stall = Box(0.4, 0.5, 0.5, 0.6)
    assert stall_evidence(stall, [Box(0.4, 0.4, 0.5, 0.5)], [Box(0.51, 0.45, 0.54, 0.6)]) == {
        Evidence.umbrella, Evidence.person_beside,
    }  # fmt: skip
    assert stall_evidence(stall, [Box(0.8, 0.4, 0.9, 0.5)], []) == frozenset()


def test_no_evidence_makes_a_certainty_and_scores_stay_scores() -> None:
    assert 0 < rescored(0.0, [Evidence.pipe]) < rescored(0.5, [Evidence.pipe]) < 0.5
    assert rescored(1.0, [Evidence.mobile]) < 1.0
