// The tables follow the chosen convention and the chosen ratios.
const places = new Map();
for (const place of all(".printed [data-cell]")) {
  const found = places.get(place.dataset.cell) ?? {};
  const part = place.matches(".paper") ? "paper" : place.matches(".ours") ? "ours" : "delta";
  found[part] = place.querySelector(":scope > span:not(.cite)") ?? place;
  found.button ??= place.querySelector("button");
  places.set(place.dataset.cell, found);
}
for (const found of places.values()) found.printed = found.paper.firstChild.data;

const rows = new Map(
  all("article.table").map((article) => [
    article.dataset.table,
    all("tr.row", article).map(
      (row) =>
        new Map(
          all("button[data-number]", row).map((button) => [
            data.cells[button.dataset.number].column,
            data.cells[button.dataset.number],
          ]),
        ),
    ),
  ]),
);
const ladders = all("[data-before]").map((place) => ({ place, text: place.textContent }));
const owns = all("[data-claim]").map((row) => ({
  claim: data.claims[row.dataset.claim],
  place: row.querySelector(".own"),
}));

// What a cell shows now.
function shown(cell, table) {
  const chosen = state.ratios.get(table);
  if (chosen === undefined || !cell.ratios) return judged(cell, state.convention);
  return related(cell, chosen, rows.get(table)[chosen].get(cell.column), state.convention);
}

const tableOf = (place) => place.closest?.("article.table")?.dataset.table;

function mark(button, kind) {
  button.className = `sign ${kind}`;
  button.firstElementChild.textContent = data.signs[kind];
  button.lastElementChild.textContent = kind;
}

function update() {
  for (const [key, place] of places) {
    const view = shown(data.cells[key], tableOf(place.button));
    place.paper.firstChild.data = view.paper ?? place.printed;
    if (place.ours) place.ours.textContent = view.ours;
    if (place.delta) place.delta.textContent = minus(view.delta);
    mark(place.button, view.kind);
  }
  for (const { place, text } of ladders) {
    const step = data.cells[place.dataset.after].steps?.[state.convention];
    place.textContent = step ? minus(step) : text;
  }
  for (const { claim, place } of owns)
    place.textContent = claim.others[state.convention] ?? claim.own;
  for (const place of all("#matrix td[data-field='MACs']")) count(place);
  tell();
}

// One place of the matrix, counted again.
function count(place) {
  const counts = new Map();
  for (const cell of data.cells) {
    if (cell.study !== place.dataset.study || cell.field !== "MACs") continue;
    const { kind } = judged(cell, state.convention);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  if (!counts.size) return;
  const total = [...counts.values()].reduce((sum, one) => sum + one);
  const bar = place.querySelector("svg").cloneNode(false);
  let at = 0;
  const tallies = [];
  for (const kind of Object.keys(data.signs).filter((name) => counts.has(name))) {
    const wide = (100 * counts.get(kind)) / total;
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, value] of Object.entries({ class: kind, x: at, width: wide, height: 4 }))
      rect.setAttribute(name, value);
    bar.append(rect);
    at += wide;
    const sign = make("span", { "aria-hidden": "true" }, data.signs[kind]);
    tallies.push(
      make(
        "span",
        { class: `count ${kind}` },
        sign,
        ` ${counts.get(kind)}`,
        make("span", { class: "hidden" }, ` ${kind}`),
      ),
      " ",
    );
  }
  place.replaceChildren(bar, ...tallies);
}

function tell() {
  const macs = data.cells.filter((cell) => cell.metric === "macs" && cell.record !== undefined);
  const holding = (name) => macs.filter((cell) => judged(cell, name).kind === "match").length;
  const name = state.convention;
  by("told").hidden = !name;
  by("told").textContent = name
    ? `All MACs are counted by ${name} now: ${holding(name)} of ${macs.length} print as published, ${holding("")} by each table’s own rules.`
    : "";
}
