from ._matplotlib import all_axes as all_axes
from ._matplotlib import full_renderer as full_renderer
from .blitter import Blitter as Blitter
from .blitter import can_blit as can_blit
from .clip_mask import forget_clip_mask as forget_clip_mask
from .rectangles import Rect as Rect
from .unannounced import Onlooker as Onlooker
