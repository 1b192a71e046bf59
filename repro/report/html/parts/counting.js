// Verdicts on costs under a chosen convention, from the counts of the records, in whole numbers.

// "1.0079G" as digits and the power of ten they stand over.
function parsed(text) {
  const [, sign, whole, decimals = ""] = /^([+-]?)(\d+)(?:\.(\d+))?[MG]?$/.exec(text);
  return {
    digits: BigInt(sign + whole + decimals),
    ten: 10n ** BigInt(decimals.length),
    decimals: decimals.length,
  };
}

const number = (text) => Number.parseFloat(text);
const size = (big) => (big < 0n ? -big : big);

// Whether a count is rounded or cut to the printed digits; "" if neither.
function prints(text, count, giga) {
  const { digits, ten } = parsed(text);
  const distance = BigInt(count) * ten - digits * BigInt(giga);
  if (2n * size(distance) <= BigInt(giga)) return "rounded";
  const away = digits < 0n ? -distance : distance;
  return away >= 0n && away < BigInt(giga) ? "cut" : "";
}

// The G of a cell under a convention: its own where the convention knows it.
function gigaOf(cell, name) {
  const known = conventions.get(name).giga;
  return known.includes(cell.giga) ? cell.giga : known[0];
}

const suffix = (cell) => (/[MG]$/.test(cell.text) ? cell.text.at(-1) : "");

// What a cell shows under a convention, "" for that of its table.
function judged(cell, name) {
  const { kind, value, ours = "", delta = "" } = cell;
  const reason = said(cell.reason);
  const counts = cell.metric === "macs" && cell.record !== undefined;
  if (!name || !counts || name === cell.convention) return { kind, reason, value, ours, delta };
  const record = data.records[cell.record];
  const count = record.macs[name];
  if (count === undefined) {
    const unknown = (record.uncounted[name] ?? []).join(", ");
    return {
      kind: "missing",
      reason: `\`${name}\` has no rule for ${unknown}; calling it 0 would be wrong.`,
      ours: "",
      delta: "",
    };
  }
  const giga = gigaOf(cell, name);
  const here = count / giga;
  const apart = here / number(cell.text) - 1;
  const how = prints(cell.text, count, giga);
  const places = parsed(cell.text).decimals + 1;
  const under = `${grouped(count)} MACs under \`${name}\` (${data.giga[giga]})`;
  return {
    kind: how
      ? "match"
      : kind === "unreproducible"
        ? kind
        : Math.abs(apart) <= data.near
          ? "near"
          : "off",
    reason: how
      ? `${under}, ${how}. This cell is counted by \`${cell.convention}\`.`
      : `${under}, ${signed((100 * apart).toFixed(2))} % from the print. This cell is counted by \`${cell.convention}\`.`,
    value: here,
    ours: here.toFixed(places) + suffix(cell),
    delta: signed((here - number(cell.text)).toFixed(places)),
  };
}

// A cell as a ratio to another row's: printed, ours, and whether the printed digits allow ours.
function related(cell, base, name) {
  const own = judged(cell, name);
  const other = base && judged(base, name);
  if (!base)
    return {
      ...own,
      paper: "–",
      ours: "",
      delta: "",
      reason: "The other row prints no such number.",
    };
  const printed = number(cell.text) / number(base.text);
  const [low, high] = [cell.span[0] / base.span[1], cell.span[1] / base.span[0]];
  const paper = `${rough(printed)}×`;
  if (own.value === undefined || other.value === undefined)
    return { ...own, paper, ours: "", delta: "" };
  const ours = own.value / other.value;
  const kind = [own.kind, other.kind].includes("unreproducible")
    ? "unreproducible"
    : ["fps", "latency"].includes(cell.metric)
      ? own.kind
      : low <= ours && ours <= high
        ? "match"
        : Math.abs(ours / printed - 1) <= data.near
          ? "near"
          : "off";
  const reason = `Relative to ${base.row}: printed ${rough(printed)}, by its digits ${rough(low)} to ${rough(high)}; ours ${rough(ours)}.`;
  const places = (paper.split(".")[1] ?? "×").length - 1;
  return {
    kind,
    reason,
    paper,
    ours: `${ours.toFixed(places)}×`,
    delta: signed((ours - printed).toFixed(places)),
    value: ours,
  };
}

// What one switch of an ablation changes by ours, and whether the printed digits allow it.
function change(before, after, name) {
  const [one, two] = [judged(before, name), judged(after, name)];
  if (one.value === undefined || two.value === undefined) return data.signs.missing;
  const [left, right] = [parsed(before.text), parsed(after.text)];
  const [countLeft, countRight] = [before, after].map((cell) =>
    BigInt(data.records[cell.record].macs[name]),
  );
  const [gigaLeft, gigaRight] = [before, after].map((cell) => BigInt(gigaOf(cell, name)));
  const ten = left.ten > right.ten ? left.ten : right.ten;
  const scaled = ({ digits, ten: own }, more) => 2n * digits * (ten / own) + more * (ten / own);
  const unit = gigaLeft * gigaRight;
  const low = (scaled(right, -1n) - scaled(left, 2n)) * unit;
  const high = (scaled(right, 2n) - scaled(left, -1n)) * unit;
  const ours = 2n * ten * (countRight * gigaLeft - countLeft * gigaRight);
  const sign = data.signs[low <= ours && ours <= high ? "match" : "off"];
  return `${minus(signed((two.value - one.value).toFixed(right.decimals + 1)))} ${sign}`;
}
