// What the desk's pages add to plain HTML; every page works without it.
"use strict";

// A session that ended while a page refreshes itself: go and sign in, instead of showing that page inside this one.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL || location.href).pathname === "/vao") {
    event.detail.shouldSwap = false;
    location.assign("/vao");
  }
});

// An open menu closes when one clicks elsewhere or presses Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// <button type="button" data-print> prints the page; without script it stays hidden.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// <input data-day="Calendar">: what stands in it stays day/month/year; the browser's own calendar fills it in.
function addCalendars(root) {
  for (const field of root.querySelectorAll("input[data-day]")) {
    const calendar = document.createElement("input");
    if (!calendar.showPicker || field.parentElement.matches(".with-calendar")) continue;
    const around = document.createElement("span");
    const button = document.createElement("button");
    around.className = "with-calendar";
    button.type = "button";
    button.className = "button";
    button.textContent = field.dataset.day;
    button.ariaLabel = `${field.dataset.day}: ${field.labels[0]?.textContent.trim() ?? ""}`;
    Object.assign(calendar, { type: "date", tabIndex: -1, ariaHidden: "true" });
    field.replaceWith(around);
    around.append(field, button, calendar);
    button.addEventListener("click", () => {
      const [day, month, year] = field.value.split(/[^0-9]+/);
      calendar.value = `${year}-${month?.padStart(2, "0")}-${day.padStart(2, "0")}`; // nothing, where that is no day
      calendar.showPicker();
    });
    calendar.addEventListener("change", () => {
      if (calendar.value) field.value = calendar.value.split("-").reverse().join("/");
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
}
addCalendars(document);
document.addEventListener("htmx:load", (event) => addCalendars(event.target));

// <form data-drop>: a file dropped anywhere on it goes into its file field; the field itself works without.
for (const form of document.querySelectorAll("form[data-drop]")) {
  const field = form.querySelector("input[type=file]");
  const words = form.querySelector("[data-drop-words]");
  if (words && matchMedia("(hover: hover)").matches) words.hidden = false;
  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
  }
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) form.classList.remove("over");
  });
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    if (event.dataTransfer.files.length) {
      field.files = event.dataTransfer.files;
      field.focus();
    }
  });
}

// <form data-pick="filter">: ticks survive from page to page of one filter; what is ticked elsewhere is sent along.
for (const form of document.querySelectorAll("form[data-pick]")) {
  const key = `pick:${form.dataset.pick.replace(/(^|&)trang=\d+/, "")}`;
  const boxes = [...form.querySelectorAll("input[name=chon]")];
  const everything = form.querySelector("input[name=tat_ca]");
  const whole = form.querySelector("[data-pick-page]");
  const count = form.querySelector("[data-pick-count]");
  const picked = new Set(JSON.parse(sessionStorage.getItem(key) || "[]"));
  const show = () => {
    count.textContent = picked.size ? form.dataset.words.replace("#", picked.size) : "";
    whole.querySelector("input").checked = boxes.every((box) => box.checked);
    sessionStorage.setItem(key, JSON.stringify([...picked]));
  };
  for (const box of boxes) box.checked = picked.has(box.value);
  whole.hidden = false;
  form.addEventListener("change", (event) => {
    if (event.target === whole.querySelector("input")) {
      for (const box of boxes) box.checked = event.target.checked;
    }
    for (const box of boxes) box.checked ? picked.add(box.value) : picked.delete(box.value);
    show();
  });
  form.addEventListener("submit", () => {
    if (everything && everything.checked) return;
    const here = new Set(boxes.map((box) => box.value));
    for (const id of picked) {
      if (here.has(id)) continue;
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: "chon", value: id });
      form.append(field);
    }
  });
  show();
}

// [data-live=seconds]: a part that asks for itself while it is looked at, and not while somebody reads or types in it.
// What was unfolded stays unfolded; a lost connection is said.
for (const part of document.querySelectorAll("[data-live]")) {
  const lost = document.querySelector("[data-live-lost]");
  const ask = () => {
    if (!document.hidden && !part.contains(document.activeElement)) htmx.trigger(part, "live");
  };
  setInterval(ask, Number(part.dataset.live) * 1000);
  document.addEventListener("visibilitychange", ask);
  let open = [];
  part.addEventListener("htmx:beforeSwap", () => {
    open = [...part.querySelectorAll("details[open][id]")].map((each) => each.id);
  });
  part.addEventListener("htmx:afterSwap", () => {
    for (const id of open) {
      const again = document.getElementById(id);
      if (again) again.open = true;
    }
  });
  part.addEventListener("htmx:afterRequest", (event) => {
    if (lost) lost.hidden = event.detail.successful;
  });
}
