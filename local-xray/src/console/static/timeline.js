// The timeline by keyboard: up and down walk from row to row, right opens a row and left closes it, Home and End lead to
// the ends, E to the next row that failed. Without this script, Tab and Enter do.

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const row = event.target.closest?.("[data-timeline] summary");
  if (!row) return;
  const rows = [...row.closest("[data-timeline]").querySelectorAll("summary")];
  const at = rows.indexOf(row);
  const failed = (one) => one.querySelector(".word:is(.fault, .error, .throttle)");
  const target = {
    ArrowDown: () => rows[at + 1],
    ArrowUp: () => rows[at - 1],
    Home: () => rows[0],
    End: () => rows.at(-1),
    e: () => [...rows.slice(at + 1), ...rows.slice(0, at)].find(failed),
  }[event.key];
  if (event.key === "ArrowRight" || event.key === "ArrowLeft") row.parentElement.open = event.key === "ArrowRight";
  else if (!target) return;
  else target()?.focus();
  event.preventDefault();
});

// A link to a row opens it.
function open() {
  const row = location.hash.startsWith("#part-") && document.getElementById(location.hash.slice(1));
  if (row) row.open = true;
}

addEventListener("hashchange", open);
open();
