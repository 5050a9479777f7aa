"""Right and wrong optimizers in the two object forms: `init` and `update`, and `apply` on variables."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._mutant import Mutant


class Transform:
    """Adam as a gradient transformation over lists of NumPy arrays."""

    def __init__(self, learning_rate: float, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> None:
        self.lr, self.b1, self.b2, self.eps = learning_rate, b1, b2, eps

    def init(self, params: Any) -> Any:
        return {"t": 0, "m": [np.zeros_like(p) for p in params], "v": [np.zeros_like(p) for p in params]}

    def clock(self, state: Any) -> int:
        return state["t"] + 1

    def moment(self, old: Any, g: Any, beta: float) -> Any:
        return beta * old + (1 - beta) * g

    def update(self, grads: Any, state: Any, params: Any) -> Any:
        t = self.clock(state)
        m = [self.moment(a, g, self.b1) for a, g in zip(state["m"], grads, strict=True)]
        v = [self.moment(a, g * g, self.b2) for a, g in zip(state["v"], grads, strict=True)]
        corrected = zip(m, v, strict=True)
        updates = [-self.lr * a / (1 - self.b1**t) / (np.sqrt(b / (1 - self.b2**t)) + self.eps) for a, b in corrected]
        return updates, {"t": t, "m": m, "v": v}


class OwnClock(Transform):
    """Counts in the object, not in the state."""

    t = 0

    def clock(self, state: Any) -> int:
        self.t += 1
        return self.t


class Positive(Transform):
    """Returns what is to be subtracted."""

    def update(self, grads: Any, state: Any, params: Any) -> Any:
        updates, state = super().update(grads, state, params)
        return [-u for u in updates], state


class FirstMoment(Transform):
    """The first tensor's moments for all of its shape."""

    def update(self, grads: Any, state: Any, params: Any) -> Any:
        updates, state = super().update(grads, state, params)
        first = {np.shape(u): u for u in reversed(updates)}
        return [first[np.shape(u)] for u in updates], state


class DoublesGradients(Transform):
    """Writes into the gradients that it was given."""

    def update(self, grads: Any, state: Any, params: Any) -> Any:
        answer = super().update(grads, state, params)
        for g in grads:
            g *= 2
        return answer


class Momentum:
    """Keras' momentum: the rate inside the velocity, variables assigned in place."""

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.9) -> None:
        self.learning_rate, self.momentum, self.velocities = learning_rate, momentum, {}

    def apply(self, grads: Any, variables: Any) -> None:
        for g, variable in zip(grads, variables, strict=True):
            old = self.velocities.get(id(variable), np.zeros_like(g))
            self.velocities[id(variable)] = self.momentum * old - self.learning_rate * np.asarray(g)
            variable.assign_add(self.velocities[id(variable)])


class MomentumOutside(Momentum):
    """The velocity without the rate, under a rule that has it inside."""

    def apply(self, grads: Any, variables: Any) -> None:
        for g, variable in zip(grads, variables, strict=True):
            old = self.velocities.get(id(variable), np.zeros_like(g))
            self.velocities[id(variable)] = self.momentum * old + np.asarray(g)
            variable.assign_sub(self.learning_rate * self.velocities[id(variable)])


class FirstVelocity(Momentum):
    """One velocity for all variables of a shape."""

    def apply(self, grads: Any, variables: Any) -> None:
        for g, variable in zip(grads, variables, strict=True):
            old = self.velocities.get(np.shape(g), np.zeros_like(g))
            self.velocities[np.shape(g)] = self.momentum * old - self.learning_rate * np.asarray(g)
            variable.assign_add(self.velocities[np.shape(g)])


class Demanding(Momentum):
    """A factory that demands its arguments, by their names."""

    def __init__(self, *, learning_rate: float, momentum: float) -> None:
        super().__init__(learning_rate, momentum)


class DemandingHalf(Demanding):
    """Half of the momentum."""

    def __init__(self, *, learning_rate: float, momentum: float) -> None:
        super().__init__(learning_rate=learning_rate, momentum=momentum / 2)


def open_factory(**hyper: Any) -> Transform:
    """Says nothing of what it takes."""
    return Transform(hyper["lr"], *hyper["betas"], hyper["eps"])


MUTANTS = [
    Mutant("resume-own-clock", "own", "adam", OwnClock),
    Mutant("updates-positive", "own", "adam", Positive),
    Mutant("gradients-doubled", "own", "adam", DoublesGradients),
    Mutant("updates-by-shape", "own", "adam", FirstMoment),
    Mutant("momentum-outside", "own", "momentum[lr=inside-velocity]", MomentumOutside),
    Mutant("momentum-halved", "own", "momentum[lr=inside-velocity]", DemandingHalf),
    Mutant("velocity-by-shape", "own", "momentum[lr=inside-velocity]", FirstVelocity),
]
CONTROLS = [
    Mutant("c-transform", "own", "adam", Transform),
    Mutant("c-open-factory", "own", "adam", open_factory),
    Mutant("c-apply", "own", "momentum[lr=inside-velocity]", Momentum),
    Mutant("c-apply-demanding", "own", "momentum[lr=inside-velocity]", Demanding),
    Mutant("c-apply-outside", "own", "momentum", MomentumOutside),
]
