// The form of a camera: what is said of a site is asked only where the site is new or to be changed.
(function () {
  "use strict";
  for (const form of document.querySelectorAll("[data-camera-form]")) {
    const known = form.querySelector("[data-known-site]");
    const fields = form.querySelector("[data-site-fields]");
    if (!known || !fields) continue;
    const follow = function () {
      fields.hidden = Boolean(known.value);
      fields.disabled = Boolean(known.value);
      fields.querySelector('[name="site"]').required = !known.value;
    };
    known.addEventListener("change", follow);
    follow();
  }
})();
