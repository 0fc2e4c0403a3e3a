"use strict";
// The drawing pad: ink from mouse, finger, pen or keyboard, and the answers to it.

const find = (id) => document.getElementById(id);
const pad = find("pad"), ink = find("ink"), said = pad.querySelector(".said");
const pen = ink.getContext("2d", { willReadFrequently: true });
let about = null, last = null, shown = 0, waiting = false;

function clear() {
  pen.fillStyle = "black";
  pen.fillRect(0, 0, 280, 280);
}
function line([x0, y0], [x1, y1]) {
  Object.assign(pen, { strokeStyle: "white", lineWidth: 22, lineCap: "round" });
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1 + 0.01); // a dot is a line, too
  pen.stroke();
}

// --- the answers: what the networks see, bars, the first layer ---

function paint(canvas, { data, shape: [n, h, w] }, columns) {
  canvas.width = columns * (w + 1) - 1;
  canvas.height = Math.ceil(n / columns) * (h + 1) - 1;
  const brush = canvas.getContext("2d"), most = Math.max(...data, 1e-6);
  data.forEach((value, i) => {
    const map = Math.floor(i / (h * w)), light = Math.max(0, value / most);
    const x = (map % columns) * (w + 1) + (i % w);
    const y = Math.floor(map / columns) * (h + 1) + (Math.floor(i / w) % h);
    brush.fillStyle = `rgb(${20 + 235 * light} ${24 + 160 * light} ${36 + 60 * light})`;
    brush.fillRect(x, y, 1, 1);
  });
}
function answer() {
  waiting = false;
  if (!about) return "";
  const rgba = pen.getImageData(0, 0, 280, 280).data;
  const image = shrink(rgba, find("prepare").checked), words = [];
  const empty = image.every((v) => v === 0);
  paint(find("seen"), { data: image, shape: [1, 28, 28] }, 1);
  for (const [name, net] of Object.entries(about.nets)) {
    const { logits, first } = run(net, image), shares = softmax(logits);
    const best = empty ? -1 : shares.indexOf(Math.max(...shares));
    find(name).querySelectorAll("li").forEach((bar, digit) => {
      const share = empty ? 0 : shares[digit];
      bar.dataset.logit = logits[digit];
      bar.className = digit === best ? "best" : "";
      bar.style.setProperty("--share", share);
      bar.lastElementChild.textContent = `${Math.round(100 * share)} %`;
    });
    paint(find(name).querySelector("canvas"), first, first.shape[1] > 1 ? 4 : 16);
    words.push(`${name.toUpperCase()}: ${best}, ${Math.round(100 * shares[best])} %`);
  }
  return empty ? "The paper is empty." : words.join(" · ");
}
function soon() {
  if (!waiting) requestAnimationFrame(answer);
  waiting = true;
}
function tell() {
  said.textContent = answer();
}

// --- ink ---

const place = (event) => {
  const box = ink.getBoundingClientRect(), scale = 280 / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
};
function touch() {
  if (demo) clear();
  demo = false;
}
ink.addEventListener("pointerdown", (event) => {
  touch();
  ink.setPointerCapture(event.pointerId);
  last = place(event);
  line(last, last);
  soon();
});
ink.addEventListener("pointermove", (event) => {
  if (!last) return;
  for (const step of event.getCoalescedEvents?.() ?? [event]) {
    const next = place(step);
    line(last, next);
    last = next;
  }
  soon();
});
for (const end of ["pointerup", "pointercancel"])
  ink.addEventListener(end, () => {
    last = null;
    tell();
  });

const keyboard = { at: [140, 140], down: false };
const arrows = { ArrowLeft: [-7, 0], ArrowRight: [7, 0], ArrowUp: [0, -7], ArrowDown: [0, 7] };
function showCursor() {
  const [x, y] = keyboard.at.map((v) => `${v / 2.8}%`);
  const cursor = pad.querySelector(".cursor");
  Object.assign(cursor.style, { left: x, top: y });
  cursor.classList.toggle("down", keyboard.down);
}
ink.addEventListener("keydown", (event) => {
  const move = arrows[event.key];
  if (!move && ![" ", "Delete", "Backspace"].includes(event.key)) return;
  event.preventDefault();
  touch();
  if (move) {
    const from = keyboard.at;
    keyboard.at = from.map((v, i) => Math.min(270, Math.max(10, v + move[i])));
    if (keyboard.down) line(from, keyboard.at);
    soon();
  } else if (event.key === " ") {
    keyboard.down = !keyboard.down;
    if (keyboard.down) line(keyboard.at, keyboard.at);
    tell();
  } else {
    clear();
    tell();
  }
  showCursor();
});

find("clear").onclick = () => {
  touch();
  clear();
  tell();
};
find("prepare").onchange = tell;
find("example").onclick = () => {
  if (!about) return;
  touch();
  about.digits[shown++ % about.digits.length].forEach((value, i) => {
    pen.fillStyle = `rgb(${value} ${value} ${value})`;
    pen.fillRect(10 * (i % 28), 10 * Math.floor(i / 28), 10, 10);
  });
  tell();
};

// --- the front page draws a digit by itself, once ---

let demo = "demo" in pad.dataset;
const three = [
  [88, 70], [130, 48], [176, 70], [172, 112], [130, 132], [178, 156], [186, 200], [140, 232], [86, 212],
];
function smooth(points) {
  return points.flatMap((p, i) => {
    const [a, d] = [points[i - 1] ?? p, points[i + 2] ?? points[i + 1] ?? p];
    const b = points[i + 1] ?? p, steps = [...Array(8).keys()].map((k) => k / 8);
    return steps.map((t) =>
      p.map((v, axis) => {
        const [s, e] = [(b[axis] - a[axis]) / 2, (d[axis] - v) / 2], gap = b[axis] - v;
        return v + s * t + (3 * gap - 2 * s - e) * t ** 2 + (s + e - 2 * gap) * t ** 3;
      }),
    );
  });
}
async function play() {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const points = smooth(three);
  for (let i = 1; i < points.length; i++) {
    if (!demo) return;
    line(points[i - 1], points[i]);
    if (still) continue;
    answer();
    await new Promise((done) => setTimeout(done, 40));
  }
  answer();
}

clear();
load(pad.dataset.weights).then(
  (found) => {
    about = found;
    if (demo) play();
    else tell();
  },
  () => (said.textContent = "The weights cannot be read: open this page from a web server."),
);
