"""Figures of all kinds of artists, and changes of all kinds, to compare ways of drawing.

Integers determine a figure and its changes, so that two equal figures can be made.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from matplotlib import patheffects
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnchoredText, AnnotationBbox, DrawingArea, OffsetImage, TextArea
from matplotlib.patches import (
    Circle,
    ConnectionPatch,
    FancyArrowPatch,
    FancyBboxPatch,
    Polygon,
    Rectangle,
)
from matplotlib.transforms import Affine2D
from mpl_toolkits.axes_grid1 import host_subplot

X = np.linspace(0, 1, 40)
COLORS = ["C0", "C1", "C3", "k", "#80ff8080", "none", (0.1, 0.2, 0.9, 0.5)]


@dataclass
class Zoo:
    """A figure, its axes and artists, and functions that change these."""

    figure: Figure
    axes: list = field(default_factory=list)
    artists: list = field(default_factory=list)
    knobs: list[Callable] = field(default_factory=list)

    def add(self, artist, *knobs):
        self.artists.append(artist)
        self.knobs += knobs


def wave(rng, n=40):
    return np.sin(2 * np.pi * (rng.randint(1, 3) * np.linspace(0, 1, n) + rng.random())) * 0.4 + 0.5


def field2d(rng, n=12):
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n))
    return np.sin(6 * x + 6 * rng.random()) * np.cos(5 * y + 6 * rng.random())


def points(rng, n=12):
    return np.array([[rng.random(), rng.random()] for _ in range(n)])


# Kinds of artists: each function adds some to an axes and to the zoo, with functions that change them.


def line(zoo, ax, rng):
    style = rng.choice(
        [{}, {"ls": "--"}, {"marker": "o"}, {"marker": "^", "ls": "", "mew": 2}, {"lw": 9}]
    )
    (artist,) = ax.plot(X, wave(rng), solid_joinstyle=rng.choice(["round", "miter"]), **style)
    zoo.add(
        artist,
        lambda rng: artist.set_ydata(wave(rng)),
        lambda rng: artist.set_data(X * rng.random(), wave(rng)),
        lambda rng: artist.set_linewidth(rng.choice([0, 0.5, 3, 12])),
        lambda rng: artist.set_color(rng.choice(COLORS)),
        lambda rng: artist.set_marker(rng.choice(["", "o", "s", "x", "$f$"])),
        lambda rng: artist.set_linestyle(rng.choice(["-", "--", ":", ""])),
        lambda rng: artist.set_markevery(rng.choice([None, 3, 7])),
        lambda rng: artist.set_drawstyle(rng.choice(["default", "steps-mid"])),
        lambda rng: artist.set_ydata(np.where(X > rng.random(), np.nan, 0.5)),
    )


def scatter(zoo, ax, rng):
    n = rng.choice([1, 30, 80])
    kwargs = {"c": np.linspace(0, 1, n)} if rng.random() < 0.5 else {"color": "C2"}
    artist = ax.scatter(*points(rng, n).T, s=rng.choice([4, 80]), **kwargs)
    zoo.add(
        artist,
        lambda rng: artist.set_offsets(points(rng, n)),
        lambda rng: artist.set_array(np.array([rng.random() for _ in range(n)])),
        lambda rng: artist.set_sizes([rng.choice([2, 300])]),
        lambda rng: artist.set_edgecolor(rng.choice(["face", "k", "none"])),
        lambda rng: artist.set_clim(0, 0.1 + rng.random()),
        lambda rng: artist.set_cmap(rng.choice(["viridis", "magma"])),
        lambda rng: artist.set_hatch(rng.choice([None, "//"])),
    )


def bars(zoo, ax, rng):
    container = ax.bar(np.linspace(0, 1, 5), [rng.random() for _ in range(5)], width=0.15)
    bar = container[rng.randrange(5)]
    zoo.add(
        bar,
        lambda rng: bar.set_height(rng.random()),
        lambda rng: [patch.set_height(rng.random()) for patch in container],
        lambda rng: bar.set_hatch(rng.choice([None, "/", "xx", "o"])),
        lambda rng: bar.set_facecolor(rng.choice(COLORS)),
        lambda rng: bar.set_edgecolor(rng.choice(["k", "none"])),
        lambda rng: bar.set_angle(rng.choice([0, 30])),
        lambda rng: bar.set_xy((rng.random(), rng.random())),
    )


def image(zoo, ax, rng):
    interpolation = rng.choice(["nearest", "bilinear", "hanning", "auto"])
    artist = ax.imshow(
        field2d(rng),
        extent=(0, 1, 0, 1),
        aspect=rng.choice(["auto", "equal"]),
        interpolation=interpolation,
    )
    zoo.add(
        artist,
        lambda rng: artist.set_data(field2d(rng)),
        lambda rng: artist.set_clim(-rng.random(), rng.random() + 0.1),
        lambda rng: artist.set_cmap(rng.choice(["viridis", "gray"])),
        lambda rng: artist.set_extent((0, 0.2 + rng.random(), 0, 1)),
        lambda rng: artist.set_interpolation(rng.choice(["nearest", "bicubic"])),
        lambda rng: artist.norm._changed() if rng.random() < 0.1 else setattr(artist.norm, "vmax", 0.5),
    )
    if rng.random() < 0.5:
        bar = ax.figure.colorbar(artist, ax=ax)
        zoo.add(bar.outline, lambda rng: bar.set_label(rng.choice(["", "value", "x"])))


def two_images(zoo, ax, rng):
    below = ax.imshow(field2d(rng), extent=(0, 0.7, 0, 0.7), aspect="auto", alpha=0.5)
    above = ax.imshow(field2d(rng), extent=(0.3, 1, 0.3, 1), aspect="auto", alpha=0.6)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    for artist in (below, above):
        zoo.add(artist, lambda rng, artist=artist: artist.set_data(field2d(rng)))
    zoo.knobs.append(lambda rng: below.set_zorder(rng.choice([-1, 5])))


def mesh(zoo, ax, rng):
    x, y = np.meshgrid(np.linspace(0, 1, 12), np.linspace(0, 1, 12))
    artist = ax.pcolormesh(x, y, field2d(rng), shading=rng.choice(["nearest", "gouraud"]))
    zoo.add(
        artist,
        lambda rng: artist.set_array(field2d(rng)),
        lambda rng: artist.set_clim(-rng.random() - 0.1, 1),
        lambda rng: artist.set_alpha(rng.choice([None, 0.4])),
    )


def contours(zoo, ax, rng):
    state = {}

    def again(rng):
        if state:
            state["set"].remove()
        method = ax.contourf if rng.random() < 0.5 else ax.contour
        state["set"] = method(
            *np.meshgrid(np.linspace(0, 1, 12), np.linspace(0, 1, 12)), field2d(rng), 4
        )

    again(rng)
    zoo.knobs += [again, lambda rng: state["set"].set_alpha(rng.random())]


def band(zoo, ax, rng):
    state = {"band": ax.fill_between(X, wave(rng), 0.2, alpha=0.4)}

    def again(rng):
        if state["band"].axes is not None:
            state["band"].remove()
        state["band"] = ax.fill_between(
            X, wave(rng), rng.random(), alpha=0.4, hatch=rng.choice([None, "/"])
        )

    zoo.knobs += [again, lambda rng: state["band"].set_facecolor(rng.choice(COLORS))]
    (fill,) = ax.fill(*points(rng, 5).T, alpha=0.5)
    zoo.add(fill, lambda rng: fill.set_xy(points(rng, 5)), lambda rng: fill.set_joinstyle("miter"))


def lines(zoo, ax, rng):
    artist = LineCollection([points(rng, 4) for _ in range(5)], linewidths=[1, 4], colors=["C0", "C1"])
    ax.add_collection(artist)
    zoo.add(
        artist,
        lambda rng: artist.set_segments([points(rng, 4) for _ in range(rng.randint(1, 80))]),
        lambda rng: artist.set_linewidth(rng.choice([0, 1, 8])),
        lambda rng: artist.set_linestyle(rng.choice(["-", "--"])),
    )
    polygons = PolyCollection([points(rng, 3)], facecolors="C4", alpha=0.5)
    ax.add_collection(polygons)
    zoo.add(
        polygons, lambda rng: polygons.set_verts([points(rng, 3) for _ in range(rng.randint(1, 70))])
    )


def quiver(zoo, ax, rng):
    x, y = np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 5))
    artist = ax.quiver(x, y, field2d(rng, 5), field2d(rng, 5))
    key = ax.quiverkey(artist, 0.5, 1.02, 1, "one")
    zoo.add(artist, lambda rng: artist.set_UVC(field2d(rng, 5), field2d(rng, 5)))
    zoo.add(key)
    barbs = ax.barbs(x, y, 30 * field2d(rng, 5), 30 * field2d(rng, 5), length=5)
    zoo.add(barbs, lambda rng: barbs.set_UVC(30 * field2d(rng, 5), 30 * field2d(rng, 5)))


def texts(zoo, ax, rng):
    text = ax.text(0.4, 0.5, "text", rotation=rng.choice([0, 30]), bbox=rng.choice([None, {"fc": "w"}]))
    words = ["", "a", "longer text", r"$\frac{x^2}{\alpha}$", "two\nlines"]
    zoo.add(
        text,
        lambda rng: text.set_text(rng.choice(words)),
        lambda rng: text.set_position((rng.random(), rng.random())),
        lambda rng: text.set_fontsize(rng.choice([6, 20])),
        lambda rng: text.set_rotation(rng.randrange(360)),
        lambda rng: text.set_bbox({"facecolor": rng.choice(COLORS)}),
        lambda rng: text.set_horizontalalignment(rng.choice(["left", "right"])),
        lambda rng: text.set_path_effects([patheffects.withStroke(linewidth=4, foreground="C1")]),
    )


def annotations(zoo, ax, rng):
    arrow = rng.choice([{"arrowstyle": "->"}, {"arrowstyle": "fancy"}, {"width": 3}])
    coords = rng.choice(["data", "axes fraction", "offset points"])
    artist = ax.annotate("note", (0.5, 0.5), (0.2, 0.8), textcoords=coords, arrowprops=arrow)
    zoo.add(
        artist,
        lambda rng: setattr(artist, "xy", (rng.random(), rng.random())),
        lambda rng: artist.set_position((rng.random(), rng.random())),
        lambda rng: artist.set_text(rng.choice(["note", "longer note"])),
    )
    hanging = ax.annotate("hanging", (0.5, 0), (0, -4), xycoords=artist, textcoords="offset points")
    zoo.add(hanging)
    patch = FancyArrowPatch((0, 0), (1, 1), mutation_scale=20, connectionstyle="arc3,rad=.3")
    ax.add_patch(patch)
    zoo.add(patch, lambda rng: patch.set_positions((rng.random(), rng.random()), (rng.random(), 0.5)))


def patches(zoo, ax, rng):
    circle = Circle((0.5, 0.5), 0.2, fc="C1", ec="k", alpha=0.7)
    box = FancyBboxPatch((0.2, 0.2), 0.4, 0.3, boxstyle="round,pad=0.05", fc="C5")
    star = Polygon(points(rng, 5), fc="none", ec="C6", lw=8, joinstyle="miter")
    for patch in (circle, box, star):
        ax.add_patch(patch)
    zoo.add(
        circle,
        lambda rng: circle.set_radius(rng.random() / 2),
        lambda rng: setattr(circle, "center", (rng.random(), rng.random())),
        lambda rng: circle.set_transform(Affine2D().rotate_deg(rng.randrange(90)) + ax.transData),
    )
    zoo.add(box, lambda rng: box.set_bounds(rng.random(), 0.1, 0.3, rng.random()))
    zoo.add(star, lambda rng: star.set_xy(points(rng, 6)))
    (clipped,) = ax.plot(X, wave(rng), lw=6, color="C8")
    clipped.set_clip_path(circle)
    zoo.add(clipped)
    cut = ax.imshow(field2d(rng), extent=(0, 1, 0, 1), aspect="auto", clip_on=True)
    cut.set_clip_path(circle)
    zoo.add(cut)


def legend(zoo, ax, rng):
    (artist,) = ax.plot(X, wave(rng), label="a line")
    ax.scatter([0.5], [0.5], label="dots")
    box = ax.legend(loc=rng.choice(["best", "upper left", "center"]), shadow=rng.random() < 0.3)
    zoo.add(artist, lambda rng: artist.set_ydata(wave(rng)), lambda rng: artist.set_ydata(wave(rng) / 3))
    zoo.add(
        box,
        lambda rng: box.get_texts()[0].set_text(rng.choice(["a line", "another line"])),
        lambda rng: box.set_title(rng.choice(["", "title"])),
        lambda rng: box.legend_handles[0].set_linewidth(rng.choice([1, 5])),
        lambda rng: box.get_frame().set_facecolor(rng.choice(COLORS)),
        lambda rng: box.set_loc(rng.choice(["best", "lower left"])),
    )


def boxes(zoo, ax, rng):
    anchored = AnchoredText("anchored", loc=rng.choice(["upper left", "lower right"]))
    ax.add_artist(anchored)
    zoo.add(anchored, lambda rng: anchored.txt.set_text(rng.choice(["anchored", "moored\nhere"])))
    area = DrawingArea(20, 20)
    dot = Circle((10, 10), 8)
    area.add_artist(dot)
    noted = AnnotationBbox(area, (0.5, 0.5), (0.7, 0.7), arrowprops={"arrowstyle": "->"})
    ax.add_artist(noted)
    zoo.add(noted, lambda rng: dot.set_radius(rng.randint(2, 9)), lambda rng: dot.set_facecolor("C3"))
    picture = AnnotationBbox(OffsetImage(field2d(rng), zoom=2), (0.2, 0.3), frameon=False)
    ax.add_artist(picture)
    zoo.add(picture, lambda rng: picture.offsetbox.set_data(field2d(rng)))
    label = AnnotationBbox(TextArea("area"), (0.6, 0.2))
    ax.add_artist(label)
    zoo.add(label, lambda rng: label.offsetbox.set_text(rng.choice(["area", "region"])))


def table(zoo, ax, rng):
    artist = ax.table(
        [["1", "2"], ["3", "4"]], colLabels=["a", "b"], loc=rng.choice(["bottom", "center"])
    )
    zoo.add(
        artist,
        lambda rng: artist[1, 0].get_text().set_text(str(rng.randrange(99))),
        lambda rng: artist[1, 1].set_facecolor(rng.choice(COLORS)),
        lambda rng: artist.scale(1, rng.choice([0.9, 1.1])),
    )


def statistics(zoo, ax, rng):
    numbers = [[rng.random() for _ in range(20)] for _ in range(3)]
    box = ax.boxplot(numbers, positions=[0.2, 0.5, 0.8])
    zoo.add(box["medians"][0], lambda rng: box["medians"][0].set_ydata([rng.random()] * 2))
    err = ax.errorbar(X[::8], wave(rng)[::8], yerr=0.1, capsize=3)
    zoo.add(err.lines[0], lambda rng: err.lines[0].set_ydata(wave(rng)[::8]))
    stem = ax.stem(X[::8], wave(rng)[::8])
    zoo.add(stem.markerline, lambda rng: stem.markerline.set_ydata(wave(rng)[::8]))
    ax.hist(numbers[0], bins=5, histtype=rng.choice(["bar", "step"]))
    zoo.knobs.append(lambda rng: ax.hist([rng.random() for _ in range(20)], bins=5, alpha=0.3))


def spans(zoo, ax, rng):
    span = ax.axvspan(0.2, 0.4, alpha=0.3)
    across = ax.axhline(0.5, ls="--")
    if ax.name == "rectilinear":
        slope = ax.axline((0.1, 0.1), (1, 1))
        zoo.add(slope, lambda rng: slope.set_xy2((1, 0.2 + rng.random())))
    zoo.add(span, lambda rng: span.set_x(rng.random()), lambda rng: span.set_width(rng.random()))
    zoo.add(across, lambda rng: across.set_ydata([rng.random()] * 2))
    (below,) = ax.plot(X, wave(rng), zorder=-1)
    ax.set_rasterization_zorder(0)
    zoo.add(below, lambda rng: below.set_ydata(wave(rng)), lambda rng: ax.set_rasterization_zorder(None))


KINDS = [
    *(line, scatter, bars, image, two_images, mesh, contours, band, lines, quiver, texts, annotations),
    *(patches, legend, boxes, table, statistics, spans),
]


# Changes of any artist, of an axes, of the figure.


def blurred(picture, dpi):
    """Shift and dim a picture: an agg_filter."""
    padded = np.pad(picture * 0.7, ((3, 3), (3, 3), (0, 0)))
    return np.roll(padded, 2, axis=0), -3, -3


ANY = [
    lambda artist, rng: artist.set_visible(rng.random() < 0.6),
    lambda artist, rng: artist.set_zorder(rng.choice([-1, 0, 2, 2.2, 7])),
    lambda artist, rng: artist.set_alpha(rng.choice([None, 0.3, 1])),
    lambda artist, rng: artist.set_clip_on(rng.random() < 0.5),
    lambda artist, rng: artist.set_clip_box(artist.axes.bbox if artist.axes else None),
    lambda artist, rng: artist.set_path_effects([patheffects.withStroke(linewidth=5, foreground="C1")]),
    lambda artist, rng: artist.set_path_effects(None),
    lambda artist, rng: artist.set_sketch_params(*rng.choice([(None,), (3, 60, 4)])),
    lambda artist, rng: artist.set_rasterized(rng.random() < 0.5),
    lambda artist, rng: artist.set_animated(rng.random() < 0.5),
    lambda artist, rng: artist.set_agg_filter(rng.choice([None, blurred])),
    lambda artist, rng: artist.set_snap(rng.choice([None, True, False])),
]


def remove(artist, rng):
    if artist.axes is not None and artist in artist.axes._children:
        artist.remove()


ANY.append(remove)

AXES = [
    lambda ax, rng: ax.set_xlim(-rng.random(), 0.3 + rng.random()),
    lambda ax, rng: ax.set_ylim(-rng.random(), 0.3 + rng.random()),
    lambda ax, rng: ax.autoscale(),
    lambda ax, rng: (ax.relim(), ax.autoscale_view()),
    lambda ax, rng: ax.set_title(rng.choice(["", "title", "longer title", "two\nlines"])),
    lambda ax, rng: ax.title.set_text(rng.choice(["", "t = 1", "t = 12", "$x_{y_z}$"])),
    lambda ax, rng: ax.set_title("left", loc="left"),
    lambda ax, rng: ax.set_xlabel(rng.choice(["", "x", "an x\nof two"])),
    lambda ax, rng: ax.set_ylabel(rng.choice(["", "y"])),
    lambda ax, rng: ax.xaxis.label.set_color(rng.choice(["k", "C1"])),
    lambda ax, rng: ax.grid(rng.random() < 0.6, axis=rng.choice(["x", "y", "both"])),
    lambda ax, rng: ax.set_axisbelow(rng.choice([True, False, "line"])),
    lambda ax, rng: ax.tick_params(length=rng.choice([2, 9]), labelrotation=rng.choice([0, 45])),
    lambda ax, rng: ax.set_xticks([0, rng.random()]),
    lambda ax, rng: ax.set_xticks([0, 0.5], ["zero", rng.choice(["half", "0.5"])]),
    lambda ax, rng: ax.minorticks_on() if rng.random() < 0.5 else ax.minorticks_off(),
    lambda ax, rng: ax.set_facecolor(rng.choice(COLORS)),
    lambda ax, rng: ax.set_axis_off() if rng.random() < 0.3 else ax.set_axis_on(),
    lambda ax, rng: ax.set_frame_on(rng.random() < 0.6),
    lambda ax, rng: ax.set_visible(rng.random() < 0.8),
    lambda ax, rng: ax.set_aspect(rng.choice(["auto", "equal"])),
    lambda ax, rng: ax.set_zorder(rng.choice([0, 3])),
    lambda ax, rng: ax.set_position([0.1 + rng.random() / 4, 0.15, 0.5, 0.3 + rng.random() / 3]),
    lambda ax, rng: [s.set_linewidth(rng.choice([0.8, 4])) for s in ax.spines.values()],
    lambda ax, rng: [s.set_visible(rng.random() < 0.7) for s in ax.spines.values()],
    lambda ax, rng: ax.clear(),
    lambda ax, rng: ax.set_prop_cycle(None),
    lambda ax, rng: ax.invert_yaxis(),
    lambda ax, rng: ax.xaxis.get_major_formatter().set_useOffset(10.0),
    lambda ax, rng: ax.margins(rng.random() / 3),
    lambda ax, rng: [label.set_color(rng.choice(["k", "C3"])) for label in ax.get_xticklabels()],
    lambda ax, rng: ax.plot(X, wave(rng)),
    lambda ax, rng: ax.text(rng.random(), rng.random(), "a text"),
    lambda ax, rng: ax.get_legend() and ax.get_legend().remove(),
    lambda ax, rng: ax.get_tightbbox(),
    lambda ax, rng: ax.xaxis.tick_top() if rng.random() < 0.5 else ax.xaxis.tick_bottom(),
]

PLAIN = [
    lambda ax, rng: ax.set_yscale(rng.choice(["linear", "log", "symlog"])),
    lambda ax, rng: (
        ax.ticklabel_format(axis="both", style="plain") if ax.get_yscale() == "linear" else 0
    ),
    lambda ax, rng: ax.spines["left"].set_position(
        rng.choice([("data", 0.2), ("outward", 5), "center"])
    ),
]

# Without set_rorigin(): matplotlib keeps drawing with the former origin until a limit changes.
POLAR = [
    lambda ax, rng: ax.set_rlabel_position(rng.randrange(360)),
    lambda ax, rng: ax.set_theta_offset(rng.random()),
    lambda ax, rng: ax.set_theta_direction(rng.choice([1, -1])),
]

SPATIAL = [
    lambda ax, rng: ax.view_init(rng.randrange(90), rng.randrange(360)),
    lambda ax, rng: ax.set_zlim(0, 0.5 + rng.random()),
    lambda ax, rng: ax.set_proj_type(rng.choice(["persp", "ortho"])),
]

FIGURE = [
    lambda fig, rng: fig.suptitle(rng.choice(["", "title of all", "t = 3"])),
    lambda fig, rng: fig.set_facecolor(rng.choice(["w", "0.9", "none"])),
    lambda fig, rng: fig.text(rng.random(), rng.random(), "a text"),
    lambda fig, rng: fig.texts and fig.texts[-1].set_position((rng.random(), rng.random())),
    lambda fig, rng: fig.add_artist(Line2D([0, rng.random()], [0, 1], color="C7")),
    lambda fig, rng: fig.legends and fig.legends[0].set_alpha(0.4),
    lambda fig, rng: fig.subplots_adjust(left=0.1 + rng.random() / 5),
    lambda fig, rng: fig.align_labels(),
    lambda fig, rng: fig.patch.set_visible(rng.random() < 0.7),
    lambda fig, rng: fig.axes and fig.delaxes(fig.axes[-1]) if rng.random() < 0.2 else None,
    lambda fig, rng: fig.add_axes((0.6, 0.1, 0.3, 0.3)).plot(X, wave(rng)),
    lambda fig, rng: len(fig.axes) > 1 and fig.axes[-1].remove() if rng.random() < 0.3 else None,
    lambda fig, rng: setattr(fig, "suppressComposite", rng.choice([None, False, True])),
]


# Layouts of axes.


def single(fig, rng):
    return [fig.add_subplot()]


def four(fig, rng):
    return [*fig.subplots(2, 2, sharex=rng.random() < 0.5, sharey=rng.random() < 0.5).flat]


def twins(fig, rng):
    ax = fig.add_subplot()
    return [ax, ax.twinx() if rng.random() < 0.5 else ax.twiny()]


def inset(fig, rng):
    ax = fig.add_subplot()
    inner = ax.inset_axes((0.6, 0.55, 0.38, 0.4))
    ax.indicate_inset_zoom(inner)
    innermost = inner.inset_axes((0.2, 0.2, 0.3, 0.3), transform=ax.transData)
    return [ax, inner, innermost]


def parasites(fig, rng):
    host = host_subplot(111, figure=fig)
    host.plot(X, X, label="host")
    return [host, host.twinx()]


def polar(fig, rng):
    ax = fig.add_subplot(projection="polar")
    if rng.random() < 0.4:
        ax.set_thetalim(0, 1 + rng.random())
    return [ax, fig.add_axes((0.1, 0.1, 0.2, 0.2))]


def spatial(fig, rng):
    return [fig.add_subplot(121, projection="3d"), fig.add_subplot(122)]


def parts(fig, rng):
    left, right = fig.subfigures(1, 2)
    left.set_facecolor("0.95")
    left.suptitle("left")
    return [left.add_subplot(), *right.subplots(2, 1)]


def secondary(fig, rng):
    ax = fig.add_subplot()
    ax.secondary_xaxis("top", functions=(lambda x: x * 2 + 1, lambda x: (x - 1) / 2))
    return [ax]


def logarithmic(fig, rng):
    ax = fig.add_subplot()
    ax.set(xscale="log", yscale=rng.choice(["log", "linear"]), xlim=(0.01, 1), ylim=(0.01, 1))
    return [ax]


def connected(fig, rng):
    left, right = fig.subplots(1, 2)
    patch = ConnectionPatch((0.5, 0.5), (0.5, 0.5), "data", "data", axesA=left, axesB=right, color="C3")
    fig.add_artist(patch)
    left.plot([0, 1], [0, 1], label="one")
    fig.legend(loc="upper right")
    fig.add_artist(Rectangle((0.1, 0.1), 0.2, 0.2, fc="none", ec="C2", transform=fig.transFigure))
    return [left, right]


LAYOUTS = [
    *(single, four, twins, inset, parasites, polar, spatial, parts, secondary, logarithmic, connected),
]


def build(layout, kinds, seed, **kwargs):
    """Make a figure with a layout of axes and some kinds of artists in them."""
    rng = random.Random(seed)
    fig = Figure(figsize=(3.2, 2.4), dpi=80, **kwargs)
    zoo = Zoo(fig)
    zoo.axes = layout(fig, rng)
    for number, kind in enumerate(kinds):
        ax = zoo.axes[number % len(zoo.axes)]
        if ax.name == "3d":
            (artist,) = ax.plot(X, wave(rng), wave(rng))
            dots = ax.scatter(*np.column_stack([points(rng, 9), points(rng, 9)])[:, :3].T)
            zoo.add(artist, lambda rng, a=artist: a.set_data_3d(X, wave(rng), wave(rng)))
            zoo.add(dots)
        elif ax.get_xscale() == "linear" or kind not in (image, two_images):
            kind(zoo, ax, rng)
    return zoo


def change(zoo, what, seed):
    """Change a figure in a way that the seed determines."""
    rng = random.Random(seed)
    if what == "knob" and zoo.knobs:
        rng.choice(zoo.knobs)(rng)
    elif what == "artist" and zoo.artists:
        rng.choice(ANY)(rng.choice(zoo.artists), rng)
    elif what == "axes":
        ax = rng.choice(zoo.axes)
        more = {"3d": SPATIAL, "rectilinear": PLAIN, "polar": POLAR}.get(ax.name, [])
        rng.choice(AXES + more)(ax, rng)
    elif what == "figure":
        rng.choice(FIGURE)(zoo.figure, rng)
