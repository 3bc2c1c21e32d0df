// Pan and zoom for maps: drag, the buttons, Ctrl + wheel or pinch, and + - 0 on a focused map. The place is kept when
// live.js swaps the page. Arrow keys walk from node to node, and nodes whose names are looked for stand out while they
// are typed. Without this script a map is a picture that scrolls.

const places = new Map(); // index of the map on the page -> the part of it in view

function start() {
  document.querySelectorAll("[data-map]").forEach((frame, index) => attach(frame, index));
}

function attach(frame, index) {
  const svg = frame.querySelector("svg");
  const whole = svg.viewBox.baseVal;
  const all = { x: whole.x, y: whole.y, width: whole.width, height: whole.height };
  let place = places.get(index) ?? { ...all };
  const show = () => {
    if (same(place, all)) places.delete(index);
    else places.set(index, place);
    svg.setAttribute("viewBox", `${place.x} ${place.y} ${place.width} ${place.height}`);
  };
  const zoom = (factor, x = place.x + place.width / 2, y = place.y + place.height / 2) => {
    const width = Math.min(Math.max(place.width * factor, 160), all.width * 2);
    const scale = width / place.width;
    place = { x: x - (x - place.x) * scale, y: y - (y - place.y) * scale, width, height: place.height * scale };
    show();
  };
  const fit = () => { place = { ...all }; show(); };
  show();

  frame.closest(".card").querySelector(".zoom").addEventListener("click", (event) => {
    const action = event.target.dataset.zoom;
    if (action === "in") zoom(0.75);
    if (action === "out") zoom(1 / 0.75);
    if (action === "fit") fit();
  });
  frame.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    walk(frame, event);
    if (event.key === "+") zoom(0.75);
    if (event.key === "-") zoom(1 / 0.75);
    if (event.key === "0") fit();
  });
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    zoom(Math.exp(event.deltaY * 0.002), at.x, at.y);
  }, { passive: false });
  drag(svg, () => place, (moved) => { place = moved; show(); });
}

// The direction of each arrow key.
const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

// Goes from the focused node to the nearest one that lies in the direction of the key: sideways distance counts double.
function walk(frame, event) {
  const way = WAYS[event.key];
  const here = event.target.closest(".node");
  if (!way || !here) return;
  const middle = (node) => {
    const disc = node.querySelector(".disc");
    return [disc.cx.baseVal.value, disc.cy.baseVal.value];
  };
  const from = middle(here);
  let best = null;
  let least = Infinity;
  for (const node of frame.querySelectorAll(".node")) {
    const [dx, dy] = middle(node).map((at, axis) => at - from[axis]);
    const ahead = dx * way[0] + dy * way[1];
    const aside = Math.abs(dx * way[1] + dy * way[0]);
    if (ahead > 1 && ahead + 2 * aside < least) [best, least] = [node, ahead + 2 * aside];
  }
  if (best) {
    event.preventDefault();
    best.focus();
  }
}

// Points out the nodes whose words have the text in them.
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-find]")) return;
  const text = event.target.value.trim().toLowerCase();
  for (const frame of document.querySelectorAll("[data-map]")) {
    frame.classList.toggle("finding", text !== "");
    for (const node of frame.querySelectorAll(".node")) {
      node.classList.toggle("found", text !== "" && node.querySelector("title").textContent.toLowerCase().includes(text));
    }
  }
});

// Moving more than a few pixels is a drag and not a click on a node.
function drag(svg, current, move) {
  let from = null;
  let dragged = false;
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    const unit = svg.getScreenCTM().inverse().a;
    from = { x: event.clientX, y: event.clientY, unit, place: current() };
    dragged = false;
  });
  svg.addEventListener("pointermove", (event) => {
    if (!from) return;
    const dx = event.clientX - from.x;
    const dy = event.clientY - from.y;
    if (!dragged && Math.hypot(dx, dy) < 4) return;
    if (!dragged) svg.setPointerCapture(event.pointerId);
    dragged = true;
    move({ ...from.place, x: from.place.x - dx * from.unit, y: from.place.y - dy * from.unit });
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => { from = null; });
  svg.addEventListener("click", (event) => { if (dragged) event.preventDefault(); dragged = false; }, true);
  svg.addEventListener("dragstart", (event) => event.preventDefault());
}

function same(a, b) {
  return a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;
}

start();
document.addEventListener("swapped", start);
