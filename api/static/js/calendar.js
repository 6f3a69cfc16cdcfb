// The year's calendar: the chosen day is marked, and arrow keys go from day to day. Not needed to use the page.
(function () {
  "use strict";

  const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
  const DAY_MS = 24 * 3600 * 1000;

  document.addEventListener("click", function (event) {
    const day = event.target.closest("a.day");
    if (!day) return;
    for (const other of document.querySelectorAll("a.day[aria-current]")) other.removeAttribute("aria-current");
    day.setAttribute("aria-current", "date");
  });

  document.addEventListener("keydown", function (event) {
    const day = event.target.closest ? event.target.closest("a.day") : null;
    if (!day || !(event.key in STEPS) || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = Date.parse(day.id.slice(1)) + STEPS[event.key] * DAY_MS;
    const next = document.getElementById("d" + new Date(at).toISOString().slice(0, 10));
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
})();
