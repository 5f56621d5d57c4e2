r"""LaTeX as a reader sees it: `$\texttt{X}$` is X, `{\lambda}Split` is λSplit, `M$^2$Net` is M2Net."""

from __future__ import annotations

import re

_LETTERS = dict(
    pair.split()
    for pair in """
    alpha α, beta β, gamma γ, delta δ, epsilon ε, varepsilon ε, zeta ζ, eta η, theta θ, iota ι,
    kappa κ, lambda λ, mu μ, nu ν, xi ξ, pi π, rho ρ, sigma σ, tau τ, phi φ, varphi φ, chi χ, psi ψ,
    omega ω, Gamma Γ, Delta Δ, Theta Θ, Lambda Λ, Xi Ξ, Pi Π, Sigma Σ, Phi Φ, Psi Ψ, Omega Ω,
    infty ∞, star *, times ×, ell l
    """.split(",")
)
_COMMAND = re.compile(r"\\([A-Za-z]+)\s?|\\(.)", re.DOTALL)
_SIGNS = "${}^_~"


def plain(text: str, *, names: bool = False) -> str:
    r"""`text` without commands, braces and dollar signs.

    Args:
        text: may hold LaTeX.
        names: Greek letters by their names (lambdaSplit) and other commands, such as \Method, by theirs;
            otherwise the letters (λSplit), and nothing for other commands.
    """
    if not _marked(text):
        return text

    def reading(match: re.Match[str]) -> str:
        command = match[1]
        if command is None:
            return match[2] if match[2] in "%&#" else " "
        if names:
            return command
        return _LETTERS.get(command, "")

    text = _COMMAND.sub(reading, text)
    for sign in _SIGNS:  # several times as fast as str.translate or a pattern
        text = text.replace(sign, "")
    return text


def _marked(text: str) -> bool:
    return "\\" in text or "$" in text or "{" in text or "}" in text


def readings(text: str) -> tuple[str, ...]:
    """`text` as it is, and both of its readings where it holds LaTeX."""
    if not _marked(text):
        return (text,)
    return text, plain(text), plain(text, names=True)
