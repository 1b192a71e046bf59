// Columns sort up, down, and back to the paper's order. Headings of groups hide meanwhile.
const sizes = new Intl.Collator("en", { numeric: true });

for (const table of all("table.printed")) {
  const body = table.tBodies[0];
  const order = [...body.rows];
  const [upper, lower] = table.tHead.rows;
  const below = [...lower.cells];
  const heads = [...upper.cells].flatMap((head) =>
    head.colSpan === 3 ? below.splice(0, 3) : [head],
  );
  heads.forEach((head, at) => {
    head.querySelector("button").addEventListener("click", () => {
      const next =
        { ascending: "descending", descending: "" }[head.getAttribute("aria-sort")] ?? "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      if (next) head.setAttribute("aria-sort", next);
      const lines = order.filter((row) => row.matches(".row"));
      body.replaceChildren(
        ...(next
          ? lines.sort(comparing(at, head.matches(".number"), next === "descending"))
          : order),
      );
    });
  });
}

// By the numbers or the words of a column; what is blank comes last either way.
function comparing(at, numeric, falling) {
  const turn = falling ? -1 : 1;
  const value = (row) => {
    const place = row.cells[at];
    const text = (place.querySelector(":scope > span:not(.cite)") ?? place).textContent.trim();
    return numeric ? Number.parseFloat(text.replace("−", "-")) : text;
  };
  const blank = (one) => one === "" || Number.isNaN(one);
  return (left, right) => {
    const [one, two] = [value(left), value(right)];
    if (blank(one) || blank(two)) return blank(one) - blank(two);
    return turn * (numeric ? one - two : sizes.compare(one, two));
  };
}
