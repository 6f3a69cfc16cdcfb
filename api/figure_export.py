"""The tickets behind the figures as CSV and XLSX, read page by page so that a long export holds nothing up."""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from io import StringIO
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from api.dependencies import Services
from api.figure_facts import Figures
from pipeline.adapters.figure_queries import FigureFilter, exported_page
from pipeline.adapters.keyset import FlatRow
from pipeline.domain.category import KIND_NAMES, Kind
from pipeline.domain.figures import Tally
from pipeline.domain.ticket import STATUS_NAMES, Status

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MARK = "\ufeff"
"""Without it Excel takes UTF-8 for something else."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell must not begin with: Excel would reckon it."""
HEADS = (
    "编号 number", "状态 status", "类别 category", "性质 kind", "点位 site", "责任单位 unit", "反复 recurring",
    "返工次数 reworked", "发现 created", "派遣 dispatched", "到期 due", "反馈 rectified",
    "核查 verified", "结案 closed",
)  # fmt: skip
TIMES = ("created_at", "dispatched_at", "due_at", "rectified_at", "verified_at", "closed_at")
MOST_SHEET_ROWS = 1_048_575
TALLY_HEADS = (
    "", "总数 total", "未结 open", "超时 overdue", "结案 closed", "应整改 confirmed", "整改率 put right",
    "挂账 suspended", "作废 void", "返工 reworked", "按时 in time", "应按时 judged", "按时率 on time",
    "中位时长(小时) median hours",
)  # fmt: skip
Cell = str | int | float | datetime | None


def csv_lines(services: Services, wanted: FigureFilter) -> Iterator[bytes]:
    zone = services.settings.town_zone
    yield MARK.encode()
    yield _lines([HEADS])
    for rows in _pages(services, wanted):
        yield _lines([_plain(cell) for cell in _cells(row, zone)] for row in rows)


def _lines(lines: Iterable[Sequence[object]]) -> bytes:
    written = StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(lines)
    return written.getvalue().encode()


def _plain(cell: Cell) -> object:
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _pages(services: Services, wanted: FigureFilter) -> Iterator[Sequence[FlatRow]]:
    """Each page in a look of its own: a slow reader holds no transaction."""
    cursor: str | None = None
    while True:
        with services.look() as connection:
            page = exported_page(connection, wanted, cursor)
        yield page.rows
        if page.cursor is None:
            return
        cursor = page.cursor


def _cells(row: FlatRow, zone: tzinfo) -> list[Cell]:
    times = [getattr(row, name) for name in TIMES]
    return [
        row.number, STATUS_NAMES[Status(row.status)][0], row.name_zh, KIND_NAMES[Kind(row.kind)][0], row.site,
        row.unit, "是" if row.recurring else "", row.reworked,
        *(at.astimezone(zone).replace(tzinfo=None) if at else None for at in times),
    ]  # fmt: skip


def written_xlsx(services: Services, wanted: FigureFilter, figures: Figures) -> Path:
    """A workbook in a file of its own, which the caller deletes. Written row by row, in constant memory."""
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as made:
        path = Path(made.name)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm"})
    try:
        bold, percent = book.add_format({"bold": True}), book.add_format({"num_format": "0.0%"})
        _write_tallies(book, figures, bold, percent)
        _write_tickets(book, services, wanted, bold)
    finally:
        book.close()
    return path


def _write_tallies(book: xlsxwriter.Workbook, figures: Figures, bold: Format, percent: Format) -> None:
    sheet = book.add_worksheet("统计 figures")
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, len(TALLY_HEADS), 16)
    lines: list[tuple[str, Tally | None, tuple[float, int] | None]] = [("合计 all", figures.whole, figures.median)]
    lines.append(("责任单位 by unit", None, None))
    lines += [(code or "—", its, figures.median_by_unit.get(code)) for code, its in figures.by_unit.items()]
    lines.append(("问题类别 by category", None, None))
    lines += [
        (figures.categories.get(code, (code,))[0], its, figures.median_by_category.get(code))
        for code, its in figures.by_category.items()
    ]
    lines.append(("问题性质 by kind", None, None))
    lines += [(KIND_NAMES[Kind(code)][0], its, None) for code, its in figures.by_kind.items()]
    for column, head in enumerate(TALLY_HEADS):
        sheet.write_string(0, column, head, bold)
    for row, (name, its, median) in enumerate(lines, start=1):
        sheet.write_string(row, 0, name, None if its else bold)
        if its is None:
            continue
        for column, cell in enumerate(_tally_cells(its, median), start=1):
            if cell is not None:
                sheet.write_number(row, column, cell, percent if column in PER_CENT_COLUMNS else None)


PER_CENT_COLUMNS = (6, 12)


def _tally_cells(its: Tally, median: tuple[float, int] | None) -> list[float | None]:
    return [
        its.total, its.open, its.overdue, its.put_right.part, its.put_right.whole, its.put_right.share,
        its.of(Status.suspended), its.of(Status.void), its.reworked, its.on_time.part, its.on_time.whole,
        its.on_time.share, round(median[0], 1) if median else None,
    ]  # fmt: skip


def _write_tickets(book: xlsxwriter.Workbook, services: Services, wanted: FigureFilter, bold: Format) -> None:
    sheet = book.add_worksheet("工单 tickets")
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, len(HEADS) - 1, 18)
    for column, head in enumerate(HEADS):
        sheet.write_string(0, column, head, bold)
    row = 0
    for page in _pages(services, wanted):
        for ticket in page:
            row += 1
            if row > MOST_SHEET_ROWS:
                return
            for column, cell in enumerate(_cells(ticket, services.settings.town_zone)):
                _write(sheet, row, column, cell)


def _write(sheet: Worksheet, row: int, column: int, cell: Cell) -> None:
    """Text as text, whatever it begins with."""
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif isinstance(cell, datetime):
        sheet.write_datetime(row, column, cell)
    elif cell is not None:
        sheet.write_number(row, column, cell)
