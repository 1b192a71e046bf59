// What each module of a network costs: an icicle by one convention, and a bar for each.
const networks = data.records
  .map((record, at) => ({ record, at }))
  .filter(({ record }) => record.parts.length);

function title({ spec }) {
  const options = Object.entries(spec.options ?? {})
    .map(([name, value]) => ` ${name}=${plain(value)}`)
    .join("");
  return `${spec.model} ${spec.input.join("x")}, ${spec.keypoints} keypoints${options}`;
}

// The convention of the tables that a network stands in, unless one is chosen.
function ruleOf(at) {
  return (
    state.convention ||
    data.cells.find((cell) => cell.record === at && cell.metric === "macs")?.convention ||
    conventions[0]
  );
}

const percent = (part, total) => `${((100 * part) / total).toFixed(1)} %`;

function segments(parts, hue, className = "") {
  const total = parts.reduce((sum, { cost }) => sum + cost, 0);
  const row = make("div", { class: `segments ${className}` });
  for (const { name, cost, at } of parts.filter(({ cost }) => cost > 0)) {
    const one = make(
      "span",
      { class: hue(at), "data-tip": `${name}: ${grouped(cost)}, ${percent(cost, total)}` },
      cost / total > 0.03 ? name.replace(/^[^.]*\./, "") : "",
    );
    one.style.flex = `${cost} 0 0`;
    row.append(one);
  }
  return row;
}

function drawAnatomy() {
  const chosen = networks.find(({ at }) => String(at) === by("network").value);
  if (!chosen) return;
  const { record, at } = chosen;
  const rule = ruleOf(at);
  const costs = (pick) =>
    record.parts.map(([name, , params, macs], order) => ({
      name,
      cost: pick(params, macs),
      at: order,
    }));
  const modules = costs((_, macs) => macs[conventions.indexOf(rule)]);
  const blocks = [];
  for (const { name, cost } of modules) {
    const [block] = name.split(".");
    if (blocks.at(-1)?.name === block) blocks.at(-1).cost += cost;
    else blocks.push({ name: block, cost, at: blocks.length });
  }
  const hue = (order) => `hue${order % 7}`;
  const most = Math.max(...conventions.map((name) => record.macs[name] ?? 0));
  const grid = make("div", { class: "bars" });
  const add = (name, bar, total, className = "") =>
    grid.append(
      make("span", { class: `name ${className}` }, name),
      bar,
      make("span", { class: `number ${className}` }, total),
    );
  add(
    "blocks",
    segments(blocks, () => "block", "tall"),
    "",
    "",
  );
  add(`modules by ${rule}`, segments(modules, hue, "tall"), "", "chosen");
  for (const name of conventions) {
    const total = record.macs[name];
    const bar = segments(
      costs((_, macs) => macs[conventions.indexOf(name)]),
      hue,
    );
    for (const one of bar.children) one.textContent = "";
    bar.style.width = `${(100 * (total ?? 0)) / most}%`;
    add(
      name,
      bar,
      total === undefined ? "no rule for all of it" : `${grouped(total)} MACs`,
      name === rule ? "chosen" : "",
    );
  }
  const weights = segments(
    costs((params) => params),
    hue,
  );
  add("parameters", weights, grouped(record.params));
  by("anatomy-drawing").replaceChildren(grid, numbers(record));
}

// The same as a table.
function numbers(record) {
  const head = ["Module", "Kind", "Parameters", ...conventions].map((text, at) =>
    make("th", { scope: "col", class: at > 1 ? "number" : "" }, text),
  );
  const lines = record.parts.map(([name, kind, params, macs]) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, name),
      make("td", {}, kind),
      ...[params, ...macs].map((value) => make("td", { class: "number" }, grouped(value))),
    ),
  );
  const table = make(
    "table",
    { class: "ladder" },
    make("thead", {}, make("tr", {}, ...head)),
    make("tbody", {}, ...lines),
  );
  const scroll = make(
    "div",
    { class: "scroll", role: "region", tabindex: "0", "aria-label": "Cost by module" },
    table,
  );
  return make("details", {}, make("summary", {}, "The numbers"), scroll);
}
