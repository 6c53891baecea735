"""What all tests share: one thread for torch and OpenCV, as the other tests have the other cores."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
