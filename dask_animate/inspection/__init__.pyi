from .contact_sheet import ContactSheet as ContactSheet
from .contact_sheet import make_sheet as make_sheet
from .contact_sheet import spread as spread
from .determinism import Checker as Checker
from .determinism import CheckReport as CheckReport
from .determinism import choose as choose
