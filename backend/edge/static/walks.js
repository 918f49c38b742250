// Choosing alleys on the drawing, and moving them between the walks of a plan. Without this file: checkboxes and lists.
"use strict";

const map = document.querySelector("[data-map]");
const plan = document.querySelector("[data-plan]");
const boxes = [...document.querySelectorAll("input[name=alleys]")];

if (boxes.length > 0) chooseAlleys();
if (plan) movePlan();

/** The form: a tap on the drawing ticks the alley's box, and the count follows. */
function chooseAlleys() {
  const bar = document.querySelector("[data-all]");
  const told = bar.querySelector("[data-chosen]");
  const show = () => {
    let doors = 0;
    for (const box of boxes) {
      if (box.checked) doors += Number(box.dataset.doors);
      map?.querySelector(`[data-alley="${box.value}"]`)?.classList.toggle("off", !box.checked);
    }
    told.textContent = told.dataset.chosen.replace("…", doors.toLocaleString(document.documentElement.lang));
  };
  map?.addEventListener("click", (event) => {
    const value = event.target.closest("[data-alley]")?.dataset.alley;
    const box = boxes.find((one) => one.value === value);
    if (box) box.checked = !box.checked;
    show();
  });
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("[data-every]");
    if (!button) return;
    for (const box of boxes) box.checked = button.dataset.every === "1";
    show();
  });
  for (const box of boxes) box.addEventListener("change", show);
  bar.hidden = false;
  show();
}

/** The plan: drag an alley, or choose it and press "take" at another walk. The server decides and sends the balance. */
function movePlan() {
  let picked = null; // { walk, alley, name }

  function prepare() {
    for (const item of plan.querySelectorAll(".walk-card li[data-alley]")) {
      if (!item.querySelector("form")) continue; // may look only
      item.draggable = true;
      item.querySelector("form").hidden = true;
      item.querySelector("[data-pick]").hidden = false;
    }
    const how = plan.querySelector("[data-how]");
    if (how) how.hidden = false;
  }

  function pick(item) {
    const same = picked && picked.alley === item.dataset.alley && picked.walk === walkOf(item);
    picked = same ? null : { walk: walkOf(item), alley: item.dataset.alley, name: item.dataset.name };
    for (const one of plan.querySelectorAll("li[data-alley]")) {
      const on = picked !== null && one === item;
      one.classList.toggle("picked", on);
      one.querySelector("[data-pick]")?.setAttribute("aria-pressed", String(on));
    }
    for (const one of plan.querySelectorAll("g[data-alley]")) {
      one.classList.toggle("picked", picked !== null && one.dataset.alley === picked.alley);
    }
    for (const button of plan.querySelectorAll("[data-take]")) {
      const other = picked !== null && walkOf(button) !== picked.walk;
      button.hidden = !other;
      button.textContent = other ? plan.dataset.takeWords.replace("…", picked.name) : "";
    }
  }

  const walkOf = (element) => element.closest("[data-walk]").dataset.walk;
  const itemOf = ({ walk, alley }) => plan.querySelector(`[data-walk="${walk}"] li[data-alley="${alley}"]`);

  async function move(what, target) {
    const form = itemOf(what).querySelector("form");
    const body = new URLSearchParams(new FormData(form));
    body.set("target", target);
    for (const card of plan.querySelectorAll("[data-walk]")) {
      if (card.querySelector("details[open]")) body.append("open", card.dataset.walk);
    }
    try {
      const reply = await fetch(form.action, { method: "POST", body, headers: { "X-Gocua-Part": "plan" } });
      const text = await reply.text();
      if (!reply.ok || !text.includes("data-said")) throw new Error(String(reply.status));
      const away = scrollY;
      plan.innerHTML = text;
      picked = null;
      prepare();
      scrollTo(0, away);
      plan.querySelector(`[data-walk="${target}"] h3 a`)?.focus({ preventScroll: true });
    } catch {
      const note = plan.querySelector("[data-said]");
      note.className = "note danger";
      note.textContent = plan.dataset.failed;
      note.scrollIntoView({ block: "nearest" });
    }
  }

  plan.addEventListener("click", (event) => {
    const item = event.target.closest("[data-pick]")?.closest("li");
    const take = event.target.closest("[data-take]");
    const shape = event.target.closest("g[data-alley]");
    if (item) pick(item);
    else if (take && picked) void move(picked, walkOf(take));
    else if (shape) {
      const found = plan.querySelector(`li[data-alley="${shape.dataset.alley}"]`);
      if (!found) return;
      found.closest("details").open = true;
      pick(found);
      found.scrollIntoView({ block: "center" });
      found.querySelector("[data-pick]").focus({ preventScroll: true });
    }
  });
  plan.addEventListener("dragstart", (event) => {
    const item = event.target.closest("li[data-alley]");
    if (!item) return;
    picked = { walk: walkOf(item), alley: item.dataset.alley, name: item.dataset.name };
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", item.dataset.name);
  });
  plan.addEventListener("dragover", (event) => {
    const card = event.target.closest("[data-walk]");
    for (const one of plan.querySelectorAll(".walk-card.over")) if (one !== card) one.classList.remove("over");
    if (!card || !picked || card.dataset.walk === picked.walk) return;
    event.preventDefault();
    card.classList.add("over");
  });
  plan.addEventListener("drop", (event) => {
    const card = event.target.closest("[data-walk]");
    if (!card || !picked || card.dataset.walk === picked.walk) return;
    event.preventDefault();
    void move(picked, card.dataset.walk);
  });
  prepare();
}
