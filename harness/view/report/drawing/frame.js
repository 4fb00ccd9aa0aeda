// What all pictures share: one range of time, so that panning one pans all; colours, sources, lanes, faults.
function frame(data) {
  const { Plotting } = Bokeh;
  const HALF = 0.3;
  const range = new Bokeh.Range1d({
    start: 0, end: data.end, bounds: [-data.end * 0.02, data.end * 1.02], min_interval: Math.max(data.end * 1e-7, 1e-6),
  });
  const at = (id) => document.getElementById(id);
  // On a phone, the names of the lanes have less room.
  const phone = document.documentElement.clientWidth < 640;
  const left = phone ? 70 : 116;
  const width = () => Math.max((at("timeline").querySelector(".plot").clientWidth || 900) - left - 18, 100);
  const perSecond = () => width() / (range.end - range.start);
  // A history without times counts events instead of seconds.
  const when = (time) => (data.clock ? `${time.toFixed(6)} s` : `event ${time.toFixed(0)}`);
  // Rounded to what matters in a run of this length: about four digits of the whole, or to the ms.
  // The same rule as in histories/rounding.py.
  const units = [["s", 0], ["ms", 3], ["us", 6], ["ns", 9]];
  const [unit, below] = units.find(([, zeros]) => Math.round(data.end * 1e9) >= 10 ** (9 - zeros)) ?? units[3];
  const digits = Math.min(9, Math.max(3, Math.floor(4.5 - Math.log10(Math.max(data.end, 1e-9)))));
  const brief = (time) =>
    data.clock ? `${(time * 10 ** below).toFixed(Math.max(0, digits - below))} ${unit}` : when(time);
  const took = (ms) => (ms >= 1000 ? `${(ms / 1000).toPrecision(3)} s` : `${Number(ms.toPrecision(3))} ms`);
  const timeFields = (...names) => names.map((name) => (data.clock ? `@${name}{0.000000} s` : `event @${name}{0}`)).join(", ");
  const seen = (start, end) => end >= range.start && start <= range.end;

  const sources = {};
  const source = (name, columns) => (sources[name] = new Bokeh.ColumnDataSource({ data: columns, name }));
  const pick = (table, rows) =>
    Object.fromEntries(Object.entries(table).map(([name, column]) => [name, rows.map((row) => column[row])]));

  // Colours come from the style sheet. Shapes and hatches say the same, for readers who do not see the colours.
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const painted = []; // [model, property, name of the colour], repainted when the colour scheme changes
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

  const figures = [];
  const figure = (id, height, options = {}) => {
    const plot = Plotting.figure({
      x_range: range, height, sizing_mode: "stretch_width", tools: [], toolbar_location: null,
      min_border_left: left, min_border_right: 12, background_fill_alpha: 0, border_fill_alpha: 0, outline_line_alpha: 0,
      output_backend: "canvas", lod_threshold: 30000, ...options,
    });
    if (options.x_range === undefined) {
      const wheel = new Bokeh.WheelZoomTool({ dimensions: "width", modifiers: { ctrl: true } });
      plot.add_tools(new Bokeh.PanTool({ dimensions: options.y_range === undefined ? "width" : "both" }), wheel);
      plot.toolbar.active_scroll = wheel;
    }
    for (const axis of [...plot.xaxis, ...plot.yaxis]) {
      paint(axis, {
        major_label_text_color: "soft", axis_label_text_color: "soft",
        axis_line_color: "rule", major_tick_line_color: "rule",
      });
      Object.assign(axis, {
        minor_tick_line_alpha: 0, axis_label_text_font_style: "normal", major_label_text_font_size: "12px",
        axis_label_text_font_size: "12px",
      });
    }
    for (const grid of [...plot.xgrid, ...plot.ygrid]) paint(grid, { grid_line_color: "rule" });
    for (const axis of plot.xaxis) {
      axis.axis_label = data.clock ? { s: "seconds", ms: "milliseconds", us: "microseconds", ns: "nanoseconds" }[unit] : "events";
      axis.formatter = new Bokeh.BasicTickFormatter({ use_scientific: false });
      if (data.clock && below > 0) {
        // Ticks are seconds. Round, or 0.003 s would be 3.0000000000000004 ms.
        const format = axis.formatter.doFormat.bind(axis.formatter);
        axis.formatter.doFormat = (ticks, options) =>
          format(ticks.map((tick) => Number((tick * 10 ** below).toPrecision(12))), options);
      }
    }
    figures.push([id, plot]);
    return plot;
  };

  const fields = (names) => Object.fromEntries(Object.entries(names).map(([name, field]) => [name, { field }]));
  const lanes = (names) => {
    const [top, bottom] = [-0.65, names.length - 0.35];
    return new Bokeh.Range1d({ start: bottom, end: top, bounds: [top, bottom], min_interval: Math.min(2, bottom - top) });
  };
  // Returns a function that puts words below the names of lanes: a Map from lanes to words.
  const name_lanes = (plot, names) => {
    const ticker = new Bokeh.FixedTicker({ ticks: [] });
    for (const axis of plot.yaxis) axis.ticker = ticker;
    let said = null;
    const below = (words) => {
      const labels = names.map((name, number) => (words.has(number) ? `${name}\n${words.get(number)}` : name));
      if (said === labels.join("\n\n")) return;
      said = labels.join("\n\n");
      for (const axis of plot.yaxis) axis.major_label_overrides = new Map(labels.entries());
    };
    for (const grid of plot.ygrid) grid.ticker = ticker;
    const name = () => {
      // Of very many lanes, name as many as there is room for.
      const each = Math.ceil(16 / laneHeight(plot));
      ticker.ticks = names.flatMap((_, number) => (number % each === 0 ? [number] : []));
    };
    plot.y_range.change.connect(name);
    name();
    below(new Map());
    return below;
  };
  // The height of a lane in pixels.
  const laneHeight = (plot) => (plot.height - 60) / (plot.y_range.start - plot.y_range.end);
  const tips = (plot, renderers, tooltips) =>
    plot.add_tools(
      new Bokeh.HoverTool({ renderers, tooltips, point_policy: "follow_mouse", attachment: "vertical" }),
    );
  const bar = (plot, columns, style) =>
    plot.quad({
      ...fields({ left: "start", right: "end", bottom: "low", top: "high" }),
      source: columns, line_width: 1.3, ...style,
    });
  const text = (plot, name, style, ink) => {
    const columns = source(name, { x: [], y: [], text: [] });
    const drawn = plot.text({
      ...fields({ x: "x", y: "y", text: "text" }), source: columns, text_font_size: "11px", text_baseline: "middle",
      ...style,
    });
    paint(drawn.glyph, { text_color: ink });
    return columns;
  };
  // How wide words are in pixels. Bokeh writes in Helvetica.
  const pen = document.createElement("canvas").getContext("2d");
  const wide = (words, style) => {
    pen.font = `${style} helvetica`;
    return pen.measureText(words).width;
  };
  const segments = (plot, columns, names, style, ink) => {
    const drawn = plot.segment({ ...fields(names), source: columns, ...style });
    paint(drawn.glyph, { line_color: ink });
    return drawn;
  };

  const HATCH = { partition: "/", crash: "x", kill: "x", network: "." };
  const hatches = data.windows.kind.map((kind) => HATCH[kind] ?? "-");
  // One renderer for each hatch pattern. A renderer with several patterns would make a pattern for every window.
  const windows = [...new Set(hatches)].map((hatch) => {
    const rows = hatches.flatMap((other, row) => (other === hatch ? [row] : []));
    return [hatch, source(`windows ${hatch}`, pick(data.windows, rows))];
  });
  const shade = (plot, bottom, top) => {
    const drawn = windows.map(([hatch_pattern, columns]) => {
      const quads = plot.quad({
        ...fields({ left: "start", right: "end" }), bottom, top, source: columns, level: "underlay", line_alpha: 0,
        fill_alpha: 0.1, hatch_pattern, hatch_alpha: 0.2, hatch_scale: 9, hatch_weight: 0.6,
      });
      paint(quads.glyph, { fill_color: "soft", hatch_color: "soft" });
      return quads;
    });
    if (drawn.length) tips(plot, drawn, [["fault", "@words"], ["from, to", timeFields("start", "end")]]);
  };
  const mark = (plot) => {
    for (const moment of data.moments.filter((moment) => moment.wrong)) {
      const line = new Bokeh.Span({
        location: moment.at, dimension: "height", line_dash: "dashed", line_width: 1.2,
      });
      plot.add_layout(paint(line, { line_color: "bad" }));
    }
  };

  // How each outcome is drawn: fill, line, opacity of the fill, hatch pattern.
  const LOOK = { ok: ["ok", "ok", 0.3, " "], fail: ["paper", "fail", 1, " "], info: ["info", "info", 0.28, "/"] };
  return {
    data, range, at, phone, perSecond, when, brief, took, timeFields, seen, sources, source, pick, paint, painted, figures, figure, fields,
    lanes, name_lanes, laneHeight, tips, bar, text, wide, segments, shade, mark, HALF, LOOK,
  };
}
