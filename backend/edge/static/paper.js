// Typing a day sheet in with the keyboard only. Without this file every row is a plain form of its own.
"use strict";

const sheet = document.querySelector("[data-sheet]");
const warning = document.querySelector("[data-unsent]");
const count = document.querySelector("[data-count]");
// What waits to be sent: row number → outcome. The rows themselves keep what was typed until the server has it.
const waiting = new Map();
const done = [];
let sending = false;
let failed = false;

const rowOf = (n) => document.getElementById(`hang-${n}`);
const numberOf = (row) => Number(row.id.slice(5));
const typing = (element) => element.matches("input:not([type=checkbox])");

function focusRow(row) {
  if (!row) return;
  const first = row.querySelector("button[data-key]");
  first.focus({ preventScroll: true });
  row.scrollIntoView({ block: "center" });
}

function beside(row, step) {
  for (let next = row; (next = step > 0 ? next.nextElementSibling : next.previousElementSibling); ) {
    if (next.matches(".sheet-row")) return next;
  }
  return null;
}

function tell(row, words, unsent) {
  row.querySelector(".state").textContent = words;
  row.classList.toggle("unsent", unsent);
}

function save(row, outcome) {
  waiting.set(numberOf(row), outcome);
  tell(row, sheet.dataset.sending, false);
  void send();
}

/** Sends what waits, one row after another; a row that fails stays and is tried again. */
async function send() {
  if (sending) return;
  sending = true;
  failed = false;
  for (const [n, outcome] of [...waiting]) {
    const answer = await post(rowOf(n), outcome);
    if (answer === null) {
      tell(rowOf(n), sheet.dataset.failed, true);
      failed = true;
      continue;
    }
    if (waiting.get(n) === outcome) waiting.delete(n);
    if (!waiting.has(n)) replace(n, answer, outcome);
  }
  sending = false;
  warning.hidden = !failed;
  if (waiting.size > 0 && !failed) void send();
}

async function post(row, outcome) {
  const form = row.querySelector("form");
  const body = new URLSearchParams(new FormData(form));
  body.set("ket_qua", outcome);
  try {
    const reply = await fetch(form.action, { method: "POST", body, headers: { "X-Gocua-Part": "row" } });
    if (new URL(reply.url).pathname === "/vao") warning.textContent = sheet.dataset.away;
    const text = await reply.text();
    return text.includes(`id="${row.id}"`) && !text.includes("<html") ? text : null;
  } catch {
    return null;
  }
}

function replace(n, html, outcome) {
  const old = rowOf(n);
  const inside = old.contains(document.activeElement);
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  const row = holder.content.firstElementChild;
  const refused = row.querySelector("[role=alert]") !== null;
  old.replaceWith(row);
  if (refused) row.querySelector("details").open = true;
  else if (outcome) done.push(n);
  if (inside || refused) focusRow(row);
  count.textContent = String(document.querySelectorAll(".sheet-row.in").length);
}

function choose(row, button) {
  const outcome = button.value;
  const details = row.querySelector("details");
  const box = row.querySelector(outcome === "helped" ? ".box" : "[name=ngay]");
  const wants = (outcome === "helped" && box) || outcome === "rescheduled";
  if (wants && !row.contains(document.activeElement?.closest(".boxes, .when") ?? null)) {
    details.open = true;
    row.dataset.outcome = outcome;
    box.focus();
    row.scrollIntoView({ block: "center" });
    return;
  }
  finish(row, outcome);
}

function finish(row, outcome) {
  delete row.dataset.outcome;
  save(row, outcome);
  focusRow(beside(row, 1) ?? row);
}

function undo() {
  const n = done.pop();
  if (n === undefined) return;
  save(rowOf(n), "");
  focusRow(rowOf(n));
}

sheet.addEventListener("keydown", (event) => {
  const row = event.target.closest(".sheet-row");
  if (!row || event.ctrlKey || event.altKey || event.metaKey) return;
  const key = event.key.toLowerCase();
  const free = !typing(event.target);
  if ((key === "arrowdown" || key === "arrowup") && (free || event.target.matches(".box"))) {
    focusRow(beside(row, key === "arrowdown" ? 1 : -1));
  } else if (key === "escape") {
    focusRow(row);
  } else if (key === "enter" && !free) {
    finish(row, row.dataset.outcome ?? (event.target.matches(".box") ? "helped" : "rescheduled"));
  } else if (free && key === "z") {
    undo();
  } else if (free && /^[a-z]$/.test(key)) {
    const button = row.querySelector(`[data-key="${key}"]`);
    if (!button) return;
    choose(row, button);
  } else {
    return;
  }
  event.preventDefault();
});

// A letter fills its box and goes on to the next; after K a number may follow, then a space.
sheet.addEventListener("input", (event) => {
  const box = event.target;
  if (!box.matches(".box") || !/^([xtcg]|k[0-9]* )$/i.test(box.value)) return;
  box.value = box.value.trim();
  const boxes = [...box.closest(".sheet-row").querySelectorAll(".box")];
  boxes[boxes.indexOf(box) + 1]?.focus();
});

// A tap or a click saves without leaving the page.
sheet.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button) return;
  event.preventDefault();
  const row = button.closest(".sheet-row");
  if (button.hasAttribute("data-undo")) save(row, "");
  else choose(row, button);
});

setInterval(() => waiting.size > 0 && void send(), 5000);
addEventListener("online", () => void send());
addEventListener("beforeunload", (event) => {
  if (waiting.size > 0) event.preventDefault();
});

const target = document.querySelector(".sheet-row:target") ?? document.querySelector(".sheet-row:not(.in)");
if (target) focusRow(target);
