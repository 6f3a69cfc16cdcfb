// The editor of zones and masks: polygons over the picture, their kinds, names, categories and permitted hours.
(function () {
  "use strict";

  const root = document.getElementById("zones-editor");
  if (!root) return;
  const picture = document.getElementById("zones-picture");
  const list = root.querySelector("[data-list]");
  const status = root.querySelector("[data-status]");
  const readOnly = root.hasAttribute("data-read-only");
  const drawn = JSON.parse(root.dataset.drawn);
  const STEP = 0.01;
  const COLOURS = { pavement: "#2fbf71", road: "#4aa3ff", wall: "#c58cff", ignore: "#ff6b5e", text: "#ffd23f" };
  let next = 1;
  let shapes = [];
  let past = [];
  let future = [];
  let chosen = null;
  let layer = null;
  let quiet = false;
  let versions = { zones: drawn.version, masks: drawn.masksVersion };

  function fresh(kind, points, more) {
    return Object.assign({ id: "z" + next++, kind: kind, points: rounded(points), name: "", categories: [], permitted: [] }, more || {});
  }

  function rounded(points) {
    return points.map(function (p) { return [clamp(p[0]), clamp(p[1])]; });
  }

  function begin() {
    drawn.masks = drawn.masks.map(rounded);
    drawn.found = drawn.found.map(rounded);
    for (const zone of drawn.zones) {
      shapes.push(fresh(zone.kind, zone.polygon, { name: zone.name, categories: zone.categories, permitted: zone.permitted.map(plainHours) }));
    }
    for (const mask of drawn.masks) shapes.push(fresh("text", mask));
    for (const area of drawn.found) shapes.push(fresh("text", area, { found: true }));
  }

  function plainHours(hours) {
    return { from: hours.from.slice(0, 5), to: hours.to.slice(0, 5), days: hours.days, categories: hours.categories };
  }

  // --- the drawing layer: the library knows pixels of the picture, we keep shares of it

  function annotation(shape) {
    const points = shape.points.map(function (p) { return [p[0] * picture.naturalWidth, p[1] * picture.naturalHeight]; });
    const xs = points.map(function (p) { return p[0]; });
    const ys = points.map(function (p) { return p[1]; });
    const bounds = { minX: Math.min(...xs), minY: Math.min(...ys), maxX: Math.max(...xs), maxY: Math.max(...ys) };
    return { id: shape.id, bodies: [], target: { annotation: shape.id, selector: { type: "POLYGON", geometry: { points: points, bounds: bounds } } } };
  }

  function pointsOf(found) {
    const geometry = found.target.selector.geometry;
    return geometry.points.map(function (p) {
      return [clamp(p[0] / picture.naturalWidth), clamp(p[1] / picture.naturalHeight)];
    });
  }

  function clamp(value) {
    return Math.min(1, Math.max(0, Math.round(value * 100000) / 100000));
  }

  function styleOf(found, state) {
    const shape = byId(found.id);
    const colour = COLOURS[shape ? shape.kind : kindChosen()];
    const strong = state && (state.selected || state.hovered);
    return { fill: colour, fillOpacity: strong ? 0.34 : 0.2, stroke: colour, strokeWidth: strong ? 3 : 2, strokeOpacity: 1 };
  }

  function redraw() {
    if (!layer) return;
    quiet = true;
    layer.cancelSelected();
    layer.setAnnotations(shapes.map(annotation), true);
    quiet = false;
  }

  function startLayer() {
    layer = window.Annotorious.createImageAnnotator(picture, { drawingEnabled: false, drawingMode: "click", autoSave: true, style: styleOf, userSelectAction: readOnly ? "SELECT" : "EDIT" });
    layer.setDrawingTool("polygon");
    redraw();
    layer.on("createAnnotation", function (found) {
      const shape = fresh(kindChosen(), pointsOf(found));
      keep();
      shapes.push(shape);
      drawing(false);
      window.setTimeout(function () { redraw(); choose(shape.id); }, 0);
    });
    layer.on("updateAnnotation", function (found) { takeOver(found); });
    layer.on("deleteAnnotation", function (found) { if (!quiet) removeShape(found.id); });
    layer.on("selectionChanged", function (found) { if (!quiet && found.length) choose(found[0].id); });
    root.setAttribute("data-ready", "");
  }

  function takeOver(found) {
    const shape = byId(found.id);
    if (!shape || quiet) return;
    const points = pointsOf(found);
    if (JSON.stringify(points) === JSON.stringify(shape.points)) return;
    keep();
    shape.points = points;
    delete shape.found;
    show();
  }

  // What is being dragged is told by the library only once it is let go of: ask before anything else happens.
  function settle() {
    if (!layer) return;
    for (const found of layer.getAnnotations()) takeOver(found);
  }

  // --- undo and redo: whole states, so that names and hours are undone like corners

  function state() {
    return JSON.stringify(shapes);
  }

  function keep() {
    past.push(state());
    if (past.length > 200) past.shift();
    future = [];
    status.textContent = root.dataset.sayUnsaved;
    status.className = "small warn";
  }

  function travel(from, to) {
    settle();
    if (!from.length) return;
    to.push(state());
    shapes = JSON.parse(from.pop());
    if (!byId(chosen)) chosen = null;
    redraw();
    show();
  }

  // --- the list beside the picture

  function byId(id) {
    return shapes.find(function (shape) { return shape.id === id; }) || null;
  }

  function kindChosen() {
    const ticked = root.querySelector('input[name="kind"]:checked');
    return ticked ? ticked.value : "pavement";
  }

  function titleOf(shape, place) {
    if (shape.kind === "text") return root.dataset.sayMask + (shape.found ? " · " + root.dataset.sayFound : "");
    return shape.name || root.dataset.sayZone + " " + place;
  }

  function show() {
    const rows = [];
    shapes.forEach(function (shape, place) { rows.push(rowOf(shape, place + 1)); });
    list.replaceChildren(...rows);
    root.querySelector("[data-none]").hidden = shapes.length > 0;
    root.querySelector("[data-count]").textContent = shapes.length || "";
    for (const [act, stack] of [["undo", past], ["redo", future]]) root.querySelector('[data-act="' + act + '"]').disabled = !stack.length;
  }

  function rowOf(shape, place) {
    const row = root.querySelector("template[data-row]").content.firstElementChild.cloneNode(true);
    row.dataset.id = shape.id;
    row.classList.add("zone-" + shape.kind);
    if (shape.id === chosen) {
      row.setAttribute("aria-current", "true");
      row.querySelector(".zone-fields").hidden = false;
    }
    row.querySelector("[data-title]").textContent = titleOf(shape, place);
    row.querySelector("[data-name]").value = shape.name;
    row.querySelector("[data-kind]").value = shape.kind;
    for (const part of row.querySelectorAll("[data-for-zone]")) part.hidden = shape.kind === "text";
    for (const tick of row.querySelectorAll("[data-category]")) tick.checked = shape.categories.includes(tick.dataset.category);
    const hours = row.querySelector("[data-hours]");
    shape.permitted.forEach(function (one, nth) { hours.append(hoursRow(one, nth)); });
    if (readOnly) for (const field of row.querySelectorAll("input, select, button")) field.disabled = true;
    return row;
  }

  function hoursRow(hours, nth) {
    const row = root.querySelector("template[data-hours-row]").content.firstElementChild.cloneNode(true);
    row.dataset.nth = nth;
    row.querySelector("[data-from]").value = hours.from;
    row.querySelector("[data-to]").value = hours.to;
    for (const day of row.querySelectorAll("[data-day]")) day.checked = hours.days.includes(Number(day.dataset.day));
    row.querySelector("[data-of]").value = hours.categories[0] || "";
    return row;
  }

  function choose(id) {
    if (chosen === id) return;
    settle();
    chosen = id;
    show();
  }

  function removeShape(id) {
    keep();
    shapes = shapes.filter(function (shape) { return shape.id !== id; });
    if (chosen === id) chosen = null;
    redraw();
    show();
  }

  function changed(field, shape) {
    keep();
    if (field.matches("[data-name]")) shape.name = field.value.trim();
    else if (field.matches("[data-kind]")) shape.kind = field.value;
    else if (field.matches("[data-category]")) {
      shape.categories = shape.categories.filter(function (code) { return code !== field.dataset.category; });
      if (field.checked) shape.categories.push(field.dataset.category);
    } else changedHours(field, shape.permitted[Number(field.closest(".hours-row").dataset.nth)]);
    if (shape.kind === "text") { shape.categories = []; shape.permitted = []; delete shape.found; }
    redraw();
    const at = focusPath(field);
    show();
    restore(at);
  }

  function changedHours(field, hours) {
    if (field.matches("[data-from]")) hours.from = field.value;
    else if (field.matches("[data-to]")) hours.to = field.value;
    else if (field.matches("[data-of]")) hours.categories = field.value ? [field.value] : [];
    else {
      const day = Number(field.dataset.day);
      hours.days = hours.days.filter(function (one) { return one !== day; });
      if (field.checked) hours.days.push(day);
    }
  }

  // The list is drawn anew after each change; the focus goes back to the same field.
  function focusPath(field) {
    const row = field.closest(".zone-row");
    return { id: row.dataset.id, nth: Array.from(row.querySelectorAll("input, select, button")).indexOf(field) };
  }

  function restore(at) {
    const row = list.querySelector('[data-id="' + at.id + '"]');
    const field = row && row.querySelectorAll("input, select, button")[at.nth];
    if (field) field.focus();
  }

  // --- what people do

  function drawing(on) {
    if (!layer || readOnly) return;
    layer.setDrawingEnabled(on);
    root.querySelector('[data-act="draw"]').setAttribute("aria-pressed", String(on));
    root.classList.toggle("drawing", on);
  }

  const ACTS = {
    draw: function () { drawing(!root.classList.contains("drawing")); },
    rectangle: function () {
      const band = kindChosen() === "text" ? [0.05, 0.04, 0.35, 0.1] : [0.3, 0.45, 0.7, 0.8];
      const shape = fresh(kindChosen(), [[band[0], band[1]], [band[2], band[1]], [band[2], band[3]], [band[0], band[3]]]);
      settle();
      keep();
      shapes.push(shape);
      chosen = shape.id;
      redraw();
      show();
      list.querySelector('[data-id="' + shape.id + '"]').focus();
    },
    undo: function () { travel(past, future); },
    redo: function () { travel(future, past); },
    save: function () { save(false); },
    "save-approve": function () { save(true); },
    "delete": function (shape) { settle(); removeShape(shape.id); },
    "add-hours": function (shape) {
      keep();
      shape.permitted.push({ from: "18:00", to: "22:00", days: [0, 1, 2, 3, 4, 5, 6], categories: [] });
      show();
    },
    "delete-hours": function (shape, button) {
      keep();
      shape.permitted.splice(Number(button.closest(".hours-row").dataset.nth), 1);
      show();
    },
  };

  root.addEventListener("click", function (event) {
    const button = event.target.closest("[data-act]");
    const row = event.target.closest(".zone-row");
    if (button && !readOnly) ACTS[button.dataset.act](row ? byId(row.dataset.id) : null, button);
    else if (row && !event.target.closest(".zone-fields")) {
      choose(row.dataset.id);
      if (layer) { quiet = true; layer.setSelected(row.dataset.id); quiet = false; }
      list.querySelector('[data-id="' + row.dataset.id + '"]').focus();
    }
  });

  root.addEventListener("change", function (event) {
    const row = event.target.closest(".zone-row");
    if (row) { settle(); changed(event.target, byId(row.dataset.id)); }
  });

  list.addEventListener("keydown", function (event) {
    if (!event.target.matches(".zone-row") || readOnly) return;
    const shape = byId(event.target.dataset.id);
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(shape.id); refocus(shape.id); }
    else if (event.key === "Delete") { event.preventDefault(); settle(); removeShape(shape.id); }
    else if (ways[event.key]) {
      event.preventDefault();
      settle();
      keep();
      shape.points = event.shiftKey ? scaled(shape.points, ways[event.key]) : pushed(shape.points, ways[event.key]);
      delete shape.found;
      chosen = shape.id;
      redraw();
      show();
      refocus(shape.id);
    }
  });

  function refocus(id) {
    const row = list.querySelector('[data-id="' + id + '"]');
    if (row) row.focus();
  }

  function pushed(points, way) {
    return points.map(function (p) { return [clamp(p[0] + way[0] * STEP), clamp(p[1] + way[1] * STEP)]; });
  }

  function scaled(points, way) {
    const left = Math.min(...points.map(function (p) { return p[0]; }));
    const top = Math.min(...points.map(function (p) { return p[1]; }));
    const by = [1 + way[0] * 0.05, 1 + way[1] * 0.05];
    return points.map(function (p) { return [clamp(left + (p[0] - left) * by[0]), clamp(top + (p[1] - top) * by[1])]; });
  }

  document.addEventListener("keydown", function (event) {
    if (event.target.matches("input, select, textarea")) return;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y")) {
      event.preventDefault();
      event.stopPropagation();
      ACTS[key === "y" || event.shiftKey ? "redo" : "undo"]();
    } else if (event.key === "Escape" && root.classList.contains("drawing")) drawing(false);
  }, true);

  // --- saving, by the same routes that programs use

  function say(text, tone) {
    status.textContent = text;
    status.className = "small " + tone;
  }

  async function put(path, body, method) {
    const answer = await fetch("/api/v1/views/" + root.dataset.view + path, {
      method: method || "PUT", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body),
    });
    const told = answer.status === 204 ? {} : await answer.json();
    if (!answer.ok) throw new Error(told.detail || String(answer.status));
    return told;
  }

  function masksChanged() {
    const now = shapes.filter(function (shape) { return shape.kind === "text"; });
    const before = [...drawn.masks, ...drawn.found];
    return JSON.stringify(now.map(function (shape) { return shape.points; })) !== JSON.stringify(before);
  }

  async function save(approve) {
    if (layer) { layer.cancelSelected(); await new Promise(function (done) { window.setTimeout(done, 0); }); }
    settle();
    const zones = shapes.filter(function (shape) { return shape.kind !== "text"; }).map(function (shape) {
      return { kind: shape.kind, name: shape.name, polygon: shape.points, categories: shape.categories, permitted: shape.permitted };
    });
    const masks = shapes.filter(function (shape) { return shape.kind === "text"; }).map(function (shape) { return shape.points; });
    try {
      const kept = await put("/zones", { zones: zones, version: versions.zones });
      versions.zones = kept.version;
      if (masksChanged()) {
        const masked = await put("/masks", { masks: masks, version: versions.masks });
        versions.masks = masked.version;
        drawn.masks = masks;
        drawn.found = [];
        for (const shape of shapes) delete shape.found;
      }
      if (approve) await put("/reference", { image: root.dataset.picture, moved: true }, "POST");
      show();
      past = [];
      future = [];
      say(approve ? root.dataset.sayApproved : root.dataset.saySaved, "ok");
      root.setAttribute("data-saved", "");
      show();
    } catch (error) {
      say(root.dataset.sayFailed + "：" + error.message, "bad");
    }
  }

  window.addEventListener("beforeunload", function (event) {
    if (past.length && !readOnly) event.preventDefault();
  });

  begin();
  show();
  if (picture.complete && picture.naturalWidth) startLayer();
  else picture.addEventListener("load", startLayer);
})();
