"""A small figure for each class of matplotlib that a picture depends on, and changes of its objects.

The classes, their setters and their attributes are found in matplotlib itself. This module knows how to
get an object of each class, the *subject*, and which values setters take where that cannot be guessed.
"""

import importlib
import inspect
import pkgutil
from datetime import datetime

import matplotlib as mpl
import mpl_toolkits.mplot3d
import numpy as np
from matplotlib import (
    axis,
    category,
    collections,
    colors,
    dates,
    image,
    lines,
    markers,
    offsetbox,
    patches,
    path,
    patheffects,
    scale,
    ticker,
    transforms,
)
from matplotlib.artist import Artist
from matplotlib.colorizer import Colorizer
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.quiver import QuiverKey

X = np.linspace(0.1, 0.9, 9)
GRID = np.arange(12.0).reshape(3, 4) / 12


def all_subclasses(base):
    """Return all subclasses of a class in matplotlib and in its 3D axes, by name."""
    for package in (mpl, mpl_toolkits.mplot3d):
        for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            if not {"backends", "tests", "testing", "sphinxext", "pylab"} & set(module.name.split(".")):
                importlib.import_module(module.name)
    found, stack = {}, [base]
    while stack:
        for cls in stack.pop().__subclasses__():
            # matplotlib makes a "...ScaleNorm" where a norm is given as the name of a scale.
            is_made = cls.__name__.endswith("ScaleNorm")
            if cls.__module__.startswith(("matplotlib.", "mpl_toolkits.mplot3d.")) and not is_made:
                found[name_of(cls)] = cls
            stack.append(cls)
    return found


def name_of(cls):
    return ("3d." if "mplot3d.axis3d" in cls.__module__ else "") + cls.__qualname__


# Figures: each function adds its subject to plain axes and returns it.


def plain(ax):
    return ax


def artist(make):
    return lambda ax: ax.add_artist(make())


def patch(make):
    return lambda ax: ax.add_patch(make())


def collection(make):
    return lambda ax: ax.add_collection(make(), autolim=False)


def box(make):
    return lambda ax: ax.add_artist(offsetbox.AnnotationBbox(make(), (0.5, 0.5))).offsetbox


def spatial(make):
    def add(ax):
        fig = ax.get_figure()
        ax.remove()
        return make(fig.add_subplot(projection="3d", box_aspect=(1, 1, 1)))

    return add


def projected(name):
    def add(ax):
        fig = ax.get_figure()
        ax.remove()
        new = fig.add_subplot(projection=name)
        new.plot([0.1, 1], [0.2, 1])
        new.grid(True)
        new.xaxis.set_major_locator(ticker.FixedLocator([0, 1]))
        new.yaxis.set_major_locator(ticker.FixedLocator([0.5]))
        return new

    return add


def polar(ax):
    fig = ax.get_figure()
    ax.remove()
    return fig.add_subplot(projection="polar")


def ticked(ax):
    ax.set_xticks([0, 0.5, 1])
    ax.set_yticks([0, 0.5, 1])
    ax.set(xlabel="x", title="title")
    ax.plot(X, X, label="line")
    return ax


def mesh(ax):
    return ax.pcolormesh(GRID, cmap="viridis")


def polygon():
    return [[(0.2, 0.2), (0.7, 0.3), (0.5, 0.8)], [(0.1, 0.6), (0.3, 0.6), (0.2, 0.9)]]


def annotation(ax):
    return ax.annotate("there", (0.2, 0.2), (0.6, 0.7), arrowprops={"arrowstyle": "->"})


def contours(ax):
    return ax.contourf(GRID, levels=4, extent=(0, 1, 0, 1))


def figure_image(ax):
    return ax.get_figure().figimage(GRID, 5, 5)


def bbox_image(ax):
    bbox = transforms.TransformedBbox(transforms.Bbox([[0.2, 0.2], [0.8, 0.8]]), ax.transData)
    made = image.BboxImage(bbox)
    made.set_data(GRID)
    return ax.add_artist(made)


def non_uniform(ax):
    made = image.NonUniformImage(ax, extent=(0, 1, 0, 1))
    made.set_data(np.linspace(0, 1, 4), np.linspace(0, 1, 3), GRID)
    return ax.add_image(made)


def pcolor_image(ax):
    made = image.PcolorImage(ax, np.linspace(0, 1, 5), np.linspace(0, 1, 4), GRID)
    return ax.add_image(made)


def quiver(ax):
    return ax.quiver(X, X, X, -X, GRID.ravel()[:9])


def legend(ax):
    ax.plot(X, X, "o-", label="one")
    return ax.legend(title="title")


def colorbar(ax):
    return ax.get_figure().colorbar(mesh(ax), ax=ax)


def shadow(ax):
    below = ax.add_patch(patches.Rectangle((0.2, 0.2), 0.4, 0.4))
    return ax.add_patch(patches.Shadow(below, 0.05, -0.05))


def tri_contours(ax):
    return ax.tricontourf([0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 2, 4])


def the_tick(name, number=1):
    return lambda ax: getattr(ticked(ax), name).get_major_ticks()[number]


def tick_label(ax):
    return ticked(ax).get_xticklabels()[1]


def subfigure(ax):
    fig = ax.get_figure()
    ax.remove()
    sub = fig.subfigures(1, 2)[0]
    sub.suptitle("sub")
    ticked(sub.add_subplot())
    return sub


def inset(ax):
    ax.plot(X, X)
    return ax.indicate_inset_zoom(ax.inset_axes((0.6, 0.1, 0.3, 0.3), xlim=(0.2, 0.4), ylim=(0.2, 0.4)))


def the_table(ax):
    return ax.table([["a", "b"], ["c", "d"]], bbox=(0.1, 0.1, 0.8, 0.6))


ARTISTS = {
    "AnchoredOffsetbox": artist(
        lambda: offsetbox.AnchoredOffsetbox("upper left", child=offsetbox.TextArea("text"))
    ),
    "AnchoredText": artist(lambda: offsetbox.AnchoredText("text", "upper left")),
    "AnnotationBbox": lambda ax: ax.add_artist(
        offsetbox.AnnotationBbox(
            offsetbox.TextArea("text"), (0.2, 0.2), (0.7, 0.7), arrowprops={"arrowstyle": "->"}
        )
    ),
    "Annotation": annotation,
    "Annulus": patch(lambda: patches.Annulus((0.5, 0.5), 0.3, 0.1)),
    "Arc": patch(lambda: patches.Arc((0.5, 0.5), 0.6, 0.3, theta1=10, theta2=200)),
    "Arrow": patch(lambda: patches.Arrow(0.2, 0.2, 0.5, 0.5, width=0.3)),
    "AsteriskPolygonCollection": collection(
        lambda: collections.AsteriskPolygonCollection(5, sizes=(90,), offsets=[(20, 20), (50, 30)])
    ),
    "AuxTransformBox": box(lambda: with_child(offsetbox.AuxTransformBox(transforms.Affine2D()))),
    "Axes": ticked,
    "Axes3D": spatial(lambda ax: (ax.plot(X, X, X), ax)[1]),
    "AitoffAxes": projected("aitoff"),
    "HammerAxes": projected("hammer"),
    "LambertAxes": projected("lambert"),
    "MollweideAxes": projected("mollweide"),
    "PolarAxes": projected("polar"),
    "RadialAxis": lambda ax: projected("polar")(ax).yaxis,
    "ThetaAxis": lambda ax: projected("polar")(ax).xaxis,
    "RadialTick": lambda ax: projected("polar")(ax).yaxis.get_major_ticks()[0],
    "ThetaTick": lambda ax: projected("polar")(ax).xaxis.get_major_ticks()[1],
    "AxesImage": lambda ax: ax.imshow(GRID, extent=(0, 1, 0, 1)),
    "AxLine": lambda ax: ax.axline((0.1, 0.2), slope=1),
    "Barbs": lambda ax: ax.barbs(X, X, 30 * X, -20 * X, GRID.ravel()[:9], length=5),
    "BboxImage": bbox_image,
    "Cell": lambda ax: the_table(ax)[0, 0],
    "Circle": patch(lambda: patches.Circle((0.5, 0.5), 0.3)),
    "CircleCollection": collection(
        lambda: collections.CircleCollection((90, 40), offsets=[(20, 20), (50, 30)])
    ),
    "CirclePolygon": patch(lambda: patches.CirclePolygon((0.5, 0.5), 0.3)),
    "Collection": collection(
        lambda: collections.PathCollection([path.Path.unit_circle()], offsets=[(20, 20), (50, 30)])
    ),
    "ConnectionPatch": patch(
        lambda: patches.ConnectionPatch((20, 20), (60, 40), "figure pixels", arrowstyle="->")
    ),
    "DrawingArea": box(lambda: with_child(offsetbox.DrawingArea(30, 20))),
    "Ellipse": patch(lambda: patches.Ellipse((0.5, 0.5), 0.6, 0.3)),
    "EllipseCollection": collection(
        lambda: collections.EllipseCollection([20, 30], [9, 9], [0, 40], offsets=[(20, 20), (50, 30)])
    ),
    "EventCollection": collection(
        lambda: collections.EventCollection([0.2, 0.5, 0.6], lineoffset=0.5, linelength=0.4)
    ),
    "FancyArrow": patch(lambda: patches.FancyArrow(0.2, 0.2, 0.5, 0.5, width=0.05)),
    "FancyArrowPatch": patch(
        lambda: patches.FancyArrowPatch((0.2, 0.2), (0.8, 0.7), arrowstyle="->", mutation_scale=9)
    ),
    "FancyBboxPatch": patch(
        lambda: patches.FancyBboxPatch((0.3, 0.3), 0.4, 0.4, "round,pad=0.05", mutation_scale=2)
    ),
    "Figure": lambda ax: ticked(ax).get_figure(),
    "FigureImage": figure_image,
    "FillBetweenPolyCollection": lambda ax: ax.fill_between(X, X, 1 - X),
    "HPacker": box(lambda: packed(offsetbox.HPacker)),
    "VPacker": box(lambda: packed(offsetbox.VPacker)),
    "PaddedBox": box(lambda: offsetbox.PaddedBox(offsetbox.TextArea("text"), 2, draw_frame=True)),
    "OffsetImage": box(lambda: offsetbox.OffsetImage(GRID, zoom=5)),
    "TextArea": box(lambda: offsetbox.TextArea("text")),
    "InsetIndicator": inset,
    "Legend": legend,
    "Line2D": lambda ax: ax.plot(X, X, "o--")[0],
    "LineCollection": collection(
        lambda: collections.LineCollection(polygon(), array=np.array([0.0, 1.0]))
    ),
    "NonUniformImage": non_uniform,
    "PatchCollection": collection(
        lambda: collections.PatchCollection([patches.Circle((0.4, 0.5), 0.2)])
    ),
    "PathCollection": lambda ax: ax.scatter(X, X, 20, X),
    "PathPatch": patch(lambda: patches.PathPatch(path.Path([(0.2, 0.2), (0.7, 0.3), (0.4, 0.8)]))),
    "PcolorImage": pcolor_image,
    "PolyCollection": collection(lambda: collections.PolyCollection(polygon())),
    "PolyQuadMesh": lambda ax: ax.pcolor(GRID),
    "Polygon": patch(lambda: patches.Polygon([(0.2, 0.2), (0.7, 0.3), (0.4, 0.8)])),
    "QuadContourSet": contours,
    "QuadMesh": mesh,
    "Quiver": quiver,
    "QuiverKey": lambda ax: ax.add_artist(QuiverKey(quiver(ax), 0.5, 0.9, 1, "key")),
    "Rectangle": patch(lambda: patches.Rectangle((0.2, 0.2), 0.4, 0.4, hatch="/")),
    "RegularPolyCollection": collection(
        lambda: collections.RegularPolyCollection(5, sizes=(90,), offsets=[(20, 20), (50, 30)])
    ),
    "RegularPolygon": patch(lambda: patches.RegularPolygon((0.5, 0.5), 5, radius=0.3)),
    "SecondaryAxis": lambda ax: ax.secondary_xaxis("top"),
    "Shadow": shadow,
    "Spine": lambda ax: ax.spines["left"],
    "StarPolygonCollection": collection(
        lambda: collections.StarPolygonCollection(5, sizes=(90,), offsets=[(20, 20), (50, 30)])
    ),
    "StepPatch": lambda ax: ax.stairs([0.2, 0.8, 0.4], [0, 0.3, 0.6, 1], fill=True),
    "SubFigure": subfigure,
    "Table": the_table,
    "Text": lambda ax: ax.text(0.3, 0.5, "a text"),
    "TriContourSet": tri_contours,
    "TriMesh": lambda ax: ax.tripcolor([0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 2, 4], shading="gouraud"),
    "Wedge": patch(lambda: patches.Wedge((0.5, 0.5), 0.4, 20, 200)),
    "XAxis": lambda ax: ticked(ax).xaxis,
    "YAxis": lambda ax: ticked(ax).yaxis,
    "XTick": the_tick("xaxis"),
    "YTick": the_tick("yaxis"),
    "_ColorbarSpine": lambda ax: colorbar(ax).outline,
    "3d.XAxis": spatial(lambda ax: ax.xaxis),
    "3d.YAxis": spatial(lambda ax: ax.yaxis),
    "3d.ZAxis": spatial(lambda ax: ax.zaxis),
    "Line3D": spatial(lambda ax: ax.plot(X, X, X)[0]),
    "Line3DCollection": spatial(lambda ax: line3d(ax)),
    "Patch3D": spatial(lambda ax: patch3d(ax, patches.Rectangle((0.2, 0.2), 0.4, 0.4))),
    "PathPatch3D": spatial(lambda ax: patch3d(ax, patches.PathPatch(path.Path(polygon()[0])))),
    "Patch3DCollection": spatial(lambda ax: patches3d(ax)),
    "Path3DCollection": spatial(lambda ax: ax.scatter(X, X, X, c=X)),
    "Poly3DCollection": spatial(lambda ax: ax.plot_surface(*np.meshgrid(X[:3], X[:3]), GRID[:, :3])),
    "Text3D": spatial(lambda ax: ax.text(0.5, 0.5, 0.5, "text")),
}

#: Classes of which no figure has an object that is not of a subclass, or is made by another object.
ABSTRACT = {
    *("Artist", "_AxesBase", "Axis", "Tick", "3d.Axis", "GeoAxes", "FigureBase", "Patch", "_ImageBase"),
    *("ColorizingArtist", "_CollectionWithSizes", "ContourSet", "OffsetBox", "PackerBase"),
    "Collection3D",  # made by contour(zdir=) of 3D axes, a LineCollection or PolyCollection otherwise
    "DateLocator",
    *("Transform", "AffineBase", "Affine2DBase", "BboxBase", "_GeoTransform"),
    # Made by other transforms on demand, or parts of them.
    *("AitoffAxes.InvertedAitoffTransform", "HammerAxes.InvertedHammerTransform"),
    *("InvertedAsinhTransform", "InvertedLogTransform", "InvertedPolarTransform"),
    *("InvertedSymmetricalLogTransform", "LambertAxes.InvertedLambertTransform", "LogisticTransform"),
    *("MollweideAxes.InvertedMollweideTransform", "_ScaledRotation", "_ThetaShift", "_WedgeBbox"),
    *("TransformedPath", "TransformedPatchPath"),  # of clip paths; see "Circle that clips"
}


def with_child(parent):
    parent.add_artist(lines.Line2D([0, 20], [0, 15]))
    return parent


def packed(cls):
    return cls(pad=2, sep=3, children=[offsetbox.TextArea("one"), offsetbox.TextArea("two")])


def line3d(ax):
    from mpl_toolkits.mplot3d.art3d import Line3DCollection

    return ax.add_collection3d(Line3DCollection([[(0, 0, 0), (1, 1, 1)], [(0, 1, 0), (1, 0, 1)]]))


def patch3d(ax, made):
    from mpl_toolkits.mplot3d.art3d import patch_2d_to_3d, pathpatch_2d_to_3d

    ax.add_patch(made)
    (pathpatch_2d_to_3d if isinstance(made, patches.PathPatch) else patch_2d_to_3d)(made, z=0.3)
    return made


def patches3d(ax):
    from mpl_toolkits.mplot3d.art3d import patch_collection_2d_to_3d

    made = collections.PatchCollection([patches.Circle((0.4, 0.5), 0.2)])
    ax.add_collection(made, autolim=False)
    patch_collection_2d_to_3d(made, zs=[0.3])
    return made


# Objects that artists have and that can change in place.


def normed(make):
    def add(ax):
        return ax.imshow(GRID + 0.1, extent=(0, 1, 0, 1), norm=make()).norm

    return add


NORMS = {
    "Normalize": normed(lambda: colors.Normalize(0, 1)),
    "AsinhNorm": normed(lambda: colors.AsinhNorm(0.5, 0, 1)),
    "BoundaryNorm": normed(lambda: colors.BoundaryNorm([0, 0.3, 0.5, 1], 256)),
    "CenteredNorm": normed(lambda: colors.CenteredNorm(0.5, 0.5)),
    "FuncNorm": normed(lambda: colors.FuncNorm((np.sqrt, np.square), 0, 1)),
    "LogNorm": normed(lambda: colors.LogNorm(0.1, 1)),
    "NoNorm": normed(lambda: colors.NoNorm(0, 1)),
    "PowerNorm": normed(lambda: colors.PowerNorm(2, 0, 1)),
    "SymLogNorm": normed(lambda: colors.SymLogNorm(0.2, vmin=0, vmax=1)),
    "TwoSlopeNorm": normed(lambda: colors.TwoSlopeNorm(0.3, 0, 1)),
}


def mapped(make):
    def add(ax):
        data = np.ma.masked_less(GRID, 0.2)
        return ax.imshow(data, extent=(0, 1, 0, 1), cmap=make(), vmin=0.4, vmax=0.7).cmap

    return add


COLORMAPS = {
    "ListedColormap": mapped(lambda: colors.ListedColormap(["r", "g", "b"])),
    "LinearSegmentedColormap": mapped(
        lambda: colors.LinearSegmentedColormap.from_list("own", ["r", "y", "b"])
    ),
}


def formatted(make):
    def add(ax):
        ax.set_xlim(1.001, 1.009)
        ax.xaxis.set_major_locator(ticker.FixedLocator([1.002, 1.005, 1.008]))
        formatter = make()
        ax.xaxis.set_major_formatter(formatter)
        return formatter

    return add


FORMATTERS = {
    "AutoDateFormatter": formatted(lambda: dates.AutoDateFormatter(dates.AutoDateLocator())),
    "ConciseDateFormatter": formatted(lambda: dates.ConciseDateFormatter(dates.AutoDateLocator())),
    "DateFormatter": formatted(lambda: dates.DateFormatter("%H")),
    "EngFormatter": formatted(lambda: ticker.EngFormatter("m")),
    "FixedFormatter": formatted(lambda: ticker.FixedFormatter(["a", "b", "c"])),
    "FormatStrFormatter": formatted(lambda: ticker.FormatStrFormatter("%.3f")),
    "FuncFormatter": formatted(lambda: ticker.FuncFormatter("{:.3f} {}".format)),
    "LogFormatter": formatted(lambda: ticker.LogFormatter()),
    "LogFormatterExponent": formatted(lambda: ticker.LogFormatterExponent()),
    "LogFormatterMathtext": formatted(lambda: ticker.LogFormatterMathtext()),
    "LogFormatterSciNotation": formatted(lambda: ticker.LogFormatterSciNotation()),
    "LogitFormatter": formatted(lambda: ticker.LogitFormatter()),
    "NullFormatter": formatted(lambda: ticker.NullFormatter()),
    "PercentFormatter": formatted(lambda: ticker.PercentFormatter()),
    "ScalarFormatter": formatted(lambda: ticker.ScalarFormatter()),
    "StrMethodFormatter": formatted(lambda: ticker.StrMethodFormatter("{x:.3f}")),
    "StrCategoryFormatter": formatted(lambda: category.StrCategoryFormatter({"a": 0, "b": 1, "c": 2})),
    "GeoAxes.ThetaFormatter": lambda ax: projected("hammer")(ax).xaxis.get_major_formatter(),
    "ThetaFormatter": lambda ax: projected("polar")(ax).xaxis.get_major_formatter(),
}


def located(make, limits=(0.1, 9)):
    def add(ax):
        ax.set_xlim(*limits)
        locator = make()
        ax.xaxis.set_major_locator(locator)
        return locator

    return add


DAYS = datetime(2020, 1, 1), datetime(2020, 1, 4)
YEARS = datetime(2010, 1, 1), datetime(2020, 1, 4)
LOCATORS = {
    "AsinhLocator": located(lambda: ticker.AsinhLocator(1.0)),
    "AutoLocator": located(ticker.AutoLocator),
    "AutoMinorLocator": lambda ax: minor(ax),
    "FixedLocator": located(lambda: ticker.FixedLocator([1, 3, 5])),
    "IndexLocator": located(lambda: ticker.IndexLocator(2, 0)),
    "LinearLocator": located(lambda: ticker.LinearLocator(3)),
    "LogLocator": located(ticker.LogLocator),
    "LogitLocator": located(ticker.LogitLocator, (0.1, 0.9)),
    "MaxNLocator": located(lambda: ticker.MaxNLocator(3)),
    "MultipleLocator": located(lambda: ticker.MultipleLocator(3)),
    "NullLocator": located(ticker.NullLocator),
    "SymmetricalLogLocator": located(lambda: ticker.SymmetricalLogLocator(base=10, linthresh=1)),
    "StrCategoryLocator": located(lambda: category.StrCategoryLocator({"a": 1, "b": 3})),
    "AutoDateLocator": located(dates.AutoDateLocator, DAYS),
    "DayLocator": located(dates.DayLocator, DAYS),
    "HourLocator": located(lambda: dates.HourLocator([0, 12]), DAYS),
    "MinuteLocator": located(lambda: dates.MinuteLocator([0, 30]), (DAYS[0], datetime(2020, 1, 1, 4))),
    "SecondLocator": located(lambda: dates.SecondLocator([0]), (DAYS[0], datetime(2020, 1, 1, 0, 4))),
    "MicrosecondLocator": located(
        lambda: dates.MicrosecondLocator(500_000), (DAYS[0], datetime(2020, 1, 1, 0, 0, 2))
    ),
    "MonthLocator": located(lambda: dates.MonthLocator([1, 7]), YEARS),
    "WeekdayLocator": located(dates.WeekdayLocator, (DAYS[0], datetime(2020, 1, 20))),
    "YearLocator": located(lambda: dates.YearLocator(4), YEARS),
    "RRuleLocator": located(lambda: dates.RRuleLocator(dates.rrulewrapper(dates.DAILY)), DAYS),
    "RadialLocator": lambda ax: polar(ax).yaxis.get_major_locator(),
    "ThetaLocator": lambda ax: polar(ax).xaxis.get_major_locator(),
}


def minor(ax):
    ax.set_xticks([0, 0.5, 1])
    ax.xaxis.set_minor_locator(ticker.AutoMinorLocator(3))
    return ax.xaxis.get_minor_locator()


def moved_by(make):
    """A line whose transform combines the subject with that of data coordinates."""

    def add(ax):
        transform = make(ax)
        ax.plot(X, X**2, transform=transform + ax.transData)
        return transform

    return add


def scaled(name, **kwargs):
    def add(ax):
        ax.set(xlim=(0.1, 0.9))
        ax.set_xscale(name, **kwargs)
        ax.plot(X, X**2)
        return ax.xaxis.get_transform()

    return add


def boxed(make):
    """An image in a box, which is the subject."""

    def add(ax):
        bbox = make(ax)
        made = image.BboxImage(bbox)
        made.set_data(GRID)
        ax.add_artist(made)
        return bbox

    return add


def square():
    return transforms.Bbox([[20, 20], [50, 40]])


TRANSFORMS = {
    "Affine2D": moved_by(lambda ax: transforms.Affine2D()),
    "AffineDeltaTransform": moved_by(
        lambda ax: transforms.AffineDeltaTransform(transforms.Affine2D().scale(0.5))
    ),
    "Bbox": boxed(lambda ax: square()),
    "BboxTransform": moved_by(
        lambda ax: transforms.BboxTransform(transforms.Bbox.unit(), transforms.Bbox([[0, 0], [1, 2]]))
    ),
    "BboxTransformFrom": moved_by(lambda ax: transforms.BboxTransformFrom(transforms.Bbox.unit())),
    "BboxTransformTo": moved_by(lambda ax: transforms.BboxTransformTo(transforms.Bbox.unit())),
    "BlendedAffine2D": moved_by(
        lambda ax: transforms.blended_transform_factory(transforms.Affine2D(), transforms.Affine2D())
    ),
    "BlendedGenericTransform": moved_by(
        lambda ax: transforms.BlendedGenericTransform(scale.LogTransform(10), transforms.Affine2D())
    ),
    "CompositeAffine2D": moved_by(lambda ax: transforms.Affine2D() + transforms.Affine2D().scale(0.5)),
    "CompositeGenericTransform": moved_by(
        lambda ax: (
            transforms.blended_transform_factory(scale.AsinhTransform(1.0), transforms.Affine2D())
            + transforms.Affine2D().scale(0.5)
        )
    ),
    "IdentityTransform": moved_by(lambda ax: transforms.IdentityTransform()),
    "LockableBbox": boxed(lambda ax: transforms.LockableBbox(square())),
    "ScaledTranslation": moved_by(
        lambda ax: transforms.ScaledTranslation(0.1, 0.1, transforms.Affine2D())
    ),
    "TransformWrapper": moved_by(lambda ax: transforms.TransformWrapper(transforms.Affine2D())),
    "TransformedBbox": boxed(lambda ax: transforms.TransformedBbox(square(), transforms.Affine2D())),
    "AsinhTransform": scaled("asinh"),
    "FuncTransform": scaled("function", functions=(np.sqrt, np.square)),
    "LogTransform": scaled("log"),
    "LogitTransform": scaled("logit"),
    "SymmetricalLogTransform": scaled("symlog"),
    "PolarTransform": lambda ax: projected("polar")(ax).transProjection,
    "PolarAffine": lambda ax: projected("polar")(ax).transProjectionAffine,
    "HammerAxes.HammerTransform": lambda ax: projected("hammer")(ax).transProjection,
    "AitoffAxes.AitoffTransform": lambda ax: projected("aitoff")(ax).transProjection,
    "LambertAxes.LambertTransform": lambda ax: projected("lambert")(ax).transProjection,
    "MollweideAxes.MollweideTransform": lambda ax: projected("mollweide")(ax).transProjection,
}


def clipped(ax):
    circle = ax.add_patch(patches.Circle((0.5, 0.5), 0.3, fc="none"))
    (line,) = ax.plot(X, X)
    line.set_clip_path(circle)
    return circle


def shown_text(ax):
    return ax.text(0.3, 0.5, "a text", fontproperties=FontProperties())


def effects(make):
    def add(ax):
        made = make()
        ax.plot(X, X, lw=3, path_effects=[made, patheffects.Normal()])
        return made

    return add


OTHERS = {
    "FontProperties": lambda ax: shown_text(ax).get_fontproperties(),
    "FontProperties of a tick": lambda ax: tick_label(ax).get_fontproperties(),
    "FontProperties of a title": lambda ax: ticked(ax).title.get_fontproperties(),
    "FontProperties of a label": lambda ax: ticked(ax).xaxis.label.get_fontproperties(),
    "FontProperties of a legend": lambda ax: legend(ax).get_texts()[0].get_fontproperties(),
    "Text of a tick": tick_label,
    "Line2D of a tick": lambda ax: ticked(ax).xaxis.get_majorticklines()[2],
    "Text of a legend": lambda ax: legend(ax).get_texts()[0],
    "Line2D of a legend": lambda ax: legend(ax).get_lines()[0],
    "Text of a title": lambda ax: ticked(ax).title,
    "Text of a label": lambda ax: ticked(ax).xaxis.label,
    "Text of a cell": lambda ax: the_table(ax)[0, 0].get_text(),
    "FancyArrowPatch of an annotation": lambda ax: annotation(ax).arrow_patch,
    "Circle that clips": clipped,
    "MarkerStyle": lambda ax: with_marker(ax),
    "BoxStyle": lambda ax: ax.add_patch(
        patches.FancyBboxPatch((0.3, 0.3), 0.4, 0.4, "round,pad=0.05")
    ).get_boxstyle(),
    "ArrowStyle": lambda ax: ax.add_patch(
        patches.FancyArrowPatch((0.2, 0.2), (0.8, 0.7), arrowstyle="-|>", mutation_scale=9)
    ).get_arrowstyle(),
    "ConnectionStyle": lambda ax: ax.add_patch(
        patches.FancyArrowPatch((0.2, 0.2), (0.8, 0.7), connectionstyle="arc3,rad=0.2")
    ).get_connectionstyle(),
    "Colorizer": lambda ax: shared_colorizer(ax),
    "withStroke": effects(lambda: patheffects.withStroke(linewidth=6, foreground="r")),
    "SimpleLineShadow": effects(patheffects.SimpleLineShadow),
    "TickedStroke": effects(patheffects.TickedStroke),
    "Path": lambda ax: ax.add_patch(patches.PathPatch(path.Path(polygon()[0]))).get_path(),
    "Colorbar": colorbar,
    "Formatter of a colorbar": lambda ax: colorbar(ax).formatter,
    "Norm of two": lambda ax: shared_norm(ax),
    "Line2D that is hidden": lambda ax: hidden(ax),
    "Axis that is off": lambda ax: (ticked(ax), ax.set_axis_off())[0].xaxis,
}


def with_marker(ax):
    style = markers.MarkerStyle("o", "left")
    ax.plot(X, X, marker=style, ms=9)
    return ax.lines[-1]._marker


def hidden(ax):
    (line,) = ax.plot(X, X)
    line.set_visible(False)
    return line


def shared_colorizer(ax):
    colorizer = Colorizer("viridis", colors.Normalize(0, 1))
    ax.imshow(GRID, extent=(0, 1, 0, 1), colorizer=colorizer)
    return colorizer


def shared_norm(ax):
    norm = colors.Normalize(0, 1)
    ax.imshow(GRID, extent=(0, 0.5, 0, 1), norm=norm)
    ax.scatter([0.6, 0.8], [0.5, 0.5], c=[0.2, 0.6], norm=norm)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    return norm


KINDS = {
    "artists": (Artist, ARTISTS),
    "norms": (colors.Normalize, NORMS),
    "colormaps": (colors.Colormap, COLORMAPS),
    "formatters": (ticker.Formatter, FORMATTERS),
    "locators": (ticker.Locator, LOCATORS),
    "transforms": (transforms.TransformNode, TRANSFORMS),
    "others": (None, OTHERS),
}


def build(make):
    """Return a figure and its subject."""
    fig = Figure(figsize=(2, 1.5), dpi=50)
    ax = fig.add_axes((0.15, 0.2, 0.75, 0.6), xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
    ax.plot([0, 1], [0.4, 0.6], color="0.5")
    subject = make(ax)
    for one in fig.axes:
        if one.name == "rectilinear" and not isinstance(subject, ticker.Locator):
            one.autoscale(False)
    return fig, subject


# Changes of a subject.

#: Values for setters, by name, or by class and name.
VALUES = {
    "norm": [lambda o: colors.Normalize(0.2, 0.6)],
    "cmap": ["magma"],
    "set_aa": [False],
    "set_antialiased": [False],
    "set_edgegapcolor": ["y"],
    "set_ds": ["steps-mid"],
    "set_axis_off": [()],
    "set_axis_on": [()],
    "set_dash_joinstyle": ["bevel"],
    "set_base": [3.0],
    "set_tickdir": ["in"],
    "set_agg_filter": [lambda o: lambda image, dpi: (image[::-1].copy(), 0, 0)],
    "set_alpha": [0.4],
    "set_anchor": ["NE"],
    "set_annotation_clip": [True],
    "set_antialiaseds": [False],
    "set_array": [lambda o: np.asarray(o.get_array())[..., ::-1] * 0.7],
    "set_arrowstyle": ["fancy"],
    "set_aspect": ["equal", 0.5],
    "set_axes_locator": [lambda o: lambda ax, renderer: transforms.Bbox([[0.3, 0.3], [0.8, 0.9]])],
    "set_axisbelow": [True],
    "set_backgroundcolor": ["y"],
    "set_bad": ["m"],
    "set_bbox": [lambda o: {"facecolor": "y"}],
    "set_bounds": [(0.1, 0.2, 0.5, 0.5), (0.2, 0.6)],
    "set_box_aspect": [0.5, (2, 1, 1)],
    "set_boxstyle": ["sawtooth,pad=0.1"],
    "set_bbox_to_anchor": [(0.5, 0.5)],
    "set_c": ["r"],
    "set_capstyle": ["round", "projecting"],
    "set_center": [(0.4, 0.6)],
    "set_child": [lambda o: offsetbox.TextArea("child")],
    "set_clim": [(0.2, 0.6)],
    "set_clip_box": [lambda o: transforms.Bbox([[20, 20], [60, 50]])],
    "set_clip_path": [lambda o: patches.Circle((50, 35), 20, transform=transforms.IdentityTransform())],
    "set_clip_on": [False],
    "set_closed": [False],
    "set_cmap": ["magma"],
    "set_color": ["r"],
    "set_colors": ["r"],
    "set_connectionstyle": ["arc3,rad=0.3"],
    "set_dash_capstyle": ["round"],
    "set_dashes": [(3, 1)],
    "set_data": [
        lambda o: GRID[::-1] * 0.8,
        lambda o: (X, X[::-1]),
        lambda o: (np.linspace(0, 1, 4), np.linspace(0, 1, 3), GRID[::-1]),
        lambda o: (np.linspace(0, 1, 5), np.linspace(0, 1, 4), GRID[::-1]),
        lambda o: (X, X[::-1], 0.2),
        lambda o: {"x": 0.3},
    ],
    "set_data_3d": [lambda o: (X, X[::-1], X)],
    "set_default_intervals": [()],
    "set_drawstyle": ["steps-mid"],
    "set_edgecolor": ["r"],
    "set_edgecolors": ["r"],
    "set_ec": ["r"],
    "set_extent": [(0.1, 0.8, 0.2, 0.7)],
    "set_facecolor": ["c"],
    "set_facecolors": ["c"],
    "set_fc": ["c"],
    "set_fill": [False],
    "set_fillstyle": ["left"],
    "set_filternorm": [False],
    "set_filterrad": [7.0],
    "set_fontproperties": [lambda o: FontProperties(size=15)],
    "set_font_properties": [lambda o: FontProperties(size=15)],
    "set_font": [lambda o: FontProperties(size=15)],
    "set_family": ["monospace"],
    "set_fontfamily": ["monospace"],
    "set_fontname": ["DejaVu Serif"],
    "set_name": ["DejaVu Serif"],
    "set_fontsize": [14],
    "set_size": [14, 0.6],
    "set_fontstretch": ["condensed"],
    "set_stretch": ["condensed"],
    "set_fontstyle": ["italic"],
    "set_style": ["italic", "round"],
    "set_fontvariant": ["small-caps"],
    "set_variant": ["small-caps"],
    "set_fontweight": ["bold"],
    "set_weight": ["bold"],
    "set_fontfeatures": [("-kern",)],
    "set_file": [None],
    "set_fontconfig_pattern": ["serif:bold"],
    "set_func": [lambda o: lambda x, pos=None: f"<{x:.2f}>"],
    "set_frame_on": [False],
    "set_frameon": [False],
    "set_gamma": [2.0],
    "set_gapcolor": ["y"],
    "set_hatch": ["xx"],
    "set_hatch_linewidth": [4.0],
    "set_hatchcolor": ["r"],
    "set_height": [9.0, lambda o: lambda *_: 9],
    "set_heights": [15.0],
    "set_horizontalalignment": ["right"],
    "set_ha": ["right"],
    "set_interpolation": ["bicubic"],
    "set_interpolation_stage": ["rgba"],
    "set_joinstyle": ["bevel"],
    "set_label": ["label"],
    "set_label_coords": [lambda o: (0.3, 0.6)],
    "set_label_position": ["top", "right"],
    "set_label_text": ["another"],
    "set_label1": ["another"],
    "set_label2": ["another"],
    "set_latitude_grid": [20],
    "set_linespacing": [3],
    "set_linestyle": [":"],
    "set_linestyles": [":"],
    "set_ls": [":"],
    "set_linewidth": [4],
    "set_linewidths": [4],
    "set_lw": [4],
    "set_loc": ["lower right"],
    "set_locs": [[1.002, 1.005]],
    "set_longitude_grid": [40],
    "set_longitude_grid_ends": [40],
    "set_major_formatter": ["<{x:.1f}>"],
    "set_major_locator": [lambda o: ticker.FixedLocator([0.2, 0.4])],
    "set_minor_formatter": ["<{x:.1f}>"],
    "set_minor_locator": [lambda o: ticker.FixedLocator([0.1, 0.3])],
    "set_marker": ["s"],
    "set_markevery": [3],
    "set_markeredgecolor": ["r"],
    "set_mec": ["r"],
    "set_markeredgewidth": [3],
    "set_mew": [3],
    "set_markerfacecolor": ["r"],
    "set_mfc": ["r"],
    "set_markerfacecoloralt": ["y"],
    "set_mfcalt": ["y"],
    "set_markersize": [12],
    "set_ms": [12],
    "set_math_fontfamily": ["stix"],
    "set_minimumdescent": [True],
    "set_multialignment": ["right"],
    "set_ma": ["right"],
    "set_mutation_aspect": [2],
    "set_mutation_scale": [20],
    "set_navigate": [False],
    "set_norm": [lambda o: colors.Normalize(0.2, 0.6)],
    "set_offset": [(30, 10), lambda o: lambda *args: (30, 10)],
    "set_offset_position": ["right"],
    "set_offset_string": ["offset"],
    "set_offset_transform": [lambda o: transforms.Affine2D().translate(9, 9)],
    "set_offsets": [lambda o: o.get_offsets() * 0.7 + 0.1],
    "set_orientation": ["vertical"],
    "set_over": ["m"],
    "set_under": ["c"],
    "set_extremes": [lambda o: {"bad": "y", "over": "m"}],
    "set_pad": [9],
    "set_pane_color": ["y"],
    "set_params": [
        lambda o: {"nbins": 6},
        lambda o: {"nticks": 6},
        lambda o: {"presets": {}},
        lambda o: {},
    ],
    "set_parse_math": [False],
    "set_patchA": [lambda o: patches.Circle((40, 30), 15, transform=transforms.IdentityTransform())],
    "set_patchB": [lambda o: patches.Circle((40, 30), 15, transform=transforms.IdentityTransform())],
    "set_patch_arc": [lambda o: ((0.5, 0.5), 0.4, 0, 200)],
    "set_patch_circle": [lambda o: ((0.5, 0.5), 0.4)],
    "set_patch_line": [()],
    "set_path": [lambda o: path.Path([(0.1, 0.3), (0.5, 0.2), (0.3, 0.9)])],
    "set_path_effects": [lambda o: [patheffects.withStroke(linewidth=5, foreground="y")]],
    "set_paths": [
        lambda o: [path.Path([(0.1, 0.3), (0.5, 0.2), (0.3, 0.9)])],
        lambda o: [patches.Circle((0.3, 0.3), 0.2)],
        lambda o: polygon()[:1],
    ],
    "set_points": [lambda o: [[10, 15], [60, 50]]],
    "set_position": [(0.2, 0.3), "top", ("axes", 0.5), (0.2, 0.3, 0.5, 0.5)],
    "set_position_3d": [(0.2, 0.3, 0.6)],
    "set_positions": [((0.2, 0.4), (0.7, 0.8)), lambda o: [0.3, 0.4]],
    "set_powerlimits": [lambda o: (0, 0)],
    "set_proj_type": ["ortho"],
    "set_prop_cycle": [lambda o: {"color": ["r", "g"]}],
    "set_radii": [0.2, (0.4, 0.2)],
    "set_remove_overlapping_locs": [False],
    "set_rgrids": [lambda o: {"radii": [0.3, 0.8]}],
    "set_rlim": [(0, 2)],
    "set_rscale": ["symlog"],
    "set_rotation": [40],
    "set_rotation_mode": ["anchor"],
    "set_rotate_label": [True],
    "set_segments": [
        lambda o: [p[:2] for p in polygon()],
        lambda o: [[(0, 0, 0), (1, 0, 1)]],
    ],
    "set_sizes": [lambda o: [150.0]],
    "set_sketch_params": [lambda o: {"scale": 5}],
    "set_snap": [False, True],
    "set_solid_capstyle": ["round"],
    "set_solid_joinstyle": ["bevel"],
    "set_sort_zpos": [3],
    "set_subplotspec": [lambda o: o.get_figure().add_gridspec(2, 2)[0, 1]],
    "set_text": ["other", lambda o: "other"],
    "set_text_props": [lambda o: {"color": "r"}],
    "set_theta_direction": ["clockwise"],
    "set_theta_zero_location": ["N"],
    "set_thetagrids": [lambda o: {"angles": [20, 90]}],
    "set_thetalim": [(0, 2)],
    "set_thetamax": [200],
    "set_thetamin": [20],
    "set_tick_params": [lambda o: {"length": 9, "labelsize": 5}],
    "set_ticks": [lambda o: [0.2, 0.6]],
    "set_ticklabels": [lambda o: ["a", "b", "c"]],
    "set_ticks_position": ["top", "right", "upper"],
    "set_tick_direction": ["in"],
    "set_title": ["new title"],
    "set_transform": [lambda o: transforms.Affine2D().translate(5, 5) + o.get_transform()],
    "set_transform_rotates_text": [True],
    "set_url": ["url"],
    "set_useLocale": [True],
    "set_useMathText": [True],
    "set_UVC": [lambda o: (-X, X)],
    "set_verticalalignment": ["top"],
    "set_va": ["top"],
    "set_verts": [
        lambda o: polygon()[::-1][:1],
        lambda o: [[(0, 0, 0), (1, 0, 1), (1, 1, 0)]],
    ],
    "set_verts_and_codes": [lambda o: (polygon()[:1], [[1, 2, 2]])],
    "set_visible": [False],
    "set_width": [9.0, 0.2],
    "set_widths": [25.0],
    "set_angles": [30.0],
    "set_wrap": [True],
    "set_x": [0.4],
    "set_y": [0.4],
    "set_z": [0.6],
    "set_xbound": [(0.1, 0.7)],
    "set_ybound": [(0.1, 0.7)],
    "set_zbound": [(0.1, 0.7)],
    "set_xlim": [(0.2, 1.4)],
    "set_ylim": [(0.2, 1.4)],
    "set_zlim": [(0.2, 1.4)],
    "set_xlim3d": [(0.2, 1.4)],
    "set_ylim3d": [(0.2, 1.4)],
    "set_zlim3d": [(0.2, 1.4)],
    "set_xlabel": ["an x"],
    "set_ylabel": ["a y"],
    "set_zlabel": ["a z"],
    "set_xmargin": [0.4],
    "set_ymargin": [0.4],
    "set_zmargin": [0.4],
    "set_xscale": ["symlog"],
    "set_yscale": ["symlog"],
    "set_zscale": ["symlog"],
    "set_xticks": [lambda o: [0.2, 0.6]],
    "set_yticks": [lambda o: [0.2, 0.6]],
    "set_zticks": [lambda o: [0.2, 0.6]],
    "set_xticklabels": [lambda o: ["a", "b", "c"]],
    "set_yticklabels": [lambda o: ["a", "b", "c"]],
    "set_zticklabels": [lambda o: ["a", "b", "c"]],
    "set_xy": [(0.3, 0.4), lambda o: [(0.1, 0.1), (0.8, 0.2), (0.3, 0.9)]],
    "set_xy1": [(0.1, 0.5)],
    "set_xy2": [(0.7, 0.5)],
    "set_slope": [0.4],
    "set_xdata": [lambda o: X[::-1], lambda o: [0.3]],
    "set_ydata": [lambda o: X[::-1], lambda o: [0.3]],
    "set_zorder": [-3, 9],
    "set_zoom": [9],
    "set_3d_properties": [
        lambda o: {"zs": 0.5},
        lambda o: {"zs": 0.5, "zdir": "x"},
        lambda o: ([0.5], "z"),
    ],
    "set_alignment": ["right"],
    "set_draggable": [True],
    "set_ncols": [2],
    "set_layout_engine": ["constrained", "none"],
    "set_constrained_layout": [True],
    "set_tight_layout": [True],
    "set_constrained_layout_pads": [lambda o: {"w_pad": 0.3}],
    "set_size_inches": [(2.5, 1.5)],
    "set_dpi": [60],
    "set_figheight": [1.8],
    "set_figwidth": [2.2],
    "set_functions": [(np.square, np.sqrt)],
    "set_data_interval": [(0.1, 0.9)],
    "set_view_interval": [(0.1, 0.7)],
    "set_inverted": [True],
    "set_zsort": ["min"],
    "set_depthshade": [False],
    "set_mouseover": [True],
    "set_picker": [True],
    "set_pickradius": [9],
    "set_gid": ["gid"],
    "set_in_layout": [False],
    "set_rasterized": [True],
    "set_rasterization_zorder": [9],
    "set_adjustable": ["datalim"],
    "set_autoscale_on": [True],
    "set_autoscalex_on": [True],
    "set_autoscaley_on": [True],
    "set_autoscalez_on": [True],
    "set_animated": [True],
    "set_semimajor": [0.3],
    "set_semiminor": [0.2],
    "set_radius": [0.2],
    "set_theta1": [60],
    "set_theta2": [120],
    "set_linelength": [0.2],
    "set_lineoffset": [0.3],
    "set_rorigin": [-1],
    "set_rmax": [2],
    "set_rmin": [0.1],
    "set_rlabel_position": [90],
    "set_rticks": [lambda o: [0.3, 0.8]],
    "set_theta_offset": [1],
    "set_one_half": ["half"],
    "set_minor_threshold": [1],
    "set_minor_number": [3],
    "set_tzinfo": [lambda o: dates.datetime.timezone(dates.datetime.timedelta(hours=5))],
    "set_matrix": [lambda o: np.array([[0.5, 0, 0.1], [0.2, 0.7, 0], [0, 0, 1]])],
    "set_useOffset": [1.0],
    "set_scientific": [False],
    "set_anncoords": ["axes fraction"],
}

#: Methods other than setters that change an object, by class.
METHODS = {
    transforms.Affine2D: {
        "rotate": (0.3,),
        "rotate_deg": (20,),
        "rotate_around": (0.5, 0.5, 0.2),
        "scale": (0.5,),
        "skew": (0.3, 0.1),
        "translate": (0.2, 0.1),
        "clear": (),
    },
    transforms.TransformWrapper: {"set": (transforms.Affine2D().scale(0.3),)},
    axis.Axis: {"reset_ticks": (), "clear": (), "grid": (True,)},
}


def given(subject, value):
    return value(subject) if inspect.isfunction(value) else value


def by_getter(subject, name):
    """Guess values for a setter from the present one."""
    getter = getattr(subject, "get" + name[3:], None) or getattr(subject, name[4:], None)
    try:
        now = getter() if callable(getter) else getter
    except Exception:
        return []
    return guesses(now)


def guesses(now):
    if isinstance(now, bool | np.bool_):
        return [not now]
    if isinstance(now, int | float | np.number):
        return [now * 0.7 + 0.1, now + 1]
    if isinstance(now, str):
        return ["right", "%.1f", "another"]
    if isinstance(now, np.ndarray) and now.dtype.kind in "fi":
        return [now * 0.7 + 0.1]
    if isinstance(now, tuple | list) and now and all(isinstance(n, int | float) for n in now):
        return [type(now)(n * 0.7 + 0.1 for n in now)]
    if isinstance(now, tuple | list) and now and all(isinstance(n, str) for n in now):
        return [type(now)(n + "!" for n in now)]
    if now is None:
        return [1.0, "red", True]
    return []


def setters(subject):
    names = [
        n for n in dir(type(subject)) if n.startswith("set_") and callable(getattr(subject, n, None))
    ]
    return [n for n in names if n not in NO_PICTURE]


def attributes(subject):
    """Return public attributes that can be set and are not methods."""
    names = []
    for name in dir(subject):
        described = getattr(type(subject), name, None)
        if name.startswith("_") or (isinstance(described, property) and described.fset is None):
            continue
        try:
            value = getattr(subject, name)
        except Exception:
            continue
        if not callable(value) or isinstance(value, transforms.TransformNode):
            names.append(name)
    return names


def changes(subject):
    """Return the names of all changes of an object: setters, attributes, methods."""
    found = setters(subject)
    if isinstance(subject, Artist):  # other attributes belong to setters
        found += [name for name in ("zorder", "norm", "cmap") if hasattr(subject, name)]
    else:
        found += [name for name in attributes(subject) if name not in NO_PICTURE]
    for cls, methods in METHODS.items():
        if isinstance(subject, cls):
            found += [f"{name}()" for name in methods]
    return found


#: Attributes that lead elsewhere or are internal to matplotlib, and setters of these.
NO_PICTURE = {
    *("axes", "figure", "stale", "stale_callback", "callbacks", "canvas", "axis", "parent", "mouseover"),
    *("set_children", "set_figure", "set_canvas", "set_axis", "coefs", "locs", "input_dims"),
    *("output_dims", "is_affine", "is_bbox", "is_separable", "has_inverse", "pass_through"),
    "set_usetex",  # there may be no TeX
}


def values_for(subject, name):
    """Return values that are known to fit, and guessed ones in case these do not."""
    if name.endswith("()"):
        return [None], []
    if name.startswith("set_"):
        return VALUES.get(name, []), by_getter(subject, name)
    return VALUES.get(name, []), guesses(getattr(subject, name))


def apply(subject, name, value):
    """Change a subject."""
    if name.endswith("()"):
        for cls, methods in METHODS.items():
            if isinstance(subject, cls):
                return getattr(subject, name[:-2])(*methods[name[:-2]])
    value = given(subject, value)
    if not name.startswith("set_"):
        return setattr(subject, name, value)
    setter = getattr(subject, name)
    if isinstance(value, dict) and name not in ("set_bbox",):
        return setter(**value)
    if isinstance(value, tuple) and (not value or takes_several(setter, len(value))):
        return setter(*value)
    return setter(value)


def takes_several(function, n):
    try:
        inspect.signature(function).bind(*range(n))
    except TypeError:
        return False
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    return n > 1 and (inspect.Parameter.VAR_POSITIONAL in kinds or needed(function) == n)


def needed(function):
    return sum(
        p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        for p in inspect.signature(function).parameters.values()
    )
