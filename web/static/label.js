import { byId, call, el, isTyping, percent, toast } from "./kit.js";

const AT_ONCE = 20; // questions fetched in one go: answers change what is best to ask next
const LOW = 8; // left, when more are fetched behind the back of who answers: large archives think for seconds
const field = byId("text");
const skipped = new Set();
const said = new Set(); // words labelled in this sitting; questions fetched before may still hold them
const answered = []; // questions of this sitting, for undo
let waiting = [];
let now = null;
let labelled = 0;
let seconds = 0; // spent answering, without the pauses
let begun = 0;

let fetching = null;
let more = true;
const fetchMore = () => (fetching ??= fetchSome().finally(() => (fetching = null)));

async function fetchSome() {
  const known = [...skipped, ...waiting.map(({ word }) => word.id), ...(now ? [now.word.id] : [])];
  const { questions } = await call("GET", `/api/queue?limit=${AT_ONCE}&skip=${known.join(",")}`);
  more = questions.length === AT_ONCE;
  const there = new Set([...said, ...skipped, ...waiting.map(({ word }) => word.id), now?.word.id]);
  waiting.push(...questions.filter(({ word }) => !there.has(word.id)));
}

async function next() {
  waiting = waiting.filter(({ word }) => !said.has(word.id));
  while (!waiting.length && more) await fetchMore();
  now = waiting.shift() ?? null;
  if (more && waiting.length < LOW) fetchMore().catch(() => {}); // when it matters, it is tried again
  byId("choosing").hidden = true;
  byId("question").hidden = !now;
  byId("done").hidden = Boolean(now);
  if (!now) return;
  show(now);
  begun = performance.now();
  if (waiting[0]) new Image().src = address(waiting[0].photo); // so that it is there at once
}

const address = (photo) => `/api/photos/${photo.id}/image`;

function show({ word, photo, text, alike: all }) {
  const alike = all.filter((one) => !said.has(one.word.id));
  const [x0, y0, x1, y1] = word.box;
  const margin = Math.max(1.2 * (y1 - y0), 0.15 * (x1 - x0));
  byId("context").setAttribute("viewBox", `${x0 - margin} ${y0 - margin} ${x1 - x0 + 2 * margin} ${y1 - y0 + 2 * margin}`);
  place(byId("picture"), { href: address(photo), width: photo.width, height: photo.height });
  place(byId("place"), { x: x0, y: y0, width: x1 - x0, height: y1 - y0 });
  byId("source").textContent = photo.name + (photo.pages > 1 ? `, page ${photo.page}` : "");
  byId("source").href = `/photos/${photo.id}`;
  byId("readings").replaceChildren(...word.readings.slice(0, 9).map(reading));
  field.value = "";
  byId("alike").hidden = !alike.length;
  byId("alike").querySelector("legend").textContent = `The same for ${alike.length === 1 ? "this one" : `these ${alike.length}`}, if it is “${text}”`;
  byId("others").replaceChildren(...alike.map(other));
}

function place(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
}

function reading({ text, probability }, number) {
  return el(
    "li",
    {},
    el(
      "button",
      { class: "plain", type: "button", onclick: () => answer(text) },
      el("kbd", {}, String(number + 1)),
      el("span", {}, text),
      el("span", { class: "chance" }, percent(probability)),
    ),
  );
}

function other({ word, photo }) {
  const box = el("input", { type: "checkbox", checked: true, value: word.id });
  return el("label", {}, box, el("img", { src: `/api/words/${word.id}/picture`, alt: `on ${photo.name}`, loading: "lazy" }));
}

// Answers

async function attempt(deed) {
  try {
    await deed();
  } catch (error) {
    toast(error.message);
  }
  document.activeElement.blur();
}

const answer = (text) =>
  attempt(async () => {
    const same = text === now.text ? [...byId("others").querySelectorAll(":checked")].map((box) => Number(box.value)) : [];
    const word = [now.word.id, ...same];
    await call("POST", "/api/labels", { word, text });
    seconds += (performance.now() - begun) / 1000;
    labelled += word.length;
    word.forEach((id) => said.add(id));
    answered.push({ question: now, word });
    toast(`${text ? `“${text}”` : "Not a word"}${same.length ? `, ${word.length} times` : ""}; u takes it back`);
    tellPace();
    await next();
  });

const undo = () =>
  attempt(async () => {
    if (!answered.length) return toast("Nothing has been answered yet");
    await call("POST", "/api/labels/undo", {});
    const { question, word } = answered.pop();
    labelled -= word.length;
    word.forEach((id) => said.delete(id));
    waiting.unshift(question, ...(now ? [now] : []));
    toast("Taken back");
    tellPace();
    await next();
  });

const skip = () =>
  attempt(async () => {
    skipped.add(now.word.id);
    await next();
  });

function tellPace() {
  const pace = labelled ? ` – ${(seconds / labelled).toFixed(1)} seconds a word` : "";
  byId("pace").textContent = `${labelled} ${labelled === 1 ? "word" : "words"} in this sitting${pace}.`;
}

// Keys

const KEYS = { n: () => answer(""), s: skip, u: undo, Enter: () => now.word.readings.length && answer(now.word.readings[0].text) };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event) && event.target.type !== "checkbox") {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "Enter" && event.target.matches("button, a")) return;
  if (/^[1-9]$/.test(event.key)) byId("readings").children[event.key - 1]?.firstChild.click();
  else if (KEYS[event.key] && (now || event.key === "u")) KEYS[event.key]();
  else if (event.key === "t" || event.key === "Tab" || event.key.length !== 1 || event.key === " ") {
    if (event.key !== "t") return;
    field.focus();
  } else return;
  event.preventDefault();
});
byId("edit").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = field.value.trim();
  if (text) answer(text);
});
for (const [id, deed] of Object.entries({ none: () => answer(""), skip, undo })) byId(id).addEventListener("click", deed);

attempt(next);
