"""Writes the .npz files of npz_test.cc into golden/ (made with NumPy 2.4.6). Values: mu is 0.5, 1.5, 2.5 and sigma is
((4, 1, 0.5), (1, 3, 0.25), (0.5, 0.25, 2)) but in fortran.npz, where x[i][j] = 10 i + j has two rows and three columns.

    python npz_files.py golden/
"""

import pathlib
import sys

import numpy as np

MU = np.array([0.5, 1.5, 2.5])
SIGMA = np.array([[4, 1, 0.5], [1, 3, 0.25], [0.5, 0.25, 2]])


def main():
    folder = pathlib.Path(sys.argv[1])
    np.savez(folder / "stored.npz", mu=MU, sigma=SIGMA)
    np.savez_compressed(folder / "deflated.npz", mu=MU, sigma=SIGMA)
    np.savez(folder / "float32.npz", mu=MU.astype("<f4"), sigma=SIGMA.astype("<f4"))
    x = np.array([[0, 1, 2], [10, 11, 12]], dtype="<f8", order="F")
    np.savez(folder / "fortran.npz", x=x)
    np.savez(folder / "others.npz", mu=MU.astype(">f8"), whole=np.arange(3), text=np.array("hello"),
             records=np.zeros(2, dtype=[("a", "<f8"), ("b", "<f8")]), pickled=np.array([{}], dtype=object))


if __name__ == "__main__":
    main()
