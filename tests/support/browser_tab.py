"""A page in a browser that has no network, for the tests of the report."""

from pathlib import Path
from typing import Any


class Tab:
    """A page without a network that keeps whatever it says or asks for."""

    def __init__(self, browser: Any, file: Path, width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
        )
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append("dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())

    def texts(self, query: str) -> list[str]:
        """The visible text of elements, without what only screen readers get."""
        script = """found => found.map(one => {
            const copy = one.cloneNode(true);
            for (const part of copy.querySelectorAll('.hidden')) part.remove();
            return copy.textContent.replace(/\\s+/g, ' ').trim();
        })"""
        return list(self.page.eval_on_selector_all(query, script))
