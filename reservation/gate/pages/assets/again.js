// Asks again when the service said to: with the same choice, under the same
// key, so nothing is done twice. Touching the page leaves it to the person.
"use strict";

const form = document.getElementById("again");
const timer = setTimeout(() => form.submit(), form.dataset.after * 1000);
const stop = () => clearTimeout(timer);
document.getElementById("again-stop").hidden = false;
document.getElementById("again-stop").addEventListener("click", event => { stop(); event.target.remove(); });
addEventListener("pagehide", stop);
