from ._matplotlib import rasterizer_of as rasterizer_of
from .blitter import Blitter as Blitter
from .blitter import can_blit as can_blit
from .clip_mask import forget_clip_mask as forget_clip_mask
from .display_list import full_renderer as full_renderer
from .rectangles import Rect as Rect
from .scene import all_axes as all_axes
from .unannounced import ChangeDetector as ChangeDetector
