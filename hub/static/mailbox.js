// Keeps the list of the demo mailbox fresh, without taking the focus from whoever is in it.
"use strict";

const list = document.querySelector("[data-refresh]");

async function refresh() {
  if (document.hidden || list.contains(document.activeElement)) return;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(list.id);
    if (!fresh || fresh.innerHTML === list.innerHTML) return;
    list.replaceChildren(...fresh.childNodes);
    document.title = page.title;
  } catch {
    // The demo has ended or is starting again; the next tick tries once more.
  }
}

if (list) setInterval(refresh, 2000);
