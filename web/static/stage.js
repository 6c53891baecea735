// The photo on its stage: zoom, pan, drawing a box. All in pixels of the photo, by the viewBox alone.
import { byId } from "./kit.js";

const MOST = 20; // times larger than the whole photo
const STILL = 4; // pixels on the screen that a click may move

export class Stage {
  constructor(width, height, { onBox, onTap }) {
    Object.assign(this, { width, height, onBox, onTap });
    this.svg = byId("stage");
    this.rubber = byId("rubber");
    this.view = { x: 0, y: 0, width, height };
    this.fingers = new Map();
    this.drawing = false;
    this.svg.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.svg.addEventListener("pointerdown", (event) => this.#down(event));
    this.svg.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) this.svg.addEventListener(end, (event) => this.#up(event));
  }

  at(event) {
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
  }

  fit() {
    this.#show({ x: 0, y: 0, width: this.width, height: this.height });
  }

  zoom(times, point) {
    const { x, y, width, height } = this.view;
    const middle = point ?? { x: x + width / 2, y: y + height / 2 };
    const share = Math.min(1, Math.max(1 / MOST, width / times / this.width)) / (width / this.width);
    this.#show({
      x: middle.x - (middle.x - x) * share,
      y: middle.y - (middle.y - y) * share,
      width: width * share,
      height: height * share,
    });
  }

  // Brings a box into sight without moving more than needed.
  reveal([x0, y0, x1, y1]) {
    const { x, y, width, height } = this.view;
    if (x0 >= x && y0 >= y && x1 <= x + width && y1 <= y + height) return;
    this.#show({ ...this.view, x: (x0 + x1 - width) / 2, y: (y0 + y1 - height) / 2 });
  }

  // Drawing mode: drag a box, or move `box` with the arrow keys (with Shift: its size).
  draw(box) {
    this.drawing = Boolean(box);
    this.svg.classList.toggle("drawing", this.drawing);
    this.#stretch(box);
  }

  nudge(key, resize) {
    const step = Math.max(this.view.width, this.view.height) / 100;
    const [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[key];
    const [x0, y0, x1, y1] = this.box;
    this.#stretch(
      resize ? [x0, y0, Math.max(x0 + step, x1 + dx), Math.max(y0 + step, y1 + dy)] : [x0 + dx, y0 + dy, x1 + dx, y1 + dy],
    );
    this.reveal(this.box);
  }

  #stretch(box) {
    this.box = box;
    this.rubber.setAttribute("visibility", box ? "visible" : "hidden");
    if (!box) return;
    const [x0, y0, x1, y1] = box;
    for (const [name, value] of Object.entries({ x: x0, y: y0, width: x1 - x0, height: y1 - y0 })) this.rubber.setAttribute(name, value);
  }

  #show(view) {
    const inside = (start, size, whole) => Math.min(Math.max(start, 0), Math.max(0, whole - size));
    this.view = { ...view, x: inside(view.x, view.width, this.width), y: inside(view.y, view.height, this.height) };
    this.svg.setAttribute("viewBox", `${this.view.x} ${this.view.y} ${this.view.width} ${this.view.height}`);
  }

  #wheel(event) {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey || !event.shiftKey) this.zoom(Math.exp(-event.deltaY / 300), this.at(event));
    else this.#pan(event.deltaX, event.deltaY);
  }

  #pan(dx, dy) {
    const scale = 1 / this.svg.getScreenCTM().a;
    this.#show({ ...this.view, x: this.view.x + dx * scale, y: this.view.y + dy * scale });
  }

  #down(event) {
    if (event.button > 0) return;
    this.svg.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, event);
    this.start = { x: event.clientX, y: event.clientY, target: event.target, point: this.at(event), moved: false };
  }

  #move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    if (Math.hypot(event.clientX - this.start.x, event.clientY - this.start.y) > STILL) this.start.moved = true;
    if (this.fingers.size === 2) this.#pinch(before, event);
    else if (this.drawing && this.start.moved) this.#stretch(around(this.start.point, this.at(event)));
    else if (this.start.moved) {
      this.svg.classList.add("moving");
      this.#pan(before.clientX - event.clientX, before.clientY - event.clientY);
    }
    this.fingers.set(event.pointerId, event);
  }

  #pinch(before, now) {
    const other = [...this.fingers.values()].find((finger) => finger.pointerId !== now.pointerId);
    const apart = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
    const middle = { clientX: (now.clientX + other.clientX) / 2, clientY: (now.clientY + other.clientY) / 2 };
    this.zoom(apart(now, other) / apart(before, other), this.at(middle));
    this.#pan((before.clientX - now.clientX) / 2, (before.clientY - now.clientY) / 2);
  }

  #up(event) {
    if (!this.fingers.delete(event.pointerId)) return;
    this.svg.classList.remove("moving");
    if (this.drawing && this.start.moved && !this.fingers.size) this.onBox(this.box);
    else if (!this.start.moved) this.onTap(this.start.target);
  }
}

function around(a, b) {
  return [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.max(a.x, b.x), Math.max(a.y, b.y)];
}
