// Sliders over stored scores: counts as pipeline/steps/thresholds.py does, at once and without asking the server.
(function () {
  "use strict";
  const form = document.getElementById("thresholds");
  if (!form) return;
  const BINS = 19;
  const BIN = 0.05;

  function read(card) {
    return card.dataset.scored.split(";").filter(Boolean).map(function (line) {
      const [score, by, finding, verdict] = line.split(",");
      return { score: Number(score), by: by, finding: finding, verdict: verdict };
    });
  }

  function limits(card) {
    const [fast, fine] = ["fast", "fine"].map(function (by) { return Number(card.querySelector('[data-slider="' + by + '"]').value); });
    return { fast: fast, fine: fine };
  }

  function count(scored) {
    const findings = new Map();
    for (const one of scored) findings.set(one.finding, one.verdict);
    const verdicts = [...findings.values()];
    const of = function (verdict) { return verdicts.filter(function (one) { return one === verdict; }).length; };
    return { sightings: scored.length, findings: findings.size, confirmed: of("c"), dismissed: of("d") };
  }

  function bars(card, scored, limit) {
    const svg = card.querySelector("[data-bars]");
    const heights = Array.from({ length: BINS }, function () { return [0, 0]; });
    for (const one of scored) {
      const place = Math.min(BINS - 1, Math.max(0, Math.floor((one.score - BIN) / BIN)));
      heights[place][one.score >= limit[one.by] ? 0 : 1] += 1;
    }
    const highest = Math.max(1, ...heights.map(function (two) { return two[0] + two[1]; }));
    svg.replaceChildren();
    heights.forEach(function (two, place) {
      let floor = 30;
      two.forEach(function (many, nth) {
        if (!many) return;
        const height = Math.max(1.5, (28 * many) / highest);
        const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        floor -= height;
        for (const [name, value] of Object.entries({ x: place * 5 + 0.6, y: floor, width: 3.8, height: height, class: nth ? "lost" : "kept" })) bar.setAttribute(name, value);
        svg.append(bar);
      });
    });
  }

  function follow(card) {
    const own = card.querySelector("[data-own]").checked;
    const limit = limits(card);
    const scored = read(card);
    const kept = count(scored.filter(function (one) { return one.score >= limit[one.by]; }));
    const all = count(scored);
    card.classList.toggle("own", own);
    for (const name of Object.keys(all)) {
      card.querySelector('[data-kept="' + name + '"]').textContent = kept[name];
      card.querySelector('[data-all="' + name + '"]').textContent = all[name];
    }
    for (const by of ["fast", "fine"]) card.querySelector('[data-shown="' + by + '"]').textContent = limit[by].toFixed(2);
    bars(card, scored, limit);
    for (const frame of document.querySelectorAll('[data-tried="' + card.dataset.code + '"]')) {
      frame.classList.toggle("lost", Number(frame.dataset.score) < limit[frame.dataset.by]);
    }
  }

  form.addEventListener("input", function (event) {
    const card = event.target.closest(".threshold");
    if (!card) return;
    const own = card.querySelector("[data-own]");
    if (event.target.matches("[data-slider]")) own.checked = true;
    else if (event.target === own && !own.checked) {
      const fast = Number(card.dataset.tableFast);
      card.querySelector('[data-slider="fast"]').value = fast;
      card.querySelector('[data-slider="fine"]').value = card.dataset.tableFine === "" ? fast : Number(card.dataset.tableFine);
    }
    follow(card);
  });

  for (const card of form.querySelectorAll(".threshold")) follow(card);
})();
