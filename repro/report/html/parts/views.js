// What a cell shows. Verdicts are chosen among those that the page carries, never made here.

const number = (text) => Number.parseFloat(text);

// A cell under a convention, "" for that of its table.
function judged(cell, name) {
  const { kind, reason, value, ours = "", delta = "" } = cell.views?.[name] ?? cell;
  return { kind, reason: said(reason), value, ours, delta };
}

// A cell as a ratio to the row at a place, and to what that row prints in its column.
function related(cell, at, base, name) {
  const own = judged(cell, name);
  if (!base)
    return {
      ...own,
      paper: "–",
      ours: "",
      delta: "",
      reason: "The other row prints no such number.",
    };
  const printed = number(cell.text) / number(base.text);
  const paper = `${rough(printed)}×`;
  const other = judged(base, name);
  if (own.value === undefined || other.value === undefined)
    return { ...own, paper, ours: "", delta: "" };
  const [low, high] = [cell.span[0] / base.span[1], cell.span[1] / base.span[0]];
  const ours = own.value / other.value;
  const places = (paper.split(".")[1] ?? "×").length - 1;
  return {
    kind: kinds.get(said(cell.ratios[name] ?? cell.ratios[""])[at]),
    reason: `Relative to ${base.row}: printed ${rough(printed)}, by its digits ${rough(low)} to ${rough(high)}; ours ${rough(ours)}.`,
    paper,
    ours: `${ours.toFixed(places)}×`,
    delta: signed((ours - printed).toFixed(places)),
    value: ours,
  };
}
