"use strict";
// Times in the browser's own zone, seconds that count, values handed to dialogs, boxes ticked together, and the last step of opening.

const shownTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const shownClock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

const shownAgo = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const units = [["day", 86400], ["hour", 3600], ["minute", 60]];

// Of what is older than a month the date says more.
function ago(at) {
  const seconds = (at.getTime() - Date.now()) / 1000;
  if (Math.abs(seconds) > 30 * 86400) {
    return shownTime.format(at);
  }
  const [unit, length] = units.find((each) => Math.abs(seconds) >= each[1]) ?? ["minute", 60];
  return Math.abs(seconds) < 60 ? "just now" : shownAgo.format(Math.round(seconds / length), unit);
}

function showTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]:not([data-shown])")) {
    const at = new Date(element.dateTime);
    if (!Number.isNaN(at.getTime())) {
      element.textContent = "ago" in element.dataset ? ago(at) : ("clock" in element.dataset ? shownClock : shownTime).format(at);
      element.title = at.toString();
      element.dataset.shown = "";
    }
  }
}

function countSeconds() {
  for (const element of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.round((Date.now() - new Date(element.dataset.since).getTime()) / 1000));
    element.textContent = seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
  }
}

// Only to a place of our own, or to the person's own servers: the address comes with the page, yet nothing else is
// followed.
const servers = document.querySelector('meta[name="terra-servers"]');
const ours = [window.location.origin, servers ? servers.content : window.location.origin];
function follow(root) {
  const link = root.querySelector("a[data-go]");
  if (link && ours.includes(link.origin)) {
    window.location.replace(link.href);
  }
}

// A button that was pressed is gone with the old card: the keyboard goes on from the new one.
let isInCard = false;
document.addEventListener("focusin", (event) => {
  isInCard = Boolean(event.target.closest("#environment"));
});

function keepFocus() {
  const card = document.getElementById("environment");
  if (card && isInCard && document.activeElement === document.body) {
    card.focus({ preventScroll: true });
  }
}

// One box that ticks all of a name, and shows when not all of them are ticked.
function countPicks() {
  for (const all of document.querySelectorAll("[data-picks]")) {
    const boxes = [...document.querySelectorAll(`input[type="checkbox"][name="${all.dataset.picks}"]`)];
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = boxes.length > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
}
document.addEventListener("change", (event) => {
  if (event.target.dataset.picks) {
    for (const box of document.querySelectorAll(`input[type="checkbox"][name="${event.target.dataset.picks}"]`)) {
      box.checked = event.target.checked;
    }
  }
  countPicks();
});

// Who edits what comes for all notebooks at once; each row shows its own, and the rows may have come later. A row that
// says it already is left alone, and the keyboard goes on from the button that it was on.
const shownLeases = new WeakMap();
function showLeases() {
  const said = new Map([...(document.getElementById("leases")?.children ?? [])].map((each) => [each.dataset.leaseOf, each]));
  for (const row of document.querySelectorAll("[data-lease]")) {
    const now = said.get(row.dataset.lease);
    if (shownLeases.get(row) !== (now?.innerHTML ?? "")) {
      const pressed = row.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
      row.replaceChildren(...(now?.cloneNode(true).childNodes ?? []));
      shownLeases.set(row, now?.innerHTML ?? "");
      [...row.querySelectorAll("button")].find((each) => each.getAttribute("aria-label") === pressed)?.focus();
    }
  }
}

// Where no zone is said yet, the browser's own.
function fillZones(root) {
  for (const field of root.querySelectorAll("[data-own-zone]")) {
    field.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  }
}

function refresh(root) {
  fillZones(root);
  for (const element of document.querySelectorAll("[data-needs-script][hidden]")) {
    element.hidden = false;
  }
  countPicks();
  keepFocus();
  showLeases();
  showTimes(root);
  countSeconds();
  follow(root);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill]");
  if (button) {
    const dialog = document.querySelector(button.dataset.bsTarget);
    dialog.querySelector(`[name="${button.dataset.fill}"]`).value = button.dataset.value;
    for (const shown of dialog.querySelectorAll(`[data-shows="${button.dataset.fill}"]`)) {
      shown.textContent = button.dataset.value;
    }
    for (const field of dialog.querySelectorAll(`[data-begins="${button.dataset.fill}"]`)) {
      field.value = button.dataset.value.replace(/\.ipynb$/, "") + (field.dataset.adds ?? "");
    }
  }
});
// One dialog for many things: the button says what stands in it.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fills]");
  if (button) {
    const dialog = document.querySelector(button.dataset.bsTarget);
    for (const [name, value] of Object.entries(JSON.parse(button.dataset.fills))) {
      for (const field of dialog.querySelectorAll(`[name="${name}"]`)) {
        field.value = value;
      }
      for (const shown of dialog.querySelectorAll(`[data-shows="${name}"]`)) {
        shown.textContent = value;
      }
    }
  }
});
document.addEventListener("shown.bs.modal", (event) => event.target.querySelector("textarea")?.focus());
// What was refused stands in its dialog again. That comes with the last script of the page, and a list that is live may
// have been replaced by then: so the button is remembered as it was made.
document.addEventListener("DOMContentLoaded", () => {
  const opener = document.querySelector("[data-opens-now]")?.cloneNode(true);
  if (opener) {
    opener.removeAttribute("id");
    opener.removeAttribute("data-needs-script");
    opener.hidden = true;
    window.addEventListener("load", () => {
      document.body.append(opener);
      opener.click();
    });
  }
});
// A dialog was made with the page, and what it asks about may have changed since: it opens with what is so now.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-checks]");
  const now = button && document.getElementById(button.dataset.checks);
  if (now) {
    now.checked = true;
  }
});
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (button) {
    const field = document.querySelector(button.dataset.copies);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      // browsers give no clipboard to pages without TLS, but they copy what is selected
      button.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
    }
  }
});
document.addEventListener("htmx:load", (event) => refresh(event.target.parentElement || document));
document.addEventListener("DOMContentLoaded", () => refresh(document));
// A browser keeps six connections to a host, for all its tabs together: a tab that nobody sees gives its stream back.
// The extension connects again when it is told of an error on a stream that is closed.
const streams = new Map();
document.addEventListener("htmx:sseOpen", (event) => streams.set(event.target, event.detail.source));
document.addEventListener("visibilitychange", () => {
  for (const [element, source] of streams) {
    if (!element.isConnected) {
      streams.delete(element);
    } else if (document.hidden && "rests" in element.dataset) {
      source.close();
    } else if (!document.hidden && source.readyState === EventSource.CLOSED) {
      source.onerror(new Event("error"));
    }
  }
});

// A stream begins with what stands here already. Then nothing is swapped, so that no click falls between two lists.
const told = new WeakMap();
for (const element of document.querySelectorAll("[sse-swap]")) {
  told.set(element, element.cloneNode(true));
}
document.addEventListener("htmx:sseBeforeMessage", (event) => {
  const before = told.get(event.target);
  if (before) {
    const next = before.cloneNode(false);
    next.innerHTML = event.detail.data;
    if (next.isEqualNode(before)) {
      event.preventDefault();
    }
    told.set(event.target, next);
  }
});

document.addEventListener("htmx:sseMessage", (event) => {
  if (event.target.id === "leases") {
    refresh(document);
  } else if (event.target.id === "outside") {
    // the notebooks come and go with their drive
    const { state } = event.target.querySelector("[data-state]").dataset;
    if (state !== event.target.dataset.before) {
      event.target.dataset.before = state;
      document.body.dispatchEvent(new CustomEvent("seen"));
    }
  }
});

// Who comes back from Lab finds the list of notebooks as it is now; a refusal leaves the list that was.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    document.body.dispatchEvent(new CustomEvent("seen"));
  }
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === "notebooks" && event.detail.xhr.status !== 200) {
    event.detail.shouldSwap = false;
  }
});

// Back from the browser's memory, a page would show what was; a stream that was closed does not come back by itself.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    window.location.reload();
  }
});
window.setInterval(countSeconds, 1000);
