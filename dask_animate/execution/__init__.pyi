from .cluster import ClusterOptions as ClusterOptions
from .executor_choice import choose_executor as choose_executor
from .lazy_arrays import lazy_frames as lazy_frames
from .partitioning import Plan as Plan
from .pictures import PictureSource as PictureSource
from .pictures import open_pictures as open_pictures
from .render_loop import RenderLoop as RenderLoop
from .store_request import StoreRequest as StoreRequest
