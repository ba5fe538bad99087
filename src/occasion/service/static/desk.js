// Keys for those who like them (they can be switched off), and small comforts. Everything works without this file.
(() => {
  "use strict";
  const body = document.body;
  const WAYS = { t: "/", m: "/moments", p: "/practice", f: "/find", r: "/refused", a: "/audit", s: "/settings", h: "/help" };
  let leading = -Infinity; // when "g" was pressed

  const writing = (element) =>
    element.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]") !== null;
  const cards = () => [...document.querySelectorAll("article.card")];
  const current = () =>
    document.activeElement.closest("article.card") || document.querySelector("article.card.current");

  const go = (step) => {
    const all = cards();
    if (!all.length) return;
    const at = all.indexOf(current());
    const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))];
    for (const one of all) one.classList.toggle("current", one === next);
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };

  const verb = (name) => {
    const card = current();
    const found = card?.querySelector(`[data-verb="${name}"]`);
    if (!found) return false;
    found.click();
    if (found.tagName === "SUMMARY" && found.parentElement.open)
      found.parentElement.querySelector("input:not([type=hidden]), textarea, select")?.focus();
    return true;
  };

  const ACTIONS = {
    j: () => go(1), k: () => go(-1), t: () => verb("take"), d: () => verb("done"), l: () => verb("hold"), x: () => verb("skip"),
    h: () => verb("hand_over"),
    o: () => { const fold = current()?.querySelector("details.more"); if (fold) fold.open = !fold.open; },
    "/": () => {
      const field = document.getElementById("finder");
      const way = document.getElementById("way");
      if (way && getComputedStyle(way).display === "none") way.showPopover();
      field?.focus();
      field?.select();
    },
    "?": () => { location.href = "/help#keys"; },
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") {
      const open = document.activeElement.closest("details.act[open]");
      if (open) { open.open = false; open.querySelector("summary").focus(); }
      return;
    }
    if (body.dataset.shortcuts !== "on" || writing(event.target)) return;
    if (event.timeStamp - leading < 1500 && WAYS[event.key]) {
      leading = -Infinity;
      event.preventDefault();
      location.href = WAYS[event.key];
    } else if (event.key === "g") leading = event.timeStamp;
    else if (Object.hasOwn(ACTIONS, event.key)) {
      event.preventDefault();
      ACTIONS[event.key]();
    }
  });

  // What was done is said at the top of the page, where it would stand after a reload.
  document.addEventListener("said", (event) => {
    let line = document.querySelector(".sheet > .said[role=status]");
    if (!line) {
      line = document.createElement("p");
      line.className = "said";
      line.setAttribute("role", "status");
      document.querySelector(".sheet").prepend(line);
    }
    line.textContent = event.detail.value;
  });

  // Ctrl+Enter sends what is written where the page says so.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    const field = event.target.closest("textarea[data-send-key]");
    if (!field) return;
    event.preventDefault();
    field.form.requestSubmit();
  });

  // Whoever asked for an answer is taken to where it begins.
  document.addEventListener("htmx:afterSwap", (event) => {
    const place = event.detail.target;
    if (place?.matches?.("[data-answers]")) place.querySelector("[data-go]")?.focus();
  });

  // A form that opens in place begins where one writes.
  document.addEventListener("click", (event) => {
    const summary = event.target.closest("details.act > summary");
    if (!summary || summary.parentElement.open) return;
    setTimeout(() => {
      const moved = document.activeElement !== summary && document.activeElement !== body; // faster than this
      if (!moved) summary.parentElement.querySelector("input:not([type=hidden]), textarea, select")?.focus();
    }, 0);
  });
})();
