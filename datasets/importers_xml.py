"""Pascal VOC (one XML a picture) and CVAT for images (one XML a task)."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import parse

from datasets.incoming import (
    DEFAULT_SPLIT,
    Contents,
    Incoming,
    PictureFinder,
    Remark,
    Size,
    box_around,
    box_of_corners,
    corner_points,
    declared_size,
    number,
    picture_size,
    read_each,
    split_named,
    turned_about,
)
from datasets.source import LabelledBox
from pipeline.domain.errors import BadInput

VOC_ROOT, CVAT_ROOT = "annotation", "annotations"
VOC_CORNERS = ("xmin", "ymin", "xmax", "ymax")
CVAT_CORNERS = ("xtl", "ytl", "xbr", "ybr")
CVAT_OUTLINES = frozenset({"polygon", "polyline"})
CVAT_OTHERS = frozenset({"points", "mask", "ellipse", "cuboid", "skeleton"})
VOC_SUFFIXES = (".jpg", ".jpeg", ".png", ".JPG", ".bmp", ".webp")
VOC_BACKGROUND = frozenset({"background"})
VOC_LISTS = Path("ImageSets") / "Main"


def xml_files(place: Path) -> list[Path]:
    return [place] if place.suffix.lower() == ".xml" else sorted(place.rglob("*.xml")) if place.is_dir() else []


def load_xml(file: Path) -> Element:
    """Raises ValueError with the reason."""
    try:
        root: Element | None = parse(file).getroot()
    except (OSError, ParseError, DefusedXmlException, UnicodeDecodeError) as error:
        raise ValueError(f"it cannot be read as XML: {error}") from None
    if root is None:
        raise ValueError("it is empty")
    return root


def root_names(place: Path) -> set[str]:
    """The root elements of the XML files under `place`; broken files count for nothing."""
    found = set()
    for file in xml_files(place):
        try:
            found.add(load_xml(file).tag)
        except ValueError:
            continue
    return found


def text_of(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def read_voc(place: Path, finder: PictureFinder) -> Contents:
    lists = _voc_lists(place)
    files = xml_files(place)
    parts = [part for file in files for part in _voc_parts(file, place, lists, finder)]
    described = {file.stem for file in files}
    parts += [_without_labels(name, split, finder) for name, split in lists.items() if name not in described]
    return Contents(_voc_names(place), iter(parts))


def _voc_lists(place: Path) -> dict[str, str]:
    """Splits by picture name as ImageSets/Main says them; trainval and lists of one class say nothing."""
    found: dict[str, str] = {}
    for file in sorted(place.rglob(f"{VOC_LISTS}/*.txt")) if place.is_dir() else []:
        split = split_named([file.stem]) if "_" not in file.stem else ""
        lines = file.read_text("utf-8-sig", errors="replace").splitlines() if split else []
        found |= {Path(line.strip()).name: split for line in lines if line.strip()}
    return found


def _voc_names(place: Path) -> tuple[str, ...]:
    """The order of labelmap.txt, where annotation tools wrote one beside the XML."""
    found = sorted(place.rglob("labelmap.txt")) if place.is_dir() else []
    lines = found[0].read_text("utf-8-sig", errors="replace").splitlines() if found else []
    names = (line.split(":")[0].strip() for line in lines if not line.startswith("#"))
    return tuple(name for name in names if name and name not in VOC_BACKGROUND)


def _without_labels(name: str, split: str, finder: PictureFinder) -> Incoming | Remark:
    """A picture that a list names and no XML describes: nothing is in it, or its XML got lost."""
    for suffix in VOC_SUFFIXES:
        if finder.has(name + suffix):
            return Incoming(split, finder.find(name + suffix, split), ())
    return Remark(f"{VOC_LISTS}/{split}.txt: {name}", "neither its picture nor its XML is there")


def _voc_parts(
    file: Path, place: Path, split_of_stem: dict[str, str], finder: PictureFinder
) -> Iterator[Incoming | Remark]:
    root = place if place.is_dir() else place.parent
    where = str(file.relative_to(root))
    try:
        annotation = load_xml(file)
        if annotation.tag != VOC_ROOT:
            return
        split = split_of_stem.get(file.stem) or split_named(file.relative_to(root).parts[:-1], DEFAULT_SPLIT)
        picture = _voc_picture(annotation, file, split, finder)
        sizes = {key: text_of(annotation, f"size/{key}") for key in ("width", "height")}
        declared = declared_size(sizes)
        size = declared or picture_size(picture)
    except ValueError as error:
        yield Remark(where, str(error))
        return
    if split_of_stem and file.stem not in split_of_stem:
        yield Remark(where, f"no list in {VOC_LISTS} names it: it went into {split}", lost=False)
    boxes, remarks = read_each(annotation.iter("object"), partial(_voc_box, size=size), where)
    yield from remarks
    yield Incoming(split, picture, boxes, declared)


def _voc_picture(annotation: Element, file: Path, split: str, finder: PictureFinder) -> Path:
    """By the name inside the file; where tools left a stale one there, by the file's own. Raises ValueError."""
    named = text_of(annotation, "filename")
    try:
        return finder.find(named, split)
    except ValueError:
        for suffix in VOC_SUFFIXES:
            if finder.has(file.stem + suffix):
                return finder.find(file.stem + suffix, split)
        raise


def _voc_box(thing: Element, size: Size) -> tuple[LabelledBox, str]:
    name = text_of(thing, "name")
    if not name:
        raise ValueError("it bears no class name")
    table = {key: text_of(thing, f"bndbox/{key}") for key in VOC_CORNERS}
    return LabelledBox(name, box_of_corners([number(table, key) for key in VOC_CORNERS], size)), ""


def read_cvat(place: Path, finder: PictureFinder) -> Contents:
    """Raises BadInput for CVAT's format for videos."""
    root = place if place.is_dir() else place.parent
    names: dict[str, None] = {}
    parts: list[Incoming | Remark] = []
    for file in xml_files(place):
        where = file.relative_to(root)
        try:
            task = load_xml(file)
        except ValueError as error:
            parts.append(Remark(str(where), str(error)))
            continue
        if task.find("track") is not None:
            raise BadInput(f"{file} is CVAT's format for videos: export the task as 'CVAT for images 1.1' instead")
        names |= dict.fromkeys(label.text or "" for label in task.iterfind(".//meta//label/name"))
        parts += [part for image in task.iter("image") for part in _cvat_parts(image, where, finder)]
    return Contents(tuple(name for name in names if name), iter(parts))


def _cvat_parts(image: Element, file: Path, finder: PictureFinder) -> Iterator[Incoming | Remark]:
    name = image.get("name") or ""
    where = f"{file} image {name or image.get('id')}"
    words = (*file.parts, image.get("subset") or "", *Path(name).parts[:-1])
    split = split_named(words, DEFAULT_SPLIT)
    try:
        picture = finder.find(name, split)
        declared = declared_size(image.attrib)
        size = declared or picture_size(picture)
    except ValueError as error:
        yield Remark(where, str(error))
        return
    shapes = [shape for shape in image if shape.tag == "box" or shape.tag in CVAT_OUTLINES | CVAT_OTHERS]
    boxes, remarks = read_each(shapes, partial(_cvat_box, size=size), where)
    yield from remarks
    yield Incoming(split, picture, boxes, declared)


def _cvat_box(shape: Element, size: Size) -> tuple[LabelledBox, str]:
    name = shape.get("label") or ""
    if not name:
        raise ValueError("it bears no class name")
    if shape.tag in CVAT_OTHERS:
        raise ValueError(f"a {shape.tag} is no box")
    if shape.tag in CVAT_OUTLINES:
        outline = [_cvat_point(pair) for pair in (shape.get("points") or "").split(";") if pair]
        return LabelledBox(name, box_around(outline, size)), f"the box around its {shape.tag} was taken"
    left, top, right, bottom = (number(shape.attrib, key) for key in CVAT_CORNERS)
    upright = box_of_corners((left, top, right, bottom), size)
    degrees = number(shape.attrib, "rotation") if shape.get("rotation") else 0.0
    if not degrees:
        return LabelledBox(name, upright), ""
    turned = turned_about(corner_points(left, top, right, bottom), ((left + right) / 2, (top + bottom) / 2), degrees)
    return LabelledBox(
        name, box_around(turned, size)
    ), f"it is turned by {degrees:g}°: the upright box around it was taken"


def _cvat_point(pair: str) -> tuple[float, float]:
    x, _, y = pair.partition(",")
    return number({"points": x}, "points"), number({"points": y}, "points")
