"""How likely an account's counts and ages are under MBG/CNBD-k, and which way is up."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, digamma, gammaln

from kommo_sync.model.arrays import FloatArray, IntArray
from kommo_sync.model.btyd import Ages
from kommo_sync.model.distinct import counted_rows

_CHUNK = 1 << 15  # rows whose columns stay in the processor's cache
_LEAST = 1e-300


@dataclass(frozen=True, slots=True)
class Rows:
    """Distinct rows of ages, and how many clients each stands for.

    Args:
        repeats: shape (u,), the distinct numbers of repeats.
        code: shape (n,), which of them a row has.
        last: shape (n,), the age at the last purchase.
        age: shape (n,).
        weight: shape (n,), clients.
    """

    repeats: FloatArray
    code: IntArray
    last: FloatArray
    age: FloatArray
    weight: FloatArray

    @classmethod
    def of(cls, ages: Ages, unit: float) -> "Rows":
        """Return the ages, grouped, in units."""
        first, clients = counted_rows(ages.repeats, ages.age, ages.last_purchase_age)
        repeats, code = np.unique(ages.repeats[first], return_inverse=True)
        last, age = ages.last_purchase_age[first] / unit, ages.age[first] / unit
        return cls(repeats, code, last, age, clients.astype(np.float64))

    def sample(self, size: int) -> "Rows":
        """Return every so-many-th client of them, the same whatever their order was."""
        ends = np.cumsum(self.weight)
        if ends[-1] <= size:
            return self
        spots = (np.arange(size) + 0.5) * (ends[-1] / size)
        row, weight = np.unique(np.searchsorted(ends, spots), return_counts=True)
        return Rows(
            self.repeats,
            self.code[row],
            self.last[row],
            self.age[row],
            weight * (ends[-1] / size),
        )

    def chunks(self) -> "list[Rows]":
        """Return the rows in pieces, in order."""
        return [
            Rows(self.repeats, self.code[s], self.last[s], self.age[s], self.weight[s])
            for low in range(0, len(self.code), _CHUNK)
            for s in [slice(low, low + _CHUNK)]
        ]


def log_likelihood(
    theta: FloatArray, rows: Rows, k: int, modified: bool
) -> tuple[float, FloatArray]:
    """Return the log-likelihood without what depends on k alone, and its gradient.

    Per client, with s = r + k x, up to the times between the first and last purchase:
        alpha^r Gamma(s) / Gamma(r) (alpha + t_x)^-s B(a, b') / B(a, b) (S1 + S2),
    b' = b + x + 1 if modified, else b + x.

    Args:
        theta: logarithms of r, alpha, a, b.
        rows: in the unit of alpha.
        k: phases.
        modified: as in `MbgCnbd`.

    Returns:
        The sum over all clients, and its derivatives by theta, shape (4,).
    """
    r, alpha, a, b = np.exp(theta)
    shape = r + k * rows.repeats
    loyal = b + rows.repeats + modified
    left = loyal - 1
    gone = np.where(left > 0, a / np.where(left > 0, left, 1), 0.0)
    if not modified:
        gone = np.where(rows.repeats > 0, gone, 0.0)
    count = np.bincount(rows.code, rows.weight, len(rows.repeats))
    clients = count.sum()
    value = clients * (r * theta[1] - gammaln(r) - betaln(a, b))
    value += count @ (gammaln(shape) + betaln(a, loyal))
    by_r = clients * (theta[1] - digamma(r)) + count @ digamma(shape)
    by_alpha = clients * r / alpha
    both = digamma(a + loyal)
    start = digamma(a + b)
    by_a = count @ (start - both)
    by_b = clients * (start - digamma(b)) + count @ (digamma(loyal) - both)
    departed = np.zeros(len(rows.repeats))
    for part in rows.chunks():
        total, up_r, up_alpha, lost = _by_row(part, shape, gone, alpha, k)
        value += total
        by_r += up_r
        by_alpha += up_alpha
        departed += lost
    by_a += departed.sum() / a
    by_b -= departed[gone > 0] @ (1 / left[gone > 0])
    return float(value), np.array([by_r * r, by_alpha * alpha, by_a * a, by_b * b])


def _by_row(
    rows: Rows, shape: FloatArray, gone: FloatArray, alpha: float, k: int
) -> tuple[float, float, float, FloatArray]:
    """Return what the ages of some rows add.

    Returns:
        The value, its derivatives by r and alpha, and by number of repeats how many
        clients have probably left.
    """
    s = shape[rows.code]
    since_start, since_last = alpha + rows.age, alpha + rows.last
    log_scale = np.log(since_last)
    silent = np.log(since_start) - log_scale
    log_alive, slope, phase = -s * silent, -silent, np.zeros(1)
    if k > 1:
        chance, up, phase = _phases(s, (rows.age - rows.last) / since_start, k)
        log_alive += np.log(chance)
        slope = slope + up / chance
        phase = phase / chance
    still = np.exp(log_alive)
    either = np.maximum(gone[rows.code] + still, _LEAST)
    alive = still / either
    by_alpha = alive * (s * (1 / since_last - 1 / since_start) - phase / since_start)
    lost = np.bincount(rows.code, rows.weight * (1 - alive), len(shape))
    return (
        weighed(rows.weight, np.log(either) - s * log_scale),
        weighed(rows.weight, alive * slope - log_scale),
        weighed(rows.weight, by_alpha - s / since_last),
        lost.astype(np.float64),
    )


def weighed(weight: FloatArray, column: FloatArray) -> float:
    """Return the weighted sum: by one thread, since others' programs want the rest."""
    return float(np.einsum("i,i", weight, column))


def _phases(
    shape: FloatArray, share: FloatArray, k: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the sum of (s)_j / j! z^j over j < k, and its slopes by s and log z."""
    term, up = np.ones(len(shape)), np.zeros(len(shape))
    total, total_up, total_phase = term.copy(), up.copy(), up.copy()
    for phase in range(1, k):
        factor = share * ((shape + phase - 1) / phase)
        up = up * factor + term * (share / phase)
        term = term * factor
        total += term
        total_up += up
        total_phase += phase * term
    return total, total_up, total_phase
