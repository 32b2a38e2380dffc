// Filters for the grid, the findings and the revisions. Without scripts all is shown.
(() => {
  "use strict";
  const form = document.getElementById("filters");
  const field = (name) => document.getElementById(name);
  const letters = { passed: "p", failed: "f", errored: "e", skipped: "s", known: "k" };
  const texts = new Map();
  const text = (node) => {
    if (!texts.has(node)) texts.set(node, node.textContent.toLowerCase());
    return texts.get(node);
  };
  const grid = document.querySelector("table.grid");
  const columns = [...grid.tHead.rows[1].cells];
  const revisions = new Map([...document.querySelectorAll("details.revision")].map((each) => [each.dataset.row, each]));
  const findings = [...document.querySelectorAll("details.finding")];

  const apply = () => {
    const [word, verdict, experiment, backend] = ["text", "verdict", "experiment", "backend"].map((each) => field(each).value.trim().toLowerCase());
    const shown = columns.map((each) => (!backend || each.dataset.b === backend) && (!experiment || each.dataset.e === experiment));
    for (const group of grid.tHead.rows[0].cells) {
      if (!group.dataset.b) continue;
      const width = columns.filter((each, place) => shown[place] && each.dataset.b === group.dataset.b).length;
      group.hidden = !width;
      group.colSpan = Math.max(width, 1);
    }
    columns.forEach((each, place) => { each.hidden = !shown[place]; });
    let count = 0;
    for (const row of grid.tBodies[0].rows) {
      const cells = [...row.cells].slice(1);
      cells.forEach((each, place) => { each.hidden = !shown[place]; });
      const asked = cells.filter((each, place) => shown[place]);
      const revision = revisions.get(row.dataset.row);
      const fits = (!verdict || asked.some((each) => each.classList.contains(letters[verdict])))
        && (!word || text(row).includes(word) || text(revision).includes(word));
      row.hidden = !fits;
      revision.hidden = !fits;
      count += fits;
    }
    let told = 0;
    for (const each of findings) {
      const fits = (!backend || each.dataset.b.split(" ").includes(backend))
        && (!experiment || each.dataset.e === experiment)
        && (!verdict || each.dataset.v === verdict)
        && (!word || text(each).includes(word));
      each.hidden = !fits;
      told += fits;
    }
    for (const each of document.querySelectorAll("section.database")) each.hidden = Boolean(backend) && each.dataset.b !== backend;
    for (const each of document.querySelectorAll(".group")) each.hidden = !each.querySelector("details.finding:not([hidden])");
    field("shown").value = word || verdict || experiment || backend ? `${count} of ${grid.tBodies[0].rows.length} rows, ${told} of ${findings.length} findings` : "";
  };

  // Whoever follows a link into something that is folded or filtered away wants to see it.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = target && target.closest("details");
    if (!folded) return;
    if (folded.hidden) { form.reset(); apply(); }
    folded.open = true;
    folded.scrollIntoView();
  };
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  addEventListener("hashchange", reveal);
  reveal();
})();
