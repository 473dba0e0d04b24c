"""What a benchmark hands over, how it is printed and how it is written down."""

import json
import statistics


def figure(name, values, unit, how, reference=None, reference_is="", pairs=None, bound=None, bound_on=None):
    """
    One figure: the median of `values`. `reference` is what it is compared with, a number or a list of runs of which
    the median counts, and `reference_is` says what that is. A bound is on the "value" or on the "ratio"; the ratio is
    that of the medians, or the median of the ratios of `pairs` that ran one after the other.
    """
    value = statistics.median(values)
    if isinstance(reference, list):
        reference = statistics.median(reference)
    ratio = value / reference if reference else None
    if pairs:
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    measured = {"value": value, "ratio": ratio}
    return {
        "name": name, "value": round(value, 3), "unit": unit,
        "reference": round(reference, 3) if reference else None,
        "ratio": round(ratio, 3) if ratio else None,
        "bound": bound, "ok": measured[bound_on] <= bound if bound is not None else None,
        "bound_on": bound_on, "reference_is": reference_is, "how": how,
        "runs": len(values), "values": [round(each, 3) for each in values],
    }


def _cells(each):
    bound = f"{each['bound_on']} <= {each['bound']:g}" if each["bound"] is not None else "-"
    verdict = {True: "ok", False: "NOT OK", None: "-"}[each["ok"]]
    number = "{:.4g}".format
    return [each["name"], number(each["value"]), each["unit"], str(each["runs"]),
            number(each["reference"]) if each["reference"] else "-",
            number(each["ratio"]) if each["ratio"] else "-", bound, verdict, each["reference_is"]]


def print_table(figures):
    rows = [["figure", "value", "unit", "runs", "reference", "ratio", "bound", "", "the reference is"]]
    rows += [_cells(each) for each in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    numeric = {1, 3, 4, 5}
    for row in rows:
        cells = (cell.rjust(width) if column in numeric else cell.ljust(width)
                 for column, (cell, width) in enumerate(zip(row, widths)))
        print("  ".join(cells).rstrip())


def write(figures, path):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n")
