// The plots of the report, by Observable Plot; each is drawn when it is first seen. What they show stands in the tables too.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("plots").textContent);
  const colours = { reads: "var(--good)", writes: "var(--warn)" };
  const looks = [["var(--good)", "circle"], ["var(--warn)", "triangle"], ["var(--green)", "square"], ["var(--purple)", "diamond"], ["var(--soft)", "cross"]];
  const short = (said, width) => (said.length > width ? `${said.slice(0, width - 1)}…` : said);
  const time = (ms) => (ms >= 1000 ? `${+(ms / 1000).toPrecision(3)} s` : `${+ms.toPrecision(3)} ms`);
  const style = { background: "transparent", color: "inherit", fontSize: "12px", overflow: "visible" };
  const width = (figure) => Math.max(300, Math.min(figure.clientWidth, 1100));
  const rows = (count) => count.toLocaleString("en");

  // One picture with one name: what its marks show stands in the tables. Its style element goes before a strict
  // Content-Security-Policy meets it; the style sheet says the same.
  function chart(options) {
    const picture = Plot.plot(options);
    picture.querySelectorAll("style").forEach((each) => each.remove());
    picture.querySelectorAll("[aria-label]").forEach((each) => each.removeAttribute("aria-label"));
    picture.setAttribute("role", "img");
    return picture;
  }

  function latency(figure, it) {
    const wide = width(figure);
    const left = wide > 600 ? 230 : 120;
    const end = Math.max(it.seconds * 1000, ...it.reads.map((d) => d[0]), ...it.writes.map((d) => d[0]));
    const x = { domain: [0, end], label: null, tickFormat: (d) => time(d) };
    const lines = ["reads", "writes"].filter((kind) => it[kind].length).flatMap((kind) => [
      Plot.ruleX(it[kind], { x: "0", y1: 0, y2: "1", stroke: colours[kind], strokeOpacity: 0.6 }),
      Plot.dot(it[kind], { x: "0", y: "1", stroke: colours[kind], symbol: kind === "reads" ? "circle" : "triangle", r: 3, title: (d) => `${kind} due at ${time(d[0])} waited ${time(d[1])}` }),
    ]);
    const longest = Math.max(1, ...it.reads.map((d) => d[1]), ...it.writes.map((d) => d[1]));
    const budget = [...new Set([it.budget.reads, it.budget.writes])].filter((d) => d <= longest * 1.5);
    figure.append(legend([["reads", looks[0]], ["writes", looks[1]]], `${budget.length ? "– – budget; " : ""}of each moment the longest wait on any table, from 5 ms on`));
    figure.append(chart({
      ariaLabel: "waits over time", width: wide, height: 190, marginLeft: left, marginRight: 20, style, x,
      y: { label: "wait", grid: true, domain: [0, Math.max(longest, ...budget)], tickFormat: (d) => time(d), ticks: 5 },
      marks: [Plot.ruleY([0]), Plot.ruleY(budget, { strokeDasharray: "4 3", stroke: "var(--danger)" }), ...lines],
    }));
    const spans = [
      ...it.statements.map(([at, ms, said], place) => ({ name: `${place + 1} ${said}`, at, ms, fill: "var(--soft)" })),
      ...it.locks.map(([table, lock, at, ms]) => ({ name: `${table}: ${lock}`, at, ms, fill: "var(--purple)" })),
    ];
    if (!spans.length) return;
    figure.append(chart({
      ariaLabel: "statements and locks over time", width: wide, height: 22 * spans.length + 48, marginLeft: left, marginRight: 20, marginTop: 4, style,
      marginBottom: 44, x: { ...x, label: "since the revision began", labelOffset: 40 },
      y: { type: "band", domain: spans.map((d) => d.name), label: null, tickFormat: (d) => short(d, Math.floor(left / 7.8)), padding: 0.25 },
      marks: [Plot.rect(spans, { x1: "at", x2: (d) => Math.max(d.at + d.ms, d.at + end / 300), y: "name", fill: "fill", title: (d) => `${d.name}\n${time(d.ms)}, from ${time(d.at)} on` })],
    }));
  }

  function growth(figure, all) {
    const names = Object.keys(all);
    const points = names.flatMap((name) => all[name].sizes.map(([n, s]) => ({ name, n, s })));
    const wanted = names.filter((name) => all[name].forecast).map((name) => {
      const [n, low, s, high] = all[name].forecast;
      return { name, n, low, s, high };
    });
    const seen = [...points.map((d) => d.s), ...wanted.flatMap((d) => [d.low, d.high])];
    figure.append(legend(names.map((name, place) => [`${name}: rows to the power of ${all[name].exponent} ± ${all[name].error}`, looks[place % looks.length]]), wanted.length ? "bars: forecast" : ""));
    figure.append(chart({
      ariaLabel: "seconds by rows", width: Math.min(width(figure), 620), height: 245, marginLeft: 60, marginBottom: 44, marginRight: 40, style,
      x: { type: "log", label: "rows", labelOffset: 40, tickFormat: (d) => rows(d), ticks: 3, grid: true, nice: true },
      y: { type: "log", label: "seconds", grid: true, ticks: 4, domain: [Math.min(...seen), Math.max(...seen)], nice: true, tickFormat: (d) => time(d * 1000) },
      marks: names.flatMap((name, place) => {
        const [stroke, symbol] = looks[place % looks.length];
        const own = (list) => list.filter((d) => d.name === name);
        return [
          Plot.line(own(points), { x: "n", y: "s", stroke }),
          Plot.dot(own(points), { x: "n", y: "s", stroke, symbol, title: (d) => `${rows(d.n)} rows: ${time(d.s * 1000)}` }),
          Plot.ruleX(own(wanted), { x: "n", y1: "low", y2: "high", stroke, strokeWidth: 3 }),
          Plot.dot(own(wanted), { x: "n", y: "s", fill: stroke, symbol, title: (d) => `forecast for ${rows(d.n)} rows: ${time(d.low * 1000)} to ${time(d.high * 1000)}` }),
        ];
      }),
    }));
  }

  function durations(figure, { revisions, points }) {
    const names = [...new Set(points.map((d) => d[0]))];
    figure.append(legend(names.map((name, place) => [name, looks[place % looks.length]]), points.some((d) => d[3]) ? "hollow: empty, filled: under traffic over rows" : ""));
    figure.append(chart({
      ariaLabel: "seconds of each upgrade", width: width(figure), height: 240, marginLeft: 60, style,
      x: { label: "revisions, the newest last", domain: [-0.5, revisions.length - 0.5], ticks: [] },
      y: { type: "log", label: "duration", grid: true, ticks: 5, tickFormat: (d) => time(d * 1000) },
      marks: names.map((name, number) => {
        const [colour, symbol] = looks[number % looks.length];
        return Plot.dot(points.filter((d) => d[0] === name), { x: "1", y: (d) => Math.max(d[2], 1e-4), stroke: colour, fill: (d) => (d[3] ? colour : "transparent"), symbol, r: 3.5, title: (d) => `${revisions[d[1]]} on ${name}${d[3] && `, ${d[3]}`}: ${time(d[2] * 1000)}` });
      }),
    }));
  }

  function race(figure, { processes }) {
    const bars = processes.flatMap((each) => {
      const name = `process ${each.process}`;
      const end = each.seconds ?? each.read ?? 0;
      const first = each.steps.length ? each.steps[0][1] : end;
      return [
        { name, from: 0, to: each.read ?? first, fill: "var(--line)", said: "opens env.py, or waits for its lock" },
        { name, from: each.read ?? first, to: first, fill: "var(--soft)", said: "knows the version" },
        ...each.steps.map(([id, from, to]) => ({ name, from, to: to ?? end, fill: "var(--good)", said: `runs ${id}` })),
      ];
    });
    const ends = processes.map((each) => ({ name: `process ${each.process}`, at: each.seconds ?? each.read ?? 0, said: `${each.outcome === "succeeded" ? "✓" : "✗"} ${each.outcome}` }));
    figure.append(legend([["waits or opens", ["var(--line)", "square"]], ["knows the version", ["var(--soft)", "square"]], ["migrates", ["var(--good)", "square"]]], ""));
    figure.append(chart({
      ariaLabel: "what each process did when", width: width(figure), height: 30 * processes.length + 40, marginLeft: 80, marginRight: 100, style,
      x: { label: "seconds", grid: true }, y: { type: "band", label: null, padding: 0.3 },
      marks: [
        Plot.rect(bars.filter((d) => d.to > d.from), { x1: "from", x2: "to", y: "name", fill: "fill", title: (d) => `${d.name} ${d.said}\n${d.from.toFixed(2)} to ${d.to.toFixed(2)} s` }),
        Plot.text(ends, { x: "at", y: "name", text: "said", textAnchor: "start", dx: 5 }),
      ],
    }));
  }

  function trend(figure, runs) {
    const kinds = [["error", "var(--danger)"], ["warning", "var(--warn)"], ["note", "var(--soft)"]];
    const bars = runs.flatMap((each, place) => {
      let below = 0;
      return kinds.map(([kind, fill]) => ({ place, kind, fill, id: each.id, count: each[kind] ?? 0, y1: below, y2: (below += each[kind] ?? 0) }));
    });
    const most = Math.max(1, ...bars.map((d) => d.y2));
    const signs = { passed: "✓", failed: "✗", errored: "!", skipped: "○", known: "≈" };
    figure.append(legend(kinds.map(([kind, colour]) => [`${kind}s`, [colour, "square"]]), ""));
    figure.append(chart({
      ariaLabel: "findings of each run", width: Math.min(width(figure), 60 + 40 * runs.length), height: 150, marginLeft: 40, marginBottom: 24, style,
      x: { type: "band", domain: runs.map((_, place) => place), tickFormat: (place) => signs[runs[place].verdict], label: null, padding: 0.2 },
      y: { label: "findings", grid: true, domain: [0, most], ticks: 4, tickFormat: "d" },
      marks: [Plot.rect(bars.filter((d) => d.count), { x: "place", y1: "y1", y2: "y2", fill: "fill", title: (d) => `${d.id}: ${d.count} ${d.kind}${d.count > 1 ? "s" : ""}` }), Plot.ruleY([0])],
    }));
  }

  function graph(figure, { dots, links }) {
    const step = 22;
    const lanes = Math.max(...dots.map((d) => d.lane)) + 1;
    const left = 14 + lanes * 18;
    const wide = width(figure);
    const marks = { passed: ["var(--good)", "circle"], failed: ["var(--danger)", "times"], errored: ["var(--danger)", "asterisk"], skipped: ["var(--warn)", "triangle"], known: ["var(--soft)", "square"] };
    const signs = { passed: "✓", failed: "✗", errored: "!", skipped: "○", known: "≈" };
    const ends = links.map(([newer, older, needs]) => ({ x1: dots[newer].lane, y1: newer, x2: dots[older].lane, y2: older, needs }));
    // Round the corner at the older end, so that a branch is seen to leave there.
    const paths = ends.flatMap((d, z) => (d.x1 === d.x2 ? [[d.x1, d.y1], [d.x2, d.y2]] : [[d.x1, d.y1], [Math.max(d.x1, d.x2), d.x1 > d.x2 ? d.y2 - 0.6 : d.y1 + 0.6], [d.x2, d.y2]]).map(([x, y]) => ({ x, y, z, needs: d.needs })));
    const lines = (needs, more) => Plot.line(paths.filter((d) => d.needs === needs), { x: "x", y: "y", z: "z", stroke: "var(--soft)", ...more });
    const places = dots.map((d, y) => ({ ...d, y }));
    figure.append(chart({
      ariaLabel: "revisions with branches and merges", width: wide, height: dots.length * step + 16, margin: 8, marginLeft: 14, marginRight: Math.max(60, wide - left), style,
      x: { axis: null, domain: [0, Math.max(1, lanes - 1)] }, y: { axis: null, reverse: true, domain: [0, Math.max(1, dots.length - 1)] },
      marks: [
        lines(false, { strokeWidth: 1.5 }), lines(true, { strokeDasharray: "3 3" }),
        ...Object.entries(marks).map(([verdict, [colour, symbol]]) => Plot.dot(places.filter((d) => d.verdict === verdict), { x: "lane", y: "y", symbol, r: 5, stroke: colour, fill: "var(--ground)", strokeWidth: 2 })),
        Plot.text(places, { x: () => Math.max(1, lanes - 1), y: "y", dx: 16, textAnchor: "start", href: "href", text: (d) => short(`${signs[d.verdict]} ${d.name}  ${d.said}`, Math.floor((wide - left) / 7.2)) }),
      ],
    }));
  }

  function legend(entries, more) {
    const list = document.createElement("p");
    list.className = "legend";
    const shapes = { circle: "●", triangle: "▲", square: "■", diamond: "◆", cross: "✚" };
    for (const [name, [colour, symbol]] of entries) {
      const mark = document.createElement("span");
      const key = document.createElement("b");
      key.textContent = shapes[symbol];
      key.style.color = colour;
      mark.append(key, ` ${name}`);
      list.append(mark);
    }
    if (more) list.append(more);
    return list;
  }

  const drawers = { latency, growth, durations, race, trend, graph };
  const draw = (figure) => {
    // To ask for its width would have all that is folded laid out.
    if (figure.dataset.drawn || figure.closest("details:not([open])")) return;
    figure.dataset.drawn = "yes";
    drawers[figure.dataset.plot](figure, data[figure.dataset.of]);
  };
  const drawAll = (within) => within.querySelectorAll("figure[data-plot]").forEach(draw);
  drawAll(document);
  document.addEventListener("toggle", (event) => { if (event.target.open) drawAll(event.target); }, true);
})();
