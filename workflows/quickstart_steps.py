"""What quickstart.yaml calls: plain functions, with plain data in and out. A day is money in cents."""

import csv
from collections import Counter
from typing import Any

from lead_tui import AgentContext

Order = dict[str, Any]


def priced_orders(path: str, prices: dict[str, int], context: AgentContext) -> dict[str, Any]:
    """Every order that can be read, with its price; the others by line, for a person to look at.

    `context` is not a parameter of the task: it tells where the flow lies, and takes what is to be logged.
    """
    orders: list[Order] = []
    unreadable: list[str] = []
    with (context.folder / path).open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            if row["drink"] in prices and row["cups"].isdigit():
                orders.append(_priced(row, prices))
            else:
                unreadable.append(f"line {line}: {row['cups']} x {row['drink']}")
                context.log(f"cannot read {unreadable[-1]}", "warning")
    return {"orders": orders, "unreadable": unreadable, "cents": sum(each["cents"] for each in orders)}


def totals(orders: list[Order], by: str) -> dict[str, Any]:
    """Cents for each drink, customer or hour, the highest first."""
    sums: Counter[str] = Counter()
    for order in orders:
        sums[order[by]] += order["cents"]
    rows = [{"name": name, "cents": cents} for name, cents in sums.most_common()]
    return {"rows": rows, "cents": sums.total()}


def write_report(
    path: str, headline: str, day: dict[str, Any], tables: dict[str, dict[str, Any]], context: AgentContext
) -> str:
    """A page of Markdown; its path."""
    lines = [
        "# The day at the bar",
        "",
        headline,
        "",
        f"{len(day['orders'])} orders, {_euros(day['cents'])}.",
    ]
    for title, table in tables.items():
        lines += ["", f"## {title}", "", "| | euros |", "|---|---:|"]
        lines += [f"| {row['name']} | {_euros(row['cents'])} |" for row in table["rows"]]
    if day["unreadable"]:
        lines += ["", "## Not counted", "", *(f"- {each}" for each in day["unreadable"])]
    page = context.folder / path
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(page)


def _priced(row: dict[str, str], prices: dict[str, int]) -> Order:
    cups = int(row["cups"])
    hour = f"{row['time'][:2]}:00"
    return {**row, "hour": hour, "cups": cups, "cents": cups * prices[row["drink"]]}


def _euros(cents: int) -> str:
    return f"{cents / 100:.2f}"
