"""Wrong torch optimizers: mistakes that only groups, absent gradients or a saved state can show."""

from __future__ import annotations

from typing import Any

import torch

from ._mutant import Mutant


class Adam(torch.optim.Optimizer):
    """A right Adam with decoupled decay (none by default), written for its parts to be replaced."""

    def __init__(self, params: Any, lr: float = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    def rate(self, group: Any) -> float:
        return group["lr"]

    def clock(self, state: Any) -> int:
        state["t"] = state.get("t", 0) + 1
        return state["t"]

    def memory(self, p: Any) -> Any:
        return self.state[p]

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, p.grad, group, self.memory(p))
        return loss

    def update(self, p: Any, g: Any, group: Any, state: Any) -> None:
        t, (b1, b2) = self.clock(state), group["betas"]
        m = state["m"] = b1 * state.get("m", torch.zeros_like(p)) + (1 - b1) * g
        v = state["v"] = b2 * state.get("v", torch.zeros_like(p)) + (1 - b2) * g * g
        p.sub_(self.rate(group) * m / (1 - b1**t) / ((v / (1 - b2**t)).sqrt() + group["eps"]))


class GlobalClock(Adam):
    """One count of updates for all parameters: a late one meets it well advanced."""

    def __init__(self, *arguments: Any, **hyper: Any) -> None:
        super().__init__(*arguments, **hyper)
        self.t = 0

    def step(self, closure: Any = None) -> Any:
        self.t += 1
        return super().step(closure)

    def clock(self, state: Any) -> int:
        return self.t


class DefaultRate(Adam):
    def rate(self, group: Any) -> float:
        return self.defaults["lr"]


class FirstGroupRate(Adam):
    def rate(self, group: Any) -> float:
        return self.param_groups[0]["lr"]


class FirstGroupBetas(Adam):
    def update(self, p: Any, g: Any, group: Any, state: Any) -> None:
        super().update(p, g, {**group, "betas": self.param_groups[0]["betas"]}, state)


class OnlyFirstGroup(Adam):
    def update(self, p: Any, g: Any, group: Any, state: Any) -> None:
        if group is self.param_groups[0]:
            super().update(p, g, group, state)


class MissingAsZero(Adam):
    """A parameter without a gradient is moved as if its gradient were zero."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    self.update(p, torch.zeros_like(p), group, self.state[p])
        return super().step(closure)


class StopsAtMissing(Adam):
    """`return` where `continue` was meant."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    return None
                self.update(p, p.grad, group, self.state[p])
        return None


class WeightsOnly(Adam):
    """The moments live outside `state`, so a saved state has none of them."""

    def __init__(self, *arguments: Any, **hyper: Any) -> None:
        super().__init__(*arguments, **hyper)
        self.held: dict[Any, Any] = {}

    def memory(self, p: Any) -> Any:
        return self.held.setdefault(p, {})


class DropsLoadedMoments(Adam):
    """What is loaded before the buffers exist is silently dropped."""

    def load_state_dict(self, saved: Any) -> None:
        super().load_state_dict({**saved, "state": {}})


class ClockRestarts(Adam):
    def load_state_dict(self, saved: Any) -> None:
        super().load_state_dict(saved)
        for state in self.state.values():
            state["t"] = 0


class RateReset(Adam):
    """Loading puts the base rate back."""

    def load_state_dict(self, saved: Any) -> None:
        rates = [group["lr"] for group in self.param_groups]
        super().load_state_dict(saved)
        for group, lr in zip(self.param_groups, rates, strict=True):
            group["lr"] = lr


class ClassLevelClock(Adam):
    t = 0

    def clock(self, state: Any) -> int:
        ClassLevelClock.t += "t" not in state
        state["t"] = state.get("t", ClassLevelClock.t - 1) + 1
        return state["t"]


class ChangesGradient(Adam):
    def update(self, p: Any, g: Any, group: Any, state: Any) -> None:
        super().update(p, g, group, state)
        g.mul_(0.5)


class ClosureTwice(Adam):
    def step(self, closure: Any = None) -> Any:
        if closure is not None:
            with torch.enable_grad():
                closure()
        return super().step(closure)


class ClosureWithoutGradients(Adam):
    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = None if closure is None else closure()
        super().step()
        return loss


class LosesLoss(Adam):
    def step(self, closure: Any = None) -> Any:
        super().step(closure)


class SinglePrecisionState(Adam):
    def update(self, p: Any, g: Any, group: Any, state: Any) -> None:
        super().update(p, g.float().to(p.dtype), group, state)


class DoublePrecisionParameter(Adam):
    """The parameter itself becomes double."""

    def update(self, p: Any, g: Any, group: Any, state: Any) -> None:
        super().update(p, g, group, state)
        p.data = p.data.double()


class ViewsMemory(Adam):
    """Reads a transposed gradient in the order of its memory."""

    def update(self, p: Any, g: Any, group: Any, state: Any) -> None:
        flat = g.t().reshape(g.shape) if g.dim() == 2 and not g.is_contiguous() else g
        super().update(p, flat, group, state)


class LastAxis(Adam):
    """Takes the length of a tensor for granted."""

    def update(self, p: Any, g: Any, group: Any, state: Any) -> None:
        super().update(p, g / g.shape[0] * g.shape[0], group, state)


class LookAhead(Adam):
    """Evaluates the closure away from the parameters that it then moves."""

    def step(self, closure: Any = None) -> Any:
        if closure is None:
            return super().step()
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    p.mul_(0.9)
        with torch.enable_grad():
            loss = closure()
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    p.div_(0.9)
        super().step()
        return loss


MUTANTS = [
    Mutant("adam-step-global-late-param", "deepspeedai/DeepSpeed#8471", "adam", GlobalClock),
    Mutant("groups-default-rate", "own", "adam", DefaultRate),
    Mutant("groups-first-rate", "own", "adam", FirstGroupRate),
    Mutant("groups-first-betas", "own", "adam", FirstGroupBetas),
    Mutant("groups-only-first", "own", "adam", OnlyFirstGroup),
    Mutant("missing-gradient-as-zero", "own", "adam", MissingAsZero),
    Mutant("missing-gradient-stops", "own", "adam", StopsAtMissing),
    Mutant("resume-loses-step-and-moments", "TrenTorch/TrenTorch#187", "adam", WeightsOnly),
    Mutant("resume-loads-into-missing-state", "KempnerInstitute/KempnerForge#115", "adam", DropsLoadedMoments),
    Mutant("resume-kernel-step-restarts", "deepspeedai/DeepSpeed#564", "adam", ClockRestarts),
    Mutant("resume-lr-reset-by-scheduler", "pytorch/pytorch#65342", "adam", RateReset),
    Mutant("instances-share-clock", "own", "adam", ClassLevelClock),
    Mutant("changes-gradient", "own", "adam", ChangesGradient),
    Mutant("closure-twice", "own", "adam", ClosureTwice),
    Mutant("closure-without-gradients", "own", "adam", ClosureWithoutGradients),
    Mutant("closure-loses-loss", "own", "adam", LosesLoss),
    Mutant("closure-look-ahead", "own", "adam", LookAhead),
    Mutant("single-precision-gradient", "own", "adam", SinglePrecisionState),
    Mutant("double-precision-parameter", "own", "adam", DoublePrecisionParameter),
    Mutant("reads-memory-order", "own", "adam", ViewsMemory),
    Mutant("no-rank-zero", "own", "adam", LastAxis),
]

CONTROLS = [
    Mutant("c-torch-adam", "own", "adam", Adam),
    Mutant("c-adai-step-two", "zeke-xie/adaptive-inertia-adai#3", "adam", torch.optim.Adam),
]
