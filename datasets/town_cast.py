"""The demo's cameras and timetable: which street each one shows, what happens there and when, how it is reached."""

from dataclasses import dataclass, replace
from enum import StrEnum

from datasets.composer.ads import Ad
from datasets.composer.cables import Hang
from datasets.composer.stalls import Stall
from datasets.town_camera import Camera
from datasets.town_litter import Thing
from datasets.town_passing import Staying
from datasets.town_script import FOREVER_S, Script, Staged, Turn
from datasets.town_street import Street
from datasets.town_views import ALLEY, COMPOUND, CROSSING, MAIN_ROAD, OLD_ROAD, RIVERSIDE, SHOPS, SITE


class Via(StrEnum):
    http = "http"
    http_basic = "http_basic"
    rtsp_h264 = "rtsp_h264"
    rtsp_h265 = "rtsp_h265"
    nothing = "nothing"
    """A port where nobody answers."""


@dataclass(frozen=True)
class Place:
    """The columns of a camera list that do not depend on the running servers."""

    name: str
    site: str
    site_kind: str
    key_point: bool
    core_zone: bool
    address: str
    latitude: float
    longitude: float
    leader: str
    department: str
    community: str


@dataclass(frozen=True)
class CastCamera:
    code: str
    """In its address."""
    place: Place
    via: Via
    street: Street
    script: Script


LEADERS = ("周岚（分管城建副镇长）", "陈立（分管平安副镇长）")
WORKS, ENFORCEMENT, SANITATION = "城乡建设办公室", "综合行政执法队", "环境卫生管理所"

EAST_GATE = replace(COMPOUND, name="east_gate", camera=Camera(8.5, 0, 5.3, -27, 15, 1330), seed=115)
OLD_ROAD_SOUTH = replace(OLD_ROAD, name="old_road_south", camera=Camera(10.6, 0, 5.4, -9, 14, 1400), seed=118)

SOON_S = 50.0
SWEPT_S = 240.0
LATER_S = 330.0
PACKED_S = 420.0
UNPLUGGED_S = 540.0
SCRAPED_S = 600.0

CAST: tuple[CastCamera, ...] = (
    CastCamera(
        "renmin", Place("人民路东段1号", "人民路东段", "main_road", True, True, "人民路12号前", 30.9142, 120.3117,
                        LEADERS[0], SANITATION, "人民社区"),
        Via.http, MAIN_ROAD,
        Script((Staged(SOON_S, FOREVER_S, Thing.mixed, MAIN_ROAD.spots["kerb"], 1),), number="QH-01"),
    ),
    CastCamera(
        "shops", Place("大中百货门前", "大中百货", "shop", True, True, "人民路36号", 30.9151, 120.3129,
                       LEADERS[0], ENFORCEMENT, "人民社区"),
        Via.http, SHOPS,
        Script((Staged(40, SWEPT_S, Thing.bags, SHOPS.spots["middle"], 0),
                Staged(LATER_S, FOREVER_S, Thing.mixed, SHOPS.spots["tree"], 2),
                Staged(0, UNPLUGGED_S, Hang.sag, SHOPS.spots["scooter"], 17),
                Staged(30, PACKED_S, Stall.table, SHOPS.spots["front"], 4)), number="QH-02"),
    ),
    CastCamera(
        "crossing", Place("文中路口北", "文中路口", "crossing", True, True, "文中路与人民路交口", 30.9163, 120.3141,
                          LEADERS[1], ENFORCEMENT, "文中社区"),
        Via.http, CROSSING,
        Script((Staged(60, 80, Thing.bags, CROSSING.spots["corner"], 3),
                Staged(90, FOREVER_S, Stall.cart, CROSSING.spots["pavement"], 2)), number="QH-03"),
    ),
    CastCamera(
        "site", Place("王山工地西侧", "王山工地", "construction_site", True, False, "王山路5号", 30.9190, 120.3178,
                      LEADERS[0], WORKS, "王山社区"),
        Via.http, SITE,
        Script((Staged(75, FOREVER_S, Thing.mixed, SITE.spots["hoarding"], 1),
                Staged(0, FOREVER_S, Ad.card, SITE.spots["sheet"], 5),
                Staged(0, SCRAPED_S, Ad.poster, SITE.spots["next sheet"], 6)), number="QH-04"),
    ),
    CastCamera(
        "compound", Place("田中小区垃圾点", "田中小区", "compound", False, True, "田中路8号", 30.9127, 120.3098,
                          LEADERS[1], SANITATION, "田中社区"),
        Via.http_basic, COMPOUND,
        Script((Staged(SOON_S, FOREVER_S, Thing.boxes, COMPOUND.spots["bins"], 0),
                Staged(0, FOREVER_S, Ad.card, COMPOUND.spots["cabinet"], 7)),
               (Staying(1.1, 12.9, 150, 215),), number="QH-05"),
    ),
    CastCamera(
        "alley", Place("小米巷口", "小米巷", "back_street", False, False, "小米巷3号", 30.9118, 120.3105,
                       LEADERS[1], SANITATION, "田中社区"),
        Via.http, ALLEY,
        Script((Staged(LATER_S, FOREVER_S, Thing.spilled, ALLEY.spots["right"], 0),
                Staged(0, FOREVER_S, Hang.sag, ALLEY.spots["scooter"], 13),
                Staged(100, FOREVER_S, Ad.bill, ALLEY.spots["pole"], 8)), number="QH-06"),
    ),
    CastCamera(
        "riverside", Place("水田滨河步道", "水田滨河步道", "main_road", False, True, "滨河路绿道2段", 30.9174, 120.3087,
                           LEADERS[0], SANITATION, "水田社区"),
        Via.rtsp_h264, RIVERSIDE,
        Script((Staged(60, FOREVER_S, Thing.bags, RIVERSIDE.spots["railing"], 0),
                Staged(120, PACKED_S, Stall.tricycle, RIVERSIDE.spots["path"], 9)), number="QH-07"),
    ),
    CastCamera(
        "old_road", Place("中山路北段", "中山路", "main_road", False, True, "中山路21号", 30.9182, 120.3122,
                          LEADERS[0], ENFORCEMENT, "文中社区"),
        Via.rtsp_h265, OLD_ROAD,
        Script((Staged(0, SWEPT_S, Thing.mixed, OLD_ROAD.spots["kerb"], 1),
                Staged(90, FOREVER_S, Stall.crates, OLD_ROAD.spots["shop"], 10)), number="QH-08"),
    ),
    CastCamera(
        "east_gate", Place("田中小区东门", "田中小区东门", "compound", False, False, "田中路10号", 30.9125, 120.3109,
                           LEADERS[1], SANITATION, "田中社区"),
        Via.http, EAST_GATE,
        Script(turn=Turn(180, 16, -3), number="QH-09"),
    ),
    CastCamera(
        "old_road_south", Place("中山路南段", "中山路南段", "main_road", False, False, "中山路88号", 30.9108, 120.3131,
                                LEADERS[0], ENFORCEMENT, "文中社区"),
        Via.http, OLD_ROAD_SOUTH,
        Script(frozen=True, number="QH-10", light="overcast"),
    ),
    CastCamera(
        "underpass", Place("人民路地下通道", "人民路地下通道", "back_street", False, False, "人民路60号旁", 30.9149,
                           120.3150, LEADERS[1], WORKS, "人民社区"),
        Via.http, replace(ALLEY, name="underpass", seed=119),
        Script(light="unlit"),
    ),
    CastCamera(
        "station", Place("老车站路口", "老车站路口", "crossing", False, False, "车站路1号", 30.9201, 120.3160,
                         LEADERS[1], ENFORCEMENT, "王山社区"),
        Via.nothing, CROSSING,
        Script(),
    ),
)  # fmt: skip
"""What a category's dwell time asks most of hangs and sticks there from the start: two cables, three ads. Within 90 s
litter and stalls come, one heap for 20 s only; at 4 minutes two heaps are swept; later two more appear elsewhere; two
stalls are packed up, a cable is taken in, a poster scraped off; at 150 s a person stands before a heap for a while; at
180 s one camera is turned away."""
