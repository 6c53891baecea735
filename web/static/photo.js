import { byId, call, el, isTyping, percent, svg, toast } from "./kit.js";
import { Stage } from "./stage.js";

const { photo, width, height, query, back } = byId("viewer").dataset;
const SURE = 0.5; // probability from which a box is drawn with a whole line
const address = `/api/photos/${photo}?q=${encodeURIComponent(query)}`;
const field = byId("text");
let shown = { words: [], hits: [] };
let chosen = null; // a word, or { box } while one is added

const stage = new Stage(Number(width), Number(height), {
  onBox: propose,
  onTap: (target) => choose(shown.words.find((word) => String(word.id) === target.dataset?.word) ?? null),
});

// What is on the photo

async function refresh(keep) {
  shown = await call("GET", address);
  byId("words").replaceChildren(...shown.words.map(box));
  byId("lines").replaceChildren(...lines());
  choose(keep === undefined ? null : like(keep));
}

function box(word) {
  const [x0, y0, x1, y1] = word.box;
  const sure = word.readings[0]?.probability ?? 0;
  const kinds = ["word", word.label !== null ? "labelled" : sure < SURE ? "unsure" : "", isHit(word) ? "hit" : ""];
  const title = svg("title", {}, word.readings.length ? `${word.readings[0].text} ${percent(sure)}` : "?");
  return svg("rect", { class: kinds.join(" ").trim(), "data-word": word.id, x: x0, y: y0, width: x1 - x0, height: y1 - y0, rx: 4 }, title);
}

// All that is written there, line by line.
function lines() {
  const rows = new Map();
  for (const word of shown.words) rows.set(word.line, [...(rows.get(word.line) ?? []), word]);
  return [...rows.values()].map((words) => el("li", {}, ...words.map(entry)));
}

function entry(word) {
  const sure = word.label !== null || word.readings[0]?.probability >= SURE;
  const kinds = `plain${sure ? "" : " unsure"}${isHit(word) ? " hit" : ""}`;
  return el("button", { class: kinds, type: "button", onclick: () => choose(shown.words.find(({ id }) => id === word.id)) }, word.readings[0]?.text ?? "?");
}

function isHit(word) {
  return shown.hits.some(({ box: [x0, y0, x1, y1] }) => {
    const [a, b] = [(word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2];
    return a >= x0 && a <= x1 && b >= y0 && b <= y1;
  });
}

// The same word after a change: by its id, else what lies at its place now.
function like(before) {
  const far = (word) => Math.abs(word.box[0] - before.box[0]) + Math.abs(word.box[1] - before.box[1]);
  const near = [...shown.words].sort((a, b) => far(a) - far(b))[0];
  return shown.words.find((word) => word.id === before.id) ?? near ?? null;
}

// The chosen word

function choose(word) {
  chosen = word;
  stage.draw(null);
  byId("draw").setAttribute("aria-pressed", "false");
  for (const rect of byId("words").children) rect.classList.toggle("chosen", rect.dataset.word === String(word?.id));
  byId("chosen").hidden = !word;
  byId("overview").hidden = Boolean(word);
  stage.svg.classList.toggle("choosing", Boolean(word));
  if (!word) return;
  byId("words").append(byId("words").querySelector(".chosen"));
  field.value = word.readings[0]?.text ?? "";
  present(word.box);
  byId("readings").replaceChildren(...(word.label === null ? word.readings.slice(0, 9) : []).map(reading));
  byId("origin").textContent = word.label === null ? "" : "Said by a person.";
  const place = shown.words.indexOf(word) + 1;
  byId("says").textContent = `${field.value || "unread"}, ${percent(word.readings[0]?.probability ?? 0)}, word ${place} of ${shown.words.length}`;
  stage.reveal(word.box);
}

function present([x0, y0, x1, y1]) {
  const margin = (y1 - y0) / 4;
  byId("crop").setAttribute("viewBox", `${x0 - margin} ${y0 - margin} ${x1 - x0 + 2 * margin} ${y1 - y0 + 2 * margin}`);
}

function reading({ text, probability }, number) {
  const say = () => label(text);
  return el(
    "li",
    {},
    el("button", { class: "plain", type: "button", onclick: say }, el("kbd", {}, String(number + 1)), el("span", {}, text), el("span", { class: "chance" }, percent(probability))),
  );
}

function step(key) {
  const words = shown.words;
  if (!words.length) return;
  if (!chosen) return choose(words.find(isHit) ?? words[0]);
  const place = words.indexOf(chosen);
  if (key === "ArrowRight") choose(words[(place + 1) % words.length]);
  else if (key === "ArrowLeft") choose(words[(place + words.length - 1) % words.length]);
  else choose(beyond(key === "ArrowDown" ? 1 : -1) ?? chosen);
}

// The nearest word of a line above or below.
function beyond(down) {
  const middle = ({ box: [x0, y0, x1, y1] }) => [(x0 + x1) / 2, (y0 + y1) / 2];
  const [x, y] = middle(chosen);
  const least = (chosen.box[3] - chosen.box[1]) / 2;
  const far = (word) => 2 * Math.abs(middle(word)[1] - y) + Math.abs(middle(word)[0] - x);
  return shown.words.filter((word) => (middle(word)[1] - y) * down > least).sort((a, b) => far(a) - far(b))[0];
}

// What a person says

async function change(deed, after) {
  try {
    const said = await deed();
    await refresh(chosen ?? undefined);
    toast(after(said));
  } catch (error) {
    toast(error.message);
  }
  stage.svg.focus();
}

function label(text) {
  const word = chosen;
  const said = text ? `It says “${text}”` : "Not a word";
  return change(() => call("POST", "/api/labels", { word: word.id, text }), () => `${said}; u takes it back`);
}

function save() {
  const text = field.value.trim();
  if (!text) return toast("Type what is written there, or press n: not a word");
  if (chosen.id) return label(text);
  const box = chosen.box.map(Math.round);
  return change(
    async () => ([chosen] = (await call("POST", `/api/photos/${photo}/words`, { box, text })).words.map((made) => made.word)),
    () => `Added “${text}”`,
  );
}

const undo = () =>
  change(
    () => call("POST", "/api/labels/undo", {}),
    ({ undone }) => `Taken back${undone[0]?.text ? `: “${undone[0].text}”` : ""}${String(undone[0]?.photo) === photo ? "" : ", on another photo"}`,
  );

function split() {
  const texts = field.value.trim().split(/\s+/);
  if (texts.length < 2) return edit("Type a space where the word is to be cut, then Split");
  return change(() => call("POST", `/api/words/${chosen.id}/split`, { texts }), () => `Cut in ${texts.length}`);
}

function join() {
  const next = shown.words[shown.words.indexOf(chosen) + 1];
  if (!next) return toast("There is no word after this one");
  const text = field.value.trim() + (next.readings[0]?.text ?? "");
  return change(() => call("POST", "/api/words/merge", { words: [chosen.id, next.id], text }), () => `Joined: “${text}”`);
}

function edit(hint) {
  field.focus();
  field.select();
  if (hint) toast(hint);
}

// A word that was not found

function draw() {
  if (stage.drawing) return choose(null);
  const { x, y, width: wide, height: tall } = stage.view;
  const [x0, y0, x1, y1] = chosen?.box ?? [x + wide * 0.4, y + tall * 0.46, x + wide * 0.6, y + tall * 0.54];
  const beside = chosen ? x1 - x0 : 0;
  choose(null);
  stage.draw([x0 + beside, y0, x1 + beside, y1]);
  byId("draw").setAttribute("aria-pressed", "true");
  toast("Drag a box around the word; or move it with the arrow keys, size it with Shift, and press Enter");
  stage.svg.focus();
}

function propose(box) {
  stage.draw(null);
  stage.draw(box);
  stage.drawing = false;
  chosen = { box };
  byId("chosen").hidden = false;
  byId("overview").hidden = true;
  byId("readings").replaceChildren();
  byId("origin").textContent = "";
  field.value = "";
  present(box);
  field.focus();
}

// Keys

const KEYS = {
  Enter: () => (stage.drawing ? propose(stage.box) : chosen ? edit() : step("ArrowRight")),
  Escape: () => (stage.drawing || chosen ? choose(null) : (location.href = back)),
  n: () => chosen?.id && label(""),
  u: undo,
  s: () => chosen?.id && split(),
  j: () => chosen?.id && join(),
  a: draw,
  "+": () => stage.zoom(1.5, middle()),
  "=": () => stage.zoom(1.5, middle()),
  "-": () => stage.zoom(1 / 1.5, middle()),
  0: () => stage.fit(),
  "[": () => byId("before")?.click(),
  "]": () => byId("after")?.click(),
  "?": () => byId("keys").showModal(),
};

function middle() {
  return chosen && { x: (chosen.box[0] + chosen.box[2]) / 2, y: (chosen.box[1] + chosen.box[3]) / 2 };
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  if (isTyping(event)) {
    if (event.key === "Escape") {
      if (event.target === field) choose(chosen?.id ? chosen : null);
      stage.svg.focus();
    }
    return;
  }
  // A button in focus is pressed by Enter and has nothing to do with the stage.
  if (event.key === "Enter" && event.target.matches("button, a")) return;
  if (event.key.startsWith("Arrow")) stage.drawing ? stage.nudge(event.key, event.shiftKey) : step(event.key);
  else if (/^[1-9]$/.test(event.key)) byId("readings").children[event.key - 1]?.firstChild.click();
  else if (KEYS[event.key]) KEYS[event.key]();
  else return;
  event.preventDefault();
}

document.addEventListener("keydown", pressed);
byId("edit").addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
for (const [id, deed] of Object.entries({
  in: KEYS["+"],
  out: KEYS["-"],
  fit: KEYS[0],
  help: KEYS["?"],
  draw,
  none: KEYS.n,
  split,
  join,
  undo,
}))
  byId(id).addEventListener("click", deed);

refresh().then(
  () => choose(shown.words.find(isHit) ?? null),
  (error) => toast(error.message),
);
