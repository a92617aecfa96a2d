// Recomputes one's own turn from public values, and checks a receipt, in the
// browser of whoever doubts it. What it does is written down byte by byte in
// FORMAT.md; nothing the gate says about the turn is used. What it leaves to
// sunbeon verify, which reads the whole record, it says.
"use strict";

const bytes = hex => Uint8Array.from(hex.match(/../g) ?? [], pair => parseInt(pair, 16));
const hex = data => Array.from(data, b => b.toString(16).padStart(2, "0")).join("");
const base64 = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
const text = words => new TextEncoder().encode(words);
const sha256 = async data => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
const join = (...parts) => {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  parts.reduce((at, p) => (all.set(p, at), at + p.length), 0);
  return all;
};
const bigEndian = (value, size) => {
  const out = new Uint8Array(size);
  for (let i = size - 1, n = BigInt(value); i >= 0; i--, n >>= 8n) out[i] = Number(n & 255n);
  return out;
};

// HKDF-SHA256 of the value, salted with the sealed root.
async function seedOf(cohort, draw) {
  const key = await crypto.subtle.importKey("raw", bytes(draw.secret), "HKDF", false, ["deriveBits"]);
  const info = text("sunbeon draw v1\n" + cohort + "\n" + draw.count);
  return new Uint8Array(await crypto.subtle.deriveBits(
    {name: "HKDF", hash: "SHA-256", salt: bytes(draw.root), info}, key, 256));
}

// The Feistel network with cycle walking. Halves have at most 16 bits, so plain
// numbers hold everything.
async function turnOf(seed, count, seq) {
  const half = Math.max(Math.ceil((count > 1 ? Math.floor(Math.log2(count - 1)) + 1 : 0) / 2), 3);
  const size = 2 ** half;
  const mix = async (round, right) => {
    const sum = await sha256(join(seed, [round], bigEndian(right, 4)));
    return new DataView(sum.buffer).getUint32(0) % size;
  };
  let x = seq - 1;
  do {
    let left = Math.floor(x / size), right = x % size;
    for (let round = 0; round < 12; round++) {
      [left, right] = [right, left ^ await mix(round, right)];
    }
    x = left * size + right;
  } while (x >= count);
  return x + 1;
}

// The path of RFC 6962 from a record to the root of its commit group.
async function included(receipt) {
  let hash = await sha256(join([0], base64(receipt.record)));
  let at = receipt.index, last = receipt.count - 1;
  for (const sibling of (receipt.path ?? []).map(base64)) {
    if (at % 2 === 1 || at === last) {
      hash = await sha256(join([1], sibling, hash));
      while (at % 2 === 0 && at !== 0) { at >>= 1; last >>= 1; }
    } else {
      hash = await sha256(join([1], hash, sibling));
    }
    at >>= 1; last >>= 1;
  }
  return last === 0 && hex(hash) === hex(base64(receipt.root));
}

// The log's signature over the head of the group; undefined where this browser
// cannot check Ed25519.
async function signed(receipt, key) {
  const head = join(bigEndian(receipt.group, 8), bigEndian(receipt.time_s, 8), bigEndian(receipt.first, 8),
    bigEndian(receipt.count, 4), base64(receipt.root), base64(receipt.tree));
  try {
    const verifier = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", verifier, base64(receipt.signature),
      join(text("sunbeon group v1\n"), head));
  } catch (unsupported) {
    return undefined;
  }
}

// A record begins with its kind and the number of its cohort. Kind 2, a ticket,
// goes on with the arrival number; kind 1, an announcement, with JSON.
function read(record) {
  let at = 1;
  const number = () => {
    let value = 0, factor = 1;
    for (;; factor *= 128) {
      const b = record[at++];
      if (b === undefined) throw new Error("short record");
      value += (b % 128) * factor;
      if (b < 128) return value;
    }
  };
  const kind = record[0], cohort = number();
  if (kind === 2) return {kind, cohort, seq: number()};
  if (kind === 1) return {kind, cohort, announced: JSON.parse(new TextDecoder().decode(record.slice(at))).cohort};
  return {kind, cohort};
}

async function json(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(path + ": " + response.status);
  return response.json();
}

// The record that announces a cohort, or undefined where the log has not signed
// it: its number, and what orders it.
async function announcement(id, key) {
  const receipt = await json("/v1/cohorts/" + encodeURIComponent(id) + "/announcement");
  const record = read(base64(receipt.record));
  const good = record.kind === 1 && record.announced.id === id && await included(receipt) && await signed(receipt, key) !== false;
  return good ? record : undefined;
}

// The cohort a ticket's record belongs to: the chosen one, or else whichever has
// its number.
async function cohortOf(cohorts, chosen, number, key) {
  for (const c of [chosen, ...cohorts.filter(c => c !== chosen)]) {
    if ((await announcement(c.id, key))?.cohort === number) return c;
  }
}

// What a beacon gave cannot be checked without its key: a round of drand is left
// to sunbeon verify, any other source to whoever reads it there.
const beacon = announced => announced.source.startsWith("drand:") ? "drand" : "beacon";

async function check(form, say) {
  const {cohorts} = await json("/v1/cohorts");
  let cohort = cohorts.find(c => c.id === form.cohort.value);
  if (!cohort) return say("bad", "no_cohort");
  const index = await json("/v1/record");
  const key = base64(index.key.split("+").slice(2).join("+")).slice(1); // name+hash+key
  let seq = Number(form.seq.value);
  if (form.receipt.value.trim()) {
    const pasted = JSON.parse(form.receipt.value);
    const receipt = pasted.receipt ?? pasted;
    const ticket = read(base64(receipt.record));
    say(await included(receipt) ? "good" : "bad", "receipt_path", receipt.group);
    const genuine = await signed(receipt, key);
    say(genuine ? "good" : genuine === undefined ? "unknown" : "bad", "receipt_signature");
    if (ticket.kind !== 2) return say("bad", "no_seq");
    const of = await cohortOf(cohorts, cohort, ticket.cohort, key);
    if (!of) return say("bad", "receipt_cohort");
    say("good", "receipt_cohort", of.id);
    [cohort, seq] = [of, ticket.seq];
  }
  if (seq < 1 || !Number.isInteger(seq)) return say("bad", "no_seq");
  if (seq > (await json("/v1/serving/" + encodeURIComponent(cohort.id))).issued) return say("unknown", "not_issued");
  const announced = (await announcement(cohort.id, key))?.announced;
  if (!announced) return say("bad", "announcement");
  const draw = cohort.draw;
  if (announced.order !== "draw" || draw && seq > draw.count) {
    return say("good", "turn", seq);
  }
  if (!draw?.secret) return say("unknown", "not_drawn");
  if (announced.draw_mode === "secret") {
    const same = hex(await sha256(bytes(draw.secret))) === announced.commitment.toLowerCase();
    say(same ? "good" : "bad", "commitment");
  } else {
    say("unknown", beacon(announced), announced.source);
  }
  const seed = await seedOf(cohort.id, draw);
  say(hex(seed) === draw.seed ? "good" : "bad", "seed");
  say("good", "turn", await turnOf(seed, draw.count, seq));
}

const form = document.querySelector("form");
const results = document.querySelector("#results");

form.addEventListener("submit", async event => {
  event.preventDefault();
  results.replaceChildren();
  const say = (verdict, what, value = "") => {
    const item = document.createElement("li");
    item.className = verdict;
    item.dataset.what = what;
    item.dataset.value = value;
    item.textContent = results.dataset[verdict] + ": " + results.dataset[what.replace(/_(.)/g, (_, c) => c.toUpperCase())] + (value === "" ? "" : " " + value);
    results.append(item);
  };
  try {
    await check(form.elements, say);
  } catch (error) {
    say("bad", "failed", error.message);
  }
  results.dataset.done = "yes";
});
if (form.elements.seq.value) form.requestSubmit();
