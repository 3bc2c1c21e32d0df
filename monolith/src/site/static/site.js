// Hearts, adoptions and live counts. Pages list, filter and show profiles without this file; it only brings the buttons to life.

const SLOW_AFTER_MS = 700; // from here on a like says that it is still under way
const REFRESH_MS = 4000;
const REFRESH_AT_MOST_MS = 60000;

const hex = (bytes) => Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");

// A key per click, so that whatever retries on the way, the click counts once. `randomUUID` exists on secure origins only.
const clickKey = () => (crypto.randomUUID ? crypto.randomUUID() : hex(16));

// Where an answer's trace can be seen; empty without a template, without a trace, or when nobody recorded it.
function traceUrl(answer) {
  const template = document.body.dataset.traceUrl;
  const fields = new Map((answer?.headers.get("X-Amzn-Trace-Id") ?? "").split(";").map((field) => field.trim().split("=", 2)));
  const root = fields.get("Root");
  if (!template || !root || fields.get("Sampled") === "0") return "";
  return template.replaceAll("{trace_id}", encodeURIComponent(root));
}

function say(actions, text, link = "", url = "") {
  actions.querySelector("[data-outcome]").textContent = text;
  const trace = actions.querySelector("[data-trace]");
  trace.hidden = !url;
  trace.textContent = url ? link : "";
  if (url) trace.href = url;
  else trace.removeAttribute("href");
}

function showLikes(actions, likes) {
  const count = actions.querySelector("[data-likes]");
  // Answers overtake each other; a count never falls.
  if (likes > Number(count.textContent)) count.textContent = likes;
}

function showAdopted(actions) {
  actions.querySelector("[data-action=adopt]").dataset.state = "adopted";
  actions.querySelector("[data-action=adopt]").setAttribute("aria-disabled", "true");
  actions.closest("[data-card]").classList.add("is-adopted");
}

async function post(actions, action, headers) {
  try {
    return await fetch(`/mysfits/${actions.dataset.mysfit}/${action}`, { method: "POST", headers });
  } catch {
    return null; // no answer at all: the network, or the site itself, is away
  }
}

async function like(actions, heart) {
  const click = (heart.clicks = (heart.clicks ?? 0) + 1);
  const isLatest = () => click === heart.clicks; // several clicks may be under way; the last one speaks
  heart.dataset.state = "pending";
  say(actions, "");
  const slow = setTimeout(() => isLatest() && say(actions, "Still counting…"), SLOW_AFTER_MS);
  const answer = await post(actions, "like", { "Idempotency-Key": clickKey() });
  const counted = answer?.ok ? await answer.json().catch(() => null) : null;
  clearTimeout(slow);
  if (counted) showLikes(actions, counted.likes);
  if (!isLatest()) return;
  heart.dataset.state = counted ? "counted" : "failed";
  if (counted) say(actions, "Counted.", "View trace", traceUrl(answer));
  else say(actions, answer ? "That like did not get through." : "That like did not get through: the site is out of reach.", "See why", traceUrl(answer));
}

async function adopt(actions, button) {
  if (button.dataset.state) return; // under way, or done
  const name = actions.dataset.name;
  button.dataset.state = "pending";
  say(actions, "");
  const answer = await post(actions, "adopt", {});
  delete button.dataset.state;
  if (answer?.ok || answer?.status === 409) showAdopted(actions);
  if (answer?.ok) say(actions, `${name} is yours.`, "View trace", traceUrl(answer));
  else if (answer?.status === 409) say(actions, `Somebody else was faster: ${name} has a home.`, "View trace", traceUrl(answer));
  else say(actions, "That adoption did not go through.", "See why", traceUrl(answer));
}

// Fetches the counts once. Nobody asked for this request, so it asks not to be traced.
async function refresh(all) {
  const untraced = `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${hex(12)};Sampled=0`;
  const answer = await fetch("/mysfits", { headers: { "X-Amzn-Trace-Id": untraced } });
  if (!answer.ok) throw new Error(answer.statusText);
  const { mysfits } = await answer.json();
  const found = new Map(mysfits.map((mysfit) => [mysfit.mysfitId, mysfit]));
  for (const actions of all) {
    const mysfit = found.get(actions.dataset.mysfit);
    if (mysfit) showLikes(actions, mysfit.likes);
    if (mysfit?.adopted) showAdopted(actions);
  }
}

// Refreshes while somebody looks, and ever more seldom while the site does not answer.
function keepFresh(all) {
  let wait = REFRESH_MS;
  let timer;
  const again = () => (timer = setTimeout(tick, wait));
  const tick = async () => {
    if (document.hidden) return; // becoming visible starts the next round
    wait = await refresh(all).then(() => REFRESH_MS, () => Math.min(2 * wait, REFRESH_AT_MOST_MS));
    again();
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) tick();
  });
  again();
}

const all = [...document.querySelectorAll("[data-mysfit]")];
for (const actions of all) {
  const heart = actions.querySelector("[data-action=like]");
  const adoption = actions.querySelector("[data-action=adopt]");
  heart.disabled = false;
  adoption.disabled = false;
  if (adoption.dataset.state === "adopted") showAdopted(actions);
  heart.addEventListener("click", () => like(actions, heart));
  adoption.addEventListener("click", () => adopt(actions, adoption));
}
if (all.length > 0) keepFresh(all);
