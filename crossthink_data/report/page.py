"""The report as one HTML file that needs nothing beside it."""

from __future__ import annotations

from base64 import b64encode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crossthink_data import __version__
from crossthink_data.bundled import bundled
from crossthink_data.report.charts import charts
from crossthink_data.report.report import Report
from crossthink_data.report.tables import breakdown_tables, difference_table, legend, main_table, task_table


def page(report: Report) -> str:
    """The page's text: warnings first, then tables and charts. Every text of a model or data set is escaped."""
    loader = FileSystemLoader(bundled("cards") / "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("report.html.jinja").render(
        main=main_table(report),
        tables=[table for table in (task_table(report), difference_table(report)) if table.rows],
        breakdowns=breakdown_tables(report),
        charts={name: b64encode(png).decode() for name, png in charts(report).items()},
        warnings=report.warnings,
        legend=legend(report),
        version=__version__,
        models=sum(bool(report.seven(label)) for label in report.models),
    )
