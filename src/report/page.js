"use strict";
const words = document.getElementById("words"), verdict = document.getElementById("verdict"),
  target = document.getElementById("target"), count = document.getElementById("count");
function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of document.querySelectorAll("details")) {
    const fits = wanted.every((word) => row.dataset.text.includes(word)) &&
      (!verdict.value || row.dataset.verdict === verdict.value) && (!target.value || row.dataset.target === target.value);
    row.hidden = !fits;
    shown += fits;
  }
  count.textContent = shown + " shown";
}
for (const control of [words, verdict, target]) control.addEventListener("input", filter);
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
filter();
