"""Which worker runs which test, when pytest shares them out (-n 2).

What a fixture of a file makes, each worker that runs a test of the file makes again. So the tests of
such a file stay together, and those of a file that asks for it (pytestmark = pytest.mark.one_worker);
all others go one by one to whoever has least to do.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling


@cache
def _stay_together(file: Path) -> bool:
    text = file.read_text()
    return 'scope="module"' in text or "pytestmark = pytest.mark.one_worker" in text


class FilesThatShareStayTogether(LoadScopeScheduling):
    """A unit of work is a file, or a test."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return file if _stay_together(self.config.rootpath / file) else nodeid
