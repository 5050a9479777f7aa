"""The chain rule for a function of many functions, and for one layer used again and again."""

from __future__ import annotations

from sympy import Abs, Derivative

from ..kernel import Eq, Ge, Le, Proof, Source, theorem, total

DECK = "003"


@theorem(
    "The chain rule for a function of J functions: it moves by h sum_j g_j s_j, up to e h times a bounded sum",
    covers=["003:multivariate-chain-rule"],
    sources=[Source(DECK, "l.365-371", "d phi(a(x))/dx_i = sum_j dphi/da_j da_j/dx_i = <grad phi, da/dx_i>")],
)
def multivariate_chain_rule(t: Proof) -> None:
    """Differentiable means: a_j moves by h (s_j + e u_j) and phi by g'(da) + e v sum |da_j|, where |u_j|, |v| <= 1.

    e is the larger of the two relative errors and vanishes with h. Nothing else is known of phi and the a_j.
    """
    parts, h, e = t.size("J"), t.positive("h"), t.nonnegative("e")
    g, s, share = t.vector("g", parts), t.vector("s", parts), t.vector("w", parts, low=0, high=1)
    rest = t.real("v", -1, 1)
    unit = lambda j: 2 * share[j] - 1  # noqa: E731 - u_j, anywhere in [-1, 1]
    moved = lambda j: h * (s[j] + e * unit(j))  # noqa: E731
    speed = total(parts, lambda j: Abs(s[j] + e * unit(j)))
    change = total(parts, lambda j: g[j] * moved(j)) + e * rest * total(parts, lambda j: Abs(moved(j)))
    error = total(parts, lambda j: g[j] * unit(j)) + rest * speed
    t.equal(
        t.state("expansion", Eq(change, h * total(parts, lambda j: g[j] * s[j]) + e * h * error)),
        because="multiply out: every other term has the factor e",
    )
    slopes = total(parts, lambda j: Abs(g[j]))
    toward = lambda side: total(  # noqa: E731 - |g_j| - g_j u_j, or |g_j| + g_j u_j for the other side
        parts, lambda j: (Abs(g[j]) - side * g[j]) * share[j] + (Abs(g[j]) + side * g[j]) * (1 - share[j])
    )
    t.compare(Le(error, slopes + speed), [toward(1), (1 - rest) * speed], because="g_j u_j <= |g_j| and v <= 1")
    t.compare(Ge(error, -slopes - speed), [toward(-1), (1 + rest) * speed], because="-g_j u_j <= |g_j| and v >= -1")


@theorem(
    "A recurrent layer is a deep network with tied weights: its gradient is the sum of delta_t h_(t-1)' over all "
    "time steps",
    covers=["003:recurrent-net-as-unrolled-mlp"],
    sources=[Source(DECK, "l.139-144", "the output of a neuron can be one of its own inputs")],
)
def backpropagation_through_time(t: Proof) -> None:
    """Time is counted from the end: step 1 is the last. Every step has a loss, with gradient e in its output."""
    n, k = t.size("n"), t.time("k")
    weight, slope, error = t.vector("U", n, n), t.vector("p", k + 2, n), t.vector("e", k + 2, n)
    v, memory, change = t.vector("v", k + 2, n), t.vector("h", k + 2, n), t.vector("D", n, n)
    j, row, column = t.index("j", n), t.index("a", n), t.index("b", n)
    (delta,) = t.recursion(
        k,
        delta=(
            (j,),
            slope[1, j] * error[1, j],
            lambda delta: slope[k + 2, j] * (total(n, lambda m: weight[m, j] * delta(m, k)) + error[k + 2, j]),
        ),
    )
    carried = lambda r, i: total(n, lambda m: weight[i, m] * slope[r + 1, m] * v[r + 1, m])  # noqa: E731
    own = lambda r, i: v[r, i] - carried(r, i)  # noqa: E731 - what the parameters cause at step r itself
    direct = lambda r, i: error[r, i] * slope[r, i] * v[r, i]  # noqa: E731 - the change of the loss of step r
    balance = total(k, lambda r: total(n, lambda i: delta(i, r - 1) * own(r, i) - direct(r, i)))
    earlier = total(n, lambda i: (delta(i, k) - slope[k + 1, i] * error[k + 1, i]) * v[k + 1, i])
    t.induct(
        t.state("all steps", Eq(balance, -earlier)),
        over=k,
        because="delta collects the loss of its own step and what later steps send back through U",
    )
    effect = total(
        k, lambda r: total(n, lambda i: delta(i, r - 1) * total(n, lambda m: change[i, m] * memory[r + 1, m]))
    )
    t.equal(
        t.state(
            "tied gradient",
            Eq(Derivative(effect, change[row, column]), total(k, lambda r: delta(row, r - 1) * memory[r + 1, column])),
        ),
        because="one matrix changes at all steps: the contributions of its copies add up",
    )
    two_steps(t)


def two_steps(t: Proof) -> None:
    """The smallest case, one unit and two steps, differentiated as it stands."""
    u, w, bias, before, x1, x2 = t.real("u w c h_0 x_1 x_2")
    phi = t.function("phi")
    a1 = w * x1 + u * before + bias
    a2 = w * x2 + u * phi(a1) + bias
    last = phi(a2).fdiff()
    t.equal(
        t.state("two steps", Eq(Derivative(phi(a2), u), last * phi(a1) + last * u * phi(a1).fdiff() * before)),
        because="delta_2 h_1 + delta_1 h_0: keeping only the last step would lose the second term",
    )
