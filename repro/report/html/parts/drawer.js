// The reason of a verdict on pointing or focus, and where a number comes from on click or Enter.
const tip = by("tip");
const drawer = by("drawer");
let leaving = 0;
let pointed = null;

function explain(place, title, text) {
  clearTimeout(leaving);
  pointed = place;
  tip.replaceChildren(...(title ? [make("b", {}, title)] : []), ...coded(text));
  tip.hidden = false;
  follow();
}

// The tip stays with its place while the page scrolls, and goes with it.
function follow() {
  if (tip.hidden) return;
  const from = pointed.getBoundingClientRect();
  if (from.bottom < 0 || from.top > innerHeight) return hide();
  const own = tip.getBoundingClientRect();
  const below = from.bottom + 6 + own.height < innerHeight;
  const most = document.documentElement.clientWidth - own.width - 8;
  tip.style.left = `${Math.max(8, Math.min(from.left, most))}px`;
  tip.style.top = `${below ? from.bottom + 6 : Math.max(8, from.top - own.height - 6)}px`;
}

function point(event) {
  const place = event.target.closest?.("[data-cell], [data-tip]");
  if (!place) return;
  if (place.dataset.tip) return explain(place, "", place.dataset.tip);
  const cell = data.cells[place.dataset.cell];
  const view = shown(cell, tableOf(place));
  explain(place, `${data.signs[view.kind]} ${view.kind}`, view.reason);
  if (event.target.matches("button")) event.target.setAttribute("aria-describedby", "tip");
}

const hide = () => {
  tip.hidden = true;
};
const leave = () => {
  leaving = setTimeout(hide, 150);
};
document.addEventListener("pointerover", point);
document.addEventListener("focusin", point);
document.addEventListener("pointerout", leave);
document.addEventListener("focusout", leave);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hide();
});
document.addEventListener("scroll", follow, true);
tip.addEventListener("pointerover", () => clearTimeout(leaving));

document.addEventListener("click", (event) => {
  const place = event.target.closest("[data-cell]");
  if (place && !String(getSelection())) open(data.cells[place.dataset.cell], tableOf(place));
});
drawer.addEventListener("click", (event) => {
  if (event.target === drawer) drawer.close();
});

function open(cell, table) {
  hide();
  by("drawer-title").textContent = `${cell.table} · ${cell.row} · ${cell.column}`;
  by("drawer-body").replaceChildren(...parts(cell, table).filter(Boolean));
  drawer.showModal();
  drawer.scrollTop = 0;
  by("drawer-title").focus();
}

function parts(cell, table) {
  const view = shown(cell, table);
  const record = data.records[cell.record];
  return [
    make("p", { class: view.kind }, make("b", {}, `${data.signs[view.kind]} ${view.kind}`)),
    make("p", {}, ...coded(view.reason)),
    facts(cell, view),
    ...(cell.metric === "macs" && record ? byConvention(cell, record) : []),
    ...titled("Measure it again", cell.commands.map(command)),
    ...titled("Sentences and findings that use it", list((cell.mentions ?? []).map(said))),
    ...(record ? provenance(record) : []),
  ];
}

const titled = (title, content) => (content.length ? [make("h3", {}, title), ...content] : []);
const list = (lines) =>
  lines.length ? [make("ul", {}, ...lines.map((line) => make("li", {}, ...coded(line))))] : [];

function pairs(entries) {
  const lines = entries
    .map(([name, value]) => [name, plain(value ?? "")])
    .filter(([, text]) => text);
  return make(
    "dl",
    {},
    ...lines.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]),
  );
}

// Data as a line of text.
function plain(value) {
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (value === null || typeof value !== "object") return String(value);
  return Object.entries(value)
    .map(([name, one]) => `${name} ${plain(one)}`)
    .join(", ");
}

function facts(cell, view) {
  const interval =
    cell.interval &&
    `${cell.interval.map((edge) => edge.toFixed(2)).join(" to ")}, 95 % over images`;
  return pairs([
    [
      "printed",
      `${cell.text}: every value from ${cell.span.map((edge) => Number(edge.toPrecision(8))).join(" up to ")}`,
    ],
    ["ours", view.ours],
    ["difference", minus(view.delta)],
    ["interval", interval],
    [
      "counted",
      cell.convention &&
        `${cell.convention} (${data.conventions[cell.convention]}), ${data.giga[cell.giga]}`,
    ],
    ["why so", cell.counted === undefined ? "" : said(cell.counted)],
    ["where", said(cell.where)],
    ["note", (cell.note ?? []).map(said).join(" ")],
    ["elsewhere", (cell.elsewhere ?? []).map(said).join("; ")],
  ]);
}

function byConvention(cell, record) {
  const lines = conventions.map((name) => {
    const view = judged(cell, name);
    const own = name === cell.convention;
    const count = record.macs[name];
    const sign = make("td", { class: view.kind }, `${data.signs[view.kind]} ${view.kind}`);
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, own ? `${name}, its own` : name),
      make("td", { class: "number" }, count === undefined ? "–" : grouped(count)),
      make("td", { class: "number" }, view.ours),
      sign,
    );
  });
  const head = make(
    "thead",
    {},
    make(
      "tr",
      {},
      ...["Convention", "MACs", "ours", "verdict"].map((text, at) =>
        make("th", { scope: "col", class: at === 1 || at === 2 ? "number" : "" }, text),
      ),
    ),
  );
  return titled("By every convention", [make("table", {}, head, make("tbody", {}, ...lines))]);
}

function command(text) {
  const button = make("button", { type: "button" }, "copy");
  const code = make("code", {}, text);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "selected";
    }
  });
  return make("div", { class: "command" }, code, button);
}

function provenance(record) {
  return [
    ...titled("The run", [pairs(Object.entries(record.spec))]),
    ...titled("The record", [
      pairs([
        ["key", record.key],
        ["file", `records/${record.key.slice(0, 2)}/${record.key}.json`],
        ...Object.entries(record.notes),
      ]),
    ]),
    ...titled("The machine", [pairs(Object.entries(record.env))]),
  ];
}

// One stop of the Tab key a table; the arrow keys go from sign to sign.
for (const table of all("table.printed"))
  table.querySelector("button.sign")?.setAttribute("tabindex", "0");

document.addEventListener("keydown", (event) => {
  const from = event.target.closest?.("table.printed button.sign");
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[
    event.key
  ];
  if (!from || !step) return;
  event.preventDefault();
  const lines = all("tr.row", from.closest("table")).map((row) => all("button.sign", row));
  const at = lines.findIndex((line) => line.includes(from));
  const column = from.closest("td").cellIndex;
  const near = (line) =>
    line?.toSorted(
      (one, two) =>
        Math.abs(one.closest("td").cellIndex - column) -
        Math.abs(two.closest("td").cellIndex - column),
    )[0];
  const to = step[0] ? near(lines[at + step[0]]) : lines[at][lines[at].indexOf(from) + step[1]];
  if (!to) return;
  from.setAttribute("tabindex", "-1");
  to.setAttribute("tabindex", "0");
  to.focus();
});
