"use strict";
const by = (id) => document.getElementById(id);

/* ---- sorting ---- */

/* What a cell is sorted and filtered by: its number where it begins with one. */
function valueOf(text) {
  const word = text.trim().replace(/^inf$/, "Infinity").replace(/^-inf$/, "-Infinity");
  const number = parseFloat(word);
  return word !== "" && !Number.isNaN(number) ? number : word;
}

/* Numbers before words, what is none ("-") last; from the largest on, unless turned round. */
function compare(a, b, turned) {
  const rank = (x) => typeof x === "number" ? 0 : x === "-" || x === "" ? 2 : 1;
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  const order = typeof a === "number" ? b - a : a < b ? -1 : a > b;
  return turned ? -order : order;
}

function sortRows(body, rows, key, turned) {
  rows.map((row) => [key(row), row]).sort((a, b) => compare(a[0], b[0], turned)).forEach((pair) => body.append(pair[1]));
}

/* ---- tables: a button on each head, a field for each column ---- */

/* ">10", "<=3", or words that the cell has. */
function fits(cell, wanted) {
  const bound = /^\s*(<=|>=|<|>|=)\s*(-?[\d.]+(?:e[-+]?\d+)?)\s*$/i.exec(wanted);
  const value = valueOf(cell);
  if (!bound) return cell.toLowerCase().includes(wanted.trim().toLowerCase());
  const limit = parseFloat(bound[2]);
  return typeof value === "number" && { "<": value < limit, "<=": value <= limit, ">": value > limit,
    ">=": value >= limit, "=": value === limit }[bound[1]];
}

function furnish(table) {
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells], fields = [];
  const shown = document.createElement("p"), box = document.createElement("details"), inside = document.createElement("div");
  const summary = document.createElement("summary");
  summary.textContent = "filter by column";
  shown.className = "shown";
  shown.setAttribute("aria-live", "polite");
  box.className = "filters";
  box.append(summary, inside);
  function filter() {
    let count = 0;
    for (const row of rows) {
      row.hidden = !fields.every((field, i) => !field.value || fits(row.cells[i].textContent, field.value));
      count += !row.hidden;
    }
    shown.textContent = count + " of " + rows.length + " rows";
  }
  heads.forEach((head, i) => {
    const button = document.createElement("button"), label = document.createElement("label"), field = document.createElement("input");
    const title = head.textContent;
    button.type = "button";
    button.textContent = title;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const turned = head.getAttribute("aria-sort") === "descending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", turned ? "ascending" : "descending");
      sortRows(body, rows, (row) => valueOf(row.cells[i].textContent), turned);
    });
    field.placeholder = head.classList.contains("n") ? ">10" : "words";
    field.addEventListener("input", filter);
    label.append(title + " ", field);
    inside.append(label);
    fields.push(field);
  });
  table.closest("section").prepend(box, shown);
  filter();
}
for (const table of document.querySelectorAll("table.data")) furnish(table);
for (const box of document.querySelectorAll(".scroll, .findings")) box.tabIndex = 0;  // what scrolls, the keyboard reaches

/* ---- the suite's cases ---- */

if (by("cases")) {
  const words = by("words"), op = by("op"), target = by("target"), verdict = by("verdict"), npu = by("npu");
  const cases = [...document.querySelectorAll("details.case")], bounds = [...document.querySelectorAll("input[data-column]")];
  const badness = ["fail", "invalid", "inaccurate", "not_compiled", "rejected", "skipped", "pass"];
  for (const one of cases) {
    one.words = one.dataset.words.toLowerCase();
    one.cells = [...one.querySelector("summary").children].map((cell) => cell.textContent);
    one.numbers = {};
    for (const cell of one.querySelectorAll("summary [data-label]")) one.numbers[cell.dataset.label] = valueOf(cell.textContent);
  }
  const within = (one) => bounds.every((bound) => bound.value === "" || (typeof one.numbers[bound.dataset.column] === "number" &&
    (bound.dataset.sign === "more" ? one.numbers[bound.dataset.column] >= bound.value : one.numbers[bound.dataset.column] <= bound.value)));

  globalThis.op = op;
  globalThis.filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const one of cases) {
      const fits = wanted.every((word) => one.words.includes(word)) && (!op.value || one.dataset.op === op.value) &&
        (!target.value || one.dataset.target === target.value) && (!verdict.value || one.dataset.verdict === verdict.value) &&
        (!npu.value || one.numbers.npu === npu.value) && within(one);
      one.hidden = !fits;
      shown += fits;
    }
    by("count").textContent = shown + " of " + cases.length + " rows";
    by("none").hidden = shown > 0;
  };

  const heads = [...document.querySelectorAll(".head button")];
  function press(head) {
    for (const other of heads) other.setAttribute("aria-pressed", other === head);
  }
  heads.forEach((head, i) => {
    head.addEventListener("click", () => {
      const turned = head.dataset.turned === "no";
      for (const other of heads) delete other.dataset.turned;
      head.dataset.turned = turned ? "yes" : "no";
      press(head);
      sortRows(by("cases"), cases, (one) => i === 0 ? one.dataset.verdict : valueOf(one.cells[i]), turned);
    });
  });
  /* What fails first, and of equal verdicts the largest error. */
  by("worst").addEventListener("click", () => {
    const steps = (one) => typeof one.numbers.eval === "number" ? one.numbers.eval : -1;
    press(null);
    cases.slice().sort((a, b) => badness.indexOf(a.dataset.verdict) - badness.indexOf(b.dataset.verdict) || steps(b) - steps(a))
      .forEach((one) => by("cases").append(one));
  });

  /* The address names the case that was opened last, so that it can be passed on. */
  function follow() {
    const name = location.hash.slice(1).replace(/%2F/gi, "/");  // what else an id holds, no address escapes
    const one = by(name);
    if (!one || !one.classList.contains("case")) return;
    if (one.hidden) { document.forms[0].reset(); for (const bound of bounds) bound.value = ""; npu.value = ""; filter(); }
    one.open = true;
    one.scrollIntoView();
  }
  for (const one of cases)
    one.querySelector("summary").addEventListener("click", () =>
      history.replaceState(null, "", one.open ? location.pathname + location.search : "#" + one.id));

  for (const control of [words, op, target, verdict, npu, ...bounds]) control.addEventListener("input", filter);
  document.forms[0].addEventListener("submit", (event) => event.preventDefault());
  document.forms[0].addEventListener("reset", () => setTimeout(() => {
    for (const bound of bounds) bound.value = "";
    npu.value = "";
    filter();
  }));
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
}
