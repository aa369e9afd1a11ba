#include "results/report/html_page.h"

namespace scgan::results {

constinit const std::string_view kPageStyle = R"css(
:root { color-scheme: light dark; --text: #1c2128; --soft: #545d68; --page: #fff; --band: #f4f6f8;
  --line: #d0d7de; --strong: #8c959f; --link: #0550ae; --good: #0072b2; --good-page: #eef5fb;
  --bad: #b45309; --bad-page: #fdf3e7; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e9ed; --soft: #a9b3bf; --page: #14181d; --band: #1d232a; --line: #343c46;
    --strong: #6b7683; --link: #79b8ff; --good: #58a6dd; --good-page: #16273a; --bad: #e8963d;
    --bad-page: #33230f; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
  max-width: 68rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: break-word; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.75rem 0 .6rem; padding-top: 1rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p, ul { margin: .5rem 0; max-width: 46rem; }
ul { padding-left: 1.3rem; }
li { margin: .25rem 0; }
a { color: var(--link); }
.soft, .notes, footer { color: var(--soft); font-size: .9rem; }
.box { border-left: 4px solid var(--good); background: var(--good-page); padding: .7rem 1rem;
  margin: 1rem 0; max-width: none; border-radius: 0 6px 6px 0; }
.box p, .box ul { margin: .3rem 0; max-width: 60rem; }
.verdict h3 { margin: .6rem 0 .2rem; font-size: 1rem; }
.verdict h2, .warnings h2, nav h2 { border: 0; margin: 0; padding: 0; font-size: 1rem; }
.complete { font-weight: 600; }
.warnings { border-color: var(--bad); background: var(--bad-page); }
nav ul { columns: 2 18rem; list-style: none; padding: 0; }
nav li { break-inside: avoid; margin: 0; padding: .1rem 0; }
.wide { overflow-x: auto; margin: .8rem 0; }
.wide:focus-visible, button:focus-visible, summary:focus-visible, a:focus-visible {
  outline: 2px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; font-size: .93rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: .9rem; padding-bottom: .3rem; }
th, td { padding: .3rem .75rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; white-space: nowrap; }
thead th { border-bottom: 2px solid var(--strong); vertical-align: bottom; }
tbody th { font-weight: inherit; }
.n { text-align: right; }
.text { white-space: normal; min-width: 16rem; }
tbody tr:nth-child(even) { background: var(--band); }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer;
  text-align: inherit; }
th button:hover { text-decoration: underline; }
th[aria-sort] button::after { content: " \2191"; }
th[aria-sort=descending] button::after { content: " \2193"; }
figure { margin: 1.2rem 0; }
figure svg { display: block; max-width: 100%; height: auto; border-radius: 6px; }
figcaption { font-size: .9rem; color: var(--soft); margin-top: .3rem; }
details { margin: .8rem 0; }
summary { cursor: pointer; color: var(--link); }
footer { border-top: 1px solid var(--line); margin-top: 3rem; padding-top: .8rem; }
@media (max-width: 40rem) {
  body { padding: 1rem .8rem 3rem; }
  h1 { font-size: 1.45rem; }
  h2 { font-size: 1.15rem; }
  .box { padding: .6rem .8rem; }
  th, td { padding: .3rem .5rem; }
  figure svg { max-width: none; width: max(100%, 30rem); }
}
@media print {
  :root { color-scheme: light; --text: #000; --soft: #333; --page: #fff; --band: #f4f6f8;
    --line: #bbb; --strong: #555; --link: #000; --good: #555; --good-page: #fff; --bad: #555;
    --bad-page: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, summary { display: none; }
  .wide { overflow: visible; }
  th, td { padding: .15rem .4rem; white-space: normal; }
  table { font-size: 8.5pt; }
  .text { min-width: 0; }
  h2, h3, caption { break-after: avoid; }
  thead { display: table-header-group; }
  tr, figure { break-inside: avoid; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
}
)css";

constinit const std::string_view kPageScript = R"js(
"use strict";
const valueOf = (cell) => {
  const text = cell.textContent;
  if (!cell.classList.contains("n")) return text;
  const found = text.match(/-?\d+(\.\d+)?(e[+-]?\d+)?/i);
  return found ? Number(found[0]) : null;
};
const compare = (a, b) => typeof a === "string" ? a.localeCompare(b, "en", {numeric: true}) : a - b;
const sortRows = (rows, column, sign) => {
  const keyed = rows.map((row) => [valueOf(row.cells[column]), row]);
  const missing = keyed.filter(([value]) => value === null);
  const known = keyed.filter(([value]) => value !== null);
  known.sort(([a], [b]) => sign * compare(a, b));
  return [...known, ...missing].map(([, row]) => row);
};
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const asWritten = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Sort by this column";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = {"": "ascending", ascending: "descending", descending: ""};
      const order = next[head.getAttribute("aria-sort") ?? ""];
      for (const other of heads) other.removeAttribute("aria-sort");
      if (order) head.setAttribute("aria-sort", order);
      const sign = order === "descending" ? -1 : 1;
      body.append(...(order ? sortRows(asWritten, column, sign) : asWritten));
    });
  });
}
const closed = new Set();
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not([open])")) {
    closed.add(details);
    details.open = true;
  }
});
addEventListener("afterprint", () => {
  for (const details of closed) details.open = false;
  closed.clear();
});
)js";

}  // namespace scgan::results
