"""FID by SciPy's sqrtm of the covariances' product, as the published programs compute it.

    python fid_sqrtm.py A B D

A and B: files of double features [n, D]. Prints the distance, the milliseconds of means,
covariances and root, and the versions. fid_bench runs it.
"""

import sys
import time

try:
    import numpy as np
    import scipy
    from scipy.linalg import sqrtm
except ImportError as error:
    sys.exit(f"{sys.executable}: {error}")

a, b = (np.fromfile(file).reshape(-1, int(sys.argv[3])) for file in sys.argv[1:3])
start = time.perf_counter()
mean_a, mean_b = a.mean(0), b.mean(0)
sigma_a, sigma_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
root = sqrtm(sigma_a @ sigma_b)
if not np.isfinite(root).all():  # the product is singular: their remedy
    shift = 1e-6 * np.eye(len(sigma_a))
    root = sqrtm((sigma_a + shift) @ (sigma_b + shift))
difference = mean_a - mean_b
fid = difference @ difference + np.trace(sigma_a) + np.trace(sigma_b) - 2 * np.trace(root).real
print(fid, (time.perf_counter() - start) * 1000, f"NumPy {np.__version__} SciPy {scipy.__version__}")
