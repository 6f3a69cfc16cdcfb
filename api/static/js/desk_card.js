// One card of the review desk: its pictures, fetched ahead, and all that stands around the frame.
(function () {
  "use strict";

  const desk = document.getElementById("desk");
  if (!desk) return;
  const chinese = desk.dataset.language === "zh";
  const SVG = "http://www.w3.org/2000/svg";

  function part(name) {
    return document.querySelector("[data-" + name + "]");
  }

  function address(digest) {
    return "/images/" + digest;
  }

  // Decoded before it is needed; `ready` settles once it can be drawn without delay, or cannot be had.
  function prepare(card) {
    card.drawn = card.drawn || [];
    if (!card.image) {
      card.ready = Promise.resolve(false);
      return card;
    }
    card.picture = new Image();
    card.picture.alt = "";
    card.picture.decoding = "sync";
    card.picture.src = address(card.image);
    card.isReady = false;
    card.ready = card.picture.decode().then(function () { card.isReady = true; return true; }, function () { return false; });
    card.small = card.strip.map(function (frame) {
      const image = new Image();
      image.alt = "";
      image.src = address(frame.image);
      return image;
    });
    return card;
  }

  function boxes(card) {
    const all = [];
    if (card.box) all.push([card.box, "own"]);
    for (const other of card.others) all.push([other, "other"]);
    for (const one of card.drawn) all.push([one.box, "drawn"]);
    return all;
  }

  function when(text) {
    if (!text) return "–";
    return new Date(text).toLocaleString(chinese ? "zh-CN" : "en-GB", {
      month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: desk.dataset.zone,
    });
  }

  function filled(text) {
    const values = Array.prototype.slice.call(arguments, 1);
    return text.replace(/\{(n|[1-9])\}/g, function (_, place) { return String(values[place === "n" ? 0 : place - 1]); });
  }

  function nameOf(code) {
    if (code === "dismissed") return desk.dataset.sayDismissed;
    const button = document.querySelector('[data-category="' + code + '"] span');
    return button ? button.textContent : code;
  }

  function text(name, value) {
    part(name).textContent = value;
  }

  function around(card) {
    const sample = card.kind === "sample";
    text("title", sample ? desk.dataset.saySample : chinese ? card.category_zh : card.category_en);
    part("recurring").hidden = !card.recurring;
    part("sample").hidden = !sample;
    part("conflict").hidden = card.kind !== "conflict";
    for (const element of document.querySelectorAll("[data-ticket-only]")) element.hidden = sample;
    const number = part("number");
    number.textContent = card.number || "";
    if (card.number) number.href = "/tickets/" + card.number;
    text("taken", when(card.taken_at));
    text("opinions", card.opinions.length ? desk.dataset.sayConflict + "：" + card.opinions.map(nameOf).join(" / ") : "");
    part("opinions").hidden = !card.opinions.length;
    place(card);
    if (!sample) facts(card);
    strip(card);
  }

  function place(card) {
    text("site", card.site);
    text("address", card.address);
    const known = card.latitude !== null && card.longitude !== null;
    text("position", known ? card.latitude.toFixed(5) + ", " + card.longitude.toFixed(5) : "");
    const dot = known ? document.querySelector('[data-plotted="' + CSS.escape(card.site) + '"]') : null;
    const here = part("here");
    here.toggleAttribute("hidden", !dot);
    if (dot) here.setAttribute("transform", "translate(" + dot.getAttribute("cx") + " " + dot.getAttribute("cy") + ")");
    document.querySelector(".desk-plot").toggleAttribute("hidden", !dot);
    const view = part("view");
    view.textContent = card.view === card.camera ? card.view : card.camera + " / " + card.view;
    view.href = "/views/" + card.view_id;
  }

  function facts(card) {
    text("unit", card.unit || "–");
    text("first", when(card.first_seen_at));
    text("last", when(card.last_seen_at));
    text("score", Math.round(card.score * 100) + "%");
    const told = part("precision");
    const precision = card.precision;
    if (!precision || precision.share === null) {
      told.textContent = told.dataset.sayNone;
      return;
    }
    const percent = function (share) { return Math.floor(share * 100) + "%"; };
    told.textContent = filled(told.dataset.say, precision.confirmed, precision.dismissed) + " · " +
      filled(told.dataset.sayShare, percent(precision.share), percent(precision.interval[0]), percent(precision.interval[1]));
  }

  const ROLES = { reference: desk.dataset.sayBefore, first: desk.dataset.sayFirst, last: desk.dataset.sayLast };

  function strip(card) {
    part("strip").replaceChildren.apply(part("strip"), card.strip.map(function (frame, place) {
      const line = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.stripFrame = String(place);
      const picture = document.createElement("span");
      picture.className = "picture wide";
      picture.append(card.small[place]);
      if (frame.box) picture.append(mark(frame.box));
      const words = document.createElement("span");
      words.className = "small figures";
      words.textContent = ROLES[frame.role] + " " + when(frame.at);
      button.append(picture, words);
      line.append(button);
      return line;
    }));
  }

  function mark(box) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 1 1");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("class", "desk-mark");
    svg.setAttribute("aria-hidden", "true");
    const rect = document.createElementNS(SVG, "rect");
    rect.setAttribute("x", box.left);
    rect.setAttribute("y", box.top);
    rect.setAttribute("width", box.right - box.left);
    rect.setAttribute("height", box.bottom - box.top);
    svg.append(rect);
    return svg;
  }

  window.DeskCard = { prepare: prepare, boxes: boxes, around: around, filled: filled, nameOf: nameOf, address: address, part: part };
})();
