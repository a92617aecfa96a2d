// Takes the page anew every few seconds, until one says not to. Only the facts
// are exchanged, so the place of reading and the keyboard's focus stay.
"use strict";

const everyMS = 5000;
const button = document.getElementById("refresh");
let on = true;

button.hidden = false;
button.addEventListener("click", () => {
  on = !on;
  button.setAttribute("aria-pressed", on);
});

setInterval(async () => {
  if (!on || document.hidden) return;
  const response = await fetch(location.href, {cache: "no-store"}).catch(() => null);
  if (!response?.ok) return; // the page says how old it is
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.querySelector("main"), old = document.querySelector("main");
  if (fresh && fresh.innerHTML !== old.innerHTML) old.replaceChildren(...fresh.childNodes);
}, everyMS);
