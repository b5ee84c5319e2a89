// Optional comfort: everything can be read without it. Filters, sorting, unfolding.
"use strict";
(function () {
  const all = (what, from) => Array.from((from || document).querySelectorAll(what));
  const tools = document.querySelector(".tools");
  function openTarget() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (target) target.scrollIntoView();
  }
  addEventListener("hashchange", openTarget);
  openTarget();
  let opened = [];
  addEventListener("beforeprint", () => { opened = all("details:not([open])"); opened.forEach(d => { d.open = true; }); });
  addEventListener("afterprint", () => opened.forEach(d => { d.open = false; }));
  if (tools) {
    tools.hidden = false;
    const search = tools.querySelector("input[type=search]");
    const boxes = all("input[type=checkbox]", tools);
    const verdict = tools.querySelector("select");
    const shown = tools.querySelector("output");
    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const off = boxes.filter(b => !b.checked).map(b => b.value);
      const has = text => words.every(w => text.includes(w));
      let count = 0;
      for (const item of all("[data-item]")) {
        const text = (item.dataset.item + " " + item.textContent).toLowerCase();
        const hide = !has(text) || (item.dataset.level && off.includes(item.dataset.level)) ||
          (verdict && verdict.value && item.dataset.verdict !== verdict.value);
        item.hidden = hide;
        if (!hide) count += 1;
      }
      const narrowed = words.length > 0 || off.length > 0;
      for (const group of all("[data-group]").reverse()) {
        const items = all("[data-item]", group);
        group.hidden = narrowed && (items.length === 0 || items.every(i => i.hidden));
        if (words.length > 0 && !group.hidden && group.tagName === "DETAILS") group.open = true;
      }
      if (shown) shown.textContent = count.toLocaleString("en") + " shown";
    };
    tools.addEventListener("input", apply);
    all("button[data-fold]", tools).forEach(b => b.addEventListener("click", () => {
      all("details.source, details.finding").forEach(d => { d.open = b.dataset.fold === "open"; });
    }));
    apply();
  }
  all("table[data-sort] thead th[data-key]").forEach(th => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...th.childNodes);
    th.append(button);
    button.addEventListener("click", () => {
      const table = th.closest("table"), at = Array.from(th.parentNode.children).indexOf(th);
      const was = th.getAttribute("aria-sort");
      const down = was ? was === "ascending" : th.dataset.key === "number";
      all("th", th.parentNode).forEach(o => o.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = row => {
        const cell = row.children[at], value = cell.dataset.value !== undefined ? cell.dataset.value : cell.textContent.trim();
        return th.dataset.key === "number" ? Number(value.replace(/,/g, "")) || 0 : value.toLowerCase();
      };
      const rows = Array.from(table.tBodies[0].rows).map(row => [key(row), row]);
      rows.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0) * (down ? -1 : 1));
      table.tBodies[0].append(...rows.map(r => r[1]));
    });
  });
})();
