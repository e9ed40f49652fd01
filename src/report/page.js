"use strict";
const by = (id) => document.getElementById(id);
const words = by("words"), op = by("op"), target = by("target"), verdict = by("verdict");
const cases = [...document.querySelectorAll("details.case")];
for (const one of cases) one.words = one.dataset.words.toLowerCase();

function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const one of cases) {
    const fits = wanted.every((word) => one.words.includes(word)) && (!op.value || one.dataset.op === op.value) &&
      (!target.value || one.dataset.target === target.value) && (!verdict.value || one.dataset.verdict === verdict.value);
    one.hidden = !fits;
    shown += fits;
  }
  by("count").textContent = shown + " of " + cases.length + " rows";
  by("none").hidden = shown > 0;
}

/* The address names the case that was opened last, so that it can be passed on. */
function follow() {
  const name = location.hash.slice(1).replace(/%2F/gi, "/");  // what else an id holds, no address escapes
  const one = by(name);
  if (!one || !one.classList.contains("case")) return;
  if (one.hidden) { document.forms[0].reset(); filter(); }
  one.open = true;
  one.scrollIntoView();
}
for (const one of cases)
  one.querySelector("summary").addEventListener("click", () =>
    history.replaceState(null, "", one.open ? location.pathname + location.search : "#" + one.id));

for (const control of [words, op, target, verdict]) control.addEventListener("input", filter);
document.forms[0].addEventListener("submit", (event) => event.preventDefault());
document.forms[0].addEventListener("reset", () => setTimeout(filter));
for (const button of document.querySelectorAll(".summary button"))
  button.addEventListener("click", () => {
    op.value = button.dataset.op;
    target.value = button.dataset.target;
    filter();
    document.forms[0].scrollIntoView();
  });
addEventListener("hashchange", follow);
filter();
follow();
