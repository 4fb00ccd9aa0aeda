// Draws what `page_data.py` describes, with BokehJS.
// No text of a run becomes HTML here: it reaches the page as `textContent`, and Bokeh escapes what its tooltips show.
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

  const f = frame(data);
  overview(f);
  const pictures = { timeline: timeline(f) };
  latencies(f);
  rates(f);
  pictures.messages = messages(f);
  pictures.lives = lives(f);
  f.refresh = () => {
    pictures.timeline.refresh();
    pictures.messages.refresh(pictures.timeline.visible);
    pictures.lives.refresh();
  };
  const moves = moving(f, pictures);
  let waiting = 0;
  for (const range of [f.range, ...moves.lanes]) {
    range.change.connect(() => {
      clearTimeout(waiting);
      waiting = setTimeout(f.refresh, 60);
    });
  }
  legends(f);

  const violated = data.keys.find((key) => key.stuck !== null) ?? data.keys[0];
  moves.show(data.keys.length > 1 ? violated.name : null);
  if (data.moments.length && data.moments[0].wrong) moves.jump(data.moments[0]);
  else moves.everything();
  const filled = { messages: data.messages.id.length, lives: data.nodes.length };
  const timed = data.clock ? [] : ["latency", "rate"];
  const shown = f.figures.filter(([id]) => !timed.includes(id) && (filled[id] ?? data.operations.number.length) > 0);
  for (const [id] of shown) at(id).hidden = false;
  const roots = new Bokeh.Document();
  for (const [, plot] of shown) roots.add_root(plot);
  const places = shown.map(([id]) => at(id).querySelector(".plot"));
  await Bokeh.embed.add_document_standalone(roots, document.body, places);
  for (const [, plot] of shown) {
    const { events_el: touched } = Bokeh.index.get_by_id(plot.id).canvas_view;
    // The Tab key stops once at each picture, at the element that has a name. Bokeh's own element has none.
    touched.tabIndex = -1;
    // A finger that moves up or down scrolls the page. To the side, it pans the picture.
    touched.style.touchAction = "pan-y";
  }
  f.refresh();
  at("status").remove();
  // For programs that drive this page: tests, and `clew report --png`.
  const colours = () => f.painted.map(([model, property, name]) => [name, model[property]?.value ?? model[property]]);
  const plots = Object.fromEntries(f.figures);
  window.clew = { range: f.range, data, sources: f.sources, plots, colours, ...moves, drawn: performance.now() };
  document.documentElement.dataset.drawn = "yes";
})().catch((problem) => {
  document.getElementById("status").textContent = `The pictures could not be drawn: ${problem.message}`;
  document.documentElement.dataset.drawn = "no";
  console.error(problem);
});
