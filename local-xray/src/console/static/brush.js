// Dragging over a chart picks a stretch of it: all columns between the two ends, as one link. The arrow keys walk from
// column to column, and with Shift they pick. Without this script each column is a link of its own.

let from = null; // the column where a drag or a pick with the keyboard began
let to = null;
let dragged = false;

const chartOf = (target) => target.closest?.("[data-brush]");
const columnsOf = (chart) => [...chart.querySelectorAll("a")];

document.addEventListener("pointerdown", (event) => {
  const chart = chartOf(event.target);
  if (!chart || event.button !== 0) return;
  pick(chart, columnAt(chart, event.clientX));
});

document.addEventListener("pointermove", (event) => {
  if (!from || !event.buttons || event.pointerType === "touch") return;
  const chart = chartOf(from);
  const column = columnAt(chart, event.clientX);
  if (column !== from) dragged = true;
  if (dragged) extend(chart, column);
});

// The end is where the pointer was let go: a busy page may not have heard of the last moves.
document.addEventListener("pointerup", (event) => {
  if (!from || !dragged) return clear();
  const chart = chartOf(from);
  extend(chart, columnAt(chart, event.clientX));
  go(chart);
});
document.addEventListener("pointercancel", clear);
document.addEventListener("dragstart", (event) => { if (chartOf(event.target)) event.preventDefault(); });
document.addEventListener("click", (event) => {
  if (!dragged || !chartOf(event.target)) return;
  event.preventDefault();
  dragged = false;
}, true);

document.addEventListener("keydown", (event) => {
  const chart = chartOf(event.target);
  if (!chart || event.ctrlKey || event.metaKey || event.altKey) return;
  const columns = columnsOf(chart);
  const current = event.target.closest("a");
  const next = { ArrowRight: columns[columns.indexOf(current) + 1], ArrowLeft: columns[columns.indexOf(current) - 1] }[event.key];
  if (next) {
    event.preventDefault();
    next.focus();
    if (!event.shiftKey) clear();
    else if (!from) pick(chart, current);
    if (event.shiftKey) extend(chart, next);
  } else if (event.key === "Escape") clear();
  else if (event.key === "Enter" && from && to !== from) {
    event.preventDefault();
    go(chart);
  }
});

function columnAt(chart, x) {
  const inside = (column) => x < column.querySelector(".room").getBoundingClientRect().right;
  const columns = columnsOf(chart);
  return columns.find(inside) ?? columns.at(-1);
}

function pick(chart, column) {
  clear();
  from = to = column;
}

function extend(chart, column) {
  to = column;
  const [first, last] = ends(chart);
  columnsOf(chart).forEach((one, index) => one.classList.toggle("picked", index >= first && index <= last));
}

function ends(chart) {
  const columns = columnsOf(chart);
  return [columns.indexOf(from), columns.indexOf(to)].sort((a, b) => a - b);
}

function go(chart) {
  const columns = columnsOf(chart);
  const [first, last] = ends(chart);
  const name = chart.dataset.as;
  const edges = (column) => new URL(column.href.baseVal, location.href).searchParams.get(name).split("-");
  const address = new URL(chart.dataset.brush, location.href);
  address.searchParams.set(name, `${edges(columns[first])[0]}-${edges(columns[last])[1]}`);
  from = to = null;
  location.assign(address);
}

function clear() {
  if (from) columnsOf(chartOf(from) ?? document).forEach((one) => one.classList.remove("picked"));
  from = to = null;
  dragged = false;
}
