"""fit_signature: a signature fitted on all cases of its study, with its predictions elsewhere, kept by what decides them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from features.core.code_digest import sources_of
from features.core.digest import digest_json
from features.core.errors import DamagedError, RadweaveError
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.fit_address import FitAddress, FitAddresses
from tasks.modelling.evaluation.fit_final import fit_final
from tasks.modelling.evaluation.fitted_table import FittedTable
from tasks.modelling.evaluation.kept_fits import KeptFits
from tasks.modelling.evaluation.unit import Unit
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Rows
from tasks.modelling.signatures.kept_final import find_final, keep_final
from tasks.modelling.signatures.values import Applied, Kept
from tasks.modelling.splits.split import Fold
from tasks.modelling.target import Target

SPLIT = "signature"  # in the place of a split


@dataclass(frozen=True, eq=False)
class Todo:
    """A signature whose predictions are not kept, and where they go; kept None: nowhere.

    fitted: where the signature itself is looked up and goes, whoever is predicted.
    """

    applied: Applied
    address: FitAddress
    fitted: FitAddress
    kept: KeptFits | None


def fit_signature(todo: Todo) -> Fit:
    """Fit on the rows that develop models unless that is kept, and predict the others; what it gives is kept."""
    design, signature = todo.applied.design, todo.applied.signature
    try:
        final = find_final(todo.kept, todo.fitted) if todo.kept is not None else None
        if final is None:
            final = fit_final(design, signature.plan, signature.blocks, signature.candidate.name)
            if todo.kept is not None:
                keep_final(todo.kept, todo.fitted, final)
        rows = final.needed(Rows.of(design).take(~design.develops))
        with threadpool_limits(limits=1):
            prediction = predict_alone(final, rows)
    except RadweaveError as error:
        raise type(error)(f"signature {signature.name} of study {signature.plan.name}: {error}") from error
    fit = Fit(
        signature.blocks,
        SPLIT,
        _fold(todo.applied),
        signature.candidate.name,
        prediction=prediction,
        cut=final.cut,
        line=final.line,
        selected=dict(final.selected),
        shares=dict(final.shares),
        settings=final.settings,
        chosen=dict(final.chosen),
        warnings=final.warnings,
        remarks=_remarks(final, rows),
    )
    return fit if todo.kept is None else todo.kept.keep(todo.address, fit)


def find_or_fit(
    applied: Applied,
    kept: KeptFits | None,
    compute: Callable[[Todo], Fit] = fit_signature,
    say: Callable[[str], None] = lambda _: None,
) -> Kept:
    """The predictions that are kept under what they were computed from; else they are computed. say: is told of damage."""
    signature, fold = applied.signature, _fold(applied)
    none = replace(fold, test=np.empty(0, np.intp))
    address, fitted = _address(applied, fold), _address(applied, none)
    addresses = (fitted.digest, address.digest)
    if kept is not None:
        try:
            found = kept.find(address, signature.blocks, SPLIT, fold, signature.candidate.name)
        except DamagedError:
            kept.forget(address)
            say(f"fitted again, since what was kept is damaged: {kept.place(address)}")
            found = None
        if found is not None:
            return Kept(found, addresses)
    return Kept(compute(Todo(applied, address, fitted, kept)), addresses)


def _address(applied: Applied, fold: Fold) -> FitAddress:
    """A digest of the settings, the cases of a fold, and the sources that decide."""
    (address,) = FitAddresses().of(_unit(applied, fold))
    sources = sources_of({__name__})
    return replace(address, digest=digest_json([address.digest, sources.digest]))


def predict_alone(final: Final, rows: Rows) -> Prediction:
    """The prediction of each row as if it were the only one, so that no other row has a say in it, not even by rounding.

    Where a harmoniser takes location and scale of the rows of an unseen centre, all are predicted together: so it is declared.
    """
    if final.predicts_together or len(rows) == 0:
        return final.predict(rows)
    parts = [final.predict(rows.take(np.array([i]))) for i in range(len(rows))]

    def joined(name: str) -> np.ndarray | None:
        found = [getattr(part, name) for part in parts]
        return None if found[0] is None else np.concatenate(found)

    return Prediction(risk=joined("risk"), probability=joined("probability"), value=joined("value"))


def _remarks(final: Final, rows: Rows) -> Counter[str]:
    """What steps do to the rows that are predicted that a reader has to know, such as an unseen centre."""
    chains = final.fitted.chains if isinstance(final.fitted, FittedTable) else ()
    return sum((chain.remarks(rows) for chain in chains), Counter[str]())


def _fold(applied: Applied) -> Fold:
    develops = applied.design.develops
    return Fold(SPLIT, 0, np.flatnonzero(develops), np.flatnonzero(~develops))


def _unit(applied: Applied, fold: Fold) -> Unit:
    """What is fitted and predicted, for its address."""
    design, signature, splits = applied.design, applied.signature, applied.signature.plan.splits
    place = {str(name): i for i, name in enumerate(design.X.columns)}
    return Unit(
        split=SPLIT,
        fold=fold,
        inner_folds=next((one for one in splits if one.kind == "nested"), splits[0]).inner_folds,  # as fit_final has it
        rows=Rows.of(design),
        target=Target(design.outcome, design.endpoint),
        sets={signature.blocks: np.array([place[column] for column in applied.columns], np.intp)},
        wanted=((signature.blocks, signature.candidate),),
        seed=signature.plan.seed,
        always=True,
    )
