// Charts drawn from the tables beside them: what a chart shows can always be read, and a bar leads where its number does.
(function () {
  "use strict";

  const ROW_PX = 26;
  const HEAD_PX = 64;
  const LOWEST_PX = 150;
  const COLUMNS_PX = 240;
  const HEAD_TOP_PX = 14;
  const LEGEND_LINE_PX = 20;
  const LEGEND_WORD_PX = 84;
  const MOST_ROWS = 24;

  function token(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  // A table's rows with their names and links, and its marked columns with their numbers and links.
  function read(table) {
    const heads = Array.from(table.tHead.rows[0].cells);
    const rows = Array.from(table.tBodies[0].rows).filter(function (row) { return row.cells[0].tagName === "TH"; });
    const link = function (cell) { const a = cell.querySelector("a"); return a ? a.href : null; };
    const series = heads.map(function (head, place) {
      if (!("series" in head.dataset)) return null;
      return {
        name: head.textContent.trim(),
        tone: head.dataset.tone,
        values: rows.map(function (row) { const told = row.cells[place].dataset.value; return told === undefined ? null : Number(told); }),
        links: rows.map(function (row) { return link(row.cells[place]); }),
      };
    }).filter(Boolean);
    return { rows: rows, names: rows.map(function (row) { return row.cells[0].textContent.trim(); }), series: series };
  }

  function common() {
    const ink = token("ink-soft");
    const line = token("line");
    return {
      animation: false,
      textStyle: { fontFamily: token("sans") },
      tooltip: {
        trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow", shadowStyle: { color: token("sunken"), opacity: 0.5 } },
        backgroundColor: token("surface"), borderColor: token("line-strong"), textStyle: { color: token("ink"), fontSize: 12 },
      },
      legend: { top: 0, textStyle: { color: ink }, itemWidth: 14, itemHeight: 10 },
      grid: { left: 8, right: 24, top: 36, bottom: 8, containLabel: true },
      axis: {
        number: { type: "value", minInterval: 1, axisLabel: { color: ink }, splitLine: { lineStyle: { color: line } } },
        names: { type: "category", axisLabel: { color: ink }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false } },
      },
    };
  }

  function bars(told, look, upright) {
    const label = Object.assign({}, look.axis.names.axisLabel, { interval: 0 });
    const names = Object.assign({}, look.axis.names, { data: told.names, inverse: !upright, axisLabel: label });
    return {
      xAxis: upright ? names : look.axis.number,
      yAxis: upright ? look.axis.number : names,
      series: told.series.map(function (its) {
        return { name: its.name, type: "bar", stack: "all", barMaxWidth: upright ? 44 : 16, itemStyle: { color: token(its.tone) }, data: its.values, cursor: "pointer" };
      }),
    };
  }

  function days(told, look) {
    return {
      xAxis: Object.assign({}, look.axis.names, { data: told.names, boundaryGap: true }),
      yAxis: look.axis.number,
      series: told.series.map(function (its, place) {
        const tone = token(its.tone);
        if (place === 0) return { name: its.name, type: "bar", barMaxWidth: 14, itemStyle: { color: tone }, data: its.values };
        return { name: its.name, type: "line", showSymbol: false, lineStyle: { color: tone, width: 2 }, itemStyle: { color: tone }, data: its.values };
      }),
    };
  }

  // A share with its interval: a bar from low to high, and a dot for the share.
  function intervals(told, look) {
    const parts = told.rows.map(function (row) {
      const ends = row.querySelector("[data-low]");
      const share = row.querySelector("[data-value]:has(b)");
      return ends && share ? [Number(ends.dataset.low), Number(ends.dataset.high), Number(share.dataset.value)] : [0, 0, null];
    });
    const percent = function (value) { return Math.round(value * 1000) / 10 + " %"; };
    const axis = Object.assign({}, look.axis.number, { min: Math.floor(Math.min.apply(null, parts.map(function (its) { return its[0]; })) * 10) / 10, max: 1, minInterval: 0, axisLabel: { color: token("ink-soft"), formatter: percent } });
    return {
      legend: { show: false },
      tooltip: Object.assign({}, look.tooltip, { formatter: function (points) {
        const its = parts[points[0].dataIndex];
        return told.names[points[0].dataIndex] + "\n" + percent(its[2]) + "  (" + percent(its[0]) + " – " + percent(its[1]) + ")";
      } }),
      grid: Object.assign({}, look.grid, { top: 8 }),
      xAxis: axis,
      yAxis: Object.assign({}, look.axis.names, { data: told.names, inverse: true }),
      series: [
        { type: "bar", stack: "span", silent: true, itemStyle: { color: "transparent" }, data: parts.map(function (its) { return its[0]; }) },
        { type: "bar", stack: "span", barMaxWidth: 8, itemStyle: { color: token("calm-fill"), borderRadius: 4 }, data: parts.map(function (its) { return its[1] - its[0]; }) },
        { type: "scatter", symbolSize: 11, itemStyle: { color: token("brand") }, data: parts.map(function (its) { return its[2]; }) },
      ],
    };
  }

  // Shares over an ordered axis: a line a series, with gaps where nothing is known.
  function shares(told, look) {
    const percent = function (value) { return value === null || value === undefined ? "—" : Math.round(value * 1000) / 10 + " %"; };
    return {
      tooltip: Object.assign({}, look.tooltip, { valueFormatter: percent }),
      xAxis: Object.assign({}, look.axis.names, { data: told.names, boundaryGap: true }),
      yAxis: Object.assign({}, look.axis.number, { min: 0, max: 1, minInterval: 0, axisLabel: { color: token("ink-soft"), formatter: percent } }),
      series: told.series.map(function (its) {
        const tone = token(its.tone);
        return { name: its.name, type: "line", connectNulls: true, symbol: "circle", symbolSize: 7, lineStyle: { color: tone, width: 2 }, itemStyle: { color: tone }, data: its.values };
      }),
    };
  }

  const KINDS = {
    shares: shares,
    stack: function (told, look) { return bars(told, look, false); },
    columns: function (told, look) { return bars(told, look, true); },
    days: days,
    interval: intervals,
  };

  function heightOf(kind, told) {
    if (kind === "days" || kind === "columns" || kind === "shares") return COLUMNS_PX;
    return Math.max(LOWEST_PX, HEAD_PX + ROW_PX * told.names.length);
  }

  function cut(told) {
    if (told.names.length <= MOST_ROWS) return told;
    const first = function (list) { return list.slice(0, MOST_ROWS); };
    return {
      rows: first(told.rows), names: first(told.names),
      series: told.series.map(function (its) { return Object.assign({}, its, { values: first(its.values), links: first(its.links) }); }),
    };
  }

  function draw(box) {
    const table = document.getElementById(box.dataset.table);
    const kind = box.dataset.chart;
    if (!table) return;
    const told = kind === "days" || kind === "shares" ? read(table) : cut(read(table));
    if (!told.names.length) { box.hidden = true; return; }
    box.style.height = heightOf(kind, told) + "px";
    const chart = window.echarts.getInstanceByDom(box) || window.echarts.init(box);
    const look = common();
    look.grid.top = HEAD_TOP_PX + LEGEND_LINE_PX * Math.ceil((told.series.length * LEGEND_WORD_PX) / box.clientWidth);
    const option = KINDS[kind](told, look);
    chart.setOption(Object.assign({ animation: look.animation, textStyle: look.textStyle, tooltip: look.tooltip, legend: look.legend, grid: look.grid }, option), true);
    chart.resize();
    chart.off("click");
    chart.on("click", function (point) {
      const its = told.series[point.seriesIndex];
      const row = told.rows[point.dataIndex];
      const href = (its && its.links[point.dataIndex]) || (row.cells[0].querySelector("a") || {}).href;
      if (href) window.location.assign(href);
    });
  }

  function drawAll() {
    if (!window.echarts) return;
    for (const box of document.querySelectorAll(".chart[data-chart]")) draw(box);
  }

  let waiting = 0;
  function drawSoon() {
    window.cancelAnimationFrame(waiting);
    waiting = window.requestAnimationFrame(drawAll);
  }

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) window.print();
  });
  document.addEventListener("change", function (event) {
    const form = event.target.closest(".figure-filters");
    if (!form) return;
    if (event.target.matches("#period")) for (const field of form.querySelectorAll("input[type=date]")) field.value = "";
    if (event.target.matches("input[type=date]") && event.target.checkValidity()) form.requestSubmit();
  }, true);
  document.addEventListener("DOMContentLoaded", drawAll);
  window.addEventListener("resize", drawSoon);
  window.addEventListener("beforeprint", drawAll);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawSoon);
})();
