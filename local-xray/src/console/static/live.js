// Refreshes the page in place: fetches the same address and swaps the main part. Everything the page shows is
// rendered by the server; this only saves the reader the reload.

const PERIOD = 2000;

document.documentElement.classList.add("js");
if ("live" in document.body.dataset) setTimeout(refresh, PERIOD);

async function refresh() {
  try {
    if (!document.hidden && !isBusy()) {
      const places = document.querySelector("main [data-places]")?.dataset.places; // so that what stays stands still
      const answer = await fetch(location.href, { headers: { accept: "text/html", ...(places && { "x-places": places }) } });
      const text = await answer.text();
      if (!isBusy()) swap(new DOMParser().parseFromString(text, "text/html"));
    }
    document.body.classList.remove("stale");
  } catch {
    // The server is away; the stale mark says so, and the next round tries again.
    document.body.classList.add("stale");
  }
  if ("live" in document.body.dataset) setTimeout(refresh, PERIOD);
}

// The reader is selecting text, dragging the map, pressing something or typing into the page: hands off.
function isBusy() {
  return pressed || !getSelection().isCollapsed || document.activeElement?.matches("main input, main textarea, main select");
}

let pressed = false;
addEventListener("pointerdown", () => { pressed = true; });
addEventListener("pointerup", () => { pressed = false; });
addEventListener("pointercancel", () => { pressed = false; });

function swap(fresh) {
  const main = document.querySelector("main");
  const next = fresh.querySelector("main");
  if (!next || next.innerHTML === main.dataset.served) return;
  const served = next.innerHTML;
  const open = new Set([...main.querySelectorAll("details[id]")].filter((one) => one.open).map((one) => one.id));
  for (const one of next.querySelectorAll("details[id]")) one.open ||= open.has(one.id);
  const focused = document.activeElement?.getAttribute?.("href");
  main.replaceChildren(...next.childNodes);
  main.dataset.served = served;
  document.title = fresh.title;
  if (!("live" in fresh.body.dataset)) delete document.body.dataset.live;
  if (focused) main.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  document.dispatchEvent(new Event("swapped"));
}
