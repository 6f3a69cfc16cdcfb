"""What others labelled goes in; what is broken is said by file and stays out."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from datasets.importing import Format, Import, Wish, detect, import_dataset, parse_map
from datasets.source import Sample, read_source, samples, splits
from pipeline.domain.errors import BadInput
from tests.datasets.small_source import HEIGHT, WIDTH, save_patches, small_source

WISH = Wish("street", "a friend", "CC0", {})
SIZE = {"width": WIDTH, "height": HEIGHT}


def taken(tmp_path: Path, place: Path, wish: Wish = WISH) -> tuple[Import, dict[str, list[Sample]]]:
    made = import_dataset(place, tmp_path / "into", detect(place), wish)
    source = read_source(tmp_path / "into")
    return made, {split: samples(source, split) for split in splits(source)}


def corners_px(sample: Sample, place: int = 0) -> tuple[float, ...]:
    box = sample.boxes[place].box
    return box.left * WIDTH, box.top * HEIGHT, box.right * WIDTH, box.bottom * HEIGHT


def said(made: Import) -> list[tuple[str, str]]:
    """What stayed out: the last part of the file's name, and why."""
    return [(Path(remark.file).name, remark.reason) for remark in made.remarks if remark.lost]


def mentioned(made: Import) -> str:
    return "\n".join(remark.reason for remark in made.remarks if not remark.lost)


def write_json(file: Path, content: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), "utf-8")
    return file


# COCO


def coco(
    folder: Path, annotations: Sequence[Mapping[str, object]], images: Sequence[Mapping[str, object]] = ()
) -> Path:
    save_patches(folder / "images" / "a.jpg", 1)
    table = {
        "images": [{"id": 7, "file_name": "a.jpg", **SIZE}, *images],
        "categories": [{"id": 2, "name": "overflow"}, {"id": 1, "name": "garbage"}],
        "annotations": [{"image_id": 7, "category_id": 1, "bbox": [10, 20, 30, 40], **row} for row in annotations],
    }
    write_json(folder / "annotations" / "instances_val2017.json", table)
    return folder


def test_coco_boxes_land_where_they_were(tmp_path: Path) -> None:
    made, found = taken(tmp_path, coco(tmp_path / "theirs", [{}]))
    assert made.source.names == ("garbage", "overflow")
    (sample,) = found["val"]
    assert sample.boxes[0].name == "garbage"
    assert corners_px(sample) == pytest.approx((10, 20, 40, 60), abs=0.01)
    assert not made.remarks


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"bbox": [10, 20, -30, 40]}, "negative size"),
        ({"bbox": [10, 20, 0, 40]}, "negative size"),
        ({"bbox": [10, 20, "wide", 40]}, "width is no number"),
        ({"category_id": 9}, "class 9 is not in"),
        ({"bbox": None, "segmentation": {"counts": "x"}}, "neither a bbox nor an outline"),
        ({"bbox": [500, 20, 30, 40]}, "outside the picture"),
    ],
)
def test_a_broken_coco_box_stays_out_and_the_rest_goes_in(
    tmp_path: Path, row: Mapping[str, object], words: str
) -> None:
    made, found = taken(tmp_path, coco(tmp_path / "theirs", [row, {}]))
    ((file, reason),) = said(made)
    assert file == "a.jpg"
    assert words in reason
    assert len(found["val"][0].boxes) == 1


def test_missing_and_unreadable_pictures_and_homeless_boxes_are_said_and_stay_out(tmp_path: Path) -> None:
    images = [{"id": 8, "file_name": "gone.jpg", **SIZE}, {"id": 9, "file_name": "broken.jpg", **SIZE}]
    theirs = coco(tmp_path / "theirs", [{}, {"image_id": 99}], images)
    (theirs / "images" / "broken.jpg").write_bytes(b"no picture")
    made, found = taken(tmp_path, theirs)
    assert dict(said(made)) == {
        "gone.jpg": "the picture is missing",
        "broken.jpg": "the picture cannot be read",
        "instances_val2017.json": "1 boxes belong to image 99, which the file does not list",
    }
    assert len(found["val"]) == 1


def test_a_coco_outline_gives_its_box_and_says_so(tmp_path: Path) -> None:
    outline = {"bbox": None, "segmentation": [[10, 20, 40, 25, 30, 60]]}
    made, found = taken(tmp_path, coco(tmp_path / "theirs", [outline]))
    assert corners_px(found["val"][0]) == pytest.approx((10, 20, 40, 60), abs=0.01)
    assert "outline" in mentioned(made)


def test_a_box_over_the_edge_is_cut_and_that_is_said(tmp_path: Path) -> None:
    made, found = taken(tmp_path, coco(tmp_path / "theirs", [{"bbox": [150, 20, 30, 40]}]))
    assert corners_px(found["val"][0]) == pytest.approx((150, 20, 160, 60), abs=0.01)
    assert "20 px outside" in mentioned(made)


def test_labels_made_for_a_larger_copy_of_the_picture_fit_the_small_one(tmp_path: Path) -> None:
    theirs = coco(tmp_path / "theirs", [{"bbox": [20, 40, 60, 80]}])
    file = theirs / "annotations" / "instances_val2017.json"
    file.write_text(file.read_text().replace(f'"width": {WIDTH}', f'"width": {2 * WIDTH}').replace(
        f'"height": {HEIGHT}', f'"height": {2 * HEIGHT}'
    ))  # fmt: skip
    made, found = taken(tmp_path, theirs)
    assert corners_px(found["val"][0]) == pytest.approx((10, 20, 40, 60), abs=0.01)
    assert not made.remarks


def test_labels_for_another_shape_of_picture_raise_a_doubt(tmp_path: Path) -> None:
    theirs = coco(tmp_path / "theirs", [{}])
    save_patches(theirs / "images" / "a.jpg", 1, HEIGHT, WIDTH)
    made, _ = taken(tmp_path, theirs)
    assert "look whether its boxes fit" in mentioned(made)


def test_one_broken_coco_file_of_two_is_said(tmp_path: Path) -> None:
    theirs = coco(tmp_path / "theirs", [{}])
    (theirs / "annotations" / "instances_train2017.json").write_text('{"images": [')
    made, found = taken(tmp_path, theirs)
    assert [file for file, _ in said(made)] == ["instances_train2017.json"]
    assert len(found["val"]) == 1


# Label Studio


def label_studio(folder: Path, *values: Mapping[str, object], **task: object) -> Path:
    save_patches(folder / "a b.jpg", 1)
    entries = [
        {
            "type": "rectanglelabels", "original_width": WIDTH, "original_height": HEIGHT,
            "value": {"x": 25, "y": 50, "width": 25, "height": 25, "rotation": 0, "rectanglelabels": ["垃圾"], **value},
        }
        for value in values
    ]  # fmt: skip
    whole = {
        "id": 3,
        "data": {"image": "/data/upload/1/0a1b2c3d-a%20b.jpg"},
        "annotations": [{"result": entries}],
        **task,
    }
    return write_json(folder / "export.json", [whole])


def test_label_studio_percents_become_boxes_under_chinese_names(tmp_path: Path) -> None:
    file = label_studio(tmp_path / "theirs", {})
    made, found = taken(tmp_path, file, Wish("street", "a friend", "CC0", parse_map(["垃圾=litter"])))
    assert corners_px(found["train"][0]) == pytest.approx((40, 60, 80, 90), abs=0.01)
    assert found["train"][0].boxes[0].name == "垃圾"
    assert made.source.category_of("垃圾") == "litter"
    assert not made.remarks


def test_a_turned_rectangle_gives_the_upright_box_around_it_and_says_so(tmp_path: Path) -> None:
    """A quarter turn clockwise about the left upper corner (80, 60): 40x30 px lie left of it and downwards."""
    file = label_studio(tmp_path / "theirs", {"x": 50, "rotation": 90})
    made, found = taken(tmp_path, file)
    assert corners_px(found["train"][0]) == pytest.approx((50, 60, 80, 100), abs=0.01)
    assert "turned by 90°" in mentioned(made)


def test_broken_and_skipped_label_studio_work_stays_out(tmp_path: Path) -> None:
    file = label_studio(tmp_path / "theirs", {"width": -3}, {}, {"rectanglelabels": []}, {"x": None})
    tasks = json.loads(file.read_text())
    save_patches(tmp_path / "theirs" / "b.jpg", 2)
    tasks += [
        {"id": 4, "data": {"image": "s3://bucket/gone.jpg"}, "annotations": [{"result": []}]},
        {"id": 5, "data": {"image": "b.jpg"}, "annotations": [{"was_cancelled": True, "result": []}]},
        {"id": 6, "data": {"image": "b.jpg"}, "annotations": []},
    ]
    write_json(file, tasks)
    made, found = taken(tmp_path, file)
    reasons = [reason for _, reason in said(made)]
    assert [any(words in reason for reason in reasons) for words in (
        "box 1: the box has no or a negative size", "box 3: it bears no class", "box 4: x is missing",
        "the picture is missing", "was skipped",
    )] == [True] * 5  # fmt: skip
    assert [len(sample.boxes) for sample in found["train"]] == [1]


def test_of_several_label_studio_answers_the_newest_counts(tmp_path: Path) -> None:
    file = label_studio(tmp_path / "theirs", {})
    tasks = json.loads(file.read_text())
    old = {"updated_at": "2026-01-01", "result": []}
    tasks[0]["annotations"] = [{"updated_at": "2026-02-01", **tasks[0]["annotations"][0]}, old]
    made, found = taken(tmp_path, write_json(file, tasks))
    assert len(found["train"][0].boxes) == 1
    assert "newest" in mentioned(made)


def test_label_studios_short_form_is_known_too(tmp_path: Path) -> None:
    shape = {"x": 25, "y": 50, "width": 25, "height": 25, "rotation": 0, "rectanglelabels": ["heap"], **SIZE}
    save_patches(tmp_path / "theirs" / "a.jpg", 1)
    shape |= {"original_width": WIDTH, "original_height": HEIGHT, "width": 25, "height": 25}
    task = {"id": 1, "image": "/data/local-files/?d=street/a.jpg", "label": [shape]}
    _, found = taken(tmp_path, write_json(tmp_path / "theirs" / "min.json", [task]))
    assert corners_px(found["train"][0]) == pytest.approx((40, 60, 80, 90), abs=0.01)


# Pascal VOC

VOC = (
    "<annotation><filename>{name}.jpg</filename>"
    "<size><width>160</width><height>120</height></size>{things}</annotation>"
)
VOC_BOX = (
    "<object><name>{name}</name>"
    "<bndbox><xmin>{0}</xmin><ymin>{1}</ymin><xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object>"
)


def voc(folder: Path, name: str, things: str) -> Path:
    save_patches(folder / "JPEGImages" / f"{name}.jpg", sum(map(ord, name)))
    (folder / "Annotations").mkdir(parents=True, exist_ok=True)
    (folder / "Annotations" / f"{name}.xml").write_text(VOC.format(name=name, things=things))
    return folder


def test_voc_splits_come_from_its_lists_and_listed_pictures_without_xml_go_in_empty(tmp_path: Path) -> None:
    theirs = voc(tmp_path / "theirs", "a", VOC_BOX.format(10, 20, 40, 60, name="garbage"))
    save_patches(theirs / "JPEGImages" / "empty.jpg", 5)
    (theirs / "ImageSets" / "Main").mkdir(parents=True)
    (theirs / "ImageSets" / "Main" / "val.txt").write_text("a\nempty\ngone\n")
    (theirs / "ImageSets" / "Main" / "trainval.txt").write_text("a\nempty\ngone\n")
    made, found = taken(tmp_path, theirs)
    assert [(sample.picture.name, len(sample.boxes)) for sample in found["val"]] == [("a.jpg", 1), ("empty.jpg", 0)]
    assert corners_px(found["val"][0]) == pytest.approx((10, 20, 40, 60), abs=0.01)
    assert [reason for _, reason in said(made)] == ["neither its picture nor its XML is there"]


def test_broken_voc_files_and_boxes_stay_out(tmp_path: Path) -> None:
    theirs = voc(tmp_path / "theirs", "a", VOC_BOX.format(40, 20, 10, 60, name="garbage"))
    voc(theirs, "b", VOC_BOX.format(10, 20, 40, 60, name="garbage").replace("<xmin>10</xmin>", ""))
    voc(theirs, "gone", "")
    (theirs / "JPEGImages" / "gone.jpg").unlink()
    (theirs / "Annotations" / "cut.xml").write_text("<annotation><object>")
    made, found = taken(tmp_path, theirs)
    reasons = dict(said(made))
    assert "negative size (-30x40 px)" in reasons["a.xml"]
    assert "xmin" in reasons["b.xml"]
    assert "missing" in reasons["gone.xml"]
    assert "cannot be read as XML" in reasons["cut.xml"]
    assert [len(sample.boxes) for sample in found["train"]] == [0, 0]


def test_xml_that_unfolds_without_end_is_refused(tmp_path: Path) -> None:
    theirs = voc(tmp_path / "theirs", "a", "")
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><annotation>&b;</annotation>'
    (theirs / "Annotations" / "bomb.xml").write_text(bomb)
    made, _ = taken(tmp_path, theirs)
    assert [file for file, _ in said(made)] == ["bomb.xml"]


# CVAT

CVAT = """<annotations><version>1.1</version><meta><task><labels><label><name>overflow</name></label>
<label><name>garbage</name></label></labels></task></meta>{images}</annotations>"""


def cvat(folder: Path, shapes: str, more: str = "") -> Path:
    save_patches(folder / "images" / "Validation" / "a.jpg", 1)
    image = f'<image id="0" name="Validation/a.jpg" width="160" height="120">{shapes}</image>'
    (folder / "annotations.xml").write_text(CVAT.format(images=image + more))
    return folder


def test_cvat_boxes_names_and_subsets_are_read(tmp_path: Path) -> None:
    box = '<box label="garbage" xtl="10" ytl="20" xbr="40" ybr="60"/>'
    made, found = taken(tmp_path, cvat(tmp_path / "theirs", box))
    assert made.source.names == ("overflow", "garbage")
    assert corners_px(found["val"][0]) == pytest.approx((10, 20, 40, 60), abs=0.01)


def test_a_turned_cvat_box_turns_about_its_middle(tmp_path: Path) -> None:
    box = '<box label="garbage" xtl="10" ytl="20" xbr="50" ybr="30" rotation="90"/>'
    made, found = taken(tmp_path, cvat(tmp_path / "theirs", box))
    assert corners_px(found["val"][0]) == pytest.approx((25, 5, 35, 45), abs=0.01)
    assert "turned by 90°" in mentioned(made)


def test_cvat_shapes_that_are_no_boxes_are_said(tmp_path: Path) -> None:
    shapes = (
        '<points label="garbage" points="1,2;3,4"/><polygon label="garbage" points="10,20;40,25;30,60"/>'
        '<box label="garbage" xtl="40" ytl="20" xbr="10" ybr="60"/><box xtl="1" ytl="2" xbr="10" ybr="60"/>'
    )
    gone = '<image id="1" name="gone.jpg" width="160" height="120"/>'
    made, found = taken(tmp_path, cvat(tmp_path / "theirs", shapes, gone))
    assert [reason for _, reason in said(made)] == [
        "box 1: a points is no box",
        "box 3: the box has no or a negative size (-30x40 px)",
        "box 4: it bears no class name",
        "the picture is missing",
    ]
    assert corners_px(found["val"][0]) == pytest.approx((10, 20, 40, 60), abs=0.01)


def test_cvats_format_for_videos_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"CVAT for images 1\.1"):
        taken(tmp_path, cvat(tmp_path / "theirs", "", '<track id="0" label="garbage"/>'))


# YOLO and Roboflow


def roboflow(folder: Path) -> Path:
    for split, seed in (("train", 1), ("valid", 2)):
        save_patches(folder / split / "images" / f"a_jpg.rf.{seed}.jpg", seed)
        (folder / split / "labels").mkdir()
        (folder / split / "labels" / f"a_jpg.rf.{seed}.txt").write_text("1 0.5 0.5 0.25 0.5\n")
    (folder / "data.yaml").write_text(
        "train: ../train/images\nval: ../valid/images\ntest: ../test/images\nnc: 2\nnames: ['bin', 'heap']\n"
        "roboflow:\n  workspace: w\n  license: CC BY 4.0\n  url: https://universe.roboflow.com/w/street/2\n"
    )
    return folder


def test_a_roboflow_folder_brings_its_own_origin_and_licence(tmp_path: Path) -> None:
    made, found = taken(tmp_path, roboflow(tmp_path / "theirs"), Wish(categories={"heap": "litter"}))
    assert detect(tmp_path / "theirs") == Format.roboflow
    assert (made.source.licence, made.source.origin) == ("CC BY 4.0", "https://universe.roboflow.com/w/street/2")
    assert made.source.name == "into"
    assert corners_px(found["val"][0]) == pytest.approx((60, 30, 100, 90), abs=0.01)
    assert said(made) == [("data.yaml", "test: ../test/images does not exist")]
    assert made.source.labelled == {"litter", "bin"}


def test_broken_yolo_lines_stay_out_and_pictures_without_labels_go_in(tmp_path: Path) -> None:
    theirs = roboflow(tmp_path / "theirs")
    (theirs / "train" / "labels" / "a_jpg.rf.1.txt").write_text("1 0.5 0.5 0.25 0.5\n5 0.5 0.5 0.1 0.1\n1 0.5 x\n")
    save_patches(theirs / "train" / "images" / "new.jpg", 9)
    made, found = taken(tmp_path, theirs)
    assert [file for file, _ in said(made)] == ["a_jpg.rf.1.txt line 2", "a_jpg.rf.1.txt line 3", "data.yaml"]
    assert [len(sample.boxes) for sample in found["train"]] == [1, 0]
    assert "without boxes" in mentioned(made)


def test_a_bare_yolo_folder_with_a_list_of_names_is_known(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    save_patches(theirs / "images" / "a.jpg", 1)
    (theirs / "labels").mkdir()
    (theirs / "labels" / "a.txt").write_text("0 0.5 0.5 0.25 0.5\n")
    (theirs / "classes.txt").write_text("heap\nbin\n")
    made, found = taken(tmp_path, theirs)
    assert made.source.names == ("heap", "bin")
    assert len(found["train"][0].boxes) == 1


def test_lists_of_files_and_a_path_from_another_machine_are_understood(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    save_patches(theirs / "images" / "a.jpg", 1)
    save_patches(theirs / "images" / "b.jpg", 2)
    (theirs / "train.txt").write_text("/elsewhere/someone/set/images/a.jpg\n")
    (theirs / "val.txt").write_text("./images/b.jpg\n./images/gone.jpg\n")
    (theirs / "data.yaml").write_text("path: /elsewhere/someone/set\ntrain: train.txt\nval: val.txt\nnames: [heap]\n")
    made, found = taken(tmp_path, theirs)
    assert {split: [sample.picture.name for sample in part] for split, part in found.items()} == {
        "train": ["a.jpg"],
        "val": ["b.jpg"],
    }
    assert [reason for _, reason in said(made)] == ["the picture is missing"]


# all of them


def test_names_that_nothing_maps_go_in_as_they_are(tmp_path: Path) -> None:
    made, _ = taken(tmp_path, roboflow(tmp_path / "theirs"))
    assert made.source.names == ("bin", "heap")
    assert made.source.unmapped() == ("heap",)
    assert read_source(tmp_path / "into").unmapped() == ("heap",)


def test_a_mapping_of_a_name_that_does_not_occur_is_refused_before_anything_is_copied(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="heaps, but the classes are bin, heap"):
        taken(tmp_path, roboflow(tmp_path / "theirs"), Wish(categories={"heaps": "litter"}))
    assert not (tmp_path / "into").exists()


@pytest.mark.parametrize(
    ("pair", "words"), [("heap", "theirs=ours"), ("heap=rubbish", "none of"), ("=litter", "theirs=")]
)
def test_a_mapping_that_says_nothing_is_refused(pair: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        parse_map([pair])


def test_a_data_set_without_origin_or_licence_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--origin"):
        taken(tmp_path, coco(tmp_path / "theirs", [{}]), Wish())
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]


def test_hard_links_share_the_bytes_and_copies_do_not(tmp_path: Path) -> None:
    theirs = coco(tmp_path / "theirs", [{}])
    for linked in (True, False):
        into = tmp_path / f"into_{linked}"
        import_dataset(theirs, into, Format.coco, Wish("s", "o", "l", {}, hard_link=linked))
        assert (into / "val" / "images" / "a.jpg").samefile(theirs / "images" / "a.jpg") == linked


def test_pictures_of_one_name_in_two_folders_stay_two(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    for seed, folder in enumerate(("north", "south"), 1):
        save_patches(theirs / "images" / folder / "a.jpg", seed)
    images = [{"id": n, "file_name": f"{folder}/a.jpg", **SIZE} for n, folder in enumerate(("north", "south"))]
    row = {"image_id": 1, "category_id": 1, "bbox": [10, 20, 30, 40]}
    table = {"images": images, "categories": [{"id": 1, "name": "heap"}], "annotations": [row]}
    write_json(theirs / "train.json", table)
    _, found = taken(tmp_path, theirs)
    assert [(sample.picture.name, len(sample.boxes)) for sample in found["train"]] == [("a.jpg", 0), ("a_2.jpg", 1)]


def test_a_folder_that_could_be_two_formats_asks_which(tmp_path: Path) -> None:
    theirs = voc(coco(tmp_path / "theirs", [{}]), "b", "")
    with pytest.raises(BadInput, match="voc or coco: say which with --format"):
        detect(theirs)


def test_what_no_importer_takes_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(b"PK")
    (tmp_path / "empty").mkdir()
    small_source(tmp_path / "ours")
    for name, words in (("set.zip", "unpack"), ("empty", "no data set"), ("ours", "already"), ("gone", "not exist")):
        with pytest.raises(BadInput, match=words):
            detect(tmp_path / name)
