"""Calculations against planted values and an independent formula; what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features.core.kinds.calculation import CALCULATIONS, Calculation
from features.core.quarantine import Rejected

SHAPE = (3, 4, 5)


def _made(calculation: Calculation, told: list[float], volumes: list[np.ndarray]) -> np.ndarray:
    chosen = calculation.choose(told)
    return calculation.combine([told[n] for n in chosen], [volumes[n] for n in chosen])


def test_adc_of_a_noise_free_decay_is_what_was_planted() -> None:
    rng = np.random.default_rng(0)
    planted, s0, b = rng.uniform(100, 3000, SHAPE), rng.uniform(50, 900, SHAPE), [0.0, 50.0, 400.0, 800.0]
    volumes = [s0 * np.exp(-one * planted * 1e-6) for one in b]
    for settings in ({}, {"b_values": [50, 800]}):
        found = _made(CALCULATIONS.parse({"kind": "adc", **settings}), b, volumes)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, planted, rtol=1e-6)


def test_adc_of_noisy_signals_is_the_slope_of_polyfit_over_all_volumes() -> None:
    rng = np.random.default_rng(1)
    b = [0.0, 1000.0, 0.0, 500.0, 1000.0, 1000.0]  # three directions of one b-value are three volumes
    volumes = [rng.integers(1, 900, SHAPE).astype(np.int16) for _ in b]
    found = _made(CALCULATIONS.parse({"kind": "adc"}), b, volumes)
    slope = np.polyfit(b, np.log(np.stack(volumes).reshape(len(b), -1).astype(float)), 1)[0]
    np.testing.assert_allclose(found.reshape(-1), -slope * 1e6, rtol=1e-6)


@pytest.mark.parametrize("signal", [0.0, -3.0, np.nan, np.inf])
def test_adc_is_undefined_where_a_signal_is_none(signal: float) -> None:
    volumes = [np.full(SHAPE, 100.0), np.full(SHAPE, 50.0)]
    volumes[1][0, 0, 0] = signal
    found = _made(CALCULATIONS.parse({"kind": "adc"}), [0.0, 1000.0], volumes)
    assert np.argwhere(np.isnan(found)).tolist() == [[0, 0, 0]]


def test_phases_are_chosen_by_number_or_by_time_and_subtracted() -> None:
    volumes = [np.full(SHAPE, value, np.uint16) for value in (100, 180, 240)]
    times = [0.0, 70.0, 140.0]
    number = CALCULATIONS.parse({"kind": "phase", "number": 2})
    nearest = CALCULATIONS.parse({"kind": "phase", "at_s": 90})
    assert (number.choose(times), nearest.choose(times)) == ((2,), (1,))
    assert number.choose([np.nan] * 3) == (2,)  # a number needs no times
    later = CALCULATIONS.parse({"kind": "subtraction", "of": {"at_s": 130}})
    assert (_made(later, times, volumes) == 140).all()
    washout = CALCULATIONS.parse({"kind": "subtraction", "of": {"number": 1}, "minus": {"number": 2}})
    assert (_made(washout, times, volumes) == -60).all()


@pytest.mark.parametrize(
    ("settings", "told", "message"),
    [
        ({"kind": "adc"}, [0, np.nan], "not every volume tells its b-value"),
        ({"kind": "adc"}, [1000, 1000], "an ADC needs two b-values or more"),
        ({"kind": "adc"}, [], "an ADC needs two b-values or more"),
        ({"kind": "adc", "b_values": [0, 800]}, [0, 1000], "b-values of the catalog are missing"),
        ({"kind": "phase", "number": 3}, [0, 70, 140], "there are fewer phases than the catalog wants"),
        ({"kind": "phase", "at_s": 300}, [0, 70, 140], "no phase began near enough to the time that the catalog wants"),
        ({"kind": "phase", "at_s": 60}, [0, np.nan], "the phases do not tell their times; name one by number"),
        ({"kind": "subtraction", "of": {"at_s": 1}}, [0, 70], "both phases of the subtraction are the same one"),
    ],
)
def test_what_cannot_be_calculated_says_why(settings: dict[str, Any], told: list[float], message: str) -> None:
    with pytest.raises(Rejected) as caught:
        CALCULATIONS.parse(settings).choose(told)
    assert (caught.value.code, caught.value.message) == ("CALCULATION", message)


def test_missing_b_values_are_told_beside_those_that_are_there() -> None:
    with pytest.raises(Rejected) as caught:
        CALCULATIONS.parse({"kind": "adc", "b_values": [0, 800]}).choose([1000, 0, 50.5])
    assert caught.value.details == {"missing": "800", "found": "0, 50.5, 1000"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "adc", "b_values": [1000, 1000]}, "an ADC needs two b-values or more that differ"),
        ({"kind": "adc", "fit": "cubic"}, "Input should be 'log_linear'"),
        ({"kind": "phase"}, "give either number, counted from 0, or at_s, in seconds"),
        ({"kind": "phase", "number": 1, "at_s": 60}, "give either number, counted from 0, or at_s, in seconds"),
        ({"kind": "subtraction", "of": {"number": 1, "within_s": 5}}, "within_s goes with at_s"),
        ({"kind": "phase", "number": 1, "times_s": [0, 60, 60]}, "times_s must ascend"),
        ({"kind": "ktrans"}, 'unknown kind "ktrans"; allowed: adc, phase, subtraction'),
    ],
)
def test_settings_that_mean_nothing_are_faults(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        CALCULATIONS.parse(settings)
