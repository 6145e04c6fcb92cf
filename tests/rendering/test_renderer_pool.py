"""The renderers that a process keeps: which are made, lent, held and closed, and when."""

import threading
from typing import ClassVar

import pytest
from helpers import FrameNumber

from dask_animate.drawing import DrawOptions
from dask_animate.rendering.renderer_pool import KEPT_RENDERERS, RendererPool


class Counts(FrameNumber):
    """Counts the figures that are built; the list is shared by all copies."""

    built: ClassVar = []

    def setup(self):
        self.built.append(threading.get_ident())
        return super().setup()


@pytest.fixture
def spec():
    Counts.built.clear()
    return Counts()._spec(DrawOptions.create(None))


def build(pool, name, spec):
    with pool.lent(name, lambda: spec) as renderer:
        assert renderer.size().width == 140
    return renderer


def test_a_renderer_is_made_once(spec):
    pool = RendererPool()
    assert build(pool, "a", spec) is build(pool, "a", spec)
    assert len(Counts.built) == 1


def test_the_renderers_that_were_used_last_are_kept(spec):
    pool = RendererPool()
    first = build(pool, "0", spec)
    for idx in range(1, KEPT_RENDERERS):
        build(pool, str(idx), spec)
    assert build(pool, "0", spec) is first
    build(pool, "new", spec)  # closes the one after the first
    n_built = len(Counts.built)
    assert build(pool, "0", spec) is first
    assert len(Counts.built) == n_built
    build(pool, "1", spec)
    assert len(Counts.built) == n_built + 1


def test_a_renderer_in_use_is_not_closed(spec):
    pool = RendererPool()
    with pool.lent("used", lambda: spec) as renderer:
        renderer.size()
        for idx in range(2 * KEPT_RENDERERS):
            build(pool, str(idx), spec)
        n_built = len(Counts.built)
        assert renderer.frame(3, 5).shape == (40, 140, 3)
        with pool.lent("used", lambda: spec) as again:
            assert again is renderer
        assert renderer.frame(4, 5).shape == (40, 140, 3)
    assert len(Counts.built) == n_built


def test_a_held_renderer_is_kept_until_it_is_released_as_often(spec):
    pool = RendererPool()
    assert pool.held("held") is None
    pool.hold("held", spec)
    pool.hold("held", spec)
    assert not Counts.built  # the first task builds it
    held = pool.held("held")
    assert build(pool, "held", spec) is held
    for idx in range(2 * KEPT_RENDERERS):
        build(pool, str(idx), spec)
    assert pool.held("held") is held
    pool.release("held")
    assert pool.held("held") is held
    pool.release("held")
    assert pool.held("held") is None


def test_threads_share_a_renderer(spec):
    pool = RendererPool()
    found = []
    threads = [threading.Thread(target=lambda: found.append(build(pool, "a", spec))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == len(Counts.built) == 1
