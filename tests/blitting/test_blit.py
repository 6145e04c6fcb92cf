"""Blitted frames, compared with full draws of an equal figure."""

import io
import random
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
from figure_pair import Pair
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, ConnectionPatch, FancyArrowPatch
from matplotlib.ticker import FixedFormatter, FuncFormatter
from matplotlib.transforms import Affine2D
from menagerie import KINDS, LAYOUTS, X, blurred, build, change
from mpl_toolkits.axes_grid1 import host_subplot, make_axes_locatable
from mpl_toolkits.axes_grid1.inset_locator import inset_axes

from dask_animate.blitting.blitter import Blitter, blit_obstacle
from dask_animate.blitting.scene import Scene
from dask_animate.drawing.canvas import Canvas
from dask_animate.drawing.options import DrawOptions

actions = st.tuples(
    st.sampled_from(["knob"] * 4 + ["artist"] * 2 + ["axes"] * 2 + ["figure"]), st.integers(0, 10**6)
)


figures_and_changes = given(
    layout=st.sampled_from(LAYOUTS),
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=4),
    seed=st.integers(0, 10**6),
    frames=st.lists(st.lists(actions, max_size=3), min_size=2, max_size=6),
)


def trying(max_examples):
    return settings(
        max_examples=max_examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@trying(6)
@figures_and_changes
def test_equal_to_a_full_draw(layout, kinds, seed, frames):
    assert_equal_to_a_full_draw(layout, kinds, seed, frames)


@pytest.mark.slow
@pytest.mark.timeout(600)
@trying(60)
@figures_and_changes
def test_equal_to_a_full_draw_in_many_cases(layout, kinds, seed, frames):
    assert_equal_to_a_full_draw(layout, kinds, seed, frames)


def assert_equal_to_a_full_draw(layout, kinds, seed, frames):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as those of meaningless limits
        pair = Pair(lambda: build(layout, kinds, seed))
        for frame in frames:
            for what, number in frame:
                errors = []
                for zoo in pair.made:
                    try:
                        change(zoo, what, number)
                    except Exception as exc:
                        errors.append(type(exc))
                assert len(errors) in (0, 2)
            try:
                pair.canvases[1].draw()
            except Exception:  # the figure cannot be drawn
                with pytest.raises(Exception):  # noqa: B017, PT011
                    pair.blitter.draw()
                return
            pair.assert_equal()


@pytest.mark.parametrize("seeds", [[0], pytest.param([1, 2, 3], marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_draw_commands_stay_inside_their_rectangles(kind, seeds):
    """What each draw command draws by itself is within its rectangle."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in seeds:
            zoo = build(LAYOUTS[seed], [kind], seed)
            Canvas(zoo.figure, DrawOptions())
            rng = random.Random(seed)
            blitter = Blitter(zoo.figure)
            for _ in range(3):
                change(zoo, "knob", rng.randrange(10**6))
                change(zoo, "artist", rng.randrange(10**6))
            try:
                zoo.figure.draw_without_rendering()
            except ValueError:  # matplotlib 3.10 refuses dashes of width 0
                continue
            blitter.draw()
            recorder = blitter._recorder
            n_commands = 0
            for node in blitter._scene.nodes:
                for command in node.commands:
                    recorder.clear()
                    recorder.forget_clip_mask()
                    recorder.replay([command._replace(rect=(0, 0, 10**6, 10**6))], [(0, 0, 1, 1)])
                    touched = (recorder.pixels != [255, 255, 255, 0]).any(axis=-1)
                    left, top, right, bottom = command.rect
                    touched[top:bottom, left:right] = False
                    assert not touched.any(), (node.artist, command.key[0], command.rect)
                    n_commands += 1
            assert n_commands > 10


# Single cases: some were bugs once, the others might become some.


def with_line(**kwargs):
    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        ax = fig.add_subplot(**kwargs)
        (line,) = ax.plot(X, X**2)
        return fig, ax, line

    return make


def frames_equal(make, *actions):
    pair = Pair(make)
    pair.assert_equal()
    for action in actions:
        pair.do(action)
        pair.assert_equal()
    return pair


def test_only_what_changed_is_drawn():
    pair = frames_equal(
        with_line(),
        *[lambda made, k=k: made[2].set_ydata(X**2 * k / 5) for k in range(5)],
    )
    assert pair.blitter.draw() is pair.blitter.pixels
    assert pair.blitter.dirty_rects == []
    pair.do(lambda made: made[1].set_title("a title"))
    pair.assert_equal()
    (title,) = pair.blitter.dirty_rects
    assert title[3] < 60  # of 160 rows


def test_a_mesh_whose_array_is_set():
    """``set_array`` of collections marks nothing as stale."""

    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        return fig, fig.add_subplot().pcolormesh(np.arange(12.0).reshape(3, 4))

    frames_equal(make, *[lambda made, k=k: made[1].set_array(np.eye(3, 4) * k) for k in range(3)])


def test_a_formatter_that_is_changed():
    frames_equal(
        with_line(),
        lambda made: made[2].set_ydata(X),
        lambda made: made[1].xaxis.get_major_formatter().set_useOffset(10.0),
    )


BETWEEN = [
    lambda fig: fig.canvas.draw(),
    lambda fig: fig.draw_without_rendering(),
    lambda fig: fig.savefig(io.BytesIO(), dpi=40, bbox_inches="tight"),
]


@pytest.mark.parametrize("draw", BETWEEN)
def test_the_figure_is_drawn_after_a_change(draw):
    """A draw leaves nothing stale."""

    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        return fig, fig.add_subplot().imshow(np.eye(4))

    frames_equal(make, *[lambda made, k=k: (made[1].set_clim(0, k), draw(made[0])) for k in range(1, 5)])


def test_an_artist_is_drawn_after_a_change():
    def again(made):
        made[2].norm.vmax = 3
        made[1].draw_artist(made[2])

    def make():
        fig, ax, _ = with_line()()
        return fig, ax, ax.imshow(np.eye(4), aspect="auto")

    frames_equal(make, lambda made: made[0].canvas.draw(), again)


def test_a_draw_in_between_costs_one_frame(monkeypatch):
    record, recorded = Scene._record, []
    monkeypatch.setattr(
        Scene, "_record", lambda self, node: (recorded.append(node), record(self, node))[1]
    )
    fig, _, line = with_line()()
    canvas, blitter = Canvas(fig, DrawOptions()), Blitter(fig)

    def n_recorded(k, *after):
        recorded.clear()
        line.set_ydata(X * k)
        for action in after:
            action()
        blitter.draw()
        return len(recorded)

    assert n_recorded(0) > 5
    assert n_recorded(1) == n_recorded(2) == 1
    canvas.draw()
    blitter.mark_clean()  # as a comparison does
    assert n_recorded(3) == 1
    assert n_recorded(4, fig.draw_without_rendering) > 5
    n_recorded(5)  # once more, to find the dependencies
    assert n_recorded(6) == 1


class Unit:
    """What a user's formatter may read."""

    name = "m"

    def label(self, x, pos):
        return f"{x:.1f} {self.name}"


def image_with(**kwargs):
    def make():
        fig, ax, _ = with_line()()
        return fig, ax.imshow(np.eye(4), aspect="auto", **kwargs)

    return make


def ticks_with(make_formatter, subject=lambda formatter: formatter):
    def make():
        fig, ax, _ = with_line()()
        formatter = make_formatter()
        ax.set_xticks([0, 0.5])
        ax.xaxis.set_major_formatter(formatter)
        return fig, subject(formatter)

    return make


def line_with_stroke():
    fig, _, line = with_line()()
    line.set_path_effects([patheffects.withStroke(linewidth=8, foreground="y")])
    return fig, line.get_path_effects()


def title():
    fig, ax, _ = with_line()()
    return fig, ax.set_title("a title")


@pytest.mark.filterwarnings("ignore:.*set_extremes:PendingDeprecationWarning")
@pytest.mark.parametrize(
    ("make", "change"),
    [
        (title, lambda title: title.get_fontproperties().set_size(25)),
        (
            image_with(cmap=ListedColormap(["r", "g"]), vmax=0.5),
            lambda image: image.cmap.set_extremes(over="y"),
        ),
        (image_with(norm=BoundaryNorm([0, 0.5, 2], 2)), lambda i: i.norm.boundaries.__setitem__(1, 1.5)),
        (ticks_with(lambda: FixedFormatter(["a", "b"])), lambda made: made.seq.__setitem__(0, "other")),
        (
            ticks_with(lambda: FuncFormatter(Unit().label), lambda made: made.func.__self__),
            lambda unit: setattr(unit, "name", "km"),
        ),
        (line_with_stroke, lambda effects: effects.insert(0, patheffects.withStroke(linewidth=15))),
        (line_with_stroke, lambda effects: effects[0].__dict__["_gc"].update(foreground="r")),
    ],
)
def test_changes_in_place_that_nothing_announces(make, change):
    frames_equal(make, lambda made: None, lambda made: change(made[1]), lambda made: None)


@pytest.mark.parametrize(
    ("hide", "show"),
    [
        (Axes.set_axis_off, Axes.set_axis_on),
        (lambda ax: ax.set_visible(False), lambda ax: ax.set_visible(True)),
    ],
)
def test_ticks_that_change_while_they_are_hidden(hide, show):
    frames_equal(
        with_line(),
        lambda made: hide(made[1]),
        lambda made: made[1].tick_params(labelcolor="r"),
        lambda made: show(made[1]),
    )


def test_axes_that_change_while_their_parents_are_hidden():
    def make():
        fig, ax, _ = with_line()()
        return fig, ax, ax.inset_axes((0.5, 0.5, 0.4, 0.4))

    frames_equal(
        make,
        lambda made: made[1].set_visible(False),
        lambda made: made[2].plot(X, 1 - X),
        lambda made: made[1].set_visible(True),
        lambda made: made[2].set_facecolor("y"),
    )


def test_titles_over_the_ticks_of_an_axis_that_is_off():
    frames_equal(
        with_line(),
        lambda made: made[1].set_title("a title"),
        lambda made: made[1].set_axis_off(),
        lambda made: made[1].xaxis.tick_top(),
    )


def test_zorder_above_static_artists():
    def make():
        fig, ax, line = with_line()()
        ax.bar([0.2, 0.6], [0.5, 0.8], width=0.3, zorder=3)
        return fig, ax, line

    frames_equal(
        make,
        lambda made: made[2].set_linewidth(5),
        lambda made: made[2].set_zorder(7),
        lambda made: made[2].set_zorder(-1),
        lambda made: made[2].set_zorder(3),
    )


def test_axis_off_and_on():
    frames_equal(
        with_line(),
        lambda made: made[1].set_axis_off(),
        lambda made: made[1].set_axis_on(),
        lambda made: made[1].set_frame_on(False),
        lambda made: made[1].set_frame_on(True),
    )


def test_an_inset_moves_along():
    def make():
        fig, ax, line = with_line()()
        ax.inset_axes((0.6, 0.6, 0.3, 0.3)).plot(X, X)
        return fig, ax, line

    frames_equal(
        make,
        lambda made: made[1].set_aspect("equal"),
        lambda made: made[1].set_position([0.2, 0.2, 0.4, 0.4]),
    )


def test_shared_ticks_depend_on_the_size_of_the_first_axes():
    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        return fig, fig.subplots(2, 2, sharex=True, sharey=True)

    frames_equal(
        make,
        lambda made: made[1][0, 0].set_position([0.1, 0.15, 0.8, 0.6]),
        lambda made: made[1][0, 0].set_position([0.1, 0.15, 0.1, 0.1]),
        lambda made: made[1][1, 1].minorticks_on(),
    )


def test_images_drawn_as_one():
    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        ax = fig.subfigures(1, 2)[0].add_subplot()
        images = [
            ax.imshow(np.eye(3) * k, extent=(k, k + 2, 0, 2), vmin=0, vmax=3, alpha=0.7) for k in (1, 2)
        ]
        ax.set(xlim=(0, 4), ylim=(0, 2))
        return fig, images

    frames_equal(
        make,
        lambda made: setattr(made[0], "suppressComposite", False),
        lambda made: made[1][0].set_data(np.ones((3, 3))),
        lambda made: made[1][1].set_data(np.ones((3, 3))),
        lambda made: setattr(made[0], "suppressComposite", True),
    )


def test_snapped_clip_paths_are_shared():
    """The rasterizer keeps the mask that the first of several artists with one clip path required."""

    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        ax = fig.add_subplot(projection="polar")
        ax.set_thetalim(0, 0.8)
        x, y = np.meshgrid(np.linspace(0, 0.8, 6), np.linspace(0, 1, 5))
        mesh = ax.pcolormesh(x, y, x * y, shading="nearest")
        (line,) = ax.plot([0, 1], [0, 2])
        return fig, mesh, line

    frames_equal(
        make,
        lambda made: made[2].set_ydata([1, 0.2]),
        lambda made: made[1].set_clim(0, 0.2),
        lambda made: made[1].set_visible(False),
        lambda made: made[2].set_ydata([0.5, 2]),
        lambda made: made[1].set_visible(True),
    )


def test_a_clip_path_that_moves():
    def make():
        fig, ax, line = with_line()()
        circle = ax.add_patch(Circle((0.5, 0.5), 0.3, fc="none"))
        line.set_clip_path(circle)
        image = ax.imshow(np.eye(4), extent=(0, 1, 0, 1), aspect="auto")
        image.set_clip_path(circle)
        return fig, circle, line

    frames_equal(
        make,
        *[lambda made, k=k: made[1].set_radius(0.1 * k) for k in range(1, 5)],
        lambda made: made[2].set_ydata(1 - X),
        lambda made: made[1].set_visible(False),
    )


def test_hairs_of_strokes_whose_segments_are_parallel():
    """AGG draws a hair far beyond the end of this arrow."""

    def make():
        fig = Figure(figsize=(3.2, 2.4), dpi=80)
        ax = fig.add_axes((0, 0, 1, 1))
        points = [(60.86735015, 126.19519052), (68.01070673, 130.23052594), (74.07245436, 133.6548524)]
        from matplotlib.path import Path

        arrow = FancyArrowPatch(path=Path(points, [1, 3, 3]), arrowstyle="-", transform=None, lw=1)
        fig.add_artist(arrow)
        return fig, ax, arrow

    frames_equal(make, lambda made: made[2].set_visible(False), lambda made: made[2].set_visible(True))


def test_lines_with_infinite_values():
    """They are gaps; computing with them must not warn."""

    def make():
        figure, ax = plt.subplots()
        ax.set_ylim(0, 10)
        return figure, ax.plot(np.arange(10.0))[0]

    pair = Pair(make)
    pair.assert_equal()
    for values in ([3, np.inf, np.inf], [np.nan, -np.inf, 2], [np.inf] * 10):
        values = np.concatenate([values, np.arange(10.0)[len(values) :]])
        pair.do(lambda made, values=values: made[1].set_ydata(values))
        pair.assert_equal()


def test_transforms_changed_in_place():
    def make():
        fig, ax, line = with_line()()
        turn = Affine2D()
        line.set_transform(turn + ax.transData)
        return fig, turn, line

    frames_equal(make, *[lambda made: made[1].rotate_deg(5) for _ in range(4)])


def test_titles_over_ticks_on_top():
    frames_equal(
        with_line(),
        lambda made: made[1].set_title("t = 1"),
        lambda made: made[1].set_title("t = 2"),
        lambda made: made[1].xaxis.tick_top(),
        lambda made: made[1].title.set_text("t = 3"),
        lambda made: made[1].title.set_text("of two\nlines"),
        lambda made: made[1].set_title("left", loc="left", fontsize=20),
        lambda made: made[1].set_ylim(1e8, 1e8 + 1),  # an offset text appears below the title
        lambda made: made[1].title.set_text("t = 4"),
        lambda made: made[1].title.set_y(0.8),
        lambda made: made[1].title.set_text("t = 5"),
    )


def test_a_legend_that_looks_for_a_free_place():
    def make():
        fig, ax, line = with_line()()
        ax.legend([line], ["a line"], loc="best")
        return fig, ax, line

    frames_equal(
        make,
        *[lambda made, k=k: made[2].set_ydata(np.roll(X**2, 5 * k)) for k in range(8)],
        lambda made: made[1].plot([0, 0.4], [1, 1]),
    )


def test_everything_is_recreated():
    def again(made, k):
        made[1].clear()
        made[1].plot(X, X * k)
        made[1].set_title(f"frame {k}")

    frames_equal(with_line(), *[lambda made, k=k: again(made, k) for k in range(4)])


def test_fills_recreated_under_static_artists():
    def make():
        fig, ax, _ = with_line()()
        ax.grid()
        ax.set_axisbelow(False)
        return fig, ax, {}

    def again(made, k):
        if "band" in made[2]:
            made[2]["band"].remove()
        made[2]["band"] = made[1].fill_between(X, k / 5, X, alpha=0.5)

    frames_equal(make, *[lambda made, k=k: again(made, k) for k in range(5)])


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.set_path_effects([patheffects.withStroke(linewidth=8, foreground="C1")]),
        lambda line: line.set_sketch_params(4, 50, 3),
        lambda line: line.set_agg_filter(blurred),
        lambda line: line.set_animated(True),
        lambda line: line.set_clip_on(False),
        lambda line: line.set_rasterized(True),
        lambda line: line.remove(),
    ],
)
def test_ways_of_drawing(change):
    frames_equal(
        with_line(),
        lambda made: change(made[2]),
        lambda made: made[2].set_ydata(2 * X),
        lambda made: made[1].set_xlim(-1, 2),
    )


@pytest.mark.parametrize("projection", ["polar", "3d", "hammer", None])
def test_limits_that_move(projection):
    def make():
        fig, ax, line = with_line(projection=projection)()
        return fig, ax, line

    actions = [lambda made, k=k: made[2].set_alpha(k / 3) for k in range(3)]
    if projection == "3d":
        actions += [lambda made, k=k: made[1].view_init(10 * k, 20) for k in range(3)]
    elif projection == "polar":
        actions += [lambda made, k=k: made[1].set_rmax(k) for k in range(1, 3)]
        actions += [lambda made: made[1].set_theta_offset(1)]
    elif projection is None:
        actions += [lambda made, k=k: made[1].set_xlim(k, k + 1) for k in range(3)]
        actions += [lambda made: made[1].set_yscale("log"), lambda made: made[1].autoscale()]
    frames_equal(make, *actions)


def test_3d_axes_that_find_their_limits_while_they_draw():
    def plot(made):
        made.add_subplot(projection="3d").plot(X, X**2, X)

    def more(made):
        made.axes[0].plot(2 * X, X, -X)

    frames_equal(lambda: Figure(figsize=(2, 2), dpi=80), plot, more)


def test_a_twin_is_removed():
    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        ax = fig.subplots()
        ax.plot(X, X)
        ax.set_title("above the ticks", loc="left")
        ax.twiny().plot(X, 1e9 + X)
        return fig

    frames_equal(make, lambda made: made.delaxes(made.axes[-1]))


@pytest.mark.parametrize(
    "add",
    [
        lambda ax: ax.plot([0.1, 0.2, 0.3], [0.8, 0.9, 0.95]),
        lambda ax: ax.add_patch(Circle((0.1, 0.9), 0.05)),
        lambda ax: ax.text(0.05, 0.9, "a text"),
    ],
)
def test_a_legend_gets_out_of_the_way_of_new_artists(add):
    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        ax = fig.subplots()
        ax.plot([0, 1], [0, 1], label="line")
        ax.set(xlim=(0, 1), ylim=(0, 1))
        ax.legend()
        return fig

    frames_equal(make, lambda made: None, lambda made: add(made.axes[0]))


@pytest.mark.parametrize(
    ("projection", "move"),
    [
        ("polar", lambda ax: ax.set_rlabel_position(100)),
        ("polar", lambda ax: ax.set_rorigin(-1)),
        ("polar", lambda ax: ax.set_theta_direction(-1)),
        ("mollweide", lambda ax: ax.set_longitude_grid_ends(40)),
    ],
)
def test_transforms_that_only_axes_have(projection, move):
    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        fig.add_subplot(projection=projection).grid(True)
        return fig

    frames_equal(make, lambda made: None, lambda made: move(made.axes[0]))


def test_insets_in_insets():
    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        ax = fig.subplots()
        inset = ax.inset_axes((0.2, 0.2, 0.6, 0.6))
        inset.set_title("title", y=0.9)
        inset.inset_axes((0.2, 0.2, 0.2, 0.2), transform=ax.transData)
        return fig

    frames_equal(make, lambda made: None, lambda made: made.axes[0].set_xlim(-0.3, 1.5))


def test_parasite_axes():
    def make():
        host = host_subplot(111, figure=Figure(figsize=(3, 2), dpi=80))
        (line,) = host.twinx().plot([3, 2])
        return host.figure, line

    frames_equal(make, lambda made: None, lambda made: made[1].set_ydata([2, 3]))


def test_axes_are_removed():
    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        ax, _ = fig.subplots(1, 2)
        return fig, ax.inset_axes((0.2, 0.2, 0.2, 0.2))

    frames_equal(make, lambda made: made[1].remove(), lambda made: made[0].axes[1].remove())


def test_hidden_axes_that_move():
    def make():
        fig, axes = linked_axes()
        axes[1].set_visible(False)
        return fig, axes

    frames_equal(make, lambda made: None, lambda made: made[1][1].set_aspect("equal"))


def test_categories_that_are_added():
    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        ax = fig.subplots()
        (line,) = ax.plot(["a", "b", "c"], [1, 2, 3])
        ax.set_xlim(-1, 5)
        return fig, line

    frames_equal(
        make,
        lambda made: None,
        lambda made: made[1].set_data(["a", "d", "e"], [1, 2, 3]),
        lambda made: None,
    )


def test_an_annotation_placed_by_a_method():
    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        ax = fig.subplots()
        text = ax.text(0.2, 0.5, "a text")
        ax.annotate("there", (0, 0), xycoords=text.get_window_extent, xytext=(0.5, 0.8))
        return fig, text

    frames_equal(make, lambda made: None, lambda made: made[1].set_position((0.6, 0.2)))


def test_limits_that_are_used_before_they_are_found():
    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        left, right = fig.subplots(1, 2)
        fig.add_artist(ConnectionPatch((0.5, 0.5), (1, 1), "data", "data", axesA=left, axesB=right))
        right.set_zorder(3)
        return fig, right

    frames_equal(make, lambda made: made[1].plot(3 * X, X), lambda made: made[1].plot(X, 7 * X))


def linked_axes():
    """Four axes, on some of which artists elsewhere depend."""
    fig = Figure(figsize=(4, 3), dpi=80)
    axes = fig.subplots(2, 2).ravel()
    for ax in axes:
        ax.plot(X, X**2)
    fig.add_artist(ConnectionPatch((0.5, 0.5), (0.5, 0.5), "data", "data", axesA=axes[0], axesB=axes[1]))
    axes[2].annotate("there", (0.5, 0.5), xycoords=axes[0].transData, clip_on=False)
    axes[0].inset_axes((0.1, 0.5, 0.4, 0.4), transform=axes[0].transData).plot(X, -X)
    axes[0].secondary_xaxis("top", functions=(lambda x: 2 * x, lambda x: x / 2))
    axes[0].twinx().plot(X, 5 * X)
    inset_axes(axes[0], "20%", "20%")
    make_axes_locatable(axes[3]).append_axes("right", "10%")
    axes[0].set_ylabel("aligned")
    axes[2].set_ylabel("to each other")
    fig.align_labels()
    return fig, axes


@pytest.mark.parametrize(
    "move",
    [
        lambda axes: axes[0].set_xlim(-0.3, 1.7),
        pytest.param(lambda axes: axes[0].set_ylim(-1, 3000), marks=pytest.mark.slow),
        pytest.param(lambda axes: axes[0].set_position([0.2, 0.6, 0.3, 0.3]), marks=pytest.mark.slow),
        pytest.param(lambda axes: axes[1].set_ylim(-0.2, 2), marks=pytest.mark.slow),
        pytest.param(lambda axes: axes[2].set_ylim(0, 3000), marks=pytest.mark.slow),
        lambda axes: axes[3].set_position([0.6, 0.1, 0.2, 0.3]),
        pytest.param(lambda axes: axes[3].clear(), marks=pytest.mark.slow),
    ],
)
def test_what_depends_on_axes_moves_with_them(move):
    frames_equal(linked_axes, *[lambda made: None] * 2, lambda made: move(made[1]), lambda made: None)


def test_only_axes_in_which_something_moves_are_drawn(monkeypatch):
    def make():
        fig = Figure(figsize=(4, 2), dpi=80)
        return fig, fig.subplots(1, 2)

    pair = frames_equal(make, *[lambda made, k=k: made[1][0].set_xlim(k, k + 1) for k in range(3)])
    arrange, arranged = Axes._update_title_position, []
    monkeypatch.setattr(
        Axes, "_update_title_position", lambda self, r: (arranged.append(self), arrange(self, r))
    )
    _, (ax, _) = pair.made[0]
    ax.set_xlim(5, 6)
    pair.blitter.draw()
    assert arranged == [ax]


def test_a_large_image_that_is_not_copied():
    def make():
        fig = Figure(figsize=(3, 2), dpi=80)
        return fig, fig.add_axes((0, 0, 1, 1)).imshow(
            np.zeros((400, 600)), vmin=0, vmax=9, aspect="auto"
        )

    frames_equal(make, *[lambda made, k=k: made[1].set_data(np.full((400, 600), k)) for k in range(3)])


def test_which_figures_can_be_blitted():
    class Own(Figure):
        def draw(self, renderer):
            super().draw(renderer)

    assert blit_obstacle(Figure()) is None
    assert blit_obstacle(Own()) == "the figure has a draw() of its own"
    assert "freeze_layout=True" in blit_obstacle(Figure(layout="constrained"))
    settled = Figure(layout="constrained")
    Canvas(settled, DrawOptions())
    assert blit_obstacle(settled) is None
    observed = Figure()
    observed.canvas.mpl_connect("draw_event", print)
    assert "draw_event" in blit_obstacle(observed)
    filtered = Figure()
    filtered.add_subplot().set_agg_filter(lambda image, dpi: (image, 0, 0))
    assert "agg_filter" in blit_obstacle(filtered)


def test_nothing_is_left_on_the_figure():
    before = plt.get_fignums()
    fig, ax, line = with_line()()
    Canvas(fig, DrawOptions())
    names = [set(vars(artist)) for artist in (fig, ax, line)]
    blitter = Blitter(fig)
    blitter.draw()
    line.set_ydata(X)
    ax.set_title("title")
    blitter.draw()
    assert [set(vars(artist)) for artist in (fig, ax, line)] == names
    assert plt.get_fignums() == before
