(language => {
  const found = [];
  const say = (what, e) => found.push(what + (e ? ": " + e.outerHTML.slice(0, 140) : ""));
  const all = selector => [...document.querySelectorAll(selector)].filter(e => e.checkVisibility());

  // Language of the page, and of the words that are in another one.
  if (document.documentElement.lang !== language) say("page says it is in " + document.documentElement.lang + ", not " + language);
  if (!document.title.includes(" · ")) say("title does not name page and service: " + document.title);
  const headings = all("h1, h2, h3, h4").map(h => +h.tagName[1]);
  if (headings.filter(n => n === 1).length !== 1) say("there is not one main heading");
  headings.reduce((last, n) => { if (n > last + 1) say("heading of level " + n + " after " + last); return n; }, 0);
  if (all("main").length !== 1) say("there is not one main part");

  // Time limits and moves nobody asked for.
  for (const e of document.querySelectorAll("meta[http-equiv=refresh]")) say("page reloads by itself whether one likes it or not", e);
  for (const e of all("[autofocus], marquee, blink")) say("moves the reader", e);
  for (const e of all("[tabindex]")) if (e.tabIndex > 0) say("changes the order of the keyboard", e);

  // Targets: 44 pixels for what stands alone, 24 for links in running text.
  for (const e of all("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
    if (e.matches(".skip")) continue;
    const box = e.getBoundingClientRect();
    const inText = e.tagName === "A" && getComputedStyle(e).display === "inline";
    const choice = e.matches("[type=radio], [type=checkbox]") && e.closest("label")?.getBoundingClientRect();
    const height = choice ? choice.height : box.height, width = choice ? choice.width : box.width;
    if (height < (inText ? 20 : 43.5) || width < 24) say("target of " + Math.round(width) + "×" + Math.round(height), e);
    // Colour alone does not make a link.
    if (inText && !getComputedStyle(e).textDecorationLine.includes("underline")) say("link told by colour alone", e);
  }
  // A state has a word besides its colour.
  for (const e of all(".light, .state, .warning, .good, .bad")) if (!e.innerText.trim()) say("state told by colour alone", e);

  // Live regions are few and short: each word in one is spoken.
  for (const e of all("[role=status], [role=alert], [aria-live]"))
    if (e.innerText.length > 400) say("reads " + e.innerText.length + " letters aloud", e);
  for (const e of all("input:not([type=hidden]), select, textarea"))
    if (!e.labels?.length) say("field without a visible label", e);
  for (const e of all("table")) if (!e.caption && !e.getAttribute("aria-labelledby")) say("table without a name", e);
  // Body text is not small.
  for (const e of all("p, li, dd, dt, td, th, label, button, a"))
    if (e.innerText && parseFloat(getComputedStyle(e).fontSize) < 15) say("small print of " + getComputedStyle(e).fontSize, e);
  return found;
})
