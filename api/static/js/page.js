// What every page does beyond plain links and forms. Nothing here is needed to use the pages.
(function () {
  "use strict";

  // As in api/pages/crop.py.
  const FRAME_ASPECT = 16 / 9;
  const WINDOW_ASPECT = 4 / 3;
  const AROUND = 2.2;
  const SMALLEST_HEIGHT = 0.4;
  const SAME_ASPECT = 0.02;

  // A form of filters sends itself when a choice changes; without this script its button does.
  document.addEventListener("change", function (event) {
    const form = event.target.closest("form[data-send-on-change]");
    if (form && event.target.matches("select")) form.requestSubmit();
  });

  // Blank filters would only make the address long.
  document.addEventListener("submit", function (event) {
    if (!event.target.matches("form[data-send-on-change]")) return;
    for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
  });

  window.addEventListener("pageshow", function () {
    for (const field of document.querySelectorAll("form[data-send-on-change] :disabled")) field.disabled = false;
  });

  // A part of the page renews itself only while it is looked at as it came: not in a hidden tab, not once more rows
  // were added to it, not while a reason is being chosen.
  document.addEventListener("htmx:before:request", function (event) {
    const source = event.detail.ctx.sourceElement;
    if (!source || source.id !== "live") return;
    const busy = source.querySelector("[data-grown], details[open], dialog[open]");
    if (document.hidden || busy || document.querySelector("dialog[open]")) event.preventDefault();
  });

  // An answer that is no page must not replace a part of this one.
  document.addEventListener("htmx:before:response", function (event) {
    const ctx = event.detail.ctx;
    if (ctx.response.status < 400 || ctx.hx.redirect) return;
    event.preventDefault();
    if (ctx.request.method === "GET" && ctx.sourceElement.id === "live") return;
    ctx.response.raw.text().then(function (text) {
      const page = new DOMParser().parseFromString(text, "text/html");
      const said = page.querySelector("[data-problem]");
      tell(said ? said.textContent.trim() : String(ctx.response.status));
    });
  });

  function tell(text) {
    const box = document.getElementById("toast");
    if (!box) return;
    box.textContent = text;
    box.hidden = false;
    window.setTimeout(function () { box.hidden = true; }, 6000);
  }

  document.addEventListener("click", function (event) {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    const speaker = event.target.closest("[data-toast]");
    if (speaker) tell(speaker.dataset.toast);
  });

  // Small pictures are cut for 16:9 frames; cut them anew for frames of another shape.
  function cutAnew(svg) {
    const image = svg.querySelector("image");
    const [left, top, right, bottom] = svg.dataset.box.split(" ").map(Number);
    const probe = new Image();
    probe.onload = function () {
      const aspect = probe.naturalWidth / probe.naturalHeight;
      if (Math.abs(aspect / FRAME_ASPECT - 1) < SAME_ASPECT) return;
      let height = Math.max(SMALLEST_HEIGHT, (bottom - top) * AROUND, ((right - left) * aspect * AROUND) / WINDOW_ASPECT);
      height = Math.min(height, 1, aspect / WINDOW_ASPECT);
      const width = height * WINDOW_ASPECT;
      const x = Math.min(Math.max(0, ((left + right) * aspect - width) / 2), aspect - width);
      const y = Math.min(Math.max(0, (top + bottom - height) / 2), 1 - height);
      image.setAttribute("width", String(aspect));
      svg.setAttribute("viewBox", [x, y, width, height].join(" "));
    };
    probe.src = image.getAttribute("href");
  }

  // The sheet of all pages closes on Escape, on a touch beside it and when another thing gets the focus.
  function closeSheets(event) {
    for (const sheet of document.querySelectorAll("details[data-sheet][open]")) {
      if (event && sheet.contains(event.target)) continue;
      sheet.open = false;
    }
  }
  document.addEventListener("click", closeSheets);
  document.addEventListener("focusin", closeSheets);
  document.addEventListener("keydown", function (event) {
    const open = event.key === "Escape" && document.querySelector("details[data-sheet][open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });

  // Before and after: the slider says where one picture ends and the other begins.
  function compare(root) {
    const slider = root.querySelector("input[type=range]");
    const stage = root.querySelector(".compare-stage");
    const over = root.querySelector(".now");
    const line = document.createElement("div");
    line.className = "compare-line";
    stage.append(line);
    root.setAttribute("data-ready", "");
    function show() {
      over.style.clipPath = "inset(0 0 0 " + slider.value + "%)";
      line.style.left = slider.value + "%";
    }
    function follow(event) {
      if (event.type === "pointermove" && !event.buttons) return;
      const edge = stage.getBoundingClientRect();
      slider.value = String(Math.round(((event.clientX - edge.left) / edge.width) * 100));
      show();
    }
    slider.addEventListener("input", show);
    stage.addEventListener("pointerdown", follow);
    stage.addEventListener("pointermove", follow);
    show();
  }

  function prepare() {
    for (const root of document.querySelectorAll("[data-compare]:not([data-ready])")) compare(root);
    for (const svg of document.querySelectorAll("svg.crop:not([data-cut])")) {
      svg.dataset.cut = "";
      cutAnew(svg);
    }
  }
  document.addEventListener("DOMContentLoaded", prepare);
  document.addEventListener("htmx:after:swap", prepare);
})();
