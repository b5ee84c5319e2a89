"use strict";
const field = document.getElementById("filter");
const shown = document.getElementById("shown");
field.addEventListener("input", () => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const section of document.querySelectorAll("section")) {
    const title = section.querySelector("h2").textContent.toLowerCase();
    let any = false;
    for (const row of section.querySelectorAll("tbody tr")) {
      const text = title + " " + row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) { any = true; count += 1; }
    }
    section.hidden = !any;
  }
  shown.textContent = words.length ? count + " rows" : "";
});
// What a link names may stand in a part that is folded.
const unfold = () => {
  const row = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  const folded = row && row.closest("details");
  if (folded) { folded.open = true; row.scrollIntoView(); }
};
addEventListener("hashchange", unfold);
unfold();
