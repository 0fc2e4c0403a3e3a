"use strict";
// Colours, the menu of a narrow screen, copying code, and scrolling boxes by keyboard.
const root = document.documentElement, mode = document.getElementById("mode");
const modes = { auto: "◐", light: "☀", dark: "☾" };
function setMode(name) {
  root.dataset.mode = localStorage.mode = name;
  mode.textContent = modes[name];
  mode.setAttribute("aria-label", `Colours: ${name}`);
}
setMode(root.dataset.mode);
mode.onclick = () => {
  const names = Object.keys(modes);
  setMode(names[(names.indexOf(root.dataset.mode) + 1) % names.length]);
};

const menu = document.getElementById("menu");
if (menu) {
  menu.onclick = () =>
    menu.setAttribute("aria-expanded", menu.getAttribute("aria-expanded") !== "true");
  const current = document.querySelector(".side [aria-current]");
  current.closest(".side").scrollTop = current.offsetTop - 200;
}

document.querySelectorAll("div.highlight:not(.sphx-glr-script-out *)").forEach((box) => {
  const button = document.createElement("button");
  Object.assign(button, { className: "copybtn", textContent: "Copy" });
  button.onclick = async () => {
    await navigator.clipboard.writeText(box.querySelector("pre").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  };
  box.append(button);
});

new ResizeObserver(() =>
  document.querySelectorAll("pre, .formula, .wide").forEach((box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }),
).observe(document.body);
