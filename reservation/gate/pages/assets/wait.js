// Keeps the figures of a waiting person true from the public serving document,
// which costs the service nothing a cache cannot serve, and speaks to screen
// readers only when something happens that one would look up for.
"use strict";

const milestones = [10000, 5000, 1000, 500, 100, 50, 10];
const place = () => document.getElementById("wait").dataset;
const format = n => Number(n).toLocaleString("en");
const show = (id, words) => {
  const e = document.getElementById(id);
  if (e && e.textContent !== words) e.textContent = words;
};
const speak = words => show("spoken", words);

// The next milestone below which speaking is due.
const below = ahead => milestones.find(m => ahead > m) ?? 0;

let ahead = null, rate = Number(place().rate);

// Takes the page anew where its words change, not only its numbers: the range
// of times, a pause, the draw. Who is called gets the page that says so.
async function renew() {
  const response = await fetch(location.href, {headers: {Accept: "text/html"}, cache: "no-store"});
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById("wait");
  if (!response.ok || !fresh) return location.reload();
  const old = document.getElementById("wait");
  for (const part of ["h1", ".lead"]) document.querySelector(part).replaceWith(page.querySelector(part));
  document.title = page.title;
  old.replaceWith(fresh);
  rate = Number(place().rate);
}

async function look() {
  const {cohort, turn, phase, held} = place();
  const response = await fetch("/v1/serving/" + encodeURIComponent(cohort));
  if (!response.ok) throw new Error(response.status);
  const now = await response.json();
  if (now.phase !== phase || String(now.held) !== held) {
    await renew();
    speak(place().news);
  } else if (turn > 0) {
    if (turn <= now.serving && now.phase === "open" && !now.held) return location.reload();
    const left = Math.max(0, turn - now.serving - 1);
    const changed = now.segment && !now.held && Math.abs(now.segment.rate_milli - rate) > rate / 4;
    const passed = ahead !== null && below(left) < below(ahead);
    if (changed || passed) await renew();
    show("serving", format(now.serving));
    show("ahead", format(left));
    document.title = document.title.replace(/^(\([\d,]+\) )?/, "(" + format(left) + ") ");
    if (passed) speak(place().milestone.replace("{n}", format(left)));
    ahead = left;
  }
  const far = ahead ?? Number(place().seq);
  const advice = now.poll.find(step => step.ahead < 0 || far <= step.ahead);
  let wait = advice.every_ms + Math.random() * advice.jitter_ms;
  // Nobody sleeps past the opening, and not all wake at once.
  const opens = now.open_ms - Date.now();
  if (opens > 0) wait = Math.min(wait, opens + Math.random() * 5000);
  return wait;
}

async function follow() {
  let wait = 5000;
  try {
    wait = await look() ?? wait;
    show("offline", "");
  } catch {
    show("offline", place().offline);
  }
  setTimeout(follow, Math.max(1000, wait));
}

document.getElementById("renews").hidden = false;
follow();
