"""Axes with map projections of cartopy: only what changes is drawn, with the pixels of a full draw."""

import warnings

import matplotlib.path as mpath
import matplotlib.pyplot as plt
import numpy as np
import pytest
from figure_pair import Pair
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.ticker import FixedLocator

ccrs = pytest.importorskip("cartopy.crs")
cfeature = pytest.importorskip("cartopy.feature")
shapely = pytest.importorskip("shapely.geometry")

PLATE = ccrs.PlateCarree()
PROJECTIONS = [ccrs.PlateCarree, ccrs.Robinson, ccrs.Orthographic, ccrs.NorthPolarStereo, ccrs.Mercator]
ISLANDS = [shapely.box(x, y, x + 30, y + 15) for x, y in ((-150, -20), (-10, 10), (100, 40))]


class Tiles:
    """Makes an image of the whole world, as services for tiles do."""

    crs = PLATE

    def __init__(self, value):
        self.value = value

    def image_for_domain(self, domain, zoom):
        return np.full((4, 8, 3), self.value, np.uint8), (-180, 180, -90, 90), "lower"


class Island(cfeature.Feature):
    """A feature that moves."""

    lon = 0

    def __init__(self):
        super().__init__(PLATE)

    def geometries(self):
        yield shapely.box(self.lon, -60, self.lon + 20, -30)


class Map:
    """A map with all that cartopy adds to axes."""

    def __init__(self, projection, labels):
        self.figure, axes = plt.subplots(
            1, 2, figsize=(5, 2.4), dpi=60, subplot_kw={"projection": projection()}
        )
        self.ax = axes[0]
        self.ax.set_title("Map")
        self.ax.set_global()
        self.fill()
        self.grid = self.ax.gridlines(draw_labels=labels)

    def fill(self):
        ax = self.ax
        lon, lat = np.meshgrid(np.linspace(0, 360, 13), np.linspace(-80, 80, 7))
        self.mesh = ax.pcolormesh(lon, lat, np.cos(lon[1:, 1:]), transform=PLATE)
        self.land = ax.add_feature(cfeature.ShapelyFeature(ISLANDS, PLATE), facecolor="0.7")
        self.island = Island()
        ax.add_feature(self.island, facecolor="brown")
        (self.track,) = ax.plot([-40, 0, 40], [0, 40, 20], "r.-", transform=PLATE)
        self.label = ax.text(10, 10, "here", transform=PLATE)


def make(projection, labels):
    with plt.rc_context({"figure.max_open_warning": 0}):
        return Map(projection, labels)


def begin_anew(world, number):
    world.ax.clear()
    if number % 2:
        world.ax.set_global()
        world.ax.add_image(Tiles(number % 256), 1)
    world.fill()
    world.grid = world.ax.gridlines()


CHANGES = [
    *3 * [lambda world, n: world.track.set_data(np.arange(5) * 9 - n % 70, np.arange(5) * 8 - n % 30)],
    lambda world, n: world.ax.set_extent((-n % 90 - 20, n % 80 + 20, -40, n % 40), PLATE),
    lambda world, n: world.ax.set_global(),
    lambda world, n: world.ax.set_title(("", "short", "more\nlines", "ygp")[n % 4]),
    lambda world, n: world.mesh.set_array(np.sin(np.arange(72) * n).reshape(6, 12)),
    lambda world, n: world.land.set_facecolor(("red", "green")[n % 2]),
    lambda world, n: setattr(world.island, "lon", n % 80),
    lambda world, n: world.label.set_position((n % 60, n % 40)),
    lambda world, n: world.label.set_visible(bool(n % 2)),
    lambda world, n: setattr(world.grid, "xlocator", FixedLocator([-90, n % 80])),
    lambda world, n: setattr(world.grid, "top_labels", bool(n % 2)),
    lambda world, n: setattr(world.grid, "ylines", bool(n % 2)),
    lambda world, n: world.grid.set_zorder(1 + n % 4),
    lambda world, n: world.ax.patch.set_facecolor(("white", "lightblue")[n % 2]),
    lambda world, n: world.ax.spines["geo"].set_linewidth(1 + n % 3),
    lambda world, n: world.ax.set_boundary(mpath.Path.unit_circle(), world.ax.transAxes),
    lambda world, n: world.ax.tissot(1e6, lons=[n % 50], lats=[10]),
    lambda world, n: world.ax.plot([0, n % 90], [0, 30], transform=PLATE),
    lambda world, n: world.ax.axis(("on", "off")[n % 2]),
    lambda world, n: world.ax.set_position((0.1, 0.1 + n % 3 / 20, 0.4, 0.8)),
    lambda world, n: [text.set_color(("red", "blue")[n % 2]) for text in world.grid.label_artists],
    lambda world, n: setattr(
        world.ax, "projection", type(world.ax.projection)(central_longitude=n % 60)
    ),
    begin_anew,
]


def assert_equal_to_a_full_draw(projection, labels, frames):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as those of extents that a projection does not show
        pair = Pair(lambda: make(projection, labels))
        try:
            for frame in frames:
                for idx, number in frame:
                    errors = []
                    for world in pair.made:
                        try:
                            CHANGES[idx](world, number)
                        except Exception as exc:  # not possible with this projection
                            errors.append(type(exc))
                    assert len(errors) in (0, 2)
                pair.assert_equal()
        finally:
            for world in pair.made:
                plt.close(world.figure)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    projection=st.sampled_from(PROJECTIONS),
    labels=st.booleans(),
    frames=st.lists(
        st.lists(st.tuples(st.integers(0, len(CHANGES) - 1), st.integers(0, 10**4)), max_size=3),
        min_size=2,
        max_size=5,
    ),
)
def test_any_changes(projection, labels, frames):
    assert_equal_to_a_full_draw(projection, labels, [[], *frames])


@pytest.mark.parametrize("idx", range(len(CHANGES)))
def test_each_change(idx):
    frames = [[], [(idx, 7)], [(0, 3)], [(idx, 8)], [(0, 5)], []]
    assert_equal_to_a_full_draw(ccrs.Robinson, idx % 2 == 0, frames)


@pytest.mark.parametrize(
    "of",
    [lambda ax: ax, lambda ax: ax.patch, lambda ax: ax.spines["geo"]],
    ids=["axes", "patch", "spine"],
)
def test_labels_follow_the_boundary(of):
    def make_labels():
        world = make(ccrs.PlateCarree, labels=True)
        world.grid.xlines = world.grid.ylines = False  # which it clips
        world.ax.set_title("")  # which would be put over the labels
        return world

    pair = Pair(make_labels)
    pair.assert_equal()
    for size in (0.4, 0.2):
        circle = mpath.Path.circle((0.5, 0.5), size)
        pair.do(lambda world, circle=circle: of(world.ax).set_boundary(circle, world.ax.transAxes))
        pair.assert_equal()
    plt.close("all")


def test_labels_that_came_later_are_noticed():
    pair = Pair(lambda: make(ccrs.PlateCarree, labels=True))
    pair.do(lambda world: setattr(world.grid, "xlocator", FixedLocator(range(-150, 151, 15))))
    for n in (20, 60, 170):
        pair.do(lambda world, n=n: world.ax.set_extent((-n, n, -80, 80), PLATE))
        pair.assert_equal()
        pair.assert_equal()
        for color in ("red", "blue"):
            pair.do(
                lambda world, color=color: [text.set_color(color) for text in world.grid.label_artists]
            )
            pair.assert_equal()
    plt.close("all")


def test_only_what_changes_is_recorded(monkeypatch):
    pair = Pair(lambda: make(ccrs.Robinson, labels=True))
    drawn = []
    for artist in (pair.made[0].grid, pair.made[0].land, pair.made[0].mesh, pair.made[0].track):
        monkeypatch.setattr(
            artist,
            "draw",
            lambda *given, draw=artist.draw, artist=artist: drawn.append(artist) or draw(*given),
        )
    for n in range(4):
        drawn.clear()
        for world in pair.made:
            CHANGES[0](world, n)
        pair.assert_equal()
    assert drawn == [pair.made[0].track]
    plt.close("all")
