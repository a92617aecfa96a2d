// Warns a minute before the time for choosing runs out, and extends it as often
// as one likes: a pass that has run out is claimed again without a new turn.
"use strict";

const notice = document.getElementById("limit");
const words = notice.dataset;
const warning = document.getElementById("limit-warning");
// The server's clock counts, whatever the device's says.
let endsAt = performance.now() + (words.until - words.now);

const wait = until => new Promise(done => setTimeout(done, Math.max(0, until - performance.now())));
const say = text => { document.getElementById("limit-says").textContent = text; };

async function extend() {
  document.getElementById("limit-extend").hidden = true;
  say(words.extending);
  await wait(endsAt + 500);
  for (;;) {
    const response = await fetch("/v1/claim", {method: "POST"}).catch(() => null);
    const answer = await response?.json().catch(() => null);
    if (response?.ok) {
      const seoul = new Date(answer.expires_ms).toLocaleTimeString("en-GB", {hour: "2-digit", minute: "2-digit", timeZone: "Asia/Seoul"});
      document.getElementById("limit-until").textContent = words.told.replace("{time}", seoul);
      say(words.extended.replace("{time}", seoul));
      endsAt = performance.now() + (answer.expires_ms - (Date.parse(response.headers.get("Date")) || Date.now()));
      return watch();
    }
    if (response && response.status !== 429 && response.status !== 503) return say(words.over);
    await wait(performance.now() + (answer?.retry_after_ms ?? 3000));
  }
}

async function watch() {
  await wait(endsAt - 60000);
  warning.hidden = false;
  const button = document.getElementById("limit-extend");
  button.hidden = false;
  say(words.ending);
  const end = endsAt;
  await wait(end);
  if (end === endsAt && !button.hidden) say(words.over);
}

document.getElementById("limit-extend").addEventListener("click", extend);
watch();
