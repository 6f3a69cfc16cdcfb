// Photos on their way from a phone: kept on it until they have arrived, sent in pieces, gone on with after a lost
// connection or a reload. Without this script the form's own button sends them whole.
(function () {
  "use strict";

  if (window.photosReady) return;
  window.photosReady = true;

  const PIECE = 256 * 1024;
  const LARGEST = 30 * 1024 * 1024;
  const ANSWER_WITHIN_MS = 45000;
  const WAITS_MS = [1000, 2000, 5000, 10000, 20000];
  const STORE = "waiting";
  const kept = openStore();
  const rows = new Map();
  let pumping = false;
  let failures = 0;
  let wake = null;

  // --- what waits, kept by the browser; in memory alone where it keeps nothing (private windows)

  function openStore() {
    return new Promise(function (done) {
      if (!window.indexedDB) return done(null);
      const asked = window.indexedDB.open("patrol-photos", 1);
      asked.onupgradeneeded = function () { asked.result.createObjectStore(STORE, { keyPath: "key" }); };
      asked.onsuccess = function () { done(asked.result); };
      asked.onerror = function () { done(null); };
      asked.onblocked = function () { done(null); };
    });
  }

  async function inStore(mode, act) {
    const store = await kept;
    if (!store) return null;
    return new Promise(function (done) {
      try {
        const asked = act(store.transaction(STORE, mode).objectStore(STORE));
        asked.onsuccess = function () { done(asked.result); };
        asked.onerror = function () { done(null); };
      } catch (error) { done(null); }
    });
  }

  const remember = function (photo) {
    const { key, number, name, file, sha, id } = photo;
    return inStore("readwrite", function (store) { return store.put({ key, number, name, file, sha, id }); });
  };
  const forget = function (key) { return inStore("readwrite", function (store) { return store.delete(key); }); };

  // --- the fingerprint; the browser's own is there on secure pages only

  async function fingerprint(bytes) {
    if (window.crypto && window.crypto.subtle) return hex(new Uint8Array(await window.crypto.subtle.digest("SHA-256", bytes)));
    return sha256(new Uint8Array(bytes));
  }

  function hex(bytes) {
    return Array.from(bytes, function (byte) { return byte.toString(16).padStart(2, "0"); }).join("");
  }

  // FIPS 180-4.
  function sha256(bytes) {
    const rounds = [], state = [];
    for (let n = 2; rounds.length < 64; n++) {
      let prime = true;
      for (let d = 2; d * d <= n; d++) if (n % d === 0) { prime = false; break; }
      if (!prime) continue;
      if (state.length < 8) state.push((Math.sqrt(n) % 1) * 4294967296 | 0);
      rounds.push((Math.cbrt(n) % 1) * 4294967296 | 0);
    }
    const padded = new Uint8Array(((bytes.length + 8 >> 6) + 1) * 64);
    padded.set(bytes);
    padded[bytes.length] = 128;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 8, Math.floor(bytes.length / 536870912));
    view.setUint32(padded.length - 4, bytes.length << 3);
    const turn = function (x, by) { return (x >>> by) | (x << (32 - by)); };
    const w = new Int32Array(64);
    for (let at = 0; at < padded.length; at += 64) {
      for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + i * 4);
      for (let i = 16; i < 64; i++) {
        const a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + w[i - 7] + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
      }
      let [a, b, c, d, e, f, g, h] = state;
      for (let i = 0; i < 64; i++) {
        const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + rounds[i] + w[i]) | 0;
        const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
      }
      [a, b, c, d, e, f, g, h].forEach(function (value, i) { state[i] = (state[i] + value) | 0; });
    }
    return state.map(function (value) { return (value >>> 0).toString(16).padStart(8, "0"); }).join("");
  }

  // --- what is seen of it

  function rootOf(number) {
    return Array.from(document.querySelectorAll("[data-photos]")).find(function (root) { return root.dataset.photos === number; });
  }

  function draw(photo) {
    const root = rootOf(photo.number);
    if (!root || rows.has(photo.key)) return;
    const row = document.createElement("li");
    row.className = "photo local";
    const picture = document.createElement("div");
    picture.className = "photo-picture";
    const canvas = document.createElement("canvas");
    picture.append(canvas);
    const facts = document.createElement("div");
    facts.className = "photo-facts";
    const words = document.createElement("span");
    words.className = "small";
    const bar = document.createElement("progress");
    bar.max = photo.file.size;
    bar.value = 0;
    bar.setAttribute("aria-label", photo.name);
    facts.append(words, bar);
    row.append(picture, facts);
    root.querySelector("[data-waiting]").append(row);
    rows.set(photo.key, { root: root, row: row, words: words, bar: bar, facts: facts });
    preview(photo.file, canvas);
    say(photo, root.dataset.sayWaiting);
  }

  async function preview(file, canvas) {
    if (!window.createImageBitmap) return;
    try {
      const bitmap = await window.createImageBitmap(file, { resizeWidth: 320, resizeQuality: "medium" });
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
      bitmap.close();
    } catch (error) { canvas.hidden = true; }
  }

  function say(photo, words, share) {
    const shown = rows.get(photo.key);
    if (!shown) return;
    shown.words.textContent = words + (share === undefined ? "" : " " + Math.floor(share * 100) + "%");
    if (share !== undefined) shown.bar.value = share * photo.file.size;
  }

  function status(root, words) {
    const line = root && root.querySelector("[data-status]");
    if (!line) return;
    line.textContent = words || "";
    line.hidden = !words;
  }

  function statusOfAll(name) {
    for (const root of document.querySelectorAll("[data-photos]")) status(root, name && rowsOf(root).length ? root.dataset[name] : "");
  }

  function rowsOf(root) {
    return Array.from(rows.values()).filter(function (shown) { return shown.root === root; });
  }

  function remove(photo) {
    const shown = rows.get(photo.key);
    if (shown) shown.row.remove();
    rows.delete(photo.key);
    queue = queue.filter(function (other) { return other.key !== photo.key; });
    return forget(photo.key);
  }

  function refused(photo, words) {
    const shown = rows.get(photo.key);
    photo.over = true;
    forget(photo.key);
    queue = queue.filter(function (other) { return other.key !== photo.key; });
    if (!shown) return;
    shown.row.classList.add("refused");
    shown.bar.remove();
    say(photo, shown.root.dataset.sayRefused + "：" + words);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button small";
    button.textContent = shown.root.dataset.sayRemove;
    button.addEventListener("click", function () { remove(photo); });
    shown.facts.append(button);
  }

  // --- choosing

  let queue = [];

  async function chosen(root, files) {
    for (const file of files) {
      const photo = { key: root.dataset.photos + " " + Date.now() + " " + Math.random(), number: root.dataset.photos, name: file.name || "photo.jpg", file: file, sha: null, id: null };
      draw(photo);
      const head = new Uint8Array(await file.slice(0, 3).arrayBuffer());
      if (head[0] !== 255 || head[1] !== 216) { refused(photo, root.dataset.sayNotJpeg); continue; }
      if (file.size > LARGEST) { refused(photo, root.dataset.sayLarge); continue; }
      photo.file = new Blob([await file.arrayBuffer()], { type: "image/jpeg" });
      queue.push(photo);
      await remember(photo);
      pump();
    }
  }

  document.addEventListener("change", function (event) {
    const field = event.target;
    if (!field.matches("[data-photos] [data-pick]")) return;
    const files = Array.from(field.files);
    field.value = "";
    chosen(field.closest("[data-photos]"), files);
  });

  // --- sending

  class Refusal extends Error {}

  async function ask(path, options) {
    const given = new AbortController();
    const timer = window.setTimeout(function () { given.abort(); }, ANSWER_WITHIN_MS);
    try {
      const answer = await fetch(path, { ...options, signal: given.signal, headers: { Accept: "application/json", ...(options && options.headers) } });
      const told = answer.status === 204 ? {} : await answer.json();
      return { status: answer.status, told: told };
    } finally { window.clearTimeout(timer); }
  }

  async function asked(path, options) {
    const answer = await ask(path, options);
    if (answer.status === 401) throw new Refusal("login");
    if (answer.status >= 500 || answer.status === 429) throw new Error(String(answer.status));
    return answer;
  }

  async function send(photo) {
    const place = "/api/v1/tickets/" + photo.number + "/photos";
    const root = rows.get(photo.key) && rows.get(photo.key).root;
    if (!photo.sha) {
      photo.sha = await fingerprint(await photo.file.arrayBuffer());
      await remember(photo);
    }
    const begun = await asked(place, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name: photo.name.slice(-120), size_bytes: photo.file.size, sha256: photo.sha }) });
    if (begun.status >= 400) return refused(photo, begun.told.detail);
    photo.id = begun.told.id;
    let there = begun.told;
    while (there.state === "receiving" && there.offset < photo.file.size) {
      const piece = photo.file.slice(there.offset, there.offset + PIECE);
      let answer = await asked(place + "/" + photo.id + "?offset=" + there.offset, { method: "PATCH", headers: { "Content-Type": "application/octet-stream" }, body: piece });
      if (answer.status === 409) answer = await asked(place + "/" + photo.id);
      if (answer.status >= 400) return refused(photo, answer.told.detail);
      there = answer.told;
      failures = 0;
      if (root) say(photo, root.dataset.saySending, there.offset / photo.file.size);
    }
    await remove(photo);
    const list = root && root.querySelector(".photo-shown");
    if (list) list.dispatchEvent(new CustomEvent("photos-changed"));
  }

  async function pump() {
    if (pumping) { if (wake) wake(); return; }
    pumping = true;
    while (queue.length) {
      const photo = queue[0];
      try {
        await send(photo);
        statusOfAll("");
      } catch (error) {
        if (error instanceof Refusal) { statusOfAll("sayLogin"); break; }
        statusOfAll("sayOffline");
        await pause(WAITS_MS[Math.min(failures++, WAITS_MS.length - 1)]);
      }
    }
    pumping = false;
  }

  // Ends early when the network is back or the page is looked at again.
  function pause(ms) {
    return new Promise(function (done) {
      wake = function () { window.clearTimeout(timer); wake = null; done(); };
      const timer = window.setTimeout(wake, ms);
    });
  }

  window.addEventListener("online", pump);
  window.addEventListener("offline", function () { statusOfAll("sayOffline"); });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) pump(); });

  // A form that is sent while photos are on their way says so once; they go on being sent from this phone.
  document.addEventListener("submit", function (event) {
    const root = event.target.querySelector("[data-photos]");
    const left = root ? queue.filter(function (photo) { return photo.number === root.dataset.photos; }).length : 0;
    if (!left || root.dataset.warned) return;
    event.preventDefault();
    root.dataset.warned = "yes";
    status(root, root.dataset.sayUnfinished.replace("{count}", String(left)));
    root.scrollIntoView({ block: "center" });
  }, true);

  async function begin() {
    for (const root of document.querySelectorAll("[data-photos]")) {
      for (const own of root.querySelectorAll("[data-without-script]")) own.remove();
      const camera = root.querySelector("[data-camera]");
      if (camera) camera.hidden = !window.matchMedia("(pointer: coarse)").matches;
      root.setAttribute("data-ready", "");
    }
    const waiting = (await inStore("readonly", function (store) { return store.getAll(); })) || [];
    for (const photo of waiting) {
      draw(photo);
      queue.push(photo);
    }
    if (queue.length) pump();
  }

  window.patrolSha256 = sha256;
  begin();
})();
