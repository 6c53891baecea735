// Lines over a common axis, as SVG: what is drawn is named in words beside it.
import { el, svg } from "./kit.js";

const [WIDE, HIGH] = [360, 190];
const EDGE = { left: 44, right: 12, top: 12, bottom: 30 };

// The next of 1, 2, 5, 10, 20, … above it.
function round(value) {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  return [1, 2, 5, 10].map((times) => times * power).find((most) => most >= value * 0.999);
}

// `lines`: { name, points: [[x, y], …], before } with a dashed line at `before`. `x` names the axis, `most` is its end.
export function plot({ title, lines, x, most, shown }) {
  const highest = round(Math.max(...lines.flatMap(({ points, before }) => [before ?? 0, ...points.map(([, y]) => y)])));
  const across = (at) => EDGE.left + (at / most) * (WIDE - EDGE.left - EDGE.right);
  const up = (at) => HIGH - EDGE.bottom - (at / highest) * (HIGH - EDGE.top - EDGE.bottom);
  const picture = svg(
    "svg",
    { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": `${title}: ${lines.map((line) => spoken(line, shown)).join("; ")}` },
    ...[0, highest / 2, highest].flatMap((at) => [
      svg("line", { class: "grid", x1: EDGE.left, x2: WIDE - EDGE.right, y1: up(at), y2: up(at) }),
      svg("text", { class: "tick", x: EDGE.left - 6, y: up(at) + 4, "text-anchor": "end" }, shown(at)),
    ]),
    svg("text", { class: "tick", x: EDGE.left, y: HIGH - 10 }, "0"),
    svg("text", { class: "tick", x: WIDE - EDGE.right, y: HIGH - 10, "text-anchor": "end" }, `${most.toLocaleString("en")} ${x}`),
    ...lines.flatMap((line, number) => drawn(line, number, across, up)),
  );
  return el("figure", {}, el("figcaption", {}, el("b", {}, title), ...lines.map(legend)), picture);
}

function drawn({ points, before }, number, across, up) {
  const place = ([x, y]) => `${across(x).toFixed(1)},${up(y).toFixed(1)}`;
  const kind = `line-${number}`;
  return [
    before === undefined ? null : svg("line", { class: `before ${kind}`, x1: EDGE.left, x2: WIDE - EDGE.right, y1: up(before), y2: up(before) }),
    svg("polyline", { class: kind, points: points.map(place).join(" ") }),
    ...points.map(([x, y]) => svg("circle", { class: kind, cx: across(x), cy: up(y), r: 2.5 })),
  ];
}

const legend = ({ name, before }, number) =>
  el("span", { class: `key line-${number}` }, before === undefined ? name : `${name} (dashed: before)`);

function spoken({ name, points, before }, shown) {
  const last = points.length ? `${shown(points.at(-1)[1])} after ${points.at(-1)[0]}` : "nothing yet";
  return `${name} ${last}${before === undefined ? "" : `, ${shown(before)} before`}`;
}
