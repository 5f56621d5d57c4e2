"""The sample server's day and data."""

from __future__ import annotations

from datetime import date as Date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

DATA = Path(__file__).parent / "data"
DAY = Date(2026, 1, 28)
"""The announcement that the package carries."""

FOLDER = "sample"
"""The sample day's own folder, inside the output folder."""

MODEL = "recorded"
"""The one name that `/v1/models` lists; questions may name any model."""


class Knobs(BaseModel):
    """Settings of the server; the defaults are the sample day as `digest run --sample` sees it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    today: Date = Field(default=DAY, description="what the server takes for the current date")
    records: tuple[Path, ...] = Field(default=(DATA / "papers.jsonl",), description="JSONL of data.Record")
    entry: tuple[Path, ...] = Field(default=(DATA / "entry.jsonl",), description="recorded answers")
    fields: tuple[Path, ...] = Field(default=(DATA / "fields.jsonl",), description="recorded fields alone")
    line: tuple[Path, ...] = Field(default=(DATA / "line.jsonl",), description="recorded whole lines")
    missing: tuple[str, ...] = Field(default=(), description="ids that API and PDF do not know yet")

    page_size: int = Field(default=2000, ge=1, description="entries a page: listing, catchup and OAI")
    listing_of: Date | None = Field(default=None, description="the day whose papers /list/.../new shows")
    listing_as: Date | None = Field(default=None, description="the date in its heading, whatever it shows")
    feed_of: Date | None = Field(default=None, description="the day whose papers the feed shows as today's")
    feed_as: Date | None = Field(default=None, description="the day at whose midnight the feed was made")
    deleted: tuple[str, ...] = Field(default=(), description="ids that pages count and do not show any more")
    miscount: int = Field(default=0, description="added to the counts in the headings of listing pages")
