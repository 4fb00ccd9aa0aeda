// Latencies and rates over time.
function latencies(f) {
  const { data, sources } = f;
  const plot = f.figure("latency", 260, { y_axis_type: "log" });
  for (const axis of plot.yaxis) axis.axis_label = "ms";
  const { latency } = data.operations;
  const lowest = latency.reduce((least, ms) => (ms > 0 && ms < least ? ms : least), Infinity);
  const highest = latency.reduce((greatest, ms) => Math.max(greatest, ms), 0);
  const floor = Number.isFinite(lowest) ? lowest / 1.5 : 0.1;
  const ceiling = Math.max(highest * 1.5, floor * 10);
  plot.y_range = new Bokeh.Range1d({ start: floor, end: ceiling });
  f.shade(plot, floor, ceiling);
  const MARKER = { ok: "circle", fail: "x", info: "triangle" };
  const dots = Object.entries(MARKER).map(([outcome, marker]) => {
    const drawn = plot.scatter({
      ...f.fields({ x: "end", y: "latency" }), source: sources[outcome], marker, size: outcome === "ok" ? 5 : 7,
      fill_alpha: 0.5, line_width: 1.4,
    });
    f.paint(drawn.glyph, { fill_color: outcome, line_color: outcome });
    return drawn;
  });
  // A quantile of too few operations is null. Bokeh leaves gaps for NaN only.
  const number = (column) => column.map((value) => value ?? NaN);
  const curves = Object.fromEntries(Object.entries(data.quantiles).map(([name, column]) => [name, number(column)]));
  const quantiles = f.source("quantiles", curves);
  const LINES = [["p50", "solid", 2.4], ["p95", "dashed", 1.8], ["p99", "dotted", 1.8], ["max", "dotdash", 1]];
  for (const [name, line_dash, line_width] of LINES) {
    const style = { source: quantiles, line_dash, line_width };
    f.paint(plot.line({ ...f.fields({ x: "time", y: name }), ...style }).glyph, { line_color: "ink" });
  }
  const tooltips = [["operation", "@number: @label"], ["took", "@latency{0.000} ms"], ["outcome", "@outcome @error"]];
  f.tips(plot, dots, tooltips);
  f.mark(plot);
}

function rates(f) {
  const { ok, fail, info, start, end } = f.data.rates;
  const two = ok.map((count, row) => count + fail[row]);
  const three = two.map((count, row) => count + info[row]);
  // No bar where nothing happened, not even its line.
  const some = (tops, counts) => tops.map((top, row) => (counts[row] > 0 ? top : NaN));
  const most = Math.max(...three, 1e-9) * 1.08;
  const plot = f.figure("rate", 200);
  for (const axis of plot.yaxis) axis.axis_label = "per second";
  plot.y_range = new Bokeh.Range1d({ start: 0, end: most });
  f.shade(plot, 0, most);
  const none = ok.map(() => 0);
  const source = f.source("rates", {
    start, end, ok, fail, info, none, two,
    tops_ok: some(ok, ok), tops_fail: some(two, fail), tops_info: some(three, info),
  });
  const stacked = [["ok", "none", "tops_ok"], ["fail", "ok", "tops_fail"], ["info", "two", "tops_info"]];
  const drawn = stacked.map(([outcome, bottom, top]) => {
    const [fill, line, alpha, hatch_pattern] = f.LOOK[outcome];
    const quads = plot.quad({
      ...f.fields({ left: "start", right: "end", bottom, top }), source, fill_alpha: alpha, line_width: 0.8,
      hatch_pattern, hatch_scale: 8,
    });
    f.paint(quads.glyph, { fill_color: fill, line_color: line, hatch_color: line });
    return quads;
  });
  f.tips(plot, [drawn[0]], [["per second", "@ok{0.0} ok, @fail{0.0} fail, @info{0.0} unknown"]]);
  f.mark(plot);
}
