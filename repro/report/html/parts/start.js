// Switches, filters, printing.
const root = document.documentElement;

function remembered(value) {
  try {
    if (value) localStorage.setItem("repro-theme", value);
    return localStorage.getItem("repro-theme");
  } catch {
    return value; // a browser may keep nothing for files
  }
}

const dark = () =>
  root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
const kept = remembered();
if (kept === "light" || kept === "dark") root.dataset.theme = kept;
by("theme").setAttribute("aria-pressed", dark());
by("theme").addEventListener("click", () => {
  root.dataset.theme = dark() ? "light" : "dark";
  by("theme").setAttribute("aria-pressed", dark());
  remembered(root.dataset.theme);
});

by("convention").value = "";
by("convention").addEventListener("change", (event) => {
  state.convention = event.target.value;
  update();
  movePlots();
  drawAnatomy();
});

for (const select of all("select.ratio")) {
  select.value = "";
  select.addEventListener("change", () => {
    const table = tableOf(select);
    if (select.value === "") state.ratios.delete(table);
    else state.ratios.set(table, Number(select.value));
    update();
  });
}

for (const { record, at } of networks)
  by("network").append(make("option", { value: at }, title(record)));
by("network").addEventListener("change", drawAnatomy);
drawAnatomy();

for (const filter of all("[data-filter]")) {
  const section = filter.closest("section");
  const choose = () => {
    const kinds = new Set(all("[aria-pressed='true']", filter).map((chip) => chip.dataset.kind));
    for (const line of all("tr[data-kind], li[data-kind]", section))
      line.hidden = !kinds.has(line.dataset.kind);
    for (const table of all("table.claims", section))
      table.parentElement.hidden = all("tbody tr", table).every((line) => line.hidden);
    mind();
  };
  filter.addEventListener("click", (event) => {
    const chip = event.target.closest("button");
    if (!chip) return;
    chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") !== "true");
    choose();
  });
  filter.hidden = false;
  choose();
}

// A table that is wider than its place says so.
function mind() {
  for (const scroll of all(".scroll")) {
    const wide = scroll.scrollWidth > scroll.clientWidth + 1;
    scroll.classList.toggle("overflows", wide);
    if (wide) scroll.setAttribute("tabindex", "0");
    else scroll.removeAttribute("tabindex");
    const hint = scroll.nextElementSibling?.matches(".more") ? scroll.nextElementSibling : null;
    if (wide && !hint)
      scroll.after(
        make("p", { class: "more", "aria-hidden": "true" }, "↔ more columns: scroll sideways"),
      );
    if (!wide) hint?.remove();
  }
}
addEventListener("resize", mind);
document.addEventListener("toggle", mind, true);

let closed = [];
addEventListener("beforeprint", () => {
  closed = all("details:not([open])");
  for (const one of closed) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of closed) one.open = false;
});

for (const one of all(".switches, .tools, .script")) one.hidden = false;
update();
mind();
