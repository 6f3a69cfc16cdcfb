// Pages of people and accounts: copy a secret, ask before what cannot be undone, mark what a handler needs.
(function () {
  "use strict";

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const shown = document.getElementById(button.dataset.copy);
    const select = function () { window.getSelection().selectAllChildren(shown); };
    // Browsers offer the clipboard on HTTPS and loopback only; elsewhere the text is selected for Ctrl+C.
    if (!navigator.clipboard) return select();
    navigator.clipboard.writeText(shown.textContent).then(function () { button.textContent = button.dataset.done; }, select);
  });

  document.addEventListener("submit", function (event) {
    const question = event.target.dataset.ask;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  function bindUnit(form) {
    const role = form.querySelector("[data-role]");
    const unit = form.querySelector("[data-unit]");
    const bind = function () { unit.required = role.value === "handler"; };
    role.addEventListener("change", bind);
    bind();
  }

  function bindRepeat(form) {
    const wanted = form.elements.namedItem("wanted");
    const again = form.elements.namedItem("again");
    const bind = function () { again.setCustomValidity(wanted.value === again.value ? "" : form.dataset.again); };
    wanted.addEventListener("input", bind);
    again.addEventListener("input", bind);
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("form[data-standing]").forEach(bindUnit);
    document.querySelectorAll("form[data-again]").forEach(bindRepeat);
  });
})();
