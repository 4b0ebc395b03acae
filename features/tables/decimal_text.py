"""Decimal texts as doubles, correctly rounded: what Python's `float` gives, compiled.

Source: N. Mushtak and D. Lemire, "Fast number parsing without fallback" (2022), and D. Lemire, "Number parsing at a
gigabyte per second" (2021): a 64-bit number times a power of five of 128 bits decides the rounding of up to 19 digits.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

LOWEST, HIGHEST = -342, 308  # powers of ten beyond which a number of 19 digits is zero, or infinite
DIGITS = 19  # that fit into 64 bits
_LOW_HALF, _ONE = np.uint64(0xFFFFFFFF), np.uint64(1)
_INFINITE = np.uint64(0x7FF0000000000000)


@cache
def powers_of_five() -> NDArray[np.uint64]:
    """The leading 128 bits of 5**q as (q, 2), high bits first; rounded up where q < 0, as the proof needs them."""
    found = np.empty((HIGHEST - LOWEST + 1, 2), np.uint64)
    for q in range(LOWEST, HIGHEST + 1):
        if q >= 0:
            bits = 5**q
            bits = bits << 128 >> bits.bit_length()
        else:
            power = 5**-q
            size = (power - 1).bit_length()
            bits = (1 << (size + 127 if q >= -27 else 2 * size + 128)) // power + 1
            bits >>= max(bits.bit_length() - 128, 0)
        found[q - LOWEST] = bits >> 64, bits & (1 << 64) - 1
    return found


@njit(cache=True)
def _multiply(a, b):  # type: ignore[no-untyped-def]
    """The 128 bits of a product, high bits first."""
    a_low, a_high, b_low, b_high = a & _LOW_HALF, a >> np.uint64(32), b & _LOW_HALF, b >> np.uint64(32)
    low, cross, other, high = a_low * b_low, a_high * b_low, a_low * b_high, a_high * b_high
    middle = (low >> np.uint64(32)) + (cross & _LOW_HALF) + other
    return high + (cross >> np.uint64(32)) + (middle >> np.uint64(32)), (middle << np.uint64(32)) | (low & _LOW_HALF)


@njit(cache=True)
def to_bits(digits, power, fives):  # type: ignore[no-untyped-def]
    """The bits of the double nearest to digits × 10**power, ties to even. digits: uint64; fives: `powers_of_five`."""
    if digits == np.uint64(0) or power < LOWEST:
        return np.uint64(0)
    if power > HIGHEST:
        return _INFINITE
    shifted, zeros = digits, 0
    for step in (32, 16, 8, 4, 2, 1):
        if shifted >> np.uint64(64 - step) == np.uint64(0):
            shifted <<= np.uint64(step)
            zeros += step
    high, low = _multiply(shifted, fives[power - LOWEST, 0])
    if high & np.uint64(0x1FF) == np.uint64(0x1FF):  # the bits behind may carry into those that count
        more, _ = _multiply(shifted, fives[power - LOWEST, 1])
        low += more
        if more > low:
            high += _ONE
    top = high >> np.uint64(63)
    shift = top + np.uint64(9)
    mantissa = high >> shift
    exponent = ((217706 * power) >> 16) + 63 + np.int64(top) - zeros + 1023
    if exponent <= 0:  # subnormal
        if exponent <= -63:
            return np.uint64(0)
        mantissa >>= np.uint64(1 - exponent)
        mantissa += mantissa & _ONE
        mantissa >>= _ONE
        return mantissa  # 2**52 is the exponent of the smallest normal number
    if low <= _ONE and -4 <= power <= 23 and mantissa & np.uint64(3) == _ONE and mantissa << shift == high:
        mantissa &= ~_ONE  # exactly between two doubles
    mantissa += mantissa & _ONE
    mantissa >>= _ONE
    if mantissa >= np.uint64(1 << 53):
        mantissa = np.uint64(1 << 52)
        exponent += 1
    if exponent >= 2047:
        return _INFINITE
    return (mantissa & ~np.uint64(1 << 52)) | (np.uint64(exponent) << np.uint64(52))
