"""Animations of matplotlib, as scripts make them; lists of those that have history, and have none."""

import random
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import ArtistAnimation, FuncAnimation
from matplotlib.patches import ConnectionPatch

X = np.linspace(0, 2 * np.pi, 100)
GRID = np.meshgrid(np.linspace(-2, 2, 25), np.linspace(-2, 2, 25))
#: For small and short videos, which is what tests want.
SIZE = {"figsize": (3.2, 2.4), "dpi": 80}
LONGER = 1


def basic_line():
    fig, ax = plt.subplots(**SIZE)
    (line,) = ax.plot(X, np.sin(X))

    def animate(i):
        line.set_ydata(np.sin(X + i / 10))
        return (line,)

    return FuncAnimation(fig, animate, interval=20, blit=True, save_count=20 * LONGER)


def moving_dot():
    fig, ax = plt.subplots(**SIZE)
    ax.set_xlim(0, 10)
    dots = ax.scatter(1, 0)
    return FuncAnimation(
        fig, lambda x: dots.set_offsets((x, 0)), np.linspace(0, 10, 15 * LONGER), interval=50
    )


def pendulum():
    angles = np.cumsum(np.sin(np.linspace(0, 9, 40 * LONGER))) / 5
    fig = plt.figure(**SIZE)
    ax = fig.add_subplot(autoscale_on=False, xlim=(-2, 2), ylim=(-2, 1))
    ax.set_aspect("equal")
    ax.grid()
    (rod,) = ax.plot([], [], "o-", lw=2)
    (trace,) = ax.plot([], [], ".-", lw=1, ms=2)
    text = ax.text(0.05, 0.9, "", transform=ax.transAxes)

    def animate(i):
        rod.set_data([0, np.sin(angles[i])], [0, -np.cos(angles[i])])
        trace.set_data(np.sin(angles[:i]), -np.cos(angles[:i]))
        text.set_text(f"time = {i / 100:.1f}s")
        return rod, trace, text

    return FuncAnimation(fig, animate, len(angles), interval=10, blit=True)


def connected_axes():
    fig, (left, right) = plt.subplots(ncols=2, sharey=True, gridspec_kw={"wspace": 0}, **SIZE)
    left.set_aspect(1)
    left.plot(np.cos(X), np.sin(X), "k", lw=0.3)
    (point,) = left.plot(0, 0, "o")
    (sine,) = right.plot(X, np.sin(X))
    link = ConnectionPatch((1, 0), (0, 0), "data", "data", axesA=left, axesB=right, ls="dotted")
    fig.add_artist(link)

    def animate(t):
        x = np.linspace(0, t, int(t * 25 / np.pi))
        sine.set_data(x, np.sin(x))
        point.set_data([np.cos(t)], [np.sin(t)])
        link.xy1, link.xy2 = (np.cos(t), np.sin(t)), (t, np.sin(t))

    return FuncAnimation(
        fig, animate, frames=np.linspace(0, 6, 13 * LONGER), interval=50, repeat_delay=100
    )


def walks_3d():
    walks = [np.random.default_rng(k).normal(0, 0.1, (20 * LONGER, 3)).cumsum(axis=0) for k in range(8)]
    fig, ax = plt.subplots(subplot_kw={"projection": "3d"}, **SIZE)
    lines = [ax.plot([], [], [])[0] for _ in walks]
    ax.set(xlim3d=(-1, 1), ylim3d=(-1, 1), zlim3d=(-1, 1), xlabel="X")

    def animate(n, walks, lines):
        for line, walk in zip(lines, walks, strict=True):
            line.set_data_3d(walk[:n].T)

    return FuncAnimation(fig, animate, 20 * LONGER, fargs=(walks, lines), interval=100)


def rotating_surface():
    fig, ax = plt.subplots(subplot_kw={"projection": "3d"}, **SIZE)
    ax.plot_surface(*GRID, np.sin(np.hypot(*GRID) * 3), cmap="viridis", rcount=10, ccount=10)
    return FuncAnimation(fig, lambda angle: ax.view_init(30, angle), np.linspace(0, 90, 10 * LONGER))


def contours():
    fig, ax = plt.subplots(**SIZE)
    shown = [ax.contourf(*GRID, GRID[0])]
    fig.colorbar(shown[0])

    def animate(i):
        shown[0].remove()
        shown[0] = ax.contourf(*GRID, np.sin(GRID[0] + i / 3) * GRID[1], levels=np.linspace(-2, 2, 9))

    return FuncAnimation(fig, animate, 10 * LONGER)


def cleared_axes():
    fig = plt.figure(**SIZE)

    def animate(i):
        plt.cla()
        plt.hist(np.random.default_rng(i).normal(size=200), 20)
        plt.title(f"frame {i}")

    return FuncAnimation(fig, animate, frames=8 * LONGER, repeat=False)


def numbered_figure():
    plt.figure(3, **SIZE)
    fig = plt.figure("waves", **SIZE)

    def animate(i):
        plt.figure("waves")
        plt.clf()
        plt.plot(X, np.cos(X + i))

    return FuncAnimation(fig, animate, frames=8 * LONGER)


def growing_labels():
    fig, ax = plt.subplots(layout="constrained", **SIZE)
    (line,) = ax.plot(X, X)

    def animate(i):
        line.set_ydata(X * 10 ** (i % 8))
        ax.set_ylim(0, 7 * 10 ** (i % 8))
        ax.set_title("a title\n" * (i % 3) + "below")

    return FuncAnimation(fig, animate, 8 * LONGER)


def tinted_background():
    fig, ax = plt.subplots(facecolor=(1, 0, 0, 0.3), **SIZE)
    ax.set_facecolor((0, 1, 0, 0.3))
    bars = ax.bar(range(5), np.ones(5), alpha=0.5)

    def animate(i, *, bars):
        for k, bar in enumerate(bars):
            bar.set_height(1 + np.sin(i + k))

    return FuncAnimation(fig, partial(animate, bars=bars), 10 * LONGER)


def twins_and_polar():
    fig = plt.figure(**SIZE)
    left, right = fig.add_subplot(121), fig.add_subplot(122, projection="polar")
    other = left.twinx()
    lines = [axes.plot(X, np.sin(X))[0] for axes in (left, other, right)]
    other.set_ylim(-3, 3)

    def animate(i):
        for k, line in enumerate(lines):
            line.set_ydata(1 + np.sin(X + i / (k + 1)))

    return FuncAnimation(fig, animate, 10 * LONGER)


def images():
    fig, ax = plt.subplots(**SIZE)
    shown = [[ax.imshow(np.sin(GRID[0] + k / 3) + GRID[1], animated=True)] for k in range(12 * LONGER)]
    return ArtistAnimation(fig, shown, interval=50, blit=True, repeat_delay=1000)


def lines_and_texts():
    fig, ax = plt.subplots(**SIZE)
    shown = []
    for k in range(8 * LONGER):
        shown.append([*ax.plot(X, np.sin(X + k), "C0"), ax.text(3, 0, f"{k}")])
    shown.append([*shown[0], *shown[3]])
    return ArtistAnimation(fig, shown)


# With history.


def appended_points():
    fig, ax = plt.subplots(**SIZE)
    xs, ys = [], []
    (line,) = ax.plot([], [], lw=2)
    ax.grid()

    def data():
        t = 0.0
        for _ in range(20 * LONGER):
            t += 0.1
            yield t, np.sin(2 * np.pi * t)

    def init():
        ax.set(xlim=(0, 1), ylim=(-1.1, 1.1))
        del xs[:], ys[:]
        line.set_data(xs, ys)
        return (line,)

    def run(item):
        t, y = item
        xs.append(t)
        ys.append(y)
        if t >= ax.get_xlim()[1]:
            ax.set_xlim(0, 2 * ax.get_xlim()[1])
            ax.figure.canvas.draw()
        line.set_data(xs, ys)
        return (line,)

    return FuncAnimation(fig, run, data, interval=100, init_func=init, save_count=100 * LONGER)


def generator_in_closure():
    rng = np.random.default_rng(1)
    fig, ax = plt.subplots(**SIZE)
    _, bins, bars = ax.hist(rng.normal(size=200), np.linspace(-4, 4, 20))
    ax.set_ylim(top=55)

    def animate(i, bars):
        counts, _ = np.histogram(rng.normal(size=200), bins)
        for count, bar in zip(counts, bars.patches, strict=True):
            bar.set_height(count)
        return bars.patches

    return FuncAnimation(fig, partial(animate, bars=bars), 12 * LONGER, repeat=False, blit=True)


def global_random_numbers():
    np.random.seed(19)
    fig, ax = plt.subplots(**SIZE)
    dots = ax.scatter(*np.random.random((2, 20)))
    return FuncAnimation(fig, lambda i: dots.set_offsets(np.random.random((20, 2))), 12 * LONGER)


class Posterior:
    def __init__(self, ax):
        self.n = 0
        (self.line,) = ax.plot([], [], "k-")
        ax.set(xlim=(0, 1), ylim=(0, 4))
        ax.axvline(0.5, linestyle="--")

    def start(self):
        return (self.line,)

    def __call__(self, i):
        self.n = 0 if i == 0 else self.n + (random.random() < 0.7)
        x = np.linspace(0, 1, 100)
        density = x**self.n * (1 - x) ** (i - self.n)
        self.line.set_data(x, 100 * density / density.sum())
        return (self.line,)


def random_callable():
    random.seed(5)
    fig, ax = plt.subplots(**SIZE)
    posterior = Posterior(ax)
    return FuncAnimation(
        fig, posterior, init_func=posterior.start, frames=15 * LONGER, interval=100, blit=True
    )


class Pausable:
    def __init__(self):
        fig, ax = plt.subplots(**SIZE)
        self.values = np.exp(-(X**2))
        (self.line,) = ax.plot(X, self.values)
        ax.set_ylim(0, 5)
        self.animation = FuncAnimation(fig, self.update, frames=15 * LONGER, interval=50, blit=True)

    def update(self, i):
        self.values += i / 30
        self.line.set_ydata(self.values % 5)
        if i == 12:
            self.animation.pause()
            self.animation.event_source.stop()
        return (self.line,)


def object_that_holds_its_animation():
    return Pausable().animation


node = 0


def global_node():
    random.seed(2)
    fig = plt.figure(layout="tight", **SIZE)
    ax = fig.add_subplot(projection="3d")
    corners = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)])

    def init():
        ax.clear()
        ax.scatter(*corners.T)
        ax.plot(*corners[0], marker="s", color="red")
        ax.set_axis_off()

    def update(i):
        global node
        if i % 4 == 0:
            node = (node + random.choice([1, 2, 4])) % 8
            ax.lines[-1].set_data_3d(corners[node][:, np.newaxis])
        ax.view_init(i * 0.2, i * 0.5)

    return FuncAnimation(fig, update, init_func=init, frames=12 * LONGER, cache_frame_data=False)


def colors_that_cycle():
    fig, ax = plt.subplots(**SIZE)
    lines = list(ax.plot(X, X))

    def animate(i):
        lines.pop().remove()
        lines.extend(ax.plot(X, np.sin(X + i)))

    return FuncAnimation(fig, animate, 8 * LONGER)


def late_mark():
    fig, ax = plt.subplots(**SIZE)
    (line,) = ax.plot(X, np.sin(X))

    def animate(i):
        line.set_ydata(np.sin(X + i / 10))
        if i == 20:
            ax.axvline(3)

    return FuncAnimation(fig, animate, 40 * LONGER)


def trail():
    fig, ax = plt.subplots(**SIZE)
    ax.set(xlim=(-1, 1), ylim=(-1, 1))
    dots = [ax.plot([0], [0], "ro", alpha=(k + 1) / 5)[0] for k in range(5)]
    past = [(0.0, 0.0)] * 5

    def animate(t):
        past.append((np.cos(t), np.sin(t)))
        for dot, (x, y) in zip(dots, past[-5:], strict=True):
            dot.set_data([x], [y])

    return FuncAnimation(fig, animate, np.linspace(0, 6, 17 * LONGER))


class Walker:
    """Its one method yields what its other method shows."""

    def __init__(self):
        fig, ax = plt.subplots(**SIZE)
        ax.set(xlim=(0, 20), ylim=(0, 20))
        self.x = 0
        (self.dot,) = ax.plot([0], [5], "o")
        self.animation = FuncAnimation(fig, self.draw, frames=self.steps, save_count=8)

    def steps(self):
        for k in range(8):
            self.x += 2
            yield k

    def draw(self, k):
        self.dot.set_xdata([self.x])


# With history that cannot be copied.


def generator_in_function():
    fig, ax = plt.subplots(**SIZE)
    (line,) = ax.plot(X, X)
    states = (np.sin(X * k / 5) for k in range(100))
    return FuncAnimation(fig, lambda i: line.set_ydata(next(states)), 10)


def state_in_items():
    fig, ax = plt.subplots(**SIZE)
    (line,) = ax.plot(X, X)
    ax.set_ylim(0, 10)

    def animate(values):
        values += 0.5
        line.set_ydata(values)

    return FuncAnimation(fig, animate, [np.zeros(100)] * 10)


def generator_of_the_same_object():
    return Walker().animation


def stopped_by_the_function():
    fig, ax = plt.subplots(**SIZE)
    (line,) = ax.plot(X, X)
    state = {"stop": False}

    def items():
        i = 0
        while not state["stop"]:
            i += 1
            yield i

    def animate(i):
        line.set_ydata(X + i)
        state["stop"] = i >= 9

    return FuncAnimation(fig, animate, items, save_count=50)


def variable_of_both():
    fig, ax = plt.subplots(**SIZE)
    (line,) = ax.plot(X, X)
    n = 0

    def items():
        nonlocal n
        for i in range(6):
            n += i
            yield None

    return FuncAnimation(fig, lambda _: line.set_ydata(X * n), items, save_count=6)


def random_numbers_of_both():
    np.random.seed(7)
    fig, ax = plt.subplots(**SIZE)
    dots = ax.scatter(*np.random.random((2, 20)))

    def items():
        for _ in range(8):
            yield np.random.random()

    def animate(x):
        dots.set_offsets(np.random.random((20, 2)) + x)

    return FuncAnimation(fig, animate, items, save_count=8)


class Counted:
    n = 0


def counter_in_a_class():
    Counted.n = 0
    fig, ax = plt.subplots(**SIZE)
    (line,) = ax.plot(X, X)

    def animate(i):
        Counted.n += 1
        line.set_ydata(X * Counted.n)

    return FuncAnimation(fig, animate, 6)


def sentinel():
    mark = object()
    fig, ax = plt.subplots(**SIZE)
    (line,) = ax.plot(X, X)
    return FuncAnimation(fig, lambda item: line.set_ydata(X * (item is mark)), [mark, 1, mark])


def its_own_attributes():
    fig, ax = plt.subplots(**SIZE)
    (line,) = ax.plot(X, X)
    held = {}
    held["animation"] = FuncAnimation(fig, lambda i: line.set_ydata(X * i * held["animation"].factor), 6)
    held["animation"].factor = 2
    return held["animation"]


# Without history, but hard to copy.


def colorbar_that_follows():
    fig, ax = plt.subplots(**SIZE)
    image = ax.imshow(np.arange(12).reshape(3, 4))
    fig.colorbar(image)

    def animate(i):
        image.set_clim(0, 5 + i % 9)
        image.set_cmap(["viridis", "magma"][i % 2])

    return FuncAnimation(fig, animate, 6 * LONGER)


def callbacks():
    fig, ax = plt.subplots(**SIZE)
    (line,) = ax.plot(X, X)
    text = ax.text(1, 1, "")
    ax.callbacks.connect("xlim_changed", lambda ax: text.set_text(f"{ax.get_xlim()[1]:.1f}"))
    line.add_callback(lambda line: ax.set_title(f"{line.get_linewidth()}"))

    def animate(i):
        ax.set_xlim(0, 2 + i)
        line.set_linewidth(1 + i % 7)

    return FuncAnimation(fig, animate, 6 * LONGER)


def views_of_one_array():
    fig, ax = plt.subplots(**SIZE)
    ax.set(xlim=(0, 9), ylim=(0, 9))
    dots = ax.scatter(*np.zeros((2, 5)))
    state = np.zeros((5, 4))
    position, velocity = state[:, :2], state[:, 2:]
    velocity[:] = np.arange(10).reshape(5, 2)

    def animate(i):
        position[:] = velocity * i / 9
        dots.set_offsets(state[:, :2])

    return FuncAnimation(fig, animate, 6 * LONGER)


def same_item_again():
    fig, ax = plt.subplots(**SIZE)
    (line,) = ax.plot(X, X)
    ax.set_ylim(0, 9)

    def items():
        values = np.zeros(len(X))
        for _ in range(6 * LONGER):
            values += 1
            yield values

    return FuncAnimation(fig, line.set_ydata, items, save_count=6 * LONGER)


def changed_settings():
    fig, ax = plt.subplots(**SIZE)

    def animate(i):
        ax.clear()
        with plt.rc_context({"lines.linewidth": 1 + i % 7}):
            ax.plot(X, X)
        fig.set_facecolor(f"C{i % 9}")  # which does not show: matplotlib saves with the first color

    return FuncAnimation(fig, animate, 6 * LONGER)


WITHOUT_HISTORY = [
    *(basic_line, moving_dot, pendulum, connected_axes, walks_3d, rotating_surface, contours),
    *(cleared_axes, numbered_figure, tinted_background, twins_and_polar),
    *(images, lines_and_texts),
    *(colorbar_that_follows, callbacks, views_of_one_array, same_item_again, changed_settings),
]
WITH_HISTORY = [
    *(appended_points, generator_in_closure, global_random_numbers, random_callable),
    *(object_that_holds_its_animation, global_node, colors_that_cycle, late_mark, trail),
    growing_labels,  # where a layout begins is where that of the frame before ended
]
#: And why.
NOT_COPIED = {
    generator_in_function: "cannot pickle 'generator'",
    state_in_items: r"share an object \(ndarray\)",
    generator_of_the_same_object: r"share an object \(Walker\)",
    stopped_by_the_function: r"share an object \(dict\)",
    variable_of_both: "share a variable to which one of them assigns",
    random_numbers_of_both: "both draw random numbers",
    counter_in_a_class: r"the function changes Counted\.n",
    sentinel: r"share an object \(object\)",
    its_own_attributes: "the animation's attribute 'factor'",
}
