"""The streets of 青禾镇: what lies, stands and passes where, in metres before each camera."""

from datasets.town_camera import Camera
from datasets.town_facade import Wall
from datasets.town_ground import YELLOW, Area, Built, Mark, Strip, dashes, zebra
from datasets.town_street import (
    BLACK_CAR,
    BLUE_CAR,
    RED_CAR,
    SILVER_CAR,
    WHITE_CAR,
    CableWay,
    Passing,
    Spot,
    Standing,
    Street,
    WallSpot,
)
from datasets.town_texture import Colour

GREEN_BIN: Colour = (70, 122, 52)
GREY_BIN: Colour = (88, 88, 86)
BLUE_BIN: Colour = (150, 92, 36)
RED_BIN: Colour = (52, 48, 168)


def _bins(x_m: float, y_m: float, heading_deg: float, colours: tuple[Colour, ...], step: float) -> tuple[Standing, ...]:
    return tuple(
        Standing("bin", x_m + step * number, y_m, heading_deg, colour) for number, colour in enumerate(colours)
    )


MAIN_ROAD = Street(
    "renmin", "人民路", Camera(4.3, 0, 5.2, -7, 14, 1420), Area(-16, 8, 3, 56),
    (
        Strip("asphalt", Area(-10, 2.2, 3, 56)),
        Strip("grey_paving", Area(2.2, 8, 3, 56)),
        Strip("grey_paving", Area(-16, -10, 3, 56)),
    ),
    (
        Mark(Area(-3.72, -3.58, 3, 56), YELLOW), Mark(Area(-3.42, -3.28, 3, 56), YELLOW),
        Mark(Area(1.72, 1.84, 3, 56)), *dashes(-0.9, 4, 56), *dashes(-6.6, 6, 56),
    ),
    (
        Built("wall", (8, 60), (8, 2), Wall(58, 3, (172, 186, 196), "shops", 11)),
        Built("wall", (-15, 4), (-15, 60), Wall(56, 4, (166, 172, 178), "shops", 12)),
        Built("kerb", (2.2, 56), (2.2, 3)), Built("kerb", (-10, 3), (-10, 56)),
        Built("wall", (-40, 78), (40, 78), Wall(80, 5, (190, 188, 184), "plain", 13, 16)),
        Built("hedge", (-40, 72), (40, 72), height_m=2.6),
    ),
    (
        *(Standing("tree", 3.1, y, colour=(56, 118, 84)) for y in (15, 23, 31, 39, 47)),
        *(Standing("tree", -10.8, y, colour=(60, 110, 80)) for y in (12, 20, 28, 36, 44)),
        Standing("car", -8.6, 24, 0, SILVER_CAR), Standing("car", -8.6, 31, 0, BLACK_CAR),
        Standing("bin", 7.2, 17.4, 90, GREEN_BIN), Standing("bin", 7.2, 18.3, 90, GREY_BIN),
        Standing("scooter", 6.7, 22, 80, (60, 54, 170)), Standing("scooter", 6.7, 23, 80, (150, 110, 60)),
    ),
    (
        Passing("car", (-1.9, 60), (-1.9, -8), 9, 23, 4), Passing("van", (-5.2, -8), (-5.2, 60), 8, 61, 30),
        Passing("person", (5.6, 45), (5.0, 2), 1.3, 47, 6), Passing("rider", (1.1, 0), (1.1, 56), 5, 37, 12),
    ),
    {"kerb": Spot(4.6, 10.5, 2.2), "wall": Spot(5.9, 14.6, 2.4), "front": Spot(7.0, 13.4, 1.9)},
    101,
)  # fmt: skip

SHOPS = Street(
    "shops", "大中百货", Camera(0, 0, 4.7, 7, 14, 1330), Area(-20, 22, 3, 16),
    (Strip("asphalt", Area(-20, 22, 3, 7)), Strip("red_paving", Area(-20, 22, 7, 16))),
    (Mark(Area(-20, 22, 6.3, 6.42)),),
    (Built("wall", (-20, 16), (22, 16), Wall(42, 3, (182, 196, 206), "shops", 21)), Built("kerb", (-20, 7), (22, 7))),
    (
        Standing("tree", 6.3, 9.4, colour=(54, 112, 80)),
        Standing("scooter", -6.2, 13.4, 60, (64, 62, 62)), Standing("scooter", -3.9, 13.6, 60, (170, 166, 160)),
        Standing("car", 9.6, 5.2, 90, WHITE_CAR),
        Standing("bin", 5.7, 14.6, 0, GREEN_BIN), Standing("bin", 6.5, 14.6, 0, BLUE_BIN),
    ),
    (
        Passing("person", (-13, 11), (17, 11.6), 1.25, 43, 3), Passing("person", (16, 9.4), (-12, 9.2), 1.4, 59, 17),
        Passing("rider", (-14, 5.6), (18, 5.6), 5, 53, 25),
    ),
    {
        "tree": Spot(-3.0, 9.4, 2.3), "door": Spot(2.4, 12.5, 2.7), "middle": Spot(0.9, 10.2, 2.2),
        "front": Spot(3.2, 14.6, 3.0), "scooter": CableWay((-8.1, 16, 4.1), (-3.9, 13.5, 0.62)),
    },
    102,
)  # fmt: skip

CROSSING = Street(
    "crossing", "文中路口", Camera(0, 0, 6.2, -14, 17, 1300), Area(-34, 26, 3, 44),
    (
        Strip("asphalt", Area(-34, 26, 3, 44)), Strip("pale_paving", Area(-1.0, 26, 3, 12.5)),
        Strip("pale_paving", Area(-34, -13.5, 26, 44)), Strip("pale_paving", Area(-1.0, 26, 26, 44)),
    ),
    (
        *zebra(-13, -1.5, 8.6, 12.0), *zebra(-13, -1.5, 26.4, 29.6), Mark(Area(-7.3, -7.1, 30.5, 44), YELLOW),
        Mark(Area(-34, -14, 19.0, 19.15), YELLOW), Mark(Area(0.5, 26, 19.0, 19.15), YELLOW),
        Mark(Area(-7, -1.2, 30.2, 30.5)),
    ),
    (
        Built("wall", (-36, 44), (-14.5, 44), Wall(21.5, 4, (150, 170, 190), "shops", 31)),
        Built("wall", (0.5, 44), (26, 44), Wall(25.5, 4, (188, 194, 198), "shops", 32)),
        Built("wall", (-40, 80), (30, 80), Wall(70, 6, (196, 194, 190), "plain", 33, 16)),
        Built("hedge", (-40, 70), (30, 70), height_m=3.0),
        Built("kerb", (-1.0, 12.5), (-1.0, 3)), Built("kerb", (-34, 26), (-13.5, 26)),
        Built("kerb", (-1.0, 26), (26, 26)),
    ),
    (
        Standing("post", -13.2, 27, 60, (120, 124, 126), 6.0), Standing("post", -0.4, 27, 60, (120, 124, 126), 6.0),
        *(Standing("tree", x, 33, colour=(58, 114, 82)) for x in (-28, -22, -17, 4, 10)),
        *(Standing("post", x, 12.0, 70, (40, 150, 210), 0.8) for x in (-0.6, 0.9, 2.4)),
        Standing("bin", 0.2, 11.6, 20, GREY_BIN),
    ),
    (
        Passing("car", (-30, 21.6), (26, 21.6), 9, 17, 2), Passing("car", (26, 16.2), (-32, 16.2), 10, 29, 11),
        Passing("person", (-14, 10.4), (3, 10.2), 1.3, 41, 5), Passing("rider", (-30, 14), (24, 14), 6, 47, 20),
    ),
    {"corner": Spot(0.3, 8.6, 2.0), "pavement": Spot(3.0, 10.6, 2.4)},
    103,
)  # fmt: skip

SITE = Street(
    "site", "王山工土", Camera(-1.5, 0, 5.0, 16, 13, 1400), Area(-12, 16, 3, 46),
    (
        Strip("old_asphalt", Area(-12, 3.2, 3, 46)), Strip("earth", Area(3.2, 16, 3, 46)),
    ),
    (*dashes(-3.4, 4, 46), Mark(Area(2.6, 2.74, 3, 46))),
    (
        Built("hoarding", (8.2, 46), (8.2, 3)), Built("kerb", (3.2, 46), (3.2, 3)),
        Built("wall", (9, 58), (40, 58), Wall(31, 7, (170, 180, 188), "plain", 41, 16)),
        Built("wall", (-40, 70), (8, 70), Wall(48, 3, (184, 186, 184), "plain", 42, 16)),
        Built("hedge", (-40, 62), (12, 62), height_m=2.4),
        Built("wall", (-12, 3), (-12, 60), Wall(57, 2, (168, 176, 180), "plain", 43, 32)),
    ),
    (
        *(Standing("cone", 2.9, y, 80) for y in (9, 12, 15, 18, 21)), Standing("van", 1.3, 29, 0, WHITE_CAR),
        *(Standing("tree", -10.6, y, colour=(66, 116, 84)) for y in (14, 22, 30, 38)),
        Standing("post", 7.6, 26, 80, (132, 134, 136), 6.5),
    ),
    (
        Passing("van", (-1.4, 52), (-1.4, -8), 7, 49, 9), Passing("person", (4.2, 40), (4.4, 2), 1.2, 83, 22),
        Passing("rider", (1.6, 0), (1.6, 44), 5, 67, 40),
    ),
    {
        "hoarding": Spot(6.3, 14.5, 2.8), "kerb": Spot(4.4, 10.2, 2.2),
        "sheet": WallSpot(8.2, 11.6, 1.35, 0.9, 180), "next sheet": WallSpot(8.2, 9.9, 1.5, 0.75, 180),
    },
    104,
)  # fmt: skip

COMPOUND = Street(
    "compound", "田中大口", Camera(0, 0, 5.0, -5, 15, 1330), Area(-20, 20, 3, 24),
    (
        Strip("grass", Area(-20, 20, 19, 24)), Strip("concrete", Area(-20, 20, 3, 19)),
        Strip("pale_paving", Area(-20, 20, 16.4, 19)),
    ),
    tuple(Mark(Area(x, x + 0.12, 11.2, 16.2)) for x in (-15.0, -12.4, -9.8, -7.2, -4.6)),
    (
        Built("wall", (-22, 24), (22, 24), Wall(44, 4, (158, 184, 206), "gate", 51)),
        Built("hedge", (-20, 19), (-1.2, 19), height_m=0.9), Built("hedge", (2.0, 19), (20, 19), height_m=0.9),
    ),
    (
        Standing("car", -13.7, 13.6, 0, WHITE_CAR), Standing("car", -8.5, 13.5, 180, BLUE_CAR),
        Standing("car", -5.9, 13.7, 0, SILVER_CAR),
        *_bins(3.2, 15.6, 0, (GREEN_BIN, GREY_BIN, BLUE_BIN, RED_BIN), 0.85),
        Standing("cabinet", -3.0, 11.5, size_m=1.1),
        Standing("tree", 9.2, 17.6, colour=(52, 112, 84)), Standing("tree", -1.9, 21, colour=(58, 120, 86), size_m=4.5),
        Standing("scooter", 9.4, 14.0, 62, (60, 60, 62)), Standing("scooter", 10.2, 14.8, 62, (176, 170, 166)),
    ),
    (
        Passing("person", (12, 12.9), (-13, 9.4), 1.2, 53, 8), Passing("car", (-18, 7.0), (18, 7.4), 4, 97, 33),
    ),
    {
        "bins": Spot(1.2, 14.2, 2.4), "drive": Spot(3.6, 10.4, 2.2),
        "cabinet": WallSpot(-3.0, 11.4, 0.75, 0.62),
    },
    105,
)  # fmt: skip

ALLEY = Street(
    "alley", "小米口", Camera(0.7, 0, 4.4, -3, 17, 1300), Area(-3.6, 3.8, 2.5, 36),
    (Strip("concrete", Area(-3.6, 3.8, 2.5, 36)),),
    (),
    (
        Built("wall", (-3.4, 2), (-3.4, 38), Wall(36, 3, (150, 166, 178), "gate", 61)),
        Built("wall", (3.6, 38), (3.6, 2), Wall(36, 3, (176, 182, 186), "gate", 62)),
        Built("wall", (-12, 36), (12, 36), Wall(24, 4, (170, 184, 198), "plain", 63, 32)),
    ),
    (
        Standing("scooter", -2.4, 11.0, 20, (96, 90, 150)), Standing("scooter", -2.6, 18.4, 78, (60, 60, 60)),
        Standing("pole", 2.9, 9.4, size_m=7.0),
        Standing("bin", 3.0, 20, 0, GREEN_BIN), Standing("post", 3.2, 15, 90, (120, 122, 124), 7.0),
    ),
    (
        Passing("person", (0.4, 33), (0.2, 1), 1.2, 61, 14), Passing("rider", (-0.8, 1), (-0.8, 34), 4, 79, 31),
    ),
    {
        "left": Spot(-1.9, 8.2, 1.8), "right": Spot(2.0, 12.8, 2.0), "pole": WallSpot(2.9, 9.3, 1.5, 0.3),
        "scooter": CableWay((-3.4, 16.9, 4.1), (-2.45, 10.9, 0.6)),
    },
    106,
    (Area(-3.6, -1.0, 2, 36),),
)  # fmt: skip

RIVERSIDE = Street(
    "riverside", "水田路", Camera(1.0, 0, 4.8, -9, 14, 1380), Area(-30, 10, 3, 54),
    (
        Strip("water", Area(-30, -4.2, 3, 54)), Strip("pale_paving", Area(-4.2, 3.6, 3, 54)),
        Strip("grass", Area(3.6, 10, 3, 54)),
    ),
    (),
    (
        Built("railing", (-4, 3), (-4, 54), height_m=1.1), Built("hedge", (4.0, 54), (4.0, 3), height_m=0.8),
        Built("wall", (-60, 96), (60, 96), Wall(120, 5, (184, 188, 188), "plain", 71, 16)),
        Built("hedge", (-70, 76), (50, 76), height_m=3.4),
    ),
    (
        *(Standing("tree", 6.2, y, colour=(60, 124, 88), size_m=6) for y in (13, 20, 27, 34, 41)),
        Standing("bin", 3.1, 15.5, 60, GREEN_BIN),
        *(Standing("post", 3.2, y, 90, (70, 72, 70), 4.2) for y in (18, 30, 42)),
    ),
    (
        Passing("person", (-0.6, 48), (0.2, 1), 1.3, 39, 2), Passing("person", (-2.0, 2), (-1.8, 50), 1.5, 57, 20),
        Passing("rider", (1.6, 50), (1.6, 1), 4.5, 71, 33),
    ),
    {"railing": Spot(-2.6, 11.0, 2.2), "bin": Spot(1.7, 13.6, 2.3), "path": Spot(2.0, 11.4, 1.9)},
    107,
)  # fmt: skip

OLD_ROAD = Street(
    "old_road", "中山路", Camera(-4.6, 0, 5.0, 9, 14, 1400), Area(-8.4, 16, 3, 52),
    (
        Strip("old_asphalt", Area(-2.6, 9, 3, 52)), Strip("red_paving", Area(-8.4, -2.6, 3, 52)),
        Strip("red_paving", Area(9, 16, 3, 52)),
    ),
    (*dashes(3.2, 3, 52), Mark(Area(-2.2, -2.08, 3, 52))),
    (
        Built("wall", (-8.2, 2), (-8.2, 56), Wall(54, 2, (164, 180, 196), "shops", 81)),
        Built("wall", (15, 56), (15, 2), Wall(54, 3, (176, 178, 180), "plain", 82)),
        Built("kerb", (-2.6, 3), (-2.6, 52)), Built("kerb", (9, 52), (9, 3)),
        Built("wall", (-40, 84), (40, 84), Wall(80, 6, (192, 190, 186), "plain", 83, 16)),
        Built("hedge", (-40, 66), (40, 66), height_m=2.8),
    ),
    (
        *(Standing("tree", -3.4, y, colour=(58, 114, 80)) for y in (16, 25, 34, 43)),
        *(Standing("tree", 9.8, y, colour=(62, 120, 86)) for y in (14, 23, 32, 41)),
        Standing("car", 7.8, 18, 180, RED_CAR), Standing("car", 7.8, 25, 180, WHITE_CAR),
        Standing("bin", -7.4, 14.0, 90, GREEN_BIN), Standing("scooter", -7.2, 20, 100, (70, 64, 176)),
    ),
    (
        Passing("car", (1.0, -6), (1.0, 56), 8, 31, 7), Passing("person", (-5.6, 2), (-5.2, 44), 1.3, 51, 9),
        Passing("rider", (5.2, 50), (5.2, -2), 5, 43, 21),
    ),
    {"shop": Spot(-6.3, 11.5, 2.3), "kerb": Spot(-4.3, 9.3, 2.0)},
    108,
)  # fmt: skip

STREETS = {street.name: street for street in (MAIN_ROAD, SHOPS, CROSSING, SITE, COMPOUND, ALLEY, RIVERSIDE, OLD_ROAD)}
