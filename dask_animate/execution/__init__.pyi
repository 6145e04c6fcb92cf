from .cluster import ClusterOptions as ClusterOptions
from .execution import Executed as Executed
from .execution import Execution as Execution
from .executors import open_executor as open_executor
from .lazy import lazy_frames as lazy_frames
from .plan import Plan as Plan
from .store_request import StoreRequest as StoreRequest
