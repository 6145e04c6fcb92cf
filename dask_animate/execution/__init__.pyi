from .choose_executor import open_executor as open_executor
from .cluster import ClusterOptions as ClusterOptions
from .lazy_arrays import lazy_frames as lazy_frames
from .partitioning import Plan as Plan
from .render_loop import Executed as Executed
from .render_loop import RenderLoop as RenderLoop
from .store_request import StoreRequest as StoreRequest
