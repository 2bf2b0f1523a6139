"""What can go wrong between a test and its machine.

All are AssertionErrors: for pytest a guest that does not answer is a failed test, not a broken one.
"""


class HarnessError(AssertionError):
    """Something the guest, or QEMU, should have done and did not."""


class NotSeen(HarnessError):
    """The console did not show what was expected in time."""


class MachineEnded(HarnessError):
    """QEMU ended while the test still wanted something from it."""


class DeadlineExpired(HarnessError):
    """The machine ran longer than it may and was killed."""


class BuildFailed(HarnessError):
    """make could not build the image."""
