"""A back-fill's plan and its days, as people and programs are shown them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from digest.cli import output
from digest.cli.days_progress import format_short_duration
from digest.scale.backfill import DayResult
from digest.scale.old_days import Span
from digest.scale.plan import BackfillPlan
from digest.system.language import translated


def plan_lines(plan: BackfillPlan, span: Span, *, fetch_pdfs: bool) -> Iterator[str]:
    """The plan in sentences of the user's language."""
    made = len(plan.days) - len(plan.todo)
    sections = ", ".join(section.key for section in span.sections)
    yield (
        translated(f"days: {len(span.days)}, sections: {sections}; digests to make: {len(plan.todo)}")
        + (translated(f", made before: {made}") if made else "")
    )
    estimate, known = plan.estimate, translated(f"papers to ask about: {plan.asked:,}")
    if plan.unknown:
        known += translated(
            f", and those of {plan.unknown} digests that arXiv is asked for: {estimate.papers:,} by guess"
        )
    yield known + (translated(f"; answered before: {plan.answered:,}") if plan.answered else "")
    if plan.with_text is not None:
        yield translated(f"with a text, of those that were looked up: {plan.with_text:.0%}")
    cost = translated("no price is known of the model") if estimate.cost is None else f"${estimate.cost:,.2f}"
    if estimate.batch_cost is not None:
        cost += translated(f" (as batches ${estimate.batch_cost:,.2f})")
    usage, seconds = estimate.usage, translated(format_short_duration(estimate.seconds))
    yield (
        translated(f"questions: {estimate.questions:,}; tokens: {usage.input:,} in, {usage.output:,} out")
        + translated("; cost: ")
        + cost
        + translated(f"; time: {seconds}")
    )
    if estimate.measured:
        yield translated(f"by what {estimate.measured:,} papers took before")
    else:
        yield translated("by rule of thumb")
    if fetch_pdfs:
        yield translated(f"requests to arXiv: {plan.pages} pages, PDFs: as the mirror lacks, one in 3 s")
    else:
        yield translated(f"requests to arXiv: {plan.pages} pages, PDFs: 0")


def plan_values(plan: BackfillPlan) -> dict[str, Any]:
    """The plan as plain values, for --json."""
    return {
        "digests": len(plan.todo),
        "made_before": len(plan.days) - len(plan.todo),
        "asked": plan.asked,
        "answered_before": plan.answered,
        "with_text": plan.with_text,
        "pages": plan.pages,
        **plan.estimate.model_dump(),
        "batch_cost": plan.estimate.batch_cost,
    }


def show(rows: Sequence[DayResult], plan: BackfillPlan, *, quiet: bool) -> None:
    """Print the days that are not complete one by one, and the sums of all; with `quiet`, failures only."""
    for row in rows:
        if row.state == "failed":
            output.print_error(row.why, f"{row.day} {row.section}")
        elif row.state == "flagged" and not quiet:
            output.print_message(f"{row.day} {row.section}: {row.words}")
            if stopped := row.why:
                output.print_message(f"stopped: {stopped}")
    if quiet:
        return
    states = Counter(row.state for row in rows)
    left = len(plan.todo) - len(rows)
    shown = ("complete", "flagged", "quiet", "submitted", "failed")
    told = ", ".join(f"{states[state]} {translated(state)}" for state in shown)
    costs = [row.cost for row in rows]
    cost = "no price is known" if None in costs else f"${sum(filter(None, costs)):.4f}"
    output.print_message(f"digests: {told}, {left} not begun" if left else f"digests: {told}")
    output.print_message(
        f"papers {sum(row.papers for row in rows):,}: summarised {sum(row.summarised for row in rows):,}, "
        f"flagged {sum(row.flagged for row in rows):,}; questions asked {sum(row.asked for row in rows):,}, "
        f"answers from the ledger {sum(row.reused for row in rows):,}; cost: {cost}"
    )
    if states["submitted"]:
        output.print_message(
            "Questions are in batches at the endpoint. Give the same command again later, or with --wait."
        )
    elif left or states["failed"]:
        output.print_message("Give the same command again to go on.")
