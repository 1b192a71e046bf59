// Rows by words that stand in them or above them: a network, an input, a group.
const found = by("find");
const lookedIn = all("article.table").map((article) => ({
  article,
  rows: all("tr.row", article).map((row) => ({ row, text: `${row.dataset.row} ${row.textContent}`.toLowerCase() })),
}));

function find() {
  const words = found.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { article, rows } of lookedIn) {
    let shown = 0;
    for (const { row, text } of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    for (const group of all("tr.group", article)) group.hidden = words.length > 0;
    article.hidden = !shown;
    count += shown;
  }
  root.classList.toggle("finding", words.length > 0);
  by("hits").textContent = words.length ? `${count} row${count === 1 ? "" : "s"}` : "";
  mind();
}

found.addEventListener("input", find);
found.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    found.value = "";
    find();
  } else if (event.key === "Enter")
    lookedIn.find(({ article }) => !article.hidden)?.article.scrollIntoView();
});
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, select, textarea")) return;
  event.preventDefault();
  found.focus();
});
