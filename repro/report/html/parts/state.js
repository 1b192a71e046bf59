// What the page knows, and small helpers. Text from tables and records only ever becomes text.
const data = JSON.parse(document.getElementById("data").textContent);
const said = (number) => data.texts[number];
const conventions = Object.keys(data.conventions);
const kinds = new Map(Object.entries(data.signs).map(([kind, sign]) => [sign, kind]));
const state = { convention: "", ratios: new Map() };

const all = (query, within = document) => [...within.querySelectorAll(query)];
const by = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const minus = (text) => text.replaceAll("-", "−");
const grouped = (number) => number.toLocaleString("en-US");
const signed = (text) =>
  /[1-9]/.test(text) ? (text.startsWith("-") ? text : `+${text}`) : text.replace("-", "");

// Three significant digits, never in powers of ten.
function rough(number) {
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(number) || 1)));
  return number.toFixed(Math.min(places, 6));
}

// Text with `names` between backticks as code.
const coded = (text) => text.split("`").map((part, at) => (at % 2 ? make("code", {}, part) : part));
