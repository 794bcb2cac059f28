/* Progressive enhancement only: every page works without this file. No framework; one listener per kind of event. */
(() => {
  "use strict";
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const root = document.documentElement;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

  const setCookie = (name, value) => {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  };
  const cookie = (name) => document.cookie.split("; ").find((c) => c.startsWith(name + "="))?.slice(name.length + 1);

  let said = "";
  const announce = (text) => {
    const live = document.getElementById("live");
    text = (text || "").trim();
    if (!live || !text || text === said) return;
    said = text;
    live.textContent = "";
    setTimeout(() => { live.textContent = text; }, 50);
  };

  /* Time zone: on a page that was rendered in another zone than the browser's, tell the server once. */
  const detectZone = () => {
    if (!root.hasAttribute("data-detect-zone") || new URLSearchParams(location.search).has("tz")) return;
    const known = cookie("tz");
    if (known === zone || root.dataset.detectZone === zone) return;
    setCookie("tz", zone);
    if (cookie("tz") === zone) location.reload();
  };
  const fillZones = (part) => $$("[data-timezone]", part).forEach((input) => {
    if (input.value && input.value !== input.dataset.timezone) return;
    const before = input.value;
    input.value = zone;
    if (input.tagName === "SELECT" && input.value !== zone) input.value = before;
  });

  /* Inputs of radio cards not chosen, and of fields that another field's value rules out, are neither sent nor required. */
  const valueOf = (form, name) => {
    const found = form.elements[name];
    return found instanceof RadioNodeList || found?.type !== "checkbox" ? found?.value : found.checked ? found.value : "";
  };
  const syncInputs = (part) => {
    $$("[data-when]", part).forEach((box) => {
      const form = box.closest("form");
      if (form) box.hidden = valueOf(form, box.dataset.when) !== box.dataset.is;
    });
    $$(".radio-card-body, [data-when]", part).forEach((box) => $$("input, select, textarea", box).forEach((input) => {
      const card = input.closest(".radio-card-body")?.parentElement.querySelector(".radio-card-head > input");
      const off = (card && !card.checked) || input.closest("[data-when][hidden]");
      if (off && !input.disabled) { input.disabled = true; input.dataset.off = "1"; }
      if (!off && input.dataset.off) { input.disabled = false; delete input.dataset.off; }
    }));
  };

  const copy = async (button) => {
    const label = button.querySelector("span");
    const before = label?.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      const input = button.parentElement.querySelector("input");
      input?.select();
      if (!input || !document.execCommand("copy")) return announce("Could not copy. Select the text and copy it by hand.");
    }
    announce(button.dataset.done || "Copied");
    said = "";
    if (!label || button.dataset.wait) return;
    button.dataset.wait = "1";
    label.textContent = button.dataset.done || "Copied";
    setTimeout(() => { label.textContent = before; delete button.dataset.wait; }, 2000);
  };

  const setTheme = (form, theme) => {
    root.dataset.theme = theme;
    setCookie("theme", theme);
    $$("[data-theme-switch] button").forEach((b) => b.setAttribute("aria-pressed", String(b.value === theme)));
    const meta = document.querySelector('meta[name="color-scheme"]');
    if (meta) meta.content = theme === "auto" ? "light dark" : theme;
  };

  /* Rows that can be put in another order, by buttons or by dragging. */
  const renumber = (list, row) => {
    const rows = $$(":scope > [data-row]", list);
    rows.forEach((r, i) => {
      const position = r.querySelector("[data-position]");
      if (position) position.value = i;
      $$("[data-move]", r).forEach((b) => { b.disabled = b.dataset.move === "up" ? i === 0 : i === rows.length - 1; });
    });
    const title = row.querySelector("[data-title]")?.textContent || "Row";
    announce(`${title.trim()}: place ${rows.indexOf(row) + 1} of ${rows.length}`);
    list.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const move = (button) => {
    const row = button.closest("[data-row]");
    const list = row?.parentElement;
    if (!list?.querySelector("[data-position]")) return false;
    if (button.dataset.move === "up") row.previousElementSibling?.before(row);
    else row.nextElementSibling?.after(row);
    renumber(list, row);
    (button.disabled ? row.querySelector("[data-move]:not(:disabled)") : button)?.focus();
    return true;
  };
  const drag = (event, handle) => {
    const row = handle.closest("[data-row]");
    const list = row?.parentElement;
    if (!list?.querySelector("[data-position]") || event.button > 0) return;
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    row.dataset.dragging = "1";
    const over = (e) => {
      const under = document.elementFromPoint(e.clientX, e.clientY)?.closest("[data-row]");
      if (!under || under === row || under.parentElement !== list) return;
      const box = under.getBoundingClientRect();
      const after = row.compareDocumentPosition(under) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (after ? e.clientY > box.top + box.height / 2 : e.clientY < box.top + box.height / 2) under[after ? "after" : "before"](row);
    };
    const done = () => {
      delete row.dataset.dragging;
      handle.removeEventListener("pointermove", over);
      renumber(list, row);
    };
    handle.addEventListener("pointermove", over);
    handle.addEventListener("lostpointercapture", done, { once: true });
  };

  const dismiss = (toast) => toast?.remove();
  const startToasts = (part) => $$(".toasts [data-toast]:not([data-started])", part).forEach((toast) => {
    toast.dataset.started = "1";
    announce(toast.querySelector("p").textContent);
    if (toast.dataset.tone !== "ok") return;
    const tick = () => (toast.matches(":hover, :focus-within") ? setTimeout(tick, 3000) : dismiss(toast));
    setTimeout(tick, 8000);
  });

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-copy], [data-dismiss], [data-dialog], [data-close], [data-move]");
    if (!target) {
      if (event.target.matches?.("dialog[open]")) {
        const box = event.target.getBoundingClientRect();
        const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
        if (!inside) event.target.close();
      }
      return;
    }
    if (target.matches("[data-copy]")) copy(target);
    else if (target.matches("[data-dismiss]")) dismiss(target.closest("[data-toast]"));
    else if (target.matches("[data-close]")) { event.preventDefault(); target.closest("dialog")?.close(); }
    else if (target.matches("[data-move]")) { if (move(target)) event.preventDefault(); }
    else {
      const dialog = document.getElementById(target.dataset.dialog);
      if (dialog?.showModal) { event.preventDefault(); dialog.showModal(); }
    }
  });
  document.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest?.("[data-drag]");
    if (handle) drag(event, handle);
  });
  document.addEventListener("change", (event) => {
    if (event.target.form) syncInputs(event.target.form);
    if (event.target.matches("[data-autosubmit]")) event.target.form?.requestSubmit();
  });

  /* A second click must not send a form twice. */
  const free = (button) => { button.disabled = false; delete button.dataset.busy; };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-theme-switch]") && event.submitter) {
      event.preventDefault();
      setTheme(form, event.submitter.value);
      return;
    }
    /* A button that only leads away for a while takes along what stands in cards not chosen, too. */
    if (event.submitter?.hasAttribute("data-all")) $$("[data-off]", form).forEach((input) => { input.disabled = false; });
    if (event.defaultPrevented || form.method === "dialog" || form.target) return;
    const button = event.submitter;
    setTimeout(() => {
      $$('button[type="submit"], button:not([type])', form).filter((b) => !b.disabled).forEach((b) => {
        b.disabled = true;
        b.dataset.busy = b === button ? "1" : "";
        if (b !== button) b.removeAttribute("data-busy");
        b.dataset.held = "1";
        setTimeout(() => { free(b); delete b.dataset.held; }, 10000);
      });
    }, 0);
  });
  window.addEventListener("pageshow", () => $$("[data-held]").forEach((b) => { free(b); delete b.dataset.held; }));

  const enhance = (part) => { fillZones(part); syncInputs(part); startToasts(part); };
  document.addEventListener("htmx:afterSettle", (event) => {
    const part = event.detail.elt;
    enhance(document);
    const news = part.matches?.("[data-announce]") ? part : part.querySelector?.("[data-announce]");
    if (news) announce(news.dataset.announce || news.textContent);
  });
  /* Going back to a page that answered a form must not ask to send the form once more. */
  if (root.dataset.posted) history.replaceState(null, "", root.dataset.posted);
  detectZone();
  enhance(document);
  document.querySelector("[data-focus]")?.focus();
})();
