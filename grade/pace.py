"""How patient the harness is.

Every wait is generous, and $GRADE_SLOW multiplies them all (GRADE_SLOW=5 for a loaded machine).
Speed is never judged by these: it is counted in guest instructions.
"""

import os

SLOW = float(os.environ.get("GRADE_SLOW", "1"))
