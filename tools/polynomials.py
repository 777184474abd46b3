"""
The minimax polynomials of core's vector functions (`packages/core/src/wasm/kernels/{vectorMath,trigonometry,gauss,power}.ts`).

Each is fitted by least squares at Chebyshev points whose weights move to where the relative error is large (Lawson's method), in
float64, and printed from the highest power down with the error it has, as a power of two, before its coefficients are
rounded to float32, as the sources have them.

    python3 tools/polynomials.py        # needs numpy and scipy
"""

import numpy as np
from scipy.special import erf, erfc, erfcinv, erfcx

POINTS = 6000
TURNS = 400


def fit(f, weight, low, high, degree, variable=lambda x: x):
    """Coefficients from the lowest power up in `variable(x)`, and the greatest weighted error."""
    x = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(POINTS) + 0.5) / POINTS)
    t, y, w = variable(x), f(x), weight(x)
    scale = np.max(np.abs(t))
    powers = np.stack([(t / scale) ** j for j in range(degree + 1)], 1)
    lawson = np.ones(POINTS)
    best = (np.inf, None)
    for _ in range(TURNS):
        root = np.sqrt(lawson) * w
        c, *_ = np.linalg.lstsq(powers * root[:, None], y * root, rcond=None)
        error = np.abs((powers @ c - y) * w)
        if error.max() < best[0]:
            best = (error.max(), c)
        lawson *= error / error.max() + 1e-9
        lawson /= lawson.mean()
    return best[1] / scale ** np.arange(degree + 1), best[0]


def show(name, result, digits=9):
    c, error = result
    print(f'{name} (2^{np.log2(error):.1f}): [{", ".join(f"{v:.{digits}g}" for v in c[::-1])}]')


def exponential(rate):
    """(e^(rate r) - 1 - rate r) / r² by its series"""

    def f(r):
        term = np.full_like(r, rate * rate / 2)
        total = np.zeros_like(r)
        for k in range(3, 21):
            total += term
            term = term * rate * r / k
        return total

    return f


def remainder(f, first, series, near=1e-2):
    """(f(x) - first(x)) / x³, by the start of a series where that would cancel"""
    return lambda x: np.where(x < near, series(x * x), (f(x) - first(x)) / np.maximum(x, 1e-9) ** 3)


square = lambda x: x * x
identity = lambda x: x


def odd(name, f, series, high, degree):
    show(name, fit(remainder(f, identity, series), lambda x: x**3 / f(x), 1e-6, high, degree, square))


LN2 = np.log(2)
show('EXP', fit(exponential(1), lambda r: r * r / np.exp(r), -LN2 / 2 * 1.0005, LN2 / 2 * 1.0005, 4))
show('EXP2', fit(exponential(LN2), lambda r: r * r / np.exp2(r), -0.5005, 0.5005, 4))


def log_rest(t):
    start = -1 / 2 + t / 3 - t * t / 4 + t**3 / 5 - t**4 / 6
    return np.where(np.abs(t) < 1e-3, start, (np.log1p(t) - t) / np.where(t == 0, 1, t * t))


log_weight = lambda t: t * t / np.maximum(np.abs(np.log1p(t)), 1e-30)
show('LOG', fit(log_rest, log_weight, np.sqrt(0.5) - 1, np.sqrt(2) - 1, 7))
odd('SINH', np.sinh, lambda z: 1 / 6 + z / 120 + z * z / 5040, 1, 2)
odd('SIN', np.sin, lambda z: -1 / 6 + z / 120 - z * z / 5040, np.pi / 4 * 1.02, 3)
cos_rest = lambda x: np.where(
    x < 3e-2, 1 / 24 - x * x / 720 + x**4 / 40320, (np.cos(x) - 1 + x * x / 2) / np.maximum(x, 1e-9) ** 4
)
show('COS', fit(cos_rest, lambda x: x**4 / np.cos(x), 1e-6, np.pi / 4 * 1.02, 2, square))
odd('ATAN', np.arctan, lambda z: -1 / 3 + z / 5 - z * z / 7, 1, 8)
odd('ASIN', np.arcsin, lambda z: 1 / 6 + 3 * z / 40 + 15 * z * z / 336, 0.5, 4)

erf_ratio = lambda x: np.where(x < 1e-8, 2 / np.sqrt(np.pi), erf(x) / np.maximum(x, 1e-30))
show('ERF', fit(erf_ratio, lambda x: 1 / erf_ratio(x), 1e-6, 0.9, 5, square))
erfc_weight = lambda a: erfc(a) * LN2 / erf(a)
show('ERFC_LOG2', fit(lambda a: np.log2(erfc(a)), erfc_weight, 0.9, 4, 6))
erfcx_ratio = lambda u: erfcx(u) * (1 + u / 2)
show('ERFCX', fit(erfcx_ratio, lambda u: 1 / erfcx_ratio(u), 0, 10.1, 8, lambda u: 1 / (1 + u / 2) - 0.5))


def erfinv_ratio(w):
    x = np.sqrt(-np.expm1(-w))
    return np.where(x < 1e-7, np.sqrt(np.pi) / 2, erfcinv(np.exp(-w) / (1 + x)) / np.maximum(x, 1e-30))


show('ERFINV_CENTRAL', fit(erfinv_ratio, lambda w: 1 / erfinv_ratio(w), 1e-9, 5, 9, lambda w: w - 2.5))
tail = lambda s: erfinv_ratio(s * s)
show('ERFINV_TAIL', fit(tail, lambda s: 1 / tail(s), np.sqrt(5), 4.05, 8, lambda s: s - 3))

log2_ratio = lambda s: np.where(
    s < 1e-4, 2 / LN2 * (1 + s * s / 3 + s**4 / 5), 2 * np.arctanh(s) / LN2 / np.maximum(s, 1e-12)
)
edge = (np.sqrt(2) - 1) / (np.sqrt(2) + 1)
show('LOG2', fit(log2_ratio, lambda s: 1 / log2_ratio(s), 1e-6, edge * 1.0001, 4, square), 16)
