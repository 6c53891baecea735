import { byId, call, el } from "./kit.js";

const WORDS = { waiting: "waits to be read", reading: "is being read", read: "has been read" };
const AGAIN = 1000; // ms between two looks while something is read
const refusals = [];

async function send(file) {
  try {
    const answer = await fetch(`/api/photos?name=${encodeURIComponent(file.name)}`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: file,
    });
    if (!answer.ok) throw new Error((await answer.json()).error);
  } catch (error) {
    refusals.unshift(entry(file.name, error.message));
  }
}

async function sendAll(files) {
  for (const file of files) {
    await send(file);
    await look();
  }
}

function entry(name, text, photos = []) {
  const link = photos.length ? el("a", { href: `/photos/${photos[0]}` }, name) : name;
  return el("li", {}, el("b", {}, link), el("span", {}, text));
}

let waiting;
async function look() {
  const { uploads } = await call("GET", "/api/uploads");
  const shown = uploads.map(({ name, state, reason, photos }) => entry(name, WORDS[state] ?? reason, photos));
  byId("uploads").replaceChildren(...refusals, ...shown);
  clearTimeout(waiting);
  if (uploads.some(({ state }) => state === "waiting" || state === "reading")) waiting = setTimeout(look, AGAIN);
}

byId("files").addEventListener("change", (event) => sendAll([...event.target.files]));
const drop = byId("drop");
for (const [kind, over] of [["dragover", true], ["dragleave", false], ["drop", false]])
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", over);
    if (kind === "drop") sendAll([...event.dataTransfer.files]);
  });

look();
