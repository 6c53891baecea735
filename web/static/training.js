import { byId, call, el, percent, toast } from "./kit.js";
import { plot } from "./plot.js";

const AGAIN = 1000; // ms between two looks while it learns
const STEPS = { gathering: "Gathers the words", learning: "Learns", comparing: "Compares old and new" };

// How it stands

let looking;
async function look() {
  clearTimeout(looking);
  try {
    show(await call("GET", "/api/train"));
  } catch (error) {
    toast(error.message);
    looking = setTimeout(look, 5 * AGAIN);
  }
}

let before = "";
function show(now) {
  const runs = now.state === "running" || now.state === "stopping";
  byId("lesson").dataset.state = now.state;
  byId("standing").textContent = standing(now);
  byId("start").hidden = runs || now.labels < now.needed;
  byId("stop").hidden = !runs;
  byId("stop").disabled = now.state === "stopping";
  byId("notes").replaceChildren(...now.notes.map((note) => el("li", {}, note)));
  showProgress(runs, now.progress);
  showCourse(now.progress);
  showVerdict(now.compared);
  if (runs) looking = setTimeout(look, AGAIN);
  else if (before === "running") showModels();
  before = runs ? "running" : now.state;
}

function standing(now) {
  const words = `${now.labels.toLocaleString("en")} ${now.labels === 1 ? "word" : "words"}`;
  const more = now.labels < now.needed ? `${now.labels} of ${now.needed} words that it takes are corrected.` : `${words} to learn from.`;
  switch (now.state) {
    case "running":
      return `${STEPS[now.progress?.step] ?? "Begins"} – ${time(now.at - now.began)}`;
    case "stopping":
      return "Stops…";
    case "stopped":
      return `Stopped; the model in use stays. ${more}`;
    case "failed":
      return `It did not work: ${now.reason}`;
    case "done":
      return `Done after ${time(now.ended - now.began)}. ${more}`;
    default:
      return more;
  }
}

function time(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function showProgress(runs, progress) {
  const bar = byId("progress");
  bar.hidden = !runs;
  bar.removeAttribute("value"); // then it only says that something goes on
  if (progress?.step === "gathering" || !progress?.words) return;
  bar.max = progress.words;
  bar.value = progress.step === "comparing" ? progress.words : (progress.checkpoints.at(-1)?.words ?? 0);
}

// How it learned

function showCourse(progress) {
  const found = progress?.checkpoints ?? [];
  byId("course").hidden = !found.length;
  if (!found.length) return;
  const of = (name) => found.map((one) => [one.words, one[name]]);
  const axis = { x: "samples", most: Math.max(progress.words, found.at(-1).words) };
  const { wrong, character_error_rate: letters } = progress.before;
  byId("plots").replaceChildren(
    plot({
      ...axis,
      title: "Wrong on words that it does not learn",
      shown: percent,
      lines: [
        { name: "words", points: of("wrong"), before: wrong },
        { name: "letters", points: of("character_error_rate"), before: letters },
      ],
    }),
    plot({ ...axis, title: "Loss on those that it learns", shown: (loss) => loss.toFixed(2), lines: [{ name: "loss", points: of("loss") }] }),
  );
  fill("checkpoints", found.map((one) => [one.words.toLocaleString("en"), one.loss.toFixed(3), percent(one.wrong), percent(one.character_error_rate)]));
}

function fill(table, rows) {
  const cells = ([head, ...rest]) => [el("th", { scope: "row" }, head), ...rest.map((cell) => el("td", {}, cell))];
  byId(table).tBodies[0].replaceChildren(...rows.map((row) => el("tr", {}, ...cells(row))));
}

// Old against new

function showVerdict(compared) {
  byId("verdict").hidden = !compared;
  if (!compared) return;
  const { old, new: now, old_sure: oldSure, new_sure: nowSure, promoted } = compared;
  byId("judged").textContent = promoted ? "Better: the new model is in use" : "Not better: the model in use stays";
  byId("why").replaceChildren(...why(compared));
  fill("comparison", [
    ["Your words, wrong", now.words, percent(old.wrong), percent(now.wrong)],
    ["Their letters, wrong", now.words, percent(old.character_error_rate), percent(now.character_error_rate)],
    ...(nowSure.words ? [["Words read surely, now otherwise", nowSure.words, percent(oldSure.wrong), percent(nowSure.wrong)]] : []),
  ].map((row) => row.map(String)));
}

function why({ old, new: now, new_sure: sure, learned, promoted }) {
  const begin = `From ${learned} words it learned to read your hand: of ${now.words} others `;
  if (promoted)
    return [
      `${begin}${percent(now.wrong)} are wrong now, ${percent(old.wrong)} were before. Photos keep their readings until they are read again: `,
      el("code", {}, "ocr-index reindex"),
    ];
  const gained = now.wrong < old.wrong || (now.wrong === old.wrong && now.character_error_rate < old.character_error_rate);
  if (gained) return [`It read your words better, but ${percent(sure.wrong)} of ${sure.words} words that are read surely would be read otherwise: too much is forgotten.`];
  return [`Of ${now.words} words that it had not learned ${percent(now.wrong)} would be wrong, ${percent(old.wrong)} are now. More corrected words help.`];
}

// Models

async function showModels(changed) {
  try {
    const known = changed ?? (await call("GET", "/api/models"));
    byId("fixed").hidden = !known.fixed;
    byId("rollback").hidden = !known.before || known.fixed;
    byId("rollback").title = known.before ? `Use ${known.before} again` : "";
    byId("models").replaceChildren(...known.models.map((model) => entry(model, known)), ...Object.entries(known.others).map(gone));
  } catch (error) {
    toast(error.message);
  }
}

function entry(model, known) {
  const reader = model.kind === "recognizer";
  const choose = reader && !model.in_use && !known.fixed;
  return el(
    "li",
    { "data-model": model.id, class: model.in_use ? "used" : "" },
    el("div", {}, el("b", {}, model.id), model.in_use ? el("span", { class: "badge" }, "in use") : null, el("span", { class: "quiet" }, did(reader, model.photos))),
    el("p", { class: "quiet" }, [ships(model) ? "ships with the program" : "learned here", `made ${model.made}`, ...Object.entries(model.scores).map(([name, score]) => `${name} ${score}`)].join(" · ")),
    choose ? el("button", { type: "button", onclick: () => change("use", { model: model.id }) }, "Use") : null,
  );
}

const ships = ({ name }) => name === "default" || name === "network";
const did = (reader, photos) => `${reader ? "read" : "found the words of"} ${photos.toLocaleString("en")} ${photos === 1 ? "photo" : "photos"}`;
const gone = ([id, photos]) => el("li", {}, el("div", {}, el("b", {}, id), el("span", { class: "quiet" }, `not here any more; ${did(!id.startsWith("detector"), photos)}`)));

async function change(deed, body = {}) {
  try {
    const known = await call("POST", `/api/models/${deed}`, body);
    await showModels(known);
    toast(`${known.models.find((model) => model.kind === "recognizer" && model.in_use)?.id} is in use`);
  } catch (error) {
    toast(error.message);
  }
}

// Deeds

async function attempt(method, body) {
  clearTimeout(looking);
  try {
    show(await call(method, "/api/train", body));
  } catch (error) {
    toast(error.message);
    look();
  }
}

byId("start").addEventListener("click", () => attempt("POST", {}));
byId("stop").addEventListener("click", () => attempt("DELETE"));
byId("rollback").addEventListener("click", () => change("rollback"));
look();
showModels();
