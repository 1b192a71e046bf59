// The filled circles move to our cost under the chosen convention.
const smallest = 2.5;

function scaled({ low, high, start, end, log }, value) {
  const at = (one) => (log === "true" ? Math.log(one) : Number(one));
  return Number(start) + ((at(value) - at(low)) / (at(high) - at(low))) * (end - start);
}

function movePlots() {
  for (const plot of all(".plot")) {
    const front = plot.querySelector("[data-own]");
    if (front) front.setAttribute("visibility", state.convention ? "hidden" : "visible");
    for (const mark of all(".mark", plot)) {
      const ours = mark.querySelector(".filled");
      const [x, area] = [data.cells[mark.dataset.x], data.cells[mark.dataset.size]];
      if (!ours) continue;
      const across = x && judged(x, state.convention).value;
      if (across !== undefined) {
        const at = scaled(plot.dataset, across);
        ours.setAttribute("cx", at);
        const between = mark.querySelector(".between");
        between.setAttribute("x2", at);
        const apart = Math.hypot(
          at - between.getAttribute("x1"),
          between.getAttribute("y2") - between.getAttribute("y1"),
        );
        between.setAttribute("visibility", apart > 1.5 ? "visible" : "hidden");
      }
      const cost = area && judged(area, state.convention).value;
      if (cost !== undefined)
        ours.setAttribute(
          "r",
          Math.max(smallest, plot.dataset.radius * Math.sqrt(cost / plot.dataset.largest)),
        );
    }
  }
}
