// Completes the filter expression at its last word: with the words of the language and the names in the traces, which
// the page lists in #words. Without this script the browser offers that list for the first word only.

const input = document.querySelector(".filter input[type=search]");
const offered = document.createElement("datalist");
offered.id = "completions";
input.after(offered);
input.setAttribute("list", offered.id);

for (const event of ["input", "focus"]) input.addEventListener(event, offer);
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea")) return;
  event.preventDefault();
  input.focus();
});

function offer() {
  const text = input.value;
  const words = [...(document.getElementById("words")?.options ?? [])].map((option) => option.value);
  offered.replaceChildren(...completions(text, words).map((value) => new Option("", value)));
}

// The text with its longest end that starts some word replaced by each such word.
function completions(text, words) {
  for (const start of starts(text)) {
    const typed = text.slice(start).toLowerCase();
    const found = words.filter((word) => word.length > typed.length && word.toLowerCase().startsWith(typed));
    if (typed && found.length) return found.slice(0, 12).map((word) => text.slice(0, start) + word);
  }
  return text ? [] : words;
}

// Where words may start: at the beginning, and behind a space, a parenthesis, a brace or an exclamation mark.
function starts(text) {
  return [0, ...[...text.matchAll(/[\s({!]/g)].map((match) => match.index + 1)];
}
