#!/usr/bin/env python3
"""What Chromium makes of report.html: report_in_browser.py SCGAN_REPORT CHROMIUM [SCREENSHOTS]

Loads the report of a made-up sweep at both widths and colour schemes, without script, and as print. Every test looks at
the page as it was laid out. Chromium is driven by DevTools commands over a pipe, so only Python is needed. With a third
argument, it keeps a screenshot of every state in that folder.
"""
import base64
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WIDTHS, SCHEMES = (400, 1280), ("light", "dark")
PRINT_WIDTH = 718  # pixels between the margins of A4
LEAST_CONTRAST, LEAST_CONTRAST_LARGE = 4.5, 3  # WCAG 2.1, 1.4.3

# Every element with text of its own: its contrast to the nearest background. Pictures have their own colours.
LOW_CONTRASTS = """(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const background = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = channels(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  let count = 0;
  for (const element of document.body.querySelectorAll(":not(svg):not(svg *):not(script)")) {
    if (![...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(channels(style.color)), luminance(background(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (large ? LARGE : NORMAL)) found.push(`${element.tagName} ${element.textContent}: ${contrast}`);
    ++count;
  }
  return {count, found};
})()""".replace("LARGE", str(LEAST_CONTRAST_LARGE)).replace("NORMAL", str(LEAST_CONTRAST))

STRUCTURE = """(() => {
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((e) => Number(e.tagName[1]));
  const named = (svg) => svg.closest("[role=img]")?.ariaLabel || svg.querySelector("title")?.textContent;
  return {
    repeatedIds: ids.filter((id, i) => ids.indexOf(id) !== i),
    levels,
    deadLinks: [...document.querySelectorAll("a")].map((a) => a.getAttribute("href"))
      .filter((link) => !document.getElementById(link.slice(1))),
    figures: document.querySelectorAll("svg").length,
    unnamedFigures: [...document.querySelectorAll("svg")].filter((svg) => !named(svg)).length,
    tables: document.querySelectorAll("table").length,
    withoutCaption: [...document.querySelectorAll("table")].filter((t) => !t.caption?.textContent).length,
    withoutScope: document.querySelectorAll("th:not([scope])").length,
  };
})()"""


class Browser:
    """One page in headless Chromium."""

    def __init__(self, program, profile):
        to_browser, commands = os.pipe()
        replies, from_browser = os.pipe()

        def as_3_and_4():
            # Copies first: either may already be 3 or 4.
            ends = os.dup(to_browser), os.dup(from_browser)
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self._process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
             "--disable-dev-shm-usage", "--force-color-profile=srgb", f"--user-data-dir={profile}",
             "--remote-debugging-pipe", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=as_3_and_4, close_fds=False)
        os.close(to_browser)
        os.close(from_browser)
        self._commands, self._replies = os.fdopen(commands, "wb"), os.fdopen(replies, "rb")
        self._numbers, self._session, self._buffer = itertools.count(1), None, b""
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self):
        try:
            self._session = None
            self.call("Browser.close")
            self._process.wait(10)
        except (OSError, RuntimeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._commands.close()
        self._replies.close()

    def _read(self):
        while b"\0" not in self._buffer:
            block = os.read(self._replies.fileno(), 1 << 16)
            if not block:
                raise RuntimeError("Chromium ended")
            self._buffer += block
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._commands.write(json.dumps(message).encode() + b"\0")
        self._commands.flush()
        while True:
            reply = self._read()
            if reply.get("id") == number:
                if "error" in reply:
                    raise RuntimeError(f"{method}: {reply['error']}")
                return reply["result"]
            self.events.append(reply)

    def show(self, file, width, scheme="light", media="screen"):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.call("Page.navigate", url=file.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"]))
        return result["result"].get("value")

    def screenshot(self, file):
        image = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(image["data"]))


class ReportInBrowser(unittest.TestCase):
    program = chromium = screenshots = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # Chromium's children end late
        cls.addClassCleanup(cls.folder.cleanup)
        folder = pathlib.Path(cls.folder.name)
        subprocess.run([sys.executable, ROOT / "tests/support/make_store.py", folder / "out", "--unfinished", "3"],
                       check=True)
        subprocess.run([cls.program, folder / "out", "--output", folder, "--format", "html"], check=True,
                       stdout=subprocess.DEVNULL)
        cls.page = folder / "report.html"
        cls.browser = Browser(cls.chromium, folder / "profile")
        cls.addClassCleanup(cls.browser.close)

    def keep(self, name):
        if self.screenshots:
            self.screenshots.mkdir(parents=True, exist_ok=True)
            self.browser.screenshot(self.screenshots / f"{name}.png")

    def each_view(self):
        for width, scheme in itertools.product(WIDTHS, SCHEMES):
            with self.subTest(width=width, scheme=scheme):
                self.browser.show(self.page, width, scheme)
                self.keep(f"{width}-{scheme}")
                yield width

    def test_nothing_is_wider_than_the_screen(self):
        for width in self.each_view():
            self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), width)

    def test_nothing_is_loaded_and_the_console_stays_empty(self):
        for _ in self.each_view():
            self.browser.evaluate("document.querySelector('th button').click()")
            events = self.browser.events
            requests = [e["params"]["request"]["url"] for e in events if e.get("method") == "Network.requestWillBeSent"]
            self.assertEqual(requests, [self.page.as_uri()])
            said = [e for e in events if e.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled",
                                                             "Runtime.exceptionThrown")]
            self.assertEqual(said, [])

    def test_texts_have_the_contrast_of_wcag_aa(self):
        for _ in self.each_view():
            self.browser.evaluate("document.querySelector('details').open = true")
            contrasts = self.browser.evaluate(LOW_CONTRASTS)
            self.assertGreater(contrasts["count"], 100)
            self.assertEqual(contrasts["found"], [])

    def test_headings_tables_and_figures_are_marked_up(self):
        self.browser.show(self.page, 1280)
        found = self.browser.evaluate(STRUCTURE)
        self.assertEqual(found["levels"].count(1), 1)
        self.assertEqual(found["levels"][0], 1)
        for before, level in itertools.pairwise(found["levels"]):
            self.assertLessEqual(level, before + 1)
        for name in ("repeatedIds", "deadLinks"):
            self.assertEqual(found[name], [], name)
        for name in ("unnamedFigures", "withoutCaption", "withoutScope"):
            self.assertEqual(found[name], 0, name)
        self.assertGreater(found["figures"], 0)
        self.assertGreater(found["tables"], 2)

    def test_a_click_on_a_title_sorts_and_the_third_restores(self):
        self.browser.show(self.page, 1280)
        column = """[...document.querySelector("table").rows].slice(1).map((row) => parseFloat(row.cells[INDEX].innerText))"""
        titles = self.browser.evaluate("[...document.querySelectorAll('table thead')][0].innerText.trim().split(/\\s*\\t/)")
        index = titles.index("median")
        column = column.replace("INDEX", str(index))
        click = f"document.querySelectorAll('table thead')[0].rows[0].cells[{index}].querySelector('button').click()"
        order = f"document.querySelector('table thead').rows[0].cells[{index}].ariaSort"
        written = self.browser.evaluate(column)
        self.assertNotIn(written, (sorted(written), sorted(written, reverse=True)))
        for name, expected in (("ascending", sorted(written)), ("descending", sorted(written, reverse=True)),
                               (None, written)):
            self.browser.evaluate(click)
            self.assertEqual(self.browser.evaluate(column), expected)
            self.assertEqual(self.browser.evaluate(order), name)

    def test_everything_can_be_read_without_script(self):
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)
        self.addCleanup(self.browser.call, "Emulation.setScriptExecutionDisabled", value=False)
        self.browser.show(self.page, 1280)
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('button').length"), 0)
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('details tbody tr').length"), 45)

    def test_print_fits_the_paper_and_shows_every_run_without_script(self):
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)
        self.addCleanup(self.browser.call, "Emulation.setScriptExecutionDisabled", value=False)
        self.browser.show(self.page, PRINT_WIDTH, media="print")
        self.keep("print")
        self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), PRINT_WIDTH)
        wide = "[...document.querySelectorAll('table, svg')].map((e) => e.getBoundingClientRect().right)"
        self.assertLessEqual(max(self.browser.evaluate(wide)), PRINT_WIDTH)
        rows = "[...document.querySelectorAll('details tbody tr')].filter((row) => row.getBoundingClientRect().height > 0).length"
        self.assertEqual(self.browser.evaluate(rows), 45)


if __name__ == "__main__":
    ReportInBrowser.program, ReportInBrowser.chromium, *more = sys.argv[1:]
    if more:
        ReportInBrowser.screenshots = pathlib.Path(more[0])
    unittest.main(argv=sys.argv[:1])
