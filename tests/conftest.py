"""What all tests share: one thread for torch and OpenCV, and patience on busy machines."""

import os

from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Where CI is set, hypothesis itself loads a profile without deadlines and without chance.
settings.register_profile("busy", deadline=None)
if "CI" not in os.environ:
    settings.load_profile("busy")

# Fixtures that several modules share; loaded after the lines above, for they bring torch.
pytest_plugins = ("readings", "place")
