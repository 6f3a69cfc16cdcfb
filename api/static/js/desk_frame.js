// The frame of the review desk: the picture with its boxes, zoom, and drawing a box. Boxes are shares of the frame.
(function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const ZOOMS = [1, 1.5, 2, 3, 4];
  const STEP = 0.01;
  const SMALLEST = 0.01;
  const FRESH = { left: 0.4, top: 0.4, right: 0.6, bottom: 0.6 };

  function rect(box, kind) {
    const drawn = document.createElementNS(SVG, "rect");
    drawn.setAttribute("x", box.left);
    drawn.setAttribute("y", box.top);
    drawn.setAttribute("width", box.right - box.left);
    drawn.setAttribute("height", box.bottom - box.top);
    drawn.setAttribute("class", kind);
    return drawn;
  }

  function overlay(boxes) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 1 1");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("class", "desk-boxes");
    svg.setAttribute("aria-hidden", "true");
    for (const [box, kind] of boxes) svg.append(rect(box, kind));
    return svg;
  }

  // frame: the scrolling window; inside it lies a canvas just as large as the picture is shown.
  function Frame(frame) {
    let image = null;
    let canvas = null;
    let boxes = [];
    let zoom = 0;
    let outlined = true;
    let layer = null;
    let draft = null;

    function show(picture, wanted) {
      cancel();
      image = picture;
      boxes = wanted;
      zoom = 0;
      canvas = document.createElement("div");
      canvas.className = "desk-canvas";
      canvas.append(image, overlay(boxes));
      frame.replaceChildren(canvas);
      frame.style.height = "";
      image.style.cssText = "";
      frame.classList.toggle("plain", !outlined);
    }

    function say(element) {
      cancel();
      image = null;
      frame.style.height = "";
      frame.replaceChildren(element);
    }

    function renew(wanted) {
      boxes = wanted;
      if (canvas) canvas.querySelector(".desk-boxes").replaceWith(overlay(boxes));
    }

    function toggle() {
      outlined = !outlined;
      frame.classList.toggle("plain", !outlined);
      return outlined;
    }

    function scale(step) {
      if (!image || layer) return;
      const before = zoom;
      zoom = step === 0 ? 0 : Math.min(ZOOMS.length - 1, Math.max(0, zoom + step));
      if (zoom === before) return;
      if (before === 0) {
        frame.style.height = frame.clientHeight + "px";
        canvas.dataset.width = image.getBoundingClientRect().width;
      }
      const enlarged = zoom > 0;
      canvas.style.width = enlarged ? Number(canvas.dataset.width) * ZOOMS[zoom] + "px" : "";
      image.style.cssText = enlarged ? "width:100%;max-width:none;max-height:none" : "";
      if (!enlarged) frame.style.height = "";
      centre(boxes.length ? boxes[0][0] : FRESH);
    }

    function centre(box) {
      const width = canvas.clientWidth, height = canvas.clientHeight;
      frame.scrollLeft = ((box.left + box.right) / 2) * width - frame.clientWidth / 2;
      frame.scrollTop = ((box.top + box.bottom) / 2) * height - frame.clientHeight / 2;
    }

    // --- drawing: the library knows pixels of the picture's own size

    function annotation(box) {
      const w = image.naturalWidth, h = image.naturalHeight;
      const geometry = { x: box.left * w, y: box.top * h, w: (box.right - box.left) * w, h: (box.bottom - box.top) * h };
      geometry.bounds = { minX: geometry.x, minY: geometry.y, maxX: geometry.x + geometry.w, maxY: geometry.y + geometry.h };
      return { id: "box", bodies: [], target: { annotation: "box", selector: { type: "RECTANGLE", geometry: geometry } } };
    }

    function boxOf(found) {
      const g = found.target.selector.geometry, w = image.naturalWidth, h = image.naturalHeight;
      return { left: clamp(g.x / w), top: clamp(g.y / h), right: clamp((g.x + g.w) / w), bottom: clamp((g.y + g.h) / h) };
    }

    function clamp(value) {
      return Math.min(1, Math.max(0, Math.round(value * 100000) / 100000));
    }

    function draw(box) {
      if (!image) return false;
      cancel();
      draft = box;
      frame.classList.add("drawing");
      layer = window.Annotorious.createImageAnnotator(image, {
        drawingEnabled: true,
        drawingMode: "drag",
        autoSave: true,
        style: { fill: "#ffd23f", fillOpacity: 0.16, stroke: "#ffd23f", strokeWidth: 3, strokeOpacity: 1 },
      });
      layer.setDrawingTool("rectangle");
      if (draft) put(draft);
      layer.on("createAnnotation", function (made) {
        if (made.id === "box") return;
        draft = boxOf(made);
        window.setTimeout(function () { if (layer) put(draft); }, 0);
      });
      return true;
    }

    // Not selected: as long as something is, the library draws nothing new. A click on the box shows its handles.
    function put(box) {
      layer.cancelSelected();
      layer.setAnnotations([annotation(box)], true);
    }

    function current() {
      const found = layer ? layer.getAnnotations() : [];
      return found.length ? boxOf(found[found.length - 1]) : draft;
    }

    function nudge(key, resize) {
      if (!layer) return false;
      const across = key === "ArrowLeft" ? -STEP : key === "ArrowRight" ? STEP : 0;
      const down = key === "ArrowUp" ? -STEP : key === "ArrowDown" ? STEP : 0;
      if (!across && !down) return false;
      const box = current();
      if (!box) { put(FRESH); return true; }
      const moved = { left: box.left + (resize ? 0 : across), top: box.top + (resize ? 0 : down), right: box.right + across, bottom: box.bottom + down };
      const fits = moved.left >= 0 && moved.top >= 0 && moved.right <= 1 && moved.bottom <= 1;
      if (fits && moved.right - moved.left >= SMALLEST && moved.bottom - moved.top >= SMALLEST) put(moved);
      return true;
    }

    // The library wraps the picture; it must stand in our canvas again afterwards.
    function cancel() {
      if (!layer) return;
      layer.destroy();
      layer = null;
      draft = null;
      frame.classList.remove("drawing");
      if (canvas && image && image.parentNode !== canvas) canvas.prepend(image);
      if (canvas) for (const left of canvas.querySelectorAll(":scope > div")) left.remove();
    }

    return {
      show: show, say: say, renew: renew, toggle: toggle, zoom: scale, draw: draw, current: current, nudge: nudge, cancel: cancel,
      isDrawing: function () { return layer !== null; },
    };
  }

  window.DeskFrame = Frame;
})();
