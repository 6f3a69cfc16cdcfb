// A suggested wording is put into its field at one touch. Without this script one writes it oneself.
(function () {
  "use strict";

  document.addEventListener("click", function (event) {
    const chosen = event.target.closest("[data-fill]");
    const group = chosen && chosen.closest("[data-fills]");
    const field = group && document.getElementById(group.dataset.fills);
    if (!field) return;
    field.value = field.value.trim() ? field.value.trim() + "，" + chosen.dataset.fill : chosen.dataset.fill;
    field.focus();
  });
})();
