
"use strict";
(() => {
  const search = document.getElementById("search"), shown = document.getElementById("shown");
  if (!search || !shown) return;
  const rows = [...document.querySelectorAll(".model")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const radios = [...document.querySelectorAll("input[name=show]")];
  let waiting = 0;
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = radios.find((radio) => radio.checked)?.value ?? "all";
    let count = 0;
    rows.forEach((row, index) => {
      const found = words.every((word) => texts[index].includes(word));
      row.hidden = !found;
      if (found && (state === "all" || row.classList.contains(state))) count += 1;
    });
    shown.textContent = `${count} of ${rows.length} shown`;
  };
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(filter, rows.length > 500 ? 150 : 0); };
  search.closest("[hidden]")?.removeAttribute("hidden");
  shown.removeAttribute("hidden");
  search.form.addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", soon);
  radios.forEach((radio) => radio.addEventListener("change", filter));
  const target = () => {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!row?.classList.contains("model")) return;
    if (row.hidden || getComputedStyle(row).display === "none") {
      search.value = "";
      radios[0].checked = true;
      filter();
    }
    const details = row.querySelector("details");
    if (details) details.open = true;
    row.scrollIntoView({ block: "nearest" });
  };
  addEventListener("hashchange", target);
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement && event.target.type === "search";
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && typing) {
      search.value = "";
      filter();
    }
  });
  filter();
  target();
})();
