"use strict";
// Filters as you type, and asks for new runs every second. Without this script, the form and the links still work.
(() => {
  const form = document.getElementById("filter");
  const table = document.getElementById("table");
  let version = null;
  let number = 0;
  const query = () => {
    const fields = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value !== "") fields.set(name, value);
    const page = new URLSearchParams(location.search).get("page");
    if (page !== null) fields.set("page", page);
    return fields.toString();
  };
  const load = async () => {
    const mine = ++number;
    const headers = version === null ? {} : { "If-None-Match": version };
    const answer = await fetch(`/table?${query()}`, { headers, cache: "no-store" }).catch(() => null);
    // A late answer to an older request must not replace a newer one.
    if (answer === null || mine !== number || answer.status !== 200) return;
    version = answer.headers.get("ETag");
    const focused = table.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    // The server has escaped everything that comes from a run.
    const ticks = new Set(new FormData(document.getElementById("compare")).getAll("run"));
    table.innerHTML = await answer.text();
    for (const box of table.querySelectorAll("input[name=run]")) box.checked = ticks.has(box.value);
    if (focused !== null) table.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
  };
  const changed = () => {
    version = null;
    const fields = new URLSearchParams(query());
    fields.delete("page");
    history.replaceState(null, "", `/?${fields}`);
    load();
  };
  // Browsers differ in the event that reports a choice. Going back may fill in what was typed before.
  let asked = query();
  const look = () => {
    if (query() === asked) return;
    asked = query();
    changed();
  };
  for (const kind of ["input", "change", "search"]) form.addEventListener(kind, look);
  addEventListener("pageshow", () => setTimeout(look));
  // Two runs, no more and no fewer.
  const compare = document.getElementById("compare");
  const count = () => {
    const ticked = new FormData(compare).getAll("run").length;
    compare.querySelector("button").disabled = ticked !== 2;
  };
  document.addEventListener("change", count);
  addEventListener("pageshow", () => setTimeout(count));
  form.addEventListener("submit", (event) => { event.preventDefault(); changed(); });
  setInterval(() => document.hidden || load(), 1000);
})();
