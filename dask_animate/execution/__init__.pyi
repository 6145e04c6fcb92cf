from .cluster import check_client as check_client
from .cluster import check_num_workers as check_num_workers
from .cluster import open_client as open_client
from .executor import Render as Render
from .lazy import lazy_frames as lazy_frames
from .plan import Plan as Plan
from .plan import StoreRequest as StoreRequest
