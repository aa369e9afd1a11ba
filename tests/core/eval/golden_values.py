"""Prints the golden numbers of normal_features.h, computed with NumPy and SciPy alone.

The features are standard normal numbers of core/base/counter_rng.h, reimplemented here, so that both
sides see equal sets. Needs numpy and scipy (made with 2.4.6 and 1.17.1).
"""

import numpy as np
from scipy.linalg import sqrtm


def philox(step, sample, lane, key):
    """Philox4x32-10 at counter (step, sample, lane, 0)."""
    c = [np.asarray(x, dtype=np.uint64) for x in np.broadcast_arrays(step, sample, lane, 0)]
    k = list(key)
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * c[0]
        p1 = np.uint64(0xCD9E8D57) * c[2]
        high = np.uint64(32)
        c = [(p1 >> high) ^ c[1] ^ np.uint64(k[0]), p1 & low,
             (p0 >> high) ^ c[3] ^ np.uint64(k[1]), p0 & low]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return c


def normals(n, d, seed, scale=1.0, shift=0.0):
    """[n, d]: row = step, column = sample, purpose 1."""
    words = philox(np.arange(n)[:, None], np.arange(d)[None, :], 0, (seed, 1))
    radius = np.sqrt(-2 * np.log((words[0].astype(float) + 1) * 2.0**-32))
    return scale * radius * np.cos(2 * np.pi * words[1].astype(float) * 2.0**-32) + shift


def fid(a, b):
    difference = a.mean(0) - b.mean(0)
    sa, sb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    if min(len(a), len(b)) > a.shape[1]:
        root = np.trace(sqrtm(sa @ sb)).real
    else:  # sqrtm is not made for singular matrices
        root = np.sqrt(np.linalg.eigvals(sa @ sb).astype(complex)).real.sum()
    return difference @ difference + np.trace(sa) + np.trace(sb) - 2 * root


def kid(a, b):
    kernel = lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3
    within = lambda k: (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))
    return within(kernel(a, a)) + within(kernel(b, b)) - 2 * kernel(a, b).mean()


def kid_subsets(a, b, subsets, size):
    """Mean and population standard deviation over subsets drawn without replacement."""
    def rows(count, number, set_):
        order = list(range(count))
        for i in range(size):
            word = int(philox(number, i, set_, (2020, 33))[1])
            chosen = i + (word * (count - i) >> 32)
            order[i], order[chosen] = order[chosen], order[i]
        return sorted(order[:size])
    values = [kid(a[rows(len(a), i, 0)], b[rows(len(b), i, 1)]) for i in range(subsets)]
    return np.mean(values), np.std(values)


if __name__ == "__main__":
    for n, m, d in [(2, 3, 2), (8, 16, 4), (64, 32, 16), (20, 25, 64), (1024, 512, 32),
                    (512, 600, 256)]:
        a, b = normals(n, d, 1), normals(m, d, 2, 1.5, 0.25)
        print(f"{{{n}, {m}, {d}, {fid(a, b):.12g}, {kid(a, b):.12g}}},")
    for n, m, d, subsets, size in [(64, 32, 16, 20, 10), (20, 25, 64, 5, 1000)]:
        mean, deviation = kid_subsets(normals(n, d, 1), normals(m, d, 2, 1.5, 0.25), subsets,
                                      min(n, m, size))
        print(f"{{{n}, {m}, {d}, {subsets}, {size}, {mean:.12g}, {deviation:.12g}}},")
    for n, d in [(2, 2), (16, 2), (256, 16), (512, 64), (2048, 256), (4096, 128), (32768, 2)]:
        print(f"{{{n}, {d}, {fid(normals(n, d, 3), normals(n, d, 4)):.12g}}},")
