"use strict";
// Draws what `data.py` describes, with BokehJS. All pictures share one range of time, so moving one moves them all.
// Nothing from a run becomes HTML here: texts reach the page as `textContent` and Bokeh escapes what its tips show.
(async () => {
  const at = (id) => document.getElementById(id);
  const unpack = (id) => {
    const bytes = Uint8Array.from(atob(at(id).textContent), (c) => c.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const [library, packed] = await Promise.all([unpack("library"), unpack("data")]);
  const element = document.createElement("script");
  element.textContent = library;
  document.head.append(element);
  Bokeh.set_log_level("warn");
  const data = JSON.parse(packed);
  const { Plotting } = Bokeh;

  // What there is

  const operations = data.operations;
  const count = operations.number.length;
  const place = new Map(operations.number.map((number, row) => [number, row]));
  const violated = data.keys.find((key) => key.stuck !== null) ?? null;
  const several = data.keys.length > 1;
  const HALF = 0.3;
  const LABELS = 120;

  const range = new Bokeh.Range1d({
    start: 0, end: data.end, bounds: [-data.end * 0.02, data.end * 1.02], min_interval: Math.max(data.end * 1e-7, 1e-6),
  });
  const sources = {};
  const source = (name, columns) => (sources[name] = new Bokeh.ColumnDataSource({ data: columns, name }));
  const pick = (table, rows) => Object.fromEntries(Object.entries(table).map(([n, column]) => [n, rows.map((r) => column[r])]));

  // Colours: those of Okabe and Ito, which colour-blind people tell apart; form and filling say the same again.

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const painted = []; // [model, property, name of the colour], to be done again when the scheme changes
  const paint = (model, colours) => {
    for (const [property, name] of Object.entries(colours)) {
      painted.push([model, property, name]);
      model[property] = colour(name);
    }
    return model;
  };
  dark.addEventListener("change", () => {
    for (const [model, property, name] of painted) model[property] = colour(name);
  });

  // Figures

  const figures = [];
  const figure = (id, height, options = {}) => {
    const plot = Plotting.figure({
      x_range: range, height, sizing_mode: "stretch_width", tools: [], toolbar_location: null, min_border_left: 92, min_border_right: 12,
      background_fill_alpha: 0, border_fill_alpha: 0, outline_line_alpha: 0, output_backend: "canvas",
      lod_threshold: 30000, ...options,
    });
    if (options.x_range === undefined) {
      plot.add_tools(new Bokeh.PanTool({ dimensions: "width" }), new Bokeh.WheelZoomTool({ dimensions: "width", modifiers: { ctrl: true } }));
      const wheel = plot.toolbar.tools.find((tool) => tool instanceof Bokeh.WheelZoomTool);
      plot.toolbar.active_scroll = wheel;
    }
    for (const axis of [...plot.xaxis, ...plot.yaxis]) {
      paint(axis, { major_label_text_color: "soft", axis_label_text_color: "soft", axis_line_color: "rule", major_tick_line_color: "rule" });
      Object.assign(axis, { minor_tick_line_alpha: 0, axis_label_text_font_style: "normal", major_label_text_font_size: "12px", axis_label_text_font_size: "12px" });
    }
    for (const grid of [...plot.xgrid, ...plot.ygrid]) paint(grid, { grid_line_color: "rule" });
    for (const axis of plot.xaxis) axis.axis_label = "seconds";
    figures.push([id, plot]);
    return plot;
  };
  const rows = (plot, names) => {
    for (const axis of plot.yaxis) {
      axis.ticker = new Bokeh.FixedTicker({ ticks: names.map((_, number) => number) });
      axis.major_label_overrides = new Map(names.map((name, number) => [number, name]));
    }
    for (const grid of plot.ygrid) grid.ticker = new Bokeh.FixedTicker({ ticks: names.map((_, number) => number) });
  };
  const lanes = (names) => new Bokeh.Range1d({ start: names.length - 0.35, end: -0.65 });
  const tips = (plot, renderers, tooltips) =>
    plot.add_tools(new Bokeh.HoverTool({ renderers, tooltips, point_policy: "follow_mouse", attachment: "vertical" }));

  const windows = source("windows", { ...data.windows, hatch: data.windows.kind.map((kind) => hatch(kind)) });
  function hatch(kind) {
    return kind === "partition" ? "/" : kind === "crash" || kind === "kill" ? "x" : kind === "network" ? "." : "-";
  }
  const shade = (plot, bottom, top) => {
    const drawn = plot.quad({
      left: { field: "start" }, right: { field: "end" }, bottom, top, source: windows, level: "underlay", line_alpha: 0,
      fill_alpha: 0.1, hatch_pattern: { field: "hatch" }, hatch_alpha: 0.28, hatch_scale: 9, hatch_weight: 0.6,
    });
    paint(drawn.glyph, { fill_color: "soft", hatch_color: "soft" });
    return drawn;
  };
  const mark = (plot) => {
    for (const moment of data.moments) {
      if (moment.name === "slowest operation") continue;
      const line = new Bokeh.Span({ location: moment.at, dimension: "height", line_dash: "dashed", line_width: 1.2 });
      plot.add_layout(paint(line, { line_color: "bad" }));
    }
  };

  // The whole run, with the part in sight as a window to drag

  const whole = figure("overview", 84, { x_range: new Bokeh.Range1d({ start: 0, end: data.end }) });
  const total = data.rates.start.map((_, row) => data.rates.ok[row] + data.rates.fail[row] + data.rates.info[row]);
  const most = Math.max(...total, 1e-9) * 1.08;
  whole.y_range = new Bokeh.Range1d({ start: 0, end: most });
  for (const axis of whole.yaxis) axis.visible = false;
  for (const grid of whole.ygrid) grid.visible = false;
  for (const axis of whole.xaxis) axis.axis_label = null;
  shade(whole, 0, most);
  paint(whole.quad({ left: data.rates.start, right: data.rates.end, bottom: 0, top: total, line_alpha: 0, fill_alpha: 0.55 }).glyph, { fill_color: "ok" });
  mark(whole);
  const slider = new Bokeh.RangeTool({ x_range: range });
  paint(slider.overlay, { fill_color: "info", line_color: "soft" });
  Object.assign(slider.overlay, { fill_alpha: 0.22, line_alpha: 0.9 });
  whole.add_tools(slider);

  // The timeline

  const timeline = figure("timeline", Math.min(130 + 56 * data.lanes.length, 900), { y_range: lanes(data.lanes) });
  rows(timeline, data.lanes);
  const shaded = shade(timeline, -0.65, data.lanes.length - 0.35);
  const all = [...Array(count).keys()];
  const look = { ok: ["ok", "ok", 0.3, " "], fail: ["paper", "fail", 1, " "], info: ["info", "info", 0.28, "/"] };
  const bars = {};
  const bar = (plot, columns, half) => plot.quad({
    left: { field: "start" }, right: { field: "end" }, bottom: { field: "low" }, top: { field: "high" }, source: columns,
    line_width: 1.3, ...half,
  });
  operations.low = operations.lane.map((lane) => lane + HALF);
  operations.high = operations.lane.map((lane) => lane - HALF);
  for (const outcome of ["ok", "fail", "info"]) {
    const [fill, line, alpha, pattern] = look[outcome];
    bars[outcome] = bar(timeline, source(outcome, pick(operations, [])), { fill_alpha: alpha, hatch_pattern: pattern, hatch_weight: 0.8, hatch_scale: 8 });
    paint(bars[outcome].glyph, { fill_color: fill, line_color: line, hatch_color: line });
  }
  const core = bar(timeline, source("core", pick(operations, [])), { fill_alpha: 0, line_width: 3 });
  core.glyph.line_width = 3.5;
  paint(core.glyph, { line_color: "bad" });
  // An operation of unknown outcome may take effect long after it was given up: as far as its point, if it has one.
  const later = timeline.segment({ x0: { field: "x0" }, x1: { field: "x1" }, y0: { field: "y" }, y1: { field: "y" }, source: source("later", { x0: [], x1: [], y: [] }), line_dash: "dotted", line_width: 1.5 });
  paint(later.glyph, { line_color: "info" });
  source("points", { time: [], lane: [], state: [], number: [], label: [] });
  const thread = timeline.line({ x: { field: "time" }, y: { field: "lane" }, source: sources.points, line_width: 1.6, line_alpha: 0.55 });
  paint(thread.glyph, { line_color: "thread" });
  const points = timeline.scatter({ x: { field: "time" }, y: { field: "lane" }, source: sources.points, marker: "diamond", size: 11, line_width: 1.2 });
  paint(points.glyph, { fill_color: "thread", line_color: "paper" });
  const stuck = timeline.scatter({ x: { field: "x" }, y: { field: "y" }, source: source("stuck", { x: [], y: [] }), marker: "x", size: 17, line_width: 4.5 });
  paint(stuck.glyph, { line_color: "bad" });
  const chosen = bar(timeline, source("chosen", pick(operations, [])), { fill_alpha: 0, line_dash: "dotted" });
  chosen.glyph.line_width = 3;
  paint(chosen.glyph, { line_color: "ink" });
  const words = timeline.text({ x: { field: "x" }, y: { field: "y" }, text: { field: "text" }, source: source("words", { x: [], y: [], text: [] }), text_font_size: "11.5px", text_baseline: "middle", text_align: "left", x_offset: 5, y_offset: -9 });
  paint(words.glyph, { text_color: "ink" });
  const core_words = timeline.text({ x: { field: "x" }, y: { field: "y" }, text: { field: "text" }, source: source("loud", { x: [], y: [], text: [] }), text_font_size: "12px", text_font_style: "bold", text_baseline: "middle" });
  paint(core_words.glyph, { text_color: "bad" });
  const states = timeline.text({ x: { field: "x" }, y: { field: "y" }, text: { field: "text" }, source: source("states", { x: [], y: [], text: [] }), text_font_size: "11px", text_font_style: "bold", text_baseline: "top", text_align: "center", y_offset: 5 });
  paint(states.glyph, { text_color: "ink" });
  tips(timeline, Object.values(bars), [["operation", "@number: @label"], ["who", "@process"], ["from, to", "@start{0.000000} s, @end{0.000000} s"], ["took", "@latency{0.000} ms"], ["outcome", "@outcome @error"]]);
  tips(timeline, [points], [["took effect", "@label"], ["state from here on", "@state"]]);
  tips(timeline, [shaded], [["fault", "@words"]]);
  timeline.add_tools(new Bokeh.TapTool({ renderers: [] }));
  mark(timeline);

  // Latency and rate

  const latency = figure("latency", 260, { y_axis_type: "log" });
  for (const axis of latency.yaxis) axis.axis_label = "ms";
  const lowest = operations.latency.reduce((least, ms) => (ms > 0 && ms < least ? ms : least), Infinity);
  const highest = operations.latency.reduce((greatest, ms) => Math.max(greatest, ms), 0);
  const floor = Number.isFinite(lowest) ? lowest / 1.5 : 0.1;
  const ceiling = Math.max(highest * 1.5, floor * 10);
  latency.y_range = new Bokeh.Range1d({ start: floor, end: ceiling });
  shade(latency, floor, ceiling);
  const MARKER = { ok: "circle", fail: "x", info: "triangle" };
  const dots = Object.keys(MARKER).map((outcome) => {
    const drawn = latency.scatter({ x: { field: "end" }, y: { field: "latency" }, source: sources[outcome], marker: MARKER[outcome], size: outcome === "ok" ? 5 : 7, fill_alpha: 0.5, line_width: 1.4 });
    paint(drawn.glyph, { fill_color: outcome, line_color: outcome });
    return drawn;
  });
  const quantiles = source("quantiles", data.quantiles);
  for (const [name, dash, width] of [["p50", "solid", 2.4], ["p95", "dashed", 1.8], ["p99", "dotted", 1.8], ["max", "dotdash", 1]]) {
    paint(latency.line({ x: { field: "time" }, y: { field: name }, source: quantiles, line_dash: dash, line_width: width }).glyph, { line_color: "ink" });
  }
  tips(latency, dots, [["operation", "@number: @label"], ["took", "@latency{0.000} ms"], ["outcome", "@outcome @error"]]);
  mark(latency);

  const rate = figure("rate", 200);
  for (const axis of rate.yaxis) axis.axis_label = "a second";
  rate.y_range = new Bokeh.Range1d({ start: 0, end: most });
  shade(rate, 0, most);
  const rates = source("rates", { ...data.rates, one: data.rates.ok, two: data.rates.ok.map((n, row) => n + data.rates.fail[row]), three: total });
  const stacked = [["ok", 0, "one"], ["fail", "one", "two"], ["info", "two", "three"]].map(([outcome, bottom, top]) => {
    const [fill, line, alpha, pattern] = look[outcome];
    const drawn = rate.quad({ left: { field: "start" }, right: { field: "end" }, bottom: bottom === 0 ? 0 : { field: bottom }, top: { field: top }, source: rates, fill_alpha: alpha, line_width: 0.8, hatch_pattern: pattern, hatch_scale: 8 });
    paint(drawn.glyph, { fill_color: fill, line_color: line, hatch_color: line });
    return drawn;
  });
  tips(rate, [stacked[0]], [["a second", "@ok{0.0} ok, @fail{0.0} fail, @info{0.0} unknown"]]);
  mark(rate);

  // Messages

  const messages = figure("messages", Math.min(150 + 46 * data.places.length, 900), { y_range: lanes(data.places) });
  rows(messages, data.places);
  shade(messages, -0.65, data.places.length - 0.35);
  const special = new Set(data.moments.flatMap((moment) => moment.messages));
  const FATE = { delivered: ["ok", "solid", 1.2], delayed: ["doubt", "solid", 1.8], duplicated: ["good", "dotdash", 1.8], dropped: ["bad", "dotted", 1.6], "under way": ["soft", "dotted", 1.2] };
  const arrows = [];
  for (const [fate, [name, dash, width]] of Object.entries(FATE)) {
    const chosenRows = data.messages.fate.flatMap((found, row) => (found === fate ? [row] : []));
    const columns = source(fate, pick(data.messages, chosenRows));
    const drawn = messages.segment({ x0: { field: "sent" }, x1: { field: "until" }, y0: { field: "from" }, y1: { field: "to" }, source: columns, line_dash: dash, line_width: width, line_alpha: fate === "delivered" ? 0.75 : 0.95 });
    paint(drawn.glyph, { line_color: name });
    const head = messages.scatter({ x: { field: "until" }, y: { field: "to" }, source: columns, marker: fate === "dropped" ? "x" : fate === "duplicated" ? "square" : "circle", size: fate === "dropped" ? 8 : 5, line_width: fate === "dropped" ? 2 : 1 });
    paint(head.glyph, { fill_color: name, line_color: name });
    arrows.push(drawn);
  }
  const famous = source("famous", pick(data.messages, data.messages.id.flatMap((id, row) => (special.has(id) ? [row] : []))));
  const loud = messages.segment({ x0: { field: "sent" }, x1: { field: "until" }, y0: { field: "from" }, y1: { field: "to" }, source: famous, line_width: 4, line_alpha: 0.9 });
  paint(loud.glyph, { line_color: "bad" });
  const peak = messages.scatter({ x: { field: "until" }, y: { field: "to" }, source: famous, marker: "star", size: 15 });
  paint(peak.glyph, { fill_color: "bad", line_color: "paper" });
  // A message sent and received at one instant has no line to be named at: its words stand where it arrives.
  const said = messages.text({ x: { field: "x" }, y: { field: "y" }, text: { field: "text" }, source: source("said", { x: [], y: [], text: [] }), text_font_size: "11px", text_baseline: "middle", x_offset: 7 });
  paint(said.glyph, { text_color: "ink" });
  const atClients = source("clients", { left: [], right: [], low: [], high: [], label: [] });
  const strips = messages.quad({ left: { field: "left" }, right: { field: "right" }, bottom: { field: "low" }, top: { field: "high" }, source: atClients, level: "underlay", fill_alpha: 0.3, line_width: 1 });
  paint(strips.glyph, { fill_color: "ok", line_color: "ok" });
  tips(messages, [...arrows, loud], [["message", "@who, @type"], ["sent", "@sent{0.000000} s"], ["fate", "@fate, @words"], ["body", "@body"]]);
  mark(messages);

  // Lives of nodes

  const lives = figure("lives", 110 + 40 * data.nodes.length, { y_range: lanes(data.nodes) });
  rows(lives, data.nodes);
  const STATE = { up: ["good", 0.4, " ", 0.3], down: ["bad", 0.22, "x", 0.3], "cut off": ["info", 0.55, "/", 0.18], parted: ["info", 0.22, " ", 0.18], paused: ["soft", 0.5, "-", 0.18], disturbed: ["soft", 0.3, ".", 0.18] };
  const stretches = [];
  for (const [state, [name, alpha, pattern, half]] of Object.entries(STATE)) {
    const found = pick(data.lives, data.lives.state.flatMap((other, row) => (other === state ? [row] : [])));
    found.low = found.lane.map((lane) => lane + half);
    found.high = found.lane.map((lane) => lane - half);
    const drawn = bar(lives, source(`life ${state}`, found), { fill_alpha: alpha, hatch_pattern: pattern, hatch_scale: 7, hatch_alpha: 0.7 });
    paint(drawn.glyph, { fill_color: name, line_color: name, hatch_color: name });
    stretches.push(drawn);
  }
  const starts = lives.scatter({ x: { field: "time" }, y: { field: "place" }, source: source("marks", { ...data.marks, place: data.marks.lane.map((lane) => lane + 0.42) }), marker: "inverted_triangle", size: 9 });
  paint(starts.glyph, { fill_color: "ink", line_color: "ink" });
  tips(lives, stretches, [["node", "@words"], ["from, to", "@start{0.000000} s, @end{0.000000} s"]]);
  tips(lives, [starts], [["first", "@words"], ["at", "@time{0.000000} s"]]);
  mark(lives);

  // A choice of key

  let rowsShown = all;
  let key = null;
  const choose = (name) => {
    key = name === null ? null : data.keys.find((found) => found.name === name);
    rowsShown = key === null ? all : all.filter((row) => operations.key[row] === key.name);
    for (const outcome of ["ok", "fail", "info"]) {
      // "invoke" never completed: nobody knows either.
      sources[outcome].data = pick(operations, rowsShown.filter((row) => operations.outcome[row] === outcome || (outcome === "info" && operations.outcome[row] === "invoke")));
    }
    const concerned = key === null ? data.keys : [key];
    const held = (numbers) => numbers.flatMap((number) => (place.has(number) ? [place.get(number)] : []));
    sources.core.data = pick(operations, held(concerned.flatMap((found) => found.core)));
    const dead = held(concerned.flatMap((found) => (found.stuck === null ? [] : [found.stuck])));
    sources.stuck.data = { x: dead.map((row) => operations.end[row]), y: dead.map((row) => operations.lane[row]) };
    // The thread leads through one key; several at once would be a tangle.
    const order = key !== null ? key.points : several ? {} : data.keys[0]?.points ?? {};
    const placed = held(order.number ?? []);
    sources.points.data = {
      time: order.time ?? [], state: order.state ?? [], number: order.number ?? [],
      lane: placed.map((row) => operations.lane[row]), label: placed.map((row) => operations.label[row]),
    };
    const long = placed.flatMap((row, n) => (order.time[n] > operations.end[row] ? [[row, order.time[n]]] : []));
    sources.later.data = { x0: long.map(([row]) => operations.end[row]), x1: long.map(([, time]) => time), y: long.map(([row]) => operations.lane[row]) };
    name_what_fits();
  };

  // Names appear where there is room for them

  const width = () => Math.max((at("timeline").querySelector(".plot").clientWidth || 900) - 110, 200);
  const seen = (start, end) => end >= range.start && start <= range.end;
  function name_what_fits() {
    const perSecond = width() / (range.end - range.start);
    const visible = rowsShown.filter((row) => seen(operations.start[row], operations.end[row]));
    const held = new Set(sources.core.data.number);
    const fits = visible.length > LABELS ? [] : visible.filter((row) => !held.has(operations.number[row])).flatMap((row) => {
      const left = Math.max(operations.start[row], range.start);
      const room = (Math.min(operations.end[row], range.end) - left) * perSecond - 8;
      const letters = Math.floor(room / 6.4);
      const text = operations.label[row];
      return letters < 4 ? [] : [[left, operations.lane[row], text.length <= letters ? text : text.slice(0, letters - 1) + "…"]];
    });
    sources.words.data = { x: fits.map((f) => f[0]), y: fits.map((f) => f[1]), text: fits.map((f) => f[2]) };
    // What is impossible is named in full, above its bar; below it, if that place is taken.
    const taken = new Map();
    const loud = visible.filter((row) => held.has(operations.number[row])).map((row) => {
      const left = Math.max(operations.start[row], range.start);
      const lane = operations.lane[row];
      const below = (taken.get(lane) ?? -Infinity) > left;
      if (!below) taken.set(lane, left + (operations.label[row].length * 7.2 + 12) / perSecond);
      return [left, below ? lane + HALF + 0.15 : lane - HALF - 0.12, operations.label[row]];
    });
    sources.loud.data = { x: loud.map((l) => l[0]), y: loud.map((l) => l[1]), text: loud.map((l) => l[2]) };
    const found = sources.points.data;
    const crowded = found.time.filter((time) => seen(time, time)).length > 150;
    points.glyph.setv({ size: crowded ? 5 : 11, line_width: crowded ? 0.3 : 1.2 });
    starts.glyph.size = data.marks.time.filter((time) => seen(time, time)).length > 100 ? 4 : 9;
    const marked = found.time.flatMap((time, row) => (seen(time, time) ? [row] : []));
    let before = -Infinity;
    const told = marked.length > LABELS ? [] : marked.filter((row) => {
      if ((found.time[row] - before) * perSecond < 12 + 7 * String(found.state[row]).length) return false;
      before = found.time[row];
      return found.state[row] !== "";
    });
    sources.states.data = { x: told.map((row) => found.time[row]), y: told.map((row) => found.lane[row]), text: told.map((row) => `= ${found.state[row]}`) };

    const sent = data.messages.sent.flatMap((time, row) => (seen(time, data.messages.until[row]) ? [row] : []));
    const last = new Map();
    const named = sent.length > 4 * LABELS ? sent.filter((row) => special.has(data.messages.id[row])) : sent.filter((row) => {
      const lane = data.messages.to[row];
      const free = (data.messages.until[row] - (last.get(lane) ?? -Infinity)) * perSecond > 62;
      if (free) last.set(lane, data.messages.until[row]);
      return free || special.has(data.messages.id[row]);
    });
    sources.said.data = { x: named.map((row) => data.messages.until[row]), y: named.map((row) => data.messages.to[row]), text: named.map((row) => data.messages.type[row]) };
    const strip = data.places.flatMap((name, lane) => (/^c\d+$/.test(name) ? [[Number(name.slice(1)), lane]] : []));
    const home = new Map(strip);
    const active = visible.length > 400 ? [] : visible.filter((row) => home.has(operations.lane[row]));
    atClients.data = {
      left: active.map((row) => operations.start[row]), right: active.map((row) => operations.end[row]),
      low: active.map((row) => home.get(operations.lane[row]) + 0.12), high: active.map((row) => home.get(operations.lane[row]) - 0.12),
      label: active.map((row) => operations.label[row]),
    };
    const covered = data.moments.filter((moment) => seen(moment.start, moment.end));
    at("elsewhere").textContent = covered.length ? "" : "The messages of this stretch of time are not on this page: it has those around the moments above.";
  }
  let waiting = 0;
  range.change.connect(() => {
    clearTimeout(waiting);
    waiting = setTimeout(name_what_fits, 60);
  });

  // Moving about

  const go = (start, end) => {
    const least = range.min_interval ?? 0;
    const middle = (start + end) / 2;
    const half = Math.max((end - start) / 2, least / 2);
    const [from, to] = [Math.max(middle - half, -data.end * 0.02), Math.min(middle + half, data.end * 1.02)];
    range.setv({ start: from, end: to });
  };
  const jump = (moment) => {
    if (moment.key !== null && several) at("key").value = `=${moment.key}`, choose(moment.key);
    go(moment.start, moment.end);
    at("moment").textContent = `At ${moment.at.toFixed(6)} s, ${moment.name}: ${moment.words}`;
  };
  const everything = () => go(-data.end * 0.01, data.end * 1.01);
  let current = -1;
  const tell = (row) => {
    current = row;
    sources.chosen.data = pick(operations, [row]);
    const o = operations;
    const state = sources.points.data.number.indexOf(o.number[row]);
    at("details").textContent = [
      `Operation ${o.number[row]} (event ${o.index[row]})`, o.process[row] + (o.key[row] === "" ? "" : `, key ${o.key[row]}`), o.label[row],
      `from ${o.start[row].toFixed(6)} s to ${o.end[row].toFixed(6)} s (${o.latency[row].toFixed(3)} ms)`,
      (o.outcome[row] === "info" ? "outcome unknown" : o.outcome[row]) + (o.error[row] ? `: ${o.error[row]}` : ""),
      ...(state < 0 ? [] : [`took effect at ${sources.points.data.time[state].toFixed(6)} s, then the state was ${sources.points.data.state[state]}`]),
      ...(violated !== null && sources.core.data.number.includes(o.number[row]) ? ["one of those that are impossible together"] : []),
    ].join(" · ");
    if (!seen(o.start[row], o.end[row])) {
      const half = (range.end - range.start) / 2;
      go(o.start[row] - half, o.start[row] + half);
    }
  };
  const step = (by) => {
    if (rowsShown.length === 0) return;
    const position = rowsShown.indexOf(current);
    const first = rowsShown.findIndex((row) => seen(operations.start[row], operations.end[row]));
    tell(rowsShown[position < 0 ? Math.max(first, 0) : (position + by + rowsShown.length) % rowsShown.length]);
  };
  const KEYS = {
    ArrowLeft: () => go(range.start - (range.end - range.start) / 5, range.end - (range.end - range.start) / 5),
    ArrowRight: () => go(range.start + (range.end - range.start) / 5, range.end + (range.end - range.start) / 5),
    "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), n: () => step(1), p: () => step(-1),
    j: () => data.moments.length && jump(data.moments[0]), 0: everything, Home: everything,
  };
  const zoom = (by) => {
    const middle = (range.start + range.end) / 2;
    const half = ((range.end - range.start) / 2) * by;
    go(middle - half, middle + half);
  };
  for (const plot of document.querySelectorAll(".plot")) {
    plot.addEventListener("keydown", (event) => {
      const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    });
  }
  timeline.on_event("tap", (event) => {
    const lane = Math.round(event.y);
    const near = ((range.end - range.start) / width()) * 4;
    const hits = rowsShown.filter((row) => operations.lane[row] === lane && operations.start[row] - near <= event.x && operations.end[row] + near >= event.x);
    if (hits.length) tell(hits[0]);
  });
  for (const button of document.querySelectorAll("#core button")) {
    button.addEventListener("click", () => {
      if (violated !== null) jump(data.moments[0]);
      if (place.has(Number(button.dataset.operation))) tell(place.get(Number(button.dataset.operation)));
    });
  }
  for (const [number, moment] of data.moments.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    const wrong = moment.name !== "slowest operation";
    button.className = wrong ? "bad" : "";
    button.textContent = `${wrong ? "jump to the violation" : "jump to the"}: ${moment.name}`.replace("jump to the:", "jump to the");
    if (wrong && number > 0) button.textContent = moment.name;
    button.title = moment.words;
    button.addEventListener("click", () => jump(moment));
    at("moments").append(button);
  }
  at("whole").addEventListener("click", everything);
  if (several) {
    at("choice").hidden = false;
    const option = (value, text) => at("key").append(Object.assign(document.createElement("option"), { value, textContent: text }));
    for (const found of data.keys) option(`=${found.name}`, found.name + (found.verdict === "invalid" ? " ✗" : ""));
    option("", "all keys");
    at("key").addEventListener("change", () => choose(at("key").value === "" ? null : at("key").value.slice(1)));
  }

  // Legends: swatches that look as the pictures do

  const SVG = "http://www.w3.org/2000/svg";
  const swatch = (name, style, text) => {
    const item = document.createElement("span");
    const picture = document.createElementNS(SVG, "svg");
    for (const [attribute, value] of [["width", 22], ["height", 12], ["aria-hidden", true]]) picture.setAttribute(attribute, value);
    const shape = document.createElementNS(SVG, style.line ? "line" : style.mark ? "path" : "rect");
    const attributes = style.line
      ? { x1: 0, x2: 22, y1: 6, y2: 6, "stroke-width": style.width ?? 2, "stroke-dasharray": style.line === true ? "" : style.line }
      : style.mark ? { d: style.mark, "stroke-width": 2.5 } : { x: 1, y: 1, width: 20, height: 10, "stroke-width": style.width ?? 1.3, "stroke-dasharray": style.dash ?? "" };
    for (const [attribute, value] of Object.entries(attributes)) shape.setAttribute(attribute, value);
    shape.style.stroke = `var(--${name})`;
    shape.style.fill = style.fill === undefined ? "none" : `var(--${name})`;
    shape.style.fillOpacity = style.fill ?? 0;
    picture.append(shape);
    item.append(picture, text);
    return item;
  };
  const CROSS = "M6 1 L16 11 M16 1 L6 11";
  const DIAMOND = "M11 1 L16 6 L11 11 L6 6 Z";
  const outcomes = [swatch("ok", { fill: 0.3 }, "ok"), swatch("fail", {}, "fail"), swatch("info", { fill: 0.28 }, "unknown")];
  const fault = data.windows.start.length ? [swatch("soft", { fill: 0.2, width: 0 }, "fault")] : [];
  const wrong = violated === null ? [] : [swatch("bad", { width: 3 }, "the impossible core"), swatch("bad", { mark: CROSS }, "no order is left")];
  const legend = {
    timeline: [...outcomes, ...(data.keys.some((found) => found.points.time?.length) ? [swatch("thread", { mark: DIAMOND, fill: 1 }, "took effect here, = state")] : []), ...wrong, ...fault],
    latency: [...outcomes, swatch("ink", { line: true, width: 2.4 }, "p50"), swatch("ink", { line: "5 3" }, "p95"), swatch("ink", { line: "1.5 3" }, "p99"), swatch("ink", { line: "6 2 1 2", width: 1 }, "max"), ...fault],
    rate: [...outcomes.map((item) => item.cloneNode(true)), ...fault.map((item) => item.cloneNode(true))],
    messages: [swatch("ok", { line: true }, "delivered"), swatch("doubt", { line: true, width: 3 }, "delayed"), swatch("good", { line: "6 2 1 2" }, "second copy"), swatch("bad", { line: "2 2" }, "dropped"), ...(famous.data.id.length ? [swatch("bad", { line: true, width: 5 }, "made it happen")] : [])],
    lives: [swatch("good", { fill: 0.4 }, "up"), swatch("bad", { fill: 0.22 }, "down"), swatch("info", { fill: 0.55 }, "cut off from most"), swatch("info", { fill: 0.22 }, "parted from few"), swatch("ink", { mark: "M6 2 L16 2 L11 10 Z", fill: 1 }, "new ballot, view or term")],
  };
  for (const [id, items] of Object.entries(legend)) {
    at(id).querySelector(".legend").append(...items.map((item) => item.cloneNode(true)));
  }

  // Draw

  choose(several ? (violated ?? data.keys[0]).name : null);
  if (data.moments.length && (violated !== null || data.moments[0].name !== "slowest operation")) jump(data.moments[0]);
  else everything();
  const shown = figures.filter(([id]) => (id === "messages" ? data.messages.id.length : id === "lives" ? data.nodes.length : count) > 0);
  for (const [id] of shown) at(id).hidden = false;
  const document_ = new Bokeh.Document();
  for (const [, plot] of shown) document_.add_root(plot);
  const places = shown.map(([id]) => at(id).querySelector(".plot"));
  await Bokeh.embed.add_document_standalone(document_, document.body, places);
  name_what_fits();
  at("status").remove();
  // For whoever drives this page from outside: tests, and `clew report --png`.
  window.clew = { range, data, sources, go, jump, everything, tell, choose, drawn: performance.now() };
  document.documentElement.dataset.drawn = "yes";
})().catch((problem) => {
  document.getElementById("status").textContent = `The pictures could not be drawn: ${problem.message}`;
  document.documentElement.dataset.drawn = "no";
  console.error(problem);
});
