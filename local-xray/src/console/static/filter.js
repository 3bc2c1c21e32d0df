// Completes the filter expression at its last word: with the words of the language, which the page lists in #words, and
// the names and values in the traces, which are asked for when somebody comes to type; an empty bar offers recent
// expressions first. Without this script the browser offers the words of the language for the first word only.

const RECENT = "recent-expressions"; // in this browser only
const MOST_RECENT = 10;

const form = document.querySelector(".filter");
const input = document.querySelector(".filter input[type=search]");
const offered = document.createElement("datalist");
offered.id = "completions";
input.after(offered);
input.setAttribute("list", offered.id);

let names; // what /words.json answered, or the promise of it

for (const event of ["input", "focus"]) input.addEventListener(event, offer);
form.querySelector("select").addEventListener("change", () => form.requestSubmit());
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea")) return;
  event.preventDefault();
  input.focus();
});

async function offer() {
  names ??= ask();
  const known = await names;
  const text = input.value;
  const words = [...known, ...[...document.getElementById("words").options].map((option) => option.value)];
  offered.replaceChildren(...completions(text, words).map((value) => new Option("", value)));
}

async function ask() {
  try {
    const answer = await fetch(`/words.json${location.search}`);
    return answer.ok ? await answer.json() : [];
  } catch {
    return []; // the server is away; the words of the language are here
  }
}

// The text with its longest end that starts some word replaced by each such word.
function completions(text, words) {
  for (const start of starts(text)) {
    const typed = text.slice(start).toLowerCase();
    const found = words.filter((word) => word.length > typed.length && word.toLowerCase().startsWith(typed));
    if (typed && found.length) return found.slice(0, 12).map((word) => text.slice(0, start) + word);
  }
  return text ? [] : [...recent(), ...words];
}

function recent() {
  try {
    const kept = JSON.parse(localStorage.getItem(RECENT));
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
  } catch {
    return []; // nothing may be kept in this browser, or something else wrote there
  }
}

// Keeps what was asked and understood.
function remember(text) {
  if (!text || input.hasAttribute("aria-invalid")) return;
  try {
    const kept = [text, ...recent().filter((one) => one !== text)].slice(0, MOST_RECENT);
    localStorage.setItem(RECENT, JSON.stringify(kept));
  } catch {
    // Without a place to keep it, it is not offered again.
  }
}

remember(input.defaultValue);

// Where words may start: at the beginning, and behind a space, a parenthesis, a brace or an exclamation mark.
function starts(text) {
  return [0, ...[...text.matchAll(/[\s({!]/g)].map((match) => match.index + 1)];
}
