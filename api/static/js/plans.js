// The form of a plan: sites only where sites are chosen, the cron line only where it is written by hand.
(function () {
  "use strict";
  for (const form of document.querySelectorAll("[data-plan-form]")) {
    const every = form.querySelector("[data-every]");
    const follow = function () {
      const own = every.value === "0";
      for (const part of form.querySelectorAll("[data-plain]")) part.hidden = own;
      form.querySelector("[data-own-line]").hidden = !own;
      form.querySelector("[data-sites]").hidden = form.querySelector('[name="scope"]:checked').value !== "sites";
    };
    form.addEventListener("change", follow);
    follow();
  }
})();
