// Keys of the ticket page: c confirm, d dismiss then a number, l another category then a number, n next, u undo, o outlined or plain, ? help.
(function () {
  "use strict";

  function press(name) {
    const target = document.querySelector('[data-key="' + name + '"]');
    if (!target) return false;
    target.click();
    return true;
  }

  // The open list of reasons or categories; one at a time.
  function opened() {
    return document.querySelector(".dismissal[open]");
  }

  function toggle(name) {
    const box = document.getElementById(name);
    if (!box) return false;
    const other = opened();
    if (other && other !== box) other.open = false;
    box.open = !box.open;
    if (box.open) box.querySelector(".reason").focus();
    return true;
  }

  const KEYS = {
    c: function () { return press("confirm"); },
    n: function () { return press("next"); },
    u: function () { return press("undo"); },
    d: function () { return toggle("dismissal"); },
    l: function () { return toggle("relabelling"); },
    o: function () {
      const other = document.querySelector(".stage input:not(:checked)");
      if (other) other.click();
      return Boolean(other);
    },
    "?": function () {
      const help = document.getElementById("keys");
      if (help.open) help.close();
      else help.showModal();
      return true;
    },
    Escape: function () {
      const box = opened();
      if (!box) return false;
      box.open = false;
      box.querySelector("summary").focus();
      return true;
    },
  };

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (event.target.matches("input:not([type=radio]), select, textarea")) return;
    const box = opened();
    if (/^[0-9]$/.test(event.key) && box) {
      const chosen = box.querySelector('[data-key="reason-' + event.key + '"]');
      if (chosen) {
        chosen.click();
        event.preventDefault();
      }
      return;
    }
    const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act && act()) event.preventDefault();
  });

  // A frame of the strip is shown large in place.
  document.addEventListener("click", function (event) {
    const link = event.target.closest(".strip a");
    const plain = document.querySelector(".stage img.plain");
    if (!link || !plain || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    plain.src = link.href;
    const shown = document.getElementById("show-plain");
    if (shown) shown.checked = true;
    plain.scrollIntoView({ block: "nearest" });
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-help]")) KEYS["?"]();
  });
})();
