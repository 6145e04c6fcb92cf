from .contact_sheet import ContactSheet as ContactSheet
from .contact_sheet import make_sheet as make_sheet
from .determinism import CheckReport as CheckReport
from .determinism import DeterminismCheck as DeterminismCheck
from .explorer import Explorer as Explorer
from .explorer import require_ipywidgets as require_ipywidgets
from .sampling import sample_evenly as sample_evenly
from .sampling import sample_runs as sample_runs
