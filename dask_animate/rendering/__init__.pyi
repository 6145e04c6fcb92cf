from .pool import renderers as renderers
from .renderer import Renderer as Renderer
from .source_spec import FigureSpec as FigureSpec
from .source_spec import SourceSpec as SourceSpec
from .task_output import Block as Block
from .task_output import StoredFrames as StoredFrames
from .task_output import TaskOutput as TaskOutput
from .task_output import TaskSpec as TaskSpec
