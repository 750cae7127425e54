"""What the page looks like, in light, dark and print, and the script that has plotly draw its charts."""

from __future__ import annotations

from .charts import COLOURS

_STYLE = """
:root { color-scheme: light dark; }
:root, :root.printing { --ink: #1b2026; --soft: #59636e; --ground: #ffffff; --card: #f4f6f8; --line: #d5dbe1;
  --folder: #dfe4e9;
  --link: #1257b0; --good: #1a7f37; --bad: #b3261e; --open: #8a5a00; }
@media (prefers-color-scheme: dark) { :root:not(.printing) { --ink: #e6eaee; --soft: #a3adb8; --ground: #14181d;
  --card: #1d232a;  --line: #37404a;
  --folder: #2b333c; --link: #7fb3ff; --good: #5fd07f; --bad: #ff8a80; --open: #e5b567; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem 1.25rem 3rem; color: var(--ink); background: var(--ground);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); }
a.skip { position: absolute; left: -99rem; }
a.skip:focus { left: 1rem; top: 1rem; padding: .5rem 1rem; background: var(--ground); z-index: 9; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 .75rem; padding-top: .75rem; font-size: 1.35rem; border-top: 1px solid var(--line); }
h3 { margin: 0; font-size: 1rem; }
nav ul, ul.keys { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .75rem 0; padding: 0; list-style: none; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
dl div { padding: .6rem .8rem; background: var(--card); border-radius: .4rem; }
dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; font-size: 1.15rem; font-weight: 600; }
dd small { display: block; color: var(--soft); font-weight: 400; }
article { margin: .6rem 0; padding: .6rem .9rem; background: var(--card); border-left: 5px solid var(--good);
  border-radius: .3rem; }
article.failed { border-color: var(--bad); } article.not_judged { border-color: var(--open); }
.outcome { display: inline-block; min-width: 7rem; color: var(--good); text-transform: uppercase; font-size: .85rem; }
.failed .outcome { color: var(--bad); } .not_judged .outcome { color: var(--open); }
.test, figcaption, caption { color: var(--soft); font-size: .875rem; }
.test { margin: 0; }
summary { padding: .25rem 0; color: var(--link); cursor: pointer; }
pre { overflow: auto; margin: .5rem 0; font: .82rem/1.45 ui-monospace, monospace; overflow-wrap: normal;
  unicode-bidi: plaintext; }
figure { margin: 0 0 1.5rem; }
.chart { width: 100%; min-height: 18rem; }
.key { display: inline-block; width: .9rem; height: .9rem; margin-right: .4rem; border-radius: .2rem;
  vertical-align: -.1rem; print-color-adjust: exact; }
.table { overflow: auto; max-height: 32rem; margin: .5rem 0; }
table { border-collapse: collapse; font-size: .875rem; }
caption { text-align: left; padding-bottom: .35rem; }
th, td { padding: .25rem .9rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums; }
tbody th { font-weight: 400; min-width: 14rem; }
@media print {
  :root { color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, a.skip, details:not([open]) { display: none; }
  article, tr, figure > .chart { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  article { border: 1px solid var(--line); border-left-width: 5px; }
  pre { white-space: pre-wrap; font-size: 7.5pt; }
  .table { max-height: none; overflow: visible; }
}
"""
_CAUSES = "\n".join(f".cause{number} " + "{ background: " + colour + "; }" for number, colour in enumerate(COLOURS))
STYLE = f"{_STYLE}{_CAUSES}\n"

SCRIPT = """
"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const draw = (width) => {
    const ink = colour("--ink"), ground = colour("--ground"), line = colour("--line");
    const axis = { gridcolor: line, linecolor: line, zerolinecolor: line };
    const all = {
      font: { color: ink, family: "system-ui, sans-serif", size: 13 }, paper_bgcolor: ground, plot_bgcolor: ground,
      hoverlabel: { align: "left", bgcolor: ground, bordercolor: ink, font: { color: ink } },
    };
    for (const [id, figure] of Object.entries(figures)) {
      const layout = { ...figure.layout, ...all, autosize: !width };
      if (width) layout.width = width;
      for (const name of ["xaxis", "yaxis"]) if (layout[name]) layout[name] = { ...layout[name], ...axis };
      const data = figure.data.map((trace) => trace.type !== "treemap" ? trace : {
        ...trace, marker: {
          ...trace.marker, line: { width: 1, color: ground },
          colors: trace.marker.colors.map((each) => each === "" ? colour("--folder") : each),
        },
      });
      Plotly.react(id, data, layout, { displayModeBar: false, responsive: !width, showTips: false });
    }
  };
  draw(0);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(0));
  const print = (on) => { document.documentElement.classList.toggle("printing", on); draw(on ? 680 : 0); };
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
})();
"""
