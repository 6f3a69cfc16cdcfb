// The review desk: cards come ahead of time, a key decides one, the next is shown at once, the verdict travels behind.
(function () {
  "use strict";

  const desk = document.getElementById("desk");
  if (!desk) return;
  const say = desk.dataset;
  const Card = window.DeskCard;
  const part = Card.part;
  const filled = Card.filled;
  const frame = window.DeskFrame(part("frame"));
  const outbox = window.DeskOutbox.Outbox(tellTrouble);
  const none = part("none");

  const AHEAD = 5;
  const DRAWING = ["redraw", "add"];
  const MOST_KEPT = 40;
  const MOST_PAST = 50;
  const ASK_AGAIN_MS = 8000;
  const TOLD_MS = 5000;

  let card = null;
  let ahead = []; // not shown yet
  let aside = []; // shown, to be judged later
  let past = []; // judged here: {card, key}
  let mode = null; // dismiss, relabel, redraw, add, pick
  let alike = false;
  let asking = false;
  let keyAt = 0;
  let picked = null; // a box that waits for its category
  let done = 0;

  // --- showing

  function showNext() {
    setMode(null);
    card = ahead.shift() || aside.shift() || null;
    alike = false;
    if (card) display();
    else sayNone(say.sayNothing);
    fetchMore();
  }

  function display() {
    const shown = card;
    const since = keyAt;
    Card.around(card);
    desk.classList.remove("empty");
    refuse(card.refusal);
    renewAlike();
    renewConfirm();
    if (!card.picture) return sayNone(say.sayMissing);
    if (card.isReady) frame.show(card.picture, Card.boxes(card));
    else sayNone(say.sayLoading, true);
    card.ready.then(function (there) {
      if (shown !== card) return;
      if (!there) return sayNone(say.sayMissing, true);
      if (!card.picture.isConnected) frame.show(card.picture, Card.boxes(card));
      card.shownAt = performance.now();
      measure(since, shown);
    });
  }

  // From the key to the frame after the one in which the picture was handed to the screen.
  function measure(since, shown) {
    if (!since) return;
    requestAnimationFrame(function () {
      requestAnimationFrame(function (now) {
        performance.measure("key-to-picture", { start: since, end: now, detail: shown.token });
      });
    });
    keyAt = 0;
  }

  function sayNone(words, keepRest) {
    none.textContent = words;
    frame.say(none);
    desk.classList.toggle("empty", !keepRest);
  }

  function renewAlike() {
    const button = part("alike");
    button.hidden = !card || !card.alike.length;
    button.setAttribute("aria-pressed", String(alike));
    if (card) part("alike-text").textContent = filled(part("alike-text").dataset.say, card.alike.length);
  }

  function renewConfirm() {
    const sample = card && card.kind === "sample";
    const words = !sample ? say.sayConfirm : card.drawn.length ? say.saySubmit : say.sayNothingHere;
    part("confirm-text").textContent = words;
  }

  function refuse(words) {
    part("refused").textContent = words || "";
    part("refused").hidden = !words;
  }

  function tell(words) {
    const toast = document.getElementById("toast");
    toast.textContent = words;
    toast.classList.add("calm");
    toast.hidden = false;
    window.clearTimeout(tell.timer);
    tell.timer = window.setTimeout(function () { toast.hidden = true; }, TOLD_MS);
  }

  function tellTrouble(status, size) {
    const notice = part("offline");
    notice.hidden = status === null;
    if (status === null) tell(say.saySent);
    else notice.textContent = filled(status === 401 ? say.sayLogin : say.sayOffline, size);
  }

  // --- cards

  function tokens() {
    const kept = (card ? [card] : []).concat(ahead, aside).filter(function (one) { return one.token; });
    return kept.map(function (one) { return one.token; });
  }

  async function fetchMore() {
    if (asking) return;
    const wanted = Math.max(0, AHEAD - ahead.length);
    if (!wanted || tokens().length >= MOST_KEPT) return;
    await ask(wanted);
  }

  async function ask(wanted) {
    asking = true;
    window.clearTimeout(ask.timer);
    const held = tokens();
    try {
      const answer = await window.DeskOutbox.post("cards", { count: wanted, held: held });
      take(answer, held);
    } catch (error) {
      if (!card) sayNone(error.status ? error.message : say.sayLoading);
    }
    asking = false;
    if (!card || ahead.length < AHEAD) ask.timer = window.setTimeout(fetchMore, card && ahead.length ? ASK_AGAIN_MS / 4 : ASK_AGAIN_MS);
  }

  function take(answer, held) {
    const lost = held.filter(function (token) { return !answer.held.includes(token); });
    const stays = function (one) { return !lost.includes(one.token); };
    ahead = ahead.filter(stays);
    aside = aside.filter(stays);
    if (card && card.token && lost.includes(card.token)) {
      card.refusal = say.sayLost;
      refuse(card.refusal);
    }
    const known = tokens();
    for (const one of answer.cards) if (!known.includes(one.token)) ahead.push(Card.prepare(one));
    progress(answer);
    if (!card && ahead.length) showNext();
  }

  function progress(answer) {
    done = answer.progress.done + outbox.size();
    part("done").textContent = String(done);
    part("waiting").textContent = answer.waiting >= 1000 ? "1000+" : String(answer.waiting);
    const pace = answer.progress.an_hour;
    part("pace").hidden = pace === null;
    if (pace !== null) part("pace").textContent = filled(say.sayAnHour, Math.round(pace));
  }

  function count(step) {
    done = Math.max(0, done + step);
    part("done").textContent = String(done);
  }

  // --- deciding

  function newKey() {
    const numbers = crypto.getRandomValues(new Uint32Array(4));
    return Array.from(numbers, function (n) { return n.toString(16).padStart(8, "0"); }).join("");
  }

  function decide(what) {
    if (!card) return;
    if (card.refusal) return showNext();
    const judged = card;
    const key = newKey();
    const numbers = alike && judged.kind === "ticket" ? judged.alike : [];
    const seconds = judged.shownAt ? (performance.now() - judged.shownAt) / 1000 : null;
    const body = Object.assign({ key: key, alike: numbers, seconds: seconds }, what);
    const answer = judged.kind === "sample" ? "" : what.category || (what.verdict === "dismissed" ? "dismissed" : judged.category);
    past.push({ card: judged, key: key, answer: answer, alike: numbers });
    past = past.slice(-MOST_PAST);
    ahead = ahead.filter(function (one) { return !numbers.includes(one.number); });
    count(1);
    outbox.add({
      path: "verdicts",
      key: key,
      body: function () { return Object.assign({ token: judged.token }, body); },
      done: function (counted) {
        judged.token = null;
        if (counted.left.length) tell(filled(say.sayLeft, counted.left.length));
      },
      refused: function (error) { bringBack(judged, key, error); },
    });
    renewRecent();
    showNext();
  }

  // The server's no: the card lies on top again, with the words that it gave.
  function bringBack(judged, key, error) {
    past = past.filter(function (one) { return one.key !== key; });
    count(-1);
    judged.refusal = [404, 409].includes(error.status) ? say.sayRefused + error.message : null;
    if (card) ahead.unshift(card);
    card = judged;
    setMode(null);
    display();
    refuse(say.sayRefused + error.message);
    renewRecent();
  }

  function confirm() {
    if (!card) return;
    if (card.kind === "sample") decide({ boxes: card.drawn });
    else decide({ verdict: "confirmed" });
  }

  function undo(key) {
    const place = key ? past.findIndex(function (one) { return one.key === key; }) : past.length - 1;
    const entry = place < 0 ? null : past.splice(place, 1)[0];
    renewRecent();
    if (!entry) return undoOlder();
    count(entry.further ? 0 : -1);
    if (entry.further) {
      entry.card.drawn = entry.card.drawn.filter(function (one) { return one.key !== entry.key; });
      if (card === entry.card) frame.renew(Card.boxes(card));
    } else backOnTop(entry.card);
    tell(say.sayUndone);
    if (outbox.withdraw(function (one) { return one.key === entry.key; })) return;
    outbox.add({
      path: "undo",
      body: function () { return { key: entry.key }; },
      done: function (undone) {
        if (undone.card) Object.assign(entry.card, { token: undone.card.token, alike: undone.card.alike });
        if (entry.card === card) renewAlike();
      },
      refused: function (error) {
        past.push(entry);
        if (!entry.further) drop(entry.card);
        tell(error.message);
        renewRecent();
      },
    });
  }

  function backOnTop(old) {
    setMode(null);
    if (card) ahead.unshift(card);
    card = old;
    card.refusal = null;
    alike = false;
    display();
  }

  function drop(old) {
    ahead = ahead.filter(function (one) { return one !== old; });
    if (card === old) showNext();
  }

  // Verdicts from before this page was opened.
  function undoOlder() {
    outbox.add({
      path: "undo",
      body: function () { return {}; },
      done: function (undone) {
        count(-1);
        tell(say.sayUndone + (undone.number ? " " + undone.number : ""));
        if (undone.card) backOnTop(Card.prepare(undone.card));
      },
      refused: function (error) { tell(error.status === 404 ? say.sayNothingToUndo : error.message); },
    });
  }

  function skip() {
    if (!card) return;
    const skipped = card;
    if (skipped.token) outbox.add({ path: "cards/skip", body: function () { return { tokens: [skipped.token] }; } });
    tell(say.saySkipped);
    card = null;
    showNext();
  }

  function next() {
    if (!card) return;
    if (!card.refusal) aside.push(card);
    card = null;
    showNext();
  }

  // --- modes: a panel of reasons or categories, or a box being drawn

  function setMode(wanted) {
    if (frame.isDrawing() && !DRAWING.includes(wanted)) frame.cancel();
    mode = wanted;
    for (const panel of document.querySelectorAll("[data-panel]")) {
      const open = panel.dataset.panel === wanted || (wanted === "pick" && panel.dataset.panel === "relabel");
      panel.hidden = !open;
      const opener = document.querySelector('[data-do="' + panel.dataset.panel + '"]');
      opener.setAttribute("aria-expanded", String(open));
    }
    const drawing = DRAWING.includes(wanted);
    part("drawing").hidden = !drawing;
    const words = drawing ? say.sayDraw : wanted === "pick" ? say.sayPick : "";
    part("mode").textContent = words;
    part("mode").hidden = !words;
  }

  function open(name) {
    if (!card || card.kind === "sample") return;
    setMode(mode === name ? null : name);
    if (mode) document.querySelector('[data-panel="' + name + '"] button').focus({ preventScroll: true });
  }

  function draw(name) {
    if (!card || card.refusal || !card.isReady || (name === "redraw" && card.kind === "sample")) return;
    setMode(null);
    if (frame.draw(name === "redraw" ? card.box : null)) setMode(name);
  }

  function saveBox() {
    const box = frame.current();
    if (!box) return;
    if (mode === "redraw") {
      frame.cancel();
      decide({ verdict: "redrawn", box: box });
      return;
    }
    picked = box;
    frame.cancel();
    setMode("pick");
    frame.renew(Card.boxes(card).concat([[box, "drawn"]]));
    document.querySelector('[data-panel="relabel"] button').focus({ preventScroll: true });
  }

  function pick(category) {
    const drawn = { category: category, box: picked };
    picked = null;
    setMode(null);
    const of = card;
    if (card.kind === "sample") {
      card.drawn.push(drawn);
      tell(filled(say.sayDrawn, card.drawn.length));
    } else {
      const key = newKey();
      drawn.key = key;
      card.drawn.push(drawn);
      past.push({ card: of, key: key, answer: category, further: true, alike: [] });
      outbox.add({
        path: "boxes",
        key: key,
        body: function () { return { key: key, number: of.number, category: category, box: drawn.box }; },
        done: function () { tell(say.sayFurther); },
        refused: function (error) {
          of.drawn = of.drawn.filter(function (one) { return one !== drawn; });
          past = past.filter(function (one) { return one.key !== key; });
          if (of === card) frame.renew(Card.boxes(card));
          tell(error.message);
        },
      });
      renewRecent();
    }
    frame.renew(Card.boxes(card));
    renewConfirm();
  }

  function leave() {
    const open = mode;
    picked = null;
    setMode(null);
    if (open === "pick") frame.renew(Card.boxes(card));
    return Boolean(open);
  }

  function renewRecent() {
    const list = part("recent");
    part("recent-card").hidden = !past.length;
    list.replaceChildren.apply(list, past.slice(-6).reverse().map(function (entry) {
      const line = document.createElement("li");
      const words = document.createElement("span");
      const answer = entry.card.kind === "sample" ? (entry.card.drawn.length ? say.saySubmit : say.sayNothingHere) : Card.nameOf(entry.answer);
      words.textContent = (entry.further ? "+ " : "") + answer + " · " + entry.card.site + (entry.alike.length ? " (+" + entry.alike.length + ")" : "");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button small";
      button.textContent = list.dataset.sayUndo;
      button.dataset.undoKey = entry.key;
      line.append(words, button);
      return line;
    }));
  }

  // --- keys, mouse, touch

  const DO = {
    confirm: confirm,
    dismiss: function () { open("dismiss"); },
    relabel: function () { open("relabel"); },
    redraw: function () { draw("redraw"); },
    add: function () { draw("add"); },
    undo: function () { undo(); },
    skip: skip,
    next: next,
    outlined: function () { part("outlined").setAttribute("aria-pressed", String(frame.toggle())); },
    "zoom-in": function () { frame.zoom(1); },
    "zoom-out": function () { frame.zoom(-1); },
    "zoom-off": function () { frame.zoom(0); },
    "save-box": saveBox,
    "cancel-box": leave,
    alike: function () {
      if (!card || !card.alike.length) return tell(say.sayNoAlike);
      alike = !alike;
      renewAlike();
    },
    help: function () {
      const help = document.getElementById("keys");
      if (help.open) help.close();
      else help.showModal();
    },
  };
  const KEYS = {
    c: "confirm", d: "dismiss", l: "relabel", r: "redraw", b: "add", u: "undo", s: "skip", n: "next", o: "outlined", a: "alike",
    "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", 0: "zoom-off", "?": "help",
  };

  function choose(button) {
    if (button.dataset.reason) decide({ verdict: "dismissed", reason: button.dataset.reason });
    else if (mode === "pick") pick(button.dataset.category);
    else if (button.dataset.category === card.category) confirm();
    else decide({ verdict: "relabelled", category: button.dataset.category });
  }

  function onDigit(digit) {
    const panel = document.querySelector("[data-panel]:not([hidden])");
    const button = panel && panel.querySelector('[data-digit="' + digit + '"]');
    if (button) choose(button);
    return Boolean(panel);
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.matches("input, select, textarea") || (document.getElementById("keys").open && event.key !== "?")) return;
    if (frame.isDrawing() && frame.nudge(event.key, event.shiftKey)) return event.preventDefault();
    if (event.repeat) return;
    keyAt = event.timeStamp;
    if (act(event)) event.preventDefault();
  }, true);

  function act(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "Escape") return leave();
    if (key === "Enter") {
      if (frame.isDrawing()) { saveBox(); return true; }
      if (mode || event.target.closest("button, a, summary")) return false;
      confirm();
      return true;
    }
    if (/^[0-9]$/.test(key) && onDigit(key)) return true;
    if (!(key in KEYS) || (frame.isDrawing() && key !== "?")) return false;
    DO[KEYS[key]]();
    return true;
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-do], [data-reason], [data-category], [data-undo-key], [data-strip-frame]");
    if (!button || !desk.contains(button)) return;
    keyAt = event.timeStamp;
    if (button.dataset.do) DO[button.dataset.do]();
    else if (button.dataset.undoKey) undo(button.dataset.undoKey);
    else if (button.dataset.stripFrame) peek(Number(button.dataset.stripFrame), button);
    else if (card) choose(button);
  });

  // A frame of the strip, large, as long as nothing else is shown.
  function peek(place, button) {
    if (frame.isDrawing()) return;
    const pressed = button.getAttribute("aria-pressed") === "true";
    for (const other of document.querySelectorAll("[data-strip-frame]")) other.removeAttribute("aria-pressed");
    if (pressed) return frame.show(card.picture, Card.boxes(card));
    const large = new Image();
    large.alt = "";
    large.src = Card.address(card.strip[place].image);
    button.setAttribute("aria-pressed", "true");
    frame.show(large, card.strip[place].box ? [[card.strip[place].box, "own"]] : []);
  }

  // --- leases: renewed while the desk is looked at, given back when it is left

  window.setInterval(function () {
    if (!document.hidden && !asking && tokens().length) ask(Math.max(0, AHEAD - ahead.length));
  }, Number(say.leaseS) * 1000 / 3);

  window.addEventListener("pagehide", function () {
    const left = tokens();
    if (left.length) window.DeskOutbox.post("cards/give-back", { tokens: left }, { keepalive: true }).catch(function () {});
  });
  window.addEventListener("pageshow", function (event) { if (event.persisted) window.location.reload(); });

  ask(AHEAD);
})();
