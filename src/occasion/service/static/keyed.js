// The swap style "keyed": a region is brought up to date piece by piece, by id. A piece that did not change stays as it
// is; one that somebody is writing in stays too, with a note; folds stay open; the focus stays where it was.
(() => {
  "use strict";
  const served = new WeakMap(); // element → its HTML as the server sent it

  // What passes by itself, such as the time of day somewhere, is no reason to put a piece in place of another.
  const lasting = (piece) => {
    const copy = piece.cloneNode(true);
    for (const one of copy.querySelectorAll("[data-passing]")) one.textContent = "";
    return copy.outerHTML;
  };

  const remember = (region) => {
    for (const one of region.children) {
      if (!one.id) continue;
      if (one.hasAttribute("data-keyed")) remember(one);
      else served.set(one, lasting(one));
    }
  };

  const inUse = (piece) => typedIn(piece) || (piece.contains(document.activeElement) && document.activeElement.closest("form.paper:not([data-sent])") !== null);

  const typedIn = (piece) =>
    [...piece.querySelectorAll("input, textarea, select")].some((field) => {
      if (field.type === "hidden" || field.closest("[data-sent]")) return false;
      if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
      if (field.tagName === "SELECT") return [...field.options].some((o) => o.selected !== o.defaultSelected && (o.defaultSelected || o.index > 0));
      return field.value !== field.defaultValue;
    });

  const note = (piece, text, replacement) => {
    let line = piece.querySelector(":scope > .changed");
    if (!line) {
      line = document.createElement("p");
      line.className = "changed";
      piece.append(line);
    }
    const show = document.createElement("button");
    show.type = "button";
    show.className = "text-button";
    show.textContent = document.getElementById("news").dataset.show;
    show.addEventListener("click", () => {
      if (replacement) {
        piece.replaceWith(replacement);
        htmx.process(replacement);
        replacement.focus?.();
      } else piece.remove();
    });
    line.replaceChildren(text + " ", show);
  };

  const carryOver = (old, fresh) => {
    for (const fold of old.querySelectorAll("details[data-fold]")) {
      const same = fresh.querySelector(`details[data-fold="${CSS.escape(fold.dataset.fold)}"]`);
      if (same && !fold.classList.contains("sent")) same.open = fold.open;
    }
    if (old.classList.contains("current")) fresh.classList.add("current");
  };

  const news = [];
  const update = (region, wanted, inserted) => {
    const words = document.getElementById("news").dataset;
    const fresh = [...wanted.children].filter((one) => one.id);
    const ids = new Set(fresh.map((one) => one.id));
    for (const old of [...region.children]) {
      if (ids.has(old.id)) continue;
      if (inUse(old)) note(old, words.gone, null);
      else old.remove();
    }
    let place = region.firstElementChild;
    for (const one of fresh) {
      const old = region.querySelector(`:scope > [id="${CSS.escape(one.id)}"]`);
      if (!old) {
        const html = lasting(one);
        one.classList.add("arrived");
        region.insertBefore(one, place);
        if (one.hasAttribute("data-keyed")) remember(one);
        else served.set(one, html);
        if (one.dataset.label) news.push(one.dataset.label);
        inserted.push(one);
        continue;
      }
      if (old !== place) {
        if (region.moveBefore) region.moveBefore(old, place);
        else region.insertBefore(old, place);
      }
      place = old.nextElementSibling;
      if (old.hasAttribute("data-keyed") && one.hasAttribute("data-keyed")) update(old, one, inserted);
      else if (served.get(old) !== lasting(one)) {
        if (inUse(old)) {
          served.set(old, lasting(one));
          note(old, words.changed, one);
          continue;
        }
        const focus = old.contains(document.activeElement) ? document.activeElement.id || old.id : null;
        served.set(one, lasting(one));
        carryOver(old, one);
        old.replaceWith(one);
        if (focus) (document.getElementById(focus) || one).focus({ preventScroll: true });
        inserted.push(one);
      }
    }
  };

  htmx.defineExtension("keyed", {
    isInlineSwap: (style) => style === "keyed",
    handleSwap: (style, target, fragment) => {
      if (style !== "keyed") return false;
      const inserted = [];
      update(target, fragment, inserted);
      for (const one of inserted) htmx.process(one); // at once: somebody may be about to use it
      if (news.length) {
        const line = document.getElementById("news");
        line.textContent = line.dataset.one.replace("{name}", news.splice(0).join(", "));
      }
      return inserted;
    },
  });
  // What was sent is no longer being written.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.target.closest("form");
    if (form) { form.dataset.sent = ""; form.closest("details")?.classList.add("sent"); }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest("form");
    if (form && !event.detail.successful) { delete form.dataset.sent; form.closest("details")?.classList.remove("sent"); }
  });
  for (const region of document.querySelectorAll("[data-keyed]")) if (!region.parentElement.closest("[data-keyed]")) remember(region);
})();
