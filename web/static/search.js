import { byId, svg, toast } from "./kit.js";

const box = byId("q");
const WAIT = 180; // ms after the last key

// The words that matched, cut out of the small picture once it is there.
function cut(card) {
  const image = card.querySelector("img");
  for (const snippet of card.querySelectorAll(".snippet:empty")) {
    const { width, height } = snippet.dataset;
    snippet.append(svg("image", { href: image.src, width, height }));
  }
}

function prepare() {
  for (const image of document.querySelectorAll(".card img")) {
    const card = image.closest(".card");
    if (image.complete) cut(card);
    else image.addEventListener("load", () => cut(card), { once: true });
  }
}

let asked = 0;
async function look(address) {
  const mine = ++asked;
  const old = byId("results");
  old.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("results") || page.querySelector(".empty");
    if (mine !== asked || !found) return;
    found.id = "results";
    old.replaceWith(found);
    document.title = page.title;
    history.replaceState(null, "", address);
    prepare();
  } catch {
    if (mine === asked) toast("The server does not answer; is `ocr-index serve` still running?");
  } finally {
    old.removeAttribute("aria-busy");
  }
}

let waiting;
const address = () => (box.value.trim() ? `/?q=${encodeURIComponent(box.value.trim())}` : "/");
box.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => look(address()), WAIT);
});
box.form.addEventListener("submit", () => clearTimeout(waiting));

// Arrow keys: from the box to the photos and between them, as they lie on the screen.
function neighbour(from, key) {
  const a = from.getBoundingClientRect();
  const ahead = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
  let best = null;
  for (const link of document.querySelectorAll(".card .frame")) {
    const b = link.getBoundingClientRect();
    const along = (b.x - a.x) * ahead[0] + (b.y - a.y) * ahead[1];
    const beside = Math.abs((b.x - a.x) * ahead[1]) + Math.abs((b.y - a.y) * ahead[0]);
    if (link !== from && along > 4 && (!best || along + 3 * beside < best.far)) best = { link, far: along + 3 * beside };
  }
  return best?.link;
}
document.addEventListener("keydown", (event) => {
  if (!event.key.startsWith("Arrow") || event.ctrlKey || event.metaKey || event.altKey) return;
  const here = event.target;
  let next = null;
  if (here === box && event.key === "ArrowDown") next = document.querySelector(".card .frame");
  else if (here.matches(".card .frame")) next = neighbour(here, event.key) || (event.key === "ArrowUp" ? box : null);
  if (next) {
    event.preventDefault();
    next.focus();
  }
});

prepare();
